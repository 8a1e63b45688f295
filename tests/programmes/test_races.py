"""Two clerks at once, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from app.core.db import Doors
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.programmes import new_document, new_programme

ROUNDS = 4


class Two(NamedTuple):
    """Two clerks of the district, each on a server of their own doors."""

    world: real.World
    one: httpx.AsyncClient
    other: httpx.AsyncClient

    async def both(self, url: str, json: Any) -> Counter[int]:
        asked = (client.post(url, json=json) for client in (self.one, self.other))
        return Counter(answer.status_code for answer in await asyncio.gather(*asked))


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_programmes_{worker_id}") as made:
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
        yield Two(served, one, other)
    await doors.close()
    await beside.close()


async def test_two_who_record_the_same_record_it_once(two: Two) -> None:
    for n in range(ROUNDS):
        plan = new_programme(two.world.root, family="plan", starts_on=f"{2000 + n}-01-01")
        plan["ends_on"] = f"{2000 + n}-12-31"
        assert await two.both("/programmes", plan) == {201: 1, 409: 1}
        document = new_document(two.world.root)
        assert await two.both("/documents", document) == {201: 1, 409: 1}


async def test_a_document_is_repealed_once(two: Two) -> None:
    for _ in range(ROUNDS):
        made = await two.one.post("/documents", json=new_document(two.world.root))
        url = f"/documents/{made.json()['id']}/repeals"
        assert await two.both(url, {"repealed_on": "2019-12-31"}) == {200: 1, 409: 1}
