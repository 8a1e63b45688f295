"""Many at once, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.access.types import Role
from app.core.db import Doors
from tests.accounts.conftest import PASSWORD, id_of
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization

AT_ONCE = 6


class Scene(NamedTuple):
    """Two applications on one database, with who keeps accounts and who grants."""

    system: list[httpx.AsyncClient]
    security: list[httpx.AsyncClient]
    doors: Doors
    members: list[UUID]
    subjects: list[UUID]
    names: list[str]


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_accounts_{worker_id}") as made:
        yield made


@pytest.fixture(scope="module")
async def scene(world: real.World) -> AsyncIterator[Scene]:
    real.same_keys()
    both = [Doors.to(world.url, pool_size=AT_ONCE) for _ in range(2)]
    async with both[0].writing(real.DISTRICTS) as session:
        branch = await make_organization(session, world.root)
        members = [await make_member(session, branch) for _ in range(3)]
        tokens = [
            await real.token_of(session, await make_account(session, role))
            for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
        ]
        names = [await make_account(session, Role.ORGANIZATION_READER) for _ in range(6)]
        subjects = [await id_of(session, name) for name in names]
    apps = [real.application(doors) for doors in both]
    clients = [
        [real.connect(app, {"authorization": f"Bearer {token}"}) for app in apps]
        for token in tokens
    ]
    yield Scene(*clients, both[0], members, subjects, names)
    for client in clients[0] + clients[1]:
        await client.aclose()
    for doors in both:
        await doors.close()


@pytest.fixture(autouse=True)
def same_keys(keys: None) -> None:
    real.same_keys()


async def send(clients: list[httpx.AsyncClient], url: str, bodies: list[Any]) -> Counter[int]:
    """Send every body at once, by turns to either application; count the answers."""
    asked = (clients[i % 2].post(url, json=body) for i, body in enumerate(bodies))
    answers = await asyncio.gather(*asked)
    told = {a.json()["type"] for a in answers if a.status_code == 409}
    assert "/problems/conflict" not in told  # each refusal says what stands in the way
    return Counter(answer.status_code for answer in answers)


async def rows(world: real.World, sql: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(world.url)
    try:
        await connection.execute("SELECT set_config('hangji.districts', '231005', false)")
        return [tuple(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


async def test_a_name_is_taken_once(scene: Scene, world: real.World) -> None:
    for n in range(3):
        spellings = [f"Wang{n}", f"wang{n}", f" WANG{n}", f"Ｗang{n}", f"Wang{n}", f"wanG{n}"]
        bodies = [{"username": name, "password": PASSWORD} for name in spellings]
        assert await send(scene.system, "/accounts", bodies) == {201: 1, 409: AT_ONCE - 1}
        found = await rows(
            world, "SELECT count(*) FROM account WHERE username_key = $1", f"wang{n}"
        )
        assert found == [(1,)]


async def test_a_member_gets_one_account(scene: Scene, world: real.World) -> None:
    for n, member in enumerate(scene.members):
        bodies = [
            {"username": f"own{n}.{i}", "password": PASSWORD, "member_id": str(member)}
            for i in range(AT_ONCE)
        ]
        assert await send(scene.system, "/accounts", bodies) == {201: 1, 409: AT_ONCE - 1}
        found = await rows(world, "SELECT count(*) FROM account WHERE member_id = $1", member)
        assert found == [(1,)]


async def test_a_grant_is_made_once(scene: Scene, world: real.World) -> None:
    for subject in scene.subjects[:3]:
        bodies = [{"role": "organization_clerk", "district_code": "231005"}] * AT_ONCE
        url = f"/accounts/{subject}/grants"
        assert await send(scene.security, url, bodies) == {201: 1, 409: AT_ONCE - 1}


async def test_a_reset_and_a_grant_of_full_numbers_never_meet(
    scene: Scene, world: real.World
) -> None:
    """Whichever comes first, the other is refused: no given password opens full numbers."""
    for subject in scene.subjects[3:]:
        url = f"/accounts/{subject}"
        role = {"role": "department_admin", "district_code": "231005"}
        granted, reset = await asyncio.gather(
            scene.security[0].post(f"{url}/grants", json=role),
            scene.system[1].post(f"{url}/password-resets", json={"password": "another one"}),
        )
        assert {granted.status_code, reset.status_code} in ({201, 409}, {409, 204})


async def test_a_grant_is_revoked_once(scene: Scene, world: real.World) -> None:
    made = await rows(
        world, "SELECT id FROM account_grant WHERE account_id = $1", scene.subjects[0]
    )
    for (grant,) in made:
        gone = await asyncio.gather(
            *(scene.security[i % 2].delete(f"/grants/{grant}") for i in range(AT_ONCE))
        )
        assert Counter(a.status_code for a in gone) == {204: 1, 404: AT_ONCE - 1}


async def test_every_write_was_recorded_once(scene: Scene, world: real.World) -> None:
    """Counts what the tests above did; run alone it does its own."""
    body = {"username": "last", "password": PASSWORD}
    await send(scene.system, "/accounts", [body] * 2)
    counted = await rows(
        world,
        "SELECT action, outcome, count(*) FROM audit_entry WHERE action IN"
        " ('create_account', 'grant_role', 'revoke_grant') GROUP BY 1, 2",
    )
    made = await rows(
        world,
        "SELECT count(*) FROM account WHERE username_key LIKE 'wang%' OR username_key LIKE 'own%'"
        " OR username_key = 'last'",
    )
    told = {(action, outcome): n for action, outcome, n in counted}
    assert told["create_account", "done"] == made[0][0]
    assert {outcome for _, outcome in told} == {"done"}


async def test_who_is_disabled_while_signing_in_is_out(scene: Scene, world: real.World) -> None:
    """Whichever comes first: afterwards no token of the account opens anything."""
    login = {"username": scene.names[-1], "password": PASSWORD}
    url = f"/accounts/{scene.subjects[-1]}"
    await asyncio.gather(*(scene.security[0].delete(f"/grants/{g}") for g in await grants(scene)))
    for _ in range(3):
        answers = await asyncio.gather(
            *(scene.system[i % 2].post("/sessions", json=login) for i in range(3)),
            scene.system[1].post(f"{url}/disablements", json={"reason": "测试"}),
        )
        assert answers[-1].status_code == 200
        tokens = [a.json()["access_token"] for a in answers[:-1] if a.status_code == 200]
        await asyncio.sleep(0.55)  # until no caller is remembered
        for token in tokens:
            headers = {"authorization": f"Bearer {token}"}
            assert (await scene.system[0].get("/me", headers=headers)).status_code == 401
        on = await scene.system[0].post(f"{url}/enablements", json={"reason": "测试"})
        assert on.status_code == 200
        for token in tokens:
            headers = {"authorization": f"Bearer {token}"}
            assert (await scene.system[0].get("/me", headers=headers)).status_code == 401


async def grants(scene: Scene) -> list[str]:
    shown = await scene.security[0].get(f"/accounts/{scene.subjects[-1]}")
    return [g["id"] for g in shown.json()["grants"]]
