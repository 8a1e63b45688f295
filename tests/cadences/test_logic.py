"""Months, quarters and years; what a body lacks in them. Quotes the clauses of the pack."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.activities.types import ActivityKind
from app.cadences import logic
from app.cadences.queries import pack
from app.cadences.types import Period
from app.organizations.types import OrganizationKind as Kind

DAYS = st.dates(date(2018, 10, 31), date(2100, 12, 30))


def body(kind: Kind = Kind.PARTY_BRANCH, full: int = 7, **held: int) -> logic.Body:
    counts = {
        ActivityKind(k): logic.Counts(dict.fromkeys(Period, n), dict.fromkeys(Period, 0))
        for k, n in held.items()
    }
    return logic.Body("231005", UUID(int=1), "支部", "1.2.", kind, full, counts, counts)


def codes(found: logic.Body, day: date = date(2019, 12, 31)) -> list[str]:
    return [d.rule.code for d in logic.due_of(pack(), found, day)]


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (Period.MONTH, "2020-02-29", "2020-02-01", "2020-02-29"),
        (Period.MONTH, "2020-03-01", "2020-03-01", "2020-03-31"),
        (Period.MONTH, "2019-12-31", "2019-12-01", "2019-12-31"),
        (Period.QUARTER, "2019-09-30", "2019-07-01", "2019-09-30"),
        (Period.QUARTER, "2019-10-01", "2019-10-01", "2019-12-31"),
        (Period.YEAR, "2019-12-31", "2019-01-01", "2019-12-31"),
        (Period.YEAR, "2020-01-01", "2020-01-01", "2020-12-31"),
    ],
)
def test_spans_at_their_ends(period: Period, day: str, first: str, last: str) -> None:
    span = logic.span_of(period, date.fromisoformat(day))
    assert (str(span.first), str(span.last)) == (first, last)


@given(st.sampled_from(Period), DAYS)
def test_spans_follow_each_other_without_a_gap(period: Period, day: date) -> None:
    span = logic.span_of(period, day)
    assert span.first <= day <= span.last
    assert logic.span_of(period, span.last) == span
    behind = logic.span_of(period, span.last + timedelta(days=1))
    assert behind.first == span.last + timedelta(days=1)


def test_what_a_branch_lacks() -> None:
    """党员大会每季度，支委会每月，主题党日每月，组织生活会每年。"""
    assert codes(body()) == [
        "member_meeting_quarterly",
        "committee_meeting_monthly",
        "theme_day_monthly",
        "organization_life_meeting_yearly",
    ]
    done = body(member_meeting=1, committee_meeting=1, theme_day=2, organization_life_meeting=1)
    assert codes(done) == []


@pytest.mark.parametrize(("full", "asked"), [(6, False), (7, True)])
def test_only_a_branch_of_seven_full_members_has_a_committee(full: int, asked: bool) -> None:
    """有正式党员7人以上的党支部设立委员会。"""
    assert ("committee_meeting_monthly" in codes(body(full=full))) == asked


def test_groups_and_the_district() -> None:
    assert codes(body(Kind.PARTY_GROUP)) == ["group_meeting_monthly"]
    assert codes(body(Kind.DISTRICT_COMMITTEE)) == [
        "village_training_yearly",
        "two_new_training_quarterly",
    ]
    assert codes(body(Kind.DISTRICT_COMMITTEE, two_new_training=1)) == ["village_training_yearly"]
    assert codes(body(Kind.PARTY_COMMITTEE)) == []
    temporary = codes(body(Kind.TEMPORARY_BRANCH))
    assert "theme_day_monthly" in temporary
    assert "committee_meeting_monthly" not in temporary


def test_a_rule_asks_for_the_periods_that_end_while_it_holds() -> None:
    """The regulation holds from 28 October 2018: October, that quarter, that year end after it."""
    assert codes(body(), date(2017, 12, 31)) == []
    assert codes(body(), date(2018, 9, 30)) == ["organization_life_meeting_yearly"]
    assert "theme_day_monthly" in codes(body(), date(2018, 10, 1))
    assert "member_meeting_quarterly" in codes(body(), date(2018, 10, 1))


def test_every_rule_cites_its_source() -> None:
    for rule in pack().rules:
        assert pack().sources[rule.source].text
        assert rule.times >= 1
