"""Writing the villages' records: many rows a statement, under every constraint of the database."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_economy import logic
from app.economy.models import VillageContract, VillageEntry, VillageIncome, VillageProject
from app.organizations.models import OrganizationState as State
from app.organizations.types import Sector


async def fill(session: AsyncSession, district_code: str, clerk: UUID, department: UUID) -> None:
    """Write what the villages cleared and earned in 2019.

    `clerk` recorded it, `department` decided on the projects: two accounts, as the rules ask.
    """
    found = (
        select(State.organization_id, State.name)
        .where(
            State.district_code == district_code,
            State.sector == Sector.VILLAGE,
            on_day(State, logic.LAST_DAY),
        )
        .order_by(State.path)
    )
    villages = (await session.execute(found)).all()
    names = [logic.village_of(row.name) for row in villages]

    async def write(model: Any, rows: Sequence[logic.Row]) -> int:
        made = [
            {
                "district_code": district_code,
                "id": new_id(),
                "organization_id": villages[row["village"]].organization_id,
                "recorded_by": clerk,
            }
            | {name: value for name, value in row.items() if name != "village"}
            for row in rows
        ]
        await session.execute(insert(model), made)
        return len(made)

    projects = [
        row | {"decided_by": department if row["decided_on"] else None}
        for row in logic.projects(names)
    ]
    audit.record(
        session,
        district_code,
        contracts=await write(VillageContract, logic.contracts(len(names))),
        entries=await write(VillageEntry, logic.entries(names)),
        village_projects=await write(VillageProject, projects),
        incomes=await write(VillageIncome, logic.incomes(len(names))),
    )
