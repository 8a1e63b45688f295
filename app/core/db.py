"""The database: the parent of every table, and the two doors to it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, Self
from uuid import UUID

import asyncpg
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Executable,
    MetaData,
    Result,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import (
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


class Reader(Protocol):
    """Runs reads: PostgreSQL refuses writes, and every statement stands alone.

    That saves BEGIN and COMMIT. What must be consistent is read in one statement.
    """

    async def execute(self, statement: Executable, /) -> Result[Any]:
        """Run a statement of SQLAlchemy's."""

    async def scalar(self, statement: Executable, /) -> Any:
        """Give the first column of the first row."""

    async def fetch(self, sql: str, values: list[Any], *, by_key: bool) -> list[Any]:
        """Run what `core.hot` compiled, straight through the driver."""


Writing = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Executor = AsyncSession | Reader
"""What a query runs on: a write's session, or a reader."""


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Doors:
    """The two doors to the database: `writing` gives one transaction that commits at its end."""

    writing: Writing
    reader: Reader
    close: Callable[[], Any] = field(default=_nothing)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """Give the reader where a block is wanted."""
        yield self.reader

    @classmethod
    def to(cls, url: str, *, pool_size: int = 8) -> Self:
        """Open both doors to the database at `url`."""
        writer = create_engine(url, pool_size=pool_size)
        reader = PooledReader(url, pool_size)
        sessions = async_sessionmaker(writer, expire_on_commit=False)

        @asynccontextmanager
        async def writing() -> AsyncIterator[AsyncSession]:
            async with sessions.begin() as session:
                yield session

        async def close() -> None:
            await writer.dispose()
            await reader.close()

        return cls(writing, reader, close)


READ_ONLY = {"default_transaction_read_only": "on"}
# a generic plan may sort a whole district where a custom one reads a page
PLANNED_EACH_TIME = {"plan_cache_mode": "force_custom_plan"}


class PooledReader:
    """A reader on pools of its own: one plans each time, one keeps its plans (reads by key)."""

    def __init__(self, url: str, pool_size: int) -> None:
        self._url, self._size = url, pool_size
        self._engine = create_engine(
            url,
            pool_size=pool_size,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,  # nothing is left behind: no transaction, no setting
            server_settings=READ_ONLY | PLANNED_EACH_TIME,
        )
        self._pools: dict[bool, asyncpg.Pool] = {}
        self._opening = asyncio.Lock()

    async def execute(self, statement: Executable, /) -> Result[Any]:
        """Run a statement of SQLAlchemy's."""
        async with self._engine.connect() as connection:
            return (await connection.execute(statement)).freeze()()

    async def scalar(self, statement: Executable, /) -> Any:
        """Give the first column of the first row."""
        return (await self.execute(statement)).scalar()

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
        await self._engine.dispose()
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()


async def _leave_as_is(_: asyncpg.Connection) -> None:
    """Skip the reset: a read-only statement that stands alone leaves nothing behind."""


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
