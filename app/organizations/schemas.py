"""JSON of districts and organisations."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from app.core.schemas import Day, Flag, Id, Line, ListParams, Schema
from app.organizations.types import OrganizationKind, OrganizationStatus, Sector

Name = Annotated[Line, StringConstraints(max_length=100)]


class DistrictOut(Schema):
    """A district and the root of its tree."""

    code: str
    name: str


class OrganizationOut(Schema):
    """An organisation as it was on the day that was asked about."""

    id: UUID
    district_code: str
    parent_id: UUID | None
    path: str
    name: str
    kind: OrganizationKind
    sector: Sector | None
    is_grid: bool
    founded_on: date | None
    term_started_on: date | None
    """First day of the present term, as recorded (本届任期起始日期)."""
    due_on: date | None
    """Day on which the present term ends, as recorded (届满日期)."""
    decision: str | None
    """Number of the document behind this state (文号)."""
    status: OrganizationStatus
    valid_from: date
    """Since when it has been what it is shown as."""
    version: int


class OrganizationNew(Schema):
    """An organisation to found under `parent_id`, from today on."""

    parent_id: Id
    name: Name
    kind: OrganizationKind
    sector: Sector | None = None
    is_grid: Flag = False
    founded_on: Day | None = None
    term_started_on: Day | None = None
    due_on: Day | None = None
    decision: Line | None = None


class OrganizationEdit(Schema):
    """What changes from today on; a field that is left out stays.

    Kind and parent change only by a restructuring.
    """

    name: Name | None = None
    sector: Sector | None = None
    is_grid: Flag | None = None
    founded_on: Day | None = None
    term_started_on: Day | None = None
    due_on: Day | None = None
    decision: Line | None = None


class OrganizationListParams(ListParams):
    """Filters of the list of organisations."""

    parent_id: Id | None = None
    within: Id | None = None
    """Only this organisation and what is under it."""
    kind: OrganizationKind | None = None
    sector: Sector | None = None
    q: Line | None = None
    """A part of the name."""
    as_of: Day | None = None
    sort: Literal["path", "-path", "name", "-name"] = "path"


class AsOf(Schema):
    """The day that is asked about; today when left out."""

    as_of: Day | None = None


class Dissolution(Schema):
    """How an organisation is dissolved."""

    decision: Line | None = None
    """Number of the document that decided so (文号)."""


class StateOut(Schema):
    """What was recorded of an organisation for a stretch of days."""

    valid_from: date
    valid_to: date | None
    """The first day on which it no longer held."""
    parent_id: UUID | None
    path: str
    name: str
    kind: OrganizationKind
    sector: Sector | None
    is_grid: bool
    founded_on: date | None
    term_started_on: date | None
    due_on: date | None
    decision: str | None
    """Number of the document behind it (文号)."""
    end_decision: str | None
    """Number of the document that dissolved the organisation at its end."""
    recorded_at: datetime
    superseded_at: datetime | None
    """When the record gave way to a later one; null while it stands."""


class Ancestors(Schema):
    """The way down from the highest organisation that the caller may see."""

    items: list[OrganizationOut]


class History(Schema):
    """Newest records first, 200 at most."""

    items: list[StateOut]
