"""Vocabulary of secret ballots."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

TITLE_LENGTH = 200
MOST_SEATS = 30
MOST_CANDIDATES = 60
MOST_VOTERS = 2_000
LEAST_VOTERS = 3
"""The members of the smallest branch: among fewer, a tally would tell who chose whom."""


class Position(StrEnum):
    """What is elected (职务)."""

    COMMITTEE_MEMBER = "committee_member"  # 委员
    SECRETARY = "secretary"  # 书记
    DEPUTY_SECRETARY = "deputy_secretary"  # 副书记


class BoxStatus(StrEnum):
    """票箱状态."""

    OPEN = "open"  # 投票中
    CLOSED = "closed"  # 已封箱
    VOIDED = "voided"  # 作废


@dataclass(frozen=True, slots=True)
class Vote:
    """The vote of an election cycle that a box is for (轮次)."""

    cycle_id: UUID
    round: int
    candidate_ids: tuple[UUID, ...]
    """The members that the candidates are, in their order."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A ballot as it lies in a closed box (选票): nothing of who or when."""

    id: UUID
    choices: list[str]
    """Ids of candidates, in the order of the box's list."""
    write_ins: list[str]
    """另选他人, sorted."""
