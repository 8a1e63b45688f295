"""Both sides of each day on which a reminder falls."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.core.clock import add_months
from app.reminders import logic
from app.reminders.logic import fallen_due, title_of, written
from app.reminders.types import Event, ReminderKind
from app.terms.queries import pack

DAY = timedelta(days=1)
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


def due(end: str, day: str) -> tuple[str, str] | None:
    found = fallen_due(pack(), date.fromisoformat(end), date.fromisoformat(day))
    return found and (found.kind.value, found.falls_on.isoformat())


@pytest.mark.parametrize(
    ("end", "day", "wanted"),
    [
        ("2019-12-31", "2019-06-29", None),
        ("2019-12-31", "2019-06-30", ("soon", "2019-06-30")),  # June has no 31st
        ("2019-12-31", "2019-07-01", ("soon", "2019-06-30")),
        ("2019-12-31", "2019-12-30", ("soon", "2019-06-30")),
        ("2019-12-31", "2019-12-31", ("due", "2019-12-31")),
        ("2019-12-31", "2020-01-01", ("due", "2019-12-31")),
        ("2019-12-31", "2020-01-30", ("due", "2019-12-31")),
        ("2019-12-31", "2020-01-31", ("overdue", "2020-01-31")),
        ("2019-12-31", "2020-02-28", ("overdue", "2020-01-31")),
        ("2019-12-31", "2020-02-29", ("overdue", "2020-02-29")),
        ("2019-12-31", "2020-03-30", ("overdue", "2020-02-29")),
        ("2019-12-31", "2020-03-31", ("overdue", "2020-03-31")),
        ("2019-12-31", "2025-01-01", ("overdue", "2024-12-31")),
        # 29 February, and six months before and after it
        ("2020-08-29", "2020-02-28", None),
        ("2020-08-29", "2020-02-29", ("soon", "2020-02-29")),
        ("2020-08-31", "2020-02-28", None),
        ("2020-08-31", "2020-02-29", ("soon", "2020-02-29")),
        ("2021-08-31", "2021-02-27", None),
        ("2021-08-31", "2021-02-28", ("soon", "2021-02-28")),
        ("2020-02-29", "2019-08-28", None),
        ("2020-02-29", "2019-08-29", ("soon", "2019-08-29")),
        ("2020-02-29", "2020-02-28", ("soon", "2019-08-29")),
        ("2020-02-29", "2020-02-29", ("due", "2020-02-29")),
        ("2020-02-29", "2020-03-28", ("due", "2020-02-29")),
        ("2020-02-29", "2020-03-29", ("overdue", "2020-03-29")),
        ("2020-02-29", "2021-02-27", ("overdue", "2021-01-29")),
        ("2020-02-29", "2021-02-28", ("overdue", "2021-02-28")),
    ],
)
def test_days(end: str, day: str, wanted: tuple[str, str] | None) -> None:
    assert due(end, day) == wanted


@given(DAYS, st.integers(-400, 1500))
def test_a_reminder_has_fallen_due_and_only_the_newest_is_given(end: date, days: int) -> None:
    day = end + days * DAY
    found = fallen_due(pack(), end, day)
    before = fallen_due(pack(), end, day - DAY)
    if found is None:
        assert before is None
        assert day < add_months(end, -6)
        return
    assert found.falls_on <= day
    assert (found.kind is ReminderKind.SOON) == (day < end)
    assert (found.kind is ReminderKind.OVERDUE) == (day >= add_months(end, 1))
    # it is another one than on the day before if and only if it falls on this day
    assert (found != before) == (found.falls_on == day)
    if found.kind is not ReminderKind.SOON:
        assert day - found.falls_on < timedelta(days=32)


@pytest.mark.parametrize("kind", ReminderKind)
def test_what_is_said_fits(kind: ReminderKind) -> None:
    title = title_of(kind, "甲" * 100, date(2019, 12, 31))
    assert len(title.zh) <= 200
    assert len(title.en) <= 300
    assert len(logic.REMARKS[kind]) <= 20


def test_a_calendar_is_read_back_as_it_was() -> None:
    name = '第一党支部；换行\n逗号, 引号" \\ BEGIN:VEVENT' + "甲" * 80
    event = Event("due-1@231005.hangji", date(2020, 2, 29), name, "x")
    text = written((event,), date(2019, 12, 31))
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    [read] = Calendar.from_ical(text).walk("VEVENT")
    assert (read["uid"], read["summary"], read.start, read.end) == (
        event.uid,
        name,
        date(2020, 2, 29),
        date(2020, 3, 1),
    )
    assert b"DTSTART;VALUE=DATE:20200229\r\n" in text
    assert b"\r\nBEGIN:VEVENT" in text
    assert text.count(b"\r\nBEGIN:VEVENT\r\n") == 1
