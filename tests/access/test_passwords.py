"""Changing the own password, and what it ends."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.core.audit import AuditEntry
from tests.access.test_sessions import PASSWORD, _bearer, _forgotten, _sign_in, _status
from tests.make.organizations import make_account

NEW = "a newer horse battery"


async def _change(
    client: httpx.AsyncClient, token: str, password: str = PASSWORD, new: str = NEW, **more: Any
) -> httpx.Response:
    given = {"password": password, "new_password": new} | more
    return await client.post("/me/password-changes", json=given, headers=_bearer(token))


async def _entries(session: AsyncSession) -> list[tuple[str, str, str]]:
    rows = select(AuditEntry.action, AuditEntry.outcome, AuditEntry.district_code).where(
        AuditEntry.action == "change_password"
    )
    return [(e.action, e.outcome, e.district_code) for e in await session.execute(rows)]


async def test_a_password_is_changed(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    here, there = await _sign_in(anonymous, name), await _sign_in(anonymous, name)
    other = await _sign_in(anonymous, await make_account(session))
    assert await _status(anonymous, there["access_token"]) == 200
    changed = await _change(anonymous, here["access_token"])
    assert (changed.status_code, changed.content) == (204, b"")
    await _forgotten()
    statuses = [await _status(anonymous, t["access_token"]) for t in (here, there, other)]
    assert statuses == [200, 401, 200]
    for tokens, status in ((there, 401), (here, 200)):
        spent = {"refresh_token": tokens["refresh_token"]}
        assert (await anonymous.post("/sessions/refreshes", json=spent)).status_code == status
    for password, status in ((PASSWORD, 401), (NEW, 200)):
        given = {"username": name, "password": password}
        assert (await anonymous.post("/sessions", json=given)).status_code == status
    assert await _entries(session) == [("change_password", "done", "231005")]
    told = str((await session.execute(text("SELECT e::text FROM audit_entry e"))).all())
    assert PASSWORD not in told
    assert NEW not in told
    assert "argon2" not in told


async def test_the_present_password_is_wanted(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    token = (await _sign_in(anonymous, name))["access_token"]
    answers = [await _change(anonymous, token, "wrong") for _ in range(10)]
    assert {a.status_code for a in answers} == {409}
    assert {a.json()["type"] for a in answers} == {"/problems/wrong-password"}
    refused = await _change(anonymous, token)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-attempts")
    sign_in = await anonymous.post("/sessions", json={"username": name, "password": PASSWORD})
    assert sign_in.status_code == 429  # the same ten tries
    assert await _status(anonymous, token) == 200
    assert await _entries(session) == [("change_password", "failed", "231005")] * 11


async def test_tries_at_the_door_count_for_the_change_too(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    token = (await _sign_in(anonymous, name))["access_token"]
    for _ in range(9):
        await anonymous.post("/sessions", json={"username": name, "password": "wrong"})
    assert (await _change(anonymous, token)).status_code == 204
    for _ in range(9):  # which has forgotten them
        await anonymous.post("/sessions", json={"username": name, "password": "wrong"})
    assert (await _change(anonymous, token, NEW, PASSWORD)).status_code == 204


@pytest.mark.parametrize(
    "new", ["short 7", "aaaabbbbcccc", "x" * 201, "{name}", "{NAME} ", 12345678]
)
async def test_a_bad_password_is_not_taken(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID, new: Any
) -> None:
    name = await make_account(session, username="wang-xiaoming")
    token = (await _sign_in(anonymous, name))["access_token"]
    written = {"{name}": name, "{NAME} ": f" {name.upper()}"}.get(new, new)
    refused = await _change(anonymous, token, new=written)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
    assert await _entries(session) == []
    assert (await _change(anonymous, token)).status_code == 204


async def test_who_has_no_password_has_none_to_change(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    token = (await _sign_in(anonymous, name))["access_token"]
    row = update(Account).where(Account.username_key == name)
    await session.execute(row.values(password_hash=None))
    for password in (PASSWORD, "x"):
        assert (await _change(anonymous, token, password)).status_code == 409
    assert (
        await session.scalar(select(Account.password_hash).where(Account.username_key == name))
        is None
    )


async def test_no_answer_to_a_password_is_kept(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    token = (await _sign_in(anonymous, await make_account(session)))["access_token"]
    headers = _bearer(token) | {"idempotency-key": "k"}
    given = {"password": PASSWORD, "new_password": NEW}
    first = await anonymous.post("/me/password-changes", json=given, headers=headers)
    again = await anonymous.post("/me/password-changes", json=given, headers=headers)
    assert (first.status_code, again.status_code) == (204, 409)
    assert await session.scalar(text("SELECT count(*) FROM idempotency_key")) == 0
