"""The world of the matrix: a database of its own for each worker."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from tests.conftest import _at, new_database
from tests.long import real
from tests.matrix.rows import ROWS
from tests.matrix.world import World
from tests.matrix.world import world as made


@pytest.fixture(autouse=True)
def keys() -> None:
    """Keep the keys with which the world was made."""
    real.same_keys()


assert ROWS  # each file of rows adds to the world


@pytest.fixture(scope="session")
async def world(worker_id: str) -> AsyncIterator[World]:
    real.same_keys()
    name = f"hangji_matrix_{worker_id}"
    await asyncio.to_thread(asyncio.run, new_database(name))
    async with made(_at(os.environ["HANGJI_TEST_APPLICATION"], name)) as world:
        yield world
