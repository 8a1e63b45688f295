"""Reading the tree. Every read starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    Integer,
    Row,
    Select,
    String,
    Uuid,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from app.core import clock
from app.core.caller import Caller, Permission, Subtree, outermost
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import NotFound
from app.core.hot import Hot, json_rows, narrowed, page_of, param
from app.core.pages import after_mark, fetch_one, page_json
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
    "end_decision",
)
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


def in_subtrees(subtrees: Sequence[Any], state: Any = State) -> ColumnElement[bool]:
    """Hold states to those in one of `subtrees`; each is one range of the path's index."""
    return or_(
        false(),
        *(
            and_(state.district_code == s.district_code, state.path >= s.path, state.path < s.end)
            for s in subtrees
        ),
    )


def begun(day: Any, state: Any = State) -> ColumnElement[bool]:
    """Hold states to what an organisation was on `day`, or at its end if it was dissolved by then.

    At most one row of an organisation: none before it was founded.
    """
    return or_(on_day(state, day), and_(state.is_end, state.valid_from <= day))


_Earlier = aliased(OrganizationState, name="earlier")
"""Made once: a new alias takes milliseconds to learn its columns."""


def stood(day: Any, state: Any = State) -> ColumnElement[bool]:
    """Hold states to the one under which an organisation's records are found on `day`.

    That is what it was on the day; its last state once it was dissolved; its first while the
    records begin later, since a roster speaks for its own day only.
    """
    is_first = ~exists().where(
        _Earlier.district_code == state.district_code,
        _Earlier.organization_id == state.organization_id,
        _Earlier.valid_from < state.valid_from,
    )
    return or_(begun(day, state), and_(state.valid_from > day, is_first))


def stood_as(
    district_code: Any, organization_id: Any, day: Any, state: Any = State
) -> ColumnElement[bool]:
    """Join a record to the state that `stood` finds of its organisation on `day`."""
    return and_(
        state.district_code == district_code,
        state.organization_id == organization_id,
        stood(day, state),
    )


def visible(places: Sequence[Any], day: Any) -> AnySelect:
    """Select the organisations of the subtrees that a caller may see, as they were on `day`."""
    return _shown(day).where(on_day(State, day), in_subtrees(places))


def _shown(day: Any) -> AnySelect:
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
        case((ended, State.end_decision), else_=State.decision).label("decision"),
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


async def get(on: Executor, caller: Caller, organization_id: UUID) -> AnyRow:
    """Fetch one organisation as it is, or as it was at its end, or raise `NotFound`."""
    today = clock.today()
    rows = _shown(today).where(
        State.organization_id == organization_id,
        begun(today),
        in_subtrees(caller.subtrees(Permission.ORGANIZATIONS_READ)),
    )
    return await fetch_one(on, rows)


_DAY = param("day", Date())
_ID = param("id", Uuid())


