"""The audit (审计): who did what, when and where, in one hash chain a district.

`record` notes an entry; just before the COMMIT the chain's head is locked, the entries get their
numbers and hashes, and the head is signed anew. A long write therefore holds up nobody else's.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus
from typing import Any, TypedDict, cast
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, Index, LargeBinary, String, Table, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.core import clock, crypto
from app.core.caller import DEPLOYMENT, Caller
from app.core.db import Base, last, one_of, set_scope
from app.core.errors import AppError, Text

_log = structlog.get_logger(__name__)
_SECRET = re.compile(r"_cipher$|_index$|_hash$|^password|^search_|^name_key$|token|^code$")
_LONG_NUMBER = re.compile(r"[0-9０-９](?:[ -]?[0-9０-９]){10,}(?:[ -]?[XxＸｘ])?")
"""An ID or telephone number as people write it: grouped, or in the wide digits of an IME."""
_ENTRIES = "audit"
ADDRESS = 45
"""The longest IPv6 address; one with the name of an interface is cut."""
BEGUN, RESEALED = "audit.begun", "audit.resealed"


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"  # 完成
    REFUSED = "refused"  # 拒绝: the right was missing
    FAILED = "failed"  # 失败: a sign-in


class AuditBroken(AppError):  # noqa: N818
    """The head of a chain was not signed by this service: nothing is written after it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = Text("审计记录已损坏，暂停写入", "The audit is damaged; nothing is written after it")


class AuditEntry(Base):
    """One thing that was done, or refused (审计记录). The application can only add to them."""

    __tablename__ = "audit_entry"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    """GB/T 2260: a district, a prefecture, a province; `000000` for the deployment."""
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """1 for the first of the chain, and no gaps."""
    at: Mapped[datetime]
    account_id: Mapped[UUID | None]
    username: Mapped[str] = mapped_column(String(50))
    """Who acted; of a sign-in that failed, whose known name was given."""
    role: Mapped[str] = mapped_column(String(200))
    """The roles held there, with commas between them."""
    action: Mapped[str] = mapped_column(String(50))
    """The operation's name in the API's document; `cli.…` at the command line."""
    outcome: Mapped[Outcome] = mapped_column(String(10))
    target_kind: Mapped[str | None] = mapped_column(String(30))
    target_id: Mapped[str | None] = mapped_column(String(60))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    request_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(ADDRESS))
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the hash before it and of this entry."""

    __table_args__ = (
        Index("ix_audit_entry_at", "district_code", "at"),
        Index("ix_audit_entry_target", "district_code", "target_id"),
        one_of("outcome", Outcome),
    )


class AuditHead(Base):
    """How many entries a chain has and the hash of the newest, signed with the service's key."""

    __tablename__ = "audit_head"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which operation, from where."""

    operation: str
    caller: Caller | None = None
    username: str = ""
    request_id: str | None = None
    address: str | None = None


COMMAND_LINE = Actor("cli", username="命令行 command line")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written once the transaction ends."""

    district_code: str
    action: str
    outcome: Outcome
    target: tuple[str, Any] | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    detail: Mapping[str, Any]
    at: datetime = field(default_factory=clock.now)


def record(
    session: AsyncSession,
    district_code: str,
    target: tuple[str, Any] | None = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    action: str | None = None,
    outcome: Outcome = Outcome.DONE,
    **detail: Any,
) -> None:
    """Note what this transaction does: one entry a write, in the chain of `district_code`.

    `target` is a kind and an id. Values that nobody may read are left out, and long numbers in
    texts are masked, so whole rows may be given.
    """
    by: Actor = session.info.get("by") or COMMAND_LINE
    entry = Entry(district_code, action or by.operation, outcome, target, before, after, detail)
    session.info.setdefault(_ENTRIES, []).append(entry)
    last(session, _append)


def is_recorded(session: AsyncSession) -> bool:
    """Tell whether this transaction noted anything."""
    return bool(session.info.get(_ENTRIES))


class Change(TypedDict):
    """The `before` and `after` of `record`."""

    before: dict[str, Any]
    after: dict[str, Any]


def changed(row: Any, values: Mapping[str, Any]) -> Change:
    """Give the `before` and `after` of setting `values` on `row`, where they differ."""
    different = {n: v for n, v in values.items() if getattr(row, n) != v}
    return {"before": {n: getattr(row, n) for n in different}, "after": different}


def columns(row: Any) -> dict[str, Any]:
    """Give a row's columns as `before` or `after`."""
    return {c.key: getattr(row, c.key) for c in row.__table__.c if c.computed is None}


