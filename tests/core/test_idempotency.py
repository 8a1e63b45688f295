"""`Idempotency-Key`, and what happens when many ask for the same thing at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from tests.bad.rosters import roster_row, workbook
from tests.conftest import signed_in
from tests.long import real
from tests.make.members import id_number, make_member, new_member
from tests.make.organizations import make_account, make_organization


def _new(root: UUID, name: str = "幂等支部", **values: Any) -> dict[str, Any]:
    return {"parent_id": str(root), "name": name, "kind": "party_branch"} | values


def _key(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


async def test_the_same_key_gives_the_same_answer(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    first = await client.post("/organizations", json=_new(root), headers=_key("k"))
    again = await client.post("/organizations", json=_new(root), headers=_key("k"))
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert "x-request-id" in again.headers
    rows = "SELECT count(*) FROM organization_state WHERE name = '幂等支部'"
    assert await session.scalar(text(rows)) == 1


async def test_without_a_key_nothing_is_kept(client: httpx.AsyncClient, root: UUID) -> None:
    assert (await client.post("/organizations", json=_new(root))).status_code == 201
    again = await client.post("/organizations", json=_new(root))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/name-taken")


async def test_the_same_key_with_another_body(client: httpx.AsyncClient, root: UUID) -> None:
    await client.post("/organizations", json=_new(root), headers=_key("k"))
    other = await client.post("/organizations", json=_new(root, "别的"), headers=_key("k"))
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    found = await client.get("/organizations", params={"q": "别的"})
    assert found.json()["items"] == []


async def test_a_refusal_is_not_kept(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    taken = await make_organization(session, root, name="幂等支部")
    refused = await client.post("/organizations", json=_new(root), headers=_key("k"))
    assert refused.status_code == 409
    gone = await client.delete(f"/organizations/{taken}", headers={"if-match": '"1"'})
    assert gone.status_code == 204
    made = await client.post("/organizations", json=_new(root), headers=_key("k"))
    assert made.status_code == 201
    assert "idempotent-replayed" not in made.headers


async def test_a_key_belongs_to_an_account_and_a_path(
    client: httpx.AsyncClient, doors: Doors, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    first = await client.post("/organizations", json=_new(root), headers=_key("k"))
    other = await signed_in(doors, session, await make_account(session))
    theirs = await client.post("/organizations", json=_new(root, "他人"), headers=_key("k") | other)
    member = await client.post("/members", json=new_member(branch), headers=_key("k"))
    assert [a.status_code for a in (first, theirs, member)] == [201, 201, 201]


@pytest.mark.parametrize(
    ("age", "status"),
    [(timedelta(hours=23, minutes=59), 422), (timedelta(hours=24, minutes=1), 201)],
)
async def test_a_key_is_kept_for_a_day(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, age: timedelta, status: int
) -> None:
    await client.post("/organizations", json=_new(root), headers=_key("k"))
    old = text("UPDATE idempotency_key SET created_at = now() - CAST(:age AS interval)")
    await session.execute(old, {"age": age})
    new = _new(root, "次日")
    later = await client.post("/organizations", json=new, headers=_key("k"))
    assert later.status_code == status
    if status == 201:
        again = await client.post("/organizations", json=new, headers=_key("k"))
        assert again.content == later.content


@pytest.mark.parametrize("key", [b"", b" ", b"k" * 201, b"a b", b"a\0b", b"a\nb", "键".encode()])
async def test_a_bad_key(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, key: bytes
) -> None:
    headers = {b"idempotency-key": key}
    answer = await client.post("/organizations", json=_new(root), headers=headers)
    assert answer.status_code == 422
    rows = "SELECT count(*) FROM organization_state WHERE name = '幂等支部'"
    assert await session.scalar(text(rows)) == 0


async def test_the_longest_key(client: httpx.AsyncClient, root: UUID) -> None:
    answer = await client.post("/organizations", json=_new(root), headers=_key("k" * 200))
    assert answer.status_code == 201


async def test_an_upload_that_is_sent_again(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    """A client that sends a file again chooses another boundary; the request is the same."""
    await make_organization(session, root, name="先锋一支部")
    url = "/imports?district_code=231005&as_of=2019-12-31&dry_run=true"
    content = workbook([roster_row(id_number())])

    async def upload(data: bytes) -> httpx.Response:
        return await client.post(url, files={"file": ("r.xlsx", data)}, headers=_key("k"))

    first, again, other = await upload(content), await upload(content), await upload(content + b"x")
    assert (first.status_code, other.status_code) == (200, 422), first.text
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert other.json()["type"] == "/problems/key-reused"


# ── On connections of their own


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_idempotency_{worker_id}") as made:
        yield made


@pytest.fixture
async def doors_of(world: real.World, keys: None) -> AsyncIterator[Doors]:
    real.same_keys()
    doors = Doors.to(world.url, pool_size=16)
    yield doors
    await doors.close()


@pytest.fixture
async def many(world: real.World, doors_of: Doors) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests run beside each other."""
    async with real.connect(real.application(doors_of), world.headers) as client:
        yield client


