"""Vocabulary of members' transfers."""

from dataclasses import dataclass
from enum import StrEnum


class TransferKind(StrEnum):
    """How far a transfer goes (转接范围)."""

    LOCAL = "local"  # 区内
    ACROSS = "across"  # 跨区县, to another district of this deployment
    OUTSIDE = "outside"  # 转往本系统以外


class TransferStatus(StrEnum):
    """What became of a transfer (转接状态); the first two are pending."""

    REQUESTED = "requested"  # 待转出审批
    RELEASED = "released"  # 待接收: the introduction letter (介绍信) is issued
    ACCEPTED = "accepted"  # 已接收
    REJECTED = "rejected"  # 已退回
    WITHDRAWN = "withdrawn"  # 已撤回
    EXPIRED = "expired"  # 介绍信逾期失效
    LAPSED = "lapsed"  # 终止: the member or the organisation is no longer there


PENDING = frozenset({TransferStatus.REQUESTED, TransferStatus.RELEASED})
"""While a transfer is pending, the old organisation counts the member."""


class Step(StrEnum):
    """What can happen to a transfer."""

    RELEASE = "release"  # 转出审批
    ACCEPT = "accept"  # 接收
    RECORD_RECEIPT = "record_receipt"  # 登记回执
    REJECT = "reject"  # 退回
    WITHDRAW = "withdraw"  # 撤回
    EXPIRE = "expire"  # 逾期
    LAPSE = "lapse"  # 终止


class RejectionGround(StrEnum):
    """Why a transfer may be rejected (退回理由): there is no groundless refusal (无故拒转拒接)."""

    NOT_RESPONSIBLE = "not_responsible"  # 不属于该党组织的接收范围
    NO_FIXED_PLACE = "no_fixed_place"  # 未在固定地点工作或居住六个月以上
    FACTS_DIFFER = "facts_differ"  # 党员信息或转接材料不符
    UNDER_INVESTIGATION = "under_investigation"  # 正在接受组织审查


class Reminder(StrEnum):
    """What was told last about a pending transfer's deadline (提醒); in the order of time."""

    RELEASE_SOON = "release_soon"  # 审批期限将至
    RELEASE_OVERDUE = "release_overdue"  # 审批逾期
    ACCEPT_SOON = "accept_soon"  # 介绍信有效期将至


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number comes from."""

    document: str
    article: str
    quote: str


@dataclass(frozen=True, slots=True)
class LetterRule:
    """How long an introduction letter is valid (介绍信有效期)."""

    longest_months: int
    local_days: int
    away_days: int
    source: Source


@dataclass(frozen=True, slots=True)
class DayRule:
    """A number of days."""

    days: int
    source: Source


@dataclass(frozen=True, slots=True)
class TransferPack:
    """The deadlines of transfers."""

    name: str
    version: str
    letter: LetterRule
    release: DayRule
    reminder: DayRule
