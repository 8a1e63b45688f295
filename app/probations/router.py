"""What may end a membership, a probation or an organisation, over HTTP."""

from typing import Any

from fastapi import APIRouter, Response

from app.core.dated import NotYet
from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import CallerDep, IfMatch, PreconditionRequired, Route, SessionDep, tag
from app.core.problems import declare
from app.core.schemas import Id
from app.members import queries as members
from app.members.errors import NotProbationary, StatusNotAllowed
from app.members.schemas import ConversionNew, MemberOut, StatusChangeNew
from app.probations import service
from app.probations.errors import AdmissionOpen

router = APIRouter(route_class=Route)
CHANGES = (NotFound, Forbidden, Stale, PreconditionRequired)


@router.post(
    "/members/{member_id}/conversions",
    tags=["members"],
    response_model=MemberOut,
    responses=declare(*CHANGES, NotProbationary, NotYet, AdmissionOpen),
)
async def convert_member(
    session: SessionDep,
    caller: CallerDep,
    member_id: Id,
    version: IfMatch,
    new: ConversionNew,
    response: Response,
) -> Any:
    """Make a probationary member a full one (转正)."""
    await service.convert(session, caller, member_id, version, new)
    return await _changed(session, caller, member_id, response)


@router.post(
    "/members/{member_id}/status-changes",
    tags=["members"],
    response_model=MemberOut,
    responses=declare(*CHANGES, StatusNotAllowed, NotYet, AdmissionOpen),
)
async def change_member_status(
    session: SessionDep,
    caller: CallerDep,
    member_id: Id,
    version: IfMatch,
    new: StatusChangeNew,
    response: Response,
) -> Any:
    """Give a member another status from a day on (变更党员状态)."""
    await service.change_status(session, caller, member_id, version, new)
    return await _changed(session, caller, member_id, response)


async def _changed(
    session: SessionDep, caller: CallerDep, member_id: Id, response: Response
) -> Any:
    row = await members.get(session, caller, member_id)
    tag(response, row.version)
    return row
