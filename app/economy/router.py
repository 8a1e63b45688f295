"""Villages' collective economy over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.core.caller import Caller
from app.core.db import Executor
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
from app.economy import queries, service
from app.economy.errors import (
    ContractKnown,
    ContractNotOpen,
    IncomeKnown,
    NotAVillage,
    OwnProject,
    ProjectDecided,
)
from app.economy.models import Record, VillageContract, VillageEntry, VillageIncome, VillageProject
from app.economy.schemas import (
    ContractResolutionNew,
    ProjectApprovalNew,
    ProjectRejectionNew,
    VillageContractEdit,
    VillageContractListParams,
    VillageContractNew,
    VillageContractOut,
    VillageEntryEdit,
    VillageEntryListParams,
    VillageEntryNew,
    VillageEntryOut,
    VillageIncomeEdit,
    VillageIncomeListParams,
    VillageIncomeNew,
    VillageIncomeOut,
    VillageProjectEdit,
    VillageProjectListParams,
    VillageProjectNew,
    VillageProjectOut,
)
from app.economy.types import VillageProjectStatus
from app.organizations.errors import NotStanding

router = APIRouter(tags=["economy"], route_class=Route)
ON_NEW = (NotFound, Forbidden, NotAVillage, NotStanding)
ON_EDIT = (NotFound, Forbidden, Stale, PreconditionRequired)
ON_DECISION = declare(NotFound, Forbidden, ProjectDecided, OwnProject)


async def _shown(
    on: Executor, caller: Caller, model: type[Record], record_id: UUID, response: Response
) -> Any:
    row = await queries.get(on, caller, model, record_id)
    tag(response, row.version)
    return row


# ── Contracts


@router.get(
    "/village-contracts", response_model=Page[VillageContractOut], responses=declare(NotFound)
)
async def list_village_contracts(
    on: ReadDep, caller: CallerDep, params: Annotated[VillageContractListParams, Query()]
) -> Any:
    """List the reviewed contracts that you may see (发包合同)."""
    return await queries.find(on, caller, VillageContract, params)


@router.post(
    "/village-contracts",
    response_model=VillageContractOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*ON_NEW, ContractKnown),
)
async def record_village_contract(
    session: SessionDep, caller: CallerDep, new: VillageContractNew, response: Response
) -> Any:
    """Record a contract that was reviewed (登记合同清查)."""
    made = await service.record_contract(session, caller, new)
    response.headers["Location"] = f"/v1/village-contracts/{made}"
    return await _shown(session, caller, VillageContract, made, response)


@router.get(
    "/village-contracts/{contract_id}",
    response_model=VillageContractOut,
    responses=declare(NotFound),
)
async def get_village_contract(
    on: ReadDep, caller: CallerDep, contract_id: Id, response: Response
) -> Any:
    """Show one contract (合同详情)."""
    return await _shown(on, caller, VillageContract, contract_id, response)


@router.patch(
    "/village-contracts/{contract_id}",
    response_model=VillageContractOut,
    responses=declare(*ON_EDIT, ContractNotOpen, ContractKnown),
)
async def edit_village_contract(
    session: SessionDep,
    caller: CallerDep,
    contract_id: Id,
    version: IfMatch,
    changes: VillageContractEdit,
    response: Response,
) -> Any:
    """Change a contract that is not resolved (修改合同清查)."""
    await service.edit_contract(session, caller, contract_id, version, changes)
    return await _shown(session, caller, VillageContract, contract_id, response)


@router.post(
    "/village-contracts/{contract_id}/resolutions",
    response_model=VillageContractOut,
    responses=declare(NotFound, Forbidden, ContractNotOpen),
)
async def resolve_village_contract(
    session: SessionDep,
    caller: CallerDep,
    contract_id: Id,
    new: ContractResolutionNew,
    response: Response,
) -> Any:
    """Say that an irregular contract was put right (清理违规合同)."""
    await service.resolve_contract(session, caller, contract_id, new)
    return await _shown(session, caller, VillageContract, contract_id, response)


# ── Entries


@router.get("/village-entries", response_model=Page[VillageEntryOut], responses=declare(NotFound))
async def list_village_entries(
    on: ReadDep, caller: CallerDep, params: Annotated[VillageEntryListParams, Query()]
) -> Any:
    """List land and money got back and debts settled that you may see (清收化债)."""
    return await queries.find(on, caller, VillageEntry, params)


@router.post(
    "/village-entries",
    response_model=VillageEntryOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*ON_NEW),
)
async def record_village_entry(
    session: SessionDep, caller: CallerDep, new: VillageEntryNew, response: Response
) -> Any:
    """Record land or money got back, or debt settled (登记清收化债)."""
    made = await service.record_entry(session, caller, new)
    response.headers["Location"] = f"/v1/village-entries/{made}"
    return await _shown(session, caller, VillageEntry, made, response)


@router.get(
    "/village-entries/{entry_id}", response_model=VillageEntryOut, responses=declare(NotFound)
)
async def get_village_entry(
    on: ReadDep, caller: CallerDep, entry_id: Id, response: Response
) -> Any:
    """Show one entry (清收化债详情)."""
    return await _shown(on, caller, VillageEntry, entry_id, response)


@router.patch(
    "/village-entries/{entry_id}",
    response_model=VillageEntryOut,
    responses=declare(*ON_EDIT),
)
async def edit_village_entry(
    session: SessionDep,
    caller: CallerDep,
    entry_id: Id,
    version: IfMatch,
    changes: VillageEntryEdit,
    response: Response,
) -> Any:
    """Correct an entry (更正清收化债)."""
    await service.edit_entry(session, caller, entry_id, version, changes)
    return await _shown(session, caller, VillageEntry, entry_id, response)


@router.delete(
    "/village-entries/{entry_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(*ON_EDIT),
)
async def remove_village_entry(
    session: SessionDep, caller: CallerDep, entry_id: Id, version: IfMatch
) -> None:
    """Remove an entry recorded by mistake; the audit keeps it (删除误登的清收化债)."""
    await service.remove_entry(session, caller, entry_id, version)


# ── Projects


@router.get(
    "/village-projects", response_model=Page[VillageProjectOut], responses=declare(NotFound)
)
async def list_village_projects(
    on: ReadDep, caller: CallerDep, params: Annotated[VillageProjectListParams, Query()]
) -> Any:
    """List the applications for supporting funds that you may see (扶持资金项目)."""
    return await queries.find(on, caller, VillageProject, params)


@router.post(
    "/village-projects",
    response_model=VillageProjectOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*ON_NEW),
)
async def record_village_project(
    session: SessionDep, caller: CallerDep, new: VillageProjectNew, response: Response
) -> Any:
    """Record an application for supporting funds (申报扶持资金项目)."""
    made = await service.record_project(session, caller, new)
    response.headers["Location"] = f"/v1/village-projects/{made}"
    return await _shown(session, caller, VillageProject, made, response)


@router.get(
    "/village-projects/{project_id}", response_model=VillageProjectOut, responses=declare(NotFound)
)
async def get_village_project(
    on: ReadDep, caller: CallerDep, project_id: Id, response: Response
) -> Any:
    """Show one application (项目详情)."""
    return await _shown(on, caller, VillageProject, project_id, response)


@router.patch(
    "/village-projects/{project_id}",
    response_model=VillageProjectOut,
    responses=declare(*ON_EDIT, ProjectDecided),
)
async def edit_village_project(
    session: SessionDep,
    caller: CallerDep,
    project_id: Id,
    version: IfMatch,
    changes: VillageProjectEdit,
    response: Response,
) -> Any:
    """Change an application that was not decided on (修改扶持资金项目)."""
    await service.edit_project(session, caller, project_id, version, changes)
    return await _shown(session, caller, VillageProject, project_id, response)


@router.post(
    "/village-projects/{project_id}/approvals",
    response_model=VillageProjectOut,
    responses=ON_DECISION,
)
async def approve_village_project(
    session: SessionDep,
    caller: CallerDep,
    project_id: Id,
    new: ProjectApprovalNew,
    response: Response,
) -> Any:
    """Approve an application from above; not who recorded it (批准项目)."""
    state = VillageProjectStatus.APPROVED
    await service.decide_project(session, caller, project_id, state, new)
    return await _shown(session, caller, VillageProject, project_id, response)


@router.post(
    "/village-projects/{project_id}/rejections",
    response_model=VillageProjectOut,
    responses=ON_DECISION,
)
async def reject_village_project(
    session: SessionDep,
    caller: CallerDep,
    project_id: Id,
    new: ProjectRejectionNew,
    response: Response,
) -> Any:
    """Reject an application from above; not who recorded it (项目未获批)."""
    state = VillageProjectStatus.REJECTED
    await service.decide_project(session, caller, project_id, state, new)
    return await _shown(session, caller, VillageProject, project_id, response)


# ── Incomes


@router.get("/village-incomes", response_model=Page[VillageIncomeOut], responses=declare(NotFound))
async def list_village_incomes(
    on: ReadDep, caller: CallerDep, params: Annotated[VillageIncomeListParams, Query()]
) -> Any:
    """List the villages' yearly incomes that you may see (村集体收入)."""
    return await queries.find(on, caller, VillageIncome, params)


