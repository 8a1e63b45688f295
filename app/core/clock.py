"""The time: instants in UTC, and `today`, which is a date in Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_pinned: date | None = None


def now() -> datetime:
    """Read the instant, in UTC; never pinned, so tokens and locks keep real time."""
    return datetime.now(UTC)


def today() -> date:
    """Read the date in Asia/Shanghai by which deadlines are judged, or the pinned one."""
    return _pinned or now().astimezone(SHANGHAI).date()


def pin(day: date | None) -> None:
    """Hold `today` at `day` (`HANGJI_TODAY`, tests); `None` lets it go on."""
    global _pinned  # noqa: PLW0603 - the one clock of the process
    _pinned = day


def add_months(day: date, months: int) -> date:
    """Move `day` by whole months; a day the month lacks becomes the month's last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004
    last = (first_of_next - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
