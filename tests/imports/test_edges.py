"""What a roster may not do to the records, and what may happen to them meanwhile."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.core import clock
from app.core.db import Doors
from app.core.workbooks import Column, NewSheet, write_workbook
from app.imports import service
from tests.conftest import _at, new_database, signed_in
from tests.imports.test_api import (
    MEMBERS,
    ORGANIZATIONS,
    members,
    organizations,
    take,
    workbook,
)
from tests.make.applications import application
from tests.make.organizations import make_account, make_district


@pytest.fixture(autouse=True)
def today() -> None:
    clock.pin(date(2020, 6, 1))


def group(name: str, branch: str) -> list[Any]:
    return [name, branch, "党小组", None, None, None, "否"]


def branch(name: str) -> list[Any]:
    return [name, "区教育局党总支", "党支部", None, None, None, "否"]


async def shown(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    items = (await client.get("/members", params={"q": name})).json()["items"]
    found: dict[str, Any] = items[0]
    return found


async def place(client: httpx.AsyncClient, organization_id: str) -> list[str]:
    url = f"/organizations/{organization_id}/ancestors"
    return [o["name"] for o in (await client.get(url)).json()["items"]]


async def test_a_member_of_a_new_group(client: httpx.AsyncClient, root: UUID) -> None:
    people = members()
    people[0][9] = "甲组"
    answer = await take(client, workbook([*organizations(), group("甲组", "一支部")], people))
    assert answer.status_code == 201, answer.text
    one = await shown(client, "张晓明")
    assert (await place(client, one["organization_id"]))[-2:] == ["一支部", "甲组"]


async def test_a_group_named_twice_is_not_guessed(client: httpx.AsyncClient, root: UUID) -> None:
    people = members()
    people[0][9] = "一组"
    first = [*organizations(), group("一组", "一支部")]
    assert (await take(client, workbook(first, members()))).status_code == 201
    other = [*organizations(), group("一组", "二支部")]
    answer = await take(client, workbook(other, people), as_of="2020-03-31")
    assert [e["code"] for e in answer.json()["errors"]] == ["ambiguous_branch"]


async def test_a_branch_comes_before_a_group_of_its_name(
    client: httpx.AsyncClient, root: UUID
) -> None:
    rows = [*organizations(), branch("先锋"), branch("尾支部"), group("先锋", "尾支部")]
    assert (await take(client, workbook(rows, members()))).status_code == 201
    rows.append(group("二组", "先锋"))
    assert (await take(client, workbook(rows, members()), as_of="2020-03-31")).status_code == 201
    made = (await client.get("/organizations", params={"q": "二组"})).json()["items"][0]
    above = await client.get(f"/organizations/{made['id']}/ancestors")
    assert [o["kind"] for o in above.json()["items"]][-2:] == ["party_branch", "party_group"]


async def test_what_a_roster_does_not_speak_of_stays(client: httpx.AsyncClient) -> None:
    await take(client, workbook(organizations(), members()))
    fewer = write_workbook(
        [
            NewSheet(
                name="党组织",
                columns=[Column(title=t) for t in ORGANIZATIONS[:3]],
                rows=[row[:3] for row in organizations()],
            ),
            NewSheet(
                name="党员",
                columns=[Column(title=t) for t in MEMBERS[:10]],
                rows=[row[:10] for row in members()],
            ),
        ]
    )
    answer = await take(client, fewer, as_of="2020-03-31")
    assert answer.status_code == 201, answer.text
    assert answer.json()["changes"] == []


async def test_the_same_file_undoes_no_correction(client: httpx.AsyncClient) -> None:
    data = workbook(organizations(), members())
    await take(client, data)
    one = await shown(client, "张晓明")
    edit = {"phone": "13911112222"}
    url, version = f"/members/{one['id']}", {"if-match": '"1"'}
    assert (await client.patch(url, json=edit, headers=version)).status_code == 200
    assert (await take(client, data)).json()["counts"]["members"]["unchanged"] == 2
    assert (await shown(client, "张晓明"))["phone"] == "139****2222"


async def test_an_older_roster_corrects_nothing(client: httpx.AsyncClient) -> None:
    await take(client, workbook(organizations(), members()), as_of="2020-03-31")
    older = members()
    older[0][0] = "张小明"
    answer = await take(client, workbook(organizations(), older))
    assert [e["code"] for e in answer.json()["errors"]] == ["recorded_later"]


async def test_no_roster_of_a_day_to_come(client: httpx.AsyncClient) -> None:
    answer = await take(client, workbook(organizations(), members()), as_of="2020-06-02")
    assert answer.status_code == 422


async def test_a_full_member_stays_full(client: httpx.AsyncClient) -> None:
    await take(client, workbook(organizations(), members()))
    people = members()
    people[0][6:9] = ["预备党员", date(2019, 6, 1), None]
    answer = await take(client, workbook(organizations(), people), as_of="2020-03-31")
    assert [e["code"] for e in answer.json()["errors"]] == ["category_back"]


async def test_nobody_belongs_before_the_organization_stands(
    client: httpx.AsyncClient, root: UUID
) -> None:
    new = {"parent_id": str(root), "name": "新党总支", "kind": "general_branch"}
    assert (await client.post("/organizations", json=new)).status_code == 201
    rows = [["新一支部", "新党总支", "党支部", None, None, None, "否"]]
    people = members()
    people[0][9] = people[1][9] = "新一支部"
    assert (await take(client, workbook(rows, people))).status_code == 201
    tree = f"/organizations/{root}/tree"
    before = (await client.get(tree, params={"as_of": "2020-05-31"})).json()
    assert (before["headcount"]["subtree"], before["children"]) == (0, [])
    assert (await client.get(tree)).json()["headcount"]["subtree"] == 2


# ── On connections of their own


@pytest.fixture
async def committed(worker_id: str) -> AsyncIterator[httpx.AsyncClient]:
    name = f"hangji_imports_{worker_id}"
    await new_database(name)
    doors = Doors.to(_at(os.environ["HANGJI_TEST_APPLICATION"], name), pool_size=4)
    async with doors.writing(["231005"]) as session:
        await make_district(session)
        headers = await signed_in(doors, session, await make_account(session))
    app = application(doors)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1", headers=headers
    ) as client:
        yield client
    await doors.close()


async def meanwhile(
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    importing: Awaitable[httpx.Response],
    during: Callable[[], Awaitable[httpx.Response]],
) -> tuple[httpx.Response, httpx.Response]:
    """Run `during` between the check of an import and the writing of `stage`."""
    reached, go = asyncio.Event(), asyncio.Event()
    real = getattr(service, stage)

    async def waiting(*arguments: Any) -> None:
        reached.set()
        await go.wait()
        await real(*arguments)

    monkeypatch.setattr(service, stage, waiting)
    running = asyncio.ensure_future(importing)
    await reached.wait()
    done = await during()
    go.set()
    return await running, done


async def test_the_same_file_three_times_at_once(committed: httpx.AsyncClient) -> None:
    data = workbook(organizations(), members())
    answers = await asyncio.gather(*(take(committed, data) for _ in range(3)))
    statuses = sorted(a.status_code for a in answers)
    assert statuses[0] == 201
    assert set(statuses) <= {201, 409}
    assert len((await committed.get("/members")).json()["items"]) == 2


async def test_a_member_corrected_meanwhile(
    committed: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(committed, workbook(organizations(), members()))
    one = await shown(committed, "张晓明")
    people = members()
    people[0][0], people[0][10] = "张小明", "13911112222"
    imported, patched = await meanwhile(
        monkeypatch,
        "_write_members",
        take(committed, workbook(organizations(), people), as_of="2020-03-31"),
        lambda: committed.patch(
            f"/members/{one['id']}", json={"name": "张大明"}, headers={"if-match": '"1"'}
        ),
    )
    assert (patched.status_code, imported.status_code) == (200, 409)
    assert imported.json()["type"] == "/problems/tree-changed"
    assert (await committed.get(f"/members/{one['id']}")).json()["name"] == "张大明"


async def test_an_organization_changed_meanwhile(
    committed: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(committed, workbook(organizations(), members()))
    one = (await committed.get("/organizations", params={"q": "一支部"})).json()["items"][0]
    rows = organizations()
    rows[1][5] = date(2021, 3, 1)
    imported, patched = await meanwhile(
        monkeypatch,
        "_write_organizations",
        take(committed, workbook(rows, members()), as_of="2020-06-01"),
        lambda: committed.patch(
            f"/organizations/{one['id']}", json={"is_grid": True}, headers={"if-match": '"1"'}
        ),
    )
    assert (patched.status_code, imported.status_code) == (200, 409)
