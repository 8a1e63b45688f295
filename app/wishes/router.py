"""Residents' wishes over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.core.db import Executor
from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import (
    CallerDep,
    IfMatch,
    KeylessRoute,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    tag,
)
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding
from app.residents.errors import MemberNotCounted, NotACommunity
from app.wishes import queries, service
from app.wishes.errors import OwnWish, WishOutOfOrder
from app.wishes.schemas import (
    ContactOut,
    RatingNew,
    TakingNew,
    WishEdit,
    WishListParams,
    WishNew,
    WishOut,
    WithdrawalNew,
)

router = APIRouter(route_class=Route, tags=["residents"])
STEP = declare(NotFound, Forbidden, WishOutOfOrder)


@router.get("/wishes", response_model=Page[WishOut], responses=declare(NotFound))
async def list_wishes(
    on: ReadDep, caller: CallerDep, params: Annotated[WishListParams, Query()]
) -> Any:
    """List the wishes that you may see; a member sees all open ones of the district (微心愿)."""
    return await queries.find(on, caller, params)


@router.post(
    "/wishes",
    response_model=WishOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, NotACommunity, NotStanding),
)
async def post_wish(
    session: SessionDep, caller: CallerDep, new: WishNew, response: Response
) -> Any:
    """Post a resident's wish, for a community; the contact is kept encrypted (发布微心愿)."""
    made = await service.post(session, caller, new)
    response.headers["Location"] = f"/v1/wishes/{made}"
    return await _shown(session, caller, made, response)


async def _shown(on: Executor, caller: CallerDep, wish_id: Id, response: Response) -> Any:
    row = await queries.get(on, caller, wish_id)
    tag(response, row.version)
    return row


@router.get("/wishes/{wish_id}", response_model=WishOut, responses=declare(NotFound))
async def get_wish(on: ReadDep, caller: CallerDep, wish_id: Id, response: Response) -> Any:
    """Show one wish, without the contact (微心愿详情)."""
    return await _shown(on, caller, wish_id, response)


@router.patch(
    "/wishes/{wish_id}",
    response_model=WishOut,
    responses=declare(NotFound, Forbidden, Stale, PreconditionRequired, WishOutOfOrder),
)
async def edit_wish(
    session: SessionDep,
    caller: CallerDep,
    wish_id: Id,
    version: IfMatch,
    changes: WishEdit,
    response: Response,
) -> Any:
    """Change a wish that nobody has taken, for the community (修改微心愿)."""
    await service.edit(session, caller, wish_id, version, changes)
    return await _shown(session, caller, wish_id, response)


@router.post(
    "/wishes/{wish_id}/takings",
    response_model=WishOut,
    responses=declare(NotFound, Forbidden, WishOutOfOrder, MemberNotCounted, NotStanding),
)
async def take_wish(
    session: SessionDep, caller: CallerDep, wish_id: Id, new: TakingNew, response: Response
) -> Any:
    """Take an open wish, as a member or for a branch (认领微心愿)."""
    await service.take(session, caller, wish_id, new)
    return await _shown(session, caller, wish_id, response)


@router.post("/wishes/{wish_id}/releases", status_code=status.HTTP_204_NO_CONTENT, responses=STEP)
async def release_wish(session: SessionDep, caller: CallerDep, wish_id: Id) -> None:
    """Give a taken wish back, or take it back for the community: it is open again (退回微心愿).

    It may be out of sight then for the branch that had taken it.
    """
    await service.release(session, caller, wish_id)


@router.post("/wishes/{wish_id}/completions", response_model=WishOut, responses=STEP)
async def complete_wish(
    session: SessionDep, caller: CallerDep, wish_id: Id, response: Response
) -> Any:
    """Say that a wish was done, as who took it (完成微心愿)."""
    await service.complete(session, caller, wish_id)
    return await _shown(session, caller, wish_id, response)


@router.post(
    "/wishes/{wish_id}/ratings",
    response_model=WishOut,
    responses=declare(NotFound, Forbidden, WishOutOfOrder, OwnWish),
)
async def rate_wish(
    session: SessionDep, caller: CallerDep, wish_id: Id, new: RatingNew, response: Response
) -> Any:
    """Rate what was done, for the community; never one's own (评价微心愿)."""
    await service.rate(session, caller, wish_id, new)
    return await _shown(session, caller, wish_id, response)


@router.post("/wishes/{wish_id}/withdrawals", response_model=WishOut, responses=STEP)
async def withdraw_wish(
    session: SessionDep, caller: CallerDep, wish_id: Id, new: WithdrawalNew, response: Response
) -> Any:
    """Withdraw a wish that is not done, for the community (撤回微心愿)."""
    await service.withdraw(session, caller, wish_id, new.reason)
    return await _shown(session, caller, wish_id, response)


async def unmask_wish(session: SessionDep, caller: CallerDep, wish_id: Id) -> Any:
    """Show whom a wish is delivered to; the audit keeps who asked (查看心愿联系方式)."""
    return await service.unmask(session, caller, wish_id)


router.add_api_route(
    "/wishes/{wish_id}/unmaskings",
    unmask_wish,
    methods=["POST"],
    route_class_override=KeylessRoute,
    response_model=ContactOut,
    responses=declare(NotFound, Forbidden),
)
