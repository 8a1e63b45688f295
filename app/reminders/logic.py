"""Pure decisions: which reminder has fallen due, what it says, what a calendar shows."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from icalendar import Calendar
from icalendar import Event as CalendarEvent

from app.core.errors import Text
from app.reminders.types import Event, Reminder, ReminderKind
from app.terms.logic import add_months, remind_on
from app.terms.types import Entry, TermPack

MOST_FEEDS = 10
"""Of an account."""
MOST_BODIES = 1_000
"""In a feed: those whose term ends first."""
DAY = timedelta(days=1)


def end_of(entry: Entry) -> date | None:
    """Give the day on which a term ends, or its extension that was accepted."""
    return None if entry.days is None else entry.as_of + timedelta(days=entry.days)


def fallen_due(pack: TermPack, end: date, day: date) -> Reminder | None:
    """Give the newest reminder that has fallen due by `day` for a term that ends on `end`.

    Six months before, on the day, and then a month later each, on the same day of the month or
    its last. What was missed before the newest is not made up for: it would say the same.
    """
    soon = remind_on(pack, end)
    if day < soon:
        return None
    if day < end:
        return Reminder(ReminderKind.SOON, soon)
    months = (day.year - end.year) * 12 + day.month - end.month
    if add_months(end, months) > day:
        months -= 1
    kind = ReminderKind.OVERDUE if months else ReminderKind.DUE
    return Reminder(kind, add_months(end, months))


def title_of(kind: ReminderKind, name: str, end: date) -> Text:
    """Say what a reminder says."""
    if kind is ReminderKind.SOON:
        return Text(
            f"{name}本届任期将于{end}届满，请筹备换届",
            f"The term of {name} ends on {end}: prepare its election",
        )
    if kind is ReminderKind.DUE:
        return Text(
            f"{name}本届任期于{end}届满，应当换届",
            f"The term of {name} ended on {end}: its election is due",
        )
    return Text(
        f"{name}本届任期已于{end}届满，逾期未换届",
        f"The term of {name} ended on {end}: its election is overdue",
    )


REMARKS = {
    ReminderKind.SOON: "任期将届满，请筹备换届",
    ReminderKind.DUE: "任期届满，应当换届",
    ReminderKind.OVERDUE: "逾期未换届，请尽快换届",
}
"""What to do, in the 20 characters of WeChat's field."""


def events(pack: TermPack, entries: Iterable[Entry]) -> tuple[Event, ...]:
    """Give two days for each body whose term has an end: the reminder's, and the end's."""
    dated = [(end, e) for e in entries if (end := end_of(e)) is not None]
    dated.sort(key=lambda pair: (pair[0], pair[1].district_code, str(pair[1].organization_id)))
    found: list[Event] = []
    for end, entry in dated[:MOST_BODIES]:
        name, of = entry.organization_name, f"{entry.organization_id}@{entry.district_code}.hangji"
        said = f"本届任期{end}届满 / The term ends on {end}"
        if entry.due_on != end:
            before = entry.due_on
            said = f"原定{before}届满，经批准延至{end} / Due on {before}, let last to {end}"
        ahead = f"换届提醒（届满前{pack.reminder_months}个月） Prepare the election: {name}"
        found += [
            Event(f"remind-{of}", remind_on(pack, end), ahead, said),
            Event(f"due-{of}", end, f"任期届满，应当换届 Election due: {name}", said),
        ]
    return tuple(found)


def tag_of(found: tuple[Event, ...], day: date) -> str:
    """Give the `ETag` of what is shown on `day`."""
    return f'"{hashlib.sha256(repr((day, found)).encode()).hexdigest()[:32]}"'


@lru_cache(maxsize=8)
def written(found: tuple[Event, ...], day: date) -> bytes:
    """Write a calendar (RFC 5545) as it is on `day`; the last few are kept: it takes long."""
    calendar = Calendar()
    calendar.add("prodid", "-//Hangji//Election calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "换届日历 Election calendar")
    if len(found) == 2 * MOST_BODIES:
        cut = f"仅列最早届满的{MOST_BODIES}个党组织 The first {MOST_BODIES} that are due"
        calendar.add("x-wr-caldesc", cut)
    stamp = datetime.combine(day, time(), UTC)
    for event in found:
        made = CalendarEvent()
        made.add("uid", event.uid)
        made.add("dtstamp", stamp)
        made.add("dtstart", event.day)
        made.add("dtend", event.day + DAY)
        made.add("summary", event.summary)
        made.add("description", event.description)
        made.add("transp", "TRANSPARENT")
        calendar.add_component(made)
    return bytes(calendar.to_ical())
