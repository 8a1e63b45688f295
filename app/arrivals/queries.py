"""Reading where members belonged. What is read starts from `members.queries.visible`."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.caller import Caller
from app.core.db import Executor
from app.members import queries as members
from app.members.models import Membership
from app.organizations.models import OrganizationState
from app.organizations.queries import AnySelect, stood_as
from app.transfers.models import Transfer


def belonged(district_code: str, member_id: UUID) -> AnySelect:
    """Select where a member belonged in one district, oldest first, with the names of the time."""
    named = stood_as(Membership.district_code, Membership.organization_id, Membership.valid_from)
    return (
        select(
            Membership.district_code,
            OrganizationState.name.label("organization_name"),
            Membership.category,
            Membership.status,
            Membership.valid_from,
            Membership.valid_to,
        )
        .outerjoin(OrganizationState, named)
        .where(Membership.district_code == district_code, Membership.member_id == member_id)
        .order_by(Membership.valid_from)
    )


def brought(district_code: str, member_id: UUID) -> AnySelect:
    """Select what came along with a member from other districts, the newest first."""
    return (
        select(Transfer.history)
        .where(
            Transfer.district_code == district_code,
            Transfer.member_id == member_id,
            Transfer.history.is_not(None),
        )
        .order_by(Transfer.ended_on.desc(), Transfer.id.desc())
        .limit(1)
    )


async def past(on: Executor, district_code: str, member_id: UUID) -> list[dict[str, Any]]:
    """List where a member belonged, in this district and in those before, oldest first."""
    here = [dict(r) for r in (await on.execute(belonged(district_code, member_id))).mappings()]
    before = await on.scalar(brought(district_code, member_id)) or []
    away = (row for row in before if row["district_code"] != district_code)  # who came back
    return sorted([*away, *map(_dated, here)], key=lambda row: row["valid_from"])


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """Write the days as JSON does."""
    return row | {
        name: None if row[name] is None else row[name].isoformat()
        for name in ("valid_from", "valid_to")
    }


async def memberships(on: Executor, caller: Caller, member_id: UUID) -> list[dict[str, Any]]:
    """List where a member whom the caller sees belonged, or raise `NotFound`."""
    seen = await members.get(on, caller, member_id)
    return await past(on, seen.district_code, member_id)
