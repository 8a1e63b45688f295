"""The days of admissions: monotone, refused before the earliest and accepted on it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.admission_rules import logic as rules
from app.admission_rules.errors import AdmissionRefused
from app.admission_rules.queries import pack
from app.admission_rules.types import Decider, DecisionResult, Number, Votes
from app.admissions import logic
from app.admissions.queries import _after
from app.admissions.types import Body, Dates
from app.core.clock import add_months
from app.core.db import new_id
from app.organizations.types import OrganizationKind, Sector

DAYS = st.dates(date(1980, 1, 1), date(2100, 1, 1))
ONE = timedelta(days=1)
PACK = pack()


@given(DAYS, DAYS)
def test_deadlines_and_earliest_days_are_monotone(one: date, other: date) -> None:
    early, late = sorted((one, other))
    for name in ("talk_months", "check_months", "activist_months", "decision_months"):
        assert early < rules.after(PACK, name, early) <= rules.after(PACK, name, late)
    assert rules.probation_end(PACK, early) <= rules.probation_end(PACK, late)


@given(DAYS, st.integers(0, 800))
def test_a_step_is_refused_before_its_earliest_day_and_accepted_on_it(
    start: date, wait: int
) -> None:
    target = Dates(logic.TARGET - 1, False, start, start + wait * ONE, activist_on=start)
    converted = Dates(
        logic.CONVERSION_MEETING - 1,
        False,
        start,
        start + wait * ONE,
        meeting_on=start,
        probation_ends_on=rules.probation_end(PACK, start),
    )
    other = replace(target, step=logic.TRAINED)
    for dates in (target, converted, other):
        earliest = logic.earliest_on(PACK, dates)
        assert earliest >= dates.last_on
        logic.check_not_early(PACK, dates, dates.step + 1, earliest)
        with pytest.raises(AdmissionRefused) as refused:
            logic.check_not_early(PACK, dates, dates.step + 1, earliest - ONE)
        assert refused.value.more["source"] is not None


@given(st.integers(0, 10_000), st.data())
def test_exactly_half_is_never_enough(due: int, data: st.DataObject) -> None:
    present = data.draw(st.integers(0, due))
    yes = data.draw(st.integers(0, present))
    written = data.draw(st.integers(0, due - present))
    verdict = rules.judge_vote(PACK, Votes(due, present, yes, written))
    assert verdict.meeting_valid == (present > due - present)
    assert verdict.passed == (verdict.meeting_valid and yes + written > due - yes - written)
    if due % 2 == 0:
        half = due // 2
        assert not rules.judge_vote(PACK, Votes(due, due, half)).passed
        assert rules.judge_vote(PACK, Votes(due + 2, due + 2, half + 2)).passed


@given(DAYS, st.integers(0, 400))
def test_a_decision_is_on_time_late_or_void(meeting: date, wait: int) -> None:
    on = meeting + wait * ONE
    result = rules.judge_decision(PACK, meeting, on).result
    if on <= add_months(meeting, 3):
        assert result is DecisionResult.ON_TIME
    elif on <= add_months(meeting, 6):
        assert result is DecisionResult.LATE_NEEDS_SPECIAL_REASON
    else:
        assert result is DecisionResult.VOID_REDO


@given(DAYS, st.integers(-5, 30), st.integers(0, 2))
def test_an_extension(ends: date, months: int, previous: int) -> None:
    verdict = rules.judge_extension(PACK, ends, months, previous)
    assert verdict.accepted == (previous == 0 and 6 <= months <= 12)
    assert verdict.probation_ends == (add_months(ends, months) if verdict.accepted else ends)


def test_a_rule_that_changed_holds_from_its_day() -> None:
    changed = Number("activist_months", 18, "rules_13", date(2030, 1, 1))
    newer = replace(PACK, numbers=(changed, *PACK.numbers))
    assert rules.number(newer, "activist_months", date(2029, 12, 31)) == 12
    assert rules.number(newer, "activist_months", date(2030, 1, 1)) == 18
    assert rules.after(newer, "activist_months", date(2030, 1, 1)) == date(2031, 7, 1)


def test_the_pack_is_whole() -> None:
    """25 steps in their order, each with its article; every clause names a source."""
    assert [s.number for s in PACK.steps] == list(range(1, 26))
    decided = {s.number for s in PACK.steps if s.decided_by is not Decider.BRANCH}
    assert decided == logic.DECIDED
    assert {s.source for s in PACK.steps} <= PACK.sources.keys()
    assert {n.source for n in PACK.numbers} <= PACK.sources.keys()
    assert {c.source for c in PACK.clauses.values()} <= PACK.sources.keys()


def _body(kind: str, sector: str | None = None) -> Body:
    of = Sector(sector) if sector else None
    return Body(new_id(), kind, "1.", OrganizationKind(kind), of)


def test_who_decides() -> None:
    """Nobody under the committee of a street or township approves (第二十三条)."""
    root = _body("district_committee")
    street = _body("working_committee", "street")
    community = _body("party_committee", "community")
    general = _body("general_branch")
    plant = _body("party_committee", "state_enterprise")
    above = [general, community, street, root]
    assert logic.decider(Decider.BRANCH, above) is None
    assert logic.decider(Decider.FILING_COMMITTEE, above) == community
    assert logic.decider(Decider.COMMITTEE, above) == street
    assert logic.decider(Decider.DEPARTMENT, above) == root
    assert logic.decider(Decider.COMMITTEE, [general, plant, root]) == plant
    assert logic.decider(Decider.DEPARTMENT, [root]) == root
    assert logic.decider(Decider.COMMITTEE, []) is None


async def test_the_database_adds_months_as_the_rules_do(session: AsyncSession) -> None:
    days = [date(2024, 1, 31), date(2024, 2, 29), date(2025, 8, 31), date(2025, 11, 30)]
    for name in ("talk_months", "check_months", "decision_months"):
        for day in days:
            found = await session.scalar(select(_after(name, literal(day))))
            assert found == rules.after(PACK, name, day)
