"""Pure decisions about what is due: months, quarters and years, and what a body lacks in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.activities.types import ActivityKind
from app.cadences.types import CadencePack, CadenceRule, Period
from app.organizations.types import OrganizationKind


@dataclass(frozen=True, slots=True)
class Span:
    """A month, a quarter or a year: both days belong to it."""

    first: date
    last: date


_MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


def span_of(period: Period, day: date) -> Span:
    """Give the month, quarter or year in which `day` lies."""
    length = _MONTHS[period]
    month = (day.month - 1) // length * length
    end = month + length  # the first month behind it, from 0
    behind = date(day.year + end // 12, end % 12 + 1, 1)
    return Span(date(day.year, month + 1, 1), behind - timedelta(days=1))


def in_force(rule: CadenceRule, day: date) -> bool:
    """Tell whether a rule asks for something in the period of `day`: it holds at its end."""
    end = span_of(rule.period, day).last
    return rule.valid_from <= end and (rule.valid_to is None or end < rule.valid_to)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one body and kind: what was held up to the day, and what is planned, in each period."""

    held: Mapping[Period, int]
    planned: Mapping[Period, int]


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation of which something may be due, and what it and those under it held."""

    district_code: str
    organization_id: UUID
    organization_name: str
    path: str
    kind: OrganizationKind
    full_members: int
    own: Mapping[ActivityKind, Counts]
    below: Mapping[ActivityKind, Counts]
    """Of the body and all under it."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a body still has to hold in a period."""

    body: Body
    rule: CadenceRule
    span: Span
    held: int
    planned: int

    @property
    def missing(self) -> int:
        """How many are lacking."""
        return self.rule.times - self.held


def due_of(pack: CadencePack, body: Body, day: date) -> Iterable[Due]:
    """List what a body lacks in the periods of `day`, in the order of the rules."""
    for rule in pack.rules:
        if (
            body.kind not in rule.bodies
            or body.full_members < rule.full_members_from
            or not in_force(rule, day)
        ):
            continue
        counts = (body.below if rule.counts_below else body.own).get(rule.kind)
        held = counts.held[rule.period] if counts else 0
        if held < rule.times:
            planned = counts.planned[rule.period] if counts else 0
            yield Due(body, rule, span_of(rule.period, day), held, planned)
