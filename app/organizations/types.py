"""Vocabulary of the organisation tree."""

from enum import StrEnum


class OrganizationKind(StrEnum):
    """Kinds of Party organisation (组织类别), from the largest down."""

    DISTRICT_COMMITTEE = "district_committee"  # 区委: the root of a district and nothing else
    WORKING_COMMITTEE = "working_committee"  # 党工委
    PARTY_COMMITTEE = "party_committee"  # 党委
    GENERAL_BRANCH = "general_branch"  # 党总支
    PARTY_BRANCH = "party_branch"  # 党支部
    JOINT_BRANCH = "joint_branch"  # 联合党支部
    TEMPORARY_BRANCH = "temporary_branch"  # 临时党支部
    PARTY_GROUP = "party_group"  # 党小组


class Sector(StrEnum):
    """Fields in which organisations stand (所在领域)."""

    STREET = "street"  # 街道
    COMMUNITY = "community"  # 社区
    TOWNSHIP = "township"  # 乡镇
    VILLAGE = "village"  # 村
    AGENCY = "agency"  # 机关
    PUBLIC_INSTITUTION = "public_institution"  # 事业单位
    STATE_ENTERPRISE = "state_enterprise"  # 国企
    PRIVATE_ENTERPRISE = "private_enterprise"  # 非公企业
    SOCIAL_ORGANIZATION = "social_organization"  # 社会组织
    NEW_SECTOR = "new_sector"  # 两新 (a working committee's)


class OrganizationStatus(StrEnum):
    """Whether an organisation stands on the day that is asked about."""

    ACTIVE = "active"  # 存续
    DISSOLVED = "dissolved"  # 撤销
