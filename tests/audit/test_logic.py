"""A chain in memory: what fits and what does not."""

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.logic import Fault, Walk, above, check_begun
from app.core import audit

Row = tuple[int, bytes, str]


def _chained(before: bytes, entry: str) -> bytes | None:
    return None if entry == "unreadable" else hashlib.sha256(before + entry.encode()).digest()


def _chain(entries: list[str]) -> list[Row]:
    rows, hashed = [], b""
    for number, entry in enumerate(entries, 1):
        hashed = hashlib.sha256(hashed + entry.encode()).digest()
        rows.append((number, hashed, entry))
    return rows


def _faults(
    rows: list[Row], head: Any, *, is_sealed: bool = True, kept: dict[int, bytes] | None = None
) -> list[Fault]:
    walk = Walk("231005", _chained, kept or {})
    for row in rows:
        walk.step(*row)
    walk.end(head, is_sealed=is_sealed)
    return walk.faults


def _head(rows: list[Row]) -> Any:
    return SimpleNamespace(number=rows[-1][0], hash=rows[-1][1])


ROWS = _chain(["a", "b", "c", "d", "e"])


def test_a_whole_chain_has_no_fault() -> None:
    assert _faults(ROWS, _head(ROWS), kept={1: ROWS[0][1], 5: ROWS[4][1]}) == []
    assert _faults([], None) == []


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [
        ([*ROWS[:2], (3, ROWS[2][1], "x"), *ROWS[3:]], [3]),
        ([*ROWS[:2], (3, ROWS[2][1], "unreadable"), *ROWS[3:]], [3]),
        ([*ROWS[:2], *ROWS[3:]], [3]),
        (ROWS[2:], [1]),
        (ROWS[:4], [5]),
        ([], [1]),
        ([(0, b"", "a"), *ROWS], [0]),
        ([*ROWS, (6, b"x", "f")], [6, 6]),
        ([*ROWS[:2], (3, b"x", "c"), *ROWS[3:]], [3, 4]),
    ],
)
def test_a_break_is_told_where_it_is(rows: list[Row], numbers: list[int]) -> None:
    assert [f.number for f in _faults(rows, _head(ROWS))] == numbers


def test_the_head() -> None:
    assert [f.number for f in _faults(ROWS, None)] == [None]
    assert [f.number for f in _faults(ROWS, _head(ROWS), is_sealed=False)] == [None]
    assert len(_faults(ROWS, SimpleNamespace(number=5, hash=b"x"))) == 1
    assert len(_faults([], SimpleNamespace(number=0, hash=b""))) == 1
    assert len(_faults(ROWS, _head(ROWS), kept={5: b"x"})) == 1
    assert len(_faults(ROWS, _head(ROWS), kept={6: b"x"})) == 1
    assert len(_faults([], None, kept={6: b"x"})) == 1


@given(st.lists(st.text(max_size=5), min_size=1, max_size=8), st.data())
def test_any_other_order_or_choice_of_entries_is_found(
    entries: list[str], data: st.DataObject
) -> None:
    rows = _chain(entries)
    other = data.draw(st.lists(st.sampled_from(rows), max_size=8, unique=True))
    other.sort(key=lambda row: row[0])
    assert (_faults(other, _head(rows)) == []) == (other == rows)


def test_beginnings() -> None:
    assert check_begun({"000000", "231005"}, {"231005": 1}, {"231005"}) == []
    for standing, begun, districts in (
        ({"000000"}, {"231005": 1}, {"231005"}),  # gone
        ({"000000"}, {"231005": 1}, set()),
        ({"000000"}, {}, {"231005"}),  # never begun
        ({"000000", "231005"}, {}, {"231005"}),  # nobody knows of it
        ({"000000", "231005"}, {"231005": 2}, {"231005"}),  # gone and begun anew
    ):
        [fault] = check_begun(standing, begun, districts)
        assert fault.district_code == "231005"


def test_what_is_above() -> None:
    assert above({"231005", "231083", "110101"}) == {"231000", "230000", "110100", "110000"}


@pytest.mark.parametrize(
    "name",
    [
        *("phone_cipher", "phone_index", "password_hash", "answer_hash", "password", "passwords"),
        *("search_text", "search_tokens", "name_key", "token", "access_tokens", "code"),
    ],
)
def test_what_nobody_may_read_is_left_out(name: str) -> None:
    assert audit._json({name: "x", "kept": {name: "x", "n": 1}}) == {"kept": {"n": 1}}


@pytest.mark.parametrize("name", ["hash", "hash_of", "index", "district_code", "codes", "research"])
def test_what_only_reads_alike_is_kept(name: str) -> None:
    assert audit._json({name: "x"}) == {name: "x"}
