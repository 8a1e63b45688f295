"""Requesting transfers, releasing, accepting and ending them."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Permission
from app.core.dated import on_day
from app.members.models import Membership
from app.transfers import logic, queries
from app.transfers.models import Transfer
from app.transfers.types import TransferStatus

WRITE = Permission.MEMBERS_WRITE


# ── For a restructuring


async def redirect(
    session: AsyncSession,
    district_code: str,
    from_organization_id: UUID,
    to_organization_id: UUID,
    *,
    only: Collection[UUID] | None = None,
) -> list[UUID]:
    """Lead the pending transfers of one organisation on to another; give the ids of those changed.

    Call it once the members were moved: what leaves follows its member, what arrives goes to
    `to_organization_id`. A transfer between the two has come to its end: it lapses. `only` narrows
    it, so that a reversal redirects what was redirected. The caller has checked the right and
    records the audit.
    """
    today = clock.today()
    rows = select(Transfer).where(
        Transfer.district_code == district_code,
        queries.is_pending(today),
        or_(
            Transfer.from_organization_id == from_organization_id,
            Transfer.to_organization_id == from_organization_id,
        ),
    )
    if only is not None:
        rows = rows.where(Transfer.id.in_(sorted(only)))
    found = (await session.scalars(rows.order_by(Transfer.id).with_for_update())).all()
    name = await session.scalar(
        queries.standing(district_code, to_organization_id, today).with_only_columns(queries.NAME)
    )
    if not found or name is None:
        return []
    moved = set(
        await session.scalars(
            select(Membership.member_id).where(
                Membership.district_code == district_code,
                Membership.organization_id == to_organization_id,
                Membership.member_id.in_([t.member_id for t in found if t.member_id]),
                on_day(Membership, today),
            )
        )
    )
    changed = []
    for transfer in found:
        values: dict[str, Any] = {}
        if transfer.to_organization_id == from_organization_id:
            values |= {"to_organization_id": to_organization_id, "to_organization_name": name}
        if transfer.from_organization_id == from_organization_id and transfer.member_id in moved:
            values |= {"from_organization_id": to_organization_id, "from_organization_name": name}
        if not values:
            continue
        ends = {n: values.get(n, getattr(transfer, n)) for n in _SIDES}
        if len(set(ends.values())) == 1:
            values = {
                "status": TransferStatus.LAPSED,
                "ended_on": today,
                "end_reason": logic.MERGED,
            }
        _set(transfer, values)
        changed.append(transfer.id)
    await session.flush()
    return changed


_SIDES = ("from_organization_id", "to_organization_id")


def _set(transfer: Transfer, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(transfer, name, value)
    transfer.version += 1
