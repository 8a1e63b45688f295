"""Which accounts are shown, and to whom."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.accounts.conftest import ACTIONS, act


async def test_the_list_shows_what_is_kept_here(
    system: httpx.AsyncClient, security: httpx.AsyncClient, scene: dict[str, UUID]
) -> None:
    names = ["aud", "both", "clerk", "sec", "sec2", "sys", "sys2"]
    for who in (system, security):
        listed = (await who.get("/accounts")).json()
        assert [a["username"] for a in listed["items"]] == names
        assert listed["next"] is None
        down = (await who.get("/accounts?sort=-username")).json()["items"]
        assert [a["username"] for a in down] == names[::-1]
    # the role in 231004 is out of sight
    both = (await system.get(f"/accounts/{scene['both']}")).json()
    assert [(g["role"], g["district_code"]) for g in both["grants"]] == [
        ("organization_reader", "231005")
    ]
    assert both in listed["items"]
    found: list[str] = []
    after = ""
    while True:
        page = (await system.get(f"/accounts?limit=3{after}")).json()
        found += [a["username"] for a in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=SEC", ["sec", "sec2"]),
        ("q=e", ["clerk", "sec", "sec2"]),
        ("q=%25", []),
        ("q=_", []),
        ("q=/", []),
        ("role=organization_clerk", ["clerk"]),
        ("role=department_admin", []),
        ("role=organization_reader", ["both"]),
        ("is_disabled=true", []),
        ("is_disabled=false&q=sys", ["sys", "sys2"]),
        ("district_code=231004", []),
        ("district_code=231005&q=aud", ["aud"]),
    ],
)
async def test_filters(
    system: httpx.AsyncClient,
    security: httpx.AsyncClient,
    scene: dict[str, UUID],
    query: str,
    names: list[str],
) -> None:
    found = await system.get(f"/accounts?{query}")
    assert [a["username"] for a in found.json()["items"]] == names, found.text


async def test_lists_take_bounded_parameters(system: httpx.AsyncClient) -> None:
    for query in ("limit=0", "limit=201", "sort=id", "q=", "role=x", "is_disabled=2", "x=1"):
        assert (await system.get(f"/accounts?{query}")).status_code == 422, query
    assert (await system.get("/accounts?after=x")).status_code == 400


async def test_out_of_sight_is_as_if_it_were_not(
    system: httpx.AsyncClient,
    security: httpx.AsyncClient,
    client: httpx.AsyncClient,
    scene: dict[str, UUID],
) -> None:
    grant = {"role": "organization_reader", "district_code": "231005"}

    async def ask(who: httpx.AsyncClient, account: UUID) -> list[httpx.Response]:
        url = f"/accounts/{account}"
        asked = [await who.get(url), await who.post(f"{url}/grants", json=grant)]
        return asked + [await act(who, account, action) for action in ACTIONS]

    for who, account in (
        (system, scene["foreign"]),
        (security, scene["foreign"]),
        (client, scene["clerk"]),
    ):
        hidden, unknown = await ask(who, account), await ask(who, uuid4())
        for one, other in zip(hidden, unknown, strict=True):
            assert one.status_code == other.status_code == 404
            assert one.content == other.content
    assert (await client.get("/accounts")).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("url", "rows", "most"),
    [
        ("/accounts?limit=200", 6, 1),  # sys is one more, foreign is not seen
        ("/grants?limit=200", 6, 1),
        ("/grants?limit=200&within={root}", 1, 2),
        ("/grants?limit=200&organization_id={root}", 5, 2),
    ],
)
async def test_a_list_takes_so_many_statements(
    system: httpx.AsyncClient,
    scene: dict[str, UUID],
    root: UUID,
    connection: AsyncConnection,
    url: str,
    rows: int,
    most: int,
) -> None:
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    await system.get("/accounts")  # the caller is remembered from here on
    event.listen(connection.sync_connection, "before_cursor_execute", note)
    listed = await system.get(url.format(root=root))
    event.remove(connection.sync_connection, "before_cursor_execute", note)
    assert len(listed.json()["items"]) == rows
    assert len([s for s in seen if "set_config" not in s]) == most
