"""Decisions about claims and records."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.residents import logic
from app.residents.errors import (
    CapacityTaken,
    ClaimOutOfOrder,
    OwnRecord,
    PostClosed,
    PostFull,
    RecordDecided,
)
from app.residents.logic import Move
from app.residents.types import LIVE, ClaimStatus, PostStatus, RecordStatus

DAY = timedelta(days=1)
TODAY = date(2019, 12, 31)
P, A, R, X, F = ClaimStatus
ALLOWED = {
    (P, Move.ACCEPT): A,
    (P, Move.REJECT): R,
    (P, Move.EXIT): X,
    (A, Move.EXIT): X,
    (A, Move.FINISH): F,
}


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("status", ClaimStatus)
def test_moves_of_a_claim(status: ClaimStatus, move: Move) -> None:
    if (status, move) in ALLOWED:
        assert logic.moved(status, move) == ALLOWED[status, move]
        return
    with pytest.raises(ClaimOutOfOrder) as refused:
        logic.moved(status, move)
    assert logic.CLAIM_TERMS[status] in refused.value.detail.zh
    assert status in refused.value.detail.en


def test_places() -> None:
    logic.check_place(3, 2)
    with pytest.raises(PostFull) as refused:
        logic.check_place(3, 3)
    assert refused.value.more == {"capacity": 3}
    logic.check_capacity(3, 3)
    with pytest.raises(CapacityTaken):
        logic.check_capacity(2, 3)


def test_days_of_a_post() -> None:
    logic.check_period(TODAY, TODAY)
    logic.check_period(TODAY, None)
    with pytest.raises(Invalid):
        logic.check_period(TODAY, TODAY - DAY)
    logic.check_open(PostStatus.OPEN, TODAY, TODAY)
    logic.check_open(PostStatus.OPEN, None, TODAY)
    with pytest.raises(PostClosed):
        logic.check_open(PostStatus.OPEN, TODAY - DAY, TODAY)
    with pytest.raises(PostClosed):
        logic.check_open(PostStatus.CLOSED, None, TODAY)


@pytest.mark.parametrize(
    ("served_on", "ended_on", "code"),
    [
        (TODAY - 5 * DAY, None, None),
        (TODAY - 6 * DAY, None, "before_claim"),
        (TODAY, None, None),
        (TODAY + DAY, None, "in_future"),
        (TODAY - 2 * DAY, TODAY - 2 * DAY, None),
        (TODAY - DAY, TODAY - 2 * DAY, "after_claim"),
    ],
)
def test_days_of_a_service(served_on: date, ended_on: date | None, code: str | None) -> None:
    fault = logic.served_fault(served_on, TODAY - 5 * DAY, ended_on, TODAY)
    assert (fault and fault.code) == code


def test_two_parties() -> None:
    account, member, other, another = (UUID(int=n) for n in range(4))
    parties = account, member
    logic.check_decision(RecordStatus.RECORDED, parties=parties, deciding=(other, None))
    logic.check_decision(RecordStatus.RECORDED, parties=parties, deciding=(other, another))
    for deciding in ((account, None), (other, member)):
        for status in RecordStatus:
            with pytest.raises(OwnRecord):
                logic.check_decision(status, parties=parties, deciding=deciding)
    for status in (RecordStatus.CONFIRMED, RecordStatus.REJECTED):
        with pytest.raises(RecordDecided):
            logic.check_decision(status, parties=parties, deciding=(other, None))


@pytest.mark.parametrize(
    ("status", "accepted", "ended", "counts"),
    [
        (P, None, None, False),
        (A, 0, None, True),
        (A, 1, None, False),
        (R, None, 0, False),
        (X, None, 0, False),
        (X, -1, 0, False),
        (X, -1, 1, True),
        (F, -1, 0, True),
        (F, -1, 1, True),
        (F, 1, 1, False),
    ],
)
def test_what_counts_as_claimed(
    status: ClaimStatus, accepted: int | None, ended: int | None, counts: bool
) -> None:
    """Days are told from the day of the figure on."""
    days = [None if n is None else TODAY + n * DAY for n in (accepted, ended)]
    assert logic.is_claimed_on(status, days[0], days[1], TODAY) is counts


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "claim", "resize", *Move]),
        st.integers(0, 30),
        st.booleans(),
        st.integers(1, 5),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 5))
def test_a_post_never_holds_more_than_its_capacity(
    steps: list[tuple[str, int, bool, int]], capacity: int
) -> None:
    """Whatever is claimed, accepted, rejected, left or done, and however the places change."""
    claims: list[ClaimStatus] = []
    for step, which, needs_acceptance, wanted in steps:
        taken = sum(c in LIVE for c in claims)
        try:
            if step == "claim":
                logic.check_place(capacity, taken)
                claims.append(P if needs_acceptance else A)
            elif step == "resize":
                logic.check_capacity(wanted, taken)
                capacity = wanted
            elif claims:
                at = which % len(claims)
                claims[at] = logic.moved(claims[at], Move(step))
        except PostFull:
            assert taken == capacity
        except CapacityTaken:
            assert wanted < taken
        except ClaimOutOfOrder:
            assert (claims[at], Move(step)) not in ALLOWED
        assert sum(c in LIVE for c in claims) <= capacity


def test_texts_of_a_row_s_faults() -> None:
    assert logic.fault_of("x", "int_type").as_json() == {
        "field": "x",
        "where": "body",
        "code": "int_type",
        "message": "应为整数",
    }
    assert logic.fault_of("x", "missing").zh == "必填"
    assert logic.fault_of("x", "unheard_of").zh
