"""Reading the tree. Every read starts from `visible`."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    and_,
    case,
    false,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.sql.elements import ColumnElement

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor
from app.core.errors import NotFound
from app.core.pages import Rows, page
from app.organizations import logic
from app.organizations.models import (
    District,
    Organization,
    OrganizationState,
    organization_state_history,
)
from app.organizations.schemas import OrganizationListParams
from app.organizations.types import OrganizationStatus

ROOT_LABEL = 1
ROOT_PATH = f"{ROOT_LABEL}."
State = OrganizationState
RECORDED = (
    "valid_from",
    "valid_to",
    "parent_id",
    "path",
    "name",
    "kind",
    "sector",
    "is_grid",
    "founded_on",
    "term_started_on",
    "due_on",
    "decision",
)
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


def in_subtrees(subtrees: list[Subtree], state: Any = State) -> ColumnElement[bool]:
    """Hold states to those in one of `subtrees`; each is one range of the path's index."""
    return or_(
        false(),
        *(
            and_(state.district_code == s.district_code, state.path >= s.path, state.path < s.end)
            for s in subtrees
        ),
    )


def visible(caller: Caller, day: date) -> AnySelect:
    """Select the organisations the caller may see, as they were on `day`."""
    return _shown(day).where(
        on_day(State, day), in_subtrees(caller.subtrees(Permission.ORGANIZATIONS_READ))
    )


def _shown(day: date) -> AnySelect:
    ended = and_(State.valid_to.is_not(None), State.valid_to <= day)
    status = case((ended, OrganizationStatus.DISSOLVED), else_=OrganizationStatus.ACTIVE)
    return select(
        State.organization_id.label("id"),
        State.district_code,
        State.parent_id,
        State.path,
        State.name,
        State.kind,
        State.sector,
        State.is_grid,
        State.founded_on,
        State.term_started_on,
        State.due_on,
        State.decision,
        State.valid_from,
        status.label("status"),
        Organization.version,
    ).join(
        Organization,
        and_(
            Organization.district_code == State.district_code,
            Organization.id == State.organization_id,
        ),
    )


async def get(
    on: Executor, caller: Caller, organization_id: UUID, day: date | None = None
) -> AnyRow:
    """Fetch one organisation as it was on `day`, or as it was at its end, or raise `NotFound`."""
    day = day or clock.today()
    rows = (
        _shown(day)
        .where(
            State.organization_id == organization_id,
            State.valid_from <= day,
            in_subtrees(caller.subtrees(Permission.ORGANIZATIONS_READ)),
        )
        .order_by(State.valid_from.desc())
        .limit(1)
    )
    row = (await on.execute(rows)).first()
    if row is None:
        raise NotFound
    return row


async def subtree(
    on: Executor, caller: Caller, organization_id: UUID, day: date, permission: Permission
) -> Subtree:
    """Find where an organisation stands on `day`, or raise `NotFound` if out of sight."""
    rows = select(State.district_code, State.path).where(
        State.organization_id == organization_id,
        on_day(State, day),
        in_subtrees(caller.subtrees(permission)),
    )
    row = (await on.execute(rows)).first()
    if row is None:
        raise NotFound
    return Subtree(row.district_code, row.path)


def name_contains(column: Any, fragment: str) -> ColumnElement[bool]:
    """Match a fragment literally: `%` and `_` mean themselves."""
    matched: ColumnElement[bool] = column.contains(fragment, autoescape=True)
    return matched


async def find(on: Executor, caller: Caller, params: OrganizationListParams) -> Rows[AnyRow]:
    """List organisations."""
    day = params.as_of or clock.today()
    rows = visible(caller, day)
    if params.within:
        top = await subtree(on, caller, params.within, day, Permission.ORGANIZATIONS_READ)
        rows = rows.where(in_subtrees([top]))
    if params.parent_id:
        rows = rows.where(State.parent_id == params.parent_id)
    if params.kind:
        rows = rows.where(State.kind == params.kind)
    if params.sector:
        rows = rows.where(State.sector == params.sector)
    if params.q:
        rows = rows.where(name_contains(State.name, params.q))
    sorts = {"path": State.path, "name": State.name}
    return await page(
        on, rows, sorts, params.sort, params, of="organizations", tie=State.organization_id
    )


async def ancestors(
    on: Executor, caller: Caller, organization_id: UUID, day: date | None = None
) -> list[AnyRow]:
    """List the organisations from the highest visible one down to `organization_id`."""
    day = day or clock.today()
    here = await subtree(on, caller, organization_id, day, Permission.ORGANIZATIONS_READ)
    rows = visible(caller, day).where(
        State.district_code == here.district_code,
        State.path.in_(logic.ancestor_paths(here.path)),
    )
    return list(await on.execute(rows.order_by(State.path)))


async def history(on: Executor, caller: Caller, organization_id: UUID) -> list[AnyRow]:
    """List what was recorded of an organisation, newest records first, superseded ones too."""
    await get(on, caller, organization_id)
    old = organization_state_history.c
    names = [*RECORDED, "recorded_at"]
    standing = select(*(getattr(State, n) for n in names), null().label("superseded_at")).where(
        State.organization_id == organization_id
    )
    superseded = select(*(old[n] for n in names), old.superseded_at).where(
        old.organization_id == organization_id
    )
    both = standing.union_all(superseded).order_by(
        literal_column("recorded_at").desc(), literal_column("valid_from").desc()
    )
    return list(await on.execute(both.limit(200)))


async def districts(on: Executor, caller: Caller, code: str | None = None) -> list[AnyRow]:
    """List the districts in which the caller may see something."""
    codes = {s.district_code for s in caller.subtrees(Permission.ORGANIZATIONS_READ)}
    wanted = codes & {code} if code else codes
    rows = select(District.code, District.name).where(District.code.in_(sorted(wanted)))
    return list(await on.execute(rows.order_by(District.code)))
