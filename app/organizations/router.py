"""Districts and organisations over HTTP. The tree with its head-counts is served by members."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.core.errors import NotFound, Stale
from app.core.http import (
    CallerDep,
    IfMatch,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    tag,
    written,
)
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import DistrictCode, Id, Page
from app.organizations import queries, service
from app.organizations.errors import KindNotAllowed, NameTaken, NotStanding, TreeTooDeep
from app.organizations.schemas import (
    Ancestors,
    AsOf,
    DistrictOut,
    History,
    OrganizationEdit,
    OrganizationListParams,
    OrganizationNew,
    OrganizationOut,
)

router = APIRouter(tags=["organizations"], route_class=Route)


@router.get("/districts", response_model=Page[DistrictOut])
async def list_districts(on: ReadDep, caller: CallerDep) -> Rows[Any]:
    """List the districts in which you may see something (区县)."""
    return Rows(await queries.districts(on, caller))


@router.get("/districts/{code}", response_model=DistrictOut, responses=declare(NotFound))
async def get_district(on: ReadDep, caller: CallerDep, code: DistrictCode) -> Any:
    """Show one district (区县)."""
    found = await queries.districts(on, caller, code)
    if not found:
        raise NotFound
    return found[0]


@router.get("/organizations", response_model=Page[OrganizationOut], responses=declare(NotFound))
async def list_organizations(
    on: ReadDep, caller: CallerDep, params: Annotated[OrganizationListParams, Query()]
) -> Any:
    """List the organisations that you may see (党组织)."""
    return written(await queries.find(on, caller, params))


@router.post(
    "/organizations",
    response_model=OrganizationOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, KindNotAllowed, NameTaken, NotStanding, TreeTooDeep),
)
async def found_organization(
    session: SessionDep, caller: CallerDep, new: OrganizationNew, response: Response
) -> Any:
    """Found an organisation under its parent, from today on (成立党组织)."""
    made = await service.found(session, caller, new)
    tag(response, 1)
    response.headers["Location"] = f"/v1/organizations/{made}"
    return await queries.get(session, caller, made)


@router.get(
    "/organizations/{organization_id}",
    response_model=OrganizationOut,
    responses=declare(NotFound),
)
async def get_organization(
    on: ReadDep,
    caller: CallerDep,
    organization_id: Id,
    params: Annotated[AsOf, Query()],
) -> Any:
    """Show one organisation (党组织详情)."""
    json, version = await queries.show(on, caller, organization_id, params.as_of)
    return written(json, version=version)


@router.patch(
    "/organizations/{organization_id}",
    response_model=OrganizationOut,
    responses=declare(NotFound, NameTaken, NotStanding, Stale, PreconditionRequired),
)
async def edit_organization(
    session: SessionDep,
    caller: CallerDep,
    organization_id: Id,
    version: IfMatch,
    changes: OrganizationEdit,
    response: Response,
) -> Any:
    """Change an organisation from today on; what it was stays in its history (修改党组织)."""
    await service.edit(session, caller, organization_id, version, changes)
    row = await queries.get(session, caller, organization_id)
    tag(response, row.version)
    return row


@router.get(
    "/organizations/{organization_id}/ancestors",
    response_model=Ancestors,
    responses=declare(NotFound),
)
async def list_ancestors(
    on: ReadDep, caller: CallerDep, organization_id: Id, params: Annotated[AsOf, Query()]
) -> Any:
    """List the organisations from the top down to this one, itself included (上级链)."""
    return written(await queries.ancestors(on, caller, organization_id, params.as_of))


@router.get(
    "/organizations/{organization_id}/history", response_model=History, responses=declare(NotFound)
)
async def list_history(on: ReadDep, caller: CallerDep, organization_id: Id) -> Any:
    """List what was recorded of an organisation, and when (沿革)."""
    return {"items": await queries.history(on, caller, organization_id)}
