"""The promises of the request's transaction, on an engine that really commits."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core import db, hot
from app.core.db import Doors
from app.core.http import ReadDep, Route, SessionDep, is_dry
from tests.conftest import _at, _sql
from tests.long import real

WRITE = text("INSERT INTO district (code, name) VALUES ('231004', 'x')")
TWICE = "CREATE TEMP TABLE twice (n int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP"


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_transaction_{worker_id}") as made:
        yield made


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[AsyncEngine]:
    """The engines that are made during the test: first the writer, then the reader."""
    made: list[AsyncEngine] = []
    create = db.create_engine

    def spy(*args: Any, **options: Any) -> AsyncEngine:
        made.append(create(*args, **options))
        return made[-1]

    monkeypatch.setattr(db, "create_engine", spy)
    return made


@pytest.fixture
async def app(world: real.World, keys: None, engines: list[AsyncEngine]) -> AsyncIterator[FastAPI]:
    real.same_keys()
    doors = Doors.to(world.url, pool_size=2)
    made = real.application(doors)
    routes = list(made.router.routes)
    made.include_router(_trials(), prefix="/v1/trials")
    yield made
    made.router.routes[:] = routes  # they are those of every application
    await doors.close()


@pytest.fixture
async def client(app: FastAPI, world: real.World) -> AsyncIterator[httpx.AsyncClient]:
    async with real.connect(app, world.headers) as client:
        yield client


@pytest.fixture
async def beside(world: real.World) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own, which sees only what is committed."""
    connection = await asyncpg.connect(world.url, server_settings={"hangji.districts": "231005"})
    yield connection
    await connection.close()


def _trials() -> APIRouter:
    """Endpoints that do what no endpoint should."""
    router = APIRouter(route_class=Route, dependencies=[Depends(is_dry)])

    @router.get("/write")
    async def write(on: ReadDep) -> None:
        await on.execute(WRITE)

    @router.post("/deferred")
    async def deferred(session: SessionDep) -> None:
        await session.execute(WRITE)
        await session.execute(text(TWICE))
        await session.execute(text("INSERT INTO twice VALUES (1), (1)"))

    @router.post("/killed")
    async def killed(session: SessionDep) -> None:
        await session.execute(WRITE)
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        async with app_beside() as other:
            await other.execute("SELECT pg_terminate_backend($1)", pid)

    @router.post("/raised")
    async def raised(session: SessionDep) -> None:
        await session.execute(WRITE)
        raise RuntimeError("secret")

    @router.post("/sleep")
    async def sleep(session: SessionDep) -> None:
        await session.execute(text("SELECT pg_sleep(5)"))

    @router.get("/sleep")
    async def sleep_reading(on: ReadDep) -> None:
        await on.execute(text("SELECT pg_sleep(5)"))

    @router.get("/fetch")
    async def sleep_fetching(on: ReadDep, by_key: bool) -> None:
        await on.fetch("SELECT pg_sleep(5)", [], by_key=by_key)

    @router.get("/write-by-fetch")
    async def write_by_fetch(on: ReadDep, by_key: bool) -> None:
        await on.fetch(str(WRITE), [], by_key=by_key)

    return router


class app_beside:  # noqa: N801 - reads as what it gives
    """A connection of the superuser's."""

    async def __aenter__(self) -> asyncpg.Connection:
        self.connection = await asyncpg.connect(os.environ["HANGJI_TEST_SUPERUSER"])
        return self.connection

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()


async def _written(beside: asyncpg.Connection) -> int:
    found: int = await beside.fetchval("SELECT count(*) FROM district WHERE code = '231004'")
    return found


