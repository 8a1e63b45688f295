"""Vocabulary of units, their coverage and their problems."""

from enum import StrEnum


class UnitKind(StrEnum):
    """What kind of unit stands in the district (单位类别)."""

    AGENCY = "agency"  # 机关
    PUBLIC_INSTITUTION = "public_institution"  # 事业单位
    SCHOOL = "school"  # 学校
    STATE_ENTERPRISE = "state_enterprise"  # 国企
    PRIVATE_ENTERPRISE = "private_enterprise"  # 非公企业
    SOCIAL_ORGANIZATION = "social_organization"  # 社会组织


NEW_SECTOR = frozenset({UnitKind.PRIVATE_ENTERPRISE, UnitKind.SOCIAL_ORGANIZATION})
"""两新组织: those that coverage is counted of."""


class CoverageMode(StrEnum):
    """What the Party's organisation or work reaches a unit by (覆盖方式)."""

    OWN = "own"  # 单独组建
    JOINT = "joint"  # 联合组建
    REGIONAL = "regional"  # 区域组建
    INSTRUCTOR = "instructor"  # 党建指导员
    LIAISON = "liaison"  # 党建联络员
    UNION = "union"  # 工会
    YOUTH_LEAGUE = "youth_league"  # 团组织


BY_ORGANIZATION = frozenset({CoverageMode.OWN, CoverageMode.JOINT, CoverageMode.REGIONAL})
"""What counts as coverage by a Party organisation (组织覆盖); every mode covers by work."""


class ProblemStatus(StrEnum):
    """How far a problem has come (问题状态)."""

    OPEN = "open"  # 待解决
    SOLVED = "solved"  # 已解决，待反映人确认
    CONFIRMED = "confirmed"  # 反映人已确认
