"""Vocabulary of restructurings."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import Text


class RestructuringStatus(StrEnum):
    """How far a restructuring has come (调整状态)."""

    DRAFT = "draft"  # 草案
    SUBMITTED = "submitted"  # 已上报
    APPROVED = "approved"  # 已批准
    APPLIED = "applied"  # 已执行
    REVERSED = "reversed"  # 已撤回执行
    REJECTED = "rejected"  # 不予批准
    WITHDRAWN = "withdrawn"  # 已撤回


class RestructuringStep(StrEnum):
    """What happened to a restructuring (调整步骤)."""

    PROPOSED = "proposed"  # 提出
    SUBMITTED = "submitted"  # 上报
    APPROVED = "approved"  # 批准
    REJECTED = "rejected"  # 不予批准
    WITHDRAWN = "withdrawn"  # 撤回
    APPLIED = "applied"  # 执行
    REVERSED = "reversed"  # 撤回执行


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a regulation asks for a restructuring: a paper or an approval."""

    code: str
    text: Text
    source: str
