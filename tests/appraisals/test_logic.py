"""The draw, and the total of a sheet."""

import hashlib
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.appraisals import logic

POOLS = st.lists(st.uuids(), min_size=1, max_size=20, unique=True)
SEEDS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(SEEDS, POOLS, st.data())
def test_a_draw_depends_on_the_seed_and_the_pool_alone(
    seed: str, pool: list[UUID], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(pool)))
    drawn = logic.draw(seed, pool, size)
    assert len(drawn) == len(set(drawn)) == size
    assert set(drawn) <= set(pool)
    shuffled = data.draw(st.permutations(pool))
    assert logic.draw(seed, shuffled, size) == drawn
    assert logic.pool_digest(shuffled) == logic.pool_digest(pool)
    assert logic.draw(seed, pool, len(pool))[:size] == drawn
    # as anybody does it again, without this program
    by_hand = sorted(pool, key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).hexdigest())
    assert drawn == by_hand[:size]


def test_a_draw_of_known_numbers() -> None:
    pool = [UUID(int=n) for n in range(1, 6)]
    assert [i.int for i in logic.draw("0" * 64, pool, 3)] == DRAWN


DRAWN = [1, 2, 5]


@given(st.lists(st.decimals(0, 100, places=2), min_size=2, max_size=2))
def test_a_total_lies_between_its_scores(scores: list[Decimal]) -> None:
    assert min(scores) <= logic.total([60, 40], scores) <= max(scores)


def test_a_total_is_rounded_half_up() -> None:
    assert logic.total([50, 50], [Decimal("80.01"), Decimal("80.00")]) == Decimal("80.01")
