"""Rosters taken over HTTP: all or nothing, and what changes the second time."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core import clock
from app.core.workbooks import Column, NewSheet, write_workbook
from app.organizations.queries import ROOT_PATH
from tests.make.members import id_number

ROOT = "中共牡丹江市西安区委员会"
ORGANIZATIONS = [
    "党组织名称",
    "上级党组织",
    "组织类别",
    "所在领域",
    "本届任期起始日期",
    "届满日期",
    "是否网格党支部",
]
MEMBERS = ["姓名", "性别", "民族", "公民身份号码", "出生日期", "学历", "人员类别", "加入党组织日期"]
MEMBERS += ["转为正式党员日期", "所在党支部", "手机号码", "是否流动党员"]
FIRST, SECOND = id_number(), id_number(male=False)


def organizations() -> list[list[Any]]:
    return [
        ["区教育局党总支", ROOT, "党总支", "机关", date(2018, 1, 7), date(2021, 1, 7), "否"],
        ["一支部", "区教育局党总支", "党支部", "机关", date(2018, 1, 7), date(2021, 1, 7), "否"],
        ["二支部", "区教育局党总支", "支部", "机关", "2018.01.07", "2021年1月7日", "否"],
    ]


def members() -> list[list[Any]]:
    born, joined, full = date(1990, 3, 7), date(2015, 7, 1), date(2016, 7, 1)
    rest = ["大学本科", "正式党员", joined, full, "一支部", "13800001234", "否"]
    return [
        ["张晓明", "男", "汉族", FIRST, born, *rest],
        ["单雪", "女", "满", SECOND, born, *rest],
    ]


def workbook(organizations: list[list[Any]], members: list[list[Any]]) -> bytes:
    return write_workbook(
        [
            NewSheet(
                name="党组织", columns=[Column(title=t) for t in ORGANIZATIONS], rows=organizations
            ),
            NewSheet(name="党员", columns=[Column(title=t) for t in MEMBERS], rows=members),
        ]
    )


@pytest.fixture(autouse=True)
def today() -> None:
    clock.pin(date(2020, 6, 1))


async def take(client: httpx.AsyncClient, data: bytes, **params: Any) -> httpx.Response:
    query = {"district_code": "231005", "as_of": "2019-12-31"} | params
    return await client.post("/imports", params=query, files={"file": ("花名册.xlsx", data)})


async def snapshot(connection: AsyncConnection) -> list[Any]:
    tables = "organization", "organization_state", "member", "membership"
    rows = [await connection.execute(text(f"SELECT t::text FROM {t} t ORDER BY 1")) for t in tables]
    return [r.all() for r in rows]


async def test_taken_and_read_back(client: httpx.AsyncClient, root: UUID) -> None:
    answer = await take(client, workbook(organizations(), members()))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["counts"]["organizations"] == {"rows": 3, "new": 3, "changed": 0, "unchanged": 0}
    assert body["counts"]["members"] == {"rows": 2, "new": 2, "changed": 0, "unchanged": 0}
    assert (await client.get(f"/imports/{body['id']}")).json()["counts"] == body["counts"]
    tree = (await client.get(f"/organizations/{root}/tree", params={"as_of": "2019-12-31"})).json()
    general = tree["children"][0]
    assert general["organization"]["path"] == f"{ROOT_PATH}2."
    assert general["headcount"]["subtree"] == 2
    found = (await client.get("/members", params={"q": "shanxue"})).json()["items"]
    assert [m["organization_name"] for m in found] == ["一支部"]
    before = await client.get("/members", params={"as_of": "2019-12-30"})
    assert before.json()["items"] == []


async def test_again_changes_nothing(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    data = workbook(organizations(), members())
    await take(client, data)
    before = await snapshot(connection)
    again = await take(client, data)
    assert again.status_code == 201
    assert again.json()["counts"]["members"] == {"rows": 2, "new": 0, "changed": 0, "unchanged": 2}
    assert await snapshot(connection) == before


async def test_dry_run_reports_and_writes_nothing(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    before = await snapshot(connection)
    answer = await take(client, workbook(organizations(), members()), dry_run="true")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] is None
    assert answer.json()["counts"]["members"]["new"] == 2
    assert await snapshot(connection) == before


async def test_changes_by_id_number(client: httpx.AsyncClient, root: UUID) -> None:
    await take(client, workbook(organizations(), members()))
    changed, more = members(), organizations()
    changed[0][0] = "张小明"
    changed[0][10] = "13911112222"
    changed[1][9] = "二支部"
    more[0][5] = date(2021, 3, 1)
    answer = await take(client, workbook(more, changed), as_of="2020-03-31")
    assert answer.status_code == 201, answer.text
    assert [(c["name"], c["fields"]) for c in answer.json()["changes"]] == [
        ("区教育局党总支", ["due_on"]),
        ("张小明", ["name", "phone"]),
        ("单雪", ["organization_name"]),
    ]
    people = (await client.get("/members")).json()["items"]
    assert [(m["name"], m["organization_name"], m["phone"], m["version"]) for m in people] == [
        ("单雪", "二支部", "138****1234", 2),
        ("张小明", "一支部", "139****2222", 2),
    ]
    old = (await client.get("/members", params={"as_of": "2020-03-30"})).json()["items"]
    assert [m["organization_name"] for m in old] == ["一支部", "一支部"]
    later = await take(client, workbook(organizations(), members()), as_of="2020-01-31")
    assert later.status_code == 422
    assert {e["code"] for e in later.json()["errors"]} == {"recorded_later"}


async def test_one_bad_row_and_nothing_is_written(
    client: httpx.AsyncClient, connection: AsyncConnection
) -> None:
    before = await snapshot(connection)
    people = members()
    people[1][9] = "不存在的党支部"
    answer = await take(client, workbook(organizations(), people))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert [(e["sheet"], e["row"], e["field"]) for e in errors] == [
        ("党员", 3, "organization_name")
    ]
    assert await snapshot(connection) == before


async def test_kind_and_parent_change_only_by_restructuring(client: httpx.AsyncClient) -> None:
    await take(client, workbook(organizations(), members()))
    other = organizations()
    other[1][1] = ROOT
    other[2][2] = "联合党支部"
    answer = await take(client, workbook(other, members()), as_of="2020-03-31")
    assert answer.status_code == 422
    assert [e["code"] for e in answer.json()["errors"]] == ["parent_differs", "kind_differs"]


async def test_not_a_workbook(client: httpx.AsyncClient) -> None:
    for data in (b"", b"name,sex\n", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0" + b"\0" * 600):
        answer = await take(client, data)
        assert answer.status_code == 422, answer.text
    nobody = await take(client, workbook(organizations(), []), district_code="110101")
    assert nobody.status_code == 404


@pytest.mark.parametrize("name", ["clean", "messy"])
async def test_the_rosters(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, name: str
) -> None:
    data = (Path(__file__).parents[1] / "data" / f"roster-{name}.xlsx").read_bytes()
    answer = await take(client, data)
    if name == "messy":
        assert answer.status_code == 422
        assert len({(e["sheet"], e["row"]) for e in answer.json()["errors"]}) == 34
        return
    assert answer.status_code == 201, answer.text
    assert answer.json()["counts"]["organizations"]["new"] == 474
    assert answer.json()["counts"]["members"]["new"] == 7719
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        query = {"as_of": "2019-12-31", "limit": "200"} | ({"after": after} if after else {})
        page = (await client.get("/rules/findings", params=query)).json()
        found += page["items"]
        if (after := page["next"]) is None:
            break
    general = sorted(f["headcount"] for f in found if f["kind"] == "general_branch")
    assert general == [17, 19, 101, 118, 137]
    low = [f for f in found if f["kind"] != "general_branch"]
    assert len(low) == 214
    assert {f["severity"] for f in low} == {"low"}
