"""A feed shows what its account may see now, to whoever has its address, until it is revoked."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from icalendar import Calendar
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from app.reminders import logic
from app.reminders import router as feeds
from tests.conftest import signed_in
from tests.make.organizations import make_account, make_district, make_organization


@pytest.fixture(autouse=True)
def today() -> None:
    clock.pin(date(2019, 12, 31))


async def make(client: httpx.AsyncClient, within: UUID | None = None) -> dict[str, Any]:
    new = {} if within is None else {"within": str(within)}
    answer = await client.post("/feeds", json=new)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def read(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    return await client.get(f"http://test{path}", headers=headers)


async def shown(client: httpx.AsyncClient, path: str) -> list[tuple[str, date]]:
    answer = await read(client, path)
    assert answer.status_code == 200, answer.text
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    return [(str(e["summary"]), e.start) for e in events]


@pytest.fixture
async def general(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root, kind="general_branch", name="丙总支")


@pytest.fixture
async def branch(session: AsyncSession, general: UUID) -> UUID:
    return await make_organization(session, general, name="甲支部", due_on="2020-08-31")


async def test_due_dates_and_six_months_before(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    await make_organization(session, branch, kind="party_group", due_on="2020-01-01")
    feed = await make(client)
    answer = await read(anonymous, feed["path"])
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert await shown(anonymous, feed["path"]) == [
        ("换届提醒（届满前6个月） Prepare the election: 甲支部", date(2020, 2, 29)),
        ("任期届满，应当换届 Election due: 甲支部", date(2020, 8, 31)),
    ]
    uids = [str(e["uid"]) for e in Calendar.from_ical(answer.content).walk("VEVENT")]
    assert uids == [f"{kind}-{branch}@231005.hangji" for kind in ("remind", "due")]
    clock.pin(date(2020, 9, 30))
    later = await read(anonymous, feed["path"])
    assert [str(e["uid"]) for e in Calendar.from_ical(later.content).walk("VEVENT")] == uids


async def test_unchanged_is_not_sent_again(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    path = (await make(client))["path"]
    first = await read(anonymous, path)
    tag = first.headers["etag"]
    assert (await read(anonymous, path)).content == first.content
    same = await read(anonymous, path, **{"if-none-match": tag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    await make_organization(session, branch, kind="party_group")
    assert (await read(anonymous, path, **{"if-none-match": tag})).status_code == 304
    await session.execute(text("UPDATE organization_state SET due_on = '2020-08-30'"))
    changed = await read(anonymous, path, **{"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_the_address_is_shown_once_and_kept_nowhere(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    keyed = {"idempotency-key": "a-key-of-the-clients"}
    with capture_logs() as logs:
        made = (await client.post("/feeds", json={}, headers=keyed)).json()
        await read(anonymous, made["path"])
        await read(anonymous, f"{made['path']}?x=1")
        await read(anonymous, f"{made['path']}/")
        await read(anonymous, made["path"][:-4])
        await anonymous.post(f"http://test{made['path']}")
    token = made["path"].removeprefix("/feeds/").removesuffix(".ics")
    assert logs
    assert token not in str(logs)
    assert {log["route"] for log in logs} >= {"/feeds/{token}.ics", None}
    listed = (await client.get("/feeds")).json()["items"]
    assert listed == [{k: made[k] for k in ("id", "within", "created_at")}]
    kept = ""
    for table in ("audit_entry", "idempotency_key", "calendar_feed"):
        rows = text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")
        kept += await session.scalar(rows)
    assert token not in kept
    assert token.encode().hex() not in kept


async def test_revoked_is_gone_at_once(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, branch: UUID
) -> None:
    one, other = await make(client), await make(client)
    unknown = await read(anonymous, f"/feeds/{'A' * 43}.ics")
    assert (await client.delete(f"/feeds/{one['id']}")).status_code == 204
    gone = await read(anonymous, one["path"])
    assert (gone.status_code, gone.content) == (404, unknown.content)
    assert (await read(anonymous, other["path"])).status_code == 200
    assert (await client.delete(f"/feeds/{one['id']}")).status_code == 404
    assert [f["id"] for f in (await client.get("/feeds")).json()["items"]] == [other["id"]]


@pytest.mark.parametrize("token", ["A" * 42, "A" * 44, "A" * 42 + "%00", "..", "A" * 42 + "é"])
async def test_no_token(anonymous: httpx.AsyncClient, token: str) -> None:
    assert (await read(anonymous, f"/feeds/{token}.ics")).status_code == 404


async def _client_of(
    app: FastAPI, doors: Doors, session: AsyncSession, username: str
) -> httpx.AsyncClient:
    headers = await signed_in(doors, session, username)
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers)


async def test_rights_are_asked_at_each_read(
    app: FastAPI,
    doors: Doors,
    session: AsyncSession,
    anonymous: httpx.AsyncClient,
    general: UUID,
    branch: UUID,
) -> None:
    name = await make_account(session, Role.ORGANIZATION_READER, organization_id=general)
    async with await _client_of(app, doors, session, name) as reader:
        whole, part = await make(reader), await make(reader, branch)
    mine = {"name": name}
    disable = text("UPDATE account SET is_disabled = :is_disabled WHERE username = :name")
    for is_disabled, status in ((False, 200), (True, 404), (False, 200)):
        await session.execute(disable, mine | {"is_disabled": is_disabled})
        for feed in (whole, part):
            assert (await read(anonymous, feed["path"])).status_code == status
    assert len(await shown(anonymous, part["path"])) == 2
    # another role, which reads no elections
    grant = "FROM account WHERE account.id = account_id AND username = :name"
    other = f"UPDATE account_grant SET role = 'audit_admin', organization_id = NULL {grant}"
    await session.execute(text(other), mine)
    for feed in (whole, part):
        assert (await read(anonymous, feed["path"])).status_code == 404
    # rights, but elsewhere
    beside = await make_organization(session, general)
    moved = f"UPDATE account_grant SET role = 'organization_reader', organization_id = :at {grant}"
    await session.execute(text(moved), mine | {"at": beside})
    assert await shown(anonymous, whole["path"]) == []
    assert (await read(anonymous, part["path"])).status_code == 404


async def test_only_a_part_that_one_sees(
    app: FastAPI, doors: Doors, client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    there = await make_organization(
        session, await make_district(session, "231004"), district_code="231004"
    )
    hidden = await client.post("/feeds", json={"within": str(there)})
    unknown = await client.post("/feeds", json={"within": str(uuid4())})
    assert (hidden.status_code, hidden.content) == (404, unknown.content)
    name = await make_account(session, Role.SECURITY_ADMIN)
    async with await _client_of(app, doors, session, name) as admin:
        for new in ({}, {"within": str(branch)}):
            assert (await admin.post("/feeds", json=new)).status_code == 403
        assert (await admin.get("/feeds")).json()["items"] == []
        theirs = await make(client, branch)
        assert (await admin.delete(f"/feeds/{theirs['id']}")).status_code == 404


async def test_bounds(
    client: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    branch: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logic, "MOST_FEEDS", 2)
    monkeypatch.setattr(logic, "MOST_BODIES", 2)
    monkeypatch.setattr(feeds, "READS_A_MINUTE", 1_000_000)
    path = (await make(client))["path"]
    await make(client)
    refused = await client.post("/feeds", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-feeds")
    for day in ("2020-08-30", "2020-09-01"):
        await make_organization(session, root, name=f"至{day}", due_on=day)
    names = [name.split(": ")[1] for name, _ in await shown(anonymous, path)]
    assert names == ["至2020-08-30", "至2020-08-30", "甲支部", "甲支部"]
    assert "X-WR-CALDESC" in (await read(anonymous, path)).text
    monkeypatch.setattr(feeds, "READS_A_MINUTE", 0)
    often = await read(anonymous, path)
    assert (often.status_code, often.headers["retry-after"]) == (429, "60")


def test_reads_are_counted_by_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [600.0]
    monkeypatch.setattr(feeds.time, "monotonic", lambda: now[0])
    reads, one, other = feeds.Reads(), uuid4(), uuid4()
    for _ in range(feeds.READS_A_MINUTE):
        reads.count(one)
    with pytest.raises(feeds.ReadTooOften):
        reads.count(one)
    reads.count(other)
    now[0] = 659.9
    with pytest.raises(feeds.ReadTooOften):
        reads.count(one)
    now[0] = 660.0
    reads.count(one)
