"""Pure decisions about an election, in integers: who is due, what counts, who is elected."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from app.elections.errors import ProtocolContradicts
from app.elections.types import (
    OFFICERS,
    PENDING,
    BallotCount,
    CongressCase,
    ElectionPack,
    Exclusion,
    Outcome,
    Position,
    Protocol,
    Roster,
    Runoff,
    Standing,
    TallyVerdict,
)
from app.organizations.types import OrganizationKind
from app.terms.logic import cite
from app.terms.types import Reason

_BRANCHES = frozenset({OrganizationKind.PARTY_BRANCH, OrganizationKind.JOINT_BRANCH})
_PERCENT = 100


def quorum_needed(pack: ElectionPack, due: int) -> int:
    """Give the least number present: four fifths of those due, the number itself included."""
    part, whole = pack.quorum
    return -(-part * due // whole)


def is_quorate(pack: ElectionPack, due: int, present: int) -> bool:
    """Tell whether a meeting is valid (不少于应到会人数的五分之四); nobody is no meeting."""
    part, whole = pack.quorum
    return present > 0 and whole * present >= part * due


def votes_needed(present: int) -> int:
    """Give the least votes that elect: more than half of those present, not of the ballots."""
    return present // 2 + 1


def has_majority(votes: int, present: int) -> bool:
    """Tell whether votes are more than half of those present; exactly half is not."""
    return 2 * votes > present


def min_candidates(pack: ElectionPack, seats: int, position: Position) -> int:
    """Give the least candidates: a fifth more than seats, or as many for a secretary or deputy."""
    if position in OFFICERS:
        return seats
    return -(-(_PERCENT + pack.differential_percent) * seats // _PERCENT)


def may_hold_congress(pack: ElectionPack, case: CongressCase) -> bool:
    """Tell whether a congress of delegates may elect: large or scattered, and approved."""
    return case.superior_approved and (case.members >= pack.congress_members or case.scattered)


# ── Parts of a protocol that are asked alone


def ground_of(pack: ElectionPack, reason: str) -> str | None:
    """Name the ground of the closed list that `reason` is, however it is written."""
    return next((g.code for g in pack.grounds if reason in {g.code, *g.also}), None)


def count_due(
    pack: ElectionPack, roster: Roster, exclusions: Sequence[Exclusion], approved_exclusions: int
) -> TallyVerdict:
    """Count who is due: full members with a vote, less those excluded on a ground and twice agreed.

    Raises `ProtocolContradicts` when more are excluded than there are.
    """
    reasons: list[Reason] = []
    excluded = approved_exclusions
    for number, one in enumerate(exclusions, start=1):
        codes = exclusion_faults(pack, one)
        excluded += not codes
        values = {"number": number, "ground": one.reason}
        reasons += (cite(pack, code, **values) for code in codes or ["exclusion_accepted"])
    full = roster.full_in_good_standing
    if excluded > full:
        raise ProtocolContradicts(
            f"不计入的 {excluded} 人多于有选举权的 {full} 人",
            f"{excluded} are excluded of {full} with a vote",
        )
    said = cite(
        pack,
        "due_counted",
        full=full,
        excluded=excluded,
        due=full - excluded,
        sanctioned=roster.full_under_party_probation_sanction,
        suspended=roster.full_detained_rights_suspended,
        probationary=roster.probationary,
    )
    return TallyVerdict(due=full - excluded, reasons=(said, *reasons))


def exclusion_faults(pack: ElectionPack, one: Exclusion) -> list[str]:
    """List the clauses by which a member is due after all; none where the exclusion stands."""
    faults = []
    if ground_of(pack, one.reason) is None:
        faults.append("exclusion_no_ground")
    if not one.superior_approved:
        faults.append("exclusion_not_approved")
    if not one.meeting_passed:
        faults.append("exclusion_not_passed")
    return faults


def nominate(pack: ElectionPack, position: Position, seats: int, candidates: int) -> TallyVerdict:
    """Judge how many candidates are nominated for the seats."""
    needed = min_candidates(pack, seats, position)
    is_equal = position in OFFICERS
    accepted = candidates == needed if is_equal else candidates >= needed
    code = f"{'equal' if is_equal else 'differential'}_{'met' if accepted else 'not_met'}"
    said = cite(pack, code, seats=seats, candidates=candidates, needed=needed)
    return TallyVerdict(min_candidates=needed, accepted=accepted, reasons=(said,))


def judge_size(
    pack: ElectionPack, kind: OrganizationKind, full_members: int | None, seats: int
) -> TallyVerdict:
    """Judge how many seats a committee has; a branch of few full members has no committee."""
    size = pack.sizes.get(kind)
    values = {"seats": seats, "full": full_members, "from_": pack.committee_full_members}
    if size is None:
        return _judged(pack, "no_elected_committee", accepted=False)
    values |= {"least": size.least, "usual": size.usual, "most": size.most}
    is_branch = kind in _BRANCHES
    if is_branch and full_members is not None and full_members < pack.committee_full_members:
        if seats <= pack.officers_without_committee:
            return _judged(pack, "officers_without_committee", accepted=True, **values)
        return _judged(pack, "no_committee_below_7_full_members", accepted=False, **values)
    if not size.least <= seats <= size.most:
        code = size.under if seats < size.least else size.over
        return _judged(pack, code, accepted=False, **values)
    code = "branch_size_accepted" if is_branch else "size_accepted"
    verdict = _judged(pack, code, accepted=True, **values)
    if seats > size.usual:
        more = cite(pack, "size_above_usual", **values)
        verdict = replace(verdict, reasons=(*verdict.reasons, more))
    return verdict


def _judged(pack: ElectionPack, code: str, *, accepted: bool, **values: object) -> TallyVerdict:
    said = cite(pack, code, **values)
    return TallyVerdict(accepted=accepted, reason=None if accepted else code, reasons=(said,))


def judge_congress(pack: ElectionPack, cases: Sequence[CongressCase]) -> TallyVerdict:
    """Judge for each case whether a congress of delegates may elect."""
    allowed, reasons = [], []
    for number, case in enumerate(cases, start=1):
        allowed.append(may_hold_congress(pack, case))
        is_large = case.members >= pack.congress_members or case.scattered
        code = "congress_not_approved" if is_large else "congress_neither"
        values = {"number": number, "members": case.members, "from_": pack.congress_members}
        reasons.append(cite(pack, "congress_allowed" if allowed[-1] else code, **values))
    return TallyVerdict(delegate_congress_allowed=tuple(allowed), reasons=tuple(reasons))


def judge_cast(pack: ElectionPack, *, is_present: bool, has_proxy: bool) -> TallyVerdict:
    """Judge whether a vote may be cast: by who is there, and by nobody for another."""
    if is_present and not has_proxy:
        return _judged(pack, "may_vote", accepted=True)
    return _judged(pack, "no_proxy_voting", accepted=False)


def count_ballots(
    seats: int, names: Iterable[str], ballots: Iterable[Sequence[str]]
) -> BallotCount:
    """Count ballots: more names than seats is invalid, fewer is valid, none is an abstention.

    Who stands twice on a ballot is one name. `names` are counted even without a vote; other names
    on the ballots are write-ins and follow in alphabetical order.
    """
    votes: Counter[str] = Counter()
    valid = invalid = blank = 0
    for ballot in ballots:
        chosen = {*ballot}
        if len(chosen) > seats:
            invalid += 1
            continue
        valid += 1
        blank += not chosen
        votes.update(chosen)
    order = list(dict.fromkeys(names))
    order += sorted(votes.keys() - {*order})
    return BallotCount(valid, invalid, blank, {name: votes[name] for name in order})


def judge_ballots(
    pack: ElectionPack, seats: int, names: Sequence[str], ballots: Sequence[Sequence[str]]
) -> TallyVerdict:
    """Count ballots and say so."""
    found = count_ballots(seats, names, ballots)
    values = {"valid": found.valid, "invalid": found.invalid, "blank": found.blank}
    codes = ["ballots_counted", *(["too_many_names"] if found.invalid else [])]
    said = tuple(cite(pack, code, seats=seats, **values) for code in codes)
    return TallyVerdict(valid=found.valid, invalid=found.invalid, votes=found.votes, reasons=said)


def elect(votes: Mapping[str, int], present: int, seats: int) -> Standing:
    """Give who is elected: a majority each, the most votes first, nobody on a tie at the cut.

    Equal votes keep the order of `votes`, which decides nothing but how they are listed.
    """
    ranked = sorted(votes, key=lambda name: -votes[name])
    able = tuple(name for name in ranked if has_majority(votes[name], present))
    if len(able) <= seats or votes[able[seats - 1]] > votes[able[seats]]:
        return Standing(able[:seats], able, None)
    cut = votes[able[seats]]
    sure = tuple(name for name in able if votes[name] > cut)
    tied = tuple(name for name in able if votes[name] == cut)
    return Standing(sure, able, Runoff(tied, seats - len(sure)))


# ── The whole protocol


def tally(pack: ElectionPack, protocol: Protocol) -> TallyVerdict:
    """Judge a protocol, as far as it goes: the meeting, the ballots, and who is elected.

    A meeting without its quorum and a void election elect nobody. Too few candidates are said, and
    change nothing: whether the election stands is then the superior's to decide.
    Raises `ProtocolContradicts` for counts that cannot all be true.
    """
    verdict = _meeting(pack, protocol)
    if verdict.meeting_valid is False:
        return replace(verdict, election_valid=False, elected=(), outcome=Outcome.MEETING_INVALID)
    if protocol.seats is not None and protocol.candidates:
        found = nominate(pack, protocol.position, protocol.seats, len(protocol.candidates))
        verdict = replace(verdict, accepted=found.accepted, min_candidates=found.min_candidates)
        verdict = _saying(verdict, *found.reasons)
    collected = _collected(protocol)
    is_void, said = _is_void(pack, protocol, collected)
    verdict = _saying(verdict, *said)
    if is_void:
        void = Outcome.ELECTION_VOID_RERUN
        return replace(verdict, election_valid=False, elected=(), outcome=void)
    verdict = replace(verdict, election_valid=True)
    if protocol.seats is not None:
        verdict = _counted(pack, verdict, protocol, protocol.seats, collected)
    if protocol.seats is None or protocol.present is None or verdict.votes is None:
        return verdict
    return _elected(pack, verdict, protocol, verdict.votes, protocol.present, protocol.seats)


def _agree(is_so: bool, zh: str, en: str) -> None:
    if not is_so:
        raise ProtocolContradicts(zh, en)


def _saying(verdict: TallyVerdict, *reasons: Reason) -> TallyVerdict:
    return replace(verdict, reasons=(*verdict.reasons, *reasons))


def _meeting(pack: ElectionPack, protocol: Protocol) -> TallyVerdict:
    due, present = protocol.due, protocol.present
    needed = None if due is None else quorum_needed(pack, due)
    votes = None if present is None else votes_needed(present)
    verdict = TallyVerdict(due=due, quorum_needed=needed, votes_needed=votes)
    if due is None or present is None:
        return verdict
    _agree(present <= due, f"实到会 {present} 人多于应到会 {due} 人", f"{present} of {due}")
    is_valid = is_quorate(pack, due, present)
    code = "quorum_met" if is_valid else "quorum_not_met"
    said = cite(pack, code, due=due, present=present, needed=needed)
    return _saying(replace(verdict, meeting_valid=is_valid), said)


def _collected(protocol: Protocol) -> int | None:
    if protocol.ballots is None:
        return protocol.ballots_collected
    count = len(protocol.ballots)
    stated = count if protocol.ballots_collected is None else protocol.ballots_collected
    _agree(stated == count, f"收回选票 {stated} 张与所录 {count} 张不符", f"{stated}, not {count}")
    return count


def _is_void(
    pack: ElectionPack, protocol: Protocol, collected: int | None
) -> tuple[bool, list[Reason]]:
    """Say whether more ballots came back than were issued, or than there are voters."""
    issued, present = protocol.ballots_issued, protocol.present
    codes = []
    if collected is not None and issued is not None and collected > issued:
        codes.append("more_ballots_than_issued")
    if collected is not None and present is not None and collected > present:
        codes.append("more_ballots_than_voters")
    is_void = bool(codes)
    if issued is not None and present is not None and issued > present:
        codes.append("more_issued_than_voters")
    if collected is not None and not is_void:
        codes.append("ballots_in_order")
    values = {"collected": collected, "issued": issued, "present": present}
    return is_void, [cite(pack, code, **values) for code in codes]


def _counted(
    pack: ElectionPack,
    verdict: TallyVerdict,
    protocol: Protocol,
    seats: int,
    collected: int | None,
) -> TallyVerdict:
    """Give the votes for each name: candidates first, then write-ins."""
    names = list(dict.fromkeys([*protocol.candidates, *protocol.write_ins]))
    stated, votes = protocol.votes, protocol.votes
    if protocol.ballots is not None:
        found = judge_ballots(pack, seats, names, protocol.ballots)
        votes = found.votes
        is_same = stated is None or Counter(stated) == Counter(votes)
        _agree(is_same, "所报得票与所录选票不符", "the votes are not those of the ballots")
        verdict = _saying(
            replace(verdict, valid=found.valid, invalid=found.invalid), *found.reasons
        )
    if votes is None:
        return verdict
    names += sorted(votes.keys() - {*names})
    votes = {name: votes.get(name, 0) for name in names}
    verdict = replace(verdict, votes=votes)
    if written := [name for name in votes if name not in protocol.candidates and votes[name]]:
        verdict = _saying(verdict, cite(pack, "write_ins_counted", names="、".join(written)))
    ballots = protocol.present if collected is None else collected
    most, total = max(votes.values(), default=0), sum(votes.values())
    if ballots is None or (total <= ballots * seats and most <= ballots):
        return verdict
    _agree(
        most <= ballots, f"得票 {most} 多于选票 {ballots} 张", f"{most} votes, {ballots} ballots"
    )
    values = {"total": total, "ballots": ballots, "seats": seats}
    return _saying(verdict, cite(pack, "more_votes_than_ballots", **values))


def _elected(
    pack: ElectionPack,
    verdict: TallyVerdict,
    protocol: Protocol,
    votes: dict[str, int],
    present: int,
    seats: int,
) -> TallyVerdict:
    """Say who is elected and what becomes of the seats that are left."""
    standing = elect(votes, present, seats)
    count, able = len(standing.elected), len(standing.with_majority)
    values = {"count": count, "seats": seats, "missing": seats - count, "present": present}
    said = [cite(pack, "majority_needed", needed=verdict.votes_needed, **values)]
    if short := [name for name in votes if name not in standing.with_majority]:
        said.append(cite(pack, "no_majority", names="、".join(short)))
    if able > seats:
        said.append(cite(pack, "most_votes", count=able, seats=seats))
    verdict = replace(verdict, elected=standing.elected, unfilled_seats=seats - count)
    reduction = _reduction_faults(pack, protocol.reduce_seats_consent, count, seats, present)
    if standing.runoff is not None:
        tied = {"names": "、".join(standing.runoff.among), "seats": standing.runoff.seats}
        said.append(cite(pack, "tie_at_the_cut", **tied))
        verdict = replace(verdict, runoff=standing.runoff, outcome=Outcome.RUNOFF_REQUIRED)
    elif count == seats:
        said.append(cite(pack, "complete", **values))
        verdict = replace(verdict, final_seats=seats, outcome=Outcome.COMPLETE)
    elif reduction == []:
        said.append(cite(pack, "seats_reduced", consent=protocol.reduce_seats_consent, **values))
        outcome = Outcome.COMPLETE_REDUCED_SEATS
        verdict = replace(verdict, unfilled_seats=0, final_seats=count, outcome=outcome)
    else:
        values["consent"] = protocol.reduce_seats_consent or 0
        said += (cite(pack, code, **values) for code in [*(reduction or ()), "separate_election"])
        verdict = replace(verdict, outcome=Outcome.SEPARATE_ELECTION_REQUIRED)
    if protocol.position in OFFICERS and standing.elected:
        said.append(cite(pack, PENDING))
        verdict = replace(verdict, result_status=PENDING)
    return _saying(verdict, *said)


def _reduction_faults(
    pack: ElectionPack, consent: int | None, count: int, seats: int, present: int
) -> list[str] | None:
    """List what speaks against fewer seats: nothing when few are short and half consents."""
    if consent is None:
        return None
    _agree(
        consent <= present, f"同意 {consent} 人多于实到会 {present} 人", f"{consent} of {present}"
    )
    faults = []
    if count == 0 or seats - count > pack.close_seats:
        faults.append("reduction_not_close")
    if 2 * consent < present:
        faults.append("reduction_not_consented")
    return faults
