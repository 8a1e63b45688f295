"""Pure decisions about who is due and what is elected next."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from app.ballots.types import LEAST_VOTERS, MOST_VOTERS
from app.core.errors import Invalid, fault, wrong
from app.cycles.errors import CandidateNotEligible
from app.cycles.logic import ORDER
from app.cycles.types import CycleStatus, Seats
from app.elections.logic import quorum_needed
from app.elections.types import ElectionPack, Outcome, Position, Protocol, TallyVerdict
from app.members.types import MemberCategory, MemberStatus
from app.tallies.errors import BoxNotPossible, DueDiffers, NameUnclear, PositionNotOpen
from app.tallies.types import CLOSING, Counts, NotDue, Paper, Votes

TITLES = {
    Position.COMMITTEE_MEMBER: "委员",
    Position.SECRETARY: "书记",
    Position.DEPUTY_SECRETARY: "副书记",
}
_NEEDED = {
    "votes": ("present", "ballots_issued", "ballots_collected"),
    "ballots": ("present", "ballots_issued"),
    "ballot_box_id": (),
}
"""The three ways to enter a tally, and what each says beside."""
_UNWANTED = {
    "votes": {"names"},
    "ballots": {"write_ins"},
    "ballot_box_id": {"due", "ballots_issued", "ballots_collected", "write_ins"},
}


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
    elected: frozenset[UUID]
    """Who was elected to the position in an earlier round."""
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
        committee = frozenset(elected[Position.COMMITTEE_MEMBER])
        is_plenary = seats.committee > 0 and position != Position.COMMITTEE_MEMBER
        if is_plenary:  # whoever was not elected to the committee stands for no office
            among = among & committee
        valid = [t for t in before if t.verdict["election_valid"]]
        if valid and valid[-1].outcome == Outcome.RUNOFF_REQUIRED:
            among = {UUID(one) for one in valid[-1].verdict["runoff"]["among"]}
        return cls(
            position,
            seats.of(position) - len(elected[position]) if position else 0,
            len(before) + 1,
            frozenset(among),
            not valid or valid[-1].outcome == Outcome.RUNOFF_REQUIRED,
            frozenset(elected[position]) if position else frozenset(),
            committee,
            is_plenary,
            len(waiting) == 1,
        )

    def is_last(self, verdict: Mapping[str, Any]) -> bool:
        """Tell whether nothing is left to vote on after `verdict`."""
        return self.is_final and verdict["outcome"] in CLOSING

    def in_order(self, standing: Iterable[Any]) -> list[UUID]:
        """List the candidates of this round as they were nominated."""
        mine = (row.member_id for row in standing if row.position == self.position)
        return [one for one in mine if one in self.pool]

    def electable(self, ids: set[UUID]) -> set[UUID]:
        """Leave of those who could be elected who can in this vote."""
        able = ids & self.committee if self.is_plenary else ids
        return able - self.elected

    def check_not_elected(self, ids: Iterable[UUID]) -> None:
        """Raise `Invalid` for somebody who has the position already."""
        if not self.elected.isdisjoint(ids):
            raise Invalid("得票人在前一轮已当选", "somebody was elected in an earlier round")

    def check_names(self, new: Counts) -> None:
        """Raise `Invalid` for people who do not stand in this round."""
        listed = [v.member_id for v in new.votes]
        written = [v.member_id for v in new.write_ins]
        names = {*listed}
        if self.is_plenary:
            self.check_on_committee(listed)
        if len({*listed, *written}) < len(listed) + len(written):
            raise Invalid("同一人重复计票", "somebody is listed twice")
        if not names <= self.pool or (self.is_whole and names != self.pool):
            raise Invalid(
                "得票人须为本轮全部候选人", "the votes are to name each candidate of this round"
            )

    def check_on_committee(self, ids: Iterable[UUID]) -> None:
        """Raise `CandidateNotEligible` unless all were elected to the committee."""
        if not self.committee.issuperset(ids):
            raise CandidateNotEligible(
                "书记、副书记须为当选委员", "officers are members of the committee"
            )


def check_position(asked: Position | None, wanted: Position | None) -> Position:
    """Give the position whose turn it is; raise `PositionNotOpen`, naming it, for another."""
    if wanted is None or asked not in {None, wanted}:
        raise PositionNotOpen(
            f"本轮应选：{wanted or '无'}", f"elected now: {wanted or 'nothing'}", wanted=wanted
        )
    return wanted


def check_box(candidates: int, voters: int) -> None:
    """Raise `BoxNotPossible` for a vote without candidates, or with too few or many voters."""
    if not candidates:
        raise BoxNotPossible("没有候选人", "there is no candidate")
    if not LEAST_VOTERS <= voters <= MOST_VOTERS:
        raise BoxNotPossible(
            f"应到会 {voters} 人，票箱须有 {LEAST_VOTERS} 至 {MOST_VOTERS} 人",
            f"{voters} are due, a box is for {LEAST_VOTERS} to {MOST_VOTERS}",
        )


def title_of(name: str, position: Position, round_: int) -> str:
    """Name a ballot box after its vote."""
    return f"{name}换届选举：{TITLES[position]}（第{round_}轮）"


def check_way(given: Collection[str]) -> None:
    """Raise `Invalid` unless a tally is entered in one of its ways, with what that needs."""
    ways = [way for way in _NEEDED if way in given]
    if len(ways) != 1:
        raise Invalid(
            "votes、ballots、ballot_box_id 须填且只填一项",
            "give one of votes, ballots and ballot_box_id",
        )
    missing = [name for name in _NEEDED[ways[0]] if name not in given]
    unwanted = sorted(_UNWANTED[ways[0]].intersection(given))
    if missing or unwanted:
        errors = [
            fault(name, message, code)
            for names, code, message in (
                (missing, "missing", "必须填写"),
                (unwanted, "unwanted", f"填写 {ways[0]} 时不能填写"),
            )
            for name in names
        ]
        raise Invalid(errors=errors)


def due_of(given: int | None, listed: int | None, delegates: int | None) -> int:
    """Give the number due: that of the list, or of the delegates who were approved and elected.

    Raises `DueDiffers` or, where nothing is known, `Invalid`.
    """
    if listed is not None:
        if given not in {None, listed}:
            raise DueDiffers(f"名单应到会 {listed} 人", f"the list has {listed}", due=listed)
        return listed
    due = delegates if given is None else given
    if due is None:
        raise wrong("due", "须填写应到会代表人数", "give the number of delegates due", "missing")
    if delegates is not None and due > delegates:
        raise DueDiffers(
            f"批准代表名额 {delegates} 名", f"{delegates} delegates were approved", due=delegates
        )
    return due


# ── Ballots one by one


def read_papers(
    papers: Iterable[Iterable[UUID | str]], known: Mapping[str, Collection[UUID]]
) -> list[Paper]:
    """Say of each ballot whom it names; a name of nobody who is `known` stays a name.

    Raises `NameUnclear` for a name that several have.
    """
    read, unclear = [], set()
    for paper in papers:
        named: set[UUID | str] = set()
        for one in paper:
            found = known.get(one, ()) if isinstance(one, str) else (one,)
            if len(found) > 1:
                unclear.add(str(one))
            named.add(next(iter(found), one))
        read.append(frozenset(named))
    if unclear:
        raise NameUnclear("、".join(sorted(unclear)), names=sorted(unclear))
    return read


def count_papers(
    papers: Iterable[Paper], seats: int, pool: Sequence[UUID]
) -> tuple[list[Votes], list[Votes], dict[str, int]]:
    """Count valid ballots: the votes of the candidates, of write-ins, and of other names."""
    got = Counter(one for paper in papers if len(paper) <= seats for one in paper)
    others = {one: got[one] for one in sorted(n for n in got if isinstance(n, str))}
    written = sorted(n for n in got if isinstance(n, UUID) and n not in pool)
    return [Votes(n, got[n]) for n in pool], [Votes(n, got[n]) for n in written], others


def _slips(papers: Iterable[Paper], seats: int, names: Mapping[UUID, str]) -> list[list[str]]:
    """Write ballots for the rules: who cannot be elected gets no vote, but can spoil a ballot."""
    return [
        [one if isinstance(one, str) else names[one] for one in paper]
        if len(paper) > seats
        else [names[one] for one in paper if isinstance(one, UUID)]
        for paper in papers
    ]


def labels(names: Mapping[UUID, str]) -> dict[UUID, str]:
    """Give each person a name that no other of the vote has: 张伟, 张伟（2）."""
    seen: Counter[str] = Counter()
    made = {}
    for one in sorted(names):
        seen[names[one]] += 1
        number = seen[names[one]]
        made[one] = names[one] if number == 1 else f"{names[one]}（{number}）"
    return made


def protocol_of(new: Counts, seats: int, names: Mapping[UUID, str]) -> Protocol:
    """Write a protocol as the rules of elections read it, with people by name."""
    counted = (*new.votes, *new.write_ins)
    papers = None if new.papers is None else _slips(new.papers, seats, names)
    return Protocol(
        present=new.present,
        due=new.due,
        position=new.position,
        seats=seats,
        candidates=[names[v.member_id] for v in new.votes],
        write_ins=[names[v.member_id] for v in new.write_ins],
        votes={names[v.member_id]: v.votes for v in counted},
        ballots=papers,
        ballots_issued=new.ballots_issued,
        ballots_collected=new.ballots_collected,
        reduce_seats_consent=new.reduce_seats_consent,
    )


def kept(new: Counts, box_id: UUID | None) -> dict[str, Any]:
    """Write a protocol as it is kept. Single ballots are sorted; those of a box stay in it."""
    found = asdict(new)
    del found["papers"]
    for name in ("votes", "write_ins"):
        found[name] = [{**v, "member_id": str(v["member_id"])} for v in found[name]]
    if box_id is not None:
        found["ballot_box_id"] = str(box_id)
    elif new.papers is not None:
        found["ballots"] = sorted(sorted(map(str, paper)) for paper in new.papers)
    if not found["others"]:
        del found["others"]
    return found


def verdict_of(found: TallyVerdict, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Write a verdict as it is kept: people by id, but for what the reasons say of them."""
    ids = {name: str(one) for one, name in names.items()}
    kept = {k: v for k, v in asdict(found).items() if v is not None and k != "votes"}
    kept["elected"] = [ids[name] for name in found.elected or ()]
    if found.runoff is not None:
        among = [ids[name] for name in found.runoff.among]
        kept["runoff"] = {"among": among, "seats": found.runoff.seats}
    return kept
