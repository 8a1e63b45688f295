"""Computing figures: each is the sum over its rows, so the two cannot disagree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Numeric, Row, cast, func, literal, select

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Reader
from app.core.errors import Forbidden, Invalid, NotFound, Text
from app.core.pages import Rows, page
from app.core.rounding import ROUNDING, quotient
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnySelect
from app.pledges.models import Pledge
from app.pledges.types import PledgerKind
from app.rates.queries import counting, was_confirmed
from app.reports.errors import NoSuchPart
from app.reports.schemas import FigureParams, FigureRowParams
from app.reports.types import Figure, FigureUnit, Part, Window
from app.residents import queries as residents
from app.residents.models import ServiceClaim, ServicePost, ServiceRecord

Source = Callable[[Sequence[Subtree], Window], AnySelect]
"""Gives the rows of a figure: `FigureRowOut` without its `kind`, and no row twice."""


# ── Rows


def _rows(
    rows: AnySelect, table: Any, state: Any, label: Any, on: Any, window: Window, amount: Any = 1
) -> AnySelect:
    """Select of `rows` what a figure tells of each, held to the period in which they happened."""
    told = rows.with_only_columns(
        literal(table.__tablename__).label("kind"),
        table.id,
        state.organization_id,
        state.name.label("organization_name"),
        label.label("label"),
        on.label("happened_on"),
        cast(amount, Numeric).label("amount"),
    )
    if window.first is not None:
        told = told.where(on >= window.first)
    if window.last is not None:
        told = told.where(on <= window.last)
    return told


def _pledges(
    kind: PledgerKind | None,
    places: Sequence[Subtree],
    window: Window,
    *,
    done: bool | None = None,
) -> AnySelect:
    """Select the pledges on the books of the day; `done`: those confirmed by then, or not."""
    rows = counting(places, window.day, None, None)
    if kind is not None:
        rows = rows.where(Pledge.pledger_kind == kind)
    if done is not None:
        rows = rows.where(was_confirmed(window.day).is_(done))
    return _rows(rows, Pledge, OrganizationState, Pledge.title, Pledge.published_on, window)


def _claims(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the claims that stood on the day, of the communities whose posts they are."""
    rows = residents.claimed(places, window.day)
    on = ServiceClaim.accepted_on
    return _rows(rows, ServiceClaim, residents.Community, ServicePost.title, on, window)


