"""JSON of postings."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Count, Day, Id, ListParams, Schema
from app.members.schemas import Reason
from app.postings.models import LONGEST_EXTENSION
from app.postings.types import Post, Unit

HouseholdNumber = Annotated[Count, Field(ge=1, le=9999)]


class PayBandOut(Schema):
    """Where a community cadre's posting stands in the pay levels (薪酬档次)."""

    grade: str
    level: int
    years: int
    """Full years in this post."""
    pack: str
    version: str
    source: str


class PostingOut(Schema):
    """A posting (任职派驻)."""

    id: UUID
    district_code: str
    member_id: UUID
    member_name: str
    organization_id: UUID
    organization_name: str
    post: Post
    decision: str | None
    valid_from: date
    valid_to: date | None
    """From this day on it no longer holds."""
    due_on: date | None
    extended_months: int | None
    extended_on: date | None
    extension_decision: str | None
    end_reason: str | None
    households: int
    """Poor households that are paired with it on the day (结对贫困户)."""
    pay_band: PayBandOut | None
    """Of a cadre of a community's two committees, on the day that is asked about."""
    version: int


class PostingNew(Schema):
    """A posting to record; it holds from `valid_from` on, today or earlier."""

    member_id: Id
    organization_id: Id
    post: Post
    valid_from: Day
    due_on: Day | None = None
    decision: Reason | None = None
    """The number of the document (文号)."""


class PostingEdit(Schema):
    """What is corrected of a posting; a field that is left out stays."""

    valid_from: Day | None = None
    due_on: Day | None = None
    decision: Reason | None = None


class ExtensionNew(Schema):
    """An extension (延长派驻), and the document that decided on it."""

    months: Annotated[Count, Field(ge=1, le=LONGEST_EXTENSION)]
    decision: Reason
    decided_on: Day | None = None
    """Today when left out."""


class PostingEndNew(Schema):
    """From which day on a posting no longer holds, and why."""

    on: Day
    reason: Reason


class PostingListParams(ListParams):
    """Filters of the list of postings: those that hold on the day, or that have `ended` by it."""

    within: Id | None = None
    organization_id: Id | None = None
    member_id: Id | None = None
    post: Post | None = None
    extended: bool | None = None
    """Extended by the day, or not."""
    due_to: Day | None = None
    """To end on this day or earlier."""
    ended: bool = False
    """Those that ended by the day."""
    as_of: Day | None = None
    sort: Literal["valid_from", "-valid_from"] = "valid_from"


class VacancyParams(ListParams):
    """Filters of the vacancies."""

    within: Id | None = None
    post: Post | None = None
    unit: Unit | None = None
    as_of: Day | None = None
    sort: Literal["place", "-place"] = "place"


class VacancyOut(Schema):
    """A post of which an organisation has fewer than the norm (空缺)."""

    organization_id: UUID
    organization_name: str
    district_code: str
    unit: Unit
    post: Post
    norm: int
    filled: int
    missing: int
    pack: str
    version: str
    source: str


class PoorHouseholdOut(Schema):
    """A poor household, by its number (贫困户)."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    number: int
    posting_id: UUID | None
    first_secretary: str | None
    """With whom it is paired."""
    paired_on: date | None
    is_paired: bool
    """Paired with a first secretary who serves on the day."""
    valid_from: date
    valid_to: date | None
    version: int


class PoorHouseholdNew(Schema):
    """A poor household of a village; its number and nothing else."""

    organization_id: Id
    number: HouseholdNumber
    valid_from: Day


class PairingNew(Schema):
    """The first secretary's posting with which a household is paired from today on."""

    posting_id: Id


class HouseholdEndNew(Schema):
    """From which day on the household is poor no longer (脱贫)."""

    on: Day


class PoorHouseholdListParams(ListParams):
    """Filters of the list of poor households: those that are poor on the day."""

    within: Id | None = None
    organization_id: Id | None = None
    posting_id: Id | None = None
    paired: bool | None = None
    as_of: Day | None = None
    sort: Literal["valid_from", "-valid_from"] = "valid_from"
