"""Corrections over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Page
from app.corrections import queries
from app.corrections.schemas import CorrectionListParams, CorrectionOut

router = APIRouter(tags=["changes"], route_class=Route)


@router.get("/corrections", response_model=Page[CorrectionOut], responses=declare(NotFound))
async def list_corrections(
    on: ReadDep, caller: CallerDep, params: Annotated[CorrectionListParams, Query()]
) -> Rows[Any]:
    """List what was told of past days and is told otherwise now, newest first (更正)."""
    return await queries.corrections(on, caller, params)
