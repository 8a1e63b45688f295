"""What the year is made of: facts that are drawn here and written by the service."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation of the demo district."""

    id: UUID
    name: str
    kind: str
    sector: str
    is_grid: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """A pledge (承诺), and how far it came."""

    organization_id: UUID
    member_id: UUID | None
    title: str
    category: str
    due_on: date
    published_on: date | None
    completed_on: date | None = None
    confirmed_on: date | None = None
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A service post (服务岗位) of a community."""

    organization_id: UUID
    title: str
    category: str
    place: str
    capacity: int
    needs_acceptance: bool
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Claim:
    """A member's claim of a post; `served` are its service records."""

    post: int
    """Which of the posts, by its place in their list."""
    member_id: UUID
    claimed_on: date
    accepted_on: date | None
    exited_on: date | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A service record of a claim."""

    claim: int
    served_on: date
    minutes: int
    beneficiaries: int
    content: str
    confirmed_on: date | None
