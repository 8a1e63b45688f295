"""Corrections are kept apart from changes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from app.members.models import Membership
from tests.conftest import signed_in
from tests.make.changes import restate, transfer
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization

SPRING, SUMMER, TODAY = date(2019, 3, 1), date(2019, 6, 1), date(2019, 12, 31)


@pytest.fixture
async def made(session: AsyncSession, root: UUID) -> dict[str, UUID]:
    """Two branches and two members, recorded in spring."""
    clock.pin(SPRING)
    branch = await make_organization(session, root, name="甲党支部")
    other = await make_organization(session, root, name="乙党支部")
    people = [await make_member(session, branch, name=name) for name in ("张晓明", "李卫东")]
    clock.pin(TODAY)
    return {"branch": branch, "other": other, "one": people[0], "two": people[1]}


@pytest.fixture
async def clerks(
    app: FastAPI, doors: Doors, session: AsyncSession, made: dict[str, UUID]
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A clerk of each branch."""
    async with AsyncExitStack() as stack:
        found = []
        for place in (made["branch"], made["other"]):
            name = await make_account(session, Role.ORGANIZATION_CLERK, organization_id=place)
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://test/v1",
                headers=await signed_in(doors, session, name),
            )
            found.append(await stack.enter_async_context(client))
        yield found


async def told(client: httpx.AsyncClient, query: str = "") -> list[Any]:
    answer = await client.get(f"/corrections?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_change_from_today_on_corrects_nothing(
    client: httpx.AsyncClient, session: AsyncSession, made: dict[str, UUID]
) -> None:
    await restate(session, made["branch"], TODAY, name="丙党支部")
    await transfer(session, made["one"], TODAY, organization_id=made["other"])
    await transfer(session, made["two"], TODAY, status="deceased")
    await transfer(session, made["two"], TODAY, status="transferred_out")  # the same day's second
    assert await told(client) == []


async def test_what_is_changed_from_a_past_day_on_is_a_correction(
    client: httpx.AsyncClient, session: AsyncSession, made: dict[str, UUID]
) -> None:
    yesterday = date(2019, 12, 30)
    await transfer(session, made["one"], yesterday, status="deceased")
    await restate(session, made["branch"], SUMMER, name="丙党支部")
    renamed, dead = await told(client, "sort=-corrected_at")
    assert dead["subject"] == "membership"
    assert (dead["member_id"], dead["member_name"]) == (str(made["one"]), "张晓明")
    assert dead["valid_from"] == "2019-12-30"
    here = {"organization_id": str(made["branch"]), "organization_name": "丙党支部"}
    assert dead["told"] == here | {"category": "full", "status": "active"}
    assert dead["now"] == here | {"category": "full", "status": "deceased"}
    assert dead["told_at"] < dead["corrected_at"]
    assert (renamed["subject"], renamed["organization_id"]) == (
        "organization",
        str(made["branch"]),
    )
    assert renamed["valid_from"] == "2019-06-01"
    assert (renamed["told"]["name"], renamed["now"]["name"]) == ("甲党支部", "丙党支部")
    for subject, wanted in (("organization", [renamed]), ("membership", [dead])):
        assert await told(client, f"subject={subject}") == wanted
    first = (await client.get("/corrections?limit=1&sort=corrected_at")).json()
    rest = await told(client, f"sort=corrected_at&after={first['next']}")
    assert [*first["items"], *rest] == [dead, renamed]
    for query, count in (
        ("from=2019-12-31", 2),
        ("to=2019-12-30", 0),
        ("from=2020-01-01&to=2020-01-02", 0),
        (f"within={made['branch']}", 2),
        (f"within={made['other']}", 0),
    ):
        assert len(await told(client, query)) == count, query


async def test_a_record_that_was_changed_itself_is_a_correction_of_its_first_day(
    client: httpx.AsyncClient, session: AsyncSession, made: dict[str, UUID]
) -> None:
    one = update(Membership).where(Membership.member_id == made["one"])
    await session.execute(one.values(category="probationary"))
    [found] = await told(client)
    assert found["valid_from"] == str(SPRING)
    assert (found["told"]["category"], found["now"]["category"]) == ("full", "probationary")
    # what is told again as it was needs no explanation; the record between does
    await session.execute(one.values(category="full"))
    [found] = await told(client)
    assert (found["told"]["category"], found["now"]["category"]) == ("probationary", "full")


async def test_each_side_sees_its_own_organisation_alone(
    session: AsyncSession, clerks: list[httpx.AsyncClient], made: dict[str, UUID]
) -> None:
    """Who was told that somebody is theirs may see that it was wrong, and not where they are."""
    await transfer(session, made["one"], SUMMER, organization_id=made["other"])
    [was], [now] = [await told(clerk) for clerk in clerks]
    assert was["member_name"] == now["member_name"] == "张晓明"
    assert was["told"]["organization_name"] == "甲党支部"
    assert now["now"]["organization_name"] == "乙党支部"
    for hidden in (was["now"], now["told"]):
        assert (hidden["organization_id"], hidden["organization_name"]) == (None, None)
    nothing = await clerks[1].get(f"/corrections?within={made['branch']}")
    assert nothing.status_code == 404
