"""Who is due, and the verdict on a vote."""

from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cycles.types import CycleStatus, Seats
from app.elections.logic import tally
from app.elections.queries import pack
from app.elections.types import Position
from app.tallies import logic
from app.tallies.errors import BoxNotPossible, NameUnclear
from app.tallies.types import Counts, ExclusionGround, Paper, Votes


@pytest.mark.parametrize(
    ("category", "status", "excluded", "reason"),
    [
        ("full", "active", False, None),
        ("full", "rectifying", False, None),
        ("probationary", "active", False, "probationary"),
        ("full", "rights_suspended", False, "rights_suspended"),
        ("full", "under_party_probation", True, "under_party_probation"),
        ("full", "active", True, "excluded"),
    ],
)
def test_who_is_due(category: str, status: str, excluded: bool, reason: str | None) -> None:
    """选举工作条例 第五条: 预备党员、留党察看、权利中止的党员没有表决权."""
    assert logic.not_due(category, status, is_excluded=excluded) == reason


@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["full", "probationary"]),
            st.sampled_from(["active", "rectifying", "rights_suspended", "under_party_probation"]),
            st.booleans(),
        ),
        st.integers(0, 500),
    )
)
def test_the_due_and_the_others_are_all(groups: dict[tuple[str, str, bool], int]) -> None:
    counts = logic.count_due(pack(), ((*key, n) for key, n in groups.items()))
    assert counts["due"] + sum(counts["not_due"].values()) == counts["members"]
    assert counts["members"] == sum(groups.values())
    needed = counts["quorum_needed"]
    assert 5 * needed >= 4 * counts["due"] > 5 * (needed - 1) or needed == 0


def test_the_grounds_are_those_of_the_rules() -> None:
    assert {*ExclusionGround} == {ground.code for ground in pack().grounds}


SEATS = Seats(3, 1, 0)
A, B, C, D = (UUID(int=n) for n in range(4))


class Stand(NamedTuple):
    member_id: UUID
    position: str = "committee_member"
    is_elected: bool = False


class Tally(NamedTuple):
    outcome: str
    verdict: dict[str, Any]
    position: str = "committee_member"


def valid(outcome: str, **verdict: Any) -> Tally:
    return Tally(outcome, {"election_valid": True} | verdict)


STANDING = [*map(Stand, (A, B, C, D)), Stand(A, "secretary")]
SOME = [Stand(A, is_elected=True), Stand(B, is_elected=True), *map(Stand, (C, D))]
SOME += [Stand(A, "secretary")]


def test_the_first_round_is_among_all() -> None:
    count = logic.Count.of(SEATS, STANDING, [])
    assert (count.position, count.seats, count.round) == ("committee_member", 3, 1)
    assert count.pool == {A, B, C, D}
    assert (count.is_whole, count.is_plenary, count.is_final) == (True, False, False)


@pytest.mark.parametrize("outcome", ["meeting_invalid", "election_void_rerun"])
def test_a_vote_that_counts_for_nothing_is_taken_again(outcome: str) -> None:
    count = logic.Count.of(SEATS, STANDING, [Tally(outcome, {"election_valid": False})])
    assert (count.seats, count.round, count.is_whole) == (3, 2, True)
    assert count.pool == {A, B, C, D}


def test_a_runoff_is_among_the_tied_even_after_a_void_vote() -> None:
    tie = valid("runoff_required", runoff={"among": [str(C), str(D)], "seats": 1})
    void = Tally("election_void_rerun", {"election_valid": False})
    for past in ([tie], [tie, void]):
        count = logic.Count.of(SEATS, SOME, past)
        assert (count.pool, count.seats, count.is_whole) == ({C, D}, 1, True)


def test_a_separate_election_is_among_whom_it_names() -> None:
    count = logic.Count.of(SEATS, SOME, [valid("separate_election_required")])
    assert (count.pool, count.seats, count.is_whole) == ({C, D}, 1, False)


def test_fewer_seats_by_consent_close_the_committee() -> None:
    count = logic.Count.of(SEATS, SOME, [valid("complete_reduced_seats")])
    assert (count.position, count.is_plenary, count.is_final) == ("secretary", True, True)
    assert count.committee == {A, B}
    assert count.is_last({"outcome": "complete"})
    assert not count.is_last({"outcome": "separate_election_required"})