@pytest.mark.parametrize(
    "way", ["write", "write-by-fetch?by_key=true", "write-by-fetch?by_key=false"]
)
async def test_a_get_cannot_write(
    client: httpx.AsyncClient, beside: asyncpg.Connection, way: str
) -> None:
    answer = await client.get(f"/trials/{way}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert await _written(beside) == 0


async def test_the_writing_door_stays_open_after_reads(client: httpx.AsyncClient) -> None:
    for number in range(3):
        assert (await client.get("/organizations")).status_code == 200
        new = {"name": f"门{number}", "kind": "party_branch"}
        root = (await client.get("/organizations")).json()["items"][0]["id"]
        made = await client.post("/organizations", json=new | {"parent_id": root})
        assert made.status_code == 201, made.text


async def test_the_commit_comes_before_the_answer(
    app: FastAPI, world: real.World, beside: asyncpg.Connection
) -> None:
    seen: list[int] = []
    content = f'{{"parent_id": "{world.root}", "name": "先提交", "kind": "party_branch"}}'.encode()
    headers = world.headers | {"host": "test", "content-type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/organizations",
        "raw_path": b"/v1/organizations",
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "http_version": "1.1",
        "scheme": "http",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 201
            names = "SELECT count(*) FROM organization_state WHERE name = '先提交'"
            seen.append(await beside.fetchval(names))

    await app(scope, receive, send)
    assert seen == [1]


@pytest.mark.parametrize(("path", "status"), [("deferred", 409), ("killed", 503), ("raised", 500)])
async def test_what_is_not_committed_is_not_answered_as_done(
    client: httpx.AsyncClient, beside: asyncpg.Connection, path: str, status: int
) -> None:
    answer = await client.post(f"/trials/{path}", headers={"idempotency-key": path})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert await _written(beside) == 0
    assert await beside.fetchval("SELECT count(*) FROM idempotency_key") == 0
    assert (await client.get("/members")).status_code == 200


SLEEPS = {
    "GET /trials/sleep": 6,
    "GET /trials/fetch?by_key=true": 2,
    "GET /trials/fetch?by_key=false": 2,
    "POST /trials/sleep": 6,
}
"""Requests that hold a connection, and how many connections there are for them."""


@pytest.fixture
async def sleepers(
    client: httpx.AsyncClient, beside: asyncpg.Connection, request: pytest.FixtureRequest
) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """Requests that hold every connection of a kind."""
    method, url = request.param.split()
    made = range(SLEEPS[request.param])
    tasks = [asyncio.create_task(client.request(method, url)) for _ in made]
    async with asyncio.timeout(5):
        while await beside.fetchval(ASLEEP) < len(made):  # noqa: ASYNC110 - the database tells
            await asyncio.sleep(0.01)
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


ASLEEP = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event = 'PgSleep'
"""
IN_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state LIKE 'idle in transaction%'
"""
each_sleep = pytest.mark.parametrize("sleepers", SLEEPS, indirect=True)


@each_sleep
async def test_aborted_requests_give_their_connections_back(
    client: httpx.AsyncClient,
    beside: asyncpg.Connection,
    sleepers: list[asyncio.Task[httpx.Response]],
    engines: list[AsyncEngine],
    request: pytest.FixtureRequest,
) -> None:
    for task in sleepers:
        task.cancel()
    ended = await asyncio.gather(*sleepers, return_exceptions=True)
    assert {type(e) for e in ended} == {asyncio.CancelledError}
    async with asyncio.timeout(2):
        while await beside.fetchval(ASLEEP):  # noqa: ASYNC110 - the database tells
            await asyncio.sleep(0.01)
    assert await beside.fetchval(IN_TRANSACTION) == 0
    for engine in engines:
        assert engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    answers = await asyncio.gather(*[client.get("/members") for _ in range(12)])
    assert {a.status_code for a in answers} == {200}


@each_sleep
async def test_a_pool_that_is_used_up(
    client: httpx.AsyncClient,
    sleepers: list[asyncio.Task[httpx.Response]],
    engines: list[AsyncEngine],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    for engine in engines:
        engine.sync_engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    monkeypatch.setattr(db, "POOL_SECONDS", 0.1)
    method, url = request.node.callspec.params["sleepers"].split()
    answer = await client.request(method, url)
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_database_that_is_down(
    world: real.World, keys: None, tmp_path: Path, engines: list[AsyncEngine]
) -> None:
    """The way to the server is a link that is taken away and laid again."""
    real.same_keys()
    url = make_url(world.url)
    sockets = url.query["host"]
    link = tmp_path / "s"
    link.symlink_to(str(sockets))
    doors = Doors.to(
        url.set(query={"host": str(link)}).render_as_string(hide_password=False), pool_size=2
    )
    kick = (
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.database}'"
    )
    async with real.connect(real.application(doors), world.headers) as client:
        assert (await client.get("/members")).status_code == 200
        link.unlink()
        await _sql(_at(os.environ["HANGJI_TEST_SUPERUSER"], "postgres"), kick)
        await asyncio.sleep(0.6)  # until nobody remembers the caller
        new = {"parent_id": str(world.root), "name": "停机", "kind": "party_branch"}
        for answer in (
            await client.get("/members"),
            await client.get("/members"),
            await client.post("/organizations", json=new),
            await client.post("/sessions", json={"username": "a", "password": "b"}),
            await client.get("http://test/readyz"),
        ):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
            told = answer.text.lower()
            for secret in (str(link), "sql", "hangji", "asyncpg", "traceback", "postgres"):
                assert secret not in told, told
        assert (await client.get("http://test/healthz")).status_code == 200
        link.symlink_to(str(sockets))
        statuses = [(await client.get("/members")).status_code for _ in range(3)]
        assert statuses[-1] == 200, statuses
    await doors.close()


async def test_the_districts_of_a_transaction_end_with_it(
    world: real.World, keys: None, engines: list[AsyncEngine]
) -> None:
    """The next one on this connection would see them, if it set none of its own."""
    doors = Doors.to(world.url, pool_size=1)
    asked = f"SELECT current_setting('{db.SCOPE}', true) AS scope"
    async with doors.writing(["231005"]) as session:
        assert await session.scalar(text(asked)) == "231005"
    async with engines[0].connect() as connection:
        assert not await connection.scalar(text(asked))
    reader = doors.reading(["231005"])
    read = hot._scoped("SELECT count(*) FROM organization", 0)
    [found] = await reader.fetch(read, [reader.scope], by_key=False)
    assert found["count"] > 0  # other tests may have founded some before
    assert [r["scope"] or "" for r in await reader.fetch(asked, [], by_key=False)] == [""]
    await doors.close()
