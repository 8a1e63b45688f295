"""Writing the overdue elections: many rows a statement, under every constraint of the database."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.caller import Subtree
from app.core.dated import on_day
from app.core.db import new_id
from app.cycles.logic import ELECTING, term_years
from app.cycles.models import CriticismNotice, ElectionCycle
from app.cycles.types import CycleStatus, ElectingBody
from app.demo_elections import logic
from app.elections import queries as elections
from app.members.queries import headcounts
from app.organizations.models import OrganizationState as State
from app.organizations.queries import ROOT_PATH
from app.organizations.types import OrganizationKind, Sector
from app.terms import queries as terms


async def fill(session: AsyncSession, district_code: str, clerk: UUID, department: UUID) -> None:
    """Open a cycle of each body whose term is over, and criticise it (通报批评).

    `clerk` opened the cycles, `department` issued the notices.
    """
    counts = headcounts(Subtree(district_code, ROOT_PATH), logic.LAST_DAY).c
    overdue = (
        select(
            State.organization_id,
            State.name,
            State.kind,
            State.sector,
            State.term_started_on,
            State.due_on,
            counts.full,
        )
        .join(counts.organization_id.table, counts.organization_id == State.organization_id)
        .where(
            State.district_code == district_code,
            State.kind.in_(sorted(ELECTING)),
            on_day(State, logic.LAST_DAY),
            State.due_on < logic.LAST_DAY,
        )
        .order_by(State.due_on, State.path)
    )
    cycles, notices = [], []
    for row in await session.execute(overdue):
        cycle = _cycle(row, district_code, clerk)
        cycles.append(cycle)
        issued_on, number = logic.notice_of(row.due_on)
        notices.append(
            {
                "district_code": district_code,
                "id": new_id(),
                "organization_id": row.organization_id,
                "cycle_id": cycle["id"],
                "number": number,
                "issued_on": issued_on,
                "recipients": [row.name, *logic.RECIPIENTS],
                "due_on": row.due_on,
                "account_id": department,
            }
        )
    await session.execute(insert(ElectionCycle), cycles)
    await session.execute(insert(CriticismNotice), notices)
    audit.record(session, district_code, cycles=len(cycles), notices=len(notices))


def _cycle(row: Any, district_code: str, clerk: UUID) -> dict[str, Any]:
    kind, sector = OrganizationKind(row.kind), Sector(row.sector) if row.sector else None
    return {
        "district_code": district_code,
        "id": new_id(),
        "organization_id": row.organization_id,
        "term_started_on": row.term_started_on,
        "due_on": row.due_on,
        "body": ElectingBody.MEMBER_MEETING,
        "seats": logic.seats(elections.pack(), kind, row.full),
        "secretary_seats": 1,
        "deputy_seats": 0,
        "is_scattered": False,
        "term_years": term_years(terms.pack(), kind, sector, logic.LAST_DAY),
        "status": CycleStatus.PLANNED,
        "opened_by": clerk,
    }
