"""The rows that an application writes: locked in one order, read before and after."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Text,
    bindparam,
    cast,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.admissions.models import Admission
from app.core.db import Base, among
from app.cycles.models import ElectionCycle, ElectionStep
from app.members.models import Member, Membership
from app.organizations.models import Organization, OrganizationState
from app.transfers.models import Transfer

State = OrganizationState
Snapshot = Mapping[tuple[str, str], str]
"""Rows as JSON, by table and id."""
KEPT: dict[type[Base], tuple[str, ...]] = {
    Admission: (
        *("id", "district_code", "organization_id", "member_id"),
        *("status", "step", "is_pending", "last_on"),
    )
}
"""Of these, no more is kept: not what is personal, nor what is encrypted anew later."""


async def lock(
    session: AsyncSession,
    table: type[Organization | Member | Admission],
    code: str,
    ids: Collection[UUID],
) -> dict[UUID, int]:
    """Lock organisations, admissions or members, in the order of their ids; raise their versions.

    First comes the district's tree (`take_labels`), then transfers, organisations and admissions,
    members last. Gives the versions that they had.
    """
    if not ids:
        return {}
    # a new membership's foreign key may still look at the organisation: it waits for nobody
    these = table.district_code == code, table.id.in_(sorted(ids))
    locked = await session.execute(
        select(table.id, table.version)
        .where(*these)
        .order_by(table.id)
        .with_for_update(key_share=True)
    )
    versions: dict[UUID, int] = {row[0]: row[1] for row in locked}
    await session.execute(
        update(table)
        .where(*these)
        .values(version=table.version + 1)
        .execution_options(synchronize_session=False)
    )
    return versions


async def lock_transfers(session: AsyncSession, code: str, ids: Collection[UUID]) -> None:
    """Lock transfers, in the order of their ids."""
    rows = select(Transfer.id).where(Transfer.district_code == code, Transfer.id.in_(sorted(ids)))
    await session.execute(rows.order_by(Transfer.id).with_for_update())


async def run(
    session: AsyncSession, statement: str, rows: Sequence[Mapping[str, Any]], **values: Any
) -> None:
    """Run a statement over rows that PostgreSQL reads out of one JSON."""
    if rows:
        given = text(statement).bindparams(bindparam("rows", rows, JSONB))
        await session.execute(given, values)


def whole(table: type[Base]) -> Any:
    """Write a row as JSON, but for what PostgreSQL computes."""
    if table in KEPT:
        pairs = ", ".join(f"'{name}', {name}" for name in KEPT[table])
        return literal_column(f"jsonb_build_object({pairs})", JSONB)
    return literal_column(f"(to_jsonb({table.__tablename__}) - 'valid')", JSONB)


async def snapshot(
    session: AsyncSession,
    code: str,
    day: date,
    *,
    organizations: Collection[UUID],
    founded: Collection[UUID],
    members: Collection[UUID],
    elections: Collection[UUID],
    transfers: Collection[UUID],
    admissions: Collection[UUID],
) -> Snapshot:
    """Read every row of these that can change from `day` on; `elections` names organisations."""
    cycles = select(ElectionCycle.id).where(
        ElectionCycle.district_code == code, ElectionCycle.organization_id.in_(sorted(elections))
    )
    these: dict[type[Base], tuple[Collection[UUID], Any]] = {
        Transfer: (transfers, among(Transfer.id, transfers)),
        Admission: (admissions, among(Admission.id, admissions)),
        Organization: (founded, among(Organization.id, founded)),
        State: (organizations, among(State.organization_id, organizations) & _lasts(State, day)),
        Membership: (members, among(Membership.member_id, members) & _lasts(Membership, day)),
        ElectionCycle: (elections, ElectionCycle.id.in_(cycles)),
        ElectionStep: (elections, ElectionStep.cycle_id.in_(cycles)),
    }
    found = {}
    for table, (ids, wanted) in these.items():
        if not ids:
            continue
        row: Any = table
        rows = select(row.id, cast(whole(table), Text)).where(row.district_code == code, wanted)
        for row_id, json in await session.execute(rows):
            found[table.__tablename__, str(row_id)] = json
    return found


def _lasts(dated: Any, day: date) -> Any:
    return or_(dated.valid_to.is_(None), dated.valid_to >= day)


def journal(kept: Snapshot, left: Snapshot) -> str:
    """Write the rows that differ as the JSON of a `Journal`; thousands are not read for it."""
    entries = (
        f'{{"table": "{table}", "id": "{row_id}", "before": {old or "null"},'
        f' "after": {new or "null"}}}'
        for table, row_id in sorted({*kept, *left})
        if (old := kept.get((table, row_id))) != (new := left.get((table, row_id)))
    )
    return f"[{', '.join(entries)}]"