def _json(value: Any) -> Any:
    """Write a value as JSON that reads back equal, without what nobody may read."""
    if isinstance(value, Mapping):
        return {str(k): _json(v) for k, v in value.items() if not _SECRET.search(str(k))}
    if isinstance(value, set | frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple):
        return [_json(v) for v in value]
    return _LONG_NUMBER.sub(_masked, value) if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> Any:
    """Write what JSON has no words for as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def _masked(found: re.Match[str]) -> str:
    number = found[0].replace(" ", "").replace("-", "")
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"


HASHED = tuple(c.key for c in AuditEntry.__table__.c if c.key != "hash")


def chain(before: bytes, entry: Mapping[str, Any]) -> bytes:
    """Hash an entry onto the hash before it; `entry` maps the names of its columns."""
    content = [_plain(entry[name]) for name in HASHED]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def seal(district_code: str, number: int, newest: bytes) -> bytes:
    """Sign a head: whoever has no key can neither make nor shorten a chain unseen."""
    return crypto.keys().sign(_head(district_code, number, newest))


def is_sealed(head: Any) -> bool:
    """Tell whether this service signed `head`."""
    text = _head(head.district_code, head.number, head.hash)
    return crypto.keys().is_signed(text, head.signature)


def _head(district_code: str, number: int, newest: bytes) -> bytes:
    return b"hangji audit head\0%s\0%d\0%s" % (district_code.encode(), number, newest)


async def _append(session: AsyncSession) -> None:
    """Write what was noted, chain by chain in the order of their codes."""
    noted: list[Entry] = session.info.pop(_ENTRIES)
    by: Actor = session.info.get("by") or COMMAND_LINE
    await session.flush()
    codes = sorted({entry.district_code for entry in noted})
    if not session.info["districts"].issuperset(codes):
        await set_scope(session, codes)  # nothing but the audit follows
    heads = await _lock(session, codes)
    if not heads:
        await set_scope(session, [DEPLOYMENT, *codes])
        begun = await _begin(session, codes)
        heads = await _lock(session, sorted({DEPLOYMENT, *codes}))
        noted = [_begun(code) for code in begun] + noted
    rows = []
    for entry in noted:
        number, newest = heads[entry.district_code]
        row = _row(entry, by, number + 1)
        row["hash"] = chain(newest, row)
        heads[entry.district_code] = number + 1, row["hash"]
        rows.append(row)
    await session.execute(insert(cast("Table", AuditEntry.__table__)), rows)
    for code in {row["district_code"] for row in rows}:
        number, newest = heads[code]
        values = {"number": number, "hash": newest, "signature": seal(code, number, newest)}
        head = update(AuditHead).where(AuditHead.district_code == code)
        await session.execute(head.values(**values))


async def _lock(session: AsyncSession, codes: list[str]) -> dict[str, tuple[int, bytes]]:
    """Lock the heads of `codes` in their order; none of them where one is missing."""
    there = aliased(AuditHead)
    count = select(func.count()).select_from(there).where(there.district_code.in_(codes))
    heads = (
        select(AuditHead.__table__)
        .where(AuditHead.district_code.in_(codes), count.scalar_subquery() == len(codes))
        .order_by(AuditHead.district_code)
        .with_for_update()
    )
    found = (await session.execute(heads)).all()
    for head in found:
        if not is_sealed(head):
            _log.error("audit broken", district=head.district_code)
            raise AuditBroken
    return {head.district_code: (head.number, head.hash) for head in found}


async def _begin(session: AsyncSession, codes: list[str]) -> list[str]:
    """Begin the chains of `codes` that are missing, and name them.

    The deployment's own chain tells of every other, so none can vanish whole. Its head is locked
    before another is made: chains begin one at a time, and no two writers wait for each other.
    """
    await _make(session, [DEPLOYMENT])
    await _lock(session, [DEPLOYMENT])
    known = select(AuditHead.district_code).where(AuditHead.district_code.in_(codes))
    missing = sorted(set(codes) - {DEPLOYMENT, *(await session.scalars(known))})
    if missing:
        await _make(session, missing)
    return missing


async def _make(session: AsyncSession, codes: list[str]) -> None:
    rows = [
        {"district_code": c, "number": 0, "hash": b"", "signature": seal(c, 0, b"")} for c in codes
    ]
    await session.execute(insert(AuditHead).values(rows).on_conflict_do_nothing())


def _begun(code: str) -> Entry:
    return Entry(DEPLOYMENT, BEGUN, Outcome.DONE, ("audit", code), None, None, {})


def _row(entry: Entry, by: Actor, number: int) -> dict[str, Any]:
    caller = by.caller
    kind, target_id = entry.target or (None, None)
    return {
        "district_code": entry.district_code,
        "number": number,
        "at": entry.at,
        "account_id": caller and caller.account_id,
        "username": caller.username if caller else by.username,
        "role": ",".join(caller.roles_in(entry.district_code)) if caller else "",
        "action": entry.action,
        "outcome": entry.outcome.value,
        "target_kind": kind,
        "target_id": None if target_id is None else str(target_id),
        "before": None if entry.before is None else _json(entry.before),
        "after": None if entry.after is None else _json(entry.after),
        "detail": _json(entry.detail) or None,
        "request_id": by.request_id,
        "address": by.address and by.address[:ADDRESS],
    }
