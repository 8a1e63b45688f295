"""The order of the steps under any practice, days, and what is told to be late."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.caller import Subtree
from app.core.errors import Invalid
from app.cycles import logic
from app.cycles.errors import OutOfOrder
from app.cycles.types import ENDED, CycleStatus, Practice

PRACTICES = st.builds(Practice, st.booleans(), st.booleans())


@given(PRACTICES)
def test_each_practice_leads_from_the_plan_to_the_approval(practice: Practice) -> None:
    way = [CycleStatus.PLANNED]
    while (step := logic.following(way[-1], practice)) is not None:
        logic.check_order(way[-1], step, practice)
        way.append(step)
    assert way[-1] == CycleStatus.APPROVED
    assert all(logic.ORDER.index(a) < logic.ORDER.index(b) for a, b in pairwise(way))
    left_out = {*logic.ORDER} - {*way}
    assert (CycleStatus.PRECHECKED in left_out) != practice.needs_precheck
    assert (CycleStatus.PUBLISHED in left_out) != practice.needs_publication


@given(PRACTICES, st.sampled_from(CycleStatus), st.sampled_from(CycleStatus))
def test_no_other_step_is_in_order(
    practice: Practice, status: CycleStatus, step: CycleStatus
) -> None:
    if step == logic.following(status, practice) or step == status == CycleStatus.NOMINATED:
        logic.check_order(status, step, practice)
        return
    with pytest.raises(OutOfOrder) as refused:
        logic.check_order(status, step, practice)
    assert refused.value.more["present"] == status
    assert (refused.value.more["needs"] is None) == (status in ENDED)


@pytest.mark.parametrize(
    ("asked", "held", "told", "until", "late"),
    [
        ((2019, 10, 31), (2019, 12, 31), (2020, 1, 31), None, ""),
        ((2019, 11, 1), (2020, 1, 1), (2020, 2, 2), None, "requested held reported"),
        ((2020, 4, 30), (2020, 6, 30), (2020, 7, 30), date(2020, 6, 30), ""),
        ((2020, 5, 1), (2020, 7, 1), (2020, 8, 2), date(2020, 6, 30), "requested held reported"),
    ],
)
def test_what_is_late_is_told(
    asked: tuple[int, int, int],
    held: tuple[int, int, int],
    told: tuple[int, int, int],
    until: date | None,
    late: str,
) -> None:
    steps = {
        CycleStatus.REQUESTED: date(*asked),
        CycleStatus.HELD: date(*held),
        CycleStatus.REPORTED: date(*told),
    }
    found = logic.warnings(date(2019, 12, 31), until, steps, Practice())
    assert found == [f"{word}_late" for word in late.split()]


def test_above_the_root_is_nothing() -> None:
    assert logic.above(Subtree("231005", "1.17.204.")) == Subtree("231005", "1.17.")
    over = logic.above(Subtree("231005", "1."))
    assert not Subtree("231005", "1.").holds(over)


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(2020, 1, 5)])
def test_a_day_is_between_the_last_step_and_today(day: date) -> None:
    logic.check_day(day, date(2020, 1, 1), date(2020, 1, 5))
    for wrong in (date(2019, 12, 31), date(2020, 1, 6)):
        with pytest.raises(Invalid):
            logic.check_day(wrong, date(2020, 1, 1), date(2020, 1, 5))
