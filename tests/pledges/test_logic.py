"""Decisions about pledges."""

import pytest

from app.organizations.logic import path_above
from app.organizations.types import OrganizationKind
from app.pledges.errors import CannotPledge, PledgeOutOfOrder
from app.pledges.logic import (
    CATEGORIES,
    MOVES,
    PLEDGERS,
    TERMS,
    check_pledger,
    moved,
)
from app.pledges.types import (
    PledgeCategory,
    PledgeEventKind,
    PledgerKind,
    PledgeStatus,
)

LEADS = {
    ("draft", "published"): "published",
    ("draft", "withdrawn"): "withdrawn",
    ("published", "completed"): "completed",
    ("published", "withdrawn"): "withdrawn",
    ("completed", "returned"): "published",
    ("completed", "confirmed"): "confirmed",
}


@pytest.mark.parametrize("status", PledgeStatus)
@pytest.mark.parametrize("step", MOVES)
def test_what_follows_what(status: PledgeStatus, step: PledgeEventKind) -> None:
    to = LEADS.get((status.value, step.value))
    if to is not None:
        assert moved(status, step) == to
        return
    with pytest.raises(PledgeOutOfOrder) as refused:
        moved(status, step)
    assert TERMS[status].zh in refused.value.detail.zh
    assert TERMS[status].en in refused.value.detail.en


def test_a_refusal_says_what_would_do() -> None:
    with pytest.raises(PledgeOutOfOrder) as refused:
        moved(PledgeStatus.CONFIRMED, PledgeEventKind.WITHDRAWN)
    assert refused.value.detail == (
        "该承诺为“已确认”，此操作只适用于“草稿”或“已公开”的承诺",
        "the pledge is confirmed; it must be a draft or published",
    )
    assert refused.value.more == {"state": "confirmed"}


@pytest.mark.parametrize("kind", OrganizationKind)
def test_who_pledges(kind: OrganizationKind) -> None:
    if kind in {OrganizationKind.DISTRICT_COMMITTEE, OrganizationKind.PARTY_GROUP}:
        with pytest.raises(CannotPledge):
            check_pledger(kind)
    else:
        check_pledger(kind)


@pytest.mark.parametrize(
    ("path", "above"), [("1.", "1."), ("1.2.", "1."), ("1.17.204.", "1.17."), ("1.20.", "1.")]
)
def test_the_unit_above(path: str, above: str) -> None:
    assert path_above(path) == above


def test_everything_has_a_term() -> None:
    assert set(TERMS) == set(PledgeStatus)
    assert set(CATEGORIES) == set(PledgeCategory)
    assert set(PLEDGERS) == set(PledgerKind)
