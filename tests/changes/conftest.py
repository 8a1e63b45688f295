"""Callers who hold a right over one organisation, whatever becomes of its place."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import router as access_router
from app.access.types import Role
from app.core.db import Doors
from tests.conftest import signed_in
from tests.make.organizations import make_account

ClerkOf = Callable[[UUID], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def clerk_of(
    app: FastAPI, doors: Doors, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClerkOf]:
    """Sign somebody in as the clerk of an organisation; nobody is remembered between requests."""
    monkeypatch.setattr(access_router, "REMEMBERED_SECONDS", 0)
    async with AsyncExitStack() as stack:

        async def sign_in(organization_id: UUID) -> httpx.AsyncClient:
            name = await make_account(
                session, Role.ORGANIZATION_CLERK, organization_id=organization_id
            )
            headers = await signed_in(doors, session, name)
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://test/v1", headers=headers
            )
            return await stack.enter_async_context(client)

        yield sign_in
