"""The tree over HTTP."""

from datetime import date
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.organizations import make_organization


async def test_found_show_and_edit(client: httpx.AsyncClient, root: UUID) -> None:
    clock.pin(date(2019, 12, 31))
    new = {"parent_id": str(root), "name": " 区教育局党总支 ", "kind": "general_branch"}
    made = await client.post("/organizations", json=new | {"sector": "agency"})
    assert made.status_code == 201, made.text
    assert made.headers["etag"] == '"1"'
    body = made.json()
    assert body["name"] == "区教育局党总支"
    assert body["path"] == "1.2."
    assert body["status"] == "active"
    url = f"/organizations/{body['id']}"

    clock.pin(date(2020, 1, 1))
    edit = {"name": "区教育局党委", "decision": "西组发〔2020〕1号"}
    assert (await client.patch(url, json=edit)).status_code == 428
    edited = await client.patch(url, json=edit, headers={"if-match": '"1"'})
    assert edited.status_code == 200, edited.text
    assert edited.headers["etag"] == '"2"'
    assert edited.json()["valid_from"] == "2020-01-01"
    stale = await client.patch(url, json=edit, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["type"] == "/problems/stale"

    before = await client.get(url, params={"as_of": "2019-12-31"})
    assert before.json()["name"] == "区教育局党总支"
    history = (await client.get(f"{url}/history")).json()["items"]
    assert [
        (h["name"], h["valid_from"], h["valid_to"], h["superseded_at"] is None) for h in history
    ] == [
        ("区教育局党委", "2020-01-01", None, True),
        ("区教育局党总支", "2019-12-31", "2020-01-01", True),
        ("区教育局党总支", "2019-12-31", None, False),
    ]


async def test_children_depend_on_the_kind(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    new = {"parent_id": str(branch), "name": "下级党支部", "kind": "party_branch"}
    refused = await client.post("/organizations", json=new)
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/kind-not-allowed"
