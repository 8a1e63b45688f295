"""What the demo's drawings know of a member."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the demo district."""

    id: UUID
    organization_id: UUID
    sector: str
    joined_on: date
    born_on: date
