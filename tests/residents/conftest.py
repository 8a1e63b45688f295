"""A community and a branch that works elsewhere, with the people who act for each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.router import Callers
from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.residents import make_community, make_member_account

TODAY = date(2019, 12, 31)
DAY = timedelta(days=1)
Clients = Callable[[str], Awaitable[httpx.AsyncClient]]


def refused(answer: httpx.Response, status: int, code: str = "") -> Any:
    """Hold an answer to a refusal, and read it."""
    assert answer.status_code == status, answer.text
    assert not code or answer.json()["type"] == f"/problems/{code}"
    return answer.json()


def made(answer: httpx.Response, status: int = 200) -> Any:
    """Hold an answer to be good, and read it."""
    assert answer.status_code == status, answer.text
    return answer.json()


async def make_clerk(
    session: AsyncSession, app: FastAPI, member_id: UUID, organization_id: UUID
) -> None:
    """Make a member's own account a clerk's, too."""
    grant = text(
        "INSERT INTO account_grant (id, account_id, role, district_code, organization_id)"
        " SELECT gen_random_uuid(), id, 'organization_clerk', '231005', :place"
        " FROM account WHERE member_id = :member"
    )
    await session.execute(grant, {"place": organization_id, "member": member_id})
    app.state.callers = Callers()


@dataclass
class Place:
    """Who and what there is."""

    community: UUID
    branch: UUID
    member: UUID
    other: UUID
    """A second member of the branch."""


@pytest.fixture
async def place(session: AsyncSession, root: UUID) -> Place:
    clock.pin(date(2019, 12, 1))
    community = await make_community(session, root, name="先锋社区党总支")
    branch = await make_organization(session, root, name="机关党支部", sector="agency")
    member = await make_member(session, branch, name="李明")
    other = await make_member(session, branch, name="王芳")
    clock.pin(TODAY)
    return Place(community, branch, member, other)


@pytest.fixture
async def as_user(app: FastAPI, doors: Doors, session: AsyncSession) -> AsyncIterator[Clients]:
    """Open a client that is signed in by a user name."""
    async with AsyncExitStack() as stack:

        async def connect(username: str) -> httpx.AsyncClient:
            headers = await signed_in(doors, session, username)
            transport = httpx.ASGITransport(app)
            made = httpx.AsyncClient(
                transport=transport, base_url="http://test/v1", headers=headers
            )
            return await stack.enter_async_context(made)

        yield connect


@pytest.fixture
async def clerk(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """Who writes for the community."""
    role = Role.ORGANIZATION_CLERK
    return await as_user(await make_account(session, role, organization_id=place.community))


@pytest.fixture
async def chief(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """Another who writes for the community."""
    role = Role.ORGANIZATION_CLERK
    return await as_user(await make_account(session, role, organization_id=place.community))


@pytest.fixture
async def reader(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """Who reads the community's things."""
    role = Role.ORGANIZATION_READER
    return await as_user(await make_account(session, role, organization_id=place.community))


@pytest.fixture
async def secretary(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """Who writes for the branch."""
    role = Role.ORGANIZATION_CLERK
    return await as_user(await make_account(session, role, organization_id=place.branch))


@pytest.fixture
async def member(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """The member, by their own account."""
    return await as_user(await make_member_account(session, place.member))


@pytest.fixture
async def other(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """The second member."""
    return await as_user(await make_member_account(session, place.other))
