"""Vocabulary of contests."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class ContestKind(StrEnum):
    """What is judged (评选类别)."""

    MICRO_LECTURE = "micro_lecture"  # 微型党课比赛
    BRAND = "brand"  # 基层党建品牌评选
    OTHER = "other"  # 其他评选


class ContestStatus(StrEnum):
    """How far a contest has come (评选状态)."""

    OPEN = "open"  # 报名、评分中
    CLOSED = "closed"  # 已排名
    PUBLISHED = "published"  # 已发布


ENDED = frozenset({ContestStatus.CLOSED, ContestStatus.PUBLISHED})
"""States in which the ranking stands."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Where an entry stands: equal averages share a rank, and the next rank is left out."""

    entry_id: UUID
    average: Decimal | None
    """Of the jurors' scores, half up to three decimals; no scores, no average."""
    rank: int | None
    is_tied: bool
