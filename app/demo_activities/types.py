"""What the demo's activities are made of: facts that are drawn here and written by the service."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.activities.types import ActivityKind
from app.demo_roster.types import Person
from app.organizations.types import OrganizationKind


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation of the demo district."""

    id: UUID
    name: str
    kind: OrganizationKind
    sector: str


@dataclass(frozen=True, slots=True)
class There:
    """Somebody on an activity's list: a member, or a guest."""

    member_id: UUID | None = None
    guest: str | None = None
    role: str = "attendee"
    is_present: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """An activity that was held."""

    body: Body
    kind: ActivityKind
    title: str
    held_on: date
    place: str
    hours: str | None = None
    is_published: bool = True
    people: tuple[There, ...] = ()


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry of a contest, and what each juror gave it."""

    organization_id: UUID
    member_id: UUID | None
    title: str
    scores: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A contest with its entries; `lecturers` of the best make up the lecture team."""

    kind: str
    title: str
    held_on: date
    drops_extremes: bool
    entries: tuple[Entered, ...]
    lecturers: int = 0
    channel: str | None = None
    url: str | None = None
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class Leader:
    """A county-level leader, and the theme day of the own branch in each month."""

    person: Person
    post: str
    opened_on: date
    months: tuple[Held, ...] = field(default=())
