"""Vocabulary of appraisals."""

from enum import StrEnum


class CheckStatus(StrEnum):
    """How far a spot check has come (抽查状态)."""

    PUBLISHED = "published"  # 种子已公布
    DRAWN = "drawn"  # 已抽取
    CHECKED = "checked"  # 已抽查


class AppraisalStatus(StrEnum):
    """How far a quarterly appraisal has come (考核状态)."""

    OPEN = "open"  # 打分中
    PUBLISHED = "published"  # 已公布
