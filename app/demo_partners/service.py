"""Writing the units: many rows a statement, under every constraint of the database."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_partners import logic
from app.demo_partners.logic import Body, Problem, Unit
from app.members.models import Member, Membership
from app.members.types import COUNTED
from app.organizations.models import OrganizationState as State
from app.organizations.types import Sector
from app.partners.models import CoBuildingAgreement, PartnerUnit, UnitCoverage, UnitProblem
from app.partners.types import ProblemStatus

_SENDERS = (Sector.AGENCY, Sector.PUBLIC_INSTITUTION)
"""Whose members are sent as instructors."""
_OLDEST_BORN = logic.LAST_DAY.replace(year=logic.LAST_DAY.year - 58)


async def fill(session: AsyncSession, district_code: str, clerk: UUID, department: UUID) -> None:
    """Write the units of the district, their agreements, coverage and problems.

    `clerk` reported the problems and confirmed what `department` solved: two accounts.
    """
    code = district_code
    bodies = await _bodies(session, code)
    units, coverages = logic.new_sector(bodies)
    coverages += logic.instructors(units, await _senders(session, code))
    residents, agreements = logic.resident(bodies)
    ids, resident_ids = _ids(units), _ids(residents)
    for drawn, made in ((units, ids), (residents, resident_ids)):
        rows = [unit._asdict() | {"id": i} for unit, i in zip(drawn, made, strict=True)]
        await _write(session, PartnerUnit, code, rows)
    await _write(session, UnitCoverage, code, [_of(c, ids) for c in coverages])
    await _write(session, CoBuildingAgreement, code, [_of(a, resident_ids) for a in agreements])
    problems = [_of(p, ids) | _steps(p, clerk, department) for p in logic.problems()]
    await _write(session, UnitProblem, code, problems)
    audit.record(
        session,
        code,
        units=len(units) + len(residents),
        coverages=len(coverages),
        agreements=len(agreements),
        problems=len(problems),
    )


def _ids(units: Sequence[Unit]) -> list[UUID]:
    return [new_id() for _ in units]


def _of(row: Any, ids: Sequence[UUID]) -> dict[str, Any]:
    """Write a drawn row with the id of its unit."""
    values: dict[str, Any] = row._asdict()
    unit = values.pop("unit")
    return values | {"id": new_id(), "unit_id": ids[unit]}


def _steps(problem: Problem, clerk: UUID, department: UUID) -> dict[str, Any]:
    status = ProblemStatus.OPEN
    if problem.solved_on is not None:
        status = ProblemStatus.SOLVED
    if problem.confirmed_on is not None:
        status = ProblemStatus.CONFIRMED
    return {
        "status": status,
        "reported_by": clerk,
        "solved_by": department if problem.solved_on else None,
        "confirmed_by": clerk if problem.confirmed_on else None,
    }


async def _write(
    session: AsyncSession, table: Any, code: str, rows: Sequence[dict[str, Any]]
) -> None:
    await session.execute(insert(table), [row | {"district_code": code} for row in rows])


async def _bodies(session: AsyncSession, code: str) -> list[Body]:
    rows = (
        select(State.organization_id, State.name, State.kind, State.sector)
        .where(State.district_code == code, on_day(State, logic.LAST_DAY))
        .order_by(State.path)
    )
    return [Body(r[0], r[1], r[2], r[3] or "") for r in await session.execute(rows)]


async def _senders(session: AsyncSession, code: str) -> list[UUID]:
    """List the members of organs and institutions who are young enough to be sent."""
    rows = (
        select(Member.id)
        .join(
            Membership,
            and_(
                Membership.district_code == Member.district_code,
                Membership.member_id == Member.id,
                on_day(Membership, logic.LAST_DAY),
            ),
        )
        .join(
            State,
            and_(
                State.district_code == Membership.district_code,
                State.organization_id == Membership.organization_id,
                on_day(State, logic.LAST_DAY),
            ),
        )
        .where(
            Member.district_code == code,
            Member.born_on > _OLDEST_BORN,
            Member.joined_on < logic.YEAR,
            Membership.status.in_(sorted(COUNTED)),
            State.sector.in_(_SENDERS),
        )
        .order_by(State.path, Member.name_key, Member.id_number_masked, Member.born_on)
    )
    return list(await session.scalars(rows))
