"""The calendar of terms over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core import clock
from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Page
from app.terms import queries
from app.terms.schemas import CalendarParams, OverviewOut, OverviewParams, TermOut
from app.terms.types import Entry, Overview

router = APIRouter(prefix="/elections", tags=["elections"], route_class=Route)


@router.get("/calendar", response_model=Page[TermOut], responses=declare(NotFound))
async def list_terms(
    on: ReadDep, caller: CallerDep, params: Annotated[CalendarParams, Query()]
) -> Rows[Entry]:
    """List the terms by the day on which they end, overdue ones first (换届日历)."""
    return await queries.calendar(on, caller, params, params.as_of or clock.today())


@router.get("/overview", response_model=OverviewOut, responses=declare(NotFound))
async def count_terms(
    on: ReadDep, caller: CallerDep, params: Annotated[OverviewParams, Query()]
) -> Overview:
    """Count the bodies checked, due and overdue (换届概况)."""
    return await queries.overview(on, caller, params, params.as_of or clock.today())
