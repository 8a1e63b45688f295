"""A database that really commits, with two chains of thirty entries, and its superuser."""

import os
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.core import audit
from app.core.caller import Caller, Grant, Permission, Subtree
from app.core.db import Doors, new_id
from tests.conftest import _at
from tests.long import real
from tests.make.organizations import make_district

ENTRIES = 30
WHO = Caller(
    new_id(),
    "审计测试",
    (Grant("department_admin", Subtree("231005", "1."), frozenset(Permission)),),
)


@pytest.fixture
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_audit_{worker_id}") as made:
        yield made


@pytest.fixture
async def committing(world: real.World, keys: None) -> AsyncIterator[Doors]:
    """The doors of the service to that database."""
    real.same_keys()
    doors = Doors.to(world.url, pool_size=12)
    yield doors
    await doors.close()


@pytest.fixture
async def chains(committing: Doors) -> Doors:
    """Fill the chains of 231004 and 231005 with entries of every kind."""
    async with committing.writing(["231004"]) as session:
        await make_district(session, "231004")
    for code in ("231004", "231005"):
        for n in range(ENTRIES):
            by = audit.Actor("edit_member", WHO if n % 3 else None, request_id=f"r{n}")
            async with committing.writing([code], by) as session:
                values = {"before": {"n": n}, "after": {"n": n + 1, "名": "张"}} if n % 2 else {}
                target = ("member", new_id()) if n % 5 else None
                detail = {"reason": f"第{n}次"} if n % 4 == 0 else {}
                audit.record(session, code, target, **values, **detail)
    return committing


@pytest.fixture
async def superuser(world: real.World) -> AsyncIterator[asyncpg.Connection]:
    """Somebody whom no policy and no right holds."""
    url = _at(os.environ["HANGJI_TEST_SUPERUSER"], str(make_url(world.url).database))
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()
