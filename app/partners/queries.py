"""Reading units, agreements, coverages and problems, and the figures that they make."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    and_,
    false,
    select,
)
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.pages import Rows, fetch_one, filtered, page
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.partners.models import CoBuildingAgreement, PartnerUnit, UnitCoverage, UnitProblem
from app.partners.schemas import (
    CoBuildingAgreementListParams,
    PartnerUnitListParams,
    UnitCoverageListParams,
    UnitProblemListParams,
    WithinParams,
)

READ = Permission.PARTNERS_READ
Unit, Agreement, Coverage, Problem = PartnerUnit, CoBuildingAgreement, UnitCoverage, UnitProblem
Home = aliased(OrganizationState, name="home")
"""Whose a row is: of an agreement who signed it, of all else who looks after the unit."""
Covering = aliased(OrganizationState, name="covering")
AnyRows = Rows[Row[*tuple[Any, ...]]]


def of_unit(table: Any) -> Any:
    """Join what is recorded of a unit to it."""
    return and_(Unit.district_code == table.district_code, Unit.id == table.unit_id)


def at_home(of: Any, day: date) -> Any:
    """Join what has an organisation to its state on `day`."""
    return stood_as(of.district_code, of.organization_id, day, Home)


def operates(day: date) -> Any:
    """Hold units to those that operate on `day`."""
    return and_(Unit.opened_on <= day, (Unit.closed_on > day).is_not(false()))


def visible_units(places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the units of the organisations that stood in `places` on `day`."""
    return (
        select(*Unit.__table__.c, Home.name.label("organization_name"), Home.path)
        .join(Home, at_home(Unit, day))
        .where(in_subtrees(places, Home))
    )


def visible_agreements(places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the agreements that organisations of `places` signed."""
    return (
        select(
            *Agreement.__table__.c,
            Unit.name.label("unit_name"),
            Home.name.label("organization_name"),
            Home.path,
        )
        .join(Unit, of_unit(Agreement))
        .join(Home, at_home(Agreement, day))
        .where(in_subtrees(places, Home))
    )


def _of_units(places: Sequence[Subtree], table: Any, day: date, *columns: Any) -> AnySelect:
    return (
        select(
            *table.__table__.c,
            Unit.name.label("unit_name"),
            Unit.organization_id,
            Home.name.label("organization_name"),
            Home.path,
            *columns,
        )
        .select_from(table)
        .join(Unit, of_unit(table))
        .join(Home, at_home(Unit, day))
        .where(in_subtrees(places, Home))
    )


def visible_coverages(places: Sequence[Subtree], day: date) -> AnySelect:
    """Select what covers the units of `places`: by which organisation, by which instructor."""
    names = Covering.name.label("covering_name"), Member.name.label("member_name")
    return (
        _of_units(places, Coverage, day, *names)
        .outerjoin(Covering, stood_as(Coverage.district_code, Coverage.covering_id, day, Covering))
        .outerjoin(
            Member,
            and_(Member.district_code == Coverage.district_code, Member.id == Coverage.member_id),
        )
    )


def visible_problems(places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the problems of the units of `places`."""
    return _of_units(places, Problem, day)


async def get_unit(on: Executor, caller: Caller, unit_id: UUID) -> AnyRow:
    """Fetch one unit, or raise `NotFound`."""
    rows = visible_units(caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(Unit.id == unit_id))


async def get_agreement(on: Executor, caller: Caller, agreement_id: UUID) -> AnyRow:
    """Fetch one agreement, or raise `NotFound`."""
    rows = visible_agreements(caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(Agreement.id == agreement_id))


async def get_coverage(on: Executor, caller: Caller, coverage_id: UUID) -> AnyRow:
    """Fetch one coverage, or raise `NotFound`."""
    rows = visible_coverages(caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(Coverage.id == coverage_id))


async def get_problem(on: Executor, caller: Caller, problem_id: UUID) -> AnyRow:
    """Fetch one problem, or raise `NotFound`."""
    rows = visible_problems(caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(Problem.id == problem_id))


async def _find(
    on: Reader, params: WithinParams, rows: AnySelect, table: Any, *names: str
) -> AnyRows:
    """List a page of `rows`, held to the filters of `names` that are set."""
    rows = filtered(rows, params, {name: getattr(table, name) for name in names})
    sort: str = params.model_dump()["sort"]
    column = getattr(table, sort.removeprefix("-")).expression
    return await page(
        on,
        rows,
        {column.key: column},
        sort,
        params,
        of=table.__tablename__,
        tie=table.id.expression,
    )


async def find_units(on: Reader, caller: Caller, params: PartnerUnitListParams) -> AnyRows:
    """List a page of units, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    rows = visible_units(await organizations.asked(on, caller, params.within, day, READ), day)
    if params.as_of is not None:
        rows = rows.where(operates(params.as_of))
    return await _find(on, params, rows, Unit, "organization_id", "kind")


async def find_agreements(
    on: Reader, caller: Caller, params: CoBuildingAgreementListParams
) -> AnyRows:
    """List a page of agreements, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    rows = visible_agreements(await organizations.asked(on, caller, params.within, day, READ), day)
    if params.as_of is not None:
        rows = rows.where(on_day(Agreement, params.as_of))
    if params.ends_by is not None:
        rows = rows.where(Agreement.valid_to <= params.ends_by)
    return await _find(on, params, rows, Agreement, "unit_id", "organization_id")


async def find_coverages(on: Reader, caller: Caller, params: UnitCoverageListParams) -> AnyRows:
    """List a page of coverages, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    rows = visible_coverages(await organizations.asked(on, caller, params.within, day, READ), day)
    if params.as_of is not None:
        rows = rows.where(on_day(Coverage, params.as_of))
    return await _find(on, params, rows, Coverage, "unit_id", "member_id", "mode")


async def find_problems(on: Reader, caller: Caller, params: UnitProblemListParams) -> AnyRows:
    """List a page of problems, or raise `NotFound` for `within` out of sight."""
    day = clock.today()
    rows = visible_problems(await organizations.asked(on, caller, params.within, day, READ), day)
    return await _find(on, params, rows, Problem, "unit_id", "status")
