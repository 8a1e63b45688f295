"""Activities and attendance over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, status

from app.activities import queries, service
from app.activities.errors import (
    ActivityOutOfOrder,
    AttendanceFull,
    AttendanceRefused,
    CheckInClosed,
    CheckInCodeExpired,
    CheckInCodeInvalid,
    NotAMember,
    NotHeldHere,
    NotHeldYet,
)
from app.activities.schemas import (
    ActivityEdit,
    ActivityListParams,
    ActivityNew,
    ActivityOut,
    AttendanceBatchNew,
    AttendanceBatchOut,
    AttendanceListParams,
    AttendanceOut,
    CancellationNew,
    CheckInCodeOut,
    CheckInNew,
    CheckInOut,
)
from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import (
    CallerDep,
    IfMatch,
    KeylessRoute,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    is_dry,
    tag,
)
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding

router = APIRouter(tags=["activities"], route_class=Route)
STEP = (NotFound, Forbidden, ActivityOutOfOrder)


@router.get("/activities", response_model=Page[ActivityOut], responses=declare(NotFound))
async def list_activities(
    on: ReadDep, caller: CallerDep, params: Annotated[ActivityListParams, Query()]
) -> Any:
    """List the meetings, lessons, trainings and trips that you may see (活动).

    Members see what their branch publishes, and whatever they are on the list of.
    """
    return await queries.find(on, caller, params)


@router.post(
    "/activities",
    response_model=ActivityOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, NotStanding, NotHeldHere),
)
async def plan_activity(
    session: SessionDep, caller: CallerDep, new: ActivityNew, response: Response
) -> Any:
    """Plan an activity, or record one that was held and then complete it (登记活动)."""
    made = await service.plan(session, caller, new)
    response.headers["Location"] = f"/v1/activities/{made}"
    return await _changed(session, caller, made, response)


@router.get("/activities/{activity_id}", response_model=ActivityOut, responses=declare(NotFound))
async def get_activity(on: ReadDep, caller: CallerDep, activity_id: Id, response: Response) -> Any:
    """Show one activity and how many took part (活动详情)."""
    row = await queries.get(on, caller, activity_id)
    tag(response, row.version)
    return row


@router.patch(
    "/activities/{activity_id}",
    response_model=ActivityOut,
    responses=declare(*STEP, Stale, PreconditionRequired, NotHeldHere, NotHeldYet),
)
async def edit_activity(
    session: SessionDep,
    caller: CallerDep,
    activity_id: Id,
    version: IfMatch,
    changes: ActivityEdit,
    response: Response,
) -> Any:
    """Change an activity that was not cancelled (修改活动)."""
    await service.edit(session, caller, activity_id, version, changes)
    return await _changed(session, caller, activity_id, response)


@router.post(
    "/activities/{activity_id}/completions",
    response_model=ActivityOut,
    responses=declare(*STEP, NotHeldYet),
)
async def complete_activity(
    session: SessionDep, caller: CallerDep, activity_id: Id, response: Response
) -> Any:
    """Say that a planned activity was held; from now on it counts (活动完成)."""
    await service.complete(session, caller, activity_id)
    return await _changed(session, caller, activity_id, response)


@router.post(
    "/activities/{activity_id}/cancellations", response_model=ActivityOut, responses=declare(*STEP)
)
async def cancel_activity(
    session: SessionDep,
    caller: CallerDep,
    activity_id: Id,
    new: CancellationNew,
    response: Response,
) -> Any:
    """Cancel an activity; one that was recorded as held counts no more (取消活动)."""
    await service.cancel(session, caller, activity_id, new.reason)
    return await _changed(session, caller, activity_id, response)


async def _changed(
    session: SessionDep, caller: CallerDep, activity_id: Id, response: Response
) -> Any:
    row = await queries.get(session, caller, activity_id)
    tag(response, row.version)
    return row


# ── Who took part


@router.get("/attendances", response_model=Page[AttendanceOut], responses=declare(NotFound))
async def list_attendances(
    on: ReadDep, caller: CallerDep, params: Annotated[AttendanceListParams, Query()]
) -> Any:
    """List who took part in activities whose lists you may read; members see themselves (出勤).

    Of one activity by `activity_id`; all that one member took part in by `member_id`.
    """
    return await queries.find_attendances(on, caller, params)


@router.post(
    "/activities/{activity_id}/attendances",
    response_model=AttendanceBatchOut,
    responses=declare(*STEP, NotHeldYet, AttendanceRefused, AttendanceFull),
)
async def record_attendances(
    session: SessionDep, caller: CallerDep, activity_id: Id, new: AttendanceBatchNew
) -> Any:
    """Put people on an activity's list, all or none; who is on it is changed (批量登记出勤).

    `errors` names each wrong row, from 1: `row`, `field`, `code` and `message`.
    """
    return await service.record_attendances(session, caller, activity_id, new)


async def issue_check_in_code(session: SessionDep, caller: CallerDep, activity_id: Id) -> Any:
    """Make the code that a screen shows on the day, good for two minutes (出示签到码)."""
    return await service.issue_code(session, caller, activity_id)


router.add_api_route(  # nothing is kept: a replayed code would have expired
    "/activities/{activity_id}/check-in-codes",
    issue_check_in_code,
    methods=["POST"],
    route_class_override=KeylessRoute,
    response_model=CheckInCodeOut,
    responses=declare(NotFound, Forbidden, CheckInClosed),
)


@router.post(
    "/check-ins",
    response_model=CheckInOut,
    responses=declare(
        NotAMember, CheckInCodeInvalid, CheckInCodeExpired, CheckInClosed, AttendanceFull
    ),
)
async def check_in(
    request: Request, session: SessionDep, caller: CallerDep, new: CheckInNew
) -> Any:
    """Check in by the code on the screen, as the member who is signed in (扫码签到).

    A second time changes nothing.
    """
    done = await service.check_in(session, caller, new.code)
    if not done["is_new"]:
        is_dry(request)
    return done
