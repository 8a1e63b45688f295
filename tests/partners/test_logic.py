"""Days of units: both ends of every period."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.partners import logic
from app.partners.types import BY_ORGANIZATION, CoverageMode
from tests.partners.test_figures import holds

DAY = date(2019, 12, 31)
days = st.dates(date(2019, 1, 1), date(2019, 1, 9))
ends = st.none() | days


@given(days, ends, days, ends)
def test_two_periods_overlap_where_they_share_a_day(
    first: date, end: date | None, other: date, other_end: date | None
) -> None:
    end, other_end = end and max(first, end), other_end and max(other, other_end)
    around = [date(2019, 1, 1) + timedelta(days=n) for n in range(10)]
    shared = any(holds(d, (first, end)) and holds(d, (other, other_end)) for d in around)
    assert logic.overlap(first, end, other, other_end) == shared


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        (None, None, (date(2019, 1, 1), date(2020, 1, 1))),
        (date(2019, 6, 1), None, (date(2019, 6, 1), date(2020, 1, 1))),
        (None, date(2018, 6, 30), (date(2018, 1, 1), date(2018, 7, 1))),
        (date(2019, 6, 1), date(2019, 6, 1), (date(2019, 6, 1), date(2019, 6, 2))),
        (None, date(2020, 3, 1), (date(2019, 1, 1), date(2020, 1, 1))),  # nobody knows yet
        (date(2020, 1, 1), None, (date(2020, 1, 1), date(2020, 1, 1))),  # nothing is left
        (date(2020, 2, 1), date(2020, 3, 1), (date(2020, 2, 1), date(2020, 2, 1))),
    ],
)
def test_a_period_ends_with_the_day_at_latest(
    first: date | None, last: date | None, period: tuple[date, date]
) -> None:
    assert logic.period(DAY, first, last) == period


def test_what_ends_on_its_first_day_never_held() -> None:
    logic.check_days(DAY, DAY)
    with pytest.raises(Invalid):
        logic.check_days(DAY, DAY - timedelta(days=1))


@pytest.mark.parametrize("mode", CoverageMode)
def test_a_coverage_names_whom_its_mode_asks_for(mode: CoverageMode) -> None:
    one = UUID(int=1)
    for covering, member in ((None, None), (one, None), (None, one), (one, one)):
        right = (covering is not None, member is not None) == (
            mode in BY_ORGANIZATION,
            mode == CoverageMode.INSTRUCTOR,
        )
        if right:
            logic.check_by_whom(mode, covering, member)
        else:
            with pytest.raises(Invalid):
                logic.check_by_whom(mode, covering, member)
