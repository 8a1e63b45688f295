"""Rates and rankings of pledges over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.problems import declare
from app.rates import queries
from app.rates.schemas import RankingsOut, RateFilters, RateParams, RatesOut

router = APIRouter(tags=["pledges"], route_class=Route)


@router.get("/pledges/rates", responses=declare(NotFound))
async def list_pledge_rates(
    on: ReadDep, caller: CallerDep, params: Annotated[RateParams, Query()]
) -> RatesOut:
    """Tell which part of the published pledges was confirmed (承诺完成率).

    All that was published by `as_of` and not withdrawn by then is counted.
    """
    return await queries.rates(on, caller, params)


@router.get("/pledges/rankings", responses=declare(NotFound))
async def list_pledge_rankings(
    on: ReadDep, caller: CallerDep, params: Annotated[RateFilters, Query()]
) -> RankingsOut:
    """Rank branches by their rate, their groups and members included (承诺完成率排名)."""
    return await queries.rankings(on, caller, params)
