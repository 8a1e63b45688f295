"""Who is due to attend, and tallies, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.ballots import queries as ballots
from app.ballots.errors import BallotsDamaged, BoxNotClosed, VotersNotEntitled
from app.ballots.schemas import BoxOut
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep, tag
from app.core.problems import declare
from app.core.schemas import Id
from app.cycles import queries as cycles
from app.cycles.errors import CandidateNotEligible, OutOfOrder, SameAccount
from app.cycles.schemas import CycleDetail
from app.elections.errors import ProtocolContradicts
from app.organizations.errors import NotStanding
from app.tallies import queries, service
from app.tallies.errors import (
    AlreadyExcluded,
    BoxDecides,
    BoxNotPossible,
    BoxOfAnother,
    DueDiffers,
    ExclusionIncomplete,
    NameUnclear,
    NotAVoter,
    PositionNotOpen,
)
from app.tallies.schemas import (
    BallotsNew,
    ConsentNew,
    ExclusionNew,
    Tallies,
    TallyNew,
    VoterListParams,
    VotersPage,
)

router = APIRouter(tags=["elections"], route_class=Route)
STEP = (NotFound, Forbidden, OutOfOrder)
ABOVE = (*STEP, SameAccount)


@router.post(
    "/election-cycles/{cycle_id}/consents",
    response_model=CycleDetail,
    responses=declare(*ABOVE, NotAVoter, AlreadyExcluded),
)
async def consent_to_exclusion(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: ConsentNew, response: Response
) -> Any:
    """Consent, at the level above, that a voter is not counted as due (同意核减应到会)."""
    await service.consent(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/exclusions",
    response_model=CycleDetail,
    responses=declare(*STEP, ExclusionIncomplete, AlreadyExcluded),
)
async def exclude_voter(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: ExclusionNew, response: Response
) -> Any:
    """Leave a voter out of those due, by consent above and the meeting's vote (核减应到会)."""
    await service.exclude(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.get(
    "/election-cycles/{cycle_id}/voters",
    response_model=VotersPage,
    responses=declare(NotFound, Forbidden),
)
async def list_voters(
    on: ReadDep, caller: CallerDep, cycle_id: Id, params: Annotated[VoterListParams, Query()]
) -> Any:
    """List who is due to attend, and why the others are not (应到会名单)."""
    return await queries.voters(on, caller, cycle_id, params)


@router.post(
    "/election-cycles/{cycle_id}/ballots",
    response_model=BoxOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        *STEP,
        BoxDecides,
        BoxNotPossible,
        NotStanding,
        VotersNotEntitled,
    ),
)
async def open_election_ballots(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: BallotsNew, response: Response
) -> Any:
    """Open a ballot box for the vote whose turn it is, among those due to it (开设本轮票箱)."""
    made = await service.open_box(session, caller, cycle_id, new)
    response.headers["Location"] = f"/v1/ballot-boxes/{made}"
    box = await ballots.get(session, caller, made)
    tag(response, box.version)
    return box


@router.post(
    "/election-cycles/{cycle_id}/tallies",
    response_model=CycleDetail,
    responses=declare(
        *STEP,
        PositionNotOpen,
        CandidateNotEligible,
        DueDiffers,
        ProtocolContradicts,
        BoxDecides,
        BoxOfAnother,
        BoxNotClosed,
        BallotsDamaged,
        NameUnclear,
    ),
)
async def enter_tally(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: TallyNew, response: Response
) -> Any:
    """Enter the protocol of a vote, its ballots or its box; the rules give the verdict (计票结果).

    A ballot box says itself how many voted and for whom. On single ballots a name is a candidate's,
    or that of a member who could be elected; any other gets no vote.
    """
    await service.enter(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.get(
    "/election-cycles/{cycle_id}/tallies",
    response_model=Tallies,
    responses=declare(NotFound),
)
async def list_tallies(on: ReadDep, caller: CallerDep, cycle_id: Id) -> Any:
    """List the protocols of a cycle and their verdicts (计票记录)."""
    return {"items": await queries.tallies(on, caller, cycle_id)}


async def _shown(session: SessionDep, caller: CallerDep, cycle_id: Id, response: Response) -> Any:
    shown = await cycles.show(session, caller, cycle_id)
    tag(response, shown["version"])
    return shown
