"""JSON of wishes."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.core.schemas import Count, Id, Line, ListParams, Schema
from app.members.schemas import Reason
from app.wishes.types import WishStatus

Title = Annotated[Reason, StringConstraints(max_length=100)]
Telephone = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9-]{5,17}[0-9]$", max_length=19)]


class Contact(Schema):
    """Whom a wish is to be delivered to, and nothing more of them. It is kept encrypted."""

    name: Annotated[Line, StringConstraints(max_length=50)]
    address: Line
    phone: Telephone


class ContactOut(Schema):
    """The contact of a wish; null where none was given and once it was removed."""

    contact: Contact | None


class WishOut(Schema):
    """A wish."""

    id: UUID
    district_code: str
    organization_id: UUID
    """The community's organisation."""
    organization_name: str
    title: str
    content: str
    status: WishStatus
    posted_on: date
    has_contact: bool
    member_id: UUID | None
    """The member who took it."""
    member_name: str | None
    branch_id: UUID | None
    """The organisation that took it."""
    branch_name: str | None
    taken_on: date | None
    done_on: date | None
    rating: int | None
    comment: str | None
    reason: str | None
    version: int


class WishNew(Schema):
    """A wish to post. Neither title nor content says who the resident is."""

    organization_id: Id
    """An organisation of a community, a village or a street."""
    title: Title
    content: Reason
    contact: Contact | None = None


class WishEdit(Schema):
    """What is changed of an open wish; a field that is left out stays."""

    title: Title | None = None
    content: Reason | None = None
    contact: Contact | None = None
    """Null removes it. A new one is kept no longer than the first would have been."""


class TakingNew(Schema):
    """Who takes it: the member whose account it is when left out."""

    organization_id: Id | None = None
    """A branch that takes it as a whole."""


class RatingNew(Schema):
    """How the community rates what was done."""

    rating: Annotated[Count, Field(ge=1, le=5)]
    comment: Reason | None = None


class WithdrawalNew(Schema):
    """Why the wish is withdrawn."""

    reason: Reason


class WishListParams(ListParams):
    """Filters of the list of wishes."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only wishes of this organisation and of what is under it."""
    status: WishStatus | None = None
    sort: Literal["posted_on", "-posted_on"] = "-posted_on"
