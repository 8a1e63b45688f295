"""Whoever holds the database but not the keys cannot change the audit unseen."""

import random
from collections import Counter

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.audit import queries, service
from app.audit.logic import Fault, Head
from app.core import audit
from app.core.caller import DEPLOYMENT
from app.core.db import Doors
from tests.audit import tampering
from tests.audit.conftest import ENTRIES
from tests.long import real

TAMPERINGS, SEED = 100, 20261122
TABLES = ("audit_entry", "audit_head")


async def _heads(doors: Doors) -> list[Head]:
    codes = await queries.chains(doors)
    return await queries.heads_of(doors.reading(codes), codes)


async def _restore(superuser: asyncpg.Connection) -> None:
    for table in TABLES:
        await superuser.execute(f"TRUNCATE {table}")
        await superuser.execute(f"INSERT INTO {table} SELECT * FROM {table}_whole")


async def test_a_hundred_tamperings_are_found(chains: Doors, superuser: asyncpg.Connection) -> None:
    whole = await service.verify(chains)
    assert whole.faults == []
    assert whole.chains == 3
    # the district's own beginning and the account of the world come before, in 231005
    assert whole.entries > 2 * ENTRIES
    for table in TABLES:
        await superuser.execute(f"CREATE TABLE {table}_whole AS SELECT * FROM {table}")
    dice = random.Random(SEED)  # noqa: S311 - the same on every run
    found, missed = Counter[str](), []
    for n in range(TAMPERINGS):
        tamper = tampering.WAYS[n % len(tampering.WAYS)]
        code = dice.choice(["231004", "231005"])
        done = await tamper(superuser, dice, code)
        faults = (await service.verify(chains)).faults
        if faults:
            found[tamper.__name__] += 1
        else:
            missed.append((tamper.__name__, code, done))
        await _restore(superuser)
    print(f"tamperings found: {found.total()} of {TAMPERINGS}; ways: {len(found)}")  # noqa: T201
    assert (found.total(), missed) == (TAMPERINGS, [])
    assert len(found) == len(tampering.WAYS)
    assert (await service.verify(chains)).faults == []


async def test_where_it_was_tampered_with(chains: Doors, superuser: asyncpg.Connection) -> None:
    await superuser.execute(
        "UPDATE audit_entry SET username = 'x' WHERE district_code = '231004' AND number = 7"
    )
    [fault] = (await service.verify(chains)).faults
    assert (fault.district_code, fault.number) == ("231004", 7)
    assert (await service.verify(chains, ["231005"])).faults == []
    assert (await service.verify(chains, ["231004"])).faults == [fault]
    await superuser.execute("DELETE FROM audit_entry WHERE number BETWEEN 10 AND 12")
    where = [(f.district_code, f.number) for f in (await service.verify(chains)).faults]
    assert where == [("231004", 7), ("231004", 10), ("231005", 10)]


async def test_an_old_state_put_back_is_told_by_the_heads_kept_elsewhere(
    chains: Doors, superuser: asyncpg.Connection
) -> None:
    old = await _heads(chains)
    async with chains.writing(["231005"]) as session:
        audit.record(session, "231005")
    newer = await _heads(chains)
    assert (await service.verify(chains, kept=old)).faults == []
    assert (await service.verify(chains, kept=newer)).faults == []
    [was] = [h for h in old if h.district_code == "231005"]
    cut = "DELETE FROM audit_entry WHERE district_code = '231005' AND number > $1"
    await superuser.execute(cut, was.number)
    head = "UPDATE audit_head SET number = $1, hash = $2, signature = $3 WHERE district_code = $4"
    await superuser.execute(head, was.number, was.hash, was.signature, "231005")
    assert (await service.verify(chains, kept=old)).faults == []
    [fault] = (await service.verify(chains, kept=newer)).faults
    assert (fault.district_code, fault.number) == ("231005", was.number + 1)
    async with chains.writing(["231005"]) as session:  # the chain goes on otherwise
        audit.record(session, "231005")
    [fault] = (await service.verify(chains, kept=newer)).faults
    assert (fault.district_code, fault.number) == ("231005", was.number + 1)
    forged = Head("231005", 3, b"x" * 32, b"y" * 16)
    assert len((await service.verify(chains, kept=[forged])).faults) == 1


async def test_the_application_can_only_add(world: real.World, chains: Doors) -> None:
    everywhere = [DEPLOYMENT, "231004", "231005"]
    for statement in (
        "UPDATE audit_entry SET username = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
        "ALTER TABLE audit_entry DISABLE ROW LEVEL SECURITY",
        "DROP TABLE audit_entry",
    ):
        with pytest.raises(Exception, match=r"permission denied|must be owner") as refused:
            async with chains.writing(everywhere) as session:
                await session.execute(text(statement))
        assert refused.value.orig.sqlstate == "42501"  # type: ignore[attr-defined]
    assert (await service.verify(chains)).faults == []


async def test_after_a_break_nothing_is_written_until_the_operator_signs(
    world: real.World, chains: Doors, superuser: asyncpg.Connection
) -> None:
    await superuser.execute(
        "DELETE FROM audit_entry WHERE district_code = '231005' AND number > 20;"
        "UPDATE audit_head SET number = 20 WHERE district_code = '231005'"
    )
    new = {"parent_id": str(world.root), "name": "断链支部", "kind": "party_branch"}
    async with real.connect(real.application(chains), world.headers) as client:

        async def write() -> httpx.Response:
            return await client.post("/organizations", json=new)

        refused = await write()
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/audit-broken")
        assert (await client.get("/organizations?q=断链")).json()["items"] == []
        assert await service.reseal(chains, "231005", "磁盘损坏，从备份恢复") is True
        assert await service.reseal(chains, "231005", "再来一次") is False
        assert (await write()).status_code == 201
    [fault] = (await service.verify(chains)).faults
    assert (fault.district_code, fault.number) == ("231005", 21)
    assert "磁盘损坏" in fault.what.zh
    entry = await superuser.fetchrow(
        "SELECT * FROM audit_entry WHERE district_code = '231005' AND number = 21"
    )
    assert (entry["action"], entry["target_id"]) == ("audit.resealed", "231005")
    assert '"number": 20' in entry["before"]


async def test_a_chain_that_is_gone_stays_gone(
    chains: Doors, superuser: asyncpg.Connection
) -> None:
    async def gone(code: str) -> list[Fault]:
        return [f for f in (await service.verify(chains)).faults if f.district_code == code]

    for table in TABLES:
        await superuser.execute(f"DELETE FROM {table} WHERE district_code = '231004'")
    assert len(await gone("231004")) == 1
    async with chains.writing(["231004"]) as session:  # it begins anew, and that tells of it
        audit.record(session, "231004")
    assert len(await gone("231004")) == 1
    for table in TABLES:
        await superuser.execute(f"DELETE FROM {table} WHERE district_code = '231005'")
    assert await service.reseal(chains, "231005", "误删") is True
    assert len(await gone("231005")) == 1
