"""What happens at once to one wish, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text

from app.access.models import SignIn
from app.core.db import Doors
from app.wishes.models import Wish
from tests.long import real
from tests.make.organizations import make_organization
from tests.make.residents import make_community, make_wish

Headers = dict[str, str]


class Two(NamedTuple):
    """A community and a branch, each with two clerks."""

    doors: Doors
    client: httpx.AsyncClient
    community: UUID
    branch: UUID
    clerks: list[Headers]
    takers: list[Headers]

    async def wish(self) -> str:
        async with self.doors.writing(real.DISTRICTS) as session:
            return f"/wishes/{await make_wish(session, self.community)}"

    async def kept(self, url: str) -> Wish:
        async with self.doors.writing(real.DISTRICTS) as session:
            rows = select(Wish).where(Wish.id == UUID(url.removeprefix("/wishes/")))
            return (await session.execute(rows)).scalar_one()


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_wishes_{worker_id}") as made:
        yield made


@pytest.fixture
async def two(world: real.World, keys: None) -> AsyncIterator[Two]:
    real.same_keys()
    doors = Doors.to(world.url, pool_size=4)
    async with doors.writing(real.DISTRICTS) as session:
        community = await make_community(session, world.root)
        branch = await make_organization(session, world.root)
        heads = [
            {"authorization": f"Bearer {await real.clerk(session, place)}"}
            for place in (community, community, branch, branch)
        ]
        # the branch finds the community's open wishes by a grant to read there
        await session.execute(
            text(
                "INSERT INTO account_grant (id, account_id, role, district_code, organization_id)"
                " SELECT gen_random_uuid(), account_id, 'organization_reader', '231005', :place"
                " FROM account_grant WHERE organization_id = :branch"
            ),
            {"place": community, "branch": branch},
        )
    async with real.connect(real.application(doors), {}) as client:
        yield Two(doors, client, community, branch, heads[:2], heads[2:])
    await doors.close()


async def _all(two: Two, url: str, heads: list[Headers], json: object) -> list[httpx.Response]:
    asked = (two.client.post(url, json=json, headers=head) for head in heads * 2)
    return list(await asyncio.gather(*asked))


@pytest.mark.parametrize("turn", range(3))
async def test_it_is_done_once_and_by_who_was_told_so(two: Two, turn: int) -> None:
    url = await two.wish()
    new = {"organization_id": str(two.branch)}
    answers = await _all(two, f"{url}/takings", two.takers, new)
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 3}
    answers = await _all(two, f"{url}/completions", two.takers, None)
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 3}, [a.text for a in answers]
    won = [a.is_success for a in answers].index(True) % 2
    kept = await two.kept(url)
    accounts = select(SignIn.account_id).order_by(SignIn.id)
    async with two.doors.writing(real.DISTRICTS) as session:
        made = list(await session.scalars(accounts))[-2:]
    assert (kept.status, kept.version, kept.done_by) == ("done", 3, made[won])


async def test_done_or_taken_back(two: Two) -> None:
    url = await two.wish()
    new = {"organization_id": str(two.branch)}
    taken = await two.client.post(f"{url}/takings", json=new, headers=two.takers[0])
    assert taken.is_success, taken.text
    answers = await asyncio.gather(
        two.client.post(f"{url}/completions", headers=two.takers[0]),
        two.client.post(f"{url}/releases", headers=two.clerks[0]),
    )
    assert [a.is_success for a in answers].count(True) == 1
    kept = await two.kept(url)
    done = answers[0].is_success
    assert (kept.status, kept.done_by is not None) == ("done" if done else "open", done)
    assert (kept.branch_id is not None) == done


async def test_changed_or_taken(two: Two) -> None:
    """A change names a version: of what happens at once to it, one sees the other."""
    url = await two.wish()
    new = {"organization_id": str(two.branch)}
    edited, taken = await asyncio.gather(
        two.client.patch(url, json={"title": "新"}, headers=two.clerks[0] | {"if-match": '"1"'}),
        two.client.post(f"{url}/takings", json=new, headers=two.takers[0]),
    )
    assert taken.status_code == 200, taken.text
    assert edited.status_code in {200, 409, 412}
    kept = await two.kept(url)
    assert kept.version == (3 if edited.is_success else 2)
    assert kept.title == ("新" if edited.is_success else "一台收音机")
