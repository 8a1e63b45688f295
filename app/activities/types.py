"""Vocabulary of activities and attendance."""

from enum import StrEnum

from app.organizations.types import OrganizationKind


class ActivityKind(StrEnum):
    """What kind of activity it is (活动类别)."""

    MEMBER_MEETING = "member_meeting"  # 党员大会
    COMMITTEE_MEETING = "committee_meeting"  # 支委会
    GROUP_MEETING = "group_meeting"  # 党小组会
    LECTURE = "lecture"  # 党课
    THEME_DAY = "theme_day"  # 主题党日
    ORGANIZATION_LIFE_MEETING = "organization_life_meeting"  # 组织生活会
    CENTRALIZED_TRAINING = "centralized_training"  # 集中培训
    VILLAGE_TRAINING = "village_training"  # 村“两委”干部培训
    TWO_NEW_TRAINING = "two_new_training"  # “两新”组织负责人培训
    STUDY_TRIP = "study_trip"  # 考察学习
    LECTURE_SESSION = "lecture_session"  # 党课宣讲
    SPORTS_DAY = "sports_day"  # “两新”党组织运动会
    CHARITY_VISIT = "charity_visit"  # 爱心帮扶慰问
    AWARD_EVENING = "award_evening"  # 表彰晚会
    OTHER = "other"  # 其他


TWO_NEW_ACTIVITIES = frozenset(
    {ActivityKind.SPORTS_DAY, ActivityKind.CHARITY_VISIT, ActivityKind.AWARD_EVENING}
)
"""Activities of the two-new organisations (“两新”组织活动)."""

BRANCHES = frozenset(
    {
        OrganizationKind.PARTY_BRANCH,
        OrganizationKind.JOINT_BRANCH,
        OrganizationKind.TEMPORARY_BRANCH,
    }
)
_TRAINERS = frozenset(
    {
        OrganizationKind.DISTRICT_COMMITTEE,
        OrganizationKind.WORKING_COMMITTEE,
        OrganizationKind.PARTY_COMMITTEE,
    }
)
HELD_BY: dict[ActivityKind, frozenset[OrganizationKind]] = {
    ActivityKind.MEMBER_MEETING: BRANCHES | {OrganizationKind.GENERAL_BRANCH},
    ActivityKind.COMMITTEE_MEETING: BRANCHES,
    ActivityKind.GROUP_MEETING: frozenset({OrganizationKind.PARTY_GROUP}),
    ActivityKind.VILLAGE_TRAINING: _TRAINERS,
    ActivityKind.TWO_NEW_TRAINING: _TRAINERS,
}
"""Which kinds of organisation hold it; a kind that is not named any organisation may hold."""


class ActivityLevel(StrEnum):
    """At which level an activity is held: that of its organiser (活动层级)."""

    DISTRICT = "district"  # 区级
    COMMITTEE = "committee"  # 党（工）委、党总支
    BRANCH = "branch"  # 支部、党小组


class ActivityStatus(StrEnum):
    """How far an activity has come (活动状态)."""

    PLANNED = "planned"  # 计划
    HELD = "held"  # 已开展
    CANCELLED = "cancelled"  # 已取消


class AttendanceRole(StrEnum):
    """As what somebody takes part (参加身份)."""

    ATTENDEE = "attendee"  # 参加
    SPEAKER = "speaker"  # 主讲
    LEADER = "leader"  # 主持


class AttendanceSource(StrEnum):
    """How an attendance came to be known (登记方式)."""

    RECORDED = "recorded"  # 登记
    QR = "qr"  # 扫码签到
