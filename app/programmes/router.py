"""Programmes and documents over HTTP."""

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
from app.programmes import queries, service
from app.programmes.errors import (
    DocumentRecorded,
    DocumentRepealed,
    NotAStreet,
    ProgrammeOver,
    ProgrammeRecorded,
)
from app.programmes.models import Document, Programme
from app.programmes.schemas import (
    DocumentEdit,
    DocumentListParams,
    DocumentNew,
    DocumentOut,
    EndingNew,
    ProgrammeEdit,
    ProgrammeListParams,
    ProgrammeNew,
    ProgrammeOut,
    RepealNew,
)

router = APIRouter(tags=["programmes"], route_class=Route)
MADE = status.HTTP_201_CREATED
ON_EDIT = (NotFound, Forbidden, Stale, PreconditionRequired)


# ── Programmes


@router.get("/programmes", response_model=Page[ProgrammeOut], responses=declare(NotFound))
async def list_programmes(
    on: ReadDep, caller: CallerDep, params: Annotated[ProgrammeListParams, Query()]
) -> Any:
    """List the plans, projects and pilots of your subtree and of what is above it (工作项目)."""
    return await queries.find_programmes(on, caller, params)


@router.post(
    "/programmes",
    response_model=ProgrammeOut,
    status_code=MADE,
    responses=declare(NotFound, Forbidden, NotStanding, ProgrammeRecorded),
)
async def record_programme(
    session: SessionDep, caller: CallerDep, new: ProgrammeNew, response: Response
) -> Any:
    """Record a plan, an area of one, a project or a pilot (登记工作项目)."""
    made = await service.record_programme(session, caller, new)
    response.headers["Location"] = f"/v1/programmes/{made}"
    return await _programme(session, caller, made, response)


@router.get("/programmes/{programme_id}", response_model=ProgrammeOut, responses=declare(NotFound))
async def get_programme(
    on: ReadDep, caller: CallerDep, programme_id: Id, response: Response
) -> Any:
    """Show one programme (工作项目详情)."""
    row = await queries.get(on, caller, Programme, programme_id)
    tag(response, row.version)
    return row


@router.patch(
    "/programmes/{programme_id}",
    response_model=ProgrammeOut,
    responses=declare(*ON_EDIT, ProgrammeRecorded),
)
async def edit_programme(
    session: SessionDep,
    caller: CallerDep,
    programme_id: Id,
    version: IfMatch,
    changes: ProgrammeEdit,
    response: Response,
) -> Any:
    """Correct a programme's name, plan or first day (修改工作项目)."""
    await service.edit_programme(session, caller, programme_id, version, changes)
    return await _programme(session, caller, programme_id, response)


@router.post(
    "/programmes/{programme_id}/endings",
    response_model=ProgrammeOut,
    responses=declare(NotFound, Forbidden, ProgrammeOver, ProgrammeRecorded),
)
async def end_programme(
    session: SessionDep, caller: CallerDep, programme_id: Id, new: EndingNew, response: Response
) -> Any:
    """Set the last day of a programme that is not over yet (结束工作项目)."""
    await service.end_programme(session, caller, programme_id, new)
    return await _programme(session, caller, programme_id, response)


async def _programme(
    session: SessionDep, caller: CallerDep, programme_id: Id, response: Response
) -> Any:
    row = await queries.get(session, caller, Programme, programme_id)
    tag(response, row.version)
    return row


# ── Documents


@router.get("/documents", response_model=Page[DocumentOut], responses=declare(NotFound))
async def list_documents(
    on: ReadDep, caller: CallerDep, params: Annotated[DocumentListParams, Query()]
) -> Any:
    """List the documents that hold in your subtree, those issued above with them (文件)."""
    return await queries.find_documents(on, caller, params)


@router.post(
    "/documents",
    response_model=DocumentOut,
    status_code=MADE,
    responses=declare(NotFound, Forbidden, NotStanding, NotAStreet, DocumentRecorded),
)
async def record_document(
    session: SessionDep, caller: CallerDep, new: DocumentNew, response: Response
) -> Any:
    """Record a scheme, regulation, handbook or decision; its link is never fetched (登记文件)."""
    made = await service.record_document(session, caller, new)
    response.headers["Location"] = f"/v1/documents/{made}"
    return await _document(session, caller, made, response)


@router.get("/documents/{document_id}", response_model=DocumentOut, responses=declare(NotFound))
async def get_document(on: ReadDep, caller: CallerDep, document_id: Id, response: Response) -> Any:
    """Show one document (文件详情)."""
    row = await queries.get(on, caller, Document, document_id)
    tag(response, row.version)
    return row


@router.patch(
    "/documents/{document_id}",
    response_model=DocumentOut,
    responses=declare(*ON_EDIT, DocumentRecorded),
)
async def edit_document(
    session: SessionDep,
    caller: CallerDep,
    document_id: Id,
    version: IfMatch,
    changes: DocumentEdit,
    response: Response,
) -> Any:
    """Correct what is recorded of a document (修改文件登记)."""
    await service.edit_document(session, caller, document_id, version, changes)
    return await _document(session, caller, document_id, response)


@router.post(
    "/documents/{document_id}/repeals",
    response_model=DocumentOut,
    responses=declare(NotFound, Forbidden, DocumentRepealed),
)
async def repeal_document(
    session: SessionDep, caller: CallerDep, document_id: Id, new: RepealNew, response: Response
) -> Any:
    """Say from when a document no longer holds (废止文件)."""
    await service.repeal_document(session, caller, document_id, new)
    return await _document(session, caller, document_id, response)


async def _document(
    session: SessionDep, caller: CallerDep, document_id: Id, response: Response
) -> Any:
    row = await queries.get(session, caller, Document, document_id)
    tag(response, row.version)
    return row
