"""Vocabulary of what changed between two days."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.organizations.types import OrganizationKind


@dataclass(frozen=True, slots=True)
class Stand:
    """What an organisation was on a day, inside the subtree that is asked about."""

    name: str
    kind: OrganizationKind
    parent_id: UUID | None
    path: str


@dataclass(frozen=True, slots=True)
class Step:
    """A state that began between the two days, and in what it differs from the one before."""

    on: date
    decision: str | None
    is_first: bool
    is_moved: bool
    is_renamed: bool
    is_converted: bool


@dataclass(slots=True)
class Seen:
    """An organisation that stood in the subtree on one of the two days."""

    id: UUID
    before: Stand | None
    after: Stand | None
    stood_elsewhere: bool = False
    """On the first day it stood outside the subtree."""
    stands_elsewhere: bool = False
    """On the last day it stands outside the subtree."""
    ended_on: date | None = None
    end_decision: str | None = None
    steps: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class Flow:
    """How a head-count came from what it was to what it is (人数变化)."""

    before: int = 0
    after: int = 0
    joined: int = 0  # began to count in the district: admitted, transferred in, restored
    left: int = 0  # counts no more in the district: transferred out, dead, expelled, suspended
    moved_in: int = 0  # counted elsewhere in the district before
    moved_out: int = 0  # counts elsewhere in the district now

    @property
    def delta(self) -> int:
        """By how many it grew."""
        return self.after - self.before

    @property
    def is_still(self) -> bool:
        """Whether nobody came and nobody went."""
        return not (self.joined or self.left or self.moved_in or self.moved_out)


@dataclass(frozen=True, slots=True)
class Pair:
    """Members by the organisation in which they counted before, and in which they count after."""

    before: UUID | None
    after: UUID | None
    members: int
