"""Reading members and counting them. Every read starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    DateTime,
    Integer,
    String,
    Subquery,
    Text,
    Uuid,
    and_,
    cast,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import known, on_day
from app.core.db import Executor, Reader
from app.core.errors import Forbidden, NotFound
from app.core.hot import Hot, json_of, json_rows, narrowed, page_of, param
from app.core.pages import after_mark, fetch_one, page_json
from app.members import logic
from app.members.models import Member, Membership, membership_history
from app.members.schemas import MemberFilters, MemberListParams, TreeParams
from app.members.types import COUNTED, FINAL, MemberCategory
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState, organization_state_history
from app.organizations.queries import AnyRow, AnySelect, in_subtrees

State = OrganizationState
READ = Permission.MEMBERS_READ
INSIDE = "name_key", "path"
"""Columns that are selected and not shown."""
EXPORT_ROWS = 200_000


def visible(caller: Caller, day: date, permission: Permission) -> AnySelect:
    """Select the members the caller may see, where and as what they were on `day`."""
    own = None
    if permission == READ and caller.member_id is not None:
        own = caller.home_code, caller.member_id
    return _shown(caller.subtrees(permission), day, own)


def _shown(places: Sequence[Any], day: Any, own: tuple[Any, Any] | None = None) -> AnySelect:
    """Select the members of `places`, and the one whom `own` names: who asks."""
    in_sight = in_subtrees(places)
    if own is not None:
        in_sight = or_(in_sight, and_(Member.district_code == own[0], Member.id == own[1]))
    return (
        select(
            Member.id,
            Member.district_code,
            Membership.organization_id,
            State.name.label("organization_name"),
            Member.name,
            Member.sex,
            Member.ethnicity,
            Member.id_number_masked.label("id_number"),
            Member.born_on,
            Member.education,
            Membership.category,
            Membership.status,
            Member.joined_on,
            Member.full_on,
            Member.phone_masked.label("phone"),
            Member.is_mobile,
            Member.version,
            Member.name_key,
            State.path,
        )
        .join(
            Membership,
            and_(
                Membership.district_code == Member.district_code,
                Membership.member_id == Member.id,
                on_day(Membership, day),
            ),
        )
        .join(
            State,
            and_(
                State.district_code == Membership.district_code,
                State.organization_id == Membership.organization_id,
                # who left before an organisation was dissolved is still found where they were
                organizations.begun(day),
            ),
        )
        .where(in_sight)
    )


async def get(on: Executor, caller: Caller, member_id: UUID, day: date | None = None) -> AnyRow:
    """Fetch one member, or raise `NotFound`."""
    rows = visible(caller, day or clock.today(), READ)
    return await fetch_one(on, rows.where(Member.id == member_id))


_DAY = param("day", Date())


_OWN = param("own_district", String()), param("own", Uuid())


def _own(caller: Caller) -> dict[str, Any]:
    """Give the values of `_OWN` for a member who asks: everybody sees their own record."""
    if caller.member_id is None:
        return {}
    return {"own_district": caller.home_code, "own": caller.member_id}


def _one(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    own = _OWN if "own" in shape else None
    rows = _shown(places, _DAY, own).where(Member.id == param("id", Uuid()))
    return json_rows(rows, "version", without=INSIDE)


_one_hot = Hot(_one, by_key=True)


async def show(on: Reader, caller: Caller, member_id: UUID) -> tuple[str, int]:
    """Write one member's JSON as `get` fetches it, and give the version."""
    own = _own(caller)
    found = await _one_hot.fetch(
        on, caller.subtrees(READ), own, id=member_id, day=clock.today(), **own
    )
    if not found:
        raise NotFound
    return found[0]["json"], found[0]["version"]


_FILTERS: dict[str, Any] = {
    "organization_id": Membership.organization_id,
    "category": Membership.category,
    "status": Membership.status,
}


