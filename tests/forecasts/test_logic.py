"""The early warning, without a database: both sides of each limit, and a model person by person."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import add_months
from app.forecasts import logic
from app.forecasts.types import Body, Cause, Forecast, Outlook, Passage
from app.organizations.types import OrganizationKind
from app.rules import queries as rules
from app.rules.logic import comparisons

DAY = date(2019, 12, 31)
LONG_AGO = date(2010, 1, 1)
PACK = rules.pack("owner_headcount")
ASKED = [(PACK, comparisons(PACK, DAY))]


def body(members: int, **values: Any) -> Body:
    """Make a general branch."""
    facts: dict[str, Any] = {
        "organization_id": UUID(int=1),
        "name": "试",
        "kind": OrganizationKind.GENERAL_BRANCH,
        "sector": None,
        "path": "1.2.",
        "members": members,
        "known_since": LONG_AGO,
        "until": None,
    }
    return Body(**facts | values)


def told(one: Body, passages: list[Passage]) -> list[Forecast]:
    """Forecast one body."""
    look = logic.outlooks([one], passages, DAY)["2"]
    return list(logic.forecasts("231005", one, look, ASKED, DAY))


def joins(on: date, members: int) -> Passage:
    """Let members come from nowhere into the body."""
    return Passage(on, None, "1.2.3.", members)


@pytest.mark.parametrize(
    ("now", "change", "rule"),
    [
        (99, 1, None),  # 100 is not 超过 100
        (99, 2, "over_upper"),
        (100, 1, "over_upper"),
        (101, 1, None),  # a finding of today is no warning
        (21, -1, None),  # 20 is not 不足 20
        (21, -2, "under_lower"),
        (20, -1, "under_lower"),
        (19, -1, None),
        (60, 0, None),
    ],
)
def test_dated_changes_on_both_sides_of_each_limit(now: int, change: int, rule: str | None) -> None:
    ahead = Passage(
        date(2020, 3, 1), *((None, "1.2.") if change > 0 else ("1.2.", None)), abs(change)
    )
    found = told(body(now), [ahead] if change else [])
    assert [f.rule for f in found] == ([rule] if rule else [])
    for one in found:
        assert (one.cause, one.month, one.on) == (Cause.DATED, 3, date(2020, 3, 31))
        assert (one.headcount, one.expected) == (now, now + change)


@pytest.mark.parametrize(
    ("now", "net", "rule"),
    [
        (95, 5, None),
        (95, 6, "over_upper"),
        (100, 1, "over_upper"),
        (25, -5, None),
        (25, -6, "under_lower"),
        (20, -1, "under_lower"),
        (60, 40, None),
        (60, 41, "over_upper"),
    ],
)
def test_a_trend_goes_on_for_a_year(now: int, net: int, rule: str | None) -> None:
    path = (None, "1.2.") if net > 0 else ("1.2.", None)
    found = told(body(now), [Passage(date(2019, 6, 1), *path, abs(net))])
    assert [(f.rule, f.cause, f.month) for f in found] == (
        [(rule, Cause.TREND, 12)] if rule else []
    )


@pytest.mark.parametrize(
    ("since", "months", "is_told"),
    [
        (date(2018, 1, 1), 12, True),
        (date(2019, 6, 30), 6, True),
        (date(2019, 7, 1), 5, False),
        (DAY, 0, False),
        (None, 0, False),
    ],
)
def test_less_than_six_months_of_records_make_no_trend(
    since: date | None, months: int, is_told: bool
) -> None:
    one = body(100, known_since=since)
    look = logic.outlooks([one], [joins(date(2019, 12, 1), 3)], DAY)["2"]
    assert look.months_back == months
    found = list(logic.forecasts("231005", one, look, ASKED, DAY))
    assert bool(found) == is_told


def test_the_first_day_of_records_is_no_growth() -> None:
    first = date(2019, 6, 30)
    assert told(body(100, known_since=first), [joins(first, 100)]) == []


def test_who_went_along_is_no_trend_but_is_known_ahead() -> None:
    along = Passage(date(2019, 6, 1), "1.9.3.", "1.2.3.", 50, is_reorganized=True)
    assert told(body(90), [along]) == []
    ahead = Passage(date(2020, 12, 31), "1.9.3.", "1.2.3.", 50, is_reorganized=True)
    [found] = told(body(90), [ahead])
    assert (found.cause, found.month, found.expected) == (Cause.DATED, 12, 140)
    beyond = Passage(date(2021, 1, 1), "1.9.3.", "1.2.3.", 50, is_reorganized=True)
    assert told(body(90), [beyond]) == []


def test_nothing_is_told_of_what_it_will_no_longer_be() -> None:
    ahead = joins(date(2020, 3, 1), 20)
    assert len(told(body(90, until=date(2020, 4, 1)), [ahead])) == 1
    assert told(body(90, until=date(2020, 3, 31)), [ahead]) == []
    assert told(body(90, kind=OrganizationKind.PARTY_COMMITTEE), [ahead]) == []


def test_limits_are_those_of_the_district() -> None:
    """With 50 as the upper limit, 51 is over it."""
    limits = PACK.limits
    assert limits is not None
    narrow = replace(PACK, limits=replace(limits, upper=50))
    asked = [(narrow, comparisons(narrow, DAY))]
    one = body(50)
    look = logic.outlooks([one], [joins(date(2020, 1, 1), 1)], DAY)["2"]
    [found] = logic.forecasts("231005", one, look, asked, DAY)
    assert (found.threshold, found.operator, found.expected) == (50, ">", 51)


days = st.dates(date(2018, 6, 1), date(2021, 6, 1))
paths = st.sampled_from([None, "1.", "1.2.", "1.2.3.", "1.4.", "1.4.5."])


@given(
    st.lists(st.tuples(days, paths, paths, st.integers(1, 9), st.booleans()), max_size=12),
    st.integers(0, 120),
    st.none() | st.dates(date(2018, 1, 1), DAY),
)
def test_outlooks_add_up(
    drawn: list[tuple[date, str | None, str | None, int, bool]], now: int, since: date | None
) -> None:
    """The model asks each passage and each month anew."""
    one = body(now, known_since=since)
    look: Outlook = logic.outlooks([one], [Passage(*p) for p in drawn], DAY)["2"]

    def net(first: date, last: date, *, along: bool) -> int:
        return sum(
            n * ((b or "").startswith("1.2.") - (a or "").startswith("1.2."))
            for on, a, b, n, is_along in drawn
            if first < on <= last and (along or not is_along)
        )

    for month, count in enumerate(look.ahead, 1):
        assert count == now + net(DAY, add_months(DAY, month), along=True)
    assert look.joined - look.left == net(add_months(DAY, -look.months_back), DAY, along=False)


@given(st.integers(0, 300), st.integers(-300, 300), st.integers(6, 12), st.integers(1, 12))
def test_a_straight_line_of_whole_people(now: int, net: int, months: int, month: int) -> None:
    found = logic.expected(now, net, months, month)
    assert found >= 0
    if month == months:
        assert found == max(0, now + net)
    assert abs(net) * month - months < abs(found - now) * months or found == 0 or net == 0
    assert abs(found - now) * months <= abs(net) * month


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 30))
def test_months_between(first: date, months: int) -> None:
    last = add_months(first, months)
    assert logic.months_between(first, last) == months
