"""`Idempotency-Key`: a POST that is sent again has one effect and the same answer, for 24 hours.

The key's row is written in the request's own transaction, and holds the answer before the COMMIT:
either both the effect and the answer are there, or neither.
"""

import re
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, SmallInteger, String, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Executor
from app.core.errors import AppError, Invalid, Text

KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class IdempotencyKey(Base):
    """One key of one account on one path, with the answer that it got."""

    __tablename__ = "idempotency_key"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(300), primary_key=True)
    """A keyed digest of it: a path can hold what somebody typed."""
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), index=True
    )


class KeyReused(AppError):  # noqa: N818
    """The key came with another request before."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("Idempotency-Key 已用于另一请求", "This Idempotency-Key came with another request")


class StillRunning(AppError):  # noqa: N818
    """The first request with this key has not ended."""

    status = HTTPStatus.CONFLICT
    title = Text("相同请求正在处理", "The same request is still being carried out")
    headers = {"Retry-After": "1"}  # noqa: RUF012 - the parent's ClassVar


class Replay(Exception):  # noqa: N818
    """Not an error: the stored answer goes out in place of a second effect."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__()
        self.status, self.headers, self.body = status, headers, body


def checked(key: str) -> str:
    """Refuse a key that is not 1 to 200 visible ASCII characters."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "Idempotency-Key 须为 1 到 200 个可见 ASCII 字符",
            "Idempotency-Key takes 1 to 200 visible ASCII characters",
        )
    return key


async def check_first(on: Executor, account_id: UUID, path: str, key: str, digest: bytes) -> None:
    """Raise `Replay` if the request was answered before, `KeyReused` if another one was."""
    table = IdempotencyKey
    kept = select(table.digest, table.status, table.headers, table.body).where(
        table.account_id == account_id,
        table.path == path,
        table.key == key,
        table.created_at > clock.now() - KEPT,
    )
    old = (await on.execute(kept)).first()
    if old is not None:
        if old.digest != digest:
            raise KeyReused
        raise Replay(old.status or 500, old.headers or {}, old.body or b"")


async def claim(
    session: AsyncSession, account_id: UUID, path: str, key: str, digest: bytes
) -> None:
    """Take the key for this request, or raise `Replay`, `KeyReused` or `StillRunning`."""
    lock = func.hashtextextended(f"{account_id} {path} {key}", 0)
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
        raise StillRunning
    await check_first(session, account_id, path, key, digest)
    values = {"digest": digest, "status": None, "created_at": func.now()}
    row = insert(IdempotencyKey).values(account_id=account_id, path=path, key=key, **values)
    taken = row.on_conflict_do_update(index_elements=["account_id", "path", "key"], set_=values)
    await session.execute(taken)


async def keep(
    session: AsyncSession, account_id: UUID, path: str, key: str, answer: Replay
) -> None:
    """Store the answer of the request that claimed `key`."""
    row = update(IdempotencyKey).where(
        IdempotencyKey.account_id == account_id,
        IdempotencyKey.path == path,
        IdempotencyKey.key == key,
    )
    await session.execute(
        row.values(status=answer.status, headers=answer.headers, body=answer.body)
    )
