"""Encrypting members' numbers anew: a job that may be killed at any moment and run again."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    LargeBinary,
    Uuid,
    and_,
    column,
    func,
    literal,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, crypto
from app.core.crypto import Keyring, Tampered
from app.core.db import Doors
from app.members.models import Member
from app.organizations.models import District

BATCH = 500
PASSES = 5
LONGEST_WRITE = 150
"""Seconds: an import may take as long."""
CIPHERS = {"id_number": Member.id_number_cipher, "phone": Member.phone_cipher}
_ACTIVITY = table(
    "pg_stat_activity",
    column("datname"),
    column("pid"),
    column("xact_start", DateTime(timezone=True)),
)
Heads = dict[str, Counter[bytes]]
Show = Callable[[str, int], None]


@dataclass(slots=True)
class Rotation:
    """What came of encrypting anew."""

    members: int = 0
    left: int = 0
    """Members whom this run could not bring under the current key."""
    unreadable: set[UUID] = field(default_factory=set)
    """Those of them whom no known key opens; they stay as they are."""


def _head(stored: Any) -> ColumnElement[bytes]:
    return func.substring(stored, 1, 2, type_=LargeBinary)


def _is_old(ring: Keyring) -> ColumnElement[bool]:
    """Tell whether a member's numbers lie under another key, or another cipher, than the newest."""
    return or_(*(_head(stored) != ring.head for stored in CIPHERS.values()))


async def _districts(doors: Doors) -> list[str]:
    found = await doors.reading([]).execute(select(District.code).order_by(District.code))
    return [row.code for row in found]


async def heads(doors: Doors) -> Heads:
    """Count, for each encrypted column, the values under each cipher and key (their head)."""
    found: Heads = {name: Counter() for name in CIPHERS}
    for code in await _districts(doors):
        read = [_head(stored).label(name) for name, stored in CIPHERS.items()]
        rows = select(*read, func.count().label("members")).where(Member.district_code == code)
        for row in await doors.reading([code]).execute(rows.group_by(*read)):
            for name in CIPHERS:
                if (head := getattr(row, name)) is not None:
                    found[name][head] += row.members
    return found


async def count_old(doors: Doors) -> int:
    """Count the members whose numbers do not lie under the current key and cipher."""
    return sum([await _count_old(doors, code) for code in await _districts(doors)])


async def _count_old(doors: Doors, code: str) -> int:
    rows = select(func.count()).where(Member.district_code == code, _is_old(crypto.keys()))
    return int(await doors.reading([code]).scalar(rows) or 0)


async def encrypt_anew(doors: Doors, show: Show) -> Rotation:
    """Bring all members under the current key, district by district, each batch committed.

    Versions stay, so nobody's copy grows stale. A worker may have gone on with the older key for
    a moment: it runs until none is left, after everything that began by then has ended.
    """
    done, told = Rotation(), set[str]()
    for _ in range(PASSES):
        for code in await _districts(doors):
            await _district(doors, code, done, told, show)
        await settled(doors)
        done.left = await count_old(doors)
        if done.left <= len(done.unreadable):
            break
    return done


async def settled(doors: Doors) -> None:
    """Wait until every worker has seen the newest keys and no older transaction still runs."""
    await asyncio.sleep(crypto.LOOK_SECONDS + 0.5)
    on = doors.reading([])
    fence = await on.scalar(select(func.clock_timestamp()))
    older = select(func.count()).where(
        _ACTIVITY.c.datname == func.current_database(),
        _ACTIVITY.c.pid != func.pg_backend_pid(),
        _ACTIVITY.c.xact_start < fence,
    )
    for _ in range(LONGEST_WRITE * 10):
        if not await on.scalar(older):
            return
        await asyncio.sleep(0.1)


async def _district(doors: Doors, code: str, done: Rotation, told: set[str], show: Show) -> None:
    after = UUID(int=0)
    while True:
        ring = crypto.keys()  # the newest, even if they change again meanwhile
        total = 0 if code in told else await _count_old(doors, code)
        async with doors.writing([code]) as session:
            rows = await _locked(session, code, ring, after)
            if not rows:
                return
            if code not in told:
                audit.record(
                    session,
                    code,
                    ("key", ring.current),
                    action="cli.keys_rotate",
                    rows=total,
                    cipher=ring.cipher,
                    known=sorted(ring.masters),
                )
            done.members += await _rewrite(session, code, ring, rows, done.unreadable)
        told.add(code)
        after = rows[-1].id
        show(code, done.members)


async def _locked(session: AsyncSession, code: str, ring: Keyring, after: UUID) -> list[Any]:
    """Lock the next members to rewrite; who is being edited now is met in the next pass."""
    rows = (
        select(Member.id, Member.id_number_cipher, Member.phone_cipher)
        .where(Member.district_code == code, Member.id > after, _is_old(ring))
        .order_by(Member.id)
        .limit(BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list(await session.execute(rows))


async def _rewrite(
    session: AsyncSession, code: str, ring: Keyring, rows: list[Any], unreadable: set[UUID]
) -> int:
    fresh = []
    for row in rows:
        try:
            fresh.append((row.id, *(_again(ring, row, name) for name in CIPHERS)))
        except Tampered:
            unreadable.add(row.id)
    ids, *ciphers = zip(*fresh, strict=True) if fresh else ((), (), ())
    given = func.unnest(
        literal(list(ids), ARRAY(Uuid)), *(literal(list(c), ARRAY(LargeBinary)) for c in ciphers)
    ).table_valued("id", *CIPHERS, name="fresh")
    new = given.render_derived()
    place = and_(Member.district_code == code, Member.id == new.c.id)
    values = {stored.key: new.c[name] for name, stored in CIPHERS.items()}
    await session.execute(
        update(Member).where(place).values(values),
        execution_options={"synchronize_session": False},
    )
    return len(fresh)


def _again(ring: Keyring, row: Any, name: str) -> bytes | None:
    stored = getattr(row, f"{name}_cipher")
    context = f"member.{name}:{row.id}"
    return None if stored is None else ring.encrypt(ring.decrypt(stored, context), context)
