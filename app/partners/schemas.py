"""JSON of units, agreements, coverages and problems."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from app.core.schemas import Day, Id, ListParams, Schema
from app.members.schemas import Reason
from app.partners.models import NAME_LENGTH
from app.partners.types import CoverageMode, ProblemStatus, UnitKind

Name = Annotated[Reason, StringConstraints(max_length=NAME_LENGTH)]


class PartnerUnitOut(Schema):
    """A unit that stands in the district."""

    id: UUID
    district_code: str
    organization_id: UUID
    """The Party organisation that looks after it."""
    organization_name: str
    name: str
    kind: UnitKind
    address: str | None
    opened_on: date
    closed_on: date | None
    """The first day on which it no longer operates."""
    version: int


class PartnerUnitNew(Schema):
    """A unit to record."""

    organization_id: Id
    """The Party organisation that looks after it."""
    name: Name
    kind: UnitKind
    """`private_enterprise` and `social_organization` are the 两新 units."""
    address: Reason | None = None
    opened_on: Day
    closed_on: Day | None = None


class PartnerUnitEdit(Schema):
    """What is changed; a field that is left out stays."""

    name: Name | None = None
    address: Reason | None = None
    opened_on: Day | None = None
    closed_on: Day | None = None
    """The first day on which it no longer operates; null when it does again."""


class WithinParams(ListParams):
    """What every list of this domain can be held to."""

    within: Id | None = None
    """Only what belongs to this organisation and to what is under it."""


class PartnerUnitListParams(WithinParams):
    """Filters of the list of units."""

    organization_id: Id | None = None
    kind: UnitKind | None = None
    as_of: Day | None = None
    """Only units that operate on this day."""
    sort: Literal["opened_on", "-opened_on"] = "-opened_on"


class CoBuildingAgreementOut(Schema):
    """An agreement of a unit and a Party organisation."""

    id: UUID
    district_code: str
    unit_id: UUID
    unit_name: str
    organization_id: UUID
    """The Party organisation that signed it."""
    organization_name: str
    title: str
    valid_from: date
    valid_to: date | None
    """The first day on which it no longer holds."""
    version: int


class CoBuildingAgreementNew(Schema):
    """An agreement that was signed."""

    unit_id: Id
    organization_id: Id
    title: Reason
    valid_from: Day
    valid_to: Day | None = None


class CoBuildingAgreementEdit(Schema):
    """What is changed; a field that is left out stays."""

    title: Reason | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    """The first day on which it no longer holds; on its first day: it was recorded in error."""


class CoBuildingAgreementListParams(WithinParams):
    """Filters of the list of agreements."""

    unit_id: Id | None = None
    organization_id: Id | None = None
    as_of: Day | None = None
    """Only agreements in force on this day."""
    ends_by: Day | None = None
    """Only agreements that end on this day or before: to be renewed."""
    sort: Literal["valid_from", "-valid_from"] = "-valid_from"


class UnitCoverageOut(Schema):
    """What covers a 两新 unit."""

    id: UUID
    district_code: str
    unit_id: UUID
    unit_name: str
    organization_id: UUID
    """The Party organisation that looks after the unit."""
    organization_name: str
    mode: CoverageMode
    covering_id: UUID | None
    """The Party organisation that covers it."""
    covering_name: str | None
    member_id: UUID | None
    """The instructor."""
    member_name: str | None
    valid_from: date
    valid_to: date | None
    """The first day on which it no longer covers."""
    version: int


class UnitCoverageNew(Schema):
    """A coverage to record."""

    unit_id: Id
    mode: CoverageMode
    covering_id: Id | None = None
    """The Party organisation, for `own`, `joint` and `regional`."""
    member_id: Id | None = None
    """The member, for `instructor`."""
    valid_from: Day
    valid_to: Day | None = None


class UnitCoverageEdit(Schema):
    """What is changed; a field that is left out stays."""

    valid_from: Day | None = None
    valid_to: Day | None = None
    """The first day on which it no longer covers; on its first day: it was recorded in error."""


class UnitCoverageListParams(WithinParams):
    """Filters of the list of coverages."""

    unit_id: Id | None = None
    member_id: Id | None = None
    """Only those of this instructor."""
    mode: CoverageMode | None = None
    as_of: Day | None = None
    """Only coverages that hold on this day."""
    sort: Literal["valid_from", "-valid_from"] = "-valid_from"


class UnitProblemOut(Schema):
    """A problem of a 两新 unit."""

    id: UUID
    district_code: str
    unit_id: UUID
    unit_name: str
    organization_id: UUID
    """The Party organisation that looks after the unit."""
    organization_name: str
    content: str
    status: ProblemStatus
    reported_on: date
    solved_on: date | None
    solution: str | None
    confirmed_on: date | None
    """Since when it counts."""
    reason: str | None
    """Why it was returned the last time."""
    version: int


class UnitProblemNew(Schema):
    """A problem to report."""

    unit_id: Id
    content: Reason


class SolutionNew(Schema):
    """How a problem was solved."""

    solution: Reason


class ReturnNew(Schema):
    """Why a problem is not solved yet."""

    reason: Reason


class UnitProblemListParams(WithinParams):
    """Filters of the list of problems."""

    unit_id: Id | None = None
    status: ProblemStatus | None = None
    sort: Literal["reported_on", "-reported_on"] = "-reported_on"
