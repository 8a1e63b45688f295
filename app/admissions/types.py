"""Vocabulary of admissions: whether one goes on, what is due in it, what comes next."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.admission_rules.types import Decider, Paper
from app.core.errors import Text
from app.core.packs import Bilingual
from app.organizations.types import OrganizationKind, Sector


class AdmissionStatus(StrEnum):
    """Whether it goes on (办理状态)."""

    OPEN = "open"  # 办理中
    COMPLETED = "completed"  # 已转正归档
    TERMINATED = "terminated"  # 已终止
    TRANSFERRED = "transferred"  # 已随组织关系转出


class DueKind(StrEnum):
    """What is due in an admission (到期事项)."""

    TALK = "talk"  # 派人谈话
    HALF_YEARLY_CHECK = "half_yearly_check"  # 半年考察
    COMMITTEE_DECISION = "committee_decision"  # 党委审批
    CONVERSION = "conversion"  # 讨论转正
    CONVERSION_DECISION = "conversion_decision"  # 党委审批转正


DUE: dict[DueKind, Text] = {
    DueKind.TALK: Text("派人同入党申请人谈话", "the talk with an applicant"),
    DueKind.HALF_YEARLY_CHECK: Text("入党积极分子半年考察", "the half-yearly check of an activist"),
    DueKind.COMMITTEE_DECISION: Text("接收预备党员的审批", "the decision on an admission"),
    DueKind.CONVERSION: Text("预备期满，讨论转正", "the end of a probation: the conversion"),
    DueKind.CONVERSION_DECISION: Text("预备党员转正的审批", "the decision on a conversion"),
}


@dataclass(frozen=True, slots=True)
class Dates:
    """The days of an admission that what follows depends on."""

    step: int
    """The last step that was taken and, where another level decides, decided."""
    is_pending: bool
    """The next step was taken and waits for a decision."""
    applied_on: date
    last_on: date
    """The day of the last step, or of its decision."""
    activist_on: date | None = None
    checked_on: date | None = None
    meeting_on: date | None = None
    probation_ends_on: date | None = None
    conversion_meeting_on: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, and by which day."""

    kind: DueKind
    on: date


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation above a branch."""

    organization_id: UUID
    name: str
    path: str
    kind: OrganizationKind
    sector: Sector | None


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next in an admission."""

    step: int
    title: Bilingual
    earliest_on: date
    deadline_on: date | None
    decided_by: Decider
    is_pending: bool
    """It was reported and waits for the decision."""
    papers: tuple[Paper, ...]
    """Those that are still missing for it."""
    source: str
    decider_id: UUID | None = None
    decider_name: str | None = None
