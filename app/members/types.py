"""Vocabulary of members."""

from enum import StrEnum

NAME_LENGTH = 50


class Sex(StrEnum):
    """性别."""

    MALE = "male"  # 男
    FEMALE = "female"  # 女


class Education(StrEnum):
    """学历 (GB/T 4658)."""

    POSTGRADUATE = "postgraduate"  # 研究生
    BACHELOR = "bachelor"  # 大学本科
    JUNIOR_COLLEGE = "junior_college"  # 大学专科
    VOCATIONAL = "vocational"  # 中等专科
    SENIOR_HIGH = "senior_high"  # 高中
    JUNIOR_HIGH = "junior_high"  # 初中
    PRIMARY = "primary"  # 小学
    OTHER = "other"  # 其他


class MemberCategory(StrEnum):
    """人员类别."""

    FULL = "full"  # 正式党员
    PROBATIONARY = "probationary"  # 预备党员


class MemberStatus(StrEnum):
    """党员状态: the first four count, `membership_suspended` does not, the rest are final."""

    ACTIVE = "active"  # 正常
    RIGHTS_SUSPENDED = "rights_suspended"  # 权利中止
    UNDER_PARTY_PROBATION = "under_party_probation"  # 留党察看
    RECTIFYING = "rectifying"  # 限期改正
    MEMBERSHIP_SUSPENDED = "membership_suspended"  # 停止党籍
    TRANSFERRED_OUT = "transferred_out"  # 已转出
    DECEASED = "deceased"  # 去世
    WITHDRAWN = "withdrawn"  # 退党
    STRUCK_OFF = "struck_off"  # 除名
    EXPELLED = "expelled"  # 开除党籍
    PROBATION_CANCELLED = "probation_cancelled"  # 取消预备党员资格


COUNTED = frozenset(
    {
        MemberStatus.ACTIVE,
        MemberStatus.RIGHTS_SUSPENDED,
        MemberStatus.UNDER_PARTY_PROBATION,
        MemberStatus.RECTIFYING,
    }
)
"""Statuses whose members count in the head-count of their organisation."""

FINAL = frozenset(MemberStatus) - COUNTED - {MemberStatus.MEMBERSHIP_SUSPENDED}
"""Statuses that end a membership."""

_IN_HAND = COUNTED | {MemberStatus.MEMBERSHIP_SUSPENDED}
FOLLOWS: dict[MemberStatus, frozenset[MemberStatus]] = {
    **{status: (_IN_HAND | FINAL) - {status} for status in COUNTED},
    MemberStatus.MEMBERSHIP_SUSPENDED: frozenset(
        {
            MemberStatus.ACTIVE,
            MemberStatus.DECEASED,
            MemberStatus.WITHDRAWN,
            MemberStatus.STRUCK_OFF,
            MemberStatus.EXPELLED,
        }
    ),
    **dict.fromkeys(FINAL, frozenset()),
}
"""Which statuses may follow which; nothing follows a final one."""

ONLY_OF: dict[MemberStatus, MemberCategory] = {
    MemberStatus.UNDER_PARTY_PROBATION: MemberCategory.FULL,
    MemberStatus.PROBATION_CANCELLED: MemberCategory.PROBATIONARY,
}
"""Statuses that one category alone can have: a probationer is not 留党察看 but cancelled."""
