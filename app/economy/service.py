"""Recording what villages own and owe, correcting it, resolving contracts, deciding on projects."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import AppError, Invalid, Stale
from app.core.schemas import Schema
from app.economy import logic, queries
from app.economy.errors import ContractKnown, IncomeKnown, NotAVillage
from app.economy.models import Record, VillageContract, VillageEntry, VillageIncome, VillageProject
from app.economy.schemas import (
    ContractResolutionNew,
    ProjectApprovalNew,
    ProjectRejectionNew,
    VillageContractEdit,
    VillageContractNew,
    VillageEntryEdit,
    VillageEntryNew,
    VillageIncomeEdit,
    VillageIncomeNew,
    VillageProjectEdit,
    VillageProjectNew,
)
from app.economy.types import ContractFinding, VillageProjectStatus
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.logic import path_above
from app.organizations.types import OrganizationStatus, Sector

WRITE = Permission.ECONOMY_WRITE
R = TypeVar("R", VillageContract, VillageEntry, VillageProject, VillageIncome)


async def _record(
    session: AsyncSession,
    caller: Caller,
    model: type[Record],
    new: Any,
    known: type[AppError] | None = None,
    **more: Any,
) -> UUID:
    """Record something of a village; `known` is raised where its key is taken.

    Raises `NotFound`, `Forbidden`, `NotAVillage` or `NotStanding`.
    """
    await tree.hold(session, caller, new.organization_id)
    found = await organizations.get(session, caller, new.organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    if found.sector != Sector.VILLAGE:
        raise NotAVillage
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    values = new.model_dump() | more
    row = model(
        district_code=found.district_code, id=new_id(), recorded_by=caller.account_id, **values
    )
    session.add(row)
    await _flush(session, known)
    audit.record(session, row.district_code, (model.__tablename__, row.id), after=values)
    return row.id


async def _flush(session: AsyncSession, known: type[AppError] | None) -> None:
    try:
        await session.flush()
    except IntegrityError as error:  # of what a caller can say, only the key can be taken
        if known is None or getattr(error.orig, "sqlstate", "") != "23505":
            raise
        raise known from error


async def _lock(
    session: AsyncSession, caller: Caller, model: type[R], record_id: UUID, *, above: bool = False
) -> R:
    """Lock a record for its village, or for the unit `above` it.

    Raises `NotFound` or `Forbidden`.
    """
    seen = await queries.get(session, caller, model, record_id)
    path = path_above(seen.path) if above else seen.path
    caller.require(WRITE, at=Subtree(seen.district_code, path))
    locked = (
        select(model)
        .where(model.district_code == seen.district_code, model.id == record_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def _set(
    session: AsyncSession, row: Record, values: dict[str, Any], known: type[AppError] | None = None
) -> None:
    target = row.__tablename__, row.id
    audit.record(session, row.district_code, target, **audit.changed(row, values))
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    await _flush(session, known)


async def _edit(
    session: AsyncSession,
    caller: Caller,
    model: type[R],
    record_id: UUID,
    version: int,
    changes: Schema,
    check: Callable[[R], None],
    known: type[AppError] | None = None,
) -> None:
    """Change a record that `check` lets change.

    Raises `NotFound`, `Forbidden`, `Stale`, `Invalid`, or what `check` raises, or `known`.
    """
    row = await _lock(session, caller, model, record_id)
    if row.version != version:
        raise Stale
    values = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None:
            raise Invalid(f"{name} 不能为空", f"{name} cannot be null")
        if isinstance(value, date):
            logic.check_day(name, value, clock.today())
    check(row)
    await _set(session, row, values, known)


# ── Contracts


async def record_contract(session: AsyncSession, caller: Caller, new: VillageContractNew) -> UUID:
    """Record a contract that was reviewed (登记合同清查).

    Raises what `_record` raises, `Invalid` or `ContractKnown`.
    """
    logic.check_day("reviewed_on", new.reviewed_on, clock.today())
    return await _record(session, caller, VillageContract, new, ContractKnown)


async def edit_contract(
    session: AsyncSession,
    caller: Caller,
    contract_id: UUID,
    version: int,
    changes: VillageContractEdit,
) -> None:
    """Change a contract that is not resolved (修改合同清查).

    Raises what `_edit` raises, `ContractNotOpen` or `ContractKnown`.
    """

    def check(row: VillageContract) -> None:
        logic.check_unresolved(row.resolved_on)

    await _edit(
        session, caller, VillageContract, contract_id, version, changes, check, ContractKnown
    )


async def resolve_contract(
    session: AsyncSession, caller: Caller, contract_id: UUID, new: ContractResolutionNew
) -> None:
    """Say that an irregular contract was put right (清理违规合同).

    Raises `NotFound`, `Forbidden`, `ContractNotOpen` or `Invalid`.
    """
    row = await _lock(session, caller, VillageContract, contract_id)
    logic.check_open(ContractFinding(row.finding), row.resolved_on)
    logic.check_day("resolved_on", new.resolved_on, clock.today(), row.reviewed_on)
    await _set(session, row, new.model_dump())


# ── Land, debts and claims


async def record_entry(session: AsyncSession, caller: Caller, new: VillageEntryNew) -> UUID:
    """Record land or money got back, or debt settled (登记清收化债).

    Raises what `_record` raises, and `Invalid`.
    """
    logic.check_day("happened_on", new.happened_on, clock.today())
    return await _record(session, caller, VillageEntry, new)


async def edit_entry(
    session: AsyncSession, caller: Caller, entry_id: UUID, version: int, changes: VillageEntryEdit
) -> None:
    """Change an entry (修改清收化债). Raises what `_edit` raises."""
    await _edit(session, caller, VillageEntry, entry_id, version, changes, lambda _: None)


async def remove_entry(session: AsyncSession, caller: Caller, entry_id: UUID, version: int) -> None:
    """Remove an entry recorded by mistake; the audit keeps it (删除误登的清收化债).

    Raises `NotFound`, `Forbidden` or `Stale`.
    """
    row = await _lock(session, caller, VillageEntry, entry_id)
    if row.version != version:
        raise Stale
    target = "village_entry", row.id
    audit.record(session, row.district_code, target, before=audit.columns(row))
    await session.delete(row)
    await session.flush()


# ── Projects


async def record_project(session: AsyncSession, caller: Caller, new: VillageProjectNew) -> UUID:
    """Record an application for funds (申报扶持资金项目).

    Raises what `_record` raises, and `Invalid`.
    """
    logic.check_day("applied_on", new.applied_on, clock.today())
    status = VillageProjectStatus.APPLIED
    return await _record(session, caller, VillageProject, new, status=status)


async def edit_project(
    session: AsyncSession,
    caller: Caller,
    project_id: UUID,
    version: int,
    changes: VillageProjectEdit,
) -> None:
    """Change an application that was not decided on (修改扶持资金项目).

    Raises what `_edit` raises, or `ProjectDecided`.
    """

    def check(row: VillageProject) -> None:
        logic.check_applied(VillageProjectStatus(row.status))
        row.recorded_by = caller.account_id  # who said it last does not decide on it

    await _edit(session, caller, VillageProject, project_id, version, changes, check)


async def decide_project(
    session: AsyncSession,
    caller: Caller,
    project_id: UUID,
    status: VillageProjectStatus,
    new: ProjectApprovalNew | ProjectRejectionNew,
) -> None:
    """Approve or reject an application from above; not who recorded it (批复项目).

    Raises `NotFound`, `Forbidden`, `ProjectDecided`, `OwnProject` or `Invalid`.
    """
    row = await _lock(session, caller, VillageProject, project_id, above=True)
    logic.check_applied(VillageProjectStatus(row.status))
    logic.check_decider(row.recorded_by == caller.account_id)
    logic.check_day("decided_on", new.decided_on, clock.today(), row.applied_on)
    decision = {"status": status, "decided_by": caller.account_id}
    await _set(session, row, new.model_dump() | decision)


# ── Income


async def record_income(session: AsyncSession, caller: Caller, new: VillageIncomeNew) -> UUID:
    """Record a village's income of a year that has ended (登记村集体收入).

    Raises what `_record` raises, `Invalid` or `IncomeKnown`.
    """
    logic.check_year(new.year, clock.today())
    return await _record(session, caller, VillageIncome, new, IncomeKnown)


async def edit_income(
    session: AsyncSession, caller: Caller, income_id: UUID, version: int, changes: VillageIncomeEdit
) -> None:
    """Correct an income (更正村集体收入). Raises what `_edit` raises."""
    await _edit(session, caller, VillageIncome, income_id, version, changes, lambda _: None)
