"""Vocabulary of pledges."""

from enum import StrEnum
from typing import NamedTuple


class PledgerKind(StrEnum):
    """Who pledges (承诺主体)."""

    ORGANIZATION = "organization"  # 党组织
    MEMBER = "member"  # 党员


class PledgeCategory(StrEnum):
    """What is pledged (承诺类别)."""

    SERVICES = "services"  # 为民服务
    PARTY_BUILDING = "party_building"  # 党的建设
    DEVELOPMENT = "development"  # 推动发展
    LIVELIHOOD = "livelihood"  # 民生实事
    OTHER = "other"  # 其他


class PledgeStatus(StrEnum):
    """How far a pledge has come (承诺状态)."""

    DRAFT = "draft"  # 草稿
    PUBLISHED = "published"  # 已公开
    COMPLETED = "completed"  # 已完成，待确认
    CONFIRMED = "confirmed"  # 已确认
    WITHDRAWN = "withdrawn"  # 已撤回


PUBLIC = frozenset({PledgeStatus.PUBLISHED, PledgeStatus.COMPLETED, PledgeStatus.CONFIRMED})
"""What the branch shows to its members."""


class PledgeEventKind(StrEnum):
    """What happened to a pledge (承诺事件)."""

    RECORDED = "recorded"  # 登记
    PUBLISHED = "published"  # 公开
    COMPLETED = "completed"  # 完成
    RETURNED = "returned"  # 退回
    CONFIRMED = "confirmed"  # 确认
    WITHDRAWN = "withdrawn"  # 撤回


class ExportedPledge(NamedTuple):
    """A row of the export, in the order of its columns."""

    pledger_kind: str
    organization_name: str
    member_name: str | None
    title: str
    content: str | None
    category: str
    due_on: object
    status: str
    is_overdue: bool
    published_on: object
    completed_on: object
    confirmed_on: object
    withdrawn_on: object
    reason: str | None
    evidence_count: int
