"""Vocabulary of what changed between two days, what was corrected, what is to come."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.organizations.types import OrganizationKind
from app.rules.types import Severity, Suggestion


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


class Subject(StrEnum):
    """Of what a record was corrected (更正对象)."""

    ORGANIZATION = "organization"  # 党组织
    MEMBERSHIP = "membership"  # 组织关系


class Cause(StrEnum):
    """Why a head-count is expected to pass a limit (预警依据)."""

    DATED = "dated"  # 已登记的未来变动
    TREND = "trend"  # 近十二个月的趋势


@dataclass(frozen=True, slots=True)
class Passage:
    """Members who at once came into, left or went between places; paths, or None for nowhere."""

    on: date
    before: str | None
    after: str | None
    members: int
    is_reorganized: bool = False
    """They went with their organisation, which was put elsewhere."""


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation on the day that is asked about, with its head-count."""

    organization_id: UUID
    name: str
    kind: OrganizationKind
    sector: str | None
    path: str
    members: int
    known_since: date | None
    """The first day of which head-counts are recorded."""
    until: date | None
    """The first day on which, by what is recorded ahead, it is no longer what it is."""


@dataclass(slots=True)
class Outlook:
    """What is recorded of a body's members a year back and a year ahead."""

    months_back: int = 0
    """How many whole months of records there are, twelve at most."""
    joined: int = 0
    left: int = 0
    ahead: list[int] = field(default_factory=list)
    """The head-count at the end of each of the twelve months to come, by what is recorded."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A rule that an organisation does not meet yet, and is expected to (预警)."""

    district_code: str
    organization_id: UUID
    organization_name: str
    path: str
    kind: OrganizationKind
    headcount: int
    rule: str
    pack: str
    version: str
    severity: Severity
    suggestion: Suggestion | None
    operator: str
    threshold: int
    cause: Cause
    month: int
    """In how many months it happens."""
    on: date
    expected: int
    """The head-count that is expected then."""
    joined: int
    left: int
    months_back: int
