"""A password that somebody else set opens nothing until its holder has changed it."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.router import CONFINED, Callers
from app.access.service import begin
from app.access.types import Role
from app.accounts import service
from app.core.audit import AuditEntry
from app.main import openapi
from tests.accounts.conftest import PASSWORD, id_of, kind
from tests.make.organizations import make_account, make_organization

OWN = "my very own 密码"
REQUIRED = 403, "password-change-required"


async def enter(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in, and give the header that carries the token."""
    answer = await client.post("/sessions", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def change(client: httpx.AsyncClient, headers: dict[str, str], **given: str) -> Any:
    body = {"password": PASSWORD, "new_password": OWN} | given
    return await client.post("/me/password-changes", json=body, headers=headers)


@pytest.fixture(params=["made", "reset"])
async def given(
    request: pytest.FixtureRequest,
    system: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
) -> str:
    """Somebody's name, whose password a system administrator set: a clerk of the district."""
    if request.param == "made":
        made = await system.post("/accounts", json={"username": "held", "password": PASSWORD})
        right = service.Right(Role.ORGANIZATION_CLERK, "231005")
        await service._add_grant(session, UUID(made.json()["id"]), right)
    else:
        await make_account(session, Role.ORGANIZATION_CLERK, username="held", password=OWN)
        url = f"/accounts/{await id_of(session, 'held')}/password-resets"
        assert (await system.post(url, json={"password": PASSWORD})).status_code == 204
    return "held"


async def test_it_opens_nothing_but_its_change(
    app: FastAPI, anonymous: httpx.AsyncClient, given: str
) -> None:
    headers = await enter(anonymous, given)
    open_to_it = set()
    for path, item in openapi(app)["paths"].items():
        for method, operation in item.items():
            if not path.startswith("/v1/") or "security" not in operation:
                continue
            if operation["operationId"] == "sign_out":
                continue
            url = re.sub(r"\{[^}]*\}", str(UUID(int=0)), path.removeprefix("/v1"))
            answer = await anonymous.request(method, url, headers=headers)
            if answer.status_code < 400 or kind(answer) != REQUIRED:
                open_to_it.add(operation["operationId"])
    assert open_to_it == {"show_me", "change_password"} == CONFINED - {"sign_out"}
    me = (await anonymous.get("/me", headers=headers)).json()
    assert me["must_change_password"] is True
    assert (await anonymous.delete("/sessions/current", headers=headers)).status_code == 204


async def test_its_holder_changes_it(
    app: FastAPI, anonymous: httpx.AsyncClient, session: AsyncSession, given: str
) -> None:
    headers, other = await enter(anonymous, given), await enter(anonymous, given)
    assert kind(await anonymous.get("/organizations", headers=headers)) == REQUIRED
    refused = await session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    entry = refused.one()
    assert (entry.action, entry.outcome, entry.username) == ("list_organizations", "refused", given)
    same = await change(anonymous, headers, new_password=PASSWORD)
    assert kind(same) == (422, "invalid")
    assert "新密码不能与原密码相同" in same.text
    assert kind(await anonymous.get("/organizations", headers=headers)) == REQUIRED
    assert (await change(anonymous, headers)).status_code == 204
    assert (await anonymous.get("/organizations", headers=headers)).status_code == 200  # at once
    me = (await anonymous.get("/me", headers=headers)).json()
    assert me["must_change_password"] is False
    app.state.callers = Callers()
    assert (await anonymous.get("/me", headers=other)).status_code == 401
    again = await enter(anonymous, given, OWN)
    assert (await anonymous.get("/organizations", headers=again)).status_code == 200


async def test_a_refresh_opens_no_more(anonymous: httpx.AsyncClient, given: str) -> None:
    body = {"username": given, "password": PASSWORD}
    spent = (await anonymous.post("/sessions", json=body)).json()["refresh_token"]
    fresh = await anonymous.post("/sessions/refreshes", json={"refresh_token": spent})
    headers = {"authorization": f"Bearer {fresh.json()['access_token']}"}
    assert kind(await anonymous.get("/organizations", headers=headers)) == REQUIRED


async def test_the_operators_passwords_are_trusted(
    anonymous: httpx.AsyncClient, session: AsyncSession, given: str
) -> None:
    await service.set_password(session, given, PASSWORD)
    headers = await enter(anonymous, given)
    assert (await anonymous.get("/organizations", headers=headers)).status_code == 200
    name = await make_account(session)
    headers = await enter(anonymous, name)
    assert (await anonymous.get("/organizations", headers=headers)).status_code == 200


async def test_full_numbers_are_not_granted_to_a_password_that_was_given(
    security: httpx.AsyncClient,
    system: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
) -> None:
    made = await system.post("/accounts", json={"username": "held", "password": PASSWORD})
    account = made.json()["id"]
    branch = str(await make_organization(session, root))
    asked: list[tuple[str, tuple[int, str] | None]] = [
        ("department_admin", (409, "password-still-given")),
        ("organization_clerk", None),
    ]
    for role, refused in asked:
        new = {"role": role, "organization_id": branch}
        answer = await security.post(f"/accounts/{account}/grants", json=new)
        assert answer.status_code == 201 if refused is None else kind(answer) == refused
    assert (await system.get(f"/accounts/{account}")).json()["is_password_given"] is True
    assert (await change(anonymous, await enter(anonymous, "held"))).status_code == 204
    assert (await system.get(f"/accounts/{account}")).json()["is_password_given"] is False
    new = {"role": "department_admin", "organization_id": branch}
    answer = await security.post(f"/accounts/{account}/grants", json=new)
    assert answer.status_code == 201, answer.text


async def test_a_member_by_wechat_is_not_held_up(
    anonymous: httpx.AsyncClient, session: AsyncSession, given: str
) -> None:
    """Whoever proves by WeChat who they are needs no password: the one given stays confined."""
    account = await session.scalar(select(Account.id).where(Account.username == given))
    assert account is not None
    begun = await begin(session, account)
    await session.flush()
    headers = {"authorization": f"Bearer {begun.access_token}"}
    assert (await anonymous.get("/organizations", headers=headers)).status_code == 200
    assert kind(await anonymous.get("/organizations", headers=await enter(anonymous, given))) == (
        REQUIRED
    )
