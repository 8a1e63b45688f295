"""Secret ballots over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, status

from app.ballots import queries, service
from app.ballots.errors import (
    AlreadyVoted,
    BallotsDamaged,
    BoxNotClosed,
    BoxNotOpen,
    HoldsNoBallots,
    TooManyNames,
    VotersNotEntitled,
)
from app.ballots.schemas import (
    BallotNew,
    BoxListParams,
    BoxNew,
    BoxOut,
    ExportOut,
    KeyOut,
    TallyOut,
    VoidingNew,
)
from app.core import crypto
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.http import CallerDep, KeylessRoute, ReadDep, Route, SessionDep, note, tag
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding

router = APIRouter(route_class=Route, tags=["ballots"])


@router.get("/elections/keys", response_model=Page[KeyOut])
async def list_election_keys() -> Rows[Any]:
    """List the public keys with which exported elections are checked (验签公钥)."""
    return Rows([{"algorithm": "Ed25519", "key": crypto.keys().public_key.hex()}])


@router.post(
    "/ballot-boxes",
    response_model=BoxOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, HoldsNoBallots, NotStanding, Invalid, VotersNotEntitled),
)
async def open_ballot_box(
    session: SessionDep, caller: CallerDep, new: BoxNew, response: Response
) -> Any:
    """Open a box for a secret ballot among the members whom you name (开设票箱)."""
    made = await service.open_box(session, caller, new)
    response.headers["Location"] = f"/v1/ballot-boxes/{made}"
    return await _shown(session, caller, made, response)


@router.get("/ballot-boxes", response_model=Page[BoxOut], responses=declare(NotFound))
async def list_ballot_boxes(
    on: ReadDep, caller: CallerDep, params: Annotated[BoxListParams, Query()]
) -> Any:
    """List the boxes that you may see, and those in which you may vote (票箱)."""
    return await queries.find(on, caller, params)


@router.get("/ballot-boxes/{box_id}", response_model=BoxOut, responses=declare(NotFound))
async def get_ballot_box(on: ReadDep, caller: CallerDep, box_id: Id, response: Response) -> Any:
    """Show a box: how many may vote and how many did (票箱详情)."""
    return await _shown(on, caller, box_id, response)


async def cast_ballot(session: SessionDep, caller: CallerDep, box_id: Id, new: BallotNew) -> None:
    """Cast your ballot, once; nobody can tell afterwards whom you chose (投票).

    The answer names nothing, and no copy of it is kept: after a lost connection ask again, and
    “voted already” says that the first one counted. A ballot with more names than seats is not
    taken, so that none is spoiled by a slip of the hand.
    """
    await service.cast(session, caller, box_id, new)


router.add_api_route(
    "/ballot-boxes/{box_id}/ballots",
    cast_ballot,
    methods=["POST"],
    route_class_override=KeylessRoute,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(NotFound, Forbidden, BoxNotOpen, AlreadyVoted, Invalid, TooManyNames),
)


@router.post(
    "/ballot-boxes/{box_id}/closures",
    response_model=BoxOut,
    responses=declare(NotFound, Forbidden, BoxNotOpen, BallotsDamaged),
)
async def close_ballot_box(
    session: SessionDep, caller: CallerDep, box_id: Id, response: Response
) -> Any:
    """Close a box: its ballots are shuffled, chained and signed; publish the head (封箱)."""
    await service.close(session, caller, box_id)
    return await _shown(session, caller, box_id, response)


@router.post(
    "/ballot-boxes/{box_id}/voidings",
    response_model=BoxOut,
    responses=declare(NotFound, Forbidden, BoxNotOpen),
)
async def void_ballot_box(
    session: SessionDep, caller: CallerDep, box_id: Id, new: VoidingNew, response: Response
) -> Any:
    """Void an open box and destroy the ballots in it uncounted (票箱作废)."""
    await service.void(session, caller, box_id, new)
    return await _shown(session, caller, box_id, response)


@router.get(
    "/ballot-boxes/{box_id}/tally",
    response_model=TallyOut,
    responses=declare(NotFound, BoxNotClosed, BallotsDamaged),
)
async def get_ballot_tally(on: ReadDep, caller: CallerDep, box_id: Id) -> Any:
    """Count a closed box (计票)."""
    return await queries.tally(on, caller, box_id)


@router.get(
    "/ballot-boxes/{box_id}/export",
    response_model=ExportOut,
    responses=declare(NotFound, BoxNotClosed),
)
async def export_ballots(request: Request, on: ReadDep, caller: CallerDep, box_id: Id) -> Any:
    """Export a closed box, for everybody to verify and to count anew (导出选票).

    The program `tools/verify_election.py` does it without this service.
    """
    found = await queries.export(on, caller, box_id)
    await note(request, {found["box"]["district_code"]: found["count"]}, ballot_box=box_id)
    return found


async def _shown(on: Any, caller: CallerDep, box_id: Id, response: Response) -> Any:
    row = await queries.get(on, caller, box_id)
    tag(response, row.version)
    return row
