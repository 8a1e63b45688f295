"""One embedded server a run, one migrated database a worker, one rolled-back transaction a test."""

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Executable, Result, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from app.access import service as access
from app.access.models import Account, SignIn
from app.core import clock, crypto, embedded, migrations
from app.core.db import Doors, create_engine, new_id, scope_of, set_scope, transaction
from app.core.problems import FieldProblem
from tests.make.applications import application
from tests.make.organizations import make_account, make_district

TEMPLATE = "hangji_template"
_stack = ExitStack()


def _at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


async def _sql(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, in the process that starts the workers, and build the template."""
    gc.set_threshold(100_000)  # a tenth of the run's time went into looking for cycles
    if hasattr(config, "workerinput") or "HANGJI_TEST_SUPERUSER" in os.environ:
        return
    directory = _stack.enter_context(tempfile.TemporaryDirectory(prefix="hangji-"))
    cluster = _stack.enter_context(embedded.running(Path(directory)))
    os.environ["HANGJI_TEST_DIRECTORY"] = directory
    os.environ["HANGJI_TEST_SUPERUSER"] = cluster.superuser_url
    os.environ["HANGJI_TEST_OWNER"] = _at(cluster.owner_url, TEMPLATE)
    os.environ["HANGJI_TEST_APPLICATION"] = _at(cluster.application_url, TEMPLATE)
    create = f"CREATE DATABASE {TEMPLATE} OWNER hangji_owner"
    # autovacuum sees no test's rows, and would tell the planner that the tables are empty
    quiet = ("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
    asyncio.run(_sql(cluster.superuser_url, create, *quiet))
    migrations.upgrade(os.environ["HANGJI_TEST_OWNER"], os.environ["HANGJI_TEST_APPLICATION"])


def pytest_unconfigure() -> None:
    _stack.close()


async def new_database(name: str) -> None:
    """Copy the migrated template."""
    await _sql(
        os.environ["HANGJI_TEST_SUPERUSER"],
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER hangji_owner STRATEGY file_copy",
    )


@pytest.fixture(scope="session")
def database(worker_id: str) -> str:
    """The application's URL of this worker's own database."""
    name = f"hangji_{worker_id}"
    asyncio.run(new_database(name))
    return _at(os.environ["HANGJI_TEST_APPLICATION"], name)


@pytest.fixture(scope="session")
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture(autouse=True, scope="session")
def cheap_hashes() -> None:
    """Argon2id with the least cost: what is tested is that it is used, not how long it takes."""
    access._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    crypto.use(crypto.new_keys())
    yield
    clock.pin(None)


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield connection
        await outer.rollback()


DISTRICTS = ["000000", "230000", "231000", *(f"23100{n}" for n in range(2, 6)), "231083"]
"""Whose rows a test itself sees; what it asks of the service is seen as the service lets it."""


class ConnectionReader:
    """Reads on the test's own connection, where its uncommitted rows are."""

    def __init__(self, connection: AsyncConnection, districts: Iterable[str]) -> None:
        self.connection, self.scope = connection, scope_of(districts)

    async def execute(self, statement: Executable) -> Result[Any]:
        async with self._scoped():
            return await self.connection.execute(statement)

    async def scalar(self, statement: Executable) -> Any:
        async with self._scoped():
            return await self.connection.scalar(statement)

    @asynccontextmanager
    async def _scoped(self) -> AsyncIterator[None]:
        await set_scope(self.connection, self.scope.split(","))
        yield
        await set_scope(self.connection, DISTRICTS)

    async def fetch(self, sql: str, values: list[Any], *, by_key: bool) -> list[Any]:  # noqa: ARG002
        raw = await self.connection.get_raw_connection()
        found = await raw.driver_connection.fetch(sql, *values)
        await set_scope(self.connection, DISTRICTS)
        return found


@pytest.fixture
def doors(connection: AsyncConnection) -> Doors:
    return doors_on(connection)


def doors_on(connection: AsyncConnection) -> Doors:
    """Both doors on the one connection that is rolled back; a write is a savepoint."""
    sessions = async_sessionmaker(
        connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
    )

    @asynccontextmanager
    async def writing(districts: Iterable[str] = (), by: Any = None) -> AsyncIterator[AsyncSession]:
        try:
            async with transaction(sessions, districts, by) as session:
                yield session
        finally:
            await set_scope(connection, DISTRICTS)

    return Doors(writing, partial(ConnectionReader, connection))


@pytest.fixture
async def session(doors: Doors) -> AsyncIterator[AsyncSession]:
    async with doors.writing(DISTRICTS) as session:
        yield session
        session.info.clear()  # what the test itself wrote needs no audit


@pytest.fixture
def app(doors: Doors) -> Iterator[FastAPI]:
    """The application behind this test's doors; routes that the test adds go again."""
    made = application(doors)
    routes = list(made.router.routes)
    yield made
    made.router.routes[:] = routes


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/v1") as client:
        yield client


async def signed_in(doors: Doors, session: AsyncSession, username: str) -> dict[str, str]:
    """Begin a sign-in without the cost of hashing, and give the header that carries it."""
    account_id = await session.scalar(select(Account.id).where(Account.username_key == username))
    row = SignIn(id=new_id(), account_id=account_id, expires_at=clock.now() + timedelta(days=1))
    session.add(row)
    await session.flush()
    issued = access._issue(session, row.id, row.expires_at)
    await session.flush()
    return {"authorization": f"Bearer {issued.access_token}"}


@pytest.fixture
async def root(session: AsyncSession) -> UUID:
    """The root of district 231005."""
    return await make_district(session)


async def errors_are_declared(answer: httpx.Response) -> None:
    """Hold each of the `errors` of a problem to what the document says of it; a roster's differ."""
    if answer.status_code >= 400 and "/imports" not in answer.request.url.path:
        await answer.aread()
        for error in answer.json().get("errors") or ():
            FieldProblem.model_validate(error)


@pytest.fixture
async def client(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[httpx.AsyncClient]:
    """A client signed in as the department of district 231005."""
    headers = await signed_in(doors, session, await make_account(session))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1", headers=headers
    ) as client:
        client.event_hooks = {"response": [errors_are_declared]}
        yield client