@router.post(
    "/village-incomes",
    response_model=VillageIncomeOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*ON_NEW, IncomeKnown),
)
async def record_village_income(
    session: SessionDep, caller: CallerDep, new: VillageIncomeNew, response: Response
) -> Any:
    """Record a village's income of a year that has ended (登记村集体收入)."""
    made = await service.record_income(session, caller, new)
    response.headers["Location"] = f"/v1/village-incomes/{made}"
    return await _shown(session, caller, VillageIncome, made, response)


@router.get(
    "/village-incomes/{income_id}", response_model=VillageIncomeOut, responses=declare(NotFound)
)
async def get_village_income(
    on: ReadDep, caller: CallerDep, income_id: Id, response: Response
) -> Any:
    """Show one income (村集体收入详情)."""
    return await _shown(on, caller, VillageIncome, income_id, response)


@router.patch(
    "/village-incomes/{income_id}",
    response_model=VillageIncomeOut,
    responses=declare(*ON_EDIT),
)
async def edit_village_income(
    session: SessionDep,
    caller: CallerDep,
    income_id: Id,
    version: IfMatch,
    changes: VillageIncomeEdit,
    response: Response,
) -> Any:
    """Correct an income (更正村集体收入)."""
    await service.edit_income(session, caller, income_id, version, changes)
    return await _shown(session, caller, VillageIncome, income_id, response)
