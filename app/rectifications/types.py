"""Vocabulary of rectification and of burden relief."""

from dataclasses import dataclass
from enum import StrEnum


class CaseStatus(StrEnum):
    """How far a rectification has come (整顿状态)."""

    OPEN = "open"  # 整顿中
    REPORTED = "reported"  # 已报告，待验收
    ACCEPTED = "accepted"  # 已验收销号


class GuarantorLevel(StrEnum):
    """On which level a leader is responsible for a case (包保层级)."""

    COUNTY = "county"  # 县（区）级领导
    TOWNSHIP = "township"  # 乡镇（街道）领导
    VILLAGE = "village"  # 村（社区）一级


class BurdenState(StrEnum):
    """Whether streets and communities still have to do a task (事项状态)."""

    ACTIVE = "active"  # 承办
    CANCELLED = "cancelled"  # 已取消


class Verdict(StrEnum):
    """What the check of a new task finds (准入检查)."""

    CLEAR = "clear"  # 未发现重复
    SIMILAR = "similar"  # 与已取消事项相近，提示
    REFUSED = "refused"  # 已取消，不予准入


@dataclass(frozen=True, slots=True)
class Criterion:
    """Why an organisation counts as weak and lax (软弱涣散情形)."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class WeakPack:
    """The criteria that are shipped, and where they come from."""

    version: str
    source: str
    criteria: list[Criterion]
