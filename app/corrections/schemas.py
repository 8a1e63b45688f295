"""JSON of corrections."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.core.schemas import Day, Id, ListParams, Schema
from app.corrections.types import Subject
from app.members.types import MemberCategory, MemberStatus
from app.organizations.types import OrganizationKind, Sector


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
