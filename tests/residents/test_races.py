"""What happens at once, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.core.db import Doors
from app.residents.models import ServiceClaim, ServicePost, ServiceRecord
from app.residents.types import LIVE
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.residents import (
    make_claim,
    make_community,
    make_member_account,
    make_post,
    make_record,
)

RACERS = 20


@dataclass
class Race:
    """A community, members with their own accounts, and two clerks."""

    doors: Doors
    client: httpx.AsyncClient
    community: UUID
    members: list[UUID]
    tokens: list[dict[str, str]]
    clerks: list[dict[str, str]]


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_residents_{worker_id}") as made:
        yield made


@pytest.fixture
async def race(world: real.World, keys: None) -> AsyncIterator[Race]:
    real.same_keys()
    doors = Doors.to(world.url, pool_size=8)
    async with doors.writing(real.DISTRICTS) as session:
        community = await make_community(session, world.root)
        branch = await make_organization(session, world.root)
        members = [await make_member(session, branch) for _ in range(RACERS)]
        names = [await make_member_account(session, m) for m in members]
        tokens = [await real.token_of(session, name) for name in names]
        clerks = [await real.clerk(session, community) for _ in range(2)]
    bearers = [{"authorization": f"Bearer {token}"} for token in (*tokens, *clerks)]
    async with real.connect(real.application(doors), {}) as client:
        yield Race(doors, client, community, members, bearers[:RACERS], bearers[RACERS:])
    await doors.close()


async def _post(race: Race, capacity: int) -> UUID:
    async with race.doors.writing(real.DISTRICTS) as session:
        return await make_post(session, race.community, capacity=capacity)


async def _live(race: Race, post: UUID) -> int:
    rows = select(func.count()).where(
        ServiceClaim.post_id == post, ServiceClaim.status.in_(sorted(LIVE))
    )
    return int(await race.doors.reading(["231005"]).scalar(rows))


@pytest.mark.parametrize("capacity", [1, 5])
async def test_of_twenty_racers_the_places_are_the_winners(race: Race, capacity: int) -> None:
    post = await _post(race, capacity)
    url = f"/service-posts/{post}/claims"
    answers = await asyncio.gather(
        *(race.client.post(url, json={}, headers=token) for token in race.tokens)
    )
    statuses = Counter(a.status_code for a in answers)
    assert statuses == {201: capacity, 409: RACERS - capacity}, [a.text for a in answers]
    refused = {a.json()["type"] for a in answers if a.status_code == 409}
    assert refused == {"/problems/post-full"}
    assert await _live(race, post) == capacity


async def test_the_last_place_goes_to_one(race: Race) -> None:
    post = await _post(race, 3)
    url = f"/service-posts/{post}/claims"
    async with race.doors.writing(real.DISTRICTS) as session:
        for member in race.members[:2]:
            await make_claim(session, post, member)
    answers = await asyncio.gather(
        *(race.client.post(url, json={}, headers=token) for token in race.tokens[2:])
    )
    assert Counter(a.status_code for a in answers) == {201: 1, 409: RACERS - 3}
    assert await _live(race, post) == 3


async def test_ten_claims_of_one_member_are_one(race: Race) -> None:
    post = await _post(race, 20)
    url = f"/service-posts/{post}/claims"
    answers = await asyncio.gather(
        *(race.client.post(url, json={}, headers=race.tokens[0]) for _ in range(10))
    )
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 9}
    assert {a.json()["type"] for a in answers[1:] if a.status_code == 409} <= {
        "/problems/already-claimed"
    }
    assert await _live(race, post) == 1


async def test_fewer_places_and_claims_at_once(race: Race) -> None:
    """Half of the racers claim while a clerk makes the post smaller: it holds what it says."""
    post = await _post(race, 10)
    url = f"/service-posts/{post}"
    head = race.clerks[0] | {"if-match": '"1"'}
    *claims, smaller = await asyncio.gather(
        *(race.client.post(f"{url}/claims", json={}, headers=t) for t in race.tokens[:10]),
        race.client.patch(url, json={"capacity": 4}, headers=head),
    )
    assert smaller.status_code in {200, 409}, smaller.text
    async with race.doors.writing(real.DISTRICTS) as session:
        capacity = await session.scalar(select(ServicePost.capacity).where(ServicePost.id == post))
    assert capacity == (4 if smaller.status_code == 200 else 10)
    live = await _live(race, post)
    assert live <= capacity
    assert live == sum(c.status_code == 201 for c in claims)


async def test_closing_and_claims_at_once(race: Race) -> None:
    post = await _post(race, 20)
    url = f"/service-posts/{post}"
    *claims, closed = await asyncio.gather(
        *(race.client.post(f"{url}/claims", json={}, headers=t) for t in race.tokens),
        race.client.post(f"{url}/closures", headers=race.clerks[0]),
    )
    assert closed.status_code == 200
    # who comes later finds it closed, or no longer finds it
    assert {c.status_code for c in claims} <= {201, 404, 409}
    assert await _live(race, post) == sum(c.status_code == 201 for c in claims)


async def test_of_two_decisions_one_holds(race: Race) -> None:
    post = await _post(race, 1)
    async with race.doors.writing(real.DISTRICTS) as session:
        claim = await make_claim(session, post, race.members[0])
        record = await make_record(session, claim)
    url = f"/service-records/{record}"
    asked = [
        (f"{url}/{what}", body, clerk)
        for clerk in race.clerks
        for what, body in (("confirmations", None), ("rejections", {"reason": "x"}))
    ]
    answers = await asyncio.gather(
        *(race.client.post(to, json=body, headers=clerk) for to, body, clerk in asked)
    )
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]
    [won] = [a.json()["status"] for a in answers if a.status_code == 200]
    rows = select(ServiceRecord.status).where(ServiceRecord.id == record)
    assert await race.doors.reading(["231005"]).scalar(rows) == won
