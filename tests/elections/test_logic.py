"""The tally's invariants: what holds of every election, not only of the examples."""

import re
from random import Random
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.elections import logic
from app.elections.errors import ProtocolContradicts
from app.elections.queries import pack
from app.elections.types import Exclusion, Outcome, Position, Protocol, Roster
from app.organizations.types import OrganizationKind
from app.terms.queries import pack as terms

RULES = pack()
names = st.lists(st.sampled_from(ascii_uppercase[:8]), min_size=1, max_size=8, unique=True)


@st.composite
def elections(draw: st.DrawFn) -> tuple[dict[str, int], int, int]:
    """Votes, those present, seats; counts are small, so that ties are common."""
    present = draw(st.integers(1, 12))
    votes = {name: draw(st.integers(0, present)) for name in draw(names)}
    return votes, present, draw(st.integers(1, 6))


@given(elections())
def test_who_is_elected_has_a_majority_and_nobody_left_out_has_more(
    election: tuple[dict[str, int], int, int],
) -> None:
    votes, present, seats = election
    found = logic.elect(votes, present, seats)
    elected, tied = {*found.elected}, {*(found.runoff.among if found.runoff else ())}
    assert len(found.elected) == len(elected) <= seats
    assert all(2 * votes[name] > present for name in elected | tied)
    rest = votes.keys() - elected
    assert all(votes[e] > votes[r] for e in elected for r in rest) or not found.runoff
    assert all(votes[e] >= votes[r] for e in elected for r in rest)
    able = {name for name in votes if logic.has_majority(votes[name], present)}
    assert able == {*found.with_majority}
    if found.runoff is None:
        assert len(elected) == min(seats, len(able))
    else:
        assert len({votes[name] for name in tied}) == 1
        assert len(tied) > found.runoff.seats == seats - len(elected) > 0
        assert not elected & tied
    assert list(found.elected) == sorted(found.elected, key=lambda name: -votes[name])


@given(elections(), st.randoms(use_true_random=False))
def test_the_order_of_names_decides_nothing(
    election: tuple[dict[str, int], int, int], random: Random
) -> None:
    votes, present, seats = election
    shuffled = list(votes.items())
    random.shuffle(shuffled)
    one, other = (logic.elect(v, present, seats) for v in (votes, dict(shuffled)))
    assert {*one.elected} == {*other.elected}
    assert (one.runoff is None) == (other.runoff is None)
    if one.runoff and other.runoff:
        assert ({*one.runoff.among}, one.runoff.seats) == (
            {*other.runoff.among},
            other.runoff.seats,
        )


@given(elections(), st.data())
def test_an_added_vote_never_unseats(
    election: tuple[dict[str, int], int, int], data: st.DataObject
) -> None:
    votes, present, seats = election
    found = logic.elect(votes, present, seats)
    name = data.draw(st.sampled_from(sorted(votes)))
    after = logic.elect(votes | {name: votes[name] + 1}, present, seats)
    assert name not in found.elected or name in after.elected
    if found.runoff and name in found.runoff.among:
        assert name in after.elected


@given(elections())
def test_one_more_present_elects_nobody_new(election: tuple[dict[str, int], int, int]) -> None:
    votes, present, seats = election
    more = logic.elect(votes, present + 1, seats)
    assert {*more.with_majority} <= {*logic.elect(votes, present, seats).with_majority}


ballots = st.lists(st.lists(st.sampled_from("ABCDEX"), max_size=6), max_size=15)


@given(ballots, st.integers(1, 6), st.randoms(use_true_random=False))
def test_the_order_of_ballots_is_irrelevant(
    cast: list[list[str]], seats: int, random: Random
) -> None:
    counted = logic.count_ballots(seats, "ABCDE", cast)
    again = [random.sample(ballot, len(ballot)) for ballot in cast]
    random.shuffle(again)
    shuffled = logic.count_ballots(seats, "ABCDE", again)
    assert shuffled == counted
    assert list(shuffled.votes) == list(counted.votes)


@given(ballots, st.integers(1, 6))
def test_every_ballot_is_valid_or_not_and_gives_each_name_one_vote(
    cast: list[list[str]], seats: int
) -> None:
    counted = logic.count_ballots(seats, "ABCDE", cast)
    assert counted.valid + counted.invalid == len(cast)
    assert counted.invalid == sum(len({*b}) > seats for b in cast)
    assert counted.blank == cast.count([])
    assert all(votes <= counted.valid for votes in counted.votes.values())
    assert sum(counted.votes.values()) <= counted.valid * seats


@given(ballots, st.integers(1, 6), st.integers(0, 5))
def test_ballots_and_their_votes_give_one_verdict(
    cast: list[list[str]], seats: int, absent: int
) -> None:
    present = len(cast) + absent
    known = {"present": present, "due": present, "seats": seats, "candidates": "ABCDE"}
    by_ballots = logic.tally(RULES, Protocol(**known, ballots=cast))
    votes = logic.count_ballots(seats, "ABCDE", cast).votes
    by_votes = logic.tally(RULES, Protocol(**known, votes=votes))
    assert by_ballots.elected == by_votes.elected
    assert (by_ballots.outcome, by_ballots.runoff) == (by_votes.outcome, by_votes.runoff)


