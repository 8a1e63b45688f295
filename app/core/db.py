"""The database: the parent of every table, and the two doors to it."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, MetaData, Table, Text, Uuid, func
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


Writing = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Reading = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
Executor = AsyncSession | AsyncConnection
"""What a query runs on: a write's session or a read's connection."""


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Doors:
    """The two doors to the database.

    `writing` gives one transaction that commits at its end. `reading` gives a connection on which
    PostgreSQL refuses writes and every statement stands alone, which saves BEGIN and COMMIT.
    """

    writing: Writing
    reading: Reading
    close: Callable[[], Any] = field(default=_nothing)

    @classmethod
    def to(cls, url: str, *, pool_size: int = 8) -> Self:
        """Open both doors to the database at `url`."""
        writer = create_engine(url, pool_size=pool_size)
        reader = create_engine(
            url,
            pool_size=pool_size,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,  # nothing is left behind: no transaction, no setting
            server_settings={
                "default_transaction_read_only": "on",
                # a generic plan may sort a whole district where a custom one reads a page
                "plan_cache_mode": "force_custom_plan",
            },
        )
        sessions = async_sessionmaker(writer, expire_on_commit=False)

        @asynccontextmanager
        async def writing() -> AsyncIterator[AsyncSession]:
            async with sessions.begin() as session:
                yield session

        async def close() -> None:
            await writer.dispose()
            await reader.dispose()

        return cls(writing, reader.connect, close)


def create_engine(
    url: str, *, server_settings: dict[str, str] | None = None, **options: Any
) -> AsyncEngine:
    """Make an engine with the limits that every connection of the service keeps."""
    limits = {
        "application_name": "hangji",
        "jit": "off",
        "timezone": "UTC",
        "statement_timeout": "10000",
        "lock_timeout": "4000",
        "idle_in_transaction_session_timeout": "15000",
    }
    return create_async_engine(
        async_url(url),
        connect_args={"server_settings": limits | (server_settings or {}), "timeout": 5},
        hide_parameters=True,
        pool_timeout=3,
        max_overflow=4,
        **options,
    )


def async_url(url: str) -> URL:
    """Name our driver in `url`, whichever it names."""
    return make_url(url).set(drivername="postgresql+asyncpg")
