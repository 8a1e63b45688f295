"""Many write at once: the numbers have no gap, nobody waits for a long write, no two deadlock."""

import asyncio
import random
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.access.types import Role
from app.audit import service
from app.core import audit
from app.core.caller import DEPLOYMENT
from app.core.db import Doors, new_id
from app.organizations.models import District, Organization
from tests.long import real
from tests.make.organizations import make_account, make_district

WRITERS, EACH = 10, 8


async def _numbers(superuser: asyncpg.Connection, code: str) -> list[int]:
    rows = "SELECT number FROM audit_entry WHERE district_code = $1 ORDER BY number"
    return [r[0] for r in await superuser.fetch(rows, code)]


async def _in_the_other(doors: Doors) -> tuple[UUID, dict[str, str]]:
    async with doors.writing(["231004"]) as session:
        root = await make_district(session, "231004")
        account = await make_account(session, Role.DEPARTMENT_ADMIN, "231004")
        token = await real.token_of(session, account)
    return root, {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("districts", [1, 2])
async def test_ten_writers_leave_no_gap(
    world: real.World, committing: Doors, superuser: asyncpg.Connection, districts: int
) -> None:
    places = [("231005", world.root, world.headers)]
    if districts == 2:
        places.append(("231004", *await _in_the_other(committing)))
    before = {code: len(await _numbers(superuser, code)) for code, _, _ in places}

    async def write(writer: int) -> list[int]:
        _, root, headers = places[writer % districts]
        async with real.connect(real.application(committing), headers) as client:
            return [
                (
                    await client.post(
                        "/organizations",
                        json={
                            "parent_id": str(root),
                            "name": f"第{writer}人第{n}支部",
                            "kind": "party_branch",
                        },
                    )
                ).status_code
                for n in range(EACH)
            ]

    async with asyncio.timeout(40):
        answers = await asyncio.gather(*(write(n) for n in range(WRITERS)))
    assert [status for each in answers for status in each] == [201] * WRITERS * EACH
    for code, _, _ in places:
        count = before[code] + WRITERS * EACH // districts
        assert await _numbers(superuser, code) == list(range(1, count + 1))
    assert (await service.verify(committing)).faults == []


async def test_a_long_write_holds_up_nobody(
    world: real.World, committing: Doors, superuser: asyncpg.Connection
) -> None:
    already = len(await _numbers(superuser, "231005"))
    async with committing.writing(["231005"]) as session:
        await session.execute(text("UPDATE district SET name = name WHERE code = '231004'"))
        audit.record(session, "231005", action="cli.long")
        await session.flush()
        new = {"parent_id": str(world.root), "name": "不等支部", "kind": "party_branch"}
        async with (
            asyncio.timeout(2),
            real.connect(real.application(committing), world.headers) as client,
        ):
            assert (await client.post("/organizations", json=new)).status_code == 201
        assert len(await _numbers(superuser, "231005")) == already + 1
    rows = "SELECT action FROM audit_entry WHERE district_code = '231005' AND number > $1 ORDER BY"
    told = await superuser.fetch(f"{rows} number", already)
    assert [r[0] for r in told] == ["found_organization", "cli.long"]
    assert (await service.verify(committing)).faults == []


@pytest.mark.parametrize("seed", range(2))
async def test_beginning_chains_in_any_order_deadlocks_nobody(
    committing: Doors, superuser: asyncpg.Connection, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same on every run
    codes = [f"2310{n:02}" for n in range(10, 60)]

    async def write(chosen: list[str]) -> None:
        async with committing.writing(chosen) as session:
            for code in chosen:
                audit.record(session, code, action="cli.begin")

    ends = [  # every other one begins chains with one that stands, while others hold the first
        ["231005", DEPLOYMENT]
        if n % 2
        else dice.sample(["231005", *codes[n // 4 : n // 4 + 3]], dice.randint(1, 4))
        for n in range(120)
    ]
    already = {"231005": len(await _numbers(superuser, "231005"))}
    for start in range(0, len(ends), 12):
        async with asyncio.timeout(10):
            await asyncio.gather(*(write(chosen) for chosen in ends[start : start + 12]))
    touched = {code for chosen in ends for code in chosen}
    for code in touched - {DEPLOYMENT}:
        count = already.get(code, 0) + sum(code in chosen for chosen in ends)
        assert await _numbers(superuser, code) == list(range(1, count + 1))
    own = sum(DEPLOYMENT in chosen for chosen in ends)
    begun = len({"231005", *touched} - {DEPLOYMENT})
    assert await _numbers(superuser, DEPLOYMENT) == list(range(1, own + begun + 1))
    assert (await service.verify(committing)).faults == []


async def test_what_is_written_during_a_check_is_no_fault(
    committing: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 20)
    is_over = False

    async def write() -> int:
        count = 0
        while not is_over:
            async with committing.writing(["231005"]) as session:
                audit.record(session, "231005", action="cli.busy")
            count += 1
            await asyncio.sleep(0.01)
        return count

    writers = [asyncio.create_task(write()) for _ in range(4)]
    checks = [await service.verify(committing) for _ in range(5)]
    is_over = True
    assert sum(await asyncio.gather(*writers)) > 8
    assert [c.faults for c in checks] == [[]] * 5
    assert checks[0].entries < checks[-1].entries


async def test_what_is_pending_is_written_before_the_head_is_locked(
    committing: Doors, superuser: asyncpg.Connection
) -> None:
    """A row that waits for another transaction holds up none of the chain's writers."""
    before = len(await _numbers(superuser, "231005"))

    async def late() -> None:
        async with committing.writing(["231005"]) as session:
            session.sync_session.autoflush = False  # nothing else may be what writes it
            audit.record(session, "231005", action="cli.late")
            session.add(District(code="231003", name="后"))

    async with committing.writing() as session:
        await session.execute(text("INSERT INTO district (code, name) VALUES ('231003', '先')"))
        waiting = asyncio.create_task(late())
        while not await superuser.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not waiting.done()
            await asyncio.sleep(0.01)
        async with asyncio.timeout(2), committing.writing(["231005"]) as other:
            audit.record(other, "231005", action="cli.soon")
    with pytest.raises(IntegrityError):
        await waiting
    assert len(await _numbers(superuser, "231005")) == before + 1


async def test_what_is_pending_is_written_in_the_districts_of_its_transaction(
    committing: Doors,
) -> None:
    """The scope is set anew for a chain that lies elsewhere: what is flushed then is refused."""
    async with committing.writing(["231004"]) as session:
        await make_district(session, "231004")
    async with committing.writing(["231004"]) as session:
        session.sync_session.autoflush = False
        audit.record(session, "231005", action="cli.elsewhere")
        session.add(Organization(district_code="231004", id=new_id(), label=2))
    async with committing.writing(["231004"]) as session:
        rows = text("SELECT count(*) FROM organization WHERE label = 2")
        assert await session.scalar(rows) == 1
