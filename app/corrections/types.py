"""Vocabulary of corrections."""

from enum import StrEnum


class Subject(StrEnum):
    """Of what a record was corrected (更正对象)."""

    ORGANIZATION = "organization"  # 党组织
    MEMBERSHIP = "membership"  # 组织关系