def test_without_a_committee_the_meeting_elects_the_secretary() -> None:
    count = logic.Count.of(Seats(0, 1, 0), [Stand(A, "secretary")], [])
    assert (count.position, count.is_plenary, count.is_final) == ("secretary", False, True)
    nothing = logic.Count.of(Seats(0, 1, 0), [Stand(A, "secretary", is_elected=True)], [])
    assert nothing.position is None


def test_namesakes_are_told_apart() -> None:
    names = logic.labels({A: "张伟", B: "李娜", C: "张伟"})
    assert names == {A: "张伟", B: "李娜", C: "张伟（2）"}


@pytest.mark.parametrize(
    ("taken", "back"),
    [
        (["requested", "replied", "nominated", "prechecked", "published", "held"], "published"),
        (["requested", "replied", "nominated", "held"], "nominated"),
    ],
)
def test_a_meeting_without_a_quorum_leaves_the_step_before(taken: list[str], back: str) -> None:
    assert logic.before_meeting(map(CycleStatus, taken)) == back


# ── Ballots one by one

E, F = UUID(int=4), UUID(int=5)
WHO = {one: f"党员{n}" for n, one in enumerate((A, B, C, D, E, F))}
_papers = st.lists(
    st.frozensets(st.sampled_from([A, B, C, D, E, F, "路人甲", "路人乙"]), max_size=5), max_size=30
)


def _protocol(papers: list[Paper], absent: int, *, one_by_one: bool) -> Counts:
    votes, write_ins, others = logic.count_papers(papers, 3, (A, B, C, D))
    count = len(papers)
    return Counts(
        position=Position.COMMITTEE_MEMBER,
        due=count + 2 * absent,
        present=count + absent,
        ballots_issued=count,
        ballots_collected=count,
        votes=votes,
        write_ins=write_ins,
        papers=papers if one_by_one else None,
        others=others if one_by_one else {},
    )


def _verdict(counts: Counts) -> dict[str, Any]:
    return logic.verdict_of(tally(pack(), logic.protocol_of(counts, 3, WHO)), WHO)


@given(_papers, st.integers(0, 5), st.randoms())
def test_ballots_say_what_the_same_votes_typed_say(
    papers: list[Paper], absent: int, random: Random
) -> None:
    read = _protocol(papers, absent, one_by_one=True)
    one, other = _verdict(read), _verdict(_protocol(papers, absent, one_by_one=False))
    of_ballots = {"ballots_counted", "too_many_names"}
    reasons = [r for r in one.pop("reasons") if r["code"] not in of_ballots]
    for told in (one, other):
        told.pop("valid", None)
        told.pop("invalid", None)
    assert reasons == list(other.pop("reasons"))
    assert one == other
    again = random.sample(papers, len(papers))
    shuffled = _protocol(again, absent, one_by_one=True)
    assert _verdict(shuffled) == _verdict(read)
    assert logic.kept(shuffled, None) == logic.kept(read, None)


def test_a_name_of_several_is_asked_about_and_one_of_nobody_gets_no_vote() -> None:
    known = {"张伟": {A, B}, "李娜": {C}}
    with pytest.raises(NameUnclear) as refused:
        logic.read_papers([["张伟", "李娜"], ["路人甲"]], known)
    assert refused.value.more == {"names": ["张伟"]}
    read = logic.read_papers([["李娜", C, D], ["路人甲"]], known)
    assert read == [{C, D}, {"路人甲"}]
    assert logic.count_papers(read, 2, [C]) == ([Votes(C, 1)], [Votes(D, 1)], {"路人甲": 1})


@pytest.mark.parametrize(
    ("given", "listed", "delegates", "due"),
    [(None, 8, None, 8), (8, 8, None, 8), (None, None, 120, 120), (118, None, 120, 118)],
)
def test_the_number_due(
    given: int | None, listed: int | None, delegates: int | None, due: int
) -> None:
    assert logic.due_of(given, listed, delegates) == due


@pytest.mark.parametrize(("candidates", "voters"), [(0, 8), (4, 2), (4, 2001)])
def test_a_box_needs_candidates_and_voters(candidates: int, voters: int) -> None:
    with pytest.raises(BoxNotPossible):
        logic.check_box(candidates, voters)
    for enough in (3, 2000):
        logic.check_box(1, enough)
