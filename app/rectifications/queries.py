"""Reading rectifications; each read starts from what the caller may see. The figures of them."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Row, and_, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.packs import read_pack
from app.core.pages import Rows, fetch_one, page
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import (
    ROOT_PATH,
    AnyRow,
    AnySelect,
    in_subtrees,
    stood,
    stood_as,
)
from app.organizations.types import Sector
from app.rectifications.models import (
    BurdenItem,
    CaseGuarantor,
    CaseMeasure,
    MeasureProgress,
    RectificationCase,
)
from app.rectifications.schemas import BurdenItemListParams, CaseListParams
from app.rectifications.types import BurdenState, CaseStatus, GuarantorLevel, WeakPack

READ = Permission.RECTIFICATIONS_READ
Case, Item = RectificationCase, BurdenItem
AnyRows = Rows[Row[*tuple[Any, ...]]]


@cache
def pack() -> WeakPack:
    """Read the criteria of weak organisations that are shipped."""
    return read_pack(WeakPack, "rectifications", "weak_organizations", folder="criteria")


# ── Cases


def _listed(table: Any, key: Any, *pairs: Any) -> Any:
    """Write a case's rows of `table` as one JSON array, in the order of `key`."""
    ordered = aggregate_order_by(func.json_build_object(*pairs), key)
    return (
        select(func.coalesce(func.json_agg(ordered, type_=JSON), func.json_build_array()))
        .where(table.district_code == Case.district_code, table.case_id == Case.id)
        .correlate(Case)
        .scalar_subquery()
    )


def percent_of() -> Any:
    """Give how far a measure has come: its newest note, or 0."""
    newest = (
        select(MeasureProgress.percent)
        .where(
            MeasureProgress.district_code == CaseMeasure.district_code,
            MeasureProgress.measure_id == CaseMeasure.id,
        )
        .order_by(MeasureProgress.noted_on.desc(), MeasureProgress.id.desc())
        .limit(1)
        .correlate(CaseMeasure)
        .scalar_subquery()
    )
    return func.coalesce(newest, 0)


def visible(caller: Caller) -> AnySelect:
    """Select the cases that the caller may see, with who is responsible and what is done."""
    guarantor, measure = CaseGuarantor, CaseMeasure
    rank = case({level.value: n for n, level in enumerate(GuarantorLevel)}, value=guarantor.level)
    people = ("level", guarantor.level, "name", guarantor.name, "post", guarantor.post)
    measures = ("id", measure.id, "title", measure.title, "due_on", measure.due_on)
    kept = {"opened_by", "reported_by", "accepted_by"}
    return (
        select(
            *(c for c in Case.__table__.c if c.key not in kept),
            State.name.label("organization_name"),
            State.path,
            _listed(guarantor, rank, *people).label("guarantors"),
            _listed(measure, measure.id, *measures, "percent", percent_of()).label("measures"),
        )
        .select_from(Case)
        .join(State, stood_as(Case.district_code, Case.organization_id, clock.today()))
        .where(in_subtrees(caller.subtrees(READ)))
    )


async def get(on: Executor, caller: Caller, case_id: UUID) -> AnyRow:
    """Fetch one case, or raise `NotFound`."""
    return await fetch_one(on, visible(caller).where(Case.id == case_id))


async def find(on: Reader, caller: Caller, params: CaseListParams) -> AnyRows:
    """List a page of cases, or raise `NotFound` for `within` out of sight."""
    rows = visible(caller)
    if params.organization_id is not None:
        rows = rows.where(Case.organization_id == params.organization_id)
    if params.status is not None:
        rows = rows.where(Case.status == params.status)
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, clock.today(), READ)
        rows = rows.where(in_subtrees([place]))
    sorts = {"opened_on": Case.opened_on.expression}
    return await page(on, rows, sorts, params.sort, params, of="cases", tie=Case.id.expression)


# ── Burden items


def visible_items(caller: Caller) -> AnySelect:
    """Select the burden items of the districts in which the caller reads: a public list."""
    codes = sorted({s.district_code for s in caller.subtrees(READ)})
    kept = {"title_key", "recorded_by"}
    columns = (c for c in Item.__table__.c if c.key not in kept)
    return select(*columns).where(Item.district_code.in_(codes))


async def get_item(on: Executor, caller: Caller, item_id: UUID) -> AnyRow:
    """Fetch one burden item, or raise `NotFound`."""
    return await fetch_one(on, visible_items(caller).where(Item.id == item_id))


async def find_items(on: Reader, caller: Caller, params: BurdenItemListParams) -> AnyRows:
    """List a page of burden items."""
    rows = visible_items(caller)
    if params.state is not None:
        rows = rows.where(Item.state == params.state)
    sorts = {"listed_on": Item.listed_on.expression}
    return await page(on, rows, sorts, params.sort, params, of="items", tie=Item.id.expression)


