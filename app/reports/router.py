"""Reports over HTTP."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response, status

from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import (
    CallerDep,
    IfMatch,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    note,
    tag,
)
from app.core.papers import DOCX, SVG, bars, word
from app.core.problems import declare
from app.core.schemas import DistrictCode
from app.reports import queries, service
from app.reports.errors import NoOwnTemplate, NoSuchFigure, OneDistrict
from app.reports.schemas import (
    AnnualOut,
    AnnualParams,
    DraftCheck,
    DraftCheckOut,
    ReportParams,
    TemplateEdit,
    TemplateOut,
    TemplateParams,
)
from app.reports.types import ReportFormat

router = APIRouter(prefix="/reports", tags=["reports"], route_class=Route)
MARKDOWN = "text/markdown; charset=utf-8"
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/markdown": {"schema": {"type": "string"}}, DOCX: {}}}
}
PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {SVG: {}}}}


@router.get(
    "/annual",
    response_model=AnnualOut,
    responses={**FILES, **declare(NotFound, Forbidden, OneDistrict)},
)
async def get_annual_report(
    request: Request, on: ReadDep, caller: CallerDep, params: Annotated[AnnualParams, Query()]
) -> Any:
    """Write the annual report from the records, every number out of the registry (年度报告).

    As JSON, Markdown or a Word document; the audit says who took a document.
    """
    made = await queries.computed(on, caller, params)
    report = queries.report(made, params)
    if params.format == ReportFormat.JSON:
        return report
    await note(request, {made.district_code: len(report.figures)}, format=params.format)
    if params.format == ReportFormat.MARKDOWN:
        return Response(queries.markdown(report), media_type=MARKDOWN)
    sections = [(s.title, [p.text for p in s.paragraphs]) for s in report.sections]
    table = "数字来源", queries.sources(report)
    data = await asyncio.to_thread(word, report.title, sections, table)
    name = quote(f"{report.title}.docx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, media_type=DOCX, headers=headers)


@router.get(
    "/annual/charts/{number}",
    response_class=Response,
    responses={**PICTURE, **declare(NotFound, Forbidden, OneDistrict)},
)
async def get_report_chart(
    on: ReadDep,
    caller: CallerDep,
    number: Annotated[int, Path(ge=0, le=200)],
    params: Annotated[ReportParams, Query()],
) -> Response:
    """Draw a chart of the annual report as SVG (年度报告图表)."""
    title, rows = queries.chart(await queries.computed(on, caller, params), number)
    return Response(await asyncio.to_thread(bars, title, rows), media_type=SVG)


@router.get("/annual/template", response_model=TemplateOut, responses=declare(NotFound))
async def get_report_template(
    on: ReadDep,
    caller: CallerDep,
    params: Annotated[TemplateParams, Query()],
    response: Response,
) -> Any:
    """Show how a district writes its annual report (报告模板)."""
    made = await queries.template(on, caller, params.district_code)
    tag(response, made.version)
    return made


@router.put(
    "/annual/template/{district_code}",
    response_model=TemplateOut,
    responses=declare(NotFound, Forbidden, Stale, PreconditionRequired, NoSuchFigure),
)
async def set_report_template(
    session: SessionDep,
    caller: CallerDep,
    district_code: DistrictCode,
    version: IfMatch,
    new: TemplateEdit,
    response: Response,
) -> Any:
    """Give a district a template of its own (设置报告模板)."""
    await service.edit(session, caller, district_code, version, new)
    made = await queries.template(session, caller, district_code)
    tag(response, made.version)
    return made


@router.delete(
    "/annual/template/{district_code}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(NotFound, Forbidden, Stale, PreconditionRequired, NoOwnTemplate),
)
async def remove_report_template(
    session: SessionDep, caller: CallerDep, district_code: DistrictCode, version: IfMatch
) -> None:
    """Return to the template that is shipped (恢复默认模板)."""
    await service.remove(session, caller, district_code, version)


@router.post(
    "/checks",
    responses=declare(NotFound, Forbidden, OneDistrict),
)
async def check_draft(on: ReadDep, caller: CallerDep, draft: DraftCheck) -> DraftCheckOut:
    """Match each number of a draft to a figure, or mark it as differing; stores nothing (核稿)."""
    return await queries.check(on, caller, draft)
