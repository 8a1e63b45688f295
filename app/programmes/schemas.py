"""JSON of programmes and documents."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AnyUrl,
    StringConstraints,
    TypeAdapter,
    UrlConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from app.core.schemas import Day, Id, ListParams, Schema
from app.members.schemas import Reason
from app.programmes.models import NUMBER_LENGTH, URL_LENGTH
from app.programmes.types import DocumentKind, DocumentTopic, ProgrammeFamily

_URL = TypeAdapter[AnyUrl](
    Annotated[AnyUrl, UrlConstraints(allowed_schemes=["https"], host_required=True)]
)


def _link(text: str) -> str:
    """Write a link in its one form; who follows it is sent as nobody's user."""
    try:
        url = _URL.validate_python(text)
    except ValidationError as error:
        raise PydanticCustomError("link", "not an https link") from error
    if url.username is not None or url.password is not None:
        raise PydanticCustomError("link", "an https link that names a user")
    if len(str(url)) > URL_LENGTH:  # a host in Chinese is written longer than it was given
        raise PydanticCustomError("link", "an https link that is too long")
    return str(url)


Number = Annotated[Reason, StringConstraints(max_length=NUMBER_LENGTH)]
"""文号, as printed: 西组发〔2019〕5号."""
Link = Annotated[str, StringConstraints(max_length=URL_LENGTH), AfterValidator(_link)]
"""An https link. It is kept and shown, never fetched."""


class ProgrammeOut(Schema):
    """A programme (工作项目)."""

    id: UUID
    district_code: str
    family: ProgrammeFamily
    name: str
    organization_id: UUID
    organization_name: str
    plan_id: UUID | None
    starts_on: date
    ends_on: date | None
    """The last day."""
    version: int


class ProgrammeNew(Schema):
    """A programme to record."""

    family: ProgrammeFamily
    name: Reason
    organization_id: Id
    """Whose it is; of a pilot, where it is tried."""
    plan_id: Id | None = None
    """The plan of which it is a part; an area is always part of one."""
    starts_on: Day
    ends_on: Day | None = None
    """The last day; a plan always has one."""


class ProgrammeEdit(Schema):
    """What is corrected; a field that is left out stays."""

    name: Reason | None = None
    plan_id: Id | None = None
    starts_on: Day | None = None


class EndingNew(Schema):
    """When a programme ends."""

    ends_on: Day
    """The last day."""


class ProgrammeListParams(ListParams):
    """Filters of the list of programmes."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only those of this organisation and of what is under it."""
    family: ProgrammeFamily | None = None
    plan_id: Id | None = None
    in_force_on: Day | None = None
    """Only those that ran on this day."""
    sort: Literal["starts_on", "-starts_on"] = "-starts_on"


class DocumentOut(Schema):
    """A document (文件)."""

    id: UUID
    district_code: str
    kind: DocumentKind
    topic: DocumentTopic
    title: str
    number: str | None
    issued_by: str
    organization_id: UUID
    organization_name: str
    programme_id: UUID | None
    issued_on: date
    repealed_on: date | None
    """The first day on which it no longer holds."""
    url: str | None
    version: int


class DocumentNew(Schema):
    """A document to record."""

    kind: DocumentKind
    topic: DocumentTopic
    title: Reason
    number: Number | None = None
    issued_by: Reason
    """The organ that issued it, in words (发文机关)."""
    organization_id: Id
    """For which organisation it holds, and for what is under it.

    A decision to plan communities anew is that of the street's working committee.
    """
    programme_id: Id | None = None
    issued_on: Day
    url: Link | None = None


class DocumentEdit(Schema):
    """What is corrected; a field that is left out stays."""

    topic: DocumentTopic | None = None
    title: Reason | None = None
    number: Number | None = None
    issued_by: Reason | None = None
    programme_id: Id | None = None
    issued_on: Day | None = None
    url: Link | None = None


class RepealNew(Schema):
    """From when a document no longer holds."""

    repealed_on: Day
    """The first day on which it no longer holds."""


class DocumentListParams(ListParams):
    """Filters of the list of documents."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only those of this organisation and of what is under it."""
    kind: DocumentKind | None = None
    topic: DocumentTopic | None = None
    programme_id: Id | None = None
    in_force_on: Day | None = None
    """Only those that held on this day."""
    sort: Literal["issued_on", "-issued_on"] = "-issued_on"
