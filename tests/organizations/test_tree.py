"""The tree and its history, as of a day."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.organizations import make_district, make_organization

VERSION = {"if-match": '"1"'}
FIRST, SECOND, THIRD = date(2019, 1, 1), date(2019, 6, 1), date(2019, 12, 31)


async def _patch(
    client: httpx.AsyncClient, of: UUID, version: int, **values: Any
) -> httpx.Response:
    headers = {"if-match": f'"{version}"'}
    return await client.patch(f"/organizations/{of}", json=values, headers=headers)


async def _names(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/organizations", params=query)
    assert answer.status_code == 200, answer.text
    return [o["name"] for o in answer.json()["items"]]


async def test_the_root_stands_and_stays(client: httpx.AsyncClient, root: UUID) -> None:
    shown = (await client.get(f"/organizations/{root}")).json()
    assert (shown["name"], shown["path"]) == ("中共牡丹江市西安区委员会", "1.")
    assert (shown["kind"], shown["parent_id"]) == ("district_committee", None)
    refused = await client.delete(f"/organizations/{root}", headers=VERSION)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/root-stays")
    new = {"parent_id": str(root), "name": "第二区委", "kind": "district_committee"}
    assert (await client.post("/organizations", json=new)).status_code == 409
    assert (await client.get("/organizations?as_of=1900-01-01")).json()["items"] != []


async def test_districts(client: httpx.AsyncClient, session: AsyncSession, root: UUID) -> None:
    await make_district(session, "231004")
    listed = (await client.get("/districts")).json()
    assert listed == {"items": [{"code": "231005", "name": "西安区"}], "next": None}
    assert (await client.get("/districts/231005")).json() == listed["items"][0]
    for code, status in (("231004", 404), ("231006", 404), ("23100", 422), ("23100x", 422)):
        assert (await client.get(f"/districts/{code}")).status_code == status
    assert (await client.get("/districts/231005%0a")).status_code == 422


async def test_making_a_district_again_changes_nothing(session: AsyncSession, root: UUID) -> None:
    assert await make_district(session) == root


async def test_what_was_on_a_day(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(FIRST)
    general = await make_organization(session, root, kind="general_branch", name="旧名")
    branch = await make_organization(session, general, name="下级")
    clock.pin(SECOND)
    assert (await _patch(client, general, 1, name="新名", due_on="2022-06-01")).status_code == 200
    clock.pin(THIRD)
    gone = await client.delete(f"/organizations/{branch}?decision=文1", headers=VERSION)
    assert gone.status_code == 204

    top = "中共牡丹江市西安区委员会"
    assert await _names(client, as_of="2018-12-31") == [top]
    assert await _names(client, as_of="2019-01-01") == [top, "旧名", "下级"]
    assert await _names(client, as_of="2019-05-31") == [top, "旧名", "下级"]
    assert await _names(client, as_of="2019-06-01") == [top, "新名", "下级"]
    assert await _names(client, as_of="2019-12-30") == [top, "新名", "下级"]
    assert await _names(client) == [top, "新名"]

    async def tree(day: str) -> Any:
        answer = await client.get(f"/organizations/{root}/tree", params={"as_of": day})
        return [
            (c["organization"]["name"], [g["organization"]["name"] for g in c["children"]])
            for c in answer.json()["children"]
        ]

    assert await tree("2018-12-31") == []
    assert await tree("2019-05-31") == [("旧名", ["下级"])]
    assert await tree("2019-12-31") == [("新名", [])]
    for url in (f"/organizations/{branch}", f"/organizations/{branch}/tree"):
        assert (await client.get(f"{url}?as_of=2018-12-31")).status_code == 404
    ended = (await client.get(f"/organizations/{branch}")).json()
    assert (ended["status"], ended["decision"]) == ("dissolved", "文1")
    before = (await client.get(f"/organizations/{branch}?as_of=2019-12-30")).json()
    assert before["status"] == "active"


async def test_what_is_dissolved_cannot_be_changed(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(FIRST)
    branch = await make_organization(session, root, name="支部")
    clock.pin(SECOND)
    gone = await client.delete(f"/organizations/{branch}", headers=VERSION)
    assert gone.status_code == 204
    new = {"parent_id": str(branch), "name": "组", "kind": "party_group"}
    for answer in (
        await _patch(client, branch, 2, name="又来"),
        await client.delete(f"/organizations/{branch}", headers={"if-match": '"2"'}),
        await client.post("/organizations", json=new),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-standing")
    again = {"parent_id": str(root), "name": "支部", "kind": "party_branch"}
    assert (await client.post("/organizations", json=again)).status_code == 201


async def test_founded_and_dissolved_on_one_day(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root, name="误设")
    gone = await client.delete(f"/organizations/{branch}", headers=VERSION)
    assert gone.status_code == 204
    assert (await client.get(f"/organizations/{branch}")).status_code == 404
    kept = text("SELECT count(*) FROM organization_state_history WHERE name = '误设'")
    assert await session.scalar(kept) == 1
    following = await make_organization(session, root)
    assert (await client.get(f"/organizations/{following}")).json()["path"] == "1.3."


async def test_names_are_taken_while_they_stand(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    first = await make_organization(session, root, name="甲")
    second = await make_organization(session, root, name="乙")
    taken = await _patch(client, second, 1, name="甲")
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/name-taken")
    assert (await _patch(client, first, 1, name="甲", is_grid=True)).status_code == 200
    await make_organization(session, first, kind="party_group", name="一组")
    await make_organization(session, second, kind="party_group", name="一组")
    group = {"parent_id": str(second), "name": "一组", "kind": "party_group"}
    assert (await client.post("/organizations", json=group)).status_code == 409


async def test_history_tells_what_was_recorded(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(FIRST)
    branch = await make_organization(session, root, name="一")
    await _patch(client, branch, 1, name="二")  # a correction on the same day
    clock.pin(SECOND)
    await _patch(client, branch, 2, name="三", decision="西组发〔2019〕6号")
    items = (await client.get(f"/organizations/{branch}/history")).json()["items"]
    standing = [
        (i["name"], i["valid_from"], i["valid_to"]) for i in items if not i["superseded_at"]
    ]
    assert standing == [("三", "2019-06-01", None), ("二", "2019-01-01", "2019-06-01")]
    superseded = {(i["name"], i["valid_to"]) for i in items if i["superseded_at"]}
    assert superseded == {("一", None), ("二", None)}
    assert {i["decision"] for i in items} == {None, "西组发〔2019〕6号"}


async def test_a_change_cannot_precede_what_is_recorded(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(SECOND)
    branch = await make_organization(session, root)
    clock.pin(FIRST)
    early = await _patch(client, branch, 1, name="早")
    assert early.status_code in {404, 409}, early.text


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, 200),
        ({"sector": "community"}, 200),
        ({"sector": None}, 200),
        ({"name": None}, 422),
        ({"is_grid": None}, 422),
        ({"name": "  "}, 422),
        ({"name": "党" * 100}, 200),
        ({"name": "党" * 101}, 422),
        ({"is_grid": 1}, 422),
        ({"is_grid": "true"}, 422),
        ({"sector": "Community"}, 422),
        ({"kind": "general_branch"}, 422),
        ({"founded_on": "2020-01-01"}, 422),
        ({"founded_on": "1899-12-31"}, 422),
        ({"founded_on": "1900-01-01"}, 200),
        ({"term_started_on": "2199-12-31"}, 200),
        ({"term_started_on": "2200-01-01"}, 422),
        ({"term_started_on": "2019-1-1"}, 422),
        ({"due_on": "infinity"}, 422),
        ({"decision": "西\n组"}, 422),
    ],
)
async def test_edits(
    client: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    values: dict[str, Any],
    status: int,
) -> None:
    clock.pin(THIRD)
    branch = await make_organization(session, root)
    answer = await _patch(client, branch, 1, **values)
    assert answer.status_code == status, answer.text


async def test_filters(client: httpx.AsyncClient, session: AsyncSession, root: UUID) -> None:
    general = await make_organization(
        session, root, kind="general_branch", name="区教育局党总支", sector="agency"
    )
    await make_organization(session, general, name="100%_支部")
    await make_organization(session, root, name="外面的支部")
    assert await _names(client, within=str(general)) == ["区教育局党总支", "100%_支部"]
    assert await _names(client, parent_id=str(general)) == ["100%_支部"]
    assert await _names(client, kind="general_branch") == ["区教育局党总支"]
    assert await _names(client, sector="agency") == ["区教育局党总支"]
    assert await _names(client, q="教育") == ["区教育局党总支"]
    for fragment in ("%", "_", "%_", "100%"):
        assert await _names(client, q=fragment) == ["100%_支部"]
    assert await _names(client, q="\\") == []
    assert await _names(client, parent_id=str(uuid4())) == []


async def test_depth(client: httpx.AsyncClient, session: AsyncSession, root: UUID) -> None:
    general = await make_organization(session, root, kind="general_branch")
    await make_organization(session, general)

    async def levels(depth: str) -> int:
        node = (await client.get(f"/organizations/{root}/tree?depth={depth}")).json()
        count = 1
        while node["children"]:
            node, count = node["children"][0], count + 1
        return count

    assert [await levels(d) for d in ("0", "1", "2", "16")] == [1, 2, 3, 3]
    for depth in ("-1", "17", "x"):
        answer = await client.get(f"/organizations/{root}/tree?depth={depth}")
        assert answer.status_code == 422
