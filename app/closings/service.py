"""Closing a period."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.closings import logic
from app.closings.errors import AlreadyClosed
from app.closings.models import FigureClosing
from app.closings.schemas import FigureClosingNew
from app.core import audit, clock, crypto
from app.core.audit import AuditHead
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import NotFound
from app.core.figures import Window
from app.figures import queries as figures
from app.organizations.queries import ROOT_PATH

RIGHT = Permission.REPORTS_CONFIGURE


async def close(session: AsyncSession, caller: Caller, new: FigureClosingNew) -> UUID:
    """Freeze and sign every figure of a district's period, whoever may read it, with its rows.

    Raises `NotFound`, `Forbidden`, `Invalid`, or `AlreadyClosed` the second time.
    """
    code = new.district_code
    if code not in {s.district_code for s in caller.subtrees(Permission.ORGANIZATIONS_READ)}:
        raise NotFound
    caller.require(RIGHT, at=Subtree(code, ROOT_PATH))
    logic.check_period(new.first_on, new.last_on, clock.today())
    # first the audit, then the rows: an edit between the two is told once too often, never missed
    head = select(AuditHead.number).where(AuditHead.district_code == code)
    entries = await session.scalar(head) or 0
    window = Window(new.last_on, new.first_on, new.last_on)
    asked = list(figures.REGISTRY.values())
    opened = await figures.opened(session, code, asked, window)
    values = {f.id: figures.values_of(f, opened[f.id]) for f in asked}
    row = {
        "district_code": code,
        "id": new_id(),
        "first_on": new.first_on,
        "last_on": new.last_on,
        "figures": {name: logic.told(found) for name, found in values.items()},
        "rows": logic.stored(opened),
        "entries": entries,
        "closed_by": caller.account_id,
        "closed_on": clock.today(),
        "created_at": clock.now(),
    }
    row["signature"] = crypto.keys().sign(logic.content(row))
    made = insert(FigureClosing).values(row).on_conflict_do_nothing().returning(FigureClosing.id)
    closing_id = await session.scalar(made)
    if closing_id is None:
        raise AlreadyClosed
    after = {"first_on": new.first_on, "last_on": new.last_on, "figures": len(values)}
    audit.record(session, code, ("figure_closing", closing_id), after=after)
    return closing_id
