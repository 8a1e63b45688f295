"""The ordinary end of an organisation, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import CallerDep, IfMatch, PreconditionRequired, Route, SessionDep
from app.core.problems import declare
from app.core.schemas import Id
from app.organizations.errors import NotEmpty, NotStanding, RootStays
from app.organizations.schemas import Dissolution
from app.probations.errors import AdmissionsLeft
from app.simulations import service
from app.simulations.errors import BallotRunning

router = APIRouter(route_class=Route)


@router.delete(
    "/organizations/{organization_id}",
    tags=["organizations"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(
        *(NotFound, Forbidden, Stale, PreconditionRequired, NotEmpty, NotStanding, RootStays),
        *(AdmissionsLeft, BallotRunning),
    ),
)
async def dissolve_organization(
    session: SessionDep,
    caller: CallerDep,
    organization_id: Id,
    version: IfMatch,
    params: Annotated[Dissolution, Query()],
) -> None:
    """Dissolve an empty organisation from today on; its history stays (撤销党组织)."""
    await service.dissolve(session, caller, organization_id, version, params.decision)
