"""Averages, ranks and ties; whose entries a juror leaves alone."""

from collections import Counter
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contests import logic
from app.contests.errors import ScoresMissing, TieAtTheCut
from app.contests.logic import Unit
from app.contests.types import Placing

A, B, C, D = (UUID(int=n) for n in range(1, 5))


def ranked(scores: dict[UUID, list[str]], *, drops: bool = False) -> list[Placing]:
    given_ = {e: [Decimal(s) for s in listed] for e, listed in scores.items()}
    return logic.ranking(given_, drops_extremes=drops)


def test_equal_averages_share_a_rank_and_the_next_is_left_out() -> None:
    found = ranked({A: ["80", "90"], B: ["85"], C: ["91"], D: []})
    assert [(p.entry_id, p.rank, p.is_tied) for p in found] == [
        (C, 1, False),
        (A, 2, True),
        (B, 2, True),
        (D, None, False),
    ]
    assert [p.average for p in found] == [Decimal("91.000"), Decimal(85), Decimal(85), None]


def test_ranks_go_by_the_exact_average() -> None:
    found = ranked({A: ["90", "90", "90.01"], B: ["90", "90.01", "90.01"], C: ["90.0033"]})
    assert [p.entry_id for p in found] == [B, A, C]
    assert [p.average for p in found] == [Decimal("90.007"), Decimal("90.003"), Decimal("90.003")]


@pytest.mark.parametrize(
    ("scores", "average"),
    [
        (["60", "100"], "80"),  # of two none is left out
        (["60", "90", "100"], "90"),
        (["60", "60", "90", "100"], "75"),
    ],
)
def test_the_highest_and_the_lowest_may_not_count(scores: list[str], average: str) -> None:
    assert ranked({A: scores}, drops=True)[0].average == Decimal(average)


@given(
    st.dictionaries(
        st.uuids(),
        st.lists(st.decimals(0, 100, places=1), min_size=1, max_size=5),
        min_size=1,
        max_size=12,
    ),
    st.booleans(),
)
def test_ranks_are_those_of_a_competition(scores: dict[UUID, list[Decimal]], drops: bool) -> None:
    found = logic.ranking(scores, drops_extremes=drops)
    assert {p.entry_id for p in found} == scores.keys()
    ranks = [p.rank or 0 for p in found]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    for rank, count in Counter(ranks).items():
        assert sum(r < rank for r in ranks) == rank - 1
        assert all(p.is_tied == (count > 1) for p in found if p.rank == rank)
    averages = [p.average for p in found]
    assert averages == sorted(averages, reverse=True)  # type: ignore[type-var]


def test_a_tie_matters_at_the_cut_alone() -> None:
    found = ranked({A: ["90"], B: ["90"], C: ["80"], D: ["70"]})
    for places in (2, 3, 4, 10):
        logic.check_cut(found, places)
    with pytest.raises(TieAtTheCut) as refused:
        logic.check_cut(found, 1)
    assert refused.value.more["entries"] == [str(A), str(B)]


@pytest.mark.parametrize(
    ("juror", "entry", "own"),
    [
        ("1.2.3.", "1.2.3.", True),
        ("1.2.", "1.2.3.", True),
        ("1.2.3.", "1.2.", True),
        ("1.2.3.", "1.2.30.", False),
        ("1.2.", "1.20.3.", False),
        ("1.", "1.2.3.", False),  # the district's root stands above everybody
        ("1.", "1.", True),
        (None, "1.2.", False),
    ],
)
def test_own_units(juror: str | None, entry: str, own: bool) -> None:
    assert logic.is_own(Unit(juror), Unit(entry)) == own


def test_every_juror_scores_all_but_the_own() -> None:
    entries = {A: Unit("1.2."), B: Unit("1.3.")}
    jurors = {C: Unit("1.2."), D: Unit(None)}
    scored = {(B, C), (A, D), (B, D)}
    logic.check_complete(entries, jurors, scored)
    for one in scored:
        with pytest.raises(ScoresMissing):
            logic.check_complete(entries, jurors, scored - {one})
    with pytest.raises(ScoresMissing):
        logic.check_complete({}, jurors, set())
    with pytest.raises(ScoresMissing):
        logic.check_complete(entries, {}, set())
