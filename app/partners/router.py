"""Units, agreements, coverages and problems over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import (
    CallerDep,
    IfMatch,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    tag,
)
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding
from app.partners import queries, service
from app.partners.errors import (
    AlreadyCovered,
    CannotInstruct,
    NotNewSector,
    NotReporter,
    OwnProblem,
    ProblemOutOfOrder,
    UnitClosed,
)
from app.partners.schemas import (
    CoBuildingAgreementEdit,
    CoBuildingAgreementListParams,
    CoBuildingAgreementNew,
    CoBuildingAgreementOut,
    PartnerUnitEdit,
    PartnerUnitListParams,
    PartnerUnitNew,
    PartnerUnitOut,
    ReturnNew,
    SolutionNew,
    UnitCoverageEdit,
    UnitCoverageListParams,
    UnitCoverageNew,
    UnitCoverageOut,
    UnitProblemListParams,
    UnitProblemNew,
    UnitProblemOut,
)

router = APIRouter(tags=["partners"], route_class=Route)
ON_EDIT = NotFound, Forbidden, Stale, PreconditionRequired
ON_PROBLEM = NotFound, Forbidden, ProblemOutOfOrder
MADE = status.HTTP_201_CREATED
Get = Callable[[Any, Any, Any], Awaitable[Any]]


async def _shown(on: Any, caller: CallerDep, get: Get, row_id: Any, response: Response) -> Any:
    row = await get(on, caller, row_id)
    tag(response, row.version)
    return row


# ── Units


@router.get("/partner-units", response_model=Page[PartnerUnitOut], responses=declare(NotFound))
async def list_partner_units(
    on: ReadDep, caller: CallerDep, params: Annotated[PartnerUnitListParams, Query()]
) -> Any:
    """List the units that you may see: resident units and 两新 units (驻区单位、两新组织)."""
    return await queries.find_units(on, caller, params)


@router.post(
    "/partner-units",
    response_model=PartnerUnitOut,
    status_code=MADE,
    responses=declare(NotFound, Forbidden, NotStanding),
)
async def record_partner_unit(
    session: SessionDep, caller: CallerDep, new: PartnerUnitNew, response: Response
) -> Any:
    """Record a unit that an organisation looks after (登记单位)."""
    made = await service.record_unit(session, caller, new)
    response.headers["Location"] = f"/v1/partner-units/{made}"
    return await _shown(session, caller, queries.get_unit, made, response)


@router.get("/partner-units/{unit_id}", response_model=PartnerUnitOut, responses=declare(NotFound))
async def get_partner_unit(on: ReadDep, caller: CallerDep, unit_id: Id, response: Response) -> Any:
    """Show one unit (单位详情)."""
    return await _shown(on, caller, queries.get_unit, unit_id, response)


@router.patch(
    "/partner-units/{unit_id}", response_model=PartnerUnitOut, responses=declare(*ON_EDIT)
)
async def edit_partner_unit(
    session: SessionDep,
    caller: CallerDep,
    unit_id: Id,
    version: IfMatch,
    changes: PartnerUnitEdit,
    response: Response,
) -> Any:
    """Change a unit, or say from when on it is closed (修改单位)."""
    await service.edit_unit(session, caller, unit_id, version, changes)
    return await _shown(session, caller, queries.get_unit, unit_id, response)


# ── Agreements


@router.get(
    "/co-building-agreements",
    response_model=Page[CoBuildingAgreementOut],
    responses=declare(NotFound),
)
async def list_co_building_agreements(
    on: ReadDep, caller: CallerDep, params: Annotated[CoBuildingAgreementListParams, Query()]
) -> Any:
    """List the agreements that organisations in your sight signed (共建协议)."""
    return await queries.find_agreements(on, caller, params)


@router.post(
    "/co-building-agreements",
    response_model=CoBuildingAgreementOut,
    status_code=MADE,
    responses=declare(NotFound, Forbidden, NotStanding, UnitClosed),
)
async def sign_co_building_agreement(
    session: SessionDep, caller: CallerDep, new: CoBuildingAgreementNew, response: Response
) -> Any:
    """Record an agreement of a unit and an organisation (登记共建协议)."""
    made = await service.sign(session, caller, new)
    response.headers["Location"] = f"/v1/co-building-agreements/{made}"
    return await _shown(session, caller, queries.get_agreement, made, response)


@router.get(
    "/co-building-agreements/{agreement_id}",
    response_model=CoBuildingAgreementOut,
    responses=declare(NotFound),
)
async def get_co_building_agreement(
    on: ReadDep, caller: CallerDep, agreement_id: Id, response: Response
) -> Any:
    """Show one agreement (共建协议详情)."""
    return await _shown(on, caller, queries.get_agreement, agreement_id, response)


@router.patch(
    "/co-building-agreements/{agreement_id}",
    response_model=CoBuildingAgreementOut,
    responses=declare(*ON_EDIT),
)
async def edit_co_building_agreement(
    session: SessionDep,
    caller: CallerDep,
    agreement_id: Id,
    version: IfMatch,
    changes: CoBuildingAgreementEdit,
    response: Response,
) -> Any:
    """Change an agreement, or say from when on it holds no longer (修改或终止共建协议)."""
    await service.edit_agreement(session, caller, agreement_id, version, changes)
    return await _shown(session, caller, queries.get_agreement, agreement_id, response)


# ── Coverage


@router.get("/unit-coverages", response_model=Page[UnitCoverageOut], responses=declare(NotFound))
async def list_unit_coverages(
    on: ReadDep, caller: CallerDep, params: Annotated[UnitCoverageListParams, Query()]
) -> Any:
    """List what covers the 两新 units in your sight, and who instructs them (两新覆盖)."""
    return await queries.find_coverages(on, caller, params)


@router.post(
    "/unit-coverages",
    response_model=UnitCoverageOut,
    status_code=MADE,
    responses=declare(
        NotFound, Forbidden, NotNewSector, NotStanding, CannotInstruct, AlreadyCovered
    ),
)
async def record_unit_coverage(
    session: SessionDep, caller: CallerDep, new: UnitCoverageNew, response: Response
) -> Any:
    """Record what covers a 两新 unit, or send it an instructor (登记覆盖、下派党建指导员)."""
    made = await service.cover(session, caller, new)
    response.headers["Location"] = f"/v1/unit-coverages/{made}"
    return await _shown(session, caller, queries.get_coverage, made, response)


@router.get(
    "/unit-coverages/{coverage_id}", response_model=UnitCoverageOut, responses=declare(NotFound)
)
async def get_unit_coverage(
    on: ReadDep, caller: CallerDep, coverage_id: Id, response: Response
) -> Any:
    """Show one coverage (覆盖详情)."""
    return await _shown(on, caller, queries.get_coverage, coverage_id, response)


@router.patch(
    "/unit-coverages/{coverage_id}",
    response_model=UnitCoverageOut,
    responses=declare(*ON_EDIT, AlreadyCovered),
)
async def edit_unit_coverage(
    session: SessionDep,
    caller: CallerDep,
    coverage_id: Id,
    version: IfMatch,
    changes: UnitCoverageEdit,
    response: Response,
) -> Any:
    """Change the days of a coverage, or say from when on it covers no longer (修改或终止覆盖)."""
    await service.edit_coverage(session, caller, coverage_id, version, changes)
    return await _shown(session, caller, queries.get_coverage, coverage_id, response)


# ── Problems


@router.get("/unit-problems", response_model=Page[UnitProblemOut], responses=declare(NotFound))
async def list_unit_problems(
    on: ReadDep, caller: CallerDep, params: Annotated[UnitProblemListParams, Query()]
) -> Any:
    """List the problems of the 两新 units in your sight (两新问题)."""
    return await queries.find_problems(on, caller, params)


@router.post(
    "/unit-problems",
    response_model=UnitProblemOut,
    status_code=MADE,
    responses=declare(NotFound, Forbidden, NotNewSector, UnitClosed),
)
async def report_unit_problem(
    session: SessionDep, caller: CallerDep, new: UnitProblemNew, response: Response
) -> Any:
    """Report a problem of a 两新 unit (反映问题)."""
    made = await service.report(session, caller, new)
    response.headers["Location"] = f"/v1/unit-problems/{made}"
    return await _shown(session, caller, queries.get_problem, made, response)


@router.get(
    "/unit-problems/{problem_id}", response_model=UnitProblemOut, responses=declare(NotFound)
)
async def get_unit_problem(
    on: ReadDep, caller: CallerDep, problem_id: Id, response: Response
) -> Any:
    """Show one problem (问题详情)."""
    return await _shown(on, caller, queries.get_problem, problem_id, response)


@router.post(
    "/unit-problems/{problem_id}/solutions",
    response_model=UnitProblemOut,
    responses=declare(*ON_PROBLEM, OwnProblem),
)
async def solve_unit_problem(
    session: SessionDep, caller: CallerDep, problem_id: Id, how: SolutionNew, response: Response
) -> Any:
    """Say how a problem was solved; its reporter did not solve it (解决问题)."""
    await service.solve(session, caller, problem_id, how.solution)
    return await _shown(session, caller, queries.get_problem, problem_id, response)


@router.post(
    "/unit-problems/{problem_id}/confirmations",
    response_model=UnitProblemOut,
    responses=declare(*ON_PROBLEM, NotReporter),
)
async def confirm_unit_problem(
    session: SessionDep, caller: CallerDep, problem_id: Id, response: Response
) -> Any:
    """Confirm, as who reported it, that a problem is solved (反映人确认)."""
    await service.confirm(session, caller, problem_id)
    return await _shown(session, caller, queries.get_problem, problem_id, response)


@router.post(
    "/unit-problems/{problem_id}/returns",
    response_model=UnitProblemOut,
    responses=declare(*ON_PROBLEM, NotReporter),
)
async def return_unit_problem(
    session: SessionDep, caller: CallerDep, problem_id: Id, why: ReturnNew, response: Response
) -> Any:
    """Say, as who reported it, that a problem is not solved: it is open again (反映人退回)."""
    await service.send_back(session, caller, problem_id, why.reason)
    return await _shown(session, caller, queries.get_problem, problem_id, response)
