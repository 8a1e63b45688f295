"""Elections over HTTP."""

from fastapi import APIRouter

from app.core import clock
from app.core.http import Route
from app.core.problems import declare
from app.elections import service
from app.elections.errors import ProtocolContradicts
from app.elections.schemas import Check, Verdict
from app.elections.types import TallyVerdict
from app.terms.types import TermVerdict

router = APIRouter(prefix="/elections", tags=["elections"], route_class=Route)


@router.post("/checks", response_model=Verdict, responses=declare(ProtocolContradicts))
async def check_election(asked: Check) -> TallyVerdict | TermVerdict:
    """Judge the protocol or the term described, without storing anything (选举试算)."""
    return service.check(asked, clock.today())
