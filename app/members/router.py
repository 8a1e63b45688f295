"""Members over HTTP, and what counts them: the tree with head-counts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

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
    written,
)
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.members import queries, service
from app.members.errors import HoldsNoMembers, MemberExists
from app.members.schemas import (
    MemberEdit,
    MemberListParams,
    MemberNew,
    MemberOut,
    TreeOut,
    TreeParams,
    UnmaskingNew,
    UnmaskingOut,
)
from app.organizations.errors import NotStanding

router = APIRouter(route_class=Route)
CHANGES = (NotFound, Forbidden, Stale, PreconditionRequired)


@router.get(
    "/organizations/{organization_id}/tree",
    tags=["organizations"],
    response_model=TreeOut,
    responses=declare(NotFound),
)
async def get_tree(
    on: ReadDep, caller: CallerDep, organization_id: Id, params: Annotated[TreeParams, Query()]
) -> Any:
    """Show an organisation and what is under it, each with its head-count (组织树)."""
    return written(await queries.tree(on, caller, organization_id, params))


@router.get(
    "/members", tags=["members"], response_model=Page[MemberOut], responses=declare(NotFound)
)
async def list_members(
    on: ReadDep, caller: CallerDep, params: Annotated[MemberListParams, Query()]
) -> Any:
    """List the members whom you may see; `q` searches names (党员)."""
    return written(await queries.find(on, caller, params))


@router.post(
    "/members",
    tags=["members"],
    response_model=MemberOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, HoldsNoMembers, MemberExists, NotStanding),
)
async def record_member(
    session: SessionDep, caller: CallerDep, new: MemberNew, response: Response
) -> Any:
    """Record a member in an organisation, from today on (登记党员)."""
    made = await service.record(session, caller, new)
    tag(response, 1)
    response.headers["Location"] = f"/v1/members/{made}"
    return await queries.get(session, caller, made)


@router.get(
    "/members/{member_id}",
    tags=["members"],
    response_model=MemberOut,
    responses=declare(NotFound),
)
async def get_member(on: ReadDep, caller: CallerDep, member_id: Id) -> Any:
    """Show one member (党员详情)."""
    json, version = await queries.show(on, caller, member_id)
    return written(json, version=version)


@router.patch(
    "/members/{member_id}",
    tags=["members"],
    response_model=MemberOut,
    responses=declare(*CHANGES, MemberExists),
)
async def edit_member(
    session: SessionDep,
    caller: CallerDep,
    member_id: Id,
    version: IfMatch,
    changes: MemberEdit,
    response: Response,
) -> Any:
    """Correct what is recorded of a member (更正党员信息)."""
    await service.edit(session, caller, member_id, version, changes)
    return await _changed(session, caller, member_id, response)


async def unmask_member(
    session: SessionDep, caller: CallerDep, member_id: Id, asked: UnmaskingNew
) -> Any:
    """Show a member's whole numbers, for a reason that the audit keeps (查看完整号码)."""
    return await service.unmask(session, caller, member_id, asked)


router.add_api_route(
    "/members/{member_id}/unmaskings",
    unmask_member,
    methods=["POST"],
    route_class_override=KeylessRoute,
    tags=["members"],
    response_model=UnmaskingOut,
    response_model_exclude_unset=True,
    responses=declare(NotFound, Forbidden),
)


async def _changed(
    session: SessionDep, caller: CallerDep, member_id: Id, response: Response
) -> Any:
    row = await queries.get(session, caller, member_id)
    tag(response, row.version)
    return row
