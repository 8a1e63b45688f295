"""Checking the chains, and signing one anew after an accident."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.audit import logic, queries
from app.audit.logic import Fault, Head, Walk
from app.core import audit
from app.core.audit import RESEALED, AuditEntry, AuditHead
from app.core.db import Doors
from app.core.errors import NotFound, Text

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check went through, and what it found."""

    chains: int
    entries: int
    faults: list[Fault]


async def verify(
    doors: Doors, codes: Collection[str] | None = None, kept: Iterable[Head] = ()
) -> Verified:
    """Recompute the chains `codes`, or all; `kept` are heads that were kept elsewhere.

    A head that was kept is what tells when somebody put back an older state of a whole chain
    together with its old head, for that head was truly signed.
    """
    elsewhere: dict[str, dict[int, bytes]] = defaultdict(dict)
    found: list[Fault] = []
    for head in kept:
        if audit.is_sealed(head):
            elsewhere[head.district_code][head.number] = head.hash
        else:
            what = Text(
                "留存的链头不是本系统签发的", "the kept head was not signed by this service"
            )
            found.append(Fault(head.district_code, head.number, what))
    chosen = set(await queries.chains(doors)) | {*elsewhere} if codes is None else set(codes)
    standing: set[str] = set()
    entries = 0
    for code in sorted(chosen):
        walk, has_head = await _walk(doors, code, elsewhere[code])
        if has_head or walk.entries:
            standing.add(code)
        entries += walk.entries
        found += walk.faults
    begun, districts = await queries.begun(doors), set(await queries.districts(doors))
    if codes is not None:
        begun, districts = _only(begun, chosen), districts & chosen
    return Verified(len(standing), entries, found + logic.check_begun(standing, begun, districts))


def _only(begun: Mapping[str, int], chosen: Collection[str]) -> Any:
    return {code: times for code, times in begun.items() if code in chosen}


def _chained(before: bytes, raw: Any) -> bytes | None:
    entry = queries.hashed(raw)
    return None if entry is None else audit.chain(before, entry)


async def _walk(doors: Doors, code: str, kept: Mapping[int, bytes]) -> tuple[Walk, bool]:
    """Go along a chain while others may be writing it: its head is read after its entries.

    A head that is ahead of them is looked at again with the entries that were written since.
    """
    on = doors.reading([code])
    walk, last, ahead = Walk(code, _chained, kept), None, -1
    while True:
        rows = await queries.entries_after(on, code, last, BATCH)
        for raw in rows:
            walk.step(raw.number, raw.hash, raw)
            if raw.action == RESEALED:
                walk.resealed(raw.number, raw.detail)
            last = raw.number
        if len(rows) == BATCH:
            continue
        head = next(iter(await queries.heads_of(on, [code])), None)
        if head is None or head.number <= walk.number or head.number == ahead:
            break
        ahead = head.number
    walk.end(head, is_sealed=head is not None and audit.is_sealed(head))
    return walk, head is not None


async def reseal(doors: Doors, code: str, reason: str) -> bool:
    """Sign the head of a chain as its entries stand now; False where nothing is broken there.

    After an accident (entries or a head that were lost or changed outside the service) every write
    of the chain is refused, for nothing may follow what cannot be trusted. The operator looks into
    it first; this makes writing possible again. It heals nothing: the entry that it leaves says
    why and what the head was, and `verify` goes on to report the break and this entry for ever.
    Raises `NotFound` for a chain that never began.
    """
    async with doors.writing([code]) as session:
        rows = select(AuditHead.__table__).where(AuditHead.district_code == code)
        head = (await session.execute(rows.with_for_update())).first()
        newest = (
            select(AuditEntry.number, AuditEntry.hash)
            .where(AuditEntry.district_code == code)
            .order_by(AuditEntry.number.desc())
            .limit(1)
        )
        found = (await session.execute(newest)).first()
        if head is None and found is None and code not in await queries.begun(doors):
            raise NotFound(f"没有 {code} 的审计链", f"there is no chain of {code}")
        number, end = (0, b"") if found is None else (found.number, found.hash)
        is_sealed = head is not None and audit.is_sealed(head)
        if is_sealed and head is not None and (head.number, head.hash) == (number, end):
            return False
        values = {"number": number, "hash": end, "signature": audit.seal(code, number, end)}
        anew = insert(AuditHead).values(district_code=code, **values)
        key = [AuditHead.district_code]
        await session.execute(anew.on_conflict_do_update(index_elements=key, set_=values))
        was = None if head is None else {"number": head.number, "hash": head.hash}
        now = {"number": number, "hash": end}
        audit.record(
            session,
            code,
            ("audit", code),
            action=RESEALED,
            before=was,
            after=now,
            reason=reason,
            was_signed=is_sealed,
        )
    return True
