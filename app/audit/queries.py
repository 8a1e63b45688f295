"""Reading the entries and the heads. Every read starts from the chains that the caller may see."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Row,
    Select,
    String,
    Text,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.audit import logic
from app.audit.logic import Head
from app.audit.schemas import EntryListParams
from app.core import clock
from app.core.audit import BEGUN, HASHED, AuditEntry, AuditHead
from app.core.caller import DEPLOYMENT, Caller, Permission
from app.core.db import Doors, Reader
from app.core.errors import NotFound
from app.core.hot import json_rows
from app.core.pages import page_json, unseal

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
OF = "audit entries"
COLUMNS = [
    *(c for c in AuditEntry.__table__.c if c.name != "hash"),
    func.encode(AuditEntry.hash, "hex").label("hash"),
]


def codes(caller: Caller) -> list[str]:
    """Name the chains that the caller may read: where they audit, and the deployment's own.

    The deployment's holds nothing of a district: sign-ins by names that nobody has, new keys.
    """
    own = {subtree.district_code for subtree in caller.subtrees(Permission.AUDIT_READ)}
    return sorted({*own, DEPLOYMENT}) if own else []


def _in_sight(caller: Caller, district_code: str) -> str:
    if district_code not in codes(caller):
        raise NotFound
    return district_code


def visible(caller: Caller) -> AnySelect:
    """Select the entries that the caller may read; that another's chain began is not for them."""
    own = codes(caller)
    in_sight = or_(AuditEntry.action != BEGUN, AuditEntry.target_id.in_(own))
    return select(*COLUMNS).where(AuditEntry.district_code.in_(own), in_sight)


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, datetime.min.time(), clock.SHANGHAI)


def _filtered(caller: Caller, params: EntryListParams) -> AnySelect:
    rows = visible(caller)
    if params.district_code is not None:
        rows = rows.where(AuditEntry.district_code == _in_sight(caller, params.district_code))
    if params.from_ is not None:
        rows = rows.where(AuditEntry.at >= _midnight(params.from_))
    if params.to is not None:
        rows = rows.where(AuditEntry.at < _midnight(params.to + timedelta(days=1)))
    for name in ("account_id", "username", "action", "outcome", "target_kind", "target_id"):
        if (value := getattr(params, name)) is not None:
            rows = rows.where(getattr(AuditEntry, name) == value)
    return rows


async def find(doors: Doors, caller: Caller, params: EntryListParams) -> str:
    """Write the JSON of a page of entries, by chain and number; `NotFound` for one out of sight."""
    rows = _filtered(caller, params)
    key = AuditEntry.district_code.expression, AuditEntry.number.expression
    down = params.sort.startswith("-")
    if params.after is not None:
        code, number = unseal(params.after, OF, params.sort)
        mark = tuple_(literal(code, String()), literal(int(number), BigInteger()))
        rows = rows.where(tuple_(*key) < mark if down else tuple_(*key) > mark)
    rows = rows.order_by(*(part.desc() if down else part for part in key))
    listed = json_rows(rows.limit(params.limit + 1), "district_code", "number")
    ends = listed.selected_columns[1:]
    listed = listed.order_by(*(part.desc() if down else part for part in ends))
    found = (await doors.reading(codes(caller)).execute(listed)).all()
    return page_json(found, params.limit, OF, params.sort)


async def show(doors: Doors, caller: Caller, district_code: str, number: int) -> str:
    """Write one entry's JSON, or raise `NotFound`."""
    row = visible(caller).where(
        AuditEntry.district_code == _in_sight(caller, district_code), AuditEntry.number == number
    )
    found: str | None = await doors.reading(codes(caller)).scalar(json_rows(row))
    if found is None:
        raise NotFound
    return found


async def heads(doors: Doors, caller: Caller) -> list[dict[str, Any]]:
    """List the heads of the chains that the caller may read."""
    found = await heads_of(doors.reading(codes(caller)), codes(caller))
    return [head_json(head) for head in found]


def head_json(head: Head) -> dict[str, Any]:
    """Write a head so that it can be kept elsewhere."""
    return {
        "district_code": head.district_code,
        "number": head.number,
        "hash": head.hash.hex(),
        "signature": head.signature.hex(),
    }


# ── For the operator, whose rights nobody asks


async def heads_of(on: Reader, chains: Collection[str]) -> list[Head]:
    """Read the heads of `chains`."""
    rows = select(AuditHead.__table__).where(AuditHead.district_code.in_(sorted(chains)))
    found = await on.execute(rows.order_by(AuditHead.district_code))
    return [Head(r.district_code, r.number, r.hash, r.signature) for r in found]


async def districts(doors: Doors) -> list[str]:
    """Name every district that stands."""
    return list(
        (await doors.reading([]).execute(select(column("code")).select_from(_DISTRICT))).scalars()
    )


_DISTRICT, _ACCOUNT = table("district"), table("account")


async def begun(doors: Doors) -> Counter[str]:
    """Count how often the deployment's chain tells of the beginning of each other."""
    rows = select(AuditEntry.target_id).where(
        AuditEntry.district_code == DEPLOYMENT, AuditEntry.action == BEGUN
    )
    return Counter((await doors.reading([DEPLOYMENT]).execute(rows)).scalars())


async def chains(doors: Doors) -> list[str]:
    """Name every chain that there may be: no one sees the heads beyond the codes that they name."""
    known = union(
        select(column("code", String())).select_from(_DISTRICT),
        select(column("home_code", String())).select_from(_ACCOUNT),
    )
    named = set((await doors.reading([]).execute(known)).scalars())
    return sorted({DEPLOYMENT, *named, *logic.above(named), *await begun(doors)})


_JSON = {c.key for c in AuditEntry.__table__.c if isinstance(c.type, JSONB)}
_RAW = [
    cast(c, Text).label(c.key) if c.key in {*_JSON, "at", "account_id"} else c
    for c in AuditEntry.__table__.c
]
"""Text where a value that was tampered with could not be read otherwise."""


async def entries_after(on: Reader, code: str, number: int | None, limit: int) -> Sequence[AnyRow]:
    """Read the next entries of a chain as they stand, for the check of their hashes."""
    rows = select(*_RAW).where(AuditEntry.district_code == code)
    if number is not None:
        rows = rows.where(AuditEntry.number > number)
    return (await on.execute(rows.order_by(AuditEntry.number).limit(limit))).all()


def hashed(raw: AnyRow) -> dict[str, Any] | None:
    """Read an entry as it was hashed; None where it holds what was never written."""
    entry = dict(zip((*HASHED, "hash"), raw, strict=True))
    try:
        entry["at"] = datetime.fromisoformat(entry["at"])
        for name in _JSON:
            if entry[name] == "null":  # JSON's null, where nothing at all was written
                return None
            entry[name] = entry[name] and json.loads(entry[name])
    except ValueError:
        return None
    return entry


async def newest(on: Reader, code: str | None, limit: int) -> Sequence[AnyRow]:
    """List the newest entries of one chain, or of all that `on` shows."""
    rows = select(*_RAW).order_by(AuditEntry.at.desc(), AuditEntry.number.desc()).limit(limit)
    if code is not None:
        rows = rows.where(AuditEntry.district_code == code)
    return (await on.execute(rows)).all()
