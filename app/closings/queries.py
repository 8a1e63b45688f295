"""Reading closings, and comparing them with what the records say today."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, String, any_, literal, select

from app.closings import logic
from app.closings.models import FigureClosing
from app.closings.schemas import (
    DriftOut,
    FigureClosingItem,
    FigureClosingListParams,
    FigureClosingOut,
)
from app.core import crypto
from app.core.audit import AuditEntry, Outcome
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor
from app.core.errors import NotFound
from app.core.figures import Figure, Window
from app.core.pages import Rows, page
from app.figures import queries as figures
from app.organizations.queries import ROOT_PATH, AnySelect

MOST_ROWS, MOST_EDITS = 200, 200
_ITEM = [FigureClosing.__table__.c[name] for name in FigureClosingItem.model_fields]


def visible(caller: Caller, *columns: Any) -> AnySelect:
    """Select the closings of the districts in which the caller sees organisations."""
    codes = {s.district_code for s in caller.subtrees(Permission.ORGANIZATIONS_READ)}
    return select(*columns).where(FigureClosing.district_code.in_(sorted(codes)))


async def find(on: Executor, caller: Caller, params: FigureClosingListParams) -> Rows[Any]:
    """List closings."""
    rows = visible(caller, *_ITEM)
    if params.district_code is not None:
        rows = rows.where(FigureClosing.district_code == params.district_code)
    sorts = {"last_on": FigureClosing.last_on}
    of = "figure closings"
    return await page(on, rows, sorts, params.sort, params, of=of, tie=FigureClosing.id)


async def _closing(on: Executor, caller: Caller, closing_id: UUID) -> tuple[dict[str, Any], bool]:
    """Fetch a closing and whether it is what was signed, or raise `NotFound`."""
    rows = visible(caller, *FigureClosing.__table__.c).where(FigureClosing.id == closing_id)
    found = (await on.execute(rows)).mappings().first()
    if found is None:
        raise NotFound
    closing = dict(found)
    return closing, crypto.keys().is_signed(logic.content(closing), closing["signature"])


def _readable(caller: Caller, closing: dict[str, Any]) -> list[Figure]:
    """Give the frozen figures that the caller may read over the whole district."""
    whole = Subtree(closing["district_code"], ROOT_PATH)
    return [
        figure
        for figure in figures.REGISTRY.values()
        if figure.id in closing["figures"] and caller.may(figure.permission, whole)
    ]


def _named(figure: Figure) -> dict[str, Any]:
    return {"id": figure.id, "name": figure.name._asdict(), "unit": figure.unit}


async def get(on: Executor, caller: Caller, closing_id: UUID) -> FigureClosingOut:
    """Show a closing and its figures, or raise `NotFound`."""
    closing, is_intact = await _closing(on, caller, closing_id)
    told = [
        {**_named(f), **closing["figures"][f.id]} for f in _readable(caller, closing) if is_intact
    ]
    shown = {name: closing[name] for name in FigureClosingItem.model_fields}
    return FigureClosingOut.model_validate({**shown, "is_intact": is_intact, "figures": told})


async def drift(on: Executor, caller: Caller, closing_id: UUID) -> DriftOut:
    """Compare a closing with today's records, in three statements, or raise `NotFound`."""
    closing, is_intact = await _closing(on, caller, closing_id)
    asked = _readable(caller, closing) if is_intact else []
    window = Window(closing["last_on"], closing["first_on"], closing["last_on"])
    opened = await figures.opened(on, closing["district_code"], asked, window)
    told, ids = [], set()
    for figure in asked:
        rows = logic.drift(logic.read(closing["rows"][figure.id]), opened[figure.id])
        new = figures.values_of(figure, opened[figure.id])
        old = closing["figures"][figure.id]
        if not rows and old == logic.told(new):
            continue
        listed = rows[:MOST_ROWS]
        ids |= {row.id for row in listed}
        drifted = {"old": old, "new": new, "rows_differing": len(rows), "rows": listed}
        told.append({**_named(figure), **drifted})
    edits = await _edits(on, closing, ids) if ids else []
    return DriftOut.model_validate({"is_intact": is_intact, "figures": told, "edits": edits})


async def _edits(on: Executor, closing: dict[str, Any], ids: Iterable[str]) -> list[Any]:
    """List what the audit has of these rows since the closing: who, when and what, no more."""
    e = AuditEntry
    held = e.target_id == any_(literal(sorted(ids), ARRAY(String)))
    rows = (
        select(e.number, e.at, e.username, e.action, e.target_id.label("row_id"))
        .where(e.district_code == closing["district_code"], held)
        .where(e.number > closing["entries"], e.outcome == Outcome.DONE)
        .order_by(e.number)
        .limit(MOST_EDITS)
    )
    return [dict(row) for row in (await on.execute(rows)).mappings()]
