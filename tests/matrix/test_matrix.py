"""Nobody sees past their subtree: every operation, every caller, every target, every channel."""

import os
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from app.core.db import Doors
from app.core.settings import Settings
from app.main import create_app, openapi
from tests.matrix.cells import CHANNELS, Cell, faults_of, judged
from tests.matrix.rights import CALLERS, Who
from tests.matrix.rows import ROWS
from tests.matrix.world import World, imagined

DOCUMENT = openapi(create_app(Doors.to("postgresql://nowhere/none"), Settings(_env_file=None)))
OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
LEAST = 5_000


def cells_of(operation: str) -> list[Cell]:
    """Give the cells of an operation, of all callers."""
    ids = imagined()
    return [cell for who in CALLERS.values() for cell in judged(ids, who, operation)]


def unmatched(operations: Iterable[str]) -> set[str]:
    """Name operations without a row, and rows without an operation."""
    return set(operations) ^ set(ROWS)


def test_every_operation_has_its_row() -> None:
    assert unmatched(OPERATIONS) == set()


@pytest.mark.parametrize("operation", ROWS)
def test_a_row_asks_all_that_can_be_asked(operation: str) -> None:
    method, path, described = OPERATIONS[operation]
    cells = cells_of(operation)
    url = re.compile(re.sub(r"\\\{[a-z_]+\\\}", "[^/?]+", re.escape(path)) + r"(\?|$)")
    assert {c.ask.method for c in cells} == {method}
    assert [c.ask.url for c in cells if not url.match(c.ask.url)] == []
    channels = {c.channel for c in cells}
    assert channels <= CHANNELS
    asked = {name for c in cells for name in re.findall(r"[?&]([a-z_]+)=", c.ask.url)}
    parameters = {(p["in"], p["name"]) for p in described.get("parameters", [])}
    assert {name for where, name in parameters if where == "query"} <= asked
    names = {name for _, name in parameters}
    wanted = {
        "id": any(where == "path" for where, _ in parameters),
        "version": "if-match" in names,
        "search": "q" in names,
        "sort": "sort" in names,
        "cursor": "after" in names,
        "page": "limit" in names,
        "day": "as_of" in names and method == "GET",
    }
    assert {channel for channel, is_there in wanted.items() if is_there} <= channels


IS_WHOLE = os.environ.get("HANGJI_MATRIX") == "whole"
ALWAYS = {"clerk", "sibling_clerk", "foreign_department", "member", "none"}


def asking(operation: str) -> list[Who]:
    """Choose who asks about an operation: five always, and a fifth of the others in turn.

    `HANGJI_MATRIX=whole` has all of them ask, which takes minutes.
    """
    return [
        who
        for key, who in CALLERS.items()
        if IS_WHOLE or key in ALWAYS or zlib.crc32(f"{operation} {key}".encode()) % 5 == 0
    ]


def test_every_caller_is_asked_about_in_turn() -> None:
    asked = Counter(who.key for operation in ROWS for who in asking(operation))
    assert asked.keys() == CALLERS.keys()
    assert min(asked.values()) > len(ROWS) // 8


@pytest.mark.parametrize("operation", ROWS)
async def test_nobody_sees_past_their_subtree(world: World, operation: str) -> None:
    ids, faults, count = imagined(), list[str](), 0
    for who in asking(operation):
        asked, wrong = await faults_of(world, who, operation)
        faults, count = faults + wrong, count + asked
        assert asked == sum(1 for _ in judged(ids, who, operation))
    assert faults == []
    assert count > 0


def test_how_many_cells_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    cells = {operation: cells_of(operation) for operation in ROWS}
    count = sum(map(len, cells.values()))
    ids = imagined()
    asked = sum(1 for o in ROWS for who in asking(o) for _ in judged(ids, who, o))
    channels = Counter(c.channel for row in cells.values() for c in row)
    with capsys.disabled():
        told = ", ".join(f"{name} {n}" for name, n in channels.most_common())
        of = f"{asked} of {count} cells, {len(cells)} operations, {len(CALLERS)} callers"
        print(f"\nmatrix: {of} ({told})")  # noqa: T201
    assert set(channels) == CHANNELS
    assert asked >= LEAST
