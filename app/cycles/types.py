"""Vocabulary of election cycles."""

from dataclasses import dataclass
from enum import StrEnum

from app.elections.types import Position


class CycleStatus(StrEnum):
    """How far a cycle has come (换届进度); each but the first is also a step."""

    PLANNED = "planned"  # 已立项
    REQUESTED = "requested"  # 已请示
    REPLIED = "replied"  # 已批复
    NOMINATED = "nominated"  # 已提名
    PRECHECKED = "prechecked"  # 已预审
    PUBLISHED = "published"  # 已公示
    HELD = "held"  # 已召开
    TALLIED = "tallied"  # 已计票
    REPORTED = "reported"  # 已报告
    APPROVED = "approved"  # 已批准
    CANCELLED = "cancelled"  # 已取消


ENDED = frozenset({CycleStatus.APPROVED, CycleStatus.CANCELLED})


class ElectingBody(StrEnum):
    """Who elects the committee (选举方式)."""

    MEMBER_MEETING = "member_meeting"  # 党员大会
    DELEGATE_CONGRESS = "delegate_congress"  # 党员代表大会


@dataclass(frozen=True, slots=True)
class Practice:
    """What is local practice and no regulation (当地做法)."""

    needs_precheck: bool = True
    needs_publication: bool = True
    publication_days: int = 5
    """Days between the publication and the meeting, at least."""
    request_lead_months: int = 2
    """How long before the due date the request is to be made; later is told, not refused."""
    report_within_months: int = 1
    """How long after the meeting the report is due; later is told, not refused."""


@dataclass(frozen=True, slots=True)
class Seats:
    """How many are elected to each position."""

    committee: int
    secretary: int
    deputy: int

    def of(self, position: Position) -> int:
        """Give the seats of one position."""
        if position == Position.COMMITTEE_MEMBER:
            return self.committee
        return self.secretary if position == Position.SECRETARY else self.deputy
