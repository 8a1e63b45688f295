"""What may be cast, how a box is sealed and counted."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ballots import logic
from app.ballots.types import Position, Slip

LIST = [{"id": f"{n:08x}", "name": f"候选{n}"} for n in range(5)]
IDS = [c["id"] for c in LIST]
BOX: dict[str, Any] = {"id": "x", "seats": 3, "candidates": LIST}
ballots = st.lists(
    st.tuples(
        st.lists(st.sampled_from(IDS), unique=True),
        st.lists(st.sampled_from("甲乙丙"), unique=True),
    ),
    max_size=12,
)


def _slips(cast: list[tuple[list[str], list[str]]]) -> list[Slip]:
    return logic.shuffled(cast, [uuid4() for _ in cast])


@given(ballots)
def test_shuffling_keeps_every_ballot_and_no_order(cast: list[Any]) -> None:
    slips = _slips(cast)
    assert Counter(map(str, ((s.choices, s.write_ins) for s in slips))) == Counter(map(str, cast))
    assert [s.id for s in slips] == sorted(s.id for s in slips)


@given(ballots)
def test_a_tally_counts_each_name_once_a_ballot(cast: list[Any]) -> None:
    found = logic.tally(LIST, _slips(cast))
    assert found.valid == len(cast)
    assert [v.id for v in found.votes] == IDS
    assert sum(v.votes for v in found.votes) == sum(len(choices) for choices, _ in cast)
    assert sum(v.votes for v in found.write_ins) == sum(len(names) for _, names in cast)
    assert found.abstentions == sum(1 for choices, names in cast if not choices and not names)
    assert logic.tally(LIST, _slips(cast[::-1])) == found


@given(ballots, st.data())
def test_a_shorter_chain_has_another_head(cast: list[Any], data: st.DataObject) -> None:
    slips = _slips(cast)
    links = logic.chain(BOX, slips)
    assert len(set(links)) == len(slips) + 1
    cut = data.draw(st.integers(0, len(slips)))
    assert logic.chain(BOX, slips[:cut]) == links[: cut + 1]
    assert logic.chain(BOX | {"seats": 4}, slips)[-1] != links[-1]


def test_the_chain_is_what_is_published() -> None:
    """Whoever wrote a verifier of their own relies on these numbers."""
    slip = Slip(UUID(int=1), ["00000000"], ["孙五"])
    assert [link.hex() for link in logic.chain({"id": "x"}, [slip])] == [
        "f6326ae9ad771bad3fb99c56775ce3916c5ec90ce4eee6637f3f1bb71b883fc7",
        "827bb522dd2c8e7ca617f2655e0e5a01a3f183e97894afaeabfbe522dffbeb36",
    ]


@pytest.mark.parametrize(
    ("choices", "write_ins", "allows", "is_good"),
    [
        ([], [], True, True),
        (IDS, ["孙五"], True, True),
        (["ffffffff"], [], True, False),
        ([IDS[0], IDS[0]], [], True, False),
        ([], ["孙五", "孙五"], True, False),
        ([], ["孙五"], False, False),
        ([], ["候选1"], True, False),
        ([IDS[1]], [], False, True),
    ],
)
def test_ballots(choices: list[str], write_ins: list[str], allows: bool, is_good: bool) -> None:
    fault = logic.ballot_fault(LIST, choices, write_ins, allows_write_ins=allows)
    assert (fault is None) == is_good


def test_boxes() -> None:
    assert logic.box_fault(Position.SECRETARY, 1, ["甲"]) is None
    assert logic.box_fault(Position.SECRETARY, 2, ["甲", "乙"])
    assert logic.box_fault(Position.DEPUTY_SECRETARY, 2, ["甲", "乙"]) is None
    assert logic.box_fault(Position.COMMITTEE_MEMBER, 2, ["甲", "甲"])


@pytest.mark.parametrize(
    ("part", "whole", "is_"),
    [(0, 3, 0.0), (1, 3, 0.333), (2, 3, 0.667), (1, 2000, 0.001), (1, 2001, 0.0), (3, 3, 1.0)],
)
def test_rates_are_rounded_half_up(part: int, whole: int, is_: float) -> None:
    assert logic.rate(part, whole) == is_
