"""Pure decisions about subscription messages: what WeChat's fields hold, when to try again."""

from collections.abc import Sequence
from datetime import date, timedelta

from app.messages.types import Notice

MOST_CONSENTS = 20
MOST_TRIES = 5
THING = 20
"""Characters that a field `thing` of WeChat's may have."""
LOST_AFTER = timedelta(minutes=10)
"""Whoever was sending for so long was killed at it: a call takes seconds."""


def _shortened(text: str) -> str:
    return text if len(text) <= THING else f"{text[: THING - 1]}…"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def filled(fields: Sequence[str], notice: Notice) -> dict[str, dict[str, str]]:
    """Write `notice` into the template's three fields: a thing, a date, a thing."""
    about, day, remark = fields
    texts = {about: _shortened(notice.about), day: _day(notice.day), remark: notice.remark}
    return {name: {"value": text} for name, text in texts.items()}


def pause(tries: int) -> timedelta:
    """Say how long to wait after so many tries: 1, 4, 16 and 64 minutes."""
    return timedelta(minutes=4 ** (tries - 1))
