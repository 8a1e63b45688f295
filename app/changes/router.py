"""Changes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.changes import queries
from app.changes.schemas import DiffOut, DiffParams
from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route
from app.core.problems import declare
from app.core.schemas import Id

router = APIRouter(tags=["changes"], route_class=Route)


@router.get(
    "/organizations/{organization_id}/tree/diff",
    responses=declare(NotFound),
)
async def diff_tree(
    on: ReadDep, caller: CallerDep, organization_id: Id, params: Annotated[DiffParams, Query()]
) -> DiffOut:
    """Tell what changed in a subtree between two days, and why its head-counts did (变动对比)."""
    return await queries.diff(on, caller, organization_id, params)