def _held(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    label = Organization.label
    held = (
        and_(
            Organization.district_code == place.district_code,
            label == cast(func.split_part(place.path, ".", -2), Integer),
        )
        for place in places
    )
    return (
        select(State.district_code, State.path)
        .join(Organization, stood_as(Organization.district_code, Organization.id, _DAY))
        .where(or_(false(), *held))
    )


_held_hot = Hot(_held, by_key=True)


async def places(on: Reader, caller: Caller, permission: Permission, day: date) -> list[Subtree]:
    """List the subtrees in which the caller holds `permission`, as they were on `day`.

    A right is over an organisation: of a past day it opens what stood under that organisation
    then, wherever it and they stand now.
    """
    return await places_then(on, caller.subtrees(permission), day)


async def places_then(on: Reader, held: list[Subtree], day: date) -> list[Subtree]:
    """Give the subtrees of the organisations at whose places `held` are today, as on `day`."""
    if day == clock.today() or all(place.path == ROOT_PATH for place in held):
        return held
    return outermost({Subtree(*row) for row in await _held_hot.fetch(on, held, day=day)})


def _one(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    rows = _shown(_DAY).where(State.organization_id == _ID, begun(_DAY), in_subtrees(places))
    return json_rows(rows, "version")


_one_hot = Hot(_one, by_key=True)


def _place(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    return select(State.district_code, State.path).where(
        State.organization_id == _ID, stood(_DAY), in_subtrees(places)
    )


_place_hot = Hot(_place, by_key=True)


async def subtree(
    on: Reader, caller: Caller, organization_id: UUID, day: date, permission: Permission
) -> Subtree:
    """Find where an organisation's records are on `day`, or raise `NotFound` if out of sight.

    That is its last place once it was dissolved, and its first on the days before it was founded.
    """
    return await place_in(on, await places(on, caller, permission, day), organization_id, day)


async def asked(
    on: Reader, caller: Caller, within: UUID | None, day: date, permission: Permission
) -> list[Subtree]:
    """Give the subtrees that a list asks about, `within` one or all in which `permission` is held.

    Raises `NotFound` for `within` out of sight.
    """
    held = await places(on, caller, permission, day)
    return held if within is None else [await place_in(on, held, within, day)]


async def place_in(
    on: Reader, held: Sequence[Subtree], organization_id: UUID, day: date
) -> Subtree:
    """Find where an organisation of the subtrees `held` was on `day`, or raise `NotFound`."""
    found = await _place_hot.fetch(on, held, id=organization_id, day=day)
    if not found:
        raise NotFound
    return Subtree(*found[0])


async def show(
    on: Reader, caller: Caller, organization_id: UUID, day: date | None
) -> tuple[str, int]:
    """Write one organisation's JSON as it was on `day`, and give its version today."""
    day = day or clock.today()
    held = await places(on, caller, Permission.ORGANIZATIONS_READ, day)
    found = await _one_hot.fetch(on, held, id=organization_id, day=day)
    if not found:
        raise NotFound
    return found[0]["json"], found[0]["version"]


def _list(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    """Build the list for the filters that are set; `down` and `name` are the sort."""
    rows = narrowed(visible(places, _DAY), _FILTERS, shape)
    if "q" in shape:
        rows = rows.where(State.name.like(param("q", String()), escape="/"))
    sort = State.name if "name" in shape else State.path
    return page_of(rows, (sort, State.organization_id), shape)


_FILTERS: dict[str, Any] = {
    "parent_id": State.parent_id,
    "kind": State.kind,
    "sector": State.sector,
}
_list_hot = Hot(_list)


async def find(on: Reader, caller: Caller, params: OrganizationListParams) -> str:
    """Write the JSON of a page of organisations, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    read = Permission.ORGANIZATIONS_READ
    if params.within:
        subtrees = [await subtree(on, caller, params.within, day, read)]
    else:
        subtrees = await places(on, caller, read, day)
    values: dict[str, Any] = {
        name: value for name in _FILTERS if (value := getattr(params, name)) is not None
    }
    if params.q:
        values["q"] = f"%{like_literal(params.q)}%"
    shape = {*values, params.sort.removeprefix("-"), *(["down"] if params.sort[0] == "-" else [])}
    if mark := after_mark(params, "organizations", params.sort):
        shape.add("after")
        values["value"], values["after_id"] = mark
    found = await _list_hot.fetch(on, subtrees, shape, day=day, limit=params.limit + 1, **values)
    return page_json(found, params.limit, "organizations", params.sort)


def like_literal(fragment: str) -> str:
    """Write a fragment for LIKE … ESCAPE '/': `%` and `_` mean themselves."""
    return fragment.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _ancestors(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    here = aliased(State)
    labels = func.string_to_array(func.rtrim(here.path, "."), ".")
    below = (  # apart: below a policy the planner trusts no function of a row with an index
        select(here.district_code, cast(labels, ARRAY(Integer)).label("labels"))
        .where(here.organization_id == _ID, on_day(here, _DAY), in_subtrees(places, here))
        .cte("below")
        .prefix_with("MATERIALIZED")
    )
    rows = visible(places, _DAY).join(
        below,
        and_(
            State.district_code == below.c.district_code,
            Organization.label == func.any(below.c.labels),
        ),
    )
    listed = json_rows(rows, "path")
    return listed.order_by(listed.selected_columns.path)


_ancestors_hot = Hot(_ancestors, by_key=True)


async def ancestors(
    on: Reader, caller: Caller, organization_id: UUID, day: date | None = None
) -> str:
    """Write the organisations from the highest visible one down to `organization_id`."""
    day = day or clock.today()
    held = await places(on, caller, Permission.ORGANIZATIONS_READ, day)
    found = await _ancestors_hot.fetch(on, held, id=organization_id, day=day)
    if not found:
        raise NotFound
    return f'{{"items":[{",".join(row["json"] for row in found)}]}}'


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
