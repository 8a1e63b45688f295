"""JSON of rates and rankings."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Day, Id, ListParams, Schema
from app.organizations.types import OrganizationKind
from app.pledges.types import PledgeCategory, PledgerKind
from app.rates.types import Grouping


class RateFilters(ListParams):
    """Which pledges are counted, and as of when."""

    within: Id | None = None
    """Only pledges of this organisation and of what is under it."""
    pledger_kind: PledgerKind | None = None
    category: PledgeCategory | None = None
    since: Annotated[Day | None, Field(alias="from")] = None
    """Only those published on this day or later."""
    until: Annotated[Day | None, Field(alias="to")] = None
    """Only those published on this day or earlier."""
    as_of: Day | None = None


class RateParams(RateFilters):
    """What is counted, and by what it is told apart."""

    by: Grouping = Grouping.ORGANIZATION


class RateOut(Schema):
    """A rate (完成率): confirmed pledges of those published and not withdrawn."""

    numerator: int
    """完成数."""
    denominator: int
    """承诺数."""
    rate: float | None
    """A fraction to three places, HALF_UP; null where nothing was pledged."""


class RateOfGroup(RateOut):
    """The rate of a group; which, `key` says: an organisation's id, a kind, a category, a month."""

    key: str
    name: str
    organization_id: UUID | None = None


class RatesOut(Schema):
    """Rates of a page of groups, and of all that is counted."""

    by: Grouping
    as_of: date
    rounding: Literal["HALF_UP"] = "HALF_UP"
    overall: RateOut
    items: list[RateOfGroup]
    next: str | None = None


class RankedBranch(RateOut):
    """A branch with the groups under it, and its place; equals share a rank."""

    rank: int | None
    """Null where nothing was pledged."""
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind


class RankingsOut(Schema):
    """Branches by their rate, best first; those without a rate come last."""

    as_of: date
    rounding: Literal["HALF_UP"] = "HALF_UP"
    items: list[RankedBranch]
    next: str | None = None
