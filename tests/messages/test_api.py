"""One's own messages over HTTP, and the consents to take some through WeChat."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.types import Role
from app.core.db import Doors
from app.core.errors import Text
from app.core.settings import settings
from app.messages.logic import MOST_CONSENTS
from app.messages.service import tell
from app.messages.types import MessageKind
from tests.conftest import signed_in
from tests.make.messages import TEMPLATE, make_message, make_taker
from tests.make.organizations import make_account, make_district, make_organization


async def me(client: httpx.AsyncClient) -> UUID:
    return UUID((await client.get("/me")).json()["account_id"])


async def ids(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/messages?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def entries(session: AsyncSession, action: str) -> list[Any]:
    rows = text("SELECT district_code, target_id, detail FROM audit_entry WHERE action = :action")
    return [tuple(row) for row in await session.execute(rows, {"action": action})]


async def test_the_newest_comes_first_and_filters_narrow(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    own = await me(client)
    kinds = [MessageKind.ELECTION, MessageKind.TRANSFER, MessageKind.ELECTION]
    made = [str(await make_message(session, own, kind)) for kind in kinds]
    newest = sorted(made, reverse=True)  # two of one millisecond stand either way
    assert await ids(client) == newest
    assert await ids(client, "kind=transfer") == [made[1]]
    await client.post(f"/messages/{made[0]}/readings")
    assert await ids(client, "is_read=true") == [made[0]]
    assert await ids(client, "is_read=false&kind=election") == [made[2]]
    found: list[str] = []
    query = "limit=1"
    while query:
        page = (await client.get(f"/messages?{query}")).json()
        found += [item["id"] for item in page["items"]]
        query = page["next"] and f"limit=1&after={page['next']}"
    assert found == newest
    first = (await client.get("/messages?limit=1")).json()["items"][0]
    assert first["title"] == {"zh": "换届提醒", "en": "Reminder"}
    assert first["read_at"] is None


async def test_reading_stays_as_it_was_the_first_time(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    message = await make_message(session, await me(client))
    first = await client.post(f"/messages/{message}/readings")
    again = await client.post(f"/messages/{message}/readings")
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["read_at"] is not None
    assert await entries(session, "read_message") == [("231005", str(message), None)] * 2


async def test_all_at_once(client: httpx.AsyncClient, session: AsyncSession) -> None:
    own = await me(client)
    for _ in range(3):
        message = await make_message(session, own)
    await client.post(f"/messages/{message}/readings")
    counts = [(await client.post("/messages/readings")).json() for _ in range(2)]
    assert counts == [{"count": 2}, {"count": 0}]
    assert await ids(client, "is_read=false") == []


async def test_anothers_are_as_if_they_were_not(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    name = await make_account(session)
    other = await session.scalar(select(Account.id).where(Account.username_key == name))
    assert other is not None
    theirs = await make_message(session, other)
    hidden = await client.post(f"/messages/{theirs}/readings")
    unknown = await client.post(f"/messages/{uuid4()}/readings")
    assert (hidden.status_code, hidden.json()) == (404, unknown.json())
    assert await ids(client) == []
    assert (await client.post("/messages/readings")).json() == {"count": 0}
    unread = text("SELECT read_at FROM message WHERE id = :id")
    assert await session.scalar(unread, {"id": theirs}) is None


async def test_one_of_several_districts_finds_all_of_them(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    """A message of a district in which one has nothing to do any more is out of sight."""
    own = await me(client)
    await make_district(session, "231004")
    there = await make_message(session, own, district_code="231004")
    here = await make_message(session, own)
    assert await ids(client) == [str(here)]
    assert (await client.post(f"/messages/{there}/readings")).status_code == 404


async def test_who_is_told(client: httpx.AsyncClient, session: AsyncSession, root: UUID) -> None:
    branch = await make_organization(session, root)
    other = await make_organization(session, root)
    names = [
        await make_account(session, Role.ORGANIZATION_CLERK, organization_id=at)
        for at in (branch, other)
    ]
    await make_account(session, Role.ORGANIZATION_READER, organization_id=branch)
    subject = "organization", branch
    title = Text("换届", "Election")
    kind = MessageKind.ELECTION
    assert await tell(session, "231005", kind, subject, title, organizations=[branch]) == 1
    assert await tell(session, "231005", kind, subject, title, department=True) == 1
    told = text("SELECT username FROM message JOIN account ON account.id = account_id ORDER BY 1")
    found = [row[0] for row in await session.execute(told)]
    assert names[0] in found
    assert names[1] not in found


# ── Consents


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root)


async def test_consents_add_up_to_a_bound(
    app: FastAPI, doors: Doors, session: AsyncSession, branch: UUID
) -> None:
    taker = await make_taker(session, branch, None)
    headers = await signed_in(doors, session, taker.username)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1/wechat", headers=headers
    ) as member:
        shown = (await member.get("/subscriptions")).json()
        none = {"kind": "election", "template_id": TEMPLATE, "remaining": 0}
        assert shown == {"items": [none], "next": None}
        for n in (*range(1, MOST_CONSENTS + 1), MOST_CONSENTS):
            answer = await member.post("/subscriptions", json={"kind": "election"})
            assert answer.status_code == 201, answer.text
            assert answer.json()["items"] == [none | {"remaining": n}]
        assert (await member.get("/subscriptions")).json() == answer.json()
        keyed = {"idempotency-key": "once-and-no-more"}
        await session.execute(text("UPDATE wechat_consent SET remaining = 3"))
        for _ in range(2):  # what was sent twice counts once
            await member.post("/subscriptions", json={"kind": "election"}, headers=keyed)
        assert (await member.get("/subscriptions")).json()["items"][0]["remaining"] == 4
    told = await entries(session, "subscribe_by_wechat")
    assert told[0] == ("231005", str(taker.account), {"kind": "election", "remaining": 1})


async def test_who_has_no_wechat_and_what_has_no_template(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(kind: str) -> tuple[int, str]:
        answer = await client.post("/wechat/subscriptions", json={"kind": kind})
        return answer.status_code, answer.json()["type"]

    assert await asked("election") == (409, "/problems/not-bound-to-wechat")
    assert await asked("transfer") == (409, "/problems/no-template")
    monkeypatch.setattr(settings(), "wechat_election_template", None)
    assert await asked("election") == (409, "/problems/no-template")
    assert (await client.get("/wechat/subscriptions")).json()["items"] == []
