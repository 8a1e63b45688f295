"""Who is due, and the verdict on a vote."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.tallies import logic
from app.tallies.types import Outcome, Protocol


def protocol(**values: object) -> Protocol:
    known: dict[str, object] = {
        "due": 40,
        "present": 32,
        "ballots_issued": 32,
        "ballots_collected": 32,
        "seats": 3,
        "votes": {"A": 30, "B": 25, "C": 20, "D": 15},
        "reduce_seats_consent": None,
    }
    return Protocol(**known | values)  # type: ignore[arg-type]


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
    counts = logic.count_due((*key, n) for key, n in groups.items())
    assert counts["due"] + sum(counts["not_due"].values()) == counts["members"]
    assert counts["members"] == sum(groups.values())
    needed = counts["quorum_needed"]
    assert 5 * needed >= 4 * counts["due"] > 5 * (needed - 1) or needed == 0


@pytest.mark.parametrize(
    ("present", "valid"), [(31, False), (32, True)], ids=["under four fifths", "four fifths"]
)
def test_four_fifths_of_those_due_are_a_quorum(present: int, valid: bool) -> None:
    """有选举权的到会人数不少于应到会人数的五分之四, 会议有效."""
    few = {"ballots_issued": present, "ballots_collected": present}
    verdict = logic.judge(protocol(present=present, **few))
    assert (verdict["quorum_needed"], verdict["meeting_valid"]) == (32, valid)
    assert (verdict["outcome"] == Outcome.MEETING_INVALID) != valid


@pytest.mark.parametrize(("collected", "valid"), [(31, True), (32, True), (33, False)])
def test_more_ballots_than_were_issued_make_all_void(collected: int, valid: bool) -> None:
    verdict = logic.judge(protocol(ballots_collected=collected))
    assert verdict["election_valid"] == valid
    assert (verdict["outcome"] == Outcome.ELECTION_VOID_RERUN) != valid


@pytest.mark.parametrize(
    ("votes", "elected", "outcome"),
    [
        ({"A": 30, "B": 25, "C": 17, "D": 15}, ["A", "B", "C"], "complete"),
        ({"A": 30, "B": 25, "C": 16, "D": 15}, ["A", "B"], "separate_election_required"),
        ({"A": 20, "B": 30, "C": 22, "D": 21}, ["B", "C", "D"], "complete"),
        ({"A": 28, "B": 25, "C": 20, "D": 20}, ["A", "B"], "runoff_required"),
        ({"A": 25, "B": 25, "C": 20, "D": 10}, ["A", "B", "C"], "complete"),
        ({"A": 28, "B": 20, "C": 20, "D": 20}, ["A"], "runoff_required"),
    ],
)
def test_over_half_of_those_present_and_the_most_votes(
    votes: dict[str, int], elected: list[str], outcome: str
) -> None:
    verdict = logic.judge(protocol(votes=votes))
    assert (verdict["elected"], verdict["outcome"]) == (elected, outcome)
    if outcome == "runoff_required":
        tied = verdict["runoff"]
        assert tied["seats"] == 3 - len(elected)
        assert {votes[n] for n in tied["among"]} == {20}


@pytest.mark.parametrize(
    ("votes", "consent", "outcome"),
    [
        ({"A": 30, "B": 25, "C": 10}, None, "separate_election_required"),
        ({"A": 30, "B": 25, "C": 10}, 15, "separate_election_required"),
        ({"A": 30, "B": 25, "C": 10}, 16, "complete_reduced_seats"),
        ({"A": 30, "B": 10, "C": 10}, 32, "separate_election_required"),
    ],
)
def test_half_of_those_present_may_agree_to_one_seat_fewer(
    votes: dict[str, int], consent: int | None, outcome: str
) -> None:
    verdict = logic.judge(protocol(votes=votes, reduce_seats_consent=consent))
    assert verdict["outcome"] == outcome


@pytest.mark.parametrize(
    "values",
    [
        {"present": 41},
        {"ballots_issued": 33},
        {"votes": {"A": 33}},
        {"votes": {"A": 32, "B": 32, "C": 32, "D": 1}},
    ],
)
def test_numbers_that_no_meeting_has_are_refused(values: dict[str, object]) -> None:
    logic.check_counts(protocol(votes={"A": 32, "B": 32, "C": 32}))
    with pytest.raises(Invalid):
        logic.check_counts(protocol(**values))


@given(
    st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(0, 20), min_size=1),
    st.integers(1, 5),
    st.randoms(),
)
def test_the_verdict_depends_on_the_votes_alone(
    votes: dict[str, int], seats: int, shuffle: random.Random
) -> None:
    values = {"due": 20, "present": 20, "ballots_issued": 20, "ballots_collected": 20}
    verdict = logic.judge(protocol(votes=votes, seats=seats, **values))
    names = list(votes)
    shuffle.shuffle(names)
    again = logic.judge(protocol(votes={n: votes[n] for n in names}, seats=seats, **values))
    assert {*again["elected"]} == {*verdict["elected"]}
    assert again["outcome"] == verdict["outcome"]
    assert len(verdict["elected"]) + verdict["unfilled_seats"] == seats
    assert all(2 * votes[n] > 20 for n in verdict["elected"])
    if verdict["elected"]:
        winner = verdict["elected"][-1]
        more = logic.judge(
            protocol(votes=votes | {winner: votes[winner] + 1}, seats=seats, **values)
        )
        assert winner in more["elected"]
