"""Reading programmes and documents, and the figures that they make."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, extract, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Source, Window, told
from app.core.pages import Rows, fetch_one, filtered, page
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.programmes import logic
from app.programmes.models import Document, Programme
from app.programmes.schemas import DocumentListParams, ProgrammeListParams
from app.programmes.types import DocumentKind, DocumentTopic, ProgrammeFamily

READ = Permission.PROGRAMMES_READ
Table = type[Programme] | type[Document]
AnyRows = Rows[Row[*tuple[Any, ...]]]


def visible(places: Sequence[Subtree], table: Table, day: date) -> AnySelect:
    """Select the programmes or documents that whoever reads `places` may see.

    They are those of the subtrees and, since what is issued above holds below, those of the
    organisations over them, as they stood on `day`.
    """
    above = (
        and_(State.district_code == place.district_code, State.path.in_(paths))
        for place in places
        if (paths := logic.paths_above(place))
    )
    return (
        select(*table.__table__.c, State.name.label("organization_name"), State.path)
        .join(State, stood_as(table.district_code, table.organization_id, day))
        .where(or_(in_subtrees(places), *above))
    )


async def get(on: Executor, caller: Caller, table: Table, row_id: UUID) -> AnyRow:
    """Fetch one programme or document, or raise `NotFound`."""
    rows = visible(caller.subtrees(READ), table, clock.today())
    return await fetch_one(on, rows.where(table.id == row_id))


def running(day: Any) -> ColumnElement[bool]:
    """Hold programmes to those that run on `day`."""
    return and_(
        Programme.starts_on <= day, or_(Programme.ends_on.is_(None), Programme.ends_on >= day)
    )


def in_force(day: Any) -> ColumnElement[bool]:
    """Hold documents to those that hold on `day`."""
    return and_(
        Document.issued_on <= day, or_(Document.repealed_on.is_(None), Document.repealed_on > day)
    )


async def _find(
    on: Reader, caller: Caller, table: Table, params: Any, names: Sequence[str], key: str
) -> AnyRows:
    day = params.in_force_on or clock.today()
    filters = {name: getattr(table, name) for name in ("organization_id", *names)}
    places = await organizations.places(on, caller, READ, day)
    rows = filtered(visible(places, table, day), params, filters)
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, day, READ)
        rows = rows.where(in_subtrees([place]))
    if params.in_force_on is not None:
        holds = running if table is Programme else in_force
        rows = rows.where(holds(day))
    sorts = {key: table.__table__.c[key]}
    of = f"{table.__tablename__}s"
    return await page(on, rows, sorts, params.sort, params, of=of, tie=table.__table__.c.id)


async def find_programmes(on: Reader, caller: Caller, params: ProgrammeListParams) -> AnyRows:
    """List a page of programmes, or raise `NotFound` for `within` out of sight."""
    return await _find(on, caller, Programme, params, ("family", "plan_id"), "starts_on")


async def find_documents(on: Reader, caller: Caller, params: DocumentListParams) -> AnyRows:
    """List a page of documents, or raise `NotFound` for `within` out of sight."""
    names = ("kind", "topic", "programme_id")
    return await _find(on, caller, Document, params, names, "issued_on")


# ── Figures


def _at(table: Table, places: Sequence[Any], window: Window, *held: Any) -> AnySelect:
    return (
        select()
        .select_from(table)
        .join(State, stood_as(table.district_code, table.organization_id, window.day))
        .where(in_subtrees(places), *held)
    )


def _programmes(family: ProgrammeFamily) -> Source:
    def source(places: Sequence[Any], window: Window) -> AnySelect:
        rows = _at(Programme, places, window, Programme.family == family, running(window.day))
        return told(rows, Programme, State, Programme.name, Programme.starts_on, window)

    return source


def _the_plan(places: Sequence[Any], window: Window) -> AnySelect:
    """Select the plan that runs on the day: of several, that of who stands highest."""
    is_plan = Programme.family == ProgrammeFamily.PLAN
    rows = _at(Programme, places, window, is_plan, running(window.day))
    return rows.order_by(State.path, State.district_code).limit(1)


def _plan(places: Sequence[Any], window: Window) -> AnySelect:
    years = extract("year", Programme.ends_on) - extract("year", Programme.starts_on) + 1
    rows = _the_plan(places, window)
    return told(rows, Programme, State, Programme.name, Programme.starts_on, window, years)


def _areas(places: Sequence[Any], window: Window) -> AnySelect:
    plan = _the_plan(places, window).with_only_columns(Programme.district_code, Programme.id)
    of_it = tuple_(Programme.district_code, Programme.plan_id).in_(plan)
    is_area = Programme.family == ProgrammeFamily.PLAN_AREA
    rows = _at(Programme, places, window, is_area, running(window.day), of_it)
    return told(rows, Programme, State, Programme.name, Programme.starts_on, window)


def _documents(topic: DocumentTopic, kind: DocumentKind | None = None) -> Source:
    held = [Document.topic == topic, *([] if kind is None else [Document.kind == kind])]

    def source(places: Sequence[Any], window: Window) -> AnySelect:
        rows = _at(Document, places, window, *held, in_force(window.day))
        return told(rows, Document, State, Document.title, Document.issued_on, window)

    return source


def _streets(places: Sequence[Any], window: Window) -> AnySelect:
    """Give of each street the first decision that holds."""
    is_decision = Document.kind == DocumentKind.REPLAN_DECISION
    rows = _at(Document, places, window, is_decision, in_force(window.day))
    rows = told(rows, Document, State, Document.title, Document.issued_on, window)
    street = Document.district_code, Document.organization_id
    return rows.ext(distinct_on(*street)).order_by(*street, Document.issued_on, Document.id)


FIGURES = (
    Figure(
        "plan_years",
        Text("三年计划", "Years of the plan"),
        FigureUnit.YEARS,
        Text(
            "当日执行中的工作计划所跨年数（结束年 − 开始年 + 1）；有多个计划时取层级最高的党组织的",
            "the years of the plan that runs on the day, both with it; of several, the plan of the"
            " organisation that stands highest",
        ),
        READ,
        _plan,
    ),
    Figure(
        "plan_focus_areas",
        Text("五个方面", "Areas of the plan"),
        FigureUnit.AREAS,
        Text("当日执行中的计划的各个方面", "the areas of the plan that runs on the day"),
        READ,
        _areas,
    ),
    Figure(
        "four_red_projects",
        Text("四红工程", "“Four red” projects"),
        FigureUnit.PROJECTS,
        Text("当日实施中的四红工程项目", "the “four red” projects that run on the day"),
        READ,
        _programmes(ProgrammeFamily.RED_PROJECT),
    ),
    Figure(
        "four_nets",
        Text("四网两化五联 · 四网", "“Four nets”"),
        FigureUnit.ITEMS,
        Text("当日实施中的“网”", "the “nets” that run on the day"),
        READ,
        _programmes(ProgrammeFamily.NET),
    ),
    Figure(
        "two_izations",
        Text("四网两化五联 · 两化", "“Two -isations”"),
        FigureUnit.ITEMS,
        Text("当日实施中的“化”", "the “-isations” that run on the day"),
        READ,
        _programmes(ProgrammeFamily.IZATION),
    ),
    Figure(
        "five_links",
        Text("四网两化五联 · 五联", "“Five links”"),
        FigureUnit.ITEMS,
        Text("当日实施中的“联”", "the “links” that run on the day"),
        READ,
        _programmes(ProgrammeFamily.LINK),
    ),
    Figure(
        "pilot_units",
        Text("党政一体化改革试点", "Pilots of integration"),
        FigureUnit.UNITS,
        Text(
            "当日开展党政一体化改革试点的乡镇、街道",
            "the towns and streets where the integration of Party and government is tried on the"
            " day",
        ),
        READ,
        _programmes(ProgrammeFamily.INTEGRATION_PILOT),
    ),
    Figure(
        "supporting_schemes",
        Text("配套方案", "Supporting schemes"),
        FigureUnit.DOCUMENTS,
        Text(
            "当日有效的城市基层党建方案；期间按印发日期计",
            "the schemes on urban Party building in force on the day; a period is that of the"
            " issue",
        ),
        READ,
        _documents(DocumentTopic.URBAN, DocumentKind.SCHEME),
    ),
    Figure(
        "organ_documents",
        Text("机关党建制度文件", "Documents on organ Party building"),
        FigureUnit.DOCUMENTS,
        Text(
            "当日有效的机关党建文件；期间按印发日期计",
            "the documents on Party building in organs in force on the day; a period is that of"
            " the issue",
        ),
        READ,
        _documents(DocumentTopic.ORGAN),
    ),
    Figure(
        "two_new_handbook",
        Text("“两新”组织党组织建设规范化手册", "Handbook of the “two new” organisations"),
        FigureUnit.DOCUMENTS,
        Text(
            "当日有效的“两新”组织党建手册；期间按印发日期计",
            "the handbooks on “two new” organisations in force on the day; a period is that of the"
            " issue",
        ),
        READ,
        _documents(DocumentTopic.TWO_NEW, DocumentKind.HANDBOOK),
    ),
    Figure(
        "streets_replanned",
        Text("重新调整规划的街道社区", "Streets planned anew"),
        FigureUnit.STREETS,
        Text(
            "当日有效的调整规划决定所涉及的街道，每个街道计一次；期间按决定日期计",
            "the streets of which a decision to plan their communities anew holds on the day, each"
            " once; a period is that of the decision",
        ),
        READ,
        _streets,
    ),
)
"""Figures of programmes and documents; a programme's period is that of its beginning."""
