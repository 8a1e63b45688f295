"""Who is due, and the verdict on a vote."""

from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cycles.types import CycleStatus, Seats
from app.elections.queries import pack
from app.tallies import logic
from app.tallies.types import ExclusionGround


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
