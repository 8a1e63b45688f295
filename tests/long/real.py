"""A real server on a real database: what a transaction that is rolled back cannot show."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import httpx
import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.access import service as access
from app.access.models import Account, SignIn
from app.access.types import Role
from app.core import clock, crypto, migrations
from app.core.db import Doors, Executor, new_id
from tests.conftest import _at, _sql, new_database
from tests.make.applications import application
from tests.make.organizations import make_account, make_district

KEYS = crypto.new_keys()
TODAY = date(2019, 12, 31)
DISTRICTS = ["231004", "231005", "000000"]
TRACES = {"audit_entry", "audit_head", "sign_in_attempts", "wechat_code"}
"""What a refusal may leave behind."""


class World(NamedTuple):
    """A database with a district, its root and somebody who may do everything in it."""

    url: str
    root: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What the department's client sends."""
        return {"authorization": f"Bearer {self.token}"}


def same_keys() -> None:
    """Give the process the keys and the day with which every world was made."""
    crypto.use(KEYS)
    clock.pin(TODAY)


@contextmanager
def world(name: str) -> Iterator[World]:
    """Make a database that really commits, with district 231005; drop it at the end."""
    asyncio.run(new_database(name))
    same_keys()
    url = _at(os.environ["HANGJI_TEST_APPLICATION"], name)
    root, token = asyncio.run(_fill(url))
    yield World(url, root, token)
    asyncio.run(_sql(os.environ["HANGJI_TEST_SUPERUSER"], f"DROP DATABASE {name} WITH (FORCE)"))


async def _fill(url: str) -> tuple[UUID, str]:
    doors = Doors.to(url, pool_size=1)
    async with doors.writing(DISTRICTS) as session:
        root = await make_district(session)
        token = await token_of(session, await make_account(session))
    await doors.close()
    return root, token


async def token_of(session: AsyncSession, username: str) -> str:
    """Begin a sign-in of `username` without a password; give its access token."""
    account = await session.scalar(select(Account.id).where(Account.username_key == username))
    ends = clock.now() + timedelta(days=1)
    row = SignIn(id=new_id(), account_id=account, expires_at=ends)
    session.add(row)
    await session.flush()
    issued = access._issue(session, row.id, ends)
    await session.flush()
    return issued.access_token


async def clerk(session: AsyncSession, organization_id: UUID) -> str:
    """Make a clerk of an organisation's subtree; give the access token."""
    role = Role.ORGANIZATION_CLERK
    return await token_of(session, await make_account(session, role, "231005", organization_id))


def connect(app: FastAPI, headers: dict[str, str]) -> httpx.AsyncClient:
    """Open a client to an application of this process; what it raises becomes an answer."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers)


@contextmanager
def serving(url: str) -> Iterator[int]:
    """Serve the database at `url` from a thread, as `hangji serve` does; give the port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        doors = Doors.to(url, pool_size=4)
        config = uvicorn.Config(
            application(doors),
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)

        async def serve() -> None:
            await server.serve(sockets=[listening])
            await doors.close()

        thread = threading.Thread(target=uvloop.run, args=(serve(),))
        thread.start()
        until = time.monotonic() + 10
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(10)


async def fingerprint(on: Executor | AsyncConnection) -> dict[str, str]:
    """Digest every table of ours, so that a changed row shows."""
    names = [t.name for t in migrations.metadata().sorted_tables if t.name not in TRACES]
    each = (
        f"SELECT '{n}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {n} t"
        for n in names
    )
    return {row[0]: row[1] for row in await on.execute(text(" UNION ALL ".join(each)))}


async def fingerprint_at(url: str) -> dict[str, str]:
    """Digest every table of the database at `url`."""
    doors = Doors.to(url, pool_size=1)
    found = await fingerprint(doors.reading(DISTRICTS))
    await doors.close()
    return found
