"""Kinds of programmes and of documents."""

from enum import StrEnum


class ProgrammeFamily(StrEnum):
    """What a programme is (项目类别)."""

    PLAN = "plan"  # 工作计划
    PLAN_AREA = "plan_area"  # 计划的一个方面
    RED_PROJECT = "red_project"  # 四红工程
    NET = "net"  # 四网
    IZATION = "ization"  # 两化
    LINK = "link"  # 五联
    INTEGRATION_PILOT = "integration_pilot"  # 党政一体化改革试点


class DocumentKind(StrEnum):
    """What a document is (文件种类)."""

    SCHEME = "scheme"  # 方案
    REGULATION = "regulation"  # 制度
    HANDBOOK = "handbook"  # 手册
    DECISION = "decision"  # 决定
    REPLAN_DECISION = "replan_decision"  # 街道社区调整规划的决定


class DocumentTopic(StrEnum):
    """The field of work under which a document was issued (工作领域)."""

    URBAN = "urban"  # 城市基层党建
    ORGAN = "organ"  # 机关党建
    TWO_NEW = "two_new"  # “两新”组织党建
    RURAL = "rural"  # 农村党建
    GRASSROOTS = "grassroots"  # 基层党组织建设
    OTHER = "other"
