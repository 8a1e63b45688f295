"""JSON of terms: the calendar, and the check of one term."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Day, Flag, Id, Instant, ListParams, Schema, TextOut
from app.organizations.types import OrganizationKind, Sector
from app.rules.types import Locale
from app.terms.types import Bucket, DueSource, TermReason, TermStatus


class CitedOut(Schema):
    """Why the verdict says what it says."""

    code: str
    pack: str
    version: str
    message: TextOut
    source: str


class ExtensionIn(Schema):
    """An extension (延期)."""

    until: Day
    superior_approved: Flag = False


class NextElectionIn(Schema):
    """The election that follows."""

    held_on: Day
    superior_approved: Flag = False


class TermCheck(Schema):
    """A term to be judged; nothing is stored."""

    engine: Literal["reelection_due"]
    unit_type: OrganizationKind
    locale: Locale | None = None
    elected_on: Day | None = None
    """Needed unless the kind has no term."""
    today: Day | None = None
    """The day on which it is judged; else that of `now_utc` in Asia/Shanghai, else today."""
    now_utc: Instant | None = None
    old_term_years: Annotated[int, Field(strict=True, ge=1, le=10)] | None = None
    """The term decided on at an election before 12 July 2018; later elections do not have one."""
    extension: ExtensionIn | None = None
    next_election: NextElectionIn | None = None


class TermVerdictOut(Schema):
    """The answer of a check of a term; null is what was not asked or cannot be said."""

    applicable: bool
    """Bodies of this kind are elected for a term."""
    term_years: int | None
    due_on: date | None
    remind_on: date | None
    status: TermStatus | None
    extension_accepted: bool | None
    extended_due_on: date | None
    early_accepted: bool | None
    next_due_on: date | None
    """The end of the term that the next election begins."""
    reason: TermReason | None
    reasons: list[CitedOut]


class TermOut(Schema):
    """A body in the calendar, by what is recorded of it on `as_of`."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    sector: Sector | None
    term_started_on: date | None
    due_on: date | None
    """The recorded due date, else the one that the rules give; null where neither can be."""
    source: DueSource | None
    computed_due_on: date | None
    """What the rules give by kind, sector and first day of the term."""
    agrees: bool | None
    """The recorded due date is that of the rules; null where there are not two to compare."""
    remind_on: date | None
    status: TermStatus | None
    bucket: Bucket
    """overdue; due_6m: six months or less; due_12m: more than six, twelve or less; in_term."""
    days: int | None
    """Days until the due date; negative once it is over."""
    as_of: date


class CalendarParams(ListParams):
    """Filters of the calendar."""

    within: Id | None = None
    """Only this organisation and those below it."""
    bucket: Bucket | None = None
    """Only one bucket; each body stands in one."""
    kind: OrganizationKind | None = None
    as_of: Day | None = None
    """The day on which the records are read and judged; today when left out."""


class OverviewParams(Schema):
    """What the overview counts."""

    within: Id | None = None
    as_of: Day | None = None


class OverviewOut(Schema):
    """How many bodies were checked, and where they stand; the root and groups are not counted."""

    checked: int
    """without_term + undated + in_term + due_12m + due_6m + overdue."""
    without_term: int
    """Working committees and temporary branches."""
    undated: int
    """A term, but neither a due date nor a first day is recorded."""
    in_term: int
    due_12m: int
    due_6m: int
    overdue: int
    disagreeing: int
    """Recorded due dates that are not those of the rules."""
    as_of: date
