"""Vocabulary of who is due and of tallies."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ExclusionGround(StrEnum):
    """The closed list of grounds on which a voter is not due (不计入应到会的情形)."""

    CANNOT_EXPRESS_WILL = "cannot_express_will"  # 患病不能表达本人意志
    SELF_FUNDED_ABROAD_OVER_6_MONTHS = "self_funded_abroad_over_6_months"  # 自费出国半年以上
    SERVING_SENTENCE = "serving_sentence"  # 服刑
    BEDRIDDEN_CANNOT_CARE_FOR_SELF = "bedridden_cannot_care_for_self"  # 长期卧床、生活不能自理
    MOVED_OVER_6_MONTHS_RELATION_NOT_TRANSFERRED = "moved_over_6_months_relation_not_transferred"
    # 外出半年以上应转未转组织关系
    RETIRED_RETURNED_HOME_RELATION_NOT_MOVED = "retired_returned_home_relation_not_moved"
    # 离退休回原籍未转组织关系


class NotDue(StrEnum):
    """Why a member is not due to attend (不计入应到会的原因)."""

    PROBATIONARY = "probationary"  # 预备党员
    RIGHTS_SUSPENDED = "rights_suspended"  # 权利中止
    UNDER_PARTY_PROBATION = "under_party_probation"  # 留党察看
    EXCLUDED = "excluded"  # 经批准核减


class Outcome(StrEnum):
    """What came of a vote (选举结果)."""

    COMPLETE = "complete"  # 选举完成
    COMPLETE_REDUCED_SEATS = "complete_reduced_seats"  # 经同意减少名额
    RUNOFF_REQUIRED = "runoff_required"  # 票数相等者重新投票
    SEPARATE_ELECTION_REQUIRED = "separate_election_required"  # 另行选举
    ELECTION_VOID_RERUN = "election_void_rerun"  # 选举无效，重新选举
    MEETING_INVALID = "meeting_invalid"  # 到会人数不足，会议无效


CLOSING = frozenset({Outcome.COMPLETE, Outcome.COMPLETE_REDUCED_SEATS})
"""Outcomes after which nothing more is voted on for the position."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What was counted in one vote; people go by their ids."""

    due: int
    present: int
    ballots_issued: int
    ballots_collected: int
    seats: int
    votes: Mapping[str, int]
    """Of the candidates and of those who were written in."""
    reduce_seats_consent: int | None
