"""Closings over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.closings import queries, service
from app.closings.errors import AlreadyClosed
from app.closings.schemas import (
    DriftOut,
    FigureClosingItem,
    FigureClosingListParams,
    FigureClosingNew,
    FigureClosingOut,
)
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page

router = APIRouter(prefix="/figure-closings", tags=["figures"], route_class=Route)


@router.get("", response_model=Page[FigureClosingItem])
async def list_figure_closings(
    on: ReadDep, caller: CallerDep, params: Annotated[FigureClosingListParams, Query()]
) -> Rows[Any]:
    """List the closed periods of the districts that you see (数字封存)."""
    return await queries.find(on, caller, params)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, AlreadyClosed),
)
async def close_figures(
    session: SessionDep, caller: CallerDep, new: FigureClosingNew, response: Response
) -> FigureClosingOut:
    """Freeze and sign every figure of a period, with the rows behind it (封存数字)."""
    made = await service.close(session, caller, new)
    response.headers["Location"] = f"/v1/figure-closings/{made}"
    return await queries.get(session, caller, made)


@router.get("/{closing_id}", responses=declare(NotFound))
async def get_figure_closing(on: ReadDep, caller: CallerDep, closing_id: Id) -> FigureClosingOut:
    """Show the figures of a closed period as they were frozen (数字封存详情)."""
    return await queries.get(on, caller, closing_id)


@router.get("/{closing_id}/drift", responses=declare(NotFound))
async def get_figure_drift(on: ReadDep, caller: CallerDep, closing_id: Id) -> DriftOut:
    """Tell which figures of a closed period differ today: old, new, which rows, whose edits (变动).

    A figure that you may not read over the whole district is left out.
    """
    return await queries.drift(on, caller, closing_id)
