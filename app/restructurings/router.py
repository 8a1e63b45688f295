"""Restructurings over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep, tag
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import (
    KindNotAllowed,
    NameTaken,
    NotEmpty,
    NotStanding,
    RootStays,
    TreeTooDeep,
)
from app.probations.errors import AdmissionsLeft
from app.restructurings import queries, service
from app.restructurings.errors import (
    FindingLeavesChoice,
    NoSuchFinding,
    NotYetInForce,
    Overtaken,
    OwnRestructuring,
    RestructuringOutOfOrder,
)
from app.restructurings.schemas import (
    ApplicationNew,
    RestructuringApprovalNew,
    RestructuringDetail,
    RestructuringListParams,
    RestructuringNew,
    RestructuringOut,
    RestructuringReason,
    RestructuringReversalNew,
    SimulationOut,
    StepOn,
)
from app.simulations.errors import (
    BallotRunning,
    ChangedLater,
    MembersLeftOver,
    NotAmongThem,
    NothingChanges,
    OutsideTheStreet,
    WouldCycle,
)

IMPOSSIBLE = (
    KindNotAllowed,
    NameTaken,
    NotEmpty,
    NotStanding,
    RootStays,
    TreeTooDeep,
    MembersLeftOver,
    NotAmongThem,
    NothingChanges,
    OutsideTheStreet,
    WouldCycle,
)
STEP = (NotFound, Forbidden, RestructuringOutOfOrder)
FROM_ABOVE = (*STEP, OwnRestructuring)
router = APIRouter(prefix="/restructurings", tags=["restructurings"], route_class=Route)


@router.get("", response_model=Page[RestructuringOut], responses=declare(NotFound))
async def list_restructurings(
    on: ReadDep, caller: CallerDep, params: Annotated[RestructuringListParams, Query()]
) -> Rows[Any]:
    """List the restructurings that you may see (组织调整)."""
    return await queries.find(on, caller, params)


@router.post(
    "",
    response_model=RestructuringDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, NoSuchFinding, FindingLeavesChoice, *IMPOSSIBLE),
)
async def propose_restructuring(
    session: SessionDep, caller: CallerDep, new: RestructuringNew, response: Response
) -> Any:
    """Propose a restructuring, by hand or from a finding (提出组织调整)."""
    made = await service.propose(session, caller, new)
    response.headers["Location"] = f"/v1/restructurings/{made}"
    return await _changed(session, caller, made, response)


async def _changed(session: SessionDep, caller: CallerDep, changed: Id, response: Response) -> Any:
    row = await queries.get(session, caller, changed)
    tag(response, row.version)
    return queries.detail(row)


@router.get("/{restructuring_id}", response_model=RestructuringDetail, responses=declare(NotFound))
async def get_restructuring(
    on: ReadDep, caller: CallerDep, restructuring_id: Id, response: Response
) -> Any:
    """Show a restructuring, what it changes and all that happened to it (组织调整详情)."""
    row = await queries.get(on, caller, restructuring_id)
    tag(response, row.version)
    return queries.detail(row)


@router.get(
    "/{restructuring_id}/simulation",
    response_model=SimulationOut,
    responses=declare(NotFound, RestructuringOutOfOrder, *IMPOSSIBLE),
)
async def simulate_restructuring(on: ReadDep, caller: CallerDep, restructuring_id: Id) -> Any:
    """Show what a restructuring would do to the tree as it stands now (调整推演)."""
    return await queries.simulate(on, caller, restructuring_id)


@router.post(
    "/{restructuring_id}/submissions",
    response_model=RestructuringDetail,
    responses=declare(*STEP),
)
async def submit_restructuring(
    session: SessionDep, caller: CallerDep, restructuring_id: Id, new: StepOn, response: Response
) -> Any:
    """Submit a draft to the level above all that it changes (上报组织调整)."""
    await service.submit(session, caller, restructuring_id, new)
    return await _changed(session, caller, restructuring_id, response)


@router.post(
    "/{restructuring_id}/approvals",
    response_model=RestructuringDetail,
    responses=declare(*FROM_ABOVE, *IMPOSSIBLE),
)
async def approve_restructuring(
    session: SessionDep,
    caller: CallerDep,
    restructuring_id: Id,
    new: RestructuringApprovalNew,
    response: Response,
) -> Any:
    """Approve from above what others proposed, with the decision's number (批准组织调整)."""
    await service.approve(session, caller, restructuring_id, new)
    return await _changed(session, caller, restructuring_id, response)


@router.post(
    "/{restructuring_id}/rejections",
    response_model=RestructuringDetail,
    responses=declare(*FROM_ABOVE),
)
async def reject_restructuring(
    session: SessionDep,
    caller: CallerDep,
    restructuring_id: Id,
    new: RestructuringReason,
    response: Response,
) -> Any:
    """Reject from above what was submitted (不予批准组织调整)."""
    await service.reject(session, caller, restructuring_id, new.reason)
    return await _changed(session, caller, restructuring_id, response)


@router.post(
    "/{restructuring_id}/withdrawals",
    response_model=RestructuringDetail,
    responses=declare(*STEP),
)
async def withdraw_restructuring(
    session: SessionDep,
    caller: CallerDep,
    restructuring_id: Id,
    new: RestructuringReason,
    response: Response,
) -> Any:
    """Withdraw what is not applied yet (撤回组织调整)."""
    await service.withdraw(session, caller, restructuring_id, new.reason)
    return await _changed(session, caller, restructuring_id, response)


@router.post(
    "/{restructuring_id}/applications",
    response_model=RestructuringDetail,
    responses=declare(
        *STEP, NotYetInForce, Overtaken, ChangedLater, BallotRunning, AdmissionsLeft, *IMPOSSIBLE
    ),
)
async def apply_restructuring(
    session: SessionDep,
    caller: CallerDep,
    restructuring_id: Id,
    new: ApplicationNew,
    response: Response,
) -> Any:
    """Apply an approved decision, all of it or nothing, once its day has come (执行组织调整)."""
    await service.apply(session, caller, restructuring_id, new)
    return await _changed(session, caller, restructuring_id, response)


@router.post(
    "/{restructuring_id}/reversals",
    response_model=RestructuringDetail,
    responses=declare(*FROM_ABOVE, ChangedLater),
)
async def reverse_restructuring(
    session: SessionDep,
    caller: CallerDep,
    restructuring_id: Id,
    new: RestructuringReversalNew,
    response: Response,
) -> Any:
    """Take back exactly what was applied, while nothing later touches it (撤回执行组织调整)."""
    await service.reverse(session, caller, restructuring_id, new)
    return await _changed(session, caller, restructuring_id, response)
