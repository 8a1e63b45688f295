"""Reading villages' records, and the figures that they make."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, and_, func, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, page
from app.economy.logic import last_year
from app.economy.models import (
    Record,
    VillageContract,
    VillageEntry,
    VillageIncome,
    VillageProject,
)
from app.economy.types import ContractFinding, VillageEntryKind, VillageProjectStatus
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as

READ = Permission.ECONOMY_READ
AnyRows = Rows[Row[*tuple[Any, ...]]]
_FILTERS = ("organization_id", "finding", "kind", "status", "year")
"""Filters of the lists: each a column that equals its value."""


def _of(model: Any, places: Sequence[Any], day: Any) -> AnySelect:
    """Select the records of the villages of `places`, as they stood on `day`."""
    return (
        select(*model.__table__.c, State.name.label("organization_name"), State.path)
        .select_from(model)
        .join(State, stood_as(model.district_code, model.organization_id, day))
        .where(in_subtrees(places))
    )


def visible(caller: Caller, model: type[Record]) -> AnySelect:
    """Select the records of a kind that the caller may see."""
    return _of(model, caller.subtrees(READ), clock.today())


async def get(on: Executor, caller: Caller, model: type[Record], record_id: UUID) -> AnyRow:
    """Fetch one record, or raise `NotFound`."""
    return await fetch_one(on, visible(caller, model).where(model.id == record_id))


async def find(on: Reader, caller: Caller, model: type[Record], params: Any) -> AnyRows:
    """List a page of records of a kind, or raise `NotFound` for `within` out of sight."""
    rows = visible(caller, model)
    for name in _FILTERS:
        if (value := getattr(params, name, None)) is not None:
            rows = rows.where(getattr(model, name) == value)
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, clock.today(), READ)
        rows = rows.where(in_subtrees([place]))
    columns = model.__table__.c
    by = params.sort.removeprefix("-")
    return await page(
        on,
        rows,
        {by: columns[by]},
        params.sort,
        params,
        of=model.__tablename__,
        tie=columns.id,
    )


# ── Figures


def _contracts(places: Sequence[Subtree], window: Window) -> AnySelect:
    rows = _of(VillageContract, places, window.day).where(
        VillageContract.finding == ContractFinding.IRREGULAR,
        VillageContract.resolved_on <= window.day,
    )
    on = VillageContract.resolved_on
    return told(rows, VillageContract, State, VillageContract.number, on, window)


def _entries(
    places: Sequence[Subtree], window: Window, amount: Any, *kinds: VillageEntryKind
) -> AnySelect:
    rows = _of(VillageEntry, places, window.day).where(
        VillageEntry.kind.in_(kinds), VillageEntry.happened_on <= window.day
    )
    on = VillageEntry.happened_on
    return told(rows, VillageEntry, State, VillageEntry.document, on, window, amount)


_WAN = VillageEntry.amount / 10_000
_DEBT, _CLAIM = VillageEntryKind.DEBT_RESOLVED, VillageEntryKind.CLAIM_RECOVERED


def _land(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _entries(places, window, VillageEntry.amount, VillageEntryKind.LAND_RECOVERED)


def _debts(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _entries(places, window, _WAN, _DEBT)


def _claims(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _entries(places, window, _WAN, _CLAIM)


def _debts_and_claims(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _entries(places, window, _WAN, _DEBT, _CLAIM)


def _projects(places: Sequence[Subtree], window: Window) -> AnySelect:
    rows = _of(VillageProject, places, window.day).where(
        VillageProject.status == VillageProjectStatus.APPROVED,
        VillageProject.decided_on <= window.day,
    )
    return told(
        rows, VillageProject, State, VillageProject.title, VillageProject.decided_on, window
    )


_Before = aliased(VillageIncome, name="before")


def _incomes(places: Sequence[Subtree], window: Window, amount: Any) -> AnySelect:
    """Give the incomes of the last year that ended by the day, beside one of the year before."""
    rows = (
        _of(VillageIncome, places, window.day)
        .join(
            _Before,
            and_(
                _Before.district_code == VillageIncome.district_code,
                _Before.organization_id == VillageIncome.organization_id,
                _Before.year == VillageIncome.year - 1,
            ),
        )
        .where(VillageIncome.year == last_year(window.day))
    )
    on = func.make_date(VillageIncome.year, 12, 31, type_=Date)
    return told(rows, VillageIncome, State, State.name, on, window, amount)


def _gains(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _incomes(places, window, (VillageIncome.income - _Before.income) / 10_000)


def _compared(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _incomes(places, window, 1)


FIGURES = (
    Figure(
        "illegal_contracts",
        Text("清理违规发包合同", "Irregular land-letting contracts cleared"),
        FigureUnit.CONTRACTS,
        Text(
            "清查为违规发包、截至当日已清理的合同；期间按清理日期计",
            "contracts found irregular and resolved by the day; a period is that of the resolution",
        ),
        READ,
        _contracts,
    ),
    Figure(
        "land_recovered_mu",
        Text("收缴账外耕地", "Off-book farmland recovered"),
        FigureUnit.MU,
        Text("截至当日收缴的账外耕地亩数之和", "the mu of off-book land recovered by the day"),
        READ,
        _land,
    ),
    Figure(
        "debt_resolved_wan",
        Text("化解债务", "Debt resolved"),
        FigureUnit.WAN_YUAN,
        Text("截至当日化解的村级债务之和", "the debts of villages resolved by the day"),
        READ,
        _debts,
    ),
    Figure(
        "credit_recovered_wan",
        Text("回收债权", "Receivables recovered"),
        FigureUnit.WAN_YUAN,
        Text("截至当日回收的村级债权之和", "the claims of villages recovered by the day"),
        READ,
        _claims,
    ),
    Figure(
        "debt_credit_total_wan",
        Text("化债与收债合计", "Debt resolved and receivables recovered"),
        FigureUnit.WAN_YUAN,
        Text("化解债务与回收债权之和", "debts resolved plus claims recovered"),
        READ,
        _debts_and_claims,
    ),
    Figure(
        "village_projects",
        Text("村级集体经济扶持资金项目", "Funded projects of villages' collective economy"),
        FigureUnit.PROJECTS,
        Text(
            "截至当日获批的扶持资金项目；期间按批复日期计",
            "projects approved by the day; a period is that of the approval",
        ),
        READ,
        _projects,
    ),
    Figure(
        "village_income_gain_wan",
        Text("村集体平均增收", "Average rise of villages' collective income"),
        FigureUnit.WAN_YUAN_A_VILLAGE,
        Text(
            "截至当日已结束的最近一年与上一年收入之差的合计 ÷ 两年收入均已登记的村数",
            "the rise of income from the year before to the last year that ended by the day ÷ the"
            " villages with both years recorded",
        ),
        READ,
        _gains,
        _compared,
        places=2,
    ),
)
"""Figures of villages' collective economy."""
