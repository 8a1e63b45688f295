"""Imports over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, UploadFile, status

from app.core import clock
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep, is_dry
from app.core.packages import UnreadableWorkbook, WorkbookTooLarge
from app.core.problems import declare
from app.core.schemas import Id
from app.imports import queries, service
from app.imports.errors import TreeChanged
from app.imports.schemas import ImportOut, ImportParams
from app.rosters.errors import RosterRefused

MAX_FILE = 21 << 20
router = APIRouter(tags=["imports"], route_class=Route)


@router.post(
    "/imports",
    response_model=ImportOut,
    status_code=status.HTTP_201_CREATED,
    max_body_size=MAX_FILE,
    responses={
        200: {"model": ImportOut, "description": "只检查，未写入 / checked, nothing written"},
        **declare(
            NotFound, Forbidden, TreeChanged, UnreadableWorkbook, WorkbookTooLarge, RosterRefused
        ),
    },
)
async def import_roster(
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    params: Annotated[ImportParams, Query()],
    file: UploadFile,
    response: Response,
) -> Any:
    """Take a roster (.xlsx), all of it or nothing (导入花名册)."""
    await queries.require_district(session, caller, params.district_code)
    report = await service.take(
        session,
        await file.read(),
        params.district_code,
        params.as_of or clock.today(),
        account_id=caller.account_id,
        dry_run=params.dry_run,
    )
    if report.errors:
        raise RosterRefused(
            f"共 {len(report.errors)} 处错误，请按提示修改后重新导入",
            f"{len(report.errors)} errors; mend them and import again",
            **{k: v for k, v in report.as_json().items() if k != "status"},
        )
    if params.dry_run:
        is_dry(request)
        response.status_code = status.HTTP_200_OK
    return report.as_json()


@router.get("/imports/{import_id}", response_model=ImportOut, responses=declare(NotFound))
async def get_import(on: ReadDep, caller: CallerDep, import_id: Id) -> Any:
    """Show an import that was taken (导入记录)."""
    row = await queries.get_import(on, caller, import_id)
    return {"id": row.id, "status": "taken", "counts": row.counts}
