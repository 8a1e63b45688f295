"""The arithmetic of figures."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.rounding import quotient


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "expected"),
    [
        (256, 297, 3, "0.862"),  # 0.861952…
        (2154, 2830, 3, "0.761"),  # 0.761130…
        (2410, 3127, 3, "0.771"),  # of both together, not the mean of the two
        (2132, 910, 2, "2.34"),
        (1, 2000, 3, "0.001"),  # half goes up
        (1, 2001, 3, "0.000"),
        (25, 10000, 3, "0.003"),
        (0, 5, 3, "0.000"),
        (5, 5, 3, "1.000"),
    ],
)
def test_half_goes_up_after_dividing(
    numerator: int, denominator: int, places: int, expected: str
) -> None:
    assert quotient(numerator, denominator, places) == Decimal(expected)


def test_nothing_divided_by_nothing_is_no_rate() -> None:
    assert quotient(0, 0, 3) is None


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_rate_is_off_by_half_a_unit_at_most(done: int, total: int) -> None:
    found = quotient(done, total, 3)
    assert found is not None
    assert abs(found * total * 2000 - done * 2000) <= total