async def cancelled(on: Executor, district_code: str) -> dict[UUID, tuple[str, str]]:
    """Give the key and the title of every cancelled task of a district, by id."""
    rows = select(Item.id, Item.title_key, Item.title).where(
        Item.district_code == district_code, Item.state == BurdenState.CANCELLED
    )
    return {row.id: (row.title_key, row.title) for row in await on.execute(rows)}


# ── Figures


def _counting(places: Sequence[Any], window: Window, *held: Any) -> AnySelect:
    """Select the cases opened by the day."""
    stands = stood_as(Case.district_code, Case.organization_id, window.day)
    rows = select().select_from(Case).join(State, stands)
    return rows.where(in_subtrees(places), Case.opened_on <= window.day, *held)


def _weak(places: Sequence[Subtree], window: Window) -> AnySelect:
    rows = _counting(places, window, State.sector == Sector.VILLAGE)
    return told(rows, Case, State, Case.reason, Case.opened_on, window)


def _fixed(places: Sequence[Subtree], window: Window) -> AnySelect:
    done = Case.status == CaseStatus.ACCEPTED, Case.closed_on <= window.day
    rows = _counting(places, window, State.sector == Sector.VILLAGE, *done)
    return told(rows, Case, State, Case.reason, Case.opened_on, window)


def _levels(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give of each level that every case has the first guarantor; the level is its label."""
    guarantor = CaseGuarantor
    rows = _counting(places, window).join(
        guarantor,
        and_(guarantor.district_code == Case.district_code, guarantor.case_id == Case.id),
    )
    cases = told(_counting(places, window), Case, State, Case.reason, Case.opened_on, window)
    total = select(func.count()).select_from(cases.subquery("cases")).scalar_subquery()
    everyone = told(rows, guarantor, State, guarantor.level, Case.opened_on, window)
    each = everyone.add_columns(Case.id.label("case_id")).subquery("each")
    complete = (
        select(each.c.label)
        .group_by(each.c.label)
        .having(func.count(each.c.case_id.distinct()) == total)
    )
    listed = everyone.where(guarantor.level.in_(complete))
    return listed.ext(distinct_on(guarantor.level)).order_by(guarantor.level, guarantor.id)


def _cancelled(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give the cancelled tasks; they are the district's, so they stand at its root."""
    root = and_(
        State.district_code == Item.district_code, State.path == ROOT_PATH, stood(window.day)
    )
    held = Item.state == BurdenState.CANCELLED, Item.cancelled_on <= window.day
    rows = select().select_from(Item).join(State, root).where(in_subtrees(places), *held)
    return told(rows, Item, State, Item.title, Item.cancelled_on, window)


FIGURES = (
    Figure(
        "weak_village_orgs",
        Text("软弱涣散村党组织", "Weak village organisations taken in hand"),
        FigureUnit.ORGANIZATIONS,
        Text(
            "截至当日立项整顿的村党组织；期间按立项日期计",
            "cases of village organisations opened by the day; a period is that of the opening",
        ),
        READ,
        _weak,
    ),
    Figure(
        "weak_village_orgs_fixed",
        Text("已完成整顿的村党组织", "Rectifications completed"),
        FigureUnit.ORGANIZATIONS,
        Text(
            "其中截至当日已验收销号的；期间按立项日期计",
            "those of them accepted by the day; a period is that of the opening",
        ),
        READ,
        _fixed,
    ),
    Figure(
        "weak_fixed_rate",
        Text("整顿完成率", "Rectification completion rate"),
        FigureUnit.RATIO,
        Text("已验收销号 ÷ 立项整顿", "accepted ÷ opened"),
        READ,
        _fixed,
        _weak,
        places=3,
    ),
    Figure(
        "guarantee_levels",
        Text("领导包保层级", "Levels of leaders responsible for each case"),
        FigureUnit.LEVELS,
        Text(
            "每个整顿都落实了责任人的包保层级数",
            "levels on which every case opened by the day has somebody responsible",
        ),
        READ,
        _levels,
    ),
    Figure(
        "burden_items_cancelled",
        Text("取消街道社区直接承办项目", "Tasks no longer done by streets and communities"),
        FigureUnit.ITEMS,
        Text(
            "截至当日已取消的承办事项（属全区，计入区委）；期间按取消日期计",
            "tasks cancelled by the day, which are the district's and count at its root; a period"
            " is that of the cancellation",
        ),
        READ,
        _cancelled,
    ),
)
"""Figures of rectification and burden relief."""
