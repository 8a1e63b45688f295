"""Pure decisions about who is due and what is elected next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Shape
from uuid import UUID

from app.core.errors import Invalid
from app.cycles.errors import CandidateNotEligible
from app.cycles.logic import ORDER
from app.cycles.types import CycleStatus, Position, Seats
from app.members.types import MemberCategory, MemberStatus
from app.tallies.errors import PositionNotOpen
from app.tallies.types import CLOSING, NotDue, Outcome, Protocol


class Votes(Shape):
    """Votes for one person."""

    member_id: UUID
    votes: int


class TallyNames(Shape):
    """Who is named in a protocol."""

    @property
    def votes(self) -> Sequence[Votes]:
        """Votes for candidates."""

    @property
    def write_ins(self) -> Sequence[Votes]:
        """Votes for others."""


CLOSE = 1
"""Seats that may be missing for the electors to agree to fewer (接近应选名额)."""


def not_due(category: str, status: str, *, is_excluded: bool) -> NotDue | None:
    """Say why a member is not due to attend; None for one who is (选举工作条例 第五条)."""
    if category != MemberCategory.FULL:
        return NotDue.PROBATIONARY
    if status == MemberStatus.RIGHTS_SUSPENDED:
        return NotDue.RIGHTS_SUSPENDED
    if status == MemberStatus.UNDER_PARTY_PROBATION:
        return NotDue.UNDER_PARTY_PROBATION
    return NotDue.EXCLUDED if is_excluded else None


def count_due(groups: Iterable[tuple[str, str, bool, int]]) -> dict[str, Any]:
    """Count who is due and who is not, out of (category, status, is excluded, how many)."""
    reasons: Counter[NotDue | None] = Counter()
    for category, status, is_excluded, count in groups:
        reasons[not_due(category, status, is_excluded=is_excluded)] += count
    due = reasons[None]
    return {
        "members": reasons.total(),
        "due": due,
        "quorum_needed": -(-4 * due // 5),  # 不少于五分之四
        "not_due": {reason.value: reasons[reason] for reason in NotDue},
    }


def lacking(number: str | None, *, meeting_passed: bool) -> list[str]:
    """Name what an exclusion lacks: the consent of the level above, the vote of the meeting."""
    lacks = [] if number else ["superior_consent_number"]
    return lacks if meeting_passed else [*lacks, "meeting_passed"]


def before_meeting(taken: Iterable[CycleStatus]) -> CycleStatus:
    """Name the step to which a cycle returns whose meeting had no quorum."""
    held = ORDER.index(CycleStatus.HELD)
    return ORDER[max(at for at in map(ORDER.index, taken) if at < held)]


@dataclass(frozen=True, slots=True)
class Count:
    """How far the votes of a cycle have come: whose turn it is, for how many seats, among whom."""

    position: Position | None
    seats: int
    round: int
    pool: frozenset[UUID]
    """The candidates of this round."""
    is_whole: bool
    """Each of the pool must be in the protocol."""
    committee: frozenset[UUID]
    """Who was elected to the committee."""
    is_plenary: bool
    """The committee elects its officers."""
    is_final: bool
    """No other position waits."""

    @classmethod
    def of(cls, seats: Seats, standing: Iterable[Any], tallies: Iterable[Any]) -> "Count":
        """Read it from who stands, and from the tallies in their order."""
        elected: dict[Position, set[UUID]] = {p: set() for p in Position}
        pool: dict[Position, set[UUID]] = {p: set() for p in Position}
        for row in standing:
            (elected if row.is_elected else pool)[Position(row.position)].add(row.member_id)
        past: dict[Position, list[Any]] = {p: [] for p in Position}
        for tally in tallies:
            past[Position(tally.position)].append(tally)
        waiting = [
            p
            for p in Position
            if seats.of(p) > len(elected[p]) and not any(t.outcome in CLOSING for t in past[p])
        ]
        position = waiting[0] if waiting else None
        before = past[position] if position else []
        among = pool[position] if position else set()
        valid = [t for t in before if t.verdict["election_valid"]]
        if valid and valid[-1].outcome == Outcome.RUNOFF_REQUIRED:
            among = {UUID(one) for one in valid[-1].verdict["runoff"]["among"]}
        return cls(
            position,
            seats.of(position) - len(elected[position]) if position else 0,
            len(before) + 1,
            frozenset(among),
            not valid or valid[-1].outcome == Outcome.RUNOFF_REQUIRED,
            frozenset(elected[Position.COMMITTEE_MEMBER]),
            seats.committee > 0 and position != Position.COMMITTEE_MEMBER,
            len(waiting) == 1,
        )

    def is_last(self, verdict: Mapping[str, Any]) -> bool:
        """Tell whether nothing is left to vote on after `verdict`."""
        return self.is_final and verdict["outcome"] in CLOSING

    def check_names(self, new: TallyNames) -> dict[str, int]:
        """Give the votes by id, or raise `Invalid` for people who do not stand in this round."""
        listed = [v.member_id for v in new.votes]
        written = [v.member_id for v in new.write_ins]
        names = {*listed}
        if len({*listed, *written}) < len(listed) + len(written):
            raise Invalid("同一人重复计票", "somebody is listed twice")
        if not names <= self.pool or (self.is_whole and names != self.pool):
            raise Invalid(
                "得票人须为本轮全部候选人", "the votes are to name each candidate of this round"
            )
        if self.is_plenary:
            self.check_on_committee(listed)
        return {str(v.member_id): v.votes for v in (*new.votes, *new.write_ins)}

    def check_on_committee(self, ids: Iterable[UUID]) -> None:
        """Raise `CandidateNotEligible` unless all were elected to the committee."""
        if not self.committee.issuperset(ids):
            raise CandidateNotEligible(
                "书记、副书记须为当选委员", "officers are members of the committee"
            )


def check_position(asked: Position, wanted: Position | None) -> None:
    """Raise `PositionNotOpen`, naming the position whose turn it is, unless it is `asked`."""
    if asked != wanted:
        raise PositionNotOpen(
            f"本轮应选：{wanted or '无'}", f"elected now: {wanted or 'nothing'}", wanted=wanted
        )


def check_counts(protocol: Protocol) -> None:
    """Raise `Invalid` for numbers that no meeting can have."""
    wrong = []
    if protocol.present > protocol.due:
        wrong.append(("present", "实到不能多于应到", "more present than due"))
    if protocol.ballots_issued > protocol.present:
        wrong.append(("ballots_issued", "发出选票不能多于实到", "more ballots than people"))
    if protocol.ballots_collected <= protocol.ballots_issued:  # more make the election void
        most = protocol.ballots_collected
        if max(protocol.votes.values()) > most:
            wrong.append(("votes", "得票不能多于收回选票", "more votes than ballots"))
        if sum(protocol.votes.values()) > most * protocol.seats:
            wrong.append(("votes", "总票数超出", "more votes than the ballots can hold"))
    if wrong:
        raise Invalid(
            "；".join(w[1] for w in wrong),
            "; ".join(w[2] for w in wrong),
            errors=[
                {"field": f, "where": "body", "code": "count", "message": zh} for f, zh, _ in wrong
            ],
        )


def judge(protocol: Protocol) -> dict[str, Any]:
    """Give the verdict on a vote (选举工作条例 实施章).

    Four fifths of those due must be present; more ballots collected than issued make all void;
    elected is who has more than half of those present, the most votes first.
    """
    needed = -(-4 * protocol.due // 5)
    is_meeting = 5 * protocol.present >= 4 * protocol.due
    is_election = is_meeting and protocol.ballots_collected <= protocol.ballots_issued
    verdict: dict[str, Any] = {
        "due": protocol.due,
        "quorum_needed": needed,
        "meeting_valid": is_meeting,
        "election_valid": is_election,
        "votes_needed": protocol.present // 2 + 1,
        "elected": [],
        "unfilled_seats": protocol.seats,
        "final_seats": protocol.seats,
    }
    if not is_meeting:
        return verdict | {"outcome": Outcome.MEETING_INVALID}
    if not is_election:
        return verdict | {"outcome": Outcome.ELECTION_VOID_RERUN}
    votes, seats = protocol.votes, protocol.seats
    over_half = sorted(
        (n for n in votes if 2 * votes[n] > protocol.present), key=lambda n: -votes[n]
    )
    elected, tied = over_half[:seats], []
    if len(over_half) > seats and votes[over_half[seats]] == votes[over_half[seats - 1]]:
        cut = votes[over_half[seats]]
        tied = [n for n in over_half if votes[n] == cut]
        elected = [n for n in over_half if votes[n] > cut]
    verdict["elected"] = elected
    verdict["unfilled_seats"] = missing = seats - len(elected)
    if tied:
        runoff = {"among": tied, "seats": missing}
        return verdict | {"runoff": runoff, "outcome": Outcome.RUNOFF_REQUIRED}
    if not missing:
        return verdict | {"outcome": Outcome.COMPLETE}
    agreed = protocol.reduce_seats_consent
    if missing == CLOSE and elected and agreed is not None and 2 * agreed >= protocol.present:
        return verdict | {
            "final_seats": len(elected),
            "unfilled_seats": 0,
            "outcome": Outcome.COMPLETE_REDUCED_SEATS,
        }
    return verdict | {"outcome": Outcome.SEPARATE_ELECTION_REQUIRED}
