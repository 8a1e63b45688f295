"""Reading members and counting them. Every read starts from `visible`."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor
from app.core.errors import NotFound
from app.core.pages import Rows, page
from app.members import logic
from app.members.models import Member, Membership
from app.members.schemas import MemberFilters, MemberListParams, TreeParams
from app.members.types import COUNTED, FINAL, MemberCategory
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees

State = OrganizationState


def visible(caller: Caller, day: date, permission: Permission) -> AnySelect:
    """Select the members the caller may see, where and as what they were on `day`."""
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
                on_day(State, day),
            ),
        )
        .where(in_subtrees(caller.subtrees(permission)))
    )


async def get(on: Executor, caller: Caller, member_id: UUID, day: date | None = None) -> AnyRow:
    """Fetch one member, or raise `NotFound`."""
    rows = visible(caller, day or clock.today(), Permission.MEMBERS_READ)
    row = (await on.execute(rows.where(Member.id == member_id))).first()
    if row is None:
        raise NotFound
    return row


async def filtered(
    on: Executor, caller: Caller, filters: MemberFilters, permission: Permission
) -> AnySelect:
    """Select the members that `filters` ask for, or raise `NotFound` for a unit out of sight."""
    day = filters.as_of or clock.today()
    rows = visible(caller, day, permission)
    if filters.within:
        top = await organizations.subtree(on, caller, filters.within, day, permission)
        rows = rows.where(in_subtrees([top]))
    if filters.organization_id:
        rows = rows.where(Membership.organization_id == filters.organization_id)
    if filters.category:
        rows = rows.where(Membership.category == filters.category)
    if filters.status:
        rows = rows.where(Membership.status == filters.status)
    else:
        rows = rows.where(Membership.status.not_in(sorted(FINAL)))
    if filters.q:
        rows = rows.where(_named(filters.q, caller.subtrees(permission)))
    return rows


def _named(q: str, subtrees: Sequence[Subtree]) -> Any:
    """Match a fragment of a name: the index by tokens first, then the letters in their order."""
    needles = [
        Member.search_text.contains(needle, autoescape=True) for needle in logic.query_needles(q)
    ]
    found = [
        and_(
            Member.district_code == code,
            Member.search_tokens.contains(cast(logic.query_tokens(code, q), ARRAY(Text))),
        )
        for code in sorted({s.district_code for s in subtrees})
    ]
    return and_(or_(*found), *needles) if found and needles else literal(False)


async def find(on: Executor, caller: Caller, params: MemberListParams) -> Rows[AnyRow]:
    """List members."""
    rows = await filtered(on, caller, params, Permission.MEMBERS_READ)
    return await page(
        on, rows, {"name": Member.name_key}, params.sort, params, of="members", tie=Member.id
    )


def headcounts(subtree: Subtree, day: date) -> Subquery:
    """Count the members of every organisation of `subtree` on `day`, in one statement.

    Columns: those of an organisation's state, `own`, and `full`, `probationary` and `subtree` for
    it and all under it. A count of an organisation is added to each label on its path.
    """
    node = (
        select(
            State.organization_id,
            State.parent_id,
            State.path,
            State.name,
            State.kind,
            State.sector,
            State.is_grid,
            State.due_on,
        )
        .where(on_day(State, day), in_subtrees([subtree]))
        .cte("node")
    )
    own = (
        select(
            Membership.organization_id,
            func.count().filter(Membership.category == MemberCategory.FULL).label("full"),
            func.count().label("members"),
        )
        .where(
            Membership.district_code == subtree.district_code,
            on_day(Membership, day),
            Membership.status.in_(sorted(COUNTED)),
        )
        .group_by(Membership.organization_id)
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


async def tree(on: Executor, caller: Caller, organization_id: UUID, params: TreeParams) -> bytes:
    """Write the JSON of a tree with its head-counts, or raise `NotFound`.

    A district's tree has thousands of nodes: it is written once, as it is read.
    """
    day = params.as_of or clock.today()
    top = await organizations.subtree(
        on, caller, organization_id, day, Permission.ORGANIZATIONS_READ
    )
    counted = headcounts(top, day)
    rows = select(counted).order_by(counted.c.path)
    if params.depth is not None:
        levels = top.path.count(".") + params.depth
        dots = func.length(counted.c.path) - func.length(func.replace(counted.c.path, ".", ""))
        rows = rows.where(dots <= levels)
    by_id: dict[UUID, dict[str, Any]] = {}
    for r in await on.execute(rows):
        node = {
            "organization": {
                "id": str(r.organization_id),
                "parent_id": r.parent_id and str(r.parent_id),
                "path": r.path,
                "name": r.name,
                "kind": r.kind,
                "sector": r.sector,
                "is_grid": r.is_grid,
                "due_on": r.due_on and r.due_on.isoformat(),
            },
            "headcount": {
                "own": r.own,
                "subtree": int(r.subtree),
                "full": int(r.full),
                "probationary": int(r.probationary),
            },
            "children": [],
        }
        by_id[r.organization_id] = node
        if r.parent_id in by_id:
            by_id[r.parent_id]["children"].append(node)
    return json.dumps(by_id[organization_id], ensure_ascii=False, separators=(",", ":")).encode()
