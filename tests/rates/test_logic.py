"""Decisions about rates."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.db import new_id
from app.rates.logic import ranked, rate, rolled
from app.rates.types import Tally


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [
        (256, 297, "0.862"),  # 86.2 %
        (2154, 2830, "0.761"),  # 76.1 %
        (0, 5, "0.000"),
        (5, 5, "1.000"),
        (1, 2000, "0.001"),  # exactly half a thousandth: up
        (2499, 5_000_000, "0.000"),  # just below half
        (1, 16, "0.063"),  # 0.0625: to even would be 0.062
        (1999, 2000, "1.000"),
    ],
)
def test_half_up_to_three_places(done: int, total: int, shown: str) -> None:
    assert rate(done, total) == Decimal(shown)
    assert str(rate(done, total)) == shown


def test_nothing_has_no_rate() -> None:
    assert rate(0, 0) is None


@given(st.integers(1, 10**6), st.data())
def test_a_rate_is_the_nearest_thousandth(total: int, data: st.DataObject) -> None:
    done = data.draw(st.integers(0, total))
    found = rate(done, total)
    assert found is not None
    assert 0 <= found <= 1
    off = Fraction(found) - Fraction(done, total)
    assert Fraction(-1, 2000) < off <= Fraction(1, 2000)
    shown = float(found)  # what JSON gets reads back as the same three places
    assert Decimal(repr(shown)) == found


def tally(path: str, total: int, done: int, district: str = "231005") -> Tally:
    return Tally(district, new_id(), path, "party_branch", path, total, done)


def test_rolled_up_the_tree() -> None:
    tallies = [
        tally("1.", 0, 0),
        tally("1.2.", 1, 1),
        tally("1.2.3.", 2, 1),
        tally("1.20.", 4, 0),  # begins like 1.2. but for the dot
        tally("1.", 8, 8, "231004"),
    ]
    found = [(t.path, t.total, t.done) for t in rolled(tallies)]
    assert found == [
        ("1.", 7, 2),
        ("1.2.", 3, 2),
        ("1.2.3.", 2, 1),
        ("1.20.", 4, 0),
        ("1.", 8, 8),
    ]


def test_equals_share_a_rank_and_the_next_skips_it() -> None:
    found = ranked(
        [
            tally("1.1.", 0, 0),
            tally("1.2.", 4, 2),
            tally("1.3.", 2, 2),
            tally("1.4.", 2, 1),
            tally("1.5.", 9, 0),
        ]
    )
    assert [(rank, t.path) for rank, t in found] == [
        (1, "1.3."),
        (2, "1.2."),
        (2, "1.4."),
        (4, "1.5."),
        (None, "1.1."),
    ]


counts = st.integers(0, 50).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total)))


@given(st.lists(counts, max_size=30))
def test_a_rank_counts_who_is_better(pairs: list[tuple[int, int]]) -> None:
    tallies = [tally(f"1.{i}.", total, done) for i, (total, done) in enumerate(pairs, start=2)]
    found = ranked(tallies)
    assert sorted(t.path for _, t in found) == sorted(t.path for t in tallies)
    for rank, one in found:
        if not one.total:
            assert rank is None
            continue
        own = Fraction(one.done, one.total)
        better = sum(1 for t in tallies if t.total and Fraction(t.done, t.total) > own)
        assert rank == better + 1
