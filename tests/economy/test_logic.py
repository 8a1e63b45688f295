"""Which year has ended, what follows what."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import AppError, Invalid
from app.demo_economy.logic import shares
from app.economy import logic
from app.economy.errors import ContractNotOpen
from app.economy.types import ContractFinding

REGULAR, IRREGULAR = ContractFinding.REGULAR, ContractFinding.IRREGULAR


@given(st.dates(date(1950, 1, 1), date(2199, 12, 31)))
def test_the_last_year_that_ended(day: date) -> None:
    year = logic.last_year(day)
    assert date(year, 12, 31) <= day < date(year + 1, 12, 31)


def test_days() -> None:
    day, one = date(2019, 12, 31), timedelta(days=1)
    logic.check_day("reviewed_on", day, day)
    logic.check_day("resolved_on", day, day, day)
    for wrong in ((day + one, day, None), (day, day, day + one)):
        with pytest.raises(Invalid):
            logic.check_day("resolved_on", *wrong)


@pytest.mark.parametrize(
    ("finding", "resolved", "is_open"),
    [(IRREGULAR, None, True), (IRREGULAR, date(2019, 1, 1), False), (REGULAR, None, False)],
)
def test_only_an_irregular_contract_is_open(
    finding: ContractFinding, resolved: date | None, is_open: bool
) -> None:
    refusal: type[AppError] | None = None
    try:
        logic.check_open(finding, resolved)
    except ContractNotOpen:
        refusal = ContractNotOpen
    assert (refusal is None) == is_open


@given(st.integers(0, 10**12), st.integers(1, 40), st.integers())
def test_shares_add_up(total: int, parts: int, seed: int) -> None:
    drawn = shares(Random(seed), total, parts)  # noqa: S311
    assert (len(drawn), sum(drawn)) == (parts, total)
    assert min(drawn) >= 0
