"""Decisions about wishes."""

from datetime import date
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


def test_ninety_days() -> None:
    assert logic.last_kept(date(2020, 3, 30)) == date(2019, 12, 31)
