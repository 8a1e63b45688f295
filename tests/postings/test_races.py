"""What two clerks do at once to one post, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from app.core.db import Doors
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.members import make_member
from tests.make.postings import make_posting, make_village, new_posting


class Two(NamedTuple):
    """Two clerks, each on a server of their own doors."""

    doors: Doors
    root: UUID
    one: httpx.AsyncClient
    other: httpx.AsyncClient

    async def both(self, url: str, one: dict[str, Any], other: dict[str, Any]) -> Counter[int]:
        asked = self.one.post(url, json=one), self.other.post(url, json=other)
        return Counter(answer.status_code for answer in await asyncio.gather(*asked))


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_postings_{worker_id}") as made:
        yield made


@pytest.fixture
async def two(served: real.World, keys: None) -> AsyncIterator[Two]:
    real.same_keys()
    doors, beside = Doors.to(served.url, pool_size=4), Doors.to(served.url, pool_size=4)
    async with doors.writing(real.DISTRICTS) as session:
        headers = [bearer(await real.clerk(session, served.root)) for _ in range(2)]
    async with (
        real.connect(real.application(doors), headers[0]) as one,
        real.connect(real.application(beside), headers[1]) as other,
    ):
        yield Two(doors, served.root, one, other)
    await doors.close()
    await beside.close()


@pytest.mark.parametrize("turn", range(3))
async def test_one_village_has_one_first_secretary(two: Two, turn: int) -> None:
    async with two.doors.writing(real.DISTRICTS) as session:
        villages = [await make_village(session, two.root) for _ in range(2)]
        people = [await make_member(session, village) for village in villages]
        term = {"post": "first_secretary", "due_on": "2021-12-31"}
    first = [new_posting(person, villages[0], **term) for person in people]
    assert await two.both("/postings", *first) == {201: 1, 409: 1}


@pytest.mark.parametrize("turn", range(3))
async def test_a_first_secretary_is_not_posted_to_two_villages(two: Two, turn: int) -> None:
    async with two.doors.writing(real.DISTRICTS) as session:
        villages = [await make_village(session, two.root) for _ in range(2)]
        person = await make_member(session, villages[0])
    term = {"post": "first_secretary", "due_on": "2021-12-31"}
    both = [new_posting(person, village, **term) for village in villages]
    assert await two.both("/postings", *both) == {201: 1, 409: 1}


@pytest.mark.parametrize("turn", range(3))
async def test_a_number_is_given_once_and_an_extension_made_once(two: Two, turn: int) -> None:
    async with two.doors.writing(real.DISTRICTS) as session:
        village = await make_village(session, two.root)
        person = await make_member(session, village)
        due = {"post": "first_secretary", "due_on": "2021-12-31"}
        posting = await make_posting(session, person, village, **due)
    new = {"organization_id": str(village), "number": 1, "valid_from": "2019-12-31"}
    assert await two.both("/poor-households", new, new) == {201: 1, 409: 1}
    extension = {"months": 12, "decision": "1号"}
    url = f"/postings/{posting}/extensions"
    assert await two.both(url, extension, extension) == {200: 1, 409: 1}
