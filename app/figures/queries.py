"""Computing figures: each is the sum over its rows, so the two cannot disagree."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Row, func, select

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Reader
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.figures import Figure, Part, Source, Window
from app.core.pages import Rows, page
from app.core.rounding import ROUNDING, quotient
from app.figures.errors import NoSuchPart
from app.figures.schemas import FigureParams, FigureRowParams
from app.organizations import queries as organizations
from app.rates import queries as rates
from app.residents import queries as residents

SOURCES: tuple[Iterable[Figure], ...] = (rates.FIGURES, residents.FIGURES)
"""Where figures come from, in the order in which they are listed."""
REGISTRY: dict[str, Figure] = {f.id: f for figures in SOURCES for f in figures}
"""Every figure by its id."""


# ── Answers


def _window(params: FigureParams) -> Window:
    if params.first and params.last and params.first > params.last:
        raise Invalid("from 不能晚于 to", "`from` lies after `to`")
    return Window(params.as_of or clock.today(), params.first, params.last)


def _figure(figure_id: str) -> Figure:
    found = REGISTRY.get(figure_id)
    if found is None:
        raise NotFound
    return found


async def _places(
    on: Reader, caller: Caller, permission: Permission, params: FigureParams, day: date
) -> list[Subtree]:
    """Give the subtrees asked about; `NotFound` for one out of sight, `Forbidden` with no right."""
    held = caller.subtrees(permission)
    if not held:
        raise Forbidden(
            f"没有“{permission.value}”权限", f"{permission} is not granted", permission=permission
        )
    if params.within is None:
        return held
    return [await organizations.subtree(on, caller, params.within, day, permission)]


async def compute(
    on: Reader, caller: Caller, params: FigureParams, figure_id: str | None = None
) -> list[dict[str, Any]]:
    """Compute one figure, or all that the caller may read, in one statement.

    Raises `NotFound`, `Forbidden` or `Invalid`.
    """
    window = _window(params)
    asked = [_figure(figure_id)] if figure_id else list(REGISTRY.values())
    if readable := [f for f in asked if caller.subtrees(f.permission)]:
        asked = readable
    places: dict[Permission, list[Subtree]] = {}
    sums: dict[Source, ColumnElement[Decimal]] = {}
    for figure in asked:
        right = figure.permission
        if right not in places:
            places[right] = await _places(on, caller, right, params, window.day)
        for source in filter(None, (figure.numerator, figure.denominator)):
            if source not in sums:
                rows = source(places[right], window).subquery()
                total = select(func.coalesce(func.sum(rows.c.amount), 0)).scalar_subquery()
                sums[source] = total.label(f"sum{len(sums)}")
    found = (await on.execute(select(*sums.values()))).one()
    values = dict(zip(sums, found, strict=True))
    return [_answer(figure, values, params, window) for figure in asked]


def _answer(
    figure: Figure, values: dict[Source, Decimal], params: FigureParams, window: Window
) -> dict[str, Any]:
    numerator = values[figure.numerator]
    denominator = None if figure.denominator is None else values[figure.denominator]
    value: Decimal | None = numerator
    if denominator is not None and figure.is_whole:
        value = Decimal(numerator >= denominator > 0)
    elif denominator is not None and figure.places is not None:
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
    figure, window = _figure(figure_id), _window(params)
    parts = {
        Part.NUMERATOR: figure.numerator,
        Part.DENOMINATOR: figure.denominator,
        Part.GAPS: figure.gaps,
    }
    source = parts[params.part]
    if source is None:
        raise NoSuchPart
    places = await _places(on, caller, figure.permission, params, window.day)
    listed = source(places, window).subquery()
    sorts: dict[str, ColumnElement[Any]] = {"happened_on": listed.c.happened_on}
    of = f"figure {figure_id} {params.part}"
    return await page(on, select(listed), sorts, params.sort, params, of=of, tie=listed.c.id)
