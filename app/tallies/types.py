"""Vocabulary of who is due and of tallies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.elections.types import Outcome, Position

Paper = frozenset[UUID | str]
"""Whom a ballot names: members, and names of nobody who could be elected."""


class ExclusionGround(StrEnum):
    """The closed list of grounds on which a voter is not due (不计入应到会的情形)."""

    CANNOT_EXPRESS_WILL = "cannot_express_will"  # 患病不能表达本人意志
    SELF_FUNDED_ABROAD_OVER_6_MONTHS = "self_funded_abroad_over_6_months"  # 自费出国半年以上
    SERVING_SENTENCE = "serving_sentence"  # 服刑
    BEDRIDDEN_CANNOT_CARE_FOR_SELF = "bedridden_cannot_care_for_self"  # 长期卧床、生活不能自理
    MOVED_OVER_6_MONTHS_RELATION_NOT_TRANSFERRED = "moved_over_6_months_relation_not_transferred"
    # 外出半年以上应转未转组织关系
    RETIRED_RETURNED_HOME_RELATION_NOT_TRANSFERRED = (
        "retired_returned_home_relation_not_transferred"
    )
    # 离退休回原籍未转组织关系


class NotDue(StrEnum):
    """Why a member is not due to attend (不计入应到会的原因)."""

    PROBATIONARY = "probationary"  # 预备党员
    RIGHTS_SUSPENDED = "rights_suspended"  # 权利中止
    UNDER_PARTY_PROBATION = "under_party_probation"  # 留党察看
    EXCLUDED = "excluded"  # 经批准核减


CLOSING = frozenset({Outcome.COMPLETE, Outcome.COMPLETE_REDUCED_SEATS})
"""Outcomes after which nothing more is voted on for the position."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes for one person."""

    member_id: UUID
    votes: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a protocol says, whether it was typed or read from ballots."""

    position: Position
    due: int
    present: int
    ballots_issued: int
    ballots_collected: int
    votes: Sequence[Votes]
    """Votes for the candidates of the round."""
    write_ins: Sequence[Votes] = ()
    """Votes for others."""
    reduce_seats_consent: int | None = None
    papers: Sequence[Paper] | None = None
    """The ballots, where they are known one by one."""
    others: Mapping[str, int] = field(default_factory=dict)
    """How many ballots name somebody who cannot be elected."""

    def people(self) -> set[UUID]:
        """Name everybody who is named in it."""
        papers = (one for paper in self.papers or () for one in paper if isinstance(one, UUID))
        return {v.member_id for v in (*self.votes, *self.write_ins)} | set(papers)
