"""Vocabulary of service to residents."""

from enum import StrEnum

from app.organizations.types import Sector


class ServiceCategory(StrEnum):
    """岗位类别."""

    POLICY = "policy"  # 政策宣讲
    ENVIRONMENT = "environment"  # 环境整治
    CARE = "care"  # 扶老助残
    CULTURE = "culture"  # 文体教育
    SAFETY = "safety"  # 治安巡防
    MEDIATION = "mediation"  # 矛盾调解
    PROFESSIONAL = "professional"  # 专业服务
    OTHER = "other"  # 其他


class PostStatus(StrEnum):
    """岗位状态."""

    OPEN = "open"  # 开放认领
    CLOSED = "closed"  # 已关闭


class ClaimStatus(StrEnum):
    """认领状态."""

    PENDING = "pending"  # 待社区接收
    ACTIVE = "active"  # 在岗
    REJECTED = "rejected"  # 未接收
    EXITED = "exited"  # 已退出
    FINISHED = "finished"  # 已完成


class RecordStatus(StrEnum):
    """服务记录状态."""

    RECORDED = "recorded"  # 待社区确认
    CONFIRMED = "confirmed"  # 已确认
    REJECTED = "rejected"  # 已退回


LIVE = frozenset({ClaimStatus.PENDING, ClaimStatus.ACTIVE})
"""Claims that take a place of their post, and of which a member has one a post."""

COMMUNITIES = frozenset({Sector.COMMUNITY, Sector.VILLAGE, Sector.STREET})
"""Sectors whose organisations publish posts and wishes."""

MOST_PLACES = 1_000
MOST_MINUTES = 24 * 60
MOST_BENEFICIARIES = 10_000
MOST_CONFIRMED = 200
"""Records that are confirmed together: a page of their list."""
MOST_ROWS = 500
"""Rows of one batch: a month of a community's services."""