async def _branch(doors: Doors, root: UUID, **values: Any) -> UUID:
    async with doors.writing(real.DISTRICTS) as session:
        return await make_organization(session, root, **values)


async def _count(doors: Doors, rows: str) -> int:
    found: int = (
        await doors.reading(real.DISTRICTS).execute(text(f"SELECT count(*) FROM {rows}"))
    ).scalar_one()
    return found


async def test_twenty_copies_have_one_effect(
    many: httpx.AsyncClient, doors_of: Doors, world: real.World
) -> None:
    new = _new(world.root, "二十份")
    copies = [many.post("/organizations", json=new, headers=_key("copies")) for _ in range(20)]
    answers = await asyncio.gather(*copies)
    assert {a.status_code for a in answers} <= {201, 409}
    made = [a for a in answers if a.status_code == 201]
    assert len({a.content for a in made}) == 1
    assert sum("idempotent-replayed" not in a.headers for a in made) == 1
    assert {a.json()["type"] for a in answers if a.status_code == 409} <= {
        "/problems/still-running"
    }
    assert await _count(doors_of, "organization_state WHERE name = '二十份'") == 1
    late = await many.post("/organizations", json=new, headers=_key("copies"))
    assert late.content == made[0].content


async def test_one_id_number_is_recorded_once(
    many: httpx.AsyncClient, doors_of: Doors, world: real.World
) -> None:
    branch = await _branch(doors_of, world.root)
    new = new_member(branch, id_number=id_number())
    answers = await asyncio.gather(*[many.post("/members", json=new) for _ in range(20)])
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 19}
    assert await _count(doors_of, f"membership WHERE organization_id = '{branch}'") == 1
    for refused in (a for a in answers if a.status_code == 409):
        assert refused.headers["content-type"] == "application/problem+json"
        assert new["id_number"][:8] not in refused.text


async def test_one_version_is_changed_once(
    many: httpx.AsyncClient, doors_of: Doors, world: real.World
) -> None:
    branch = await _branch(doors_of, world.root)
    async with doors_of.writing(real.DISTRICTS) as session:
        member = await make_member(session, branch)
    for url in (f"/members/{member}", f"/organizations/{branch}"):
        edits = [
            many.patch(url, json={"name": f"改名{n}"}, headers={"if-match": '"1"'})
            for n in "甲乙丙丁戊己庚辛壬癸"
        ]
        answers = await asyncio.gather(*edits)
        assert Counter(a.status_code for a in answers) == {200: 1, 412: 9}
        done = next(a for a in answers if a.status_code == 200)
        assert (await many.get(url)).json() == done.json()


async def test_one_name_is_taken_once(
    many: httpx.AsyncClient, doors_of: Doors, world: real.World
) -> None:
    others = [await _branch(doors_of, world.root) for _ in range(4)]
    asked = [many.post("/organizations", json=_new(world.root, "同名")) for _ in range(4)]
    asked += [
        many.patch(f"/organizations/{o}", json={"name": "同名"}, headers={"if-match": '"1"'})
        for o in others
    ]
    statuses = sorted(a.status_code for a in await asyncio.gather(*asked))
    assert statuses[0] in {200, 201}
    assert statuses[1:] == [409] * 7


ORPHANS = """
organization_state s WHERE valid_to IS NULL AND parent_id IS NOT NULL AND NOT EXISTS
 (SELECT FROM organization_state p WHERE p.organization_id = s.parent_id AND p.valid_to IS NULL)
"""
HOMELESS = """
membership m WHERE valid_to IS NULL AND NOT EXISTS
 (SELECT FROM organization_state p
   WHERE p.organization_id = m.organization_id AND p.valid_to IS NULL)
"""


@pytest.mark.parametrize("days", [0, 1], ids=["founded today", "founded yesterday"])
async def test_dissolving_leaves_no_orphan(
    many: httpx.AsyncClient, doors_of: Doors, world: real.World, days: int
) -> None:
    outcomes: Counter[tuple[int, int]] = Counter()
    for turn in range(12):
        clock.pin(real.TODAY)
        branch = await _branch(doors_of, world.root)
        clock.pin(real.TODAY + timedelta(days=days))
        if turn % 2:
            arrival = many.post("/members", json=new_member(branch))
        else:
            arrival = many.post("/organizations", json=_new(branch, "一组", kind="party_group"))
        leaving = many.delete(f"/organizations/{branch}", headers={"if-match": '"1"'})
        pair = (leaving, arrival) if turn % 4 < 2 else (arrival, leaving)
        answers = await asyncio.gather(*pair)
        gone, made = answers if turn % 4 < 2 else answers[::-1]
        outcomes[gone.status_code, made.status_code] += 1
    assert set(outcomes) <= {(204, 409), (204, 404), (409, 201)}, outcomes
    assert await _count(doors_of, ORPHANS) == 0
    assert await _count(doors_of, HOMELESS) == 0
