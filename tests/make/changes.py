"""Test data of changes: dated states made directly, where no service makes them yet."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.dated import change, on_day
from app.members.models import Membership
from app.organizations.models import OrganizationState


async def state_of(session: AsyncSession, of: UUID, day: date) -> OrganizationState:
    """Fetch the state of an organisation on a day."""
    rows = select(OrganizationState).where(
        OrganizationState.organization_id == of, on_day(OrganizationState, day)
    )
    return (await session.scalars(rows.execution_options(populate_existing=True))).one()


async def restate(session: AsyncSession, of: UUID, day: date, **values: Any) -> None:
    """Let an organisation be something else from a day on: another kind, another name."""
    await change(session, await state_of(session, of, day), day, {"decision": None} | values)


async def move(
    session: AsyncSession, of: UUID, parent: UUID, day: date, decision: str | None = None
) -> None:
    """Put an organisation, with all that is under it, under another one from a day on."""
    top, above = await state_of(session, of, day), await state_of(session, parent, day)
    old, new = top.path, f"{above.path}{top.path.split('.')[-2]}."
    rows = select(OrganizationState).where(
        OrganizationState.district_code == top.district_code,
        OrganizationState.path.startswith(old, autoescape=True),
        on_day(OrganizationState, day),
    )
    for state in (await session.scalars(rows)).all():
        values: dict[str, Any] = {"path": new + state.path[len(old) :]}
        if state.organization_id == of:
            values |= {"parent_id": parent, "decision": decision}
        await change(session, state, day, values)


async def transfer(session: AsyncSession, member: UUID, day: date, **values: Any) -> None:
    """Let a member belong elsewhere, or as something else, from a day on."""
    rows = select(Membership).where(Membership.member_id == member, on_day(Membership, day))
    found = (await session.scalars(rows.execution_options(populate_existing=True))).one()
    await change(session, found, day, values)
