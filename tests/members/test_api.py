"""Members over HTTP."""

from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.members import id_number, make_member, new_member
from tests.make.organizations import make_organization


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    clock.pin(date(2019, 12, 31))
    return await make_organization(session, root, name="先锋第一社区第1网格党支部")


async def test_recorded_masked_and_encrypted(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    new = new_member(branch)
    made = await client.post("/members", json=new)
    assert made.status_code == 201, made.text
    body = made.json()
    assert body["id_number"] == f"231005********{new['id_number'][-4:]}"
    assert body["phone"] == "138****1234"
    assert body["organization_name"] == "先锋第一社区第1网格党支部"
    assert new["id_number"] not in made.text
    rows = await session.execute(text("SELECT member::text FROM member"))
    assert new["id_number"] not in str(rows.all())
    shown = await client.get(f"/members/{body['id']}")
    assert shown.headers["etag"] == '"1"'
    assert shown.json() == body


async def test_one_member_an_id_number(client: httpx.AsyncClient, branch: UUID) -> None:
    new = new_member(branch)
    assert (await client.post("/members", json=new)).status_code == 201
    again = await client.post("/members", json=new | {"name": "李四"})
    assert again.status_code == 409
    assert again.json()["type"] == "/problems/member-exists"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("晓明", ["张晓明"]),
        ("明", ["张晓明", "单明"]),
        ("zxm", ["张晓明"]),
        ("zhangxiaoming", ["张晓明"]),
        ("xiaoming", ["张晓明"]),
        ("shan", ["单明"]),
        ("dan", ["单明"]),
        ("sm", ["单明"]),
        ("晓李", []),
        ("%", []),
        ("_", []),
        ("(", []),
    ],
)
async def test_search(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID, q: str, found: list[str]
) -> None:
    for name in ("张晓明", "单明", "李四"):
        await make_member(session, branch, name=name)
    answer = await client.get("/members", params={"q": q})
    assert answer.status_code == 200, answer.text
    assert sorted(m["name"] for m in answer.json()["items"]) == sorted(found)


async def test_pages_by_pinyin_neither_skip_nor_repeat(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    for name in ("王五", "张三", "李四", "单明", "张三", "安心"):
        await make_member(session, branch, name=name)
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = (await client.get("/members", params=query)).json()
        seen += [m["name"] for m in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ["安心", "李四", "单明", "王五", "张三", "张三"]


async def test_conversion_and_status(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    member = await make_member(
        session, branch, category="probationary", joined_on="2018-12-31", full_on=None
    )
    url = f"/members/{member}"
    early = await client.post(
        f"{url}/conversions", json={"full_on": "2019-12-30"}, headers={"if-match": '"1"'}
    )
    assert early.status_code == 422
    done = await client.post(
        f"{url}/conversions", json={"full_on": "2019-12-31"}, headers={"if-match": '"1"'}
    )
    assert done.status_code == 200, done.text
    assert (done.json()["category"], done.json()["full_on"]) == ("full", "2019-12-31")
    clock.pin(date(2020, 2, 29))
    died = {"status": "deceased", "reason": "因病去世"}
    gone = await client.post(f"{url}/status-changes", json=died, headers={"if-match": '"2"'})
    assert gone.json()["status"] == "deceased"
    back = await client.post(
        f"{url}/status-changes",
        json={"status": "active", "reason": "误报"},
        headers={"if-match": '"3"'},
    )
    assert back.status_code == 409
    assert (await client.get("/members")).json()["items"] == []
    tree = await client.get(f"/organizations/{branch}/tree")
    assert tree.json()["headcount"]["own"] == 0
    before = await client.get(f"/organizations/{branch}/tree", params={"as_of": "2020-02-28"})
    assert before.json()["headcount"] == {"own": 1, "subtree": 1, "full": 1, "probationary": 0}


async def test_tree_counts_every_level(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(date(2019, 12, 31))
    general = await make_organization(session, root, kind="general_branch", name="总支")
    first = await make_organization(session, general, name="一支部")
    second = await make_organization(session, general, name="二支部")
    group = await make_organization(session, second, kind="party_group", name="一组")
    await make_member(session, first)
    await make_member(session, second)
    await make_member(session, group, category="probationary", full_on=None, joined_on="2019-05-04")
    tree = (await client.get(f"/organizations/{root}/tree")).json()
    assert tree["headcount"] == {"own": 0, "subtree": 3, "full": 2, "probationary": 1}
    top = tree["children"][0]
    assert [(c["organization"]["name"], c["headcount"]["subtree"]) for c in top["children"]] == [
        ("一支部", 1),
        ("二支部", 2),
    ]
    shallow = (await client.get(f"/organizations/{root}/tree", params={"depth": 1})).json()
    assert shallow["children"][0]["headcount"]["subtree"] == 3
    assert shallow["children"][0]["children"] == []


async def test_dissolving_wants_an_empty_organization(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    group = await make_organization(session, branch, kind="party_group", name="一组")
    member = await make_member(session, group)
    version = {"if-match": '"1"'}
    refused = await client.delete(f"/organizations/{branch}", headers=version)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-empty")
    refused = await client.delete(f"/organizations/{group}", headers=version)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-empty")
    clock.pin(date(2020, 1, 1))
    out = {"status": "transferred_out", "reason": "组织关系转出"}
    assert (
        await client.post(f"/members/{member}/status-changes", json=out, headers=version)
    ).status_code == 200
    assert (await client.delete(f"/organizations/{group}", headers=version)).status_code == 204
    gone = (await client.get(f"/organizations/{group}")).json()
    assert gone["status"] == "dissolved"
    assert (await client.get("/organizations", params={"q": "一组"})).json()["items"] == []


async def test_who_left_is_found_where_they_were(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    member = await make_member(session, branch)
    clock.pin(date(2020, 1, 1))
    out = {"status": "transferred_out", "reason": "组织关系转出"}
    version = {"if-match": '"1"'}
    url = f"/members/{member}"
    assert (await client.post(f"{url}/status-changes", json=out, headers=version)).is_success
    clock.pin(date(2020, 2, 1))
    assert (await client.delete(f"/organizations/{branch}", headers=version)).is_success
    shown = await client.get(url)
    assert shown.json()["organization_name"] == "先锋第一社区第1网格党支部"
    left = await client.get("/members", params={"status": "transferred_out"})
    assert [m["id"] for m in left.json()["items"]] == [str(member)]
    assert (await client.get("/members")).json()["items"] == []


async def test_an_id_number_never_comes_back(client: httpx.AsyncClient, branch: UUID) -> None:
    good = id_number()
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    for bad in (wrong, good[:15], "２３" + good[2:], good.replace(good[6], "X", 1)):
        answer = await client.post("/members", json=new_member(branch, id_number=bad))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "id_number"
        assert not any(bad[i : i + 6] in answer.text for i in range(len(bad) - 5))
