"""The early warning over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.problems import declare
from app.forecasts import queries
from app.forecasts.schemas import WarningListParams, WarningsOut

router = APIRouter(tags=["rules"], route_class=Route)


@router.get("/rules/warnings", responses=declare(NotFound))
async def list_warnings(
    on: ReadDep, caller: CallerDep, params: Annotated[WarningListParams, Query()]
) -> WarningsOut:
    """List the limits that will be passed within twelve months, and by what (人数预警)."""
    return await queries.warnings(on, caller, params)
