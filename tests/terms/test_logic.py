"""Terms by property: what holds of every day, not only of the examples."""

import re
from calendar import monthrange
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import add_months
from app.organizations.types import OrganizationKind as Kind
from app.rules.types import Locale
from app.terms import logic
from app.terms.queries import pack
from app.terms.types import Bucket, Extension, NextElection, TermStatus

RULES = pack()
days = st.dates(date(1950, 1, 1), date(2150, 12, 31))
spans = st.integers(-800, 800).map(lambda n: timedelta(days=n))
kinds = st.sampled_from(
    [Kind.PARTY_COMMITTEE, Kind.GENERAL_BRANCH, Kind.PARTY_BRANCH, Kind.JOINT_BRANCH]
)
locales = st.none() | st.sampled_from(Locale)
ORDER = [TermStatus.IN_TERM, TermStatus.REMIND, TermStatus.DUE, TermStatus.OVERDUE]
NEAR = [Bucket.IN_TERM, Bucket.DUE_12M, Bucket.DUE_6M, Bucket.OVERDUE]


@given(days, st.integers(1, 10))
def test_a_term_ends_in_its_month_on_its_day_or_the_months_last(start: date, years: int) -> None:
    end = logic.due_after(start, years)
    assert (end.year, end.month) == (start.year + years, start.month)
    assert end.day == min(start.day, monthrange(end.year, end.month)[1])
    remind = logic.remind_on(RULES, end)
    assert (end.year * 12 + end.month) - (remind.year * 12 + remind.month) == 6
    assert remind.day == min(end.day, monthrange(remind.year, remind.month)[1])


@given(kinds, locales, days)
def test_every_elected_kind_has_a_term_on_every_day(
    kind: Kind, locale: Locale | None, day: date
) -> None:
    rule = logic.rule_of(RULES, kind, locale, day)
    assert rule is not None
    assert rule.is_old == (day < date(2018, 7, 12))
    if not rule.is_old:
        is_long = kind is Kind.PARTY_COMMITTEE or locale in {Locale.VILLAGE, Locale.COMMUNITY}
        assert rule.years == (5 if is_long else 3)


@given(days, spans)
def test_time_only_moves_a_body_on(due_on: date, span: timedelta) -> None:
    day = due_on + span
    later = day + timedelta(days=1)
    status, then = (ORDER.index(logic.status_on(RULES, due_on, d)) for d in (day, later))
    assert status <= then
    assert (logic.status_on(RULES, due_on, day) is TermStatus.OVERDUE) == (day > due_on)
    bucket, then = (NEAR.index(logic.bucket_on(RULES, due_on, d)) for d in (day, later))
    assert bucket <= then
    assert (NEAR[bucket] is Bucket.OVERDUE) == (day > due_on)


@given(days, spans, st.booleans())
def test_an_extension_is_accepted_within_a_year_and_with_approval(
    due_on: date, span: timedelta, is_approved: bool
) -> None:
    until = due_on + span
    faults = logic.extension_faults(RULES, due_on, Extension(until, is_approved))
    assert (faults == []) == (is_approved and due_on < until <= add_months(due_on, 12))


@given(days, spans, st.booleans())
def test_an_election_is_early_by_a_year_at_most(
    due_on: date, span: timedelta, is_approved: bool
) -> None:
    held_on = due_on + span
    faults = logic.early_faults(RULES, due_on, NextElection(held_on, is_approved))
    assert (faults == []) == (is_approved and held_on >= add_months(due_on, -12))


@given(days, st.integers(1, 365), spans)
def test_an_extension_never_makes_a_body_overdue_sooner(
    due_on: date, length: int, span: timedelta
) -> None:
    day, until = due_on + span, due_on + timedelta(days=length)
    with_it = logic.status_on(RULES, due_on, day, until)
    assert with_it is not TermStatus.OVERDUE or day > until
    assert (logic.bucket_on(RULES, due_on, day, until) is Bucket.OVERDUE) == (day > until)
    if with_it is TermStatus.EXTENDED:
        assert due_on < day <= until


def test_the_pack_is_complete() -> None:
    assert {c.source for c in RULES.clauses.values()} == {*RULES.sources}
    assert {rule.clause for rule in RULES.rules} <= {*RULES.clauses}
    assert {k for rule in RULES.rules for k in rule.kinds} == {*Kind}
    for clause in RULES.clauses.values():
        assert re.search("[\u4e00-\u9fff]", clause.message.zh)
        assert re.fullmatch("[ -~]+", clause.message.en)
        fields = re.compile(r"\{([a-z_]+)\}")
        assert {*fields.findall(clause.message.en)} <= {*fields.findall(clause.message.zh)}
    assert (RULES.reminder_months, RULES.horizon_months) == (6, 12)
    assert (RULES.extension_months, RULES.early_months) == (12, 12)
