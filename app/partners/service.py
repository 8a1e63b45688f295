"""Recording units, agreements, coverages and problems, and what becomes of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Invalid, Stale
from app.core.schemas import Schema
from app.members import queries as members
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationStatus
from app.partners import logic, queries
from app.partners.errors import AlreadyCovered, CannotInstruct, UnitClosed
from app.partners.models import CoBuildingAgreement, PartnerUnit, UnitCoverage, UnitProblem
from app.partners.schemas import (
    CoBuildingAgreementEdit,
    CoBuildingAgreementNew,
    PartnerUnitEdit,
    PartnerUnitNew,
    UnitCoverageEdit,
    UnitCoverageNew,
    UnitProblemNew,
)
from app.partners.types import ProblemStatus, UnitKind

WRITE = Permission.PARTNERS_WRITE
NULLABLE = frozenset({"address", "closed_on", "valid_to"})
Thing = PartnerUnit | CoBuildingAgreement | UnitCoverage | UnitProblem


def _require(caller: Caller, seen: AnyRow) -> None:
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))


async def _standing(session: AsyncSession, caller: Caller, organization_id: UUID) -> AnyRow:
    """Find a standing organisation in sight, and keep it so.

    Raises `NotFound` or `NotStanding`.
    """
    await tree.hold(session, caller, organization_id)
    found = await organizations.get(session, caller, organization_id)
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return found


async def _writable(session: AsyncSession, caller: Caller, organization_id: UUID) -> AnyRow:
    """Find a standing organisation for which the caller may write, and keep it so.

    Raises `NotFound`, `Forbidden` or `NotStanding`.
    """
    await tree.hold(session, caller, organization_id)
    found = await organizations.get(session, caller, organization_id)
    _require(caller, found)
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return found


def _same_district(seen: AnyRow, other: AnyRow) -> None:
    if seen.district_code != other.district_code:
        raise Invalid("不属于同一区县", "it belongs to another district")


async def _add(
    session: AsyncSession, code: str, table: type[Thing], values: dict[str, Any]
) -> UUID:
    made = new_id()
    session.add(table(district_code=code, id=made, **values))
    await session.flush()
    audit.record(session, code, (table.__tablename__, made), after=values)
    return made


async def _locked(session: AsyncSession, table: type[Thing], code: str, row_id: UUID) -> Any:
    """Lock a row, which is never deleted."""
    rows = select(table).where(table.district_code == code, table.id == row_id).with_for_update()
    found = await session.execute(rows.execution_options(populate_existing=True))
    return found.scalar_one()


async def _edit(
    session: AsyncSession, table: type[Thing], seen: AnyRow, version: int, changes: Schema
) -> Any:
    """Change a row that is still at `version`. Raises `Stale` or `Invalid`."""
    row: Any = await session.scalar(
        update(table)
        .where(
            table.district_code == seen.district_code,
            table.id == seen.id,
            table.version == version,
        )
        .values(version=version + 1)
        .returning(table)
    )
    if row is None:
        raise Stale
    values = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name not in NULLABLE:
            raise Invalid(f"{name} 不能为空", f"{name} cannot be null")
    target = table.__tablename__, row.id
    audit.record(session, row.district_code, target, **audit.changed(row, values))
    for name, value in values.items():
        setattr(row, name, value)
    first, end = ("opened_on", "closed_on") if table is PartnerUnit else ("valid_from", "valid_to")
    logic.check_days(getattr(row, first), getattr(row, end))
    return row


# ── Units


async def record_unit(session: AsyncSession, caller: Caller, new: PartnerUnitNew) -> UUID:
    """Record a unit (登记单位).

    Raises `NotFound`, `Forbidden`, `NotStanding` or `Invalid`.
    """
    found = await _writable(session, caller, new.organization_id)
    logic.check_days(new.opened_on, new.closed_on)
    return await _add(session, found.district_code, PartnerUnit, new.model_dump())


async def edit_unit(
    session: AsyncSession, caller: Caller, unit_id: UUID, version: int, changes: PartnerUnitEdit
) -> None:
    """Change a unit, or say from when on it is closed.

    Raises `NotFound`, `Forbidden`, `Stale` or `Invalid`.
    """
    seen = await queries.get_unit(session, caller, unit_id)
    _require(caller, seen)
    await _edit(session, PartnerUnit, seen, version, changes)
    await session.flush()


async def _new_sector(session: AsyncSession, caller: Caller, unit_id: UUID) -> AnyRow:
    """Find a 两新 unit for which the caller may write.

    Raises `NotFound`, `Forbidden` or `NotNewSector`.
    """
    unit = await queries.get_unit(session, caller, unit_id)
    _require(caller, unit)
    logic.check_new_sector(UnitKind(unit.kind))
    return unit


def _check_open(unit: AnyRow) -> None:
    if unit.closed_on is not None and unit.closed_on <= clock.today():
        raise UnitClosed


# ── Agreements


async def sign(session: AsyncSession, caller: Caller, new: CoBuildingAgreementNew) -> UUID:
    """Record an agreement (签订共建协议), for the organisation that signed it.

    Raises `NotFound`, `Forbidden`, `NotStanding`, `UnitClosed` or `Invalid`.
    """
    unit = await queries.get_unit(session, caller, new.unit_id)
    found = await _writable(session, caller, new.organization_id)
    _same_district(unit, found)
    _check_open(unit)
    logic.check_days(new.valid_from, new.valid_to)
    return await _add(session, unit.district_code, CoBuildingAgreement, new.model_dump())


async def edit_agreement(
    session: AsyncSession,
    caller: Caller,
    agreement_id: UUID,
    version: int,
    changes: CoBuildingAgreementEdit,
) -> None:
    """Change an agreement, or say from when on it holds no longer.

    Raises `NotFound`, `Forbidden`, `Stale` or `Invalid`.
    """
    seen = await queries.get_agreement(session, caller, agreement_id)
    _require(caller, seen)
    await _edit(session, CoBuildingAgreement, seen, version, changes)
    await session.flush()


# ── Coverage


async def _check_alone(session: AsyncSession, row: UnitCoverage | dict[str, Any]) -> None:
    """Raise `AlreadyCovered` where the same covers on one of the days; the unit is locked."""
    given = row if isinstance(row, dict) else {c.key: getattr(row, c.key) for c in row.__table__.c}
    same = ("district_code", "unit_id", "mode", "covering_id", "member_id")
    others = select(UnitCoverage.valid_from, UnitCoverage.valid_to).where(
        *(getattr(UnitCoverage, name).is_not_distinct_from(given[name]) for name in same),
        UnitCoverage.id != given["id"],
    )
    for other in await session.execute(others):
        if logic.overlap(given["valid_from"], given["valid_to"], *other):
            raise AlreadyCovered


async def cover(session: AsyncSession, caller: Caller, new: UnitCoverageNew) -> UUID:
    """Record what covers a 两新 unit (登记覆盖), or who instructs it (下派党建指导员).

    Raises `NotFound`, `Forbidden`, `NotNewSector`, `NotStanding`, `CannotInstruct`,
    `AlreadyCovered` or `Invalid`.
    """
    unit = await _new_sector(session, caller, new.unit_id)
    logic.check_by_whom(new.mode, new.covering_id, new.member_id)
    logic.check_days(new.valid_from, new.valid_to)
    if new.covering_id is not None:
        _same_district(unit, await _standing(session, caller, new.covering_id))
    if new.member_id is not None:
        member = await members.get(session, caller, new.member_id)
        _same_district(unit, member)
        if member.status not in COUNTED:
            raise CannotInstruct
    await _locked(session, PartnerUnit, unit.district_code, unit.id)
    values = new.model_dump()
    code = unit.district_code
    await _check_alone(session, values | {"district_code": code, "id": new_id()})
    return await _add(session, code, UnitCoverage, values)


async def edit_coverage(
    session: AsyncSession,
    caller: Caller,
    coverage_id: UUID,
    version: int,
    changes: UnitCoverageEdit,
) -> None:
    """Change from when and up to when something covers.

    Raises `NotFound`, `Forbidden`, `Stale`, `AlreadyCovered` or `Invalid`.
    """
    seen = await queries.get_coverage(session, caller, coverage_id)
    _require(caller, seen)
    await _locked(session, PartnerUnit, seen.district_code, seen.unit_id)
    with session.no_autoflush:
        row = await _edit(session, UnitCoverage, seen, version, changes)
        await _check_alone(session, row)
    await session.flush()


# ── Problems


async def report(session: AsyncSession, caller: Caller, new: UnitProblemNew) -> UUID:
    """Report a problem of a 两新 unit (反映问题).

    Raises `NotFound`, `Forbidden`, `NotNewSector` or `UnitClosed`.
    """
    unit = await _new_sector(session, caller, new.unit_id)
    _check_open(unit)
    values = new.model_dump() | {"status": ProblemStatus.OPEN, "reported_on": clock.today()}
    values["reported_by"] = caller.account_id
    return await _add(session, unit.district_code, UnitProblem, values)


async def _problem(
    session: AsyncSession, caller: Caller, problem_id: UUID, wanted: ProblemStatus
) -> UnitProblem:
    """Lock a problem in the state `wanted`, for whom may write there."""
    seen = await queries.get_problem(session, caller, problem_id)
    _require(caller, seen)
    row: UnitProblem = await _locked(session, UnitProblem, seen.district_code, problem_id)
    logic.check_state(ProblemStatus(row.status), wanted)
    return row


async def _step(session: AsyncSession, problem: UnitProblem, values: dict[str, Any]) -> None:
    target = UnitProblem.__tablename__, problem.id
    audit.record(session, problem.district_code, target, **audit.changed(problem, values))
    for name, value in values.items():
        setattr(problem, name, value)
    problem.version += 1
    await session.flush()


async def solve(session: AsyncSession, caller: Caller, problem_id: UUID, solution: str) -> None:
    """Say how a problem was solved (解决问题); it counts once the reporter confirms it.

    Raises `NotFound`, `Forbidden`, `ProblemOutOfOrder` or `OwnProblem`.
    """
    problem = await _problem(session, caller, problem_id, ProblemStatus.OPEN)
    logic.check_solver(caller.account_id, problem.reported_by)
    values = {"status": ProblemStatus.SOLVED, "solved_by": caller.account_id}
    values |= {"solved_on": clock.today(), "solution": solution}
    await _step(session, problem, values)


async def confirm(session: AsyncSession, caller: Caller, problem_id: UUID) -> None:
    """Confirm as the reporter that a problem is solved (反映人确认).

    Raises `NotFound`, `Forbidden`, `ProblemOutOfOrder` or `NotReporter`.
    """
    problem = await _problem(session, caller, problem_id, ProblemStatus.SOLVED)
    logic.check_reporter(caller.account_id, problem.reported_by)
    values = {"status": ProblemStatus.CONFIRMED, "confirmed_by": caller.account_id}
    await _step(session, problem, values | {"confirmed_on": clock.today()})


async def send_back(session: AsyncSession, caller: Caller, problem_id: UUID, reason: str) -> None:
    """Say as the reporter that a problem is not solved (反映人退回): it is open again.

    Raises `NotFound`, `Forbidden`, `ProblemOutOfOrder` or `NotReporter`.
    """
    problem = await _problem(session, caller, problem_id, ProblemStatus.SOLVED)
    logic.check_reporter(caller.account_id, problem.reported_by)
    values: dict[str, Any] = dict.fromkeys(("solved_by", "solved_on", "solution"))
    await _step(session, problem, values | {"status": ProblemStatus.OPEN, "reason": reason})
