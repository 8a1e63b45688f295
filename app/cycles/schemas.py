"""JSON of election cycles."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.schemas import Count, Day, DistrictCode, Flag, Id, ListParams, Schema
from app.cycles.types import CycleStatus, ElectingBody
from app.elections.types import Position
from app.members.schemas import Reason
from app.organizations.types import OrganizationKind

Years = Annotated[Count, Field(ge=3, le=5)]
Heads = Annotated[Count, Field(ge=0, le=100_000)]
Recipient = Annotated[Reason, StringConstraints(max_length=200)]


class CycleNew(Schema):
    """A cycle to open for an organisation (立项)."""

    organization_id: Id
    seats: Annotated[Count, Field(ge=0, le=11)]
    """Seats of committee members (委员名额); 0 for a branch without a committee."""
    secretary_seats: Annotated[Count, Field(ge=1, le=1)] = 1
    deputy_seats: Annotated[Count, Field(ge=0, le=5)] = 0
    body: ElectingBody = ElectingBody.MEMBER_MEETING
    is_scattered: Flag = False
    """Its members live or work far apart: delegates may meet though they are few."""
    term_started_on: Day | None = None
    """Only where none is recorded of the organisation; a recorded day wins."""
    due_on: Day | None = None
    """Only where none is recorded of the organisation; a recorded day wins."""
    term_years: Years | None = None
    """Length of the term to elect for; what the rules say when left out."""


class StepNew(Schema):
    """A step, its day and its paper."""

    on: Day | None = None
    """Today when left out."""
    document: Reason | None = None
    """Number of the paper (文号)."""
    note: Reason | None = None


class ReplyNew(StepNew):
    """The reply of the level above to the request."""

    allows_early: Flag = False
    """It allows the meeting before the due date, one year at most (同意提前换届)."""
    delegates: Annotated[Count, Field(ge=1, le=1000)] | None = None
    """How many delegates a congress may have (代表名额); only where a congress elects."""


class CandidateNew(Schema):
    """Somebody nominated for a position."""

    member_id: Id
    position: Position


class NominationNew(StepNew):
    """The list of candidates; until the pre-check another list takes its place."""

    candidates: Annotated[list[CandidateNew], Field(min_length=1, max_length=40)]


class ExtensionNew(Schema):
    """How long the level above lets the term last."""

    until: Day
    """The last day, one year after the due date at most."""
    document: Reason
    """Number of the paper that approves it (文号)."""
    on: Day | None = None


class NoticeNew(Schema):
    """A criticism of an overdue organisation."""

    number: Reason
    issued_on: Day | None = None
    recipients: Annotated[list[Recipient], Field(min_length=1, max_length=20)]


class PracticeNew(Schema):
    """What a district does by local practice."""

    district_code: DistrictCode
    needs_precheck: Flag = True
    needs_publication: Flag = True
    publication_days: Annotated[Count, Field(ge=0, le=60)] = 5
    request_lead_months: Annotated[Count, Field(ge=0, le=12)] = 2
    report_within_months: Annotated[Count, Field(ge=0, le=12)] = 1
    document: Reason | None = None


class CycleOut(Schema):
    """A cycle."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    term_started_on: date | None
    due_on: date
    """Day on which the term ends that is to be renewed (届满日期)."""
    extended_until: date | None
    """Where the level above let it last longer (延期至)."""
    body: ElectingBody
    seats: int
    secretary_seats: int
    deputy_seats: int
    is_scattered: bool
    term_years: int
    allows_early: bool
    delegates: int | None
    """How many delegates were approved, where a congress elects (代表名额)."""
    held_on: date | None
    """Day of the meeting that elects, the last one if there were several (选举日期)."""
    status: CycleStatus
    version: int


class StepOut(Schema):
    """A step that was taken."""

    step: CycleStatus
    done_on: date
    document: str | None
    note: str | None


class CandidateOut(Schema):
    """A candidate, or who was written in and elected."""

    member_id: UUID
    name: str
    position: Position
    is_write_in: bool
    is_elected: bool


class NoticeIn(Schema):
    """A notice of the cycle."""

    number: str
    issued_on: date
    recipients: list[str]
    cleared_on: date | None


class CycleDetail(CycleOut):
    """A cycle with all that was recorded of it."""

    next_step: CycleStatus | None
    warnings: list[Literal["requested_late", "held_late", "reported_late"]]
    """What was done later than local practice asks."""
    steps: list[StepOut]
    candidates: list[CandidateOut]
    notices: list[NoticeIn]


class NoticeOut(Schema):
    """A criticism notice."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    cycle_id: UUID
    number: str
    issued_on: date
    recipients: list[str]
    due_on: date
    """The due date that was missed."""
    cleared_on: date | None
    """Day of the election that cleared it."""


class PracticeOut(Schema):
    """A district's practice; its newest row holds."""

    id: UUID
    district_code: str
    needs_precheck: bool
    needs_publication: bool
    publication_days: int
    request_lead_months: int
    report_within_months: int
    document: str | None


class CycleListParams(ListParams):
    """Filters of the list of cycles."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only cycles of this organisation and of what is under it."""
    status: CycleStatus | None = None
    is_open: bool | None = None
    sort: Literal["due_on", "-due_on"] = "due_on"


class NoticeListParams(ListParams):
    """Filters of the list of notices."""

    within: Id | None = None
    """Only notices of this organisation and of what is under it."""
    is_open: bool | None = None
    sort: Literal["issued_on", "-issued_on"] = "-issued_on"


class PracticeListParams(ListParams):
    """The list of practices, newest first."""

    district_code: DistrictCode | None = None
