"""Recording programmes and documents, correcting and ending them."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import AppError, Stale, wrong
from app.organizations import queries as organizations
from app.organizations.errors import NotStanding
from app.organizations.models import Organization
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationStatus
from app.programmes import logic, queries
from app.programmes.errors import DocumentRecorded, ProgrammeRecorded
from app.programmes.models import Document, Programme
from app.programmes.schemas import (
    DocumentEdit,
    DocumentNew,
    EndingNew,
    ProgrammeEdit,
    ProgrammeNew,
    RepealNew,
)
from app.programmes.types import ProgrammeFamily

WRITE = Permission.PROGRAMMES_WRITE
Record = TypeVar("Record", Programme, Document)


async def _hold(session: AsyncSession, codes: Iterable[str], organization_id: UUID) -> None:
    """Lock an organisation: what could clash with its other records comes one after another."""
    await session.execute(
        select(Organization.id)
        .where(Organization.district_code.in_(sorted(codes)), Organization.id == organization_id)
        .with_for_update(key_share=True)
    )


async def _organization(session: AsyncSession, caller: Caller, organization_id: UUID) -> AnyRow:
    """Find a standing organisation for which the caller may write, and keep it standing.

    Raises `NotFound`, `Forbidden` or `NotStanding`.
    """
    codes = {s.district_code for s in caller.subtrees(Permission.ORGANIZATIONS_READ)}
    await _hold(session, codes, organization_id)
    found = await organizations.get(session, caller, organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return found


async def _check_link(
    session: AsyncSession, caller: Caller, district_code: str, field: str, value: UUID | None
) -> None:
    """Hold `plan_id` to a plan of the district in sight, and `programme_id` to a programme.

    Raises `NotFound` or `Invalid`.
    """
    if value is None:
        return
    found = await queries.get(session, caller, Programme, value)
    if found.district_code != district_code:
        raise wrong(field, "不属于同一区县", "it is another district's")
    if field == "plan_id" and found.family != ProgrammeFamily.PLAN:
        raise wrong(field, "该项目不是计划", "this programme is no plan")


async def _kept(session: AsyncSession, clash: type[AppError]) -> None:
    try:
        await session.flush()
    except IntegrityError as error:  # the keys of what is recorded once are all that can clash
        raise clash from error


async def _add(session: AsyncSession, row: Record, clash: type[AppError]) -> UUID:
    session.add(row)
    await _kept(session, clash)
    target = row.__tablename__, row.id
    audit.record(session, row.district_code, target, after=audit.columns(row))
    return row.id


async def record_programme(session: AsyncSession, caller: Caller, new: ProgrammeNew) -> UUID:
    """Record a programme (登记工作项目).

    Raises what `_organization` and `_check_link` raise, and `ProgrammeRecorded`.
    """
    found = await _organization(session, caller, new.organization_id)
    logic.check_family(
        new.family, has_plan=new.plan_id is not None, has_end=new.ends_on is not None
    )
    logic.check_period(new.starts_on, new.ends_on)
    await _check_link(session, caller, found.district_code, "plan_id", new.plan_id)
    row = Programme(district_code=found.district_code, id=new_id(), **new.model_dump())
    return await _add(session, row, ProgrammeRecorded)


async def record_document(session: AsyncSession, caller: Caller, new: DocumentNew) -> UUID:
    """Record a document (登记文件).

    Raises what `_organization` and `_check_link` raise, `NotAStreet` and `DocumentRecorded`.
    """
    found = await _organization(session, caller, new.organization_id)
    logic.check_street(new.kind, found.kind, found.sector)
    logic.check_issued(new.issued_on, clock.today())
    await _check_link(session, caller, found.district_code, "programme_id", new.programme_id)
    row = Document(district_code=found.district_code, id=new_id(), **new.model_dump())
    return await _add(session, row, DocumentRecorded)


async def _locked(
    session: AsyncSession, caller: Caller, table: type[Record], row_id: UUID
) -> Record:
    """Lock what the caller may write. Raises `NotFound` or `Forbidden`."""
    seen = await queries.get(session, caller, table, row_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    await _hold(session, [seen.district_code], seen.organization_id)
    locked = (
        select(table)
        .where(table.district_code == seen.district_code, table.id == row_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def _set(
    session: AsyncSession, row: Record, values: dict[str, Any], clash: type[AppError]
) -> None:
    target = row.__tablename__, row.id
    audit.record(session, row.district_code, target, **audit.changed(row, values))
    for column, value in values.items():
        setattr(row, column, value)
    row.version += 1
    await _kept(session, clash)


async def edit_programme(
    session: AsyncSession, caller: Caller, programme_id: UUID, version: int, changes: ProgrammeEdit
) -> None:
    """Correct a programme.

    Raises `NotFound`, `Forbidden`, `Stale`, `Invalid` or `ProgrammeRecorded`.
    """
    row = await _locked(session, caller, Programme, programme_id)
    if row.version != version:
        raise Stale
    values = changes.model_dump(exclude_unset=True)
    logic.check_set(values, {"plan_id"})
    has_plan = values.get("plan_id", row.plan_id) is not None
    logic.check_family(
        ProgrammeFamily(row.family), has_plan=has_plan, has_end=row.ends_on is not None
    )
    logic.check_period(values.get("starts_on", row.starts_on), row.ends_on)
    await _check_link(session, caller, row.district_code, "plan_id", values.get("plan_id"))
    await _set(session, row, values, ProgrammeRecorded)


async def end_programme(
    session: AsyncSession, caller: Caller, programme_id: UUID, new: EndingNew
) -> None:
    """Set the last day of a programme that is not over (结束工作项目).

    Raises `NotFound`, `Forbidden`, `ProgrammeOver`, `Invalid` or `ProgrammeRecorded`.
    """
    row = await _locked(session, caller, Programme, programme_id)
    logic.check_running(row.ends_on, clock.today())
    logic.check_period(row.starts_on, new.ends_on)
    await _set(session, row, new.model_dump(), ProgrammeRecorded)


async def edit_document(
    session: AsyncSession, caller: Caller, document_id: UUID, version: int, changes: DocumentEdit
) -> None:
    """Correct a document.

    Raises `NotFound`, `Forbidden`, `Stale`, `Invalid` or `DocumentRecorded`.
    """
    row = await _locked(session, caller, Document, document_id)
    if row.version != version:
        raise Stale
    values = changes.model_dump(exclude_unset=True)
    logic.check_set(values, {"number", "programme_id", "url"})
    issued_on = values.get("issued_on", row.issued_on)
    logic.check_issued(issued_on, clock.today())
    if row.repealed_on is not None:
        logic.check_repeal(None, issued_on, row.repealed_on)
    linked = values.get("programme_id")
    await _check_link(session, caller, row.district_code, "programme_id", linked)
    await _set(session, row, values, DocumentRecorded)


async def repeal_document(
    session: AsyncSession, caller: Caller, document_id: UUID, new: RepealNew
) -> None:
    """Say from when a document no longer holds (废止文件).

    Raises `NotFound`, `Forbidden`, `DocumentRepealed` or `Invalid`.
    """
    row = await _locked(session, caller, Document, document_id)
    logic.check_repeal(row.repealed_on, row.issued_on, new.repealed_on)
    await _set(session, row, new.model_dump(), DocumentRecorded)
