"""Vocabulary of the early warning."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.organizations.types import OrganizationKind
from app.rules.types import Severity, Suggestion


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