def _filtered(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    """Select members by the filters that are set."""
    own = _OWN if "own" in shape else None
    rows = narrowed(_shown(places, _DAY, own), _FILTERS, shape)
    if "status" not in shape:
        rows = rows.where(Membership.status.not_in(sorted(FINAL)))
    if "q" in shape:  # the index by tokens first, then the letters in their order
        named = [
            select(func.members_named(param(name, ARRAY(Text))))
            for name in (*(f"tokens{i}" for i in range(len(places))), "own_tokens")
            if name != "own_tokens" or own is not None
        ]
        needles = param("needles", ARRAY(Text))
        found = union_all(*named) if named else select(cast(null(), Uuid()))
        rows = rows.where(Member.id.in_(found), Member.search_text.like(func.all(needles)))
    return rows


def _list(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    rows = _filtered(places, shape)
    return page_of(rows, (Member.name_key, Member.id), shape, without=INSIDE)


def _export(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    return _filtered(places, shape).order_by(State.path, Member.name_key).limit(EXPORT_ROWS)


_list_hot, _export_hot = Hot(_list), Hot(_export)


async def _asked(
    on: Reader, caller: Caller, filters: MemberFilters, permission: Permission
) -> tuple[list[Subtree], dict[str, Any]]:
    """Give the subtrees and the values that `filters` ask for; `NotFound` for one out of sight."""
    day = filters.as_of or clock.today()
    subtrees = await organizations.asked(on, caller, filters.within, day, permission)
    values: dict[str, Any] = {
        name: value for name in _FILTERS if (value := getattr(filters, name)) is not None
    }
    if filters.q:
        values["q"] = filters.q
        values["needles"] = [f"%{needle}%" for needle in logic.query_needles(filters.q)]
        for i, place in enumerate(subtrees):
            values[f"tokens{i}"] = logic.query_tokens(place.district_code, filters.q)
    if permission == READ and not filters.within:
        values |= _own(caller)
        if filters.q and "own" in values:
            values["own_tokens"] = logic.query_tokens(caller.home_code, filters.q)
    return subtrees, values | {"day": day}


async def find(on: Reader, caller: Caller, params: MemberListParams) -> str:
    """Write the JSON of a page of members."""
    subtrees, values = await _asked(on, caller, params, READ)
    shape = {*values, *(["down"] if params.sort[0] == "-" else [])}
    if mark := after_mark(params, "members", params.sort):
        shape.add("after")
        values["value"], values["after_id"] = mark
    found = []
    if values.get("needles", True):  # a query of signs alone names nobody
        found = await _list_hot.fetch(on, subtrees, shape, limit=params.limit + 1, **values)
    return page_json(found, params.limit, "members", params.sort)


async def export(on: Reader, caller: Caller, filters: MemberFilters) -> list[Any]:
    """List the members that an export holds, in the order of the tree, then by name."""
    if not caller.subtrees(Permission.MEMBERS_EXPORT):
        raise Forbidden(permission=Permission.MEMBERS_EXPORT.value)
    subtrees, values = await _asked(on, caller, filters, Permission.MEMBERS_EXPORT)
    if not values.get("needles", True):
        return []
    return await _export_hot.fetch(on, subtrees, set(values), **values)


def headcounts(
    subtree: Any, day: Any, state: Any = State, membership: Any = Membership
) -> Subquery:
    """Count the members of every organisation of `subtree` on `day`, in one statement.

    Columns: those of an organisation's state, `own`, and `full`, `probationary` and `subtree` for
    it and all under it. A count of an organisation is added to each label on its path. `state` and
    `membership` may stand for what was recorded at an instant (`core.dated.known`).
    """
    node = (
        select(
            state.organization_id,
            state.parent_id,
            state.path,
            state.name,
            state.kind,
            state.sector,
            state.is_grid,
            state.due_on,
        )
        .where(on_day(state, day), in_subtrees([subtree], state))
        .cte("node")
    )
    is_full = membership.category == MemberCategory.FULL
    own = (
        select(
            membership.organization_id,
            cast(func.count().filter(is_full), Integer).label("full"),
            cast(func.count(), Integer).label("members"),
        )
        .where(
            membership.district_code == subtree.district_code,
            on_day(membership, day),
            membership.status.in_(sorted(COUNTED)),
        )
        .group_by(membership.organization_id)
        .cte("own")
    )
    on_path = (
        select(
            func.unnest(func.string_to_array(node.c.path, ".")).label("label"),
            own.c.full,
            own.c.members,
        )
        .join_from(node, own, own.c.organization_id == node.c.organization_id)
        .subquery("on_path")
    )
    rolled = (
        select(
            on_path.c.label,
            func.sum(on_path.c.full).label("full"),
            func.sum(on_path.c.members).label("members"),
        )
        .group_by(on_path.c.label)
        .cte("rolled")
    )
    full = func.coalesce(rolled.c.full, 0)
    members = func.coalesce(rolled.c.members, 0)
    return (
        select(
            *node.c,
            node.c.organization_id.label("id"),
            func.coalesce(own.c.members, 0).label("own"),
            full.label("full"),
            (members - full).label("probationary"),
            members.label("subtree"),
        )
        .select_from(node)
        .outerjoin(own, own.c.organization_id == node.c.organization_id)
        .outerjoin(rolled, rolled.c.label == func.split_part(node.c.path, ".", -2))
        .subquery("headcounts")
    )


_KNOWN_AT = param("known_at", DateTime(timezone=True))


def _state(shape: Collection[str]) -> Any:
    if "known_at" not in shape:
        return State
    return known(State, organization_state_history, _KNOWN_AT)


def _tree(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    membership: Any = Membership
    if "known_at" in shape:
        membership = known(Membership, membership_history, _KNOWN_AT)
    counted = headcounts(places[0], _DAY, _state(shape), membership)
    organization, its_json = json_of(
        counted, "id", "parent_id", "path", "name", "kind", "sector", "is_grid", "due_on"
    )
    headcount, counts_json = json_of(counted, "own", "subtree", "full", "probationary")
    node = func.concat('{"organization":', its_json, ',"headcount":', counts_json)
    path = counted.c.path
    rows = select(node, path).select_from(counted).join(organization, true())
    rows = rows.join(headcount, true()).order_by(path)
    if "levels" in shape:
        dots = func.length(path) - func.length(func.replace(path, ".", ""))
        rows = rows.where(dots <= param("levels", Integer()))
    return rows


def _known_place(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    state = _state(shape)
    return select(state.district_code, state.path).where(
        state.district_code == places[0].district_code,
        state.organization_id == param("id", Uuid()),
        on_day(state, _DAY),
    )


_tree_hot, _known_place_hot = Hot(_tree), Hot(_known_place)


async def tree(on: Reader, caller: Caller, organization_id: UUID, params: TreeParams) -> str:
    """Write the JSON of a tree with its head-counts, or raise `NotFound`.

    PostgreSQL writes the nodes in the order of their paths; here they are put into each other.
    What is recorded now says who may see it, also with `known_at`; the tree is that of the records
    of that instant.
    """
    day = params.as_of or clock.today()
    top = await organizations.subtree(
        on, caller, organization_id, day, Permission.ORGANIZATIONS_READ
    )
    values: dict[str, Any] = {"day": day}
    if params.known_at is not None:
        values["known_at"] = params.known_at
        told = await _known_place_hot.fetch(on, [top], values, id=organization_id, **values)
        if not told:
            raise NotFound
        top = Subtree(*told[0])
    if params.depth is not None:
        values["levels"] = top.path.count(".") + params.depth
    written: list[str] = []
    open_paths: list[str] = []
    found = await _tree_hot.fetch(on, [top], values, **values)
    if not found or found[0][1] != top.path:  # it does not stand on the day
        raise NotFound
    for node, path in found:
        while open_paths and not path.startswith(open_paths[-1]):
            open_paths.pop()
            written.append("]}")
        if written and written[-1] == "]}":
            written.append(",")
        written += node, ',"children":['
        open_paths.append(path)
    return "".join(written) + "]}" * len(open_paths)
