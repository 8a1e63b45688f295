"""Three administrators of the district and what they are asked about."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.types import Role
from app.accounts import service
from app.core import clock
from tests.long import real
from tests.make.organizations import make_account, make_district, make_organization

AsUser = Callable[[str], Awaitable[httpx.AsyncClient]]
PASSWORD = "correct horse battery"
ACTIONS = {
    "disablements": {"reason": "调离"},
    "enablements": {"reason": "调回"},
    "password-resets": {"password": "another good one"},
    "unbindings": {"reason": "换号"},
}


async def id_of(session: AsyncSession, username: str) -> UUID:
    """Find an account's id."""
    found = await session.scalar(select(Account.id).where(Account.username == username))
    assert found is not None
    return found


async def act(client: httpx.AsyncClient, account: Any, action: str) -> httpx.Response:
    return await client.post(f"/accounts/{account}/{action}", json=ACTIONS[action])


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def make_wide(session: AsyncSession, username: str, role: Role, prefix: str) -> UUID:
    """Make an account with a role over every district of a prefix."""
    return await service.create_account(session, username, PASSWORD, role, prefix=prefix)


@pytest.fixture
async def as_user(app: FastAPI, session: AsyncSession) -> Any:
    """Sign in as somebody: a client that carries the token."""
    async with AsyncExitStack() as stack:

        async def sign_in(username: str) -> httpx.AsyncClient:
            token = await real.token_of(session, username)
            app.state.callers = type(app.state.callers)()  # rights are read anew
            client = real.connect(app, {"authorization": f"Bearer {token}"})
            return await stack.enter_async_context(client)

        yield sign_in


@pytest.fixture
async def system(session: AsyncSession, root: UUID, as_user: AsUser) -> httpx.AsyncClient:
    """The system administrator of 231005."""
    clock.pin(date(2019, 12, 31))
    return await as_user(await make_account(session, Role.SYSTEM_ADMIN, username="sys"))


@pytest.fixture
async def security(session: AsyncSession, root: UUID, as_user: AsUser) -> httpx.AsyncClient:
    """The security administrator of 231005."""
    clock.pin(date(2019, 12, 31))
    return await as_user(await make_account(session, Role.SECURITY_ADMIN, username="sec"))


@pytest.fixture
async def scene(session: AsyncSession, root: UUID) -> dict[str, UUID]:
    """Accounts by name; `both` also has a role in 231004, which keeps `foreign`."""
    await make_district(session, "231004")
    branch = await make_organization(session, root)
    names = {
        "clerk": await make_account(
            session, Role.ORGANIZATION_CLERK, "231005", branch, username="clerk"
        ),
        "both": await make_account(session, Role.ORGANIZATION_READER, username="both"),
        "foreign": await make_account(session, Role.SYSTEM_ADMIN, "231004", username="foreign"),
        "sec2": await make_account(session, Role.SECURITY_ADMIN, username="sec2"),
        "aud": await make_account(session, Role.AUDIT_ADMIN, username="aud"),
        "sys2": await make_account(session, Role.SYSTEM_ADMIN, username="sys2"),
    }
    ids = {key: await id_of(session, name) for key, name in names.items()}
    await session.execute(
        text(
            "INSERT INTO account_grant (id, account_id, role, district_code)"
            " VALUES (gen_random_uuid(), :id, 'department_admin', '231004')"
        ),
        {"id": ids["both"]},
    )
    return ids
