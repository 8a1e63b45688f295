"""Pledges over HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response, UploadFile, status

from app.core import clock
from app.core.dated import NotYet
from app.core.errors import AppError, Forbidden, NotFound, Stale
from app.core.http import (
    CallerDep,
    FirstDep,
    IfMatch,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    StoreDep,
    note,
    tag,
    written,
)
from app.core.idempotency import Replay
from app.core.images import FORMATS, MOST_BYTES, ImageTooLarge, NotAnImage
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.core.store import StoreUnavailable
from app.core.workbooks import write_workbook
from app.organizations.errors import NotStanding
from app.pledges import logic, queries, service
from app.pledges.errors import (
    CannotPledge,
    DueDatePassed,
    NoEvidence,
    OwnPledge,
    PledgeOutOfOrder,
    TooMuchEvidence,
)
from app.pledges.schemas import (
    EvidenceNew,
    EvidenceOut,
    PledgeDetail,
    PledgeEdit,
    PledgeFilters,
    PledgeListParams,
    PledgeNew,
    PledgeOut,
    ReasonGiven,
)
from app.pledges.types import ExportedPledge

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "一份 .xlsx 文件 / an .xlsx file", "content": {XLSX: {}}}
}
IMAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "一张图片 / an image",
        "content": {media_type: {} for media_type in sorted(FORMATS.values())},
    }
}
STEP = (NotFound, Forbidden, PledgeOutOfOrder, NotYet)
router = APIRouter(tags=["pledges"], route_class=Route)


@router.get("/pledges", response_model=Page[PledgeOut], responses=declare(NotFound))
async def list_pledges(
    on: ReadDep, caller: CallerDep, params: Annotated[PledgeListParams, Query()]
) -> Any:
    """List the pledges that you may see (承诺).

    Members see their own, and what their branch published.
    """
    return written(await queries.find(on, caller, params))


@router.post(
    "/pledges",
    response_model=PledgeDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, CannotPledge, NotStanding),
)
async def draft_pledge(
    session: SessionDep, caller: CallerDep, new: PledgeNew, response: Response
) -> Any:
    """Draft a pledge of an organisation, or of a member (登记承诺)."""
    made = await service.draft(session, caller, new)
    response.headers["Location"] = f"/v1/pledges/{made}"
    return await _changed(session, caller, made, response)


@router.get(
    "/pledges/export.xlsx",
    response_class=Response,
    responses={**FILE, **declare(NotFound, Forbidden)},
)
async def export_pledges(
    request: Request, on: ReadDep, caller: CallerDep, filters: Annotated[PledgeFilters, Query()]
) -> Response:
    """Export the pledges that you may export (导出承诺事项).

    The audit says who took how many, and by which filters.
    """
    rows = await queries.export(on, caller, filters)
    data = await asyncio.to_thread(_sheet, rows)
    counts = Counter(row["district_code"] for row in rows)
    await note(request, counts, filters=filters.model_dump(exclude_none=True))
    name = quote(f"承诺事项-{filters.as_of or clock.today()}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, media_type=XLSX, headers=headers)


def _sheet(rows: list[Any]) -> bytes:
    exported = (ExportedPledge(*(row[name] for name in ExportedPledge._fields)) for row in rows)
    return write_workbook([logic.export_sheet(exported)])


@router.get("/pledges/{pledge_id}", response_model=PledgeDetail, responses=declare(NotFound))
async def get_pledge(on: ReadDep, caller: CallerDep, pledge_id: Id) -> Any:
    """Show a pledge, its evidence and all that happened to it (承诺详情)."""
    json, version = await queries.show(on, caller, pledge_id)
    return written(json, version=version)


@router.patch(
    "/pledges/{pledge_id}",
    response_model=PledgeDetail,
    responses=declare(NotFound, Forbidden, Stale, PreconditionRequired, PledgeOutOfOrder),
)
async def edit_pledge(
    session: SessionDep,
    caller: CallerDep,
    pledge_id: Id,
    version: IfMatch,
    changes: PledgeEdit,
    response: Response,
) -> Any:
    """Change a draft; what is published stays as it is (修改承诺草稿)."""
    await service.edit(session, caller, pledge_id, version, changes)
    return await _changed(session, caller, pledge_id, response)


@router.post(
    "/pledges/{pledge_id}/publications",
    response_model=PledgeDetail,
    responses=declare(*STEP, NotStanding, CannotPledge, DueDatePassed),
)
async def publish_pledge(
    session: SessionDep, caller: CallerDep, pledge_id: Id, response: Response
) -> Any:
    """Publish a draft, while who pledged still can (公开承诺)."""
    await service.publish(session, caller, pledge_id)
    return await _changed(session, caller, pledge_id, response)


@router.post(
    "/pledges/{pledge_id}/evidence",
    response_model=EvidenceOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, PledgeOutOfOrder, TooMuchEvidence),
)
async def add_pledge_evidence(
    session: SessionDep, caller: CallerDep, pledge_id: Id, new: EvidenceNew
) -> Any:
    """Add a text to the evidence of a published pledge (提交文字佐证)."""
    made = await service.add_evidence(session, caller, pledge_id, new)
    return EvidenceOut.model_validate(made)


async def _kept(
    _: FirstDep, on: ReadDep, caller: CallerDep, store: StoreDep, pledge_id: Id, file: UploadFile
) -> AsyncIterator[dict[str, Any]]:
    """Keep the image that was sent, before the transaction begins; forget it once it is refused.

    Where nobody can tell whether the transaction was committed the file stays.
    """
    kept = await service.keep_image(on, store, caller, pledge_id, await file.read())
    try:
        yield kept
    except (AppError, Replay):
        with suppress(StoreUnavailable):
            await store.delete(kept["image_key"])
        raise


KeptDep = Annotated[dict[str, Any], Depends(_kept, scope="function")]


@router.post(
    "/pledges/{pledge_id}/evidence/images",
    response_model=EvidenceOut,
    status_code=status.HTTP_201_CREATED,
    max_body_size=MOST_BYTES + (1 << 16),
    responses=declare(
        NotFound,
        Forbidden,
        PledgeOutOfOrder,
        TooMuchEvidence,
        NotAnImage,
        ImageTooLarge,
        StoreUnavailable,
    ),
)
async def add_pledge_image(
    kept: KeptDep,  # before the session: what a transaction waits for, others wait for too
    session: SessionDep,
    caller: CallerDep,
    pledge_id: Id,
) -> Any:
    """Add a JPEG, PNG or WebP image to the evidence of a published pledge (提交图片佐证).

    It is made anew out of its pixels: where and with what it was taken is not kept.
    """
    made = await service.add_image(session, caller, pledge_id, kept)
    return EvidenceOut.model_validate(made)


@router.get(
    "/pledges/{pledge_id}/evidence/{evidence_id}/image",
    response_class=Response,
    responses={**IMAGE, **declare(NotFound, StoreUnavailable)},
)
async def get_pledge_image(
    on: ReadDep, caller: CallerDep, store: StoreDep, pledge_id: Id, evidence_id: Id
) -> Response:
    """Show an image of a pledge's evidence (查看图片佐证)."""
    found = await queries.image(on, caller, pledge_id, evidence_id)
    data = await store.get(found.image_key)
    if data is None:
        raise NotFound
    headers = {"Content-Disposition": "inline"}  # the envelope forbids to guess, and to store
    return Response(data, media_type=found.media_type, headers=headers)


