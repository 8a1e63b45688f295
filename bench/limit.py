"""The limit: the service's own statements through bare ASGI and asyncpg, JSON by PostgreSQL.

At the start every path is asked of the real application in this process, and the last statement
that it ran is kept. From then on that statement alone answers the path: no token, no rights, no
validation, nothing but the database and a socket.
"""

import json
import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import asyncpg
import httpx
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy.engine import make_url

from app.cli import application as service
from app.core.db import SCOPE, new_id

Statement = tuple[str, tuple[Any, ...]]
CONNECTIONS = 8
SETTINGS = {"application_name": "limit", "jit": "off", "timezone": "UTC", SCOPE: "231005"}
PLANS = ("auto", "force_custom_plan")
TRIALS = 12
_RUNNERS = (
    (PreparedStatement, "fetch"),
    (asyncpg.Connection, "fetch"),
    (asyncpg.Connection, "fetchrow"),
    (asyncpg.Connection, "fetchval"),
)
_INSERT = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)")
_SCOPED = re.compile(r"SELECT q\.\* FROM \((.*)\) AS q WHERE \(SELECT set_config.*", re.DOTALL)
_PLACE = re.compile(r"\$([0-9]+)")


async def record(plan: dict[str, Any]) -> dict[str, list[Statement]]:
    """Run every path of the plan through the application and list the statements behind each."""
    app, ran, found = service(), [], {}
    transport = httpx.ASGITransport(app)
    headers = {"authorization": plan["authorization"]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as client:
        with ExitStack() as stack:
            for owner, name in _RUNNERS:
                noting = _noting(getattr(owner, name), ran)
                stack.enter_context(patch.object(owner, name, noting))
            for path in plan["paths"]:
                ran.clear()
                (await client.get(path)).raise_for_status()
                found[path] = list(ran)
            ran.clear()
            (await client.post(plan["post_path"], json=plan["post"])).raise_for_status()
            found[plan["post_path"]] = list(ran)
    await app.state.doors.close()
    return found


def _noting(run: Callable[..., Any], ran: list[Statement]) -> Callable[..., Any]:
    """Wrap a method of the driver so that it notes the statement and its values."""

    async def noted(self: Any, *values: Any, **options: Any) -> Any:
        if isinstance(self, PreparedStatement):
            ran.append((self.get_query(), values))
        else:
            ran.append((values[0], values[1:]))
        return await run(self, *values, **options)

    return noted


class Limit:
    """A bare ASGI application over recorded statements."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.pools: list[Any] = []
        self.reads: dict[str, tuple[int, str, tuple[Any, ...]]] = {}
        """By path: the pool that answers sooner, the statement and its values."""
        self.insert: Statement = ("", ())
        self.fresh: list[int] = []

    async def start(self) -> None:
        """Record the statements and open the connections."""
        url = make_url(os.environ["HANGJI_OWNER_DATABASE_URL"])  # whom no policy holds
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        for mode in PLANS:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=CONNECTIONS,
                max_size=CONNECTIONS,
                server_settings=SETTINGS | {"plan_cache_mode": mode},
                max_inactive_connection_lifetime=0,
                reset=_leave,
            )
            self.pools.append(pool)
        known: dict[str, tuple[int, str]] = {}
        for path, statements in (await record(self.plan)).items():
            if path == self.plan["post_path"]:
                self._join_inserts(statements)
                continue
            sql, values = _bare(*statements[-1])
            if sql not in known:
                written = await self._as_json(sql)
                known[sql] = (await self._sooner(written, values), written)
            self.reads[path] = (*known[sql], values)

    async def _as_json(self, sql: str) -> str:
        """Let PostgreSQL write the JSON, unless the statement does so itself."""
        async with self.pools[0].acquire() as on:
            columns = (await on.prepare(sql)).get_attributes()
        if columns[0].type.name == "text" and "row_to_json" in sql:  # each row is JSON already
            written, name = "concat('[', string_agg(json, ','), ']')", "answer(json)"
        else:
            written, name = "coalesce(json_agg(row_to_json(answer)), '[]')::text", "answer"
        return f"SELECT convert_to({written}, 'UTF8') FROM ({sql}) {name}"

    async def _sooner(self, sql: str, values: tuple[Any, ...]) -> int:
        """Choose the pool whose plans answer sooner: generic ones come after five executions."""
        took = []
        for pool in self.pools:
            async with pool.acquire() as on:
                for trial in range(TRIALS + 6):
                    if trial == 6:
                        started = time.perf_counter()
                    await on.fetchval(sql, *values)
                took.append(time.perf_counter() - started)
        return took.index(min(took))

    def _join_inserts(self, statements: list[Statement]) -> None:
        """Make one statement of the INSERTs that recording a member takes: one trip, no BEGIN."""
        parts, values = [], []
        for sql, given in statements:
            if (found := _INSERT.match(sql)) and found[1] in {"member", "membership"}:
                columns = [c.strip() for c in found[2].split(",")]
                for column, value in zip(columns, given, strict=False):
                    if isinstance(value, UUID) and column != "organization_id":
                        self.fresh.append(len(values) + columns.index(column))
                    if column == "id_number_index":
                        self.fresh.append(len(values) + columns.index(column))
                shift = len(values)
                body = _PLACE.sub(
                    lambda place, by=shift: f"${int(place[1]) + by}", sql.partition(" RETURNING")[0]
                )
                parts.append(f"made_{found[1]} AS ({body} RETURNING *)")
                values += given
        answer = "convert_to(row_to_json(made_member)::text, 'UTF8')"
        self.insert = f"WITH {', '.join(parts)} SELECT {answer} FROM made_member", tuple(values)

    def _new_member(self, body: bytes) -> tuple[Any, ...]:
        json.loads(body)
        values, made = list(self.insert[1]), new_id()
        was = values[self.fresh[0]]
        for place in self.fresh:
            old = values[place]
            new = made if old == was else new_id()
            values[place] = os.urandom(16) if isinstance(old, bytes) else new
        return tuple(values)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await receive()
            await self.start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        status = 200
        if scope["method"] == "POST":
            pool, sql, status = 0, self.insert[0], 201
            values = self._new_member((await receive())["body"])
        else:
            query = scope["query_string"]
            path = scope["path"] + ("?" + query.decode() if query else "")
            pool, sql, values = self.reads[path]
        async with self.pools[pool].acquire() as on:
            body = await on.fetchval(sql, *values)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _bare(sql: str, values: tuple[Any, ...]) -> Statement:
    """Take the scope of the districts off a statement: the limit has no walls."""
    found = _SCOPED.fullmatch(sql)
    return (found[1], values[:-1]) if found else (sql, values)


async def _leave(_: Any) -> None:
    """Skip the pool's reset: nothing is left behind."""


def application() -> Limit:
    """Build the application that uvicorn serves, out of the environment."""
    return Limit(json.loads(Path(os.environ["HANGJI_BENCH_PLAN"]).read_text()))
