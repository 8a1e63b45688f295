"""Taking back what was written, row by row, while nothing later touches it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.admissions.models import Admission
from app.core.db import Base
from app.cycles.models import ElectionCycle, ElectionStep
from app.journals import service as journals
from app.members.models import Member, Membership
from app.members.types import COUNTED, MemberCategory
from app.organizations.models import Organization, OrganizationState
from app.organizations.types import OrganizationKind, Sector
from app.simulations import logic, queries
from app.simulations import service as writing
from app.simulations.errors import ChangedLater
from app.simulations.types import Heads, Journal, Node, Person, Tree
from app.transfers.models import Transfer

State = OrganizationState
_IGNORED = {"recorded_at", "version"}
"""What a later reading or counting changes of a row, and what taking it back leaves."""
_ORDER: tuple[type[Base], ...] = (
    Transfer,
    Admission,
    ElectionStep,
    ElectionCycle,
    Membership,
    State,
    Organization,
)
"""Rows are deleted in this order and inserted in the other; organisations are deleted last."""


async def take_back(session: AsyncSession, district_code: str, journal: Journal) -> None:
    """Restore every row as it was; who asks has locked the district's tree.

    Raises `ChangedLater`, naming what touches them since.
    """
    of = {t.__tablename__: [e for e in journal if e["table"] == t.__tablename__] for t in _ORDER}
    states, memberships = of["organization_state"], of["membership"]
    await journals.lock_transfers(session, district_code, [UUID(e["id"]) for e in of["transfer"]])
    places = {UUID(_either(e)["organization_id"]) for e in states}
    await journals.lock(session, Organization, district_code, places)
    admissions = {UUID(e["id"]) for e in of["admission"]}
    await journals.lock(session, Admission, district_code, admissions)
    members = {UUID(_either(e)["member_id"]) for e in memberships}
    await journals.lock(session, Member, district_code, members)
    later = []
    for table in _ORDER:
        later += await _changed_since(session, district_code, table, of[table.__tablename__])
    later += await _newcomers(session, district_code, of["organization"], memberships)
    writing.refuse_later(later)
    now = await queries.standing(session, district_code)
    known = set(logic.faults(now))
    earlier = _earlier(now, states, memberships)
    again = (e["before"] for e in memberships)
    back = {UUID(row["organization_id"]) for row in again if row and row["valid_to"] is None}
    gone = sorted(back - earlier.keys())
    writing.refuse_later([{"kind": "organization", "id": str(i)} for i in gone])
    wrong = [f for f in logic.faults(earlier) if f not in known]
    writing.refuse_later(
        [{"kind": "organization", "id": str(f.organization_id), "fault": f.what} for f in wrong]
    )
    try:
        for table in _ORDER[:-1]:
            await _delete(session, district_code, table, of[table.__tablename__])
        for table in reversed(_ORDER):
            await _restore(session, table, of[table.__tablename__])
        # what was founded goes last: rows that were changed in place refer to it until now
        await _delete(session, district_code, Organization, of["organization"])
    except IntegrityError as error:
        raise ChangedLater(
            "已有其他记录引用新成立的党组织或其名称",
            "other records refer to what was founded",
            later=[],
        ) from error


def _either(entry: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = entry["after"] or entry["before"]
    return found


async def _changed_since(
    session: AsyncSession, code: str, table: type[Base], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    left = {e["id"]: e["after"] for e in entries if e["after"] is not None}
    row: Any = table
    rows = select(row.id, journals.whole(table)).where(
        row.district_code == code, row.id.in_([UUID(i) for i in left])
    )
    now = {str(i): json for i, json in await session.execute(rows)}
    later = []
    for row_id, after in left.items():
        found = now.get(row_id)
        if found is None or any(found[k] != v for k, v in after.items() if k not in _IGNORED):
            is_member = "member_id" in after
            subject = after.get("member_id") or after.get("organization_id") or row_id
            on = (found or after).get("valid_to") or (found or after).get("recorded_at", "")[:10]
            kind = "member" if is_member else "organization"
            if table is Admission:
                kind, subject, on = "admission", row_id, (found or after)["last_on"]
            later.append({"kind": kind, "id": subject, "on": on})
    return later


async def _newcomers(
    session: AsyncSession,
    code: str,
    founded: Sequence[Mapping[str, Any]],
    memberships: Sequence[Mapping[str, Any]],
) -> list[dict[str, str]]:
    """Name the members who came to what was founded since."""
    if not founded:
        return []
    rows = select(Membership.member_id, Membership.valid_from).where(
        Membership.district_code == code,
        Membership.organization_id.in_([UUID(e["id"]) for e in founded]),
        Membership.id.not_in([UUID(e["id"]) for e in memberships]),
    )
    listed = await session.execute(rows)
    return [{"kind": "member", "id": str(m), "on": str(day)} for m, day in listed]


def _earlier(
    now: Tree, states: Sequence[Mapping[str, Any]], memberships: Sequence[Mapping[str, Any]]
) -> Tree:
    """Work out the tree as it would stand after taking everything back."""
    nodes = dict(now)
    for entry in states:
        if entry["before"] is None:
            nodes.pop(UUID(entry["after"]["organization_id"]), None)
    for entry in states:
        if (row := entry["before"]) is not None and row["valid_to"] is None:
            node = _node(row, now)
            nodes[node.id] = node
    for entry in memberships:
        for row, sign in ((entry["after"], -1), (entry["before"], 1)):
            if row is not None and row["valid_to"] is None:
                place = UUID(row["organization_id"])
                head = Person(place, MemberCategory(row["category"]), row["status"] in COUNTED).head
                if place in nodes:
                    own = nodes[place].own
                    own = own + head if sign > 0 else own - head
                    nodes[place] = replace(nodes[place], own=own)
    return nodes


def _node(row: Mapping[str, Any], now: Tree) -> Node:
    place = UUID(row["organization_id"])
    return Node(
        place,
        row["parent_id"] and UUID(row["parent_id"]),
        int(row["path"].split(".")[-2]),
        row["path"],
        row["name"],
        OrganizationKind(row["kind"]),
        row["sector"] and Sector(row["sector"]),
        own=now[place].own if place in now else Heads(),
    )


async def _delete(
    session: AsyncSession, code: str, table: type[Base], entries: Sequence[Mapping[str, Any]]
) -> None:
    row: Any = table
    ids = [UUID(e["id"]) for e in entries if e["before"] is None]
    if ids:
        gone = delete(table).where(row.district_code == code, row.id.in_(ids))
        await session.execute(gone.execution_options(synchronize_session=False))


async def _restore(
    session: AsyncSession, table: type[Base], entries: Sequence[Mapping[str, Any]]
) -> None:
    name = table.__tablename__
    columns = [c.name for c in table.__table__.c if c.name not in {"valid", "version"}]
    columns = list(journals.KEPT.get(table, columns))
    # the names of tables and columns are the code's own
    old = f"(SELECT * FROM jsonb_populate_recordset(NULL::{name}, :rows)) r"  # noqa: S608
    listed, given = ", ".join(columns), ", ".join(f"r.{c}" for c in columns)
    changed = [e["before"] for e in entries if e["before"] and e["after"]]
    await journals.run(
        session,
        f"UPDATE {name} t SET ({listed}) = ROW({given}) FROM {old}"  # noqa: S608
        " WHERE t.district_code = r.district_code AND t.id = r.id",
        changed,
    )
    gone = [e["before"] for e in entries if e["before"] and not e["after"]]
    again = f"INSERT INTO {name} ({listed}) SELECT {given} FROM {old}"  # noqa: S608
    await journals.run(session, again, gone)
