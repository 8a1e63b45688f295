"""The database: the parent of every table, and the two doors to it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Protocol, Self
from uuid import UUID

import asyncpg
from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Executable,
    MetaData,
    Result,
    Table,
    Text,
    Uuid,
    any_,
    func,
    literal,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Parent of every table; names constraints so that migrations can find them."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        str: Text(),
        UUID: Uuid(),
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """Hold `column` to the values of `kind`; enums are text with a CHECK."""
    values = ", ".join(f"'{v.value}'" for v in kind)
    return CheckConstraint(f"{column} IN ({values})", name=column)


ALWAYS = "valid_from > '-infinity'"
"""True of every row. An exclusion constraint with it holds as before, but the planner leaves its
GiST index to the constraint: a look-up there takes nine times as long as in the B-tree beside it.
"""


def history_of(model: type[Base]) -> Table:
    """Make the table to which a trigger moves the superseded rows of `model`.

    It has the same columns in the same order, then `superseded_at`: half-open recorded time.
    """
    table = model.__table__
    columns: list[Column[Any]] = [Column(c.name, c.type, nullable=c.nullable) for c in table.c]
    superseded = Column(
        "superseded_at",
        DateTime(timezone=True),
        server_default=func.clock_timestamp(),
        nullable=False,
    )
    return Table(f"{model.__tablename__}_history", Base.metadata, *columns, superseded)


def new_id() -> UUID:
    """Make a UUIDv7: ids made later sort later, so indexes grow at their end."""
    milliseconds = time.time_ns() // 1_000_000
    tail = int.from_bytes(os.urandom(10))
    value = (milliseconds & (2**48 - 1)) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def among(column: Any, ids: Collection[UUID]) -> ColumnElement[bool]:
    """Hold `column` to `ids`, which may be hundreds: one parameter, not one for each."""
    held: ColumnElement[bool] = column == any_(literal(sorted(ids), ARRAY(Uuid)))
    return held


SCOPE = "hangji.districts"
"""The setting that names the districts of a transaction; the policies of every table ask it."""
_SET_SCOPE = text(f"SELECT set_config('{SCOPE}', :scope, true)")
_LAST = "last"


def scope_of(districts: Iterable[str]) -> str:
    """Write the districts as the policies read them."""
    return ",".join(sorted(set(districts)))


class Reader(Protocol):
    """Runs reads of some districts: PostgreSQL refuses writes, and every statement stands alone.

    That saves BEGIN and COMMIT. What must be consistent is read in one statement.
    """

    @property
    def scope(self) -> str:
        """The districts beyond which PostgreSQL shows nothing."""

    async def execute(self, statement: Executable, /) -> Result[Any]:
        """Run a statement of SQLAlchemy's."""

    async def scalar(self, statement: Executable, /) -> Any:
        """Give the first column of the first row."""

    async def fetch(self, sql: str, values: list[Any], *, by_key: bool) -> list[Any]:
        """Run what `core.hot` compiled, straight through the driver; it sets the scope itself."""


class Writing(Protocol):
    """Opens one transaction in some districts, by somebody; it commits at its end."""

    def __call__(
        self, districts: Iterable[str] = (), by: Any = None
    ) -> AbstractAsyncContextManager[AsyncSession]:
        """Open it. `by` is the `core.audit.Actor`; without one it is the command line's."""


Executor = AsyncSession | Reader
"""What a query runs on: a write's session, or a reader."""


