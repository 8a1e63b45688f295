"""Pure decisions about who is due and what is elected next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from typing import Protocol as Shape
from uuid import UUID

from app.core.errors import Invalid
from app.cycles.errors import CandidateNotEligible
from app.cycles.logic import ORDER
from app.cycles.types import CycleStatus, Seats
from app.elections.logic import quorum_needed
from app.elections.types import ElectionPack, Outcome, Position, Protocol, TallyVerdict
from app.members.types import MemberCategory, MemberStatus
from app.tallies.errors import PositionNotOpen
from app.tallies.types import CLOSING, NotDue


class Votes(Shape):
    """Votes for one person."""

    member_id: UUID
    votes: int


class TallyCounts(Shape):
    """What a protocol says."""

    position: Position
    due: int
    present: int
    ballots_issued: int
    ballots_collected: int
    reduce_seats_consent: int | None

    @property
    def votes(self) -> Sequence[Votes]:
        """Votes for candidates."""

    @property
    def write_ins(self) -> Sequence[Votes]:
        """Votes for others."""


def not_due(category: str, status: str, *, is_excluded: bool) -> NotDue | None:
    """Say why a member is not due to attend; None for one who is (选举工作条例 第五条)."""
    if category != MemberCategory.FULL:
        return NotDue.PROBATIONARY
    if status == MemberStatus.RIGHTS_SUSPENDED:
        return NotDue.RIGHTS_SUSPENDED
    if status == MemberStatus.UNDER_PARTY_PROBATION:
        return NotDue.UNDER_PARTY_PROBATION
    return NotDue.EXCLUDED if is_excluded else None


def count_due(pack: ElectionPack, groups: Iterable[tuple[str, str, bool, int]]) -> dict[str, Any]:
    """Count who is due and who is not, out of (category, status, is excluded, how many)."""
    reasons: Counter[NotDue | None] = Counter()
    for category, status, is_excluded, count in groups:
        reasons[not_due(category, status, is_excluded=is_excluded)] += count
    due = reasons[None]
    return {
        "members": reasons.total(),
        "due": due,
        "quorum_needed": quorum_needed(pack, due),
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

    def check_names(self, new: TallyCounts) -> None:
        """Raise `Invalid` for people who do not stand in this round."""
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


def labels(names: Mapping[UUID, str]) -> dict[UUID, str]:
    """Give each person a name that no other of the vote has: 张伟, 张伟（2）."""
    seen: Counter[str] = Counter()
    made = {}
    for one in sorted(names):
        seen[names[one]] += 1
        number = seen[names[one]]
        made[one] = names[one] if number == 1 else f"{names[one]}（{number}）"
    return made


def protocol_of(new: TallyCounts, seats: int, names: Mapping[UUID, str]) -> Protocol:
    """Write a protocol as the rules of elections read it, with people by name."""
    counted = (*new.votes, *new.write_ins)
    return Protocol(
        present=new.present,
        due=new.due,
        position=new.position,
        seats=seats,
        candidates=[names[v.member_id] for v in new.votes],
        write_ins=[names[v.member_id] for v in new.write_ins],
        votes={names[v.member_id]: v.votes for v in counted},
        ballots_issued=new.ballots_issued,
        ballots_collected=new.ballots_collected,
        reduce_seats_consent=new.reduce_seats_consent,
    )


def verdict_of(found: TallyVerdict, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Write a verdict as it is kept: people by id, but for what the reasons say of them."""
    ids = {name: str(one) for one, name in names.items()}
    kept = {k: v for k, v in asdict(found).items() if v is not None and k != "votes"}
    kept["elected"] = [ids[name] for name in found.elected or ()]
    if found.runoff is not None:
        among = [ids[name] for name in found.runoff.among]
        kept["runoff"] = {"among": among, "seats": found.runoff.seats}
    return kept
