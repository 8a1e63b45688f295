"""Decisions about wishes."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from app.wishes import logic
from app.wishes.errors import OwnWish, WishOutOfOrder
from app.wishes.logic import Step
from app.wishes.types import WishStatus

OPEN, TAKEN, DONE, RATED, GONE = WishStatus
ALLOWED = {
    (OPEN, Step.TAKE): TAKEN,
    (TAKEN, Step.RELEASE): OPEN,
    (TAKEN, Step.COMPLETE): DONE,
    (DONE, Step.RATE): RATED,
    (OPEN, Step.WITHDRAW): GONE,
    (TAKEN, Step.WITHDRAW): GONE,
    (OPEN, Step.EDIT): OPEN,
}


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("status", WishStatus)
def test_steps_of_a_wish(status: WishStatus, step: Step) -> None:
    if (status, step) in ALLOWED:
        assert logic.stepped(status, step) == ALLOWED[status, step]
        return
    with pytest.raises(WishOutOfOrder) as refused:
        logic.stepped(status, step)
    assert logic.TERMS[status] in refused.value.detail.zh
    assert status in refused.value.detail.en


def test_two_parties() -> None:
    one, two = UUID(int=1), UUID(int=2)
    logic.check_rater(parties=(one, None), rating=(two, None))  # nobody is not the same nobody
    for rating in ((one, None), (two, one)):
        with pytest.raises(OwnWish):
            logic.check_rater(parties=(one, None), rating=rating)


def test_ninety_days_and_twice_as_many_at_most() -> None:
    assert logic.last_kept(date(2020, 3, 30)) == (date(2019, 12, 31), date(2019, 10, 2))
    for since, moved, kept in ((179, 89, True), (180, 0, False), (90, 90, False), (89, 89, True)):
        today = date(2020, 6, 30)
        days = (today - timedelta(days=n) for n in (moved, since))
        assert logic.is_kept(*days, today) is kept
