"""Whether a new task is on the list."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rectifications import logic
from app.rectifications.types import GuarantorLevel, Verdict

ONE = UUID(int=1)


@given(st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_likeness_is_a_share_and_has_no_direction(one: str, other: str) -> None:
    assert logic.likeness(one, one) == 1
    assert 0 <= logic.likeness(one, other) == logic.likeness(other, one) <= 1


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("流动人口台账报送", Verdict.REFUSED),
        ("流动人口（台账）报送", Verdict.REFUSED),
        ("流动人口台账的报送", Verdict.REFUSED),
        ("流动人口台账上报", Verdict.SIMILAR),
        ("安装路灯", Verdict.CLEAR),
    ],
)
def test_a_title_is_judged(title: str, verdict: Verdict) -> None:
    assert logic.verdict(title, {ONE: logic.title_key("流动人口台账报送")})[0] is verdict


def test_both_sides_of_the_thresholds() -> None:
    key = "0123456789"
    for other, verdict in (
        ("012345678x", Verdict.REFUSED),  # nine of ten: 0.9
        ("01234567xy", Verdict.SIMILAR),
        ("012345wxyz", Verdict.SIMILAR),  # six of ten: 0.6
        ("01234vwxyz", Verdict.CLEAR),
    ):
        assert logic.verdict(other, {ONE: key})[0] is verdict


def test_levels_that_lack_somebody() -> None:
    assert logic.missing({"county", "village"}) == [GuarantorLevel.TOWNSHIP]
    assert logic.missing(set(GuarantorLevel)) == []
