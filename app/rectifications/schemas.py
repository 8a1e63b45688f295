"""JSON of rectifications and burden items."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.schemas import Count, Day, DistrictCode, Id, ListParams, Schema
from app.members.schemas import Reason
from app.rectifications.logic import title_key
from app.rectifications.models import CODE_LENGTH, NAME_LENGTH
from app.rectifications.types import BurdenState, CaseStatus, GuarantorLevel, Verdict

Name = Annotated[Reason, StringConstraints(max_length=NAME_LENGTH)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$", max_length=CODE_LENGTH)]


def _worded(title: str) -> str:
    if not title_key(title) or len(title_key(title)) > len(title) * 2:
        raise PydanticCustomError("title", "holds no letter or digit")
    return title


Title = Annotated[Name, AfterValidator(_worded)]


class CriterionOut(Schema):
    """A criterion of weak organisations."""

    code: str
    zh: str
    en: str


class CriteriaOut(Schema):
    """The criteria, their version and source."""

    version: str
    source: str
    criteria: list[CriterionOut]


class Guarantor(Schema):
    """A leader who answers for a case (包保责任人)."""

    level: GuarantorLevel
    name: Name
    post: Name


Guarantors = Annotated[list[Guarantor], Field(max_length=12)]


class MeasureOut(Schema):
    """A measure, and how far it has come."""

    id: UUID
    title: str
    due_on: date
    percent: int


class CaseOut(Schema):
    """A case of rectification."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    criteria: list[str]
    reason: str
    opened_on: date
    status: CaseStatus
    guarantors: list[Guarantor]
    missing_levels: list[GuarantorLevel]
    """Levels on which nobody is responsible: until then the case is not accepted."""
    measures: list[MeasureOut]
    reported_on: date | None
    closed_on: date | None
    document: str | None
    remark: str | None
    """Why it was returned the last time."""
    version: int


class CaseNew(Schema):
    """A case to open."""

    organization_id: Id
    criteria: Annotated[list[Code], Field(min_length=1, max_length=10)]
    """Codes of `GET /v1/rectification-criteria`."""
    reason: Reason
    opened_on: Day | None = None
    """Today when left out."""
    guarantors: Guarantors = []  # noqa: RUF012 - copied


class CaseEdit(Schema):
    """What is changed of a case that is not closed; a field that is left out stays."""

    reason: Reason | None = None
    guarantors: Guarantors | None = None
    """All of them: those that are left out go."""


class MeasureNew(Schema):
    """A measure to take."""

    title: Reason
    due_on: Day


class ProgressNew(Schema):
    """How far a measure has come."""

    percent: Annotated[Count, Field(ge=0, le=100)]
    note: Reason


class AcceptanceNew(Schema):
    """The document of an acceptance."""

    document: Name


class ReturnNew(Schema):
    """Why a case is returned."""

    reason: Reason


class CaseListParams(ListParams):
    """Filters of the list of cases."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only cases of this organisation and of what is under it."""
    status: CaseStatus | None = None
    sort: Literal["opened_on", "-opened_on"] = "-opened_on"


class BurdenItemOut(Schema):
    """A task of streets and communities."""

    id: UUID
    district_code: str
    title: str
    source: str
    listed_on: date
    state: BurdenState
    cancelled_on: date | None
    document: str | None


class BurdenItemNew(Schema):
    """A task to lay on streets and communities."""

    district_code: DistrictCode
    title: Title
    source: Name
    """The department that asks for it."""
    listed_on: Day | None = None
    """Today when left out."""


class CancellationNew(Schema):
    """By which document, and from when on, a task is done no longer."""

    document: Name
    cancelled_on: Day | None = None
    """Today when left out."""


class BurdenCheckNew(Schema):
    """A task that somebody thinks of laying on streets and communities."""

    district_code: DistrictCode
    title: Title


class BurdenMatch(Schema):
    """A cancelled task that a new one is like."""

    id: UUID
    title: str
    similarity: float


class BurdenCheckOut(Schema):
    """What the check finds; nothing is stored."""

    verdict: Verdict
    matches: list[BurdenMatch]
    """The closest first, ten at most."""


class BurdenItemListParams(ListParams):
    """Filters of the list of burden items."""

    state: BurdenState | None = None
    sort: Literal["listed_on", "-listed_on"] = "-listed_on"
