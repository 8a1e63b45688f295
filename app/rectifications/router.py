"""Rectifications over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import CallerDep, IfMatch, PreconditionRequired, ReadDep, Route, SessionDep, tag
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding
from app.rectifications import logic, queries, service
from app.rectifications.errors import (
    AlreadyCancelled,
    CannotRectify,
    CaseOpen,
    CaseOutOfOrder,
    GuarantorsMissing,
    MeasuresUnfinished,
    OwnReport,
    TaskListed,
    TaskOnList,
)
from app.rectifications.schemas import (
    AcceptanceNew,
    BurdenCheckNew,
    BurdenCheckOut,
    BurdenItemListParams,
    BurdenItemNew,
    BurdenItemOut,
    CancellationNew,
    CaseEdit,
    CaseListParams,
    CaseNew,
    CaseOut,
    CriteriaOut,
    MeasureNew,
    ProgressNew,
    ReturnNew,
)

router = APIRouter(tags=["rectifications"], route_class=Route)
STEP = (NotFound, Forbidden, CaseOutOfOrder)
CREATED = status.HTTP_201_CREATED


@router.get("/rectification-criteria", response_model=CriteriaOut)
async def get_rectification_criteria() -> Any:
    """Show why an organisation counts as weak and lax (软弱涣散情形)."""
    return queries.pack()


@router.get("/rectification-cases", response_model=Page[CaseOut], responses=declare(NotFound))
async def list_rectification_cases(
    on: ReadDep, caller: CallerDep, params: Annotated[CaseListParams, Query()]
) -> Any:
    """List the cases of rectification that you may see (整顿台账)."""
    found = await queries.find(on, caller, params)
    return Rows([_told(row) for row in found.items], found.next)


@router.post(
    "/rectification-cases",
    response_model=CaseOut,
    status_code=CREATED,
    responses=declare(NotFound, Forbidden, CannotRectify, NotStanding, CaseOpen),
)
async def open_rectification_case(
    session: SessionDep, caller: CallerDep, new: CaseNew, response: Response
) -> Any:
    """Open a case of a weak organisation (立项整顿)."""
    made = await service.open_case(session, caller, new)
    response.headers["Location"] = f"/v1/rectification-cases/{made}"
    return await _shown(session, caller, made, response)


@router.get("/rectification-cases/{case_id}", response_model=CaseOut, responses=declare(NotFound))
async def get_rectification_case(
    on: ReadDep, caller: CallerDep, case_id: Id, response: Response
) -> Any:
    """Show a case: who is responsible, what is done, how far it has come (整顿详情)."""
    return await _shown(on, caller, case_id, response)


@router.patch(
    "/rectification-cases/{case_id}",
    response_model=CaseOut,
    responses=declare(*STEP, Stale, PreconditionRequired),
)
async def edit_rectification_case(
    session: SessionDep,
    caller: CallerDep,
    case_id: Id,
    version: IfMatch,
    changes: CaseEdit,
    response: Response,
) -> Any:
    """Change the reason, or who is responsible on the three levels (落实三级包保)."""
    await service.edit(session, caller, case_id, version, changes)
    return await _shown(session, caller, case_id, response)


@router.post(
    "/rectification-cases/{case_id}/measures",
    response_model=CaseOut,
    responses=declare(*STEP),
)
async def add_rectification_measure(
    session: SessionDep, caller: CallerDep, case_id: Id, new: MeasureNew, response: Response
) -> Any:
    """Add a measure to an open case (制定整顿措施)."""
    await service.add_measure(session, caller, case_id, new)
    return await _shown(session, caller, case_id, response)


@router.post(
    "/rectification-cases/{case_id}/measures/{measure_id}/progress",
    response_model=CaseOut,
    responses=declare(*STEP),
)
async def note_rectification_progress(
    session: SessionDep,
    caller: CallerDep,
    case_id: Id,
    measure_id: Id,
    new: ProgressNew,
    response: Response,
) -> Any:
    """Note how far a measure has come (登记整顿进度)."""
    await service.progress(session, caller, case_id, measure_id, new)
    return await _shown(session, caller, case_id, response)


@router.post(
    "/rectification-cases/{case_id}/reports",
    response_model=CaseOut,
    responses=declare(*STEP, MeasuresUnfinished),
)
async def report_rectification(
    session: SessionDep, caller: CallerDep, case_id: Id, response: Response
) -> Any:
    """Report that a case is done: every measure is finished (报告整顿完成)."""
    await service.report(session, caller, case_id)
    return await _shown(session, caller, case_id, response)


@router.post(
    "/rectification-cases/{case_id}/acceptances",
    response_model=CaseOut,
    responses=declare(*STEP, OwnReport, GuarantorsMissing),
)
async def accept_rectification(
    session: SessionDep, caller: CallerDep, case_id: Id, new: AcceptanceNew, response: Response
) -> Any:
    """Accept and close a case, from the level above (验收销号)."""
    await service.accept(session, caller, case_id, new)
    return await _shown(session, caller, case_id, response)


@router.post(
    "/rectification-cases/{case_id}/returns",
    response_model=CaseOut,
    responses=declare(*STEP, OwnReport),
)
async def return_rectification(
    session: SessionDep, caller: CallerDep, case_id: Id, why: ReturnNew, response: Response
) -> Any:
    """Return a reported case from the level above; it is open again (退回整顿)."""
    await service.send_back(session, caller, case_id, why.reason)
    return await _shown(session, caller, case_id, response)


@router.get("/burden-items", response_model=Page[BurdenItemOut])
async def list_burden_items(
    on: ReadDep, caller: CallerDep, params: Annotated[BurdenItemListParams, Query()]
) -> Any:
    """List the tasks of streets and communities, and those cancelled (减负事项清单)."""
    return await queries.find_items(on, caller, params)


@router.post(
    "/burden-items",
    response_model=BurdenItemOut,
    status_code=CREATED,
    responses=declare(NotFound, Forbidden, TaskOnList, TaskListed),
)
async def list_new_burden_item(session: SessionDep, caller: CallerDep, new: BurdenItemNew) -> Any:
    """Lay a task on streets and communities; one that was cancelled is refused (事项准入)."""
    made = await service.list_item(session, caller, new)
    return await queries.get_item(session, caller, made)


@router.post(
    "/burden-items/{item_id}/cancellations",
    response_model=BurdenItemOut,
    responses=declare(NotFound, Forbidden, AlreadyCancelled),
)
async def cancel_burden_item(
    session: SessionDep, caller: CallerDep, item_id: Id, new: CancellationNew
) -> Any:
    """Take a task off streets and communities (取消事项)."""
    await service.cancel_item(session, caller, item_id, new)
    return await queries.get_item(session, caller, item_id)


@router.post("/burden-checks", response_model=BurdenCheckOut, responses=declare(NotFound))
async def check_burden(on: ReadDep, caller: CallerDep, new: BurdenCheckNew) -> Any:
    """Check a task against the cancelled ones; nothing is stored (准入检查)."""
    found, matches = await service.check(on, caller, new)
    return BurdenCheckOut(verdict=found, matches=matches)


def _told(row: Any) -> dict[str, Any]:
    told = {k: v for k, v in row._asdict().items() if k != "path"}
    levels = {g["level"] for g in told["guarantors"]}
    return told | {"missing_levels": logic.missing(levels)}


async def _shown(on: Any, caller: CallerDep, case_id: Id, response: Response) -> dict[str, Any]:
    row = await queries.get(on, caller, case_id)
    tag(response, row.version)
    return _told(row)
