"""The roster template and the members' export over HTTP."""

import asyncio
from collections import Counter
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from app.core import clock
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, note
from app.core.problems import declare
from app.core.workbooks import write_workbook
from app.members import queries
from app.members.schemas import MemberFilters
from app.rosters import logic
from app.rosters.types import ExportedMember

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "一份 .xlsx 文件 / an .xlsx file", "content": {XLSX: {}}}
}
router = APIRouter(route_class=Route)


def _file(data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(data, media_type=XLSX, headers=headers)


@router.get("/imports/template.xlsx", tags=["imports"], response_class=Response, responses={**FILE})
async def get_import_template(caller: CallerDep) -> Response:  # noqa: ARG001 - guarded
    """Give an empty roster with drop-down lists (导入模板)."""
    written = await asyncio.to_thread(write_workbook, logic.template_sheets())
    return _file(written, "花名册导入模板.xlsx")


@router.get(
    "/members/export.xlsx",
    tags=["members"],
    response_class=Response,
    responses={**FILE, **declare(NotFound, Forbidden)},
)
async def export_members(
    request: Request, on: ReadDep, caller: CallerDep, filters: Annotated[MemberFilters, Query()]
) -> Response:
    """Export the members whom you may export, numbers masked (导出党员花名册).

    The audit says who took how many, and by which filters.
    """
    rows = await queries.export(on, caller, filters)
    written = await asyncio.to_thread(_written, rows)
    counts = Counter(row["district_code"] for row in rows)
    await note(request, counts, filters=filters.model_dump(exclude_none=True))
    return _file(written, f"党员花名册-{filters.as_of or clock.today()}.xlsx")


def _written(rows: list[Any]) -> bytes:
    exported = (
        ExportedMember(**{name: row[name] for name in ExportedMember._fields}) for row in rows
    )
    return write_workbook([logic.export_sheet(exported)])