def last(session: AsyncSession, act: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Have `act` run once, after all else in this transaction and just before its COMMIT."""
    acts = session.info.setdefault(_LAST, [])
    if act not in acts:
        acts.append(act)


async def set_scope(on: AsyncSession | AsyncConnection, districts: Iterable[str]) -> None:
    """Show this transaction the rows of `districts`, and of no other."""
    await on.execute(_SET_SCOPE, {"scope": scope_of(districts)})


@asynccontextmanager
async def reaching(session: AsyncSession, *codes: str | None) -> AsyncIterator[None]:
    """Show this transaction the rows of some more districts, until the block ends.

    For what two districts do with each other: what is named there must come from a record that the
    caller sees, by its key, and nothing else of it may be answered.
    """
    own = session.info["districts"]
    await set_scope(session, own | {code for code in codes if code is not None})
    yield
    await session.flush()  # new rows are held to the scope in which they are written
    await set_scope(session, own)


@asynccontextmanager
async def transaction(
    sessions: async_sessionmaker[AsyncSession], districts: Iterable[str] = (), by: Any = None
) -> AsyncIterator[AsyncSession]:
    """Open one transaction that commits at its end."""
    async with sessions.begin() as session:
        session.info["by"], session.info["districts"] = by, frozenset(districts)
        await set_scope(session, session.info["districts"])
        yield session
        for act in session.info.pop(_LAST, ()):
            await act(session)


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Doors:
    """The two doors to the database."""

    writing: Writing
    reading: Callable[[Iterable[str]], Reader]
    close: Callable[[], Any] = field(default=_nothing)

    @classmethod
    def to(cls, url: str, *, pool_size: int = 8) -> Self:
        """Open both doors to the database at `url`."""
        writer = create_engine(url, pool_size=pool_size)
        pools = ReadPools(url, pool_size)
        sessions = async_sessionmaker(writer, expire_on_commit=False)

        async def close() -> None:
            await writer.dispose()
            await pools.close()

        return cls(partial(transaction, sessions), partial(PooledReader, pools), close)


READ_ONLY = {"default_transaction_read_only": "on"}
# a generic plan may sort a whole district where a custom one reads a page
PLANNED_EACH_TIME = {"plan_cache_mode": "force_custom_plan"}


class ReadPools:
    """Connections that only read: one pool plans each time, one keeps its plans (by key)."""

    def __init__(self, url: str, pool_size: int) -> None:
        self._url, self._size = url, pool_size
        self.engine = create_engine(
            url, pool_size=pool_size, server_settings=READ_ONLY | PLANNED_EACH_TIME
        )
        self._pools: dict[bool, asyncpg.Pool] = {}
        self._opening = asyncio.Lock()

    async def fetch(self, sql: str, values: list[Any], *, by_key: bool) -> list[Any]:
        """Run SQL through the driver; once more where the connection was found to be lost."""
        pool = self._pools.get(by_key) or await self._open(by_key=by_key)
        try:
            return await self._fetch(pool, sql, values)
        except (asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError):
            return await self._fetch(pool, sql, values)

    async def _fetch(self, pool: asyncpg.Pool, sql: str, values: list[Any]) -> list[Any]:
        connection = await pool.acquire(timeout=POOL_SECONDS)
        try:
            found: list[Any] = await connection.fetch(sql, *values)
            return found
        finally:
            await pool.release(connection)

    async def _open(self, *, by_key: bool) -> asyncpg.Pool:
        async with self._opening:
            if by_key not in self._pools:
                settings = LIMITS | READ_ONLY | ({} if by_key else PLANNED_EACH_TIME)
                self._pools[by_key] = await asyncpg.create_pool(
                    make_url(self._url)
                    .set(drivername="postgresql")
                    .render_as_string(hide_password=False),
                    min_size=0,
                    max_size=self._size,
                    server_settings=settings,
                    timeout=CONNECT_SECONDS,
                    reset=_leave_as_is,
                )
            return self._pools[by_key]

    async def close(self) -> None:
        """Close the pools."""
        await self.engine.dispose()
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()


class PooledReader:
    """A reader of some districts on the pools."""

    def __init__(self, pools: ReadPools, districts: Iterable[str]) -> None:
        self._pools, self.scope = pools, scope_of(districts)
        self.fetch = pools.fetch

    async def execute(self, statement: Executable, /) -> Result[Any]:
        """Run a statement of SQLAlchemy's."""
        async with self._pools.engine.connect() as connection:
            if self.scope:
                await connection.execute(_SET_SCOPE, {"scope": self.scope})
            return (await connection.execute(statement)).freeze()()

    async def scalar(self, statement: Executable, /) -> Any:
        """Give the first column of the first row."""
        return (await self.execute(statement)).scalar()


async def _leave_as_is(_: asyncpg.Connection) -> None:
    """Skip the reset: a read-only statement that stands alone leaves nothing behind.

    The scope that it set ends with it.
    """


POOL_SECONDS, CONNECT_SECONDS = 3, 5
LIMITS = {
    "application_name": "hangji",
    "jit": "off",
    "timezone": "UTC",
    "statement_timeout": "10000",
    "lock_timeout": "4000",
    "idle_in_transaction_session_timeout": "15000",
}
"""What every connection of the service keeps to."""


def create_engine(
    url: str, *, server_settings: dict[str, str] | None = None, **options: Any
) -> AsyncEngine:
    """Make an engine with the limits that every connection of the service keeps."""
    return create_async_engine(
        async_url(url),
        connect_args={
            "server_settings": LIMITS | (server_settings or {}),
            "timeout": CONNECT_SECONDS,
        },
        hide_parameters=True,
        pool_timeout=POOL_SECONDS,
        max_overflow=4,
        **options,
    )


def async_url(url: str) -> URL:
    """Name our driver in `url`, whichever it names."""
    return make_url(url).set(drivername="postgresql+asyncpg")
