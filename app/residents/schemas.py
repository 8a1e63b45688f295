"""JSON of posts, claims and records."""

import re
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError, WrapValidator

from app.core.schemas import Count, Day, Flag, Id, ListParams, Schema
from app.members.schemas import Reason
from app.residents.types import (
    MOST_BENEFICIARIES,
    MOST_CONFIRMED,
    MOST_MINUTES,
    MOST_PLACES,
    MOST_ROWS,
    ClaimStatus,
    PostStatus,
    RecordStatus,
    ServiceCategory,
)

Title = Annotated[Reason, StringConstraints(max_length=100)]
Capacity = Annotated[Count, Field(ge=1, le=MOST_PLACES)]
Minutes = Annotated[Count, Field(ge=1, le=MOST_MINUTES)]
Beneficiaries = Annotated[Count, Field(ge=0, le=MOST_BENEFICIARIES)]


class ServicePostOut(Schema):
    """A post that a community publishes."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    title: str
    category: ServiceCategory
    place: str
    starts_on: date
    ends_on: date | None
    hours: str | None
    skills: str | None
    capacity: int
    taken: int
    """Places that pending and active claims take."""
    needs_acceptance: bool
    status: PostStatus
    version: int


class ServicePostNew(Schema):
    """A post to publish."""

    organization_id: Id
    """An organisation of a community, a village or a street."""
    title: Title
    category: ServiceCategory = ServiceCategory.OTHER
    place: Reason
    starts_on: Day
    ends_on: Day | None = None
    """The last day; without it the post stays until it is closed."""
    hours: Title | None = None
    """In words: 每周六上午."""
    skills: Reason | None = None
    capacity: Capacity
    """How many members at once."""
    needs_acceptance: Flag = False


class ServicePostEdit(Schema):
    """What is changed; a field that is left out stays."""

    title: Title | None = None
    category: ServiceCategory | None = None
    place: Reason | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    hours: Title | None = None
    skills: Reason | None = None
    capacity: Capacity | None = None
    needs_acceptance: Flag | None = None


class ServicePostListParams(ListParams):
    """Filters of the list of posts."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only posts of this organisation and of what is under it."""
    category: ServiceCategory | None = None
    status: PostStatus | None = None
    sort: Literal["starts_on", "-starts_on"] = "-starts_on"


class ServiceClaimOut(Schema):
    """A member's place in a post."""

    id: UUID
    district_code: str
    post_id: UUID
    post_title: str
    organization_id: UUID
    """The community's organisation."""
    organization_name: str
    member_id: UUID
    member_name: str
    branch_id: UUID
    branch_name: str
    status: ClaimStatus
    claimed_on: date
    accepted_on: date | None
    """Since when it counts."""
    ended_on: date | None
    reason: str | None


class ServiceClaimNew(Schema):
    """Who claims: the member whose account it is when left out."""

    member_id: Id | None = None
    """For a member who has no phone, by a clerk."""


class RejectionNew(Schema):
    """Why the community does not take it."""

    reason: Reason


class ServiceClaimListParams(ListParams):
    """Filters of the list of claims."""

    post_id: Id | None = None
    member_id: Id | None = None
    status: ClaimStatus | None = None
    sort: Literal["claimed_on", "-claimed_on"] = "-claimed_on"


class ServiceRecordOut(Schema):
    """A service that was given."""

    id: UUID
    district_code: str
    claim_id: UUID
    post_id: UUID
    post_title: str
    organization_id: UUID
    """The community's organisation."""
    organization_name: str
    member_id: UUID
    member_name: str
    branch_id: UUID
    branch_name: str
    served_on: date
    minutes: int | None
    beneficiaries: int
    """人次: visits, not distinct people."""
    content: str
    status: RecordStatus
    confirmed_on: date | None
    """Since when it counts."""
    reason: str | None


class ServiceRecordNew(Schema):
    """A service to record; it counts once the community has confirmed it."""

    claim_id: Id
    served_on: Day
    minutes: Minutes | None = None
    beneficiaries: Beneficiaries
    content: Reason


MOST_FAULTS = 10
"""How many faults of one row are told."""
_LONG_NUMBER = re.compile("[0-9]{6,}")


class Misread:
    """A row of a batch that has not the form of one, and what is wrong with its fields."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.faults = faults


def _row(value: Any, read: Any) -> Any:
    """Read a row; of one that is wrong keep what is wrong, so that every row is told of."""
    try:
        return read(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:MOST_FAULTS]
        return Misread([(_field(".".join(map(str, e["loc"]))), e["type"]) for e in found])


def _field(name: str) -> str:
    """Name a field; of an unknown one the name is what was sent, and may be an ID number."""
    return _LONG_NUMBER.sub("…", name)[:50]


class ServiceRecordBatchNew(Schema):
    """Services to record together, all or none."""

    rows: Annotated[
        list[Annotated[ServiceRecordNew, WrapValidator(_row)]],
        Field(min_length=1, max_length=MOST_ROWS),
    ]


class ServiceRecordBatchOut(Schema):
    """The records that were made or confirmed, in the order of the rows."""

    ids: list[UUID]


class ServiceRecordConfirmationsNew(Schema):
    """Records to confirm together, all or none."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_CONFIRMED)]


class ServiceRecordListParams(ListParams):
    """Filters of the list of records."""

    claim_id: Id | None = None
    post_id: Id | None = None
    member_id: Id | None = None
    status: RecordStatus | None = None
    served_from: Day | None = None
    served_to: Day | None = None
    """The last day."""
    sort: Literal["served_on", "-served_on"] = "-served_on"