@router.post(
    "/pledges/{pledge_id}/completions",
    response_model=PledgeDetail,
    responses=declare(*STEP, NoEvidence),
)
async def complete_pledge(
    session: SessionDep, caller: CallerDep, pledge_id: Id, response: Response
) -> Any:
    """Say that a pledge was kept; it has evidence (完成承诺)."""
    await service.complete(session, caller, pledge_id)
    return await _changed(session, caller, pledge_id, response)


@router.post(
    "/pledges/{pledge_id}/confirmations",
    response_model=PledgeDetail,
    responses=declare(*STEP, OwnPledge),
)
async def confirm_pledge(
    session: SessionDep, caller: CallerDep, pledge_id: Id, response: Response
) -> Any:
    """Confirm, from the unit above, that a pledge was kept (确认承诺)."""
    await service.confirm(session, caller, pledge_id)
    return await _changed(session, caller, pledge_id, response)


@router.post(
    "/pledges/{pledge_id}/returns",
    response_model=PledgeDetail,
    responses=declare(*STEP, OwnPledge),
)
async def return_pledge(
    session: SessionDep, caller: CallerDep, pledge_id: Id, why: ReasonGiven, response: Response
) -> Any:
    """Return a completed pledge from the unit above; it is open again (退回承诺)."""
    await service.send_back(session, caller, pledge_id, why.reason)
    return await _changed(session, caller, pledge_id, response)


@router.post(
    "/pledges/{pledge_id}/withdrawals", response_model=PledgeDetail, responses=declare(*STEP)
)
async def withdraw_pledge(
    session: SessionDep, caller: CallerDep, pledge_id: Id, why: ReasonGiven, response: Response
) -> Any:
    """Withdraw a draft or a published pledge, with the reason (撤回承诺)."""
    await service.withdraw(session, caller, pledge_id, why.reason)
    return await _changed(session, caller, pledge_id, response)


async def _changed(
    session: SessionDep, caller: CallerDep, pledge_id: Id, response: Response
) -> Any:
    row = await queries.get(session, caller, pledge_id)
    tag(response, row.version)
    return row