@given(elections(), st.integers(0, 4), st.none() | st.integers(0, 12))
def test_a_verdict_agrees_with_itself(
    election: tuple[dict[str, int], int, int], absent: int, consent: int | None
) -> None:
    votes, present, seats = election
    if consent is not None:
        consent = min(consent, present)
    found = logic.tally(
        RULES,
        Protocol(
            present=present,
            due=present + absent,
            seats=seats,
            candidates=tuple(votes),
            votes=votes,
            ballots_issued=present,
            ballots_collected=present,
            reduce_seats_consent=consent,
        ),
    )
    assert found.meeting_valid == (5 * present >= 4 * (present + absent))
    assert found.elected is not None
    if not found.meeting_valid:
        assert (found.outcome, found.elected) == (Outcome.MEETING_INVALID, ())
        return
    assert found.unfilled_seats is not None
    count = len(found.elected)
    assert (found.outcome is Outcome.RUNOFF_REQUIRED) == (found.runoff is not None)
    assert (found.outcome is Outcome.COMPLETE) == (count == seats)
    if found.outcome is Outcome.COMPLETE_REDUCED_SEATS:
        assert consent is not None
        assert 2 * consent >= present
        assert (count, found.final_seats, found.unfilled_seats) == (seats - 1, count, 0)
        assert count > 0
    else:
        assert found.unfilled_seats == seats - count
    assert {r.code for r in found.reasons} >= {"quorum_met", "majority_needed"}


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_quorum_and_majority_are_exact(due: int, present: int) -> None:
    assert logic.is_quorate(RULES, due, present) == (present >= logic.quorum_needed(RULES, due))
    needed = logic.votes_needed(present)
    assert logic.has_majority(needed, present)
    assert not logic.has_majority(needed - 1, present)


@given(st.integers(1, 1000))
def test_the_differential_is_a_fifth(seats: int) -> None:
    needed = logic.min_candidates(RULES, seats, Position.COMMITTEE_MEMBER)
    assert 5 * needed >= 6 * seats > 5 * (needed - 1)
    assert logic.min_candidates(RULES, seats, Position.DEPUTY_SECRETARY) == seats


def _codes(protocol: Protocol) -> set[str]:
    return {reason.code for reason in logic.tally(RULES, protocol).reasons}


def test_more_votes_than_the_ballots_hold_are_said() -> None:
    votes = {"A": 8, "B": 8, "C": 5}
    known = {"present": 10, "due": 10, "seats": 2, "ballots_collected": 10}
    assert "more_votes_than_ballots" in _codes(Protocol(**known, votes=votes))
    assert "more_votes_than_ballots" not in _codes(Protocol(**known, votes=votes | {"C": 4}))


def test_more_ballots_issued_than_voters_are_said() -> None:
    for issued, is_said in ((10, False), (11, True)):
        codes = _codes(Protocol(present=10, due=10, ballots_issued=issued, ballots_collected=10))
        assert ("more_issued_than_voters" in codes) is is_said
        assert "ballots_in_order" in codes


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(present=11, due=10),
        Protocol(present=10, due=10, seats=1, votes={"A": 11}),
        Protocol(present=10, due=10, seats=1, ballots_collected=8, votes={"A": 9}),
        Protocol(present=3, due=3, seats=1, ballots=[["A"]], ballots_collected=2),
        Protocol(present=3, due=3, seats=1, ballots=[["A"]], votes={"A": 2}),
        Protocol(present=10, due=10, seats=2, votes={"A": 9}, reduce_seats_consent=11),
    ],
)
def test_contradictions_are_refused(protocol: Protocol) -> None:
    with pytest.raises(ProtocolContradicts):
        logic.tally(RULES, protocol)


def test_nobody_is_excluded_who_is_not_there() -> None:
    gone = Exclusion("serving_sentence", superior_approved=True, meeting_passed=True)
    assert logic.count_due(RULES, Roster(1), [gone], 0).due == 0
    with pytest.raises(ProtocolContradicts):
        logic.count_due(RULES, Roster(1), [gone], 1)


def test_an_exclusion_says_each_thing_that_it_lacks() -> None:
    lacking = Exclusion("personal_leave", superior_approved=False, meeting_passed=False)
    said = {r.code for r in logic.count_due(RULES, Roster(3), [lacking], 0).reasons}
    wanted = {"exclusion_no_ground", "exclusion_not_approved", "exclusion_not_passed"}
    assert said == wanted | {"due_counted"}


def test_the_pack_is_complete() -> None:
    assert {c.source for c in RULES.clauses.values()} == {*RULES.sources}
    assert {code for size in RULES.sizes.values() for code in (size.under, size.over)} <= {
        *RULES.clauses
    }
    assert len(RULES.grounds) == 6
    spellings = [word for ground in RULES.grounds for word in (ground.code, *ground.also)]
    assert len({*spellings}) == len(spellings)
    assert OrganizationKind.PARTY_GROUP not in RULES.sizes
    for clause in RULES.clauses.values():
        assert re.search("[\u4e00-\u9fff]", clause.message.zh)
        assert re.fullmatch("[ -~]+", clause.message.en)
        fields = re.compile(r"\{([a-z_]+)\}")
        assert {*fields.findall(clause.message.en)} <= {*fields.findall(clause.message.zh)}
    assert RULES.name != terms().name
