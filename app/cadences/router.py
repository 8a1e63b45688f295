"""What is due, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.cadences import queries
from app.cadences.schemas import DueOut, DueParams
from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.problems import declare
from app.core.schemas import Page

router = APIRouter(tags=["activities"], route_class=Route)


@router.get("/activities/due", response_model=Page[DueOut], responses=declare(NotFound))
async def list_due_activities(
    on: ReadDep, caller: CallerDep, params: Annotated[DueParams, Query()]
) -> Any:
    """List what organisations lack in the month, quarter and year of a day (应开展未开展).

    Each item names the rule and where it stands written; what was held on `as_of` counts.
    """
    return await queries.due(on, caller, params)
