"""Vocabulary of elections: what a protocol holds, and what a verdict says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from app.core.packs import STRICT
from app.organizations.types import OrganizationKind
from app.terms.types import Cited, Reason


class Body(StrEnum):
    """Who elects (选举方式)."""

    MEMBER_MEETING = "member_meeting"  # 党员大会
    COMMITTEE_PLENARY = "committee_plenary"  # 委员会全体会议
    DELEGATE_CONGRESS = "delegate_congress"  # 党员代表大会


class Position(StrEnum):
    """What somebody is elected to (职务)."""

    COMMITTEE_MEMBER = "committee_member"  # 委员
    SECRETARY = "secretary"  # 书记
    DEPUTY_SECRETARY = "deputy_secretary"  # 副书记


OFFICERS = frozenset({Position.SECRETARY, Position.DEPUTY_SECRETARY})
"""Elected from as many candidates as seats, and approved by the superior."""


class Compute(StrEnum):
    """What a check asks alone, without the rest of a protocol."""

    DUE = "due"  # 应到会人数
    BALLOTS = "ballots"  # 有效票、无效票、得票
    CAST = "cast"  # 本人投票
    NOMINATION = "nomination"  # 差额
    COMMITTEE_SIZE = "committee_size"  # 委员会人数
    CONGRESS_MODE = "congress_mode"  # 党员代表大会


class Outcome(StrEnum):
    """How an election ends (选举结果)."""

    COMPLETE = "complete"  # 选足
    COMPLETE_REDUCED_SEATS = "complete_reduced_seats"  # 减少名额
    RUNOFF_REQUIRED = "runoff_required"  # 重新投票
    SEPARATE_ELECTION_REQUIRED = "separate_election_required"  # 另行选举
    ELECTION_VOID_RERUN = "election_void_rerun"  # 选举无效
    MEETING_INVALID = "meeting_invalid"  # 会议无效


PENDING = "pending_superior_approval"  # 待上级批准


@dataclass(frozen=True, slots=True)
class Size:
    """How many members a committee has, and what is said of fewer and of more."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    least: int
    usual: int
    most: int
    under: str
    over: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground on which a member with a vote may not be due, and other ways to write it."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    code: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ElectionPack(Cited):
    """The numbers of an election."""

    quorum: tuple[int, int]
    differential_percent: int
    close_seats: int
    congress_members: int
    congress_most_delegates: int
    committee_full_members: int
    officers_without_committee: int
    sizes: dict[OrganizationKind, Size]
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """Members by whether they have a vote."""

    full_in_good_standing: int = 0
    full_under_party_probation_sanction: int = 0
    full_detained_rights_suspended: int = 0
    probationary: int = 0


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A member who is not to be counted as due."""

    reason: str
    superior_approved: bool
    meeting_passed: bool


@dataclass(frozen=True, slots=True)
class CongressCase:
    """An organisation that would elect by a congress of delegates."""

    members: int
    scattered: bool
    superior_approved: bool


@dataclass(frozen=True, slots=True)
class Protocol:
    """What the protocol of an election says; `None` is what it does not say.

    `votes` are the votes for each name, write-ins among them; `ballots` the names on each ballot.
    """

    present: int | None = None
    due: int | None = None
    position: Position = Position.COMMITTEE_MEMBER
    seats: int | None = None
    candidates: Sequence[str] = ()
    write_ins: Sequence[str] = ()
    votes: Mapping[str, int] | None = None
    ballots: Sequence[Sequence[str]] | None = None
    ballots_issued: int | None = None
    ballots_collected: int | None = None
    reduce_seats_consent: int | None = None


@dataclass(frozen=True, slots=True)
class BallotCount:
    """What stands on the ballots."""

    valid: int
    invalid: int
    blank: int
    votes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Runoff:
    """Who is voted on again, for how many seats."""

    among: tuple[str, ...]
    seats: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is elected by votes alone."""

    elected: tuple[str, ...]
    with_majority: tuple[str, ...]
    runoff: Runoff | None


@dataclass(frozen=True, slots=True)
class TallyVerdict:
    """The answer of a check of an election; `None` is what was not asked or cannot be said."""

    due: int | None = None
    quorum_needed: int | None = None
    meeting_valid: bool | None = None
    election_valid: bool | None = None
    votes_needed: int | None = None
    valid: int | None = None
    invalid: int | None = None
    votes: dict[str, int] | None = None
    elected: tuple[str, ...] | None = None
    runoff: Runoff | None = None
    unfilled_seats: int | None = None
    final_seats: int | None = None
    outcome: Outcome | None = None
    min_candidates: int | None = None
    accepted: bool | None = None
    reason: str | None = None
    result_status: str | None = None
    delegate_congress_allowed: tuple[bool, ...] | None = None
    reasons: tuple[Reason, ...] = ()
