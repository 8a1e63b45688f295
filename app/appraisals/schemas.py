"""JSON of appraisals."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.appraisals.logic import WEIGHTS
from app.appraisals.models import NAME_LENGTH
from app.appraisals.types import AppraisalStatus, CheckStatus
from app.core.schemas import Count, Day, Flag, Id, ListParams, Schema, exactly
from app.members.schemas import Reason

Name = Annotated[Reason, StringConstraints(max_length=NAME_LENGTH)]
Score = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2), exactly(2)]


class PlaceParams(ListParams):
    """Filters that every list of this domain has."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only of this organisation and of what is under it."""


# ── Households


class HouseholdCountOut(Schema):
    """How many households a community had on a day."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    counted_on: date
    households: int


class HouseholdCountNew(Schema):
    """A count of a community's households: a number, and nobody's name."""

    organization_id: Id
    counted_on: Day
    households: Annotated[Count, Field(ge=1, le=1_000_000)]


class HouseholdCountParams(PlaceParams):
    """Filters of the list of counts."""

    sort: Literal["counted_on", "-counted_on"] = "-counted_on"


class HouseholdVisitOut(Schema):
    """A visit of a cadre to a household."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    member_id: UUID
    household: str
    visited_on: date


class HouseholdVisitNew(Schema):
    """A visit to record."""

    organization_id: Id
    """The community."""
    member_id: Id
    """The cadre, a member there or under it."""
    household: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]+$", max_length=64)]
    """A number or a hash of the community's own; never a name or an address."""
    visited_on: Day


class HouseholdVisitParams(PlaceParams):
    """Filters of the list of visits."""

    member_id: Id | None = None
    sort: Literal["visited_on", "-visited_on"] = "-visited_on"


# ── Spot checks


class SpotCheckOut(Schema):
    """A spot check."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    seed: str
    published_on: date
    pool_digest: str
    """SHA-256 of the pool: its ids ascending, a line each."""
    size: int
    status: CheckStatus
    drawn_on: date | None
    checked_on: date | None


class PersonOut(Schema):
    """A cadre who was drawn."""

    member_id: UUID
    member_name: str
    place: int
    is_at_work: bool | None
    asked: int | None
    correct: int | None
    note: str | None


class SpotCheckDetail(SpotCheckOut):
    """A spot check with its pool and those drawn: all that is needed to draw it again.

    Drawn are the first `size` of the pool by the SHA-256 of `seed:id`, written in hex.
    """

    pool: list[UUID]
    drawn: list[PersonOut]


class SpotCheckNew(Schema):
    """A pool from which to draw."""

    organization_id: Id
    member_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)] | None = None
    """Members there or under it; all of the organisation's own members when left out."""
    size: Annotated[Count, Field(ge=1, le=1000)]


class ResultNew(Schema):
    """What the check of one cadre found."""

    member_id: Id
    is_at_work: Flag
    asked: Annotated[Count, Field(ge=0, le=100)]
    """Questions about residents; they are not kept."""
    correct: Annotated[Count, Field(ge=0, le=100)]
    note: Reason | None = None


class ResultsNew(Schema):
    """The results of all who were drawn."""

    results: Annotated[list[ResultNew], Field(min_length=1, max_length=1000)]


class SpotCheckParams(PlaceParams):
    """Filters of the list of spot checks."""

    status: CheckStatus | None = None
    sort: Literal["published_on", "-published_on"] = "-published_on"


# ── Duty and talks


class DutyShiftOut(Schema):
    """A shift, and what a check found."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    cadre: str
    member_id: UUID | None
    duty_on: date
    is_present: bool | None
    note: str | None


class DutyShiftNew(Schema):
    """A shift of the roster."""

    organization_id: Id
    cadre: Name
    """Who, by post."""
    member_id: Id | None = None
    duty_on: Day


class DutyCheckNew(Schema):
    """What a check of duty found."""

    is_present: Flag
    note: Reason | None = None


class DutyShiftParams(PlaceParams):
    """Filters of the roster."""

    is_present: Flag | None = Field(default=None, strict=False)
    sort: Literal["duty_on", "-duty_on"] = "-duty_on"


class TalkOut(Schema):
    """A talk."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    cadre: str
    member_id: UUID | None
    held_on: date
    talked_by: str
    reason: str
    shift_id: UUID | None


class TalkNew(Schema):
    """A talk to record."""

    organization_id: Id
    cadre: Name
    """Whom, by post."""
    member_id: Id | None = None
    held_on: Day
    talked_by: Name
    """Who held it, by post."""
    reason: Reason
    shift_id: Id | None = None
    """The shift of that organisation whose check found nobody."""


class TalkParams(PlaceParams):
    """Filters of the list of talks."""

    sort: Literal["held_on", "-held_on"] = "-held_on"


# ── Quarterly appraisals


class Indicator(Schema):
    """An indicator of the sheet (考核指标)."""

    title: Name
    weight: Annotated[Count, Field(ge=1, le=100)]


def _sum(items: list[Indicator]) -> list[Indicator]:
    if sum(i.weight for i in items) != WEIGHTS:
        raise PydanticCustomError("weights", "the weights must add up to 100")
    return items


class AppraisalCycleOut(Schema):
    """A quarter's appraisal."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    year: int
    quarter: int
    items: list[Indicator]
    status: AppraisalStatus
    opened_on: date
    published_on: date | None


class AppraisalCycleNew(Schema):
    """An appraisal to open, with its indicator sheet."""

    organization_id: Id
    """Who appraises what is under it."""
    year: Annotated[Count, Field(ge=1900, le=2199)]
    quarter: Annotated[Count, Field(ge=1, le=4)]
    items: Annotated[list[Indicator], Field(min_length=1, max_length=30), AfterValidator(_sum)]
    """Their weights add up to 100."""


class ScoreNew(Schema):
    """What an organisation scored, in the order of the indicators."""

    organization_id: Id
    scores: Annotated[list[Score], Field(min_length=1, max_length=30)]


class AppraisalCycleParams(PlaceParams):
    """Filters of the list of appraisals."""

    status: AppraisalStatus | None = None
    sort: Literal["opened_on", "-opened_on"] = "-opened_on"


class AppraisalScoreOut(Schema):
    """What an organisation scored."""

    id: UUID
    district_code: str
    cycle_id: UUID
    year: int
    quarter: int
    status: AppraisalStatus
    organization_id: UUID
    organization_name: str
    items: list[Indicator]
    scores: list[Decimal]
    total: Decimal
    rank: int
    """Among all that the appraisal scored; equal totals share one."""


class AppraisalScoreParams(PlaceParams):
    """Filters of the ranking."""

    cycle_id: Id | None = None
    sort: Literal["total", "-total"] = "-total"
