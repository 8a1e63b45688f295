"""JSON of changes, corrections and warnings."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.changes.types import Cause, Subject
from app.core.schemas import Day, Id, ListParams, Schema
from app.members.types import MemberCategory, MemberStatus
from app.organizations.types import OrganizationKind, Sector
from app.rules.types import Operator, Severity, Suggestion

# ── What differs between two days


class DiffParams(Schema):
    """Between which two days."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day | None, Field(alias="to")] = None
    """Today when left out."""


class PartyOut(Schema):
    """An organisation, by what it was called."""

    id: UUID
    name: str


class ChangeOut(Schema):
    """An organisation of which something changed, when and by which document."""

    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    on: date | None
    """The day from which the change holds; the last one where it changed more than once."""
    decision: str | None
    """Number of the document that decided so (文号)."""


class FoundedOut(ChangeOut):
    """An organisation that was founded (成立)."""

    parent: PartyOut | None


class DissolvedOut(ChangeOut):
    """An organisation that was dissolved (撤销)."""

    parent: PartyOut | None


class MovedOut(ChangeOut):
    """An organisation that stands under another one (隶属调整); null is out of sight."""

    from_parent: PartyOut | None
    to_parent: PartyOut | None


class RenamedOut(ChangeOut):
    """An organisation that has another name (更名)."""

    from_name: str
    to_name: str


class ConvertedOut(ChangeOut):
    """An organisation that is of another kind (改设)."""

    from_kind: OrganizationKind
    to_kind: OrganizationKind


class FlowOut(Schema):
    """A head-count then and now: `delta` is `joined - left + moved_in - moved_out`."""

    before: int
    after: int
    delta: int
    joined: int
    """Who count in the district now and did not then: admitted, transferred in, restored."""
    left: int
    """Who counted then and do not now: transferred out, dead, expelled, suspended."""
    moved_in: int
    """Who counted elsewhere in the district; they may have come with their organisation."""
    moved_out: int
    """Who count elsewhere in the district now."""


class HeadcountChangeOut(Schema):
    """An organisation whose members changed, its own and those of its subtree."""

    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    own: FlowOut
    subtree: FlowOut


class DiffOut(Schema):
    """What differs between two days, in the order of the tree; each organisation once a list."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    founded: list[FoundedOut]
    dissolved: list[DissolvedOut]
    moved: list[MovedOut]
    renamed: list[RenamedOut]
    converted: list[ConvertedOut]
    headcounts: list[HeadcountChangeOut]


# ── Corrections


class CorrectionListParams(ListParams):
    """Filters of the list of corrections."""

    within: Id | None = None
    """Only what concerns this organisation and what is under it."""
    subject: Subject | None = None
    first: Annotated[Day | None, Field(alias="from")] = None
    """Corrected on this day or later; 31 days before `to` when left out."""
    last: Annotated[Day | None, Field(alias="to")] = None
    """Corrected on this day or earlier; today when left out."""
    sort: Literal["corrected_at", "-corrected_at"] = "-corrected_at"


class ToldOrganization(Schema):
    """What is told of an organisation."""

    parent_id: UUID | None
    name: str
    kind: OrganizationKind
    sector: Sector | None
    is_grid: bool
    founded_on: date | None
    term_started_on: date | None
    due_on: date | None


class ToldMembership(Schema):
    """What is told of a membership; the organisation is null where it is out of sight."""

    organization_id: UUID | None
    organization_name: str | None
    category: MemberCategory
    status: MemberStatus


class CorrectionOut(Schema):
    """A record of past days that was changed in retrospect (更正)."""

    id: UUID
    """Of the record; one that was corrected twice is listed twice."""
    subject: Subject
    organization_id: UUID | None
    """The organisation of which it tells; null for a membership."""
    member_id: UUID | None
    member_name: str | None
    valid_from: date
    """The first day of which something else is told."""
    told: ToldOrganization | ToldMembership | None
    """What was told of that day; null where nothing was."""
    now: ToldOrganization | ToldMembership | None
    """What is told of that day now; null where nothing is."""
    told_at: datetime
    """Since when it was told."""
    corrected_at: datetime


# ── Warnings


class WarningListParams(ListParams):
    """Filters of the list of warnings."""

    within: Id | None = None
    """Only this organisation and those below it."""
    kind: OrganizationKind = OrganizationKind.GENERAL_BRANCH
    as_of: Day | None = None
    """The day from which twelve months are looked ahead, and back; today when left out."""
    sort: Literal["on"] = "on"


class WarningOut(Schema):
    """A rule that an organisation does not meet yet, and is expected to within twelve months."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    headcount: int
    """Members of its whole subtree on the day."""
    rule: str
    pack: str
    version: str
    severity: Severity
    suggestion: Suggestion | None
    operator: Operator
    threshold: int
    cause: Cause
    """`dated`: by changes that are recorded ahead. `trend`: by going on as in the months before."""
    month: int
    """In how many months."""
    on: date
    """The last day of that month of counting."""
    expected: int
    """The head-count then."""
    months_back: int
    """How many whole months of records the trend rests on, twelve at most; a trend needs six."""
    joined: int
    """Who came in those months."""
    left: int
    """Who went in those months."""