def _served(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the service records that the communities had confirmed by the day."""
    rows = residents.served(places, window.day)
    label, on, amount = (
        ServiceRecord.content,
        ServiceRecord.served_on,
        ServiceRecord.beneficiaries,
    )
    return _rows(rows, ServiceRecord, residents.Community, label, on, window, amount)


# ── The registry


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure and where its rows come from."""

    figure: Figure
    numerator: Source
    denominator: Source | None = None


REGISTRY: dict[str, Entry] = {}
"""Every figure by its id, in the order of the annual report."""
_ITEMS, _RATIO = FigureUnit.ITEMS, FigureUnit.RATIO


def _figure(
    figure_id: str,
    name: Text,
    unit: FigureUnit,
    definition: Text,
    permission: Permission,
    numerator: Source,
    denominator: Source | None = None,
    places: int | None = None,
) -> None:
    """Put a figure down; a quotient has a denominator and `places` decimals."""
    figure = Figure(figure_id, name, unit, definition, permission, places)
    REGISTRY[figure_id] = Entry(figure, numerator, denominator)


_PLEDGED = {
    PledgerKind.ORGANIZATION: ("org", "党组织承诺", "Organisations' pledges"),
    PledgerKind.MEMBER: ("member", "党员承诺", "Members' pledges"),
    None: ("all", "双承诺", "Pledges of organisations and members"),
}
_TOTAL = Text(
    "截至当日已公示、未撤回的承诺事项；期间按公示日期计",
    "pledges published by the day and not withdrawn; a period is that of publication",
)
_DONE = Text(
    "其中截至当日已由上级确认完成的", "those of them that the unit above confirmed by the day"
)
_OPEN = Text("其中截至当日尚未确认完成的", "those of them that are not confirmed by the day")
_SHARE = Text("已确认完成 ÷ 已公示", "confirmed ÷ published")
for _kind, (_short, _zh, _en) in _PLEDGED.items():
    _total, _done, _open = (partial(_pledges, _kind, done=_d) for _d in (None, True, False))
    _read = Permission.PLEDGES_READ
    _name = f"{_short}_pledges"
    if _kind is not None:
        _figure(f"{_name}_total", Text(f"{_zh}事项", _en), _ITEMS, _TOTAL, _read, _total)
        _figure(
            f"{_name}_done", Text(f"{_zh}完成", f"{_en} completed"), _ITEMS, _DONE, _read, _done
        )
        _figure(
            f"{_name}_open", Text(f"{_zh}未完成", f"{_en} still open"), _ITEMS, _OPEN, _read, _open
        )
    _figure(
        f"{_short}_pledge_rate",
        Text(f"{_zh}完成率", f"{_en}: completion rate"),
        _RATIO,
        _SHARE,
        _read,
        _done,
        _total,
        3,
    )
_figure(
    "service_posts_claimed",
    Text("在职党员认领服务岗位", "Service posts claimed by working members"),
    FigureUnit.POSTS,
    Text(
        "截至当日已认领、未退出的岗位（一次认领计一个岗位）；期间按认领生效日期计",
        "claims that stood on the day; a period is that of their acceptance",
    ),
    Permission.SERVICE_READ,
    _claims,
)
_figure(
    "residents_served_person_times",
    Text("服务群众人次", "Residents served, person-times"),
    FigureUnit.PERSON_TIMES,
    Text(
        "截至当日社区已确认的服务记录的服务人次之和，不是不同的人数；期间按服务日期计",
        "the beneficiaries of records that the community confirmed by the day: visits, not distinct"
        " people; a period is that of the service",
    ),
    Permission.SERVICE_READ,
    _served,
)
_figure(
    "served_per_post",
    Text("每岗服务人次", "Person-times per claimed post"),
    FigureUnit.PERSON_TIMES_A_POST,
    Text("服务群众人次 ÷ 认领服务岗位", "person-times served ÷ posts claimed"),
    Permission.SERVICE_READ,
    _served,
    _claims,
    2,
)


# ── Answers


def _window(params: FigureParams) -> Window:
    if params.first and params.last and params.first > params.last:
        raise Invalid("from 不能晚于 to", "`from` lies after `to`")
    return Window(params.as_of or clock.today(), params.first, params.last)


def _entry(figure_id: str) -> Entry:
    found = REGISTRY.get(figure_id)
    if found is None:
        raise NotFound
    return found


async def _places(
    on: Reader, caller: Caller, permission: Permission, params: FigureParams, day: date
) -> list[Subtree]:
    """Give the subtrees asked about; `NotFound` for one out of sight, `Forbidden` with no right."""
    if not caller.subtrees(permission):
        raise Forbidden(
            f"没有“{permission.value}”权限", f"{permission} is not granted", permission=permission
        )
    if params.within is None:
        return await organizations.places(on, caller, permission, day)
    return [await organizations.subtree(on, caller, params.within, day, permission)]


async def compute(
    on: Reader, caller: Caller, params: FigureParams, figure_id: str | None = None
) -> list[dict[str, Any]]:
    """Compute one figure, or all that the caller may read, in one statement.

    Raises `NotFound`, `Forbidden` or `Invalid`.
    """
    window = _window(params)
    asked = [_entry(figure_id)] if figure_id else list(REGISTRY.values())
    if readable := [e for e in asked if caller.subtrees(e.figure.permission)]:
        asked = readable
    places: dict[Permission, list[Subtree]] = {}
    sums: dict[Source, ColumnElement[Decimal]] = {}
    for entry in asked:
        right = entry.figure.permission
        if right not in places:
            places[right] = await _places(on, caller, right, params, window.day)
        for source in filter(None, (entry.numerator, entry.denominator)):
            if source not in sums:
                rows = source(places[right], window).subquery()
                total = select(func.coalesce(func.sum(rows.c.amount), 0)).scalar_subquery()
                sums[source] = total.label(f"sum{len(sums)}")
    found = (await on.execute(select(*sums.values()))).one()
    values = dict(zip(sums, found, strict=True))
    return [_answer(entry, values, params, window) for entry in asked]


def _answer(
    entry: Entry, values: dict[Source, Decimal], params: FigureParams, window: Window
) -> dict[str, Any]:
    figure = entry.figure
    numerator = values[entry.numerator]
    denominator = None if entry.denominator is None else values[entry.denominator]
    value: Decimal | None = numerator
    if denominator is not None and figure.places is not None:
        value = quotient(numerator, denominator, figure.places)
    asked = {"within": params.within, "from": window.first, "to": window.last}
    query = {name: str(v) for name, v in {**asked, "as_of": window.day}.items() if v is not None}
    return {
        "id": figure.id,
        "name": figure.name._asdict(),
        "value": value,
        "unit": figure.unit,
        "numerator": numerator,
        "denominator": denominator,
        "rounding": None if figure.places is None else f"{ROUNDING} {figure.places}",
        "as_of": window.day,
        "from": window.first,
        "to": window.last,
        "definition": figure.definition._asdict(),
        "rows": f"/v1/figures/{figure.id}/rows?{urlencode(query)}",
    }


async def rows(
    on: Reader, caller: Caller, figure_id: str, params: FigureRowParams
) -> Rows[Row[*tuple[Any, ...]]]:
    """List the records behind a figure; their amounts add up to its numerator or denominator.

    Raises `NotFound`, `Forbidden`, `Invalid` or `NoSuchPart`.
    """
    entry, window = _entry(figure_id), _window(params)
    source = entry.numerator if params.part == Part.NUMERATOR else entry.denominator
    if source is None:
        raise NoSuchPart
    places = await _places(on, caller, entry.figure.permission, params, window.day)
    listed = source(places, window).subquery()
    sorts: dict[str, ColumnElement[Any]] = {"happened_on": listed.c.happened_on}
    of = f"figure {figure_id} {params.part}"
    return await page(on, select(listed), sorts, params.sort, params, of=of, tie=listed.c.id)
