"""Admissions over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.admission_rules.errors import AdmissionRefused, VotesContradict
from app.admissions import queries, service
from app.admissions.errors import (
    AdmissionClosed,
    AdmissionOutOfOrder,
    AdmissionPaperMissing,
    CannotAdmit,
    OwnAdmissionStep,
)
from app.admissions.schemas import (
    AdmissionApprovalNew,
    AdmissionDetail,
    AdmissionDueOut,
    AdmissionEdit,
    AdmissionExtensionNew,
    AdmissionListParams,
    AdmissionNew,
    AdmissionOut,
    AdmissionReturnNew,
    AdmissionStepNew,
    AdmissionTerminationNew,
    DueListParams,
)
from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import CallerDep, IfMatch, PreconditionRequired, ReadDep, Route, SessionDep, tag
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.members.errors import MemberExists, NotProbationary
from app.organizations.errors import NotStanding

STEP = (NotFound, Forbidden, AdmissionClosed, AdmissionOutOfOrder)
router = APIRouter(prefix="/admissions", tags=["admissions"], route_class=Route)


@router.get("", response_model=Page[AdmissionOut], responses=declare(NotFound))
async def list_admissions(
    on: ReadDep, caller: CallerDep, params: Annotated[AdmissionListParams, Query()]
) -> Rows[Any]:
    """List the applicants, activists, targets and probationers whom you may see (发展党员)."""
    return await queries.find(on, caller, params)


@router.post(
    "",
    response_model=AdmissionDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        NotFound,
        Forbidden,
        CannotAdmit,
        NotStanding,
        AdmissionRefused,
        AdmissionPaperMissing,
        MemberExists,
    ),
)
async def record_admission(
    session: SessionDep, caller: CallerDep, new: AdmissionNew, response: Response
) -> Any:
    """Record an application to join the Party at a branch (登记入党申请)."""
    made = await service.apply(session, caller, new)
    response.headers["Location"] = f"/v1/admissions/{made}"
    return await _changed(session, caller, made, response)


@router.get("/due", response_model=Page[AdmissionDueOut], responses=declare(NotFound))
async def list_admissions_due(
    on: ReadDep, caller: CallerDep, params: Annotated[DueListParams, Query()]
) -> Rows[Any]:
    """List what is due in admissions, overdue first (发展党员到期提醒).

    Talks, half-yearly checks, decisions of committees, and probations that end.
    """
    return await queries.find_due(on, caller, params)


@router.get("/{admission_id}", response_model=AdmissionDetail, responses=declare(NotFound))
async def get_admission(
    on: ReadDep, caller: CallerDep, admission_id: Id, response: Response
) -> Any:
    """Show an admission, its steps, and what comes next (发展党员详情)."""
    shown = await queries.show(on, caller, admission_id)
    tag(response, shown["version"])
    return shown


@router.patch(
    "/{admission_id}",
    response_model=AdmissionDetail,
    responses=declare(*STEP, Stale, PreconditionRequired),
)
async def edit_admission(
    session: SessionDep,
    caller: CallerDep,
    admission_id: Id,
    version: IfMatch,
    changes: AdmissionEdit,
    response: Response,
) -> Any:
    """Correct the name, education or telephone of an applicant (更正申请人信息).

    From step 17 on the member is corrected instead.
    """
    await service.edit(session, caller, admission_id, version, changes)
    return await _changed(session, caller, admission_id, response)


@router.post(
    "/{admission_id}/steps",
    response_model=AdmissionDetail,
    responses=declare(*STEP, AdmissionRefused, AdmissionPaperMissing, NotStanding, VotesContradict),
)
async def record_admission_step(
    session: SessionDep,
    caller: CallerDep,
    admission_id: Id,
    new: AdmissionStepNew,
    response: Response,
) -> Any:
    """Record the next of the 25 steps; a refusal names the article (登记发展环节).

    Steps 4, 8, 13, 17, 18 and 24 then wait for the level above.
    """
    await service.record(session, caller, admission_id, new)
    return await _changed(session, caller, admission_id, response)


@router.post(
    "/{admission_id}/approvals",
    response_model=AdmissionDetail,
    responses=declare(
        *STEP,
        OwnAdmissionStep,
        AdmissionRefused,
        CannotAdmit,
        NotStanding,
        MemberExists,
        NotProbationary,
    ),
)
async def approve_admission_step(
    session: SessionDep,
    caller: CallerDep,
    admission_id: Id,
    new: AdmissionApprovalNew,
    response: Response,
) -> Any:
    """Decide, from the level above, on the step that waits (审批发展环节).

    Step 17 records a probationary member, step 24 makes them full.
    """
    await service.approve(session, caller, admission_id, new)
    return await _changed(session, caller, admission_id, response)


@router.post("/{admission_id}/returns", response_model=AdmissionDetail, responses=declare(*STEP))
async def return_admission_steps(
    session: SessionDep,
    caller: CallerDep,
    admission_id: Id,
    new: AdmissionReturnNew,
    response: Response,
) -> Any:
    """Send steps back from the level above, to be taken again (退回重办)."""
    await service.send_back(session, caller, admission_id, new)
    return await _changed(session, caller, admission_id, response)


@router.post(
    "/{admission_id}/extensions",
    response_model=AdmissionDetail,
    responses=declare(*STEP, OwnAdmissionStep, AdmissionRefused),
)
async def extend_probation(
    session: SessionDep,
    caller: CallerDep,
    admission_id: Id,
    new: AdmissionExtensionNew,
    response: Response,
) -> Any:
    """Extend a probation once, by six to twelve months (延长预备期)."""
    await service.extend(session, caller, admission_id, new)
    return await _changed(session, caller, admission_id, response)


@router.post(
    "/{admission_id}/terminations",
    response_model=AdmissionDetail,
    responses=declare(*STEP, OwnAdmissionStep, NotProbationary),
)
async def terminate_admission(
    session: SessionDep,
    caller: CallerDep,
    admission_id: Id,
    why: AdmissionTerminationNew,
    response: Response,
) -> Any:
    """End an admission; of a probationer, the committee cancels the probation (终止发展)."""
    await service.terminate(session, caller, admission_id, why.reason)
    return await _changed(session, caller, admission_id, response)


async def _changed(
    session: SessionDep, caller: CallerDep, admission_id: Id, response: Response
) -> Any:
    shown = await queries.show(session, caller, admission_id)
    tag(response, shown["version"])
    return shown
