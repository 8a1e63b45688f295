"""The demo district, filled once a run; each test sees it whole, and what it does is undone."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core import clock, crypto
from app.core.db import Doors, create_engine
from app.demo import service as demo
from tests.conftest import DISTRICTS, _at, doors_on, new_database, signed_in
from tests.make.applications import application

NAME = "hangji_demo"
DAY = date(2019, 12, 31)


@pytest.fixture(scope="session")
async def demo_engine() -> AsyncIterator[AsyncEngine]:
    """Reach the district's database; whoever comes first makes it, the others wait."""
    url = _at(os.environ["HANGJI_TEST_APPLICATION"], NAME)
    ring = _ring()
    gate = await asyncpg.connect(os.environ["HANGJI_TEST_SUPERUSER"])
    await gate.execute("SELECT pg_advisory_lock(231005)")
    if not await gate.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", NAME):
        await new_database(NAME)
        crypto.use(ring)
        clock.pin(DAY)
        doors = Doors.to(url)
        await demo.fill(doors, "the demo's password")
        await doors.close()
    await gate.close()
    engine = create_engine(url)
    yield engine
    await engine.dispose()


def _ring() -> crypto.Keyring:
    path = Path(os.environ["HANGJI_TEST_DIRECTORY"]) / "demo-keys.json"
    return crypto.load_keys(path, "sm4-gcm", make=True)


@pytest.fixture
def _same(demo_engine: AsyncEngine, keys: None) -> None:
    crypto.use(_ring())
    clock.pin(DAY)


@asynccontextmanager
async def _client(
    app: FastAPI, doors: Doors, session: AsyncSession, username: str
) -> AsyncIterator[httpx.AsyncClient]:
    headers = await signed_in(doors, session, username)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1", headers=headers
    ) as client:
        yield client


class District(NamedTuple):
    """The demo district, and its department's client."""

    client: httpx.AsyncClient
    session: AsyncSession
    app: FastAPI

    @asynccontextmanager
    async def client_of(self, username: str) -> AsyncIterator[httpx.AsyncClient]:
        """Sign in as another account of the demo."""
        async with _client(self.app, self.app.state.doors, self.session, username) as client:
            yield client

    async def value(self, figure: str, **params: Any) -> Any:
        """Ask for a figure's value."""
        answer = await self.client.get(f"/figures/{figure}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    async def values(self) -> dict[str, Any]:
        """Ask for the values of all figures."""
        answer = await self.client.get("/figures")
        assert answer.status_code == 200, answer.text
        return {f["id"]: f["value"] for f in answer.json()["items"]}

    async def undone(self, figure: str, change: str) -> Any:
        """Give the figure's value after `change`, a statement of SQL, which is taken back."""
        async with self.session.begin_nested() as savepoint:
            await self.session.execute(text(change))
            value = await self.value(figure)
            await savepoint.rollback()
        return value


@pytest.fixture
async def district(demo_engine: AsyncEngine, _same: None) -> AsyncIterator[District]:
    async with demo_engine.connect() as connection:
        outer = await connection.begin()
        doors = doors_on(connection)
        app = application(doors)
        async with doors.writing(DISTRICTS) as session:
            async with _client(app, doors, session, demo.USERNAME) as client:
                yield District(client, session, app)
            session.info.clear()
        await outer.rollback()
