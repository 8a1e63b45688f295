"""Reading wishes. Every read starts from `visible`."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.pages import Rows, fetch_one, filtered, page
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.residents.queries import READ
from app.wishes.models import Wish
from app.wishes.schemas import WishListParams
from app.wishes.types import WishStatus

Community = aliased(OrganizationState, name="community")
Branch = aliased(OrganizationState, name="branch")
SHOWN = [c for c in Wish.__table__.c if c.name != "contact_cipher"]


def visible(caller: Caller, day: date) -> AnySelect:
    """Select the wishes of the communities and of the takers that the caller may read.

    A member finds every open wish of the district's standing communities besides, and those that
    they took.
    """
    places = caller.subtrees(READ)
    in_sight: ColumnElement[bool] = or_(in_subtrees(places, Community), in_subtrees(places, Branch))
    if caller.member_id is not None:
        is_open = and_(Wish.status == WishStatus.OPEN, on_day(Community, day))
        mine = or_(is_open, Wish.member_id == caller.member_id)
        in_sight = or_(in_sight, and_(Wish.district_code == caller.home_code, mine))
    return (
        select(
            *SHOWN,
            Wish.contact_cipher.is_not(None).label("has_contact"),
            Community.name.label("organization_name"),
            Community.path.label("path"),
            Branch.name.label("branch_name"),
            Branch.path.label("branch_path"),
            Member.name.label("member_name"),
        )
        .select_from(Wish)
        .join(
            Community,
            stood_as(Wish.district_code, Wish.organization_id, day, Community),
        )
        .outerjoin(
            Branch,
            stood_as(Wish.district_code, Wish.branch_id, day, Branch),
        )
        .outerjoin(
            Member, and_(Member.district_code == Wish.district_code, Member.id == Wish.member_id)
        )
        .where(in_sight)
    )


async def get(on: Executor, caller: Caller, wish_id: UUID) -> AnyRow:
    """Fetch one wish, or raise `NotFound`."""
    rows = visible(caller, clock.today()).where(Wish.id == wish_id)
    return await fetch_one(on, rows)


async def find(on: Reader, caller: Caller, params: WishListParams) -> Rows[Row[*tuple[Any, ...]]]:
    """List a page of wishes, or raise `NotFound` for `within` out of sight."""
    day = clock.today()
    filters = {name: getattr(Wish, name) for name in ("organization_id", "status")}
    rows = filtered(visible(caller, day), params, filters)
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, day, READ)
        rows = rows.where(in_subtrees([place], Community))
    sorts = {"posted_on": Wish.posted_on.expression}
    return await page(on, rows, sorts, params.sort, params, of="wishes", tie=Wish.id.expression)
