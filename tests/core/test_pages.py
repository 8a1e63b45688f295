"""Lists: every row once, cursors that cannot be made up, limits."""

from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import crypto
from app.core.pages import BadCursor, seal, unseal
from tests.make.members import make_member
from tests.make.organizations import make_organization

NAMES = ["中心支部", "爱民支部", "Éa支部", "支部 100%", "支部_", "阿支部", "a支部"]


async def _walk(client: httpx.AsyncClient, url: str, **params: object) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    after: dict[str, str] = {}
    while True:
        answer = await client.get(url, params=params | after)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        assert len(answer.json()["items"]) == params["limit"]
        after = {"after": answer.json()["next"]}


@pytest.mark.parametrize("sort", ["path", "-path", "name", "-name"])
async def test_pages_neither_skip_nor_repeat(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, sort: str
) -> None:
    branch = await make_organization(session, root)
    for name in NAMES:
        await make_organization(session, root, name=name)
    for _ in range(3):  # groups may share a name: the id breaks the tie
        parent = await make_organization(session, root)
        await make_organization(session, parent, kind="party_group", name="第一党小组")
    whole = await _walk(client, "/organizations", sort=sort, limit=200)
    assert len(whole) == len({o["id"] for o in whole}) == 15
    field = sort.removeprefix("-")
    keys = [(o[field], o["id"]) for o in whole]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    for limit in (1, 4, 7, 15):
        assert await _walk(client, "/organizations", sort=sort, limit=limit) == whole
    assert str(branch) in {o["id"] for o in whole}


async def test_what_is_added_meanwhile_moves_nothing(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    for name in ("丁一", "王五", "张三"):
        await make_member(session, branch, name=name)
    first = (await client.get("/members", params={"limit": 2})).json()
    await make_member(session, branch, name="安心")  # before the mark
    await make_member(session, branch, name="赵六")  # behind it
    rest = (await client.get("/members", params={"limit": 9, "after": first["next"]})).json()
    assert [m["name"] for m in first["items"] + rest["items"]] == ["丁一", "王五", "张三", "赵六"]


async def test_a_cursor_fits_its_list_and_sort_alone(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    for name in ("丁一", "王五"):
        await make_member(session, branch, name=name)
    cursor = (await client.get("/members?limit=1")).json()["next"]
    for url in (
        f"/organizations?limit=1&after={cursor}",
        f"/organizations?sort=name&after={cursor}",
        f"/members?sort=-name&after={cursor}",
        "/members?after=x",
        "/members?after=号",
        "/members?after=" + "A" * 1000,
    ):
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-cursor"), url
    assert (await client.get("/members?after=" + "A" * 1001)).status_code == 422
    assert (await client.get(f"/members?after={cursor}")).status_code == 200
    crypto.use(crypto.new_keys())
    assert (await client.get(f"/members?after={cursor}")).status_code == 400


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ("1", 200),
        ("200", 200),
        ("0", 422),
        ("201", 422),
        ("1.0", 422),
        ("+1", 422),
        ("１", 422),
        ("", 422),
        ("1e2", 422),
        ("0x1", 422),
        ("01", 422),
        ("true", 422),
        ("9" * 5000, 422),
    ],
)
async def test_limits(client: httpx.AsyncClient, limit: str, status: int) -> None:
    answer = await client.get("/organizations", params={"limit": limit})
    assert answer.status_code == status


@given(st.lists(st.text(max_size=20), max_size=3), st.data())
def test_no_bit_of_a_cursor_can_be_changed(key: list[str], data: st.DataObject) -> None:
    crypto.use(crypto.new_keys())
    cursor = seal("members", "name", *key)
    assert unseal(cursor, "members", "name") == key
    at = data.draw(st.integers(0, len(cursor) - 1) | st.just(len(cursor) - 1))
    bit = data.draw(st.integers(0, 6))
    changed = cursor[:at] + chr(ord(cursor[at]) ^ 1 << bit) + cursor[at + 1 :]
    with pytest.raises(BadCursor):
        unseal(changed, "members", "name")


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_=-]{0,80}", fullmatch=True))
def test_no_cursor_can_be_made_up(after: str) -> None:
    crypto.use(crypto.new_keys())
    with pytest.raises(BadCursor):
        unseal(after, "members", "name")
