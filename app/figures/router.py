"""Figures over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Page
from app.figures import queries
from app.figures.errors import NoSuchPart
from app.figures.schemas import FigureId, FigureOut, FigureParams, FigureRowOut, FigureRowParams

router = APIRouter(prefix="/figures", tags=["figures"], route_class=Route)


@router.get("", response_model=Page[FigureOut], responses=declare(NotFound, Forbidden))
async def list_figures(
    on: ReadDep, caller: CallerDep, params: Annotated[FigureParams, Query()]
) -> Any:
    """Compute every figure that you may read, in the order of the annual report (数字)."""
    return Rows(await queries.compute(on, caller, params))


@router.get("/{figure_id}", response_model=FigureOut, responses=declare(NotFound, Forbidden))
async def get_figure(
    on: ReadDep, caller: CallerDep, figure_id: FigureId, params: Annotated[FigureParams, Query()]
) -> Any:
    """Compute one figure, for a subtree and up to a day (单项数字)."""
    return (await queries.compute(on, caller, params, figure_id))[0]


@router.get(
    "/{figure_id}/rows",
    response_model=Page[FigureRowOut],
    responses=declare(NotFound, Forbidden, NoSuchPart),
)
async def list_figure_rows(
    on: ReadDep,
    caller: CallerDep,
    figure_id: FigureId,
    params: Annotated[FigureRowParams, Query()],
) -> Rows[Any]:
    """List the records behind a figure; their amounts add up to it (数字明细)."""
    return await queries.rows(on, caller, figure_id, params)
