"""The audit over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.audit import queries
from app.audit.schemas import EntryListParams, EntryOut, HeadOut, Number
from app.core.errors import NotFound
from app.core.http import CallerDep, Route, doors, written
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import DistrictCode, Page

router = APIRouter(prefix="/audit", tags=["audit"], route_class=Route)


@router.get("/entries", response_model=Page[EntryOut], responses=declare(NotFound))
async def list_audit_entries(
    request: Request, caller: CallerDep, params: Annotated[EntryListParams, Query()]
) -> Any:
    """List who did what, by chain and number (审计记录)."""
    return written(await queries.find(doors(request), caller, params))


@router.get(
    "/entries/{district_code}/{number}", response_model=EntryOut, responses=declare(NotFound)
)
async def get_audit_entry(
    request: Request, caller: CallerDep, district_code: DistrictCode, number: Number
) -> Any:
    """Show one entry (审计记录详情)."""
    return written(await queries.show(doors(request), caller, district_code, number))


@router.get("/heads", response_model=Page[HeadOut])
async def list_audit_heads(request: Request, caller: CallerDep) -> Rows[Any]:
    """List the signed heads of the chains, so that they can be kept elsewhere (审计链头)."""
    return Rows(await queries.heads(doors(request), caller))
