"""Encrypting what is sealed anew: a job that may be killed at any moment and run again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from app.organizations.jobs import district_codes

BATCH = 500
PASSES = 5
LONGEST_WRITE = 150
"""Seconds: an import may take as long."""
_ACTIVITY = table(
    "pg_stat_activity",
    column("datname"),
    column("pid"),
    column("xact_start", DateTime(timezone=True)),
)
Heads = dict[str, Counter[bytes]]
Show = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table of districts and its columns that are encrypted for `<name>.<column>:<id>`."""

    name: str
    model: Any
    ciphers: Mapping[str, Any]
    code: str = "district_code"
    """The column that names the district of a row."""

    def here(self, code: str) -> ColumnElement[bool]:
        """Hold rows to a district."""
        held: ColumnElement[bool] = getattr(self.model, self.code) == code
        return held


MEMBERS = Sealed(
    "member", Member, {"id_number": Member.id_number_cipher, "phone": Member.phone_cipher}
)
Places = Sequence[Sealed]
"""Every table that is to be encrypted anew; the command line names those of domains above, too."""


@dataclass(slots=True)
class Rotation:
    """What came of encrypting anew."""

    rows: int = 0
    left: int = 0
    """Rows that this run could not bring under the current key."""
    unreadable: set[UUID] = field(default_factory=set)
    """Those of them that no known key opens; they stay as they are."""


def _head(stored: Any) -> ColumnElement[bytes]:
    return func.substring(stored, 1, 2, type_=LargeBinary)


def _is_old(ring: Keyring, place: Sealed) -> ColumnElement[bool]:
    """Tell whether anything of a row lies under another key, or another cipher, than the newest."""
    return or_(*(_head(stored) != ring.head for stored in place.ciphers.values()))


async def heads(doors: Doors, places: Places = (MEMBERS,)) -> Heads:
    """Count, for each encrypted column, the values under each cipher and key (their head)."""
    found: Heads = {f"{place.name}.{name}": Counter() for place in places for name in place.ciphers}
    for code in await district_codes(doors):
        for place in places:
            read = [_head(stored).label(name) for name, stored in place.ciphers.items()]
            rows = select(*read, func.count().label("count")).group_by(*read)
            here = rows.where(place.here(code))
            for row in (await doors.reading([code]).execute(here)).mappings():
                for name in place.ciphers:
                    if (head := row[name]) is not None:
                        found[f"{place.name}.{name}"][head] += row["count"]
    return found


async def count_old(doors: Doors, places: Places = (MEMBERS,)) -> int:
    """Count the rows of which not everything lies under the current key and cipher."""
    return sum([await _count_old(doors, code, places) for code in await district_codes(doors)])


async def _count_old(doors: Doors, code: str, places: Places) -> int:
    count = 0
    for place in places:
        rows = select(func.count()).select_from(place.model)
        old = rows.where(place.here(code), _is_old(crypto.keys(), place))
        count += int(await doors.reading([code]).scalar(old) or 0)
    return count


async def encrypt_anew(doors: Doors, show: Show, places: Places = (MEMBERS,)) -> Rotation:
    """Bring everything under the current key, district by district, each batch committed.

    Versions stay, so nobody's copy grows stale. A worker may have gone on with the older key for
    a moment: it runs until none is left, after everything that began by then has ended.
    """
    done, told = Rotation(), set[str]()
    for _ in range(PASSES):
        for code in await district_codes(doors):
            for place in places:
                await _district(doors, code, place, places, done, told, show)
        await settled(doors)
        done.left = await count_old(doors, places)
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


async def _district(
    doors: Doors,
    code: str,
    place: Sealed,
    places: Places,
    done: Rotation,
    told: set[str],
    show: Show,
) -> None:
    after = UUID(int=0)
    while True:
        ring = crypto.keys()  # the newest, even if they change again meanwhile
        total = 0 if code in told else await _count_old(doors, code, places)
        async with doors.writing([code]) as session:
            rows = await _locked(session, code, place, ring, after)
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
            done.rows += await _rewrite(session, code, place, ring, rows, done.unreadable)
        told.add(code)
        after = rows[-1]["id"]
        show(code, done.rows)


async def _locked(
    session: AsyncSession, code: str, place: Sealed, ring: Keyring, after: UUID
) -> list[Any]:
    """Lock the next rows to rewrite; what is being edited now is met in the next pass."""
    model = place.model
    stored = (column.label(name) for name, column in place.ciphers.items())
    rows = (
        select(model.id, *stored)
        .where(place.here(code), model.id > after, _is_old(ring, place))
        .order_by(model.id)
        .limit(BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return list((await session.execute(rows)).mappings())


async def _rewrite(
    session: AsyncSession,
    code: str,
    place: Sealed,
    ring: Keyring,
    rows: list[Any],
    unreadable: set[UUID],
) -> int:
    fresh = []
    for row in rows:
        try:
            fresh.append((row["id"], *(_again(ring, row, place, name) for name in place.ciphers)))
        except Tampered:
            unreadable.add(row["id"])
    empty: tuple[Any, ...] = ((),) * (1 + len(place.ciphers))
    ids, *ciphers = zip(*fresh, strict=True) if fresh else empty
    given = func.unnest(
        literal(list(ids), ARRAY(Uuid)), *(literal(list(c), ARRAY(LargeBinary)) for c in ciphers)
    ).table_valued("id", *place.ciphers, name="fresh")
    new = given.render_derived()
    here = and_(place.here(code), place.model.id == new.c.id)
    values = {stored.key: new.c[name] for name, stored in place.ciphers.items()}
    await session.execute(
        update(place.model).where(here).values(values),
        execution_options={"synchronize_session": False},
    )
    return len(fresh)


def _again(ring: Keyring, row: Any, place: Sealed, name: str) -> bytes | None:
    stored = row[name]
    context = f"{place.name}.{name}:{row['id']}"
    return None if stored is None else ring.encrypt(ring.decrypt(stored, context), context)
