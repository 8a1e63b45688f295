"""Eight clients on one tree: it stays a tree, and of two the second is told."""

from collections.abc import Iterator

import pytest

from tests.long import real, restructurings


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_restructurings_{worker_id}") as made:
        yield made


async def test_eight_clients_leave_a_tree(served: real.World, keys: None) -> None:
    real.same_keys()
    await restructurings.planted(served.url, served.root)
    outcomes, wrong = await restructurings.race(served.url, 60, days=2)
    assert wrong == []
    assert outcomes["applied"] > 0
