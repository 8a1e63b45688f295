"""Election cycles over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep, tag
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.cycles import queries, service
from app.cycles.errors import (
    AlreadyExtended,
    CandidateNotEligible,
    CongressNotAllowed,
    CycleOpen,
    DelegatesNotAllowed,
    ExtensionTooLong,
    HoldsNoElection,
    NoticeOpen,
    NotOverdue,
    OutOfOrder,
    PublishedTooShortly,
    SameAccount,
    SeatsNotAllowed,
    TooEarly,
    TooFewCandidates,
)
from app.cycles.schemas import (
    CycleDetail,
    CycleListParams,
    CycleNew,
    CycleOut,
    ExtensionNew,
    NominationNew,
    NoticeListParams,
    NoticeNew,
    NoticeOut,
    PracticeListParams,
    PracticeNew,
    PracticeOut,
    ReplyNew,
    StepNew,
)
from app.organizations.errors import NotStanding

router = APIRouter(tags=["elections"], route_class=Route)
STEP = (NotFound, Forbidden, OutOfOrder)
ABOVE = (*STEP, SameAccount)


@router.get("/election-cycles", response_model=Page[CycleOut], responses=declare(NotFound))
async def list_election_cycles(
    on: ReadDep, caller: CallerDep, params: Annotated[CycleListParams, Query()]
) -> Any:
    """List the election cycles that you may see, by due date (换届周期)."""
    return await queries.find(on, caller, params)


@router.post(
    "/election-cycles",
    response_model=CycleDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        NotFound, HoldsNoElection, NotStanding, CycleOpen, SeatsNotAllowed, CongressNotAllowed
    ),
)
async def open_election_cycle(
    session: SessionDep, caller: CallerDep, new: CycleNew, response: Response
) -> Any:
    """Open an election cycle for an organisation (换届立项)."""
    made = await service.open_cycle(session, caller, new)
    response.headers["Location"] = f"/v1/election-cycles/{made}"
    return await _shown(session, caller, made, response)


@router.get("/election-cycles/{cycle_id}", response_model=CycleDetail, responses=declare(NotFound))
async def get_election_cycle(
    on: ReadDep, caller: CallerDep, cycle_id: Id, response: Response
) -> Any:
    """Show a cycle with its steps, candidates and notices (换届周期详情)."""
    shown = await queries.show(on, caller, cycle_id)
    tag(response, shown["version"])
    return shown


@router.post(
    "/election-cycles/{cycle_id}/requests", response_model=CycleDetail, responses=declare(*STEP)
)
async def request_election(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """Ask the level above for the election (换届请示)."""
    await service.request(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/replies",
    response_model=CycleDetail,
    responses=declare(*ABOVE, DelegatesNotAllowed),
)
async def reply_to_election_request(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: ReplyNew, response: Response
) -> Any:
    """Agree to the request, at the level above (上级批复)."""
    await service.reply(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/candidates",
    response_model=CycleDetail,
    responses=declare(*STEP, TooFewCandidates, CandidateNotEligible),
)
async def nominate_candidates(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: NominationNew, response: Response
) -> Any:
    """Nominate the candidates; until the pre-check a new list replaces the old (提名候选人)."""
    await service.nominate(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/prechecks", response_model=CycleDetail, responses=declare(*ABOVE)
)
async def precheck_candidates(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """Agree to the candidates, at the level above (候选人预审)."""
    await service.precheck(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/publications", response_model=CycleDetail, responses=declare(*STEP)
)
async def publish_candidates(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """Record that the candidates were published (候选人公示)."""
    await service.publish(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/meetings",
    response_model=CycleDetail,
    responses=declare(*STEP, TooEarly, PublishedTooShortly),
)
async def hold_election_meeting(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """Record the meeting that elects (召开选举大会)."""
    await service.hold(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/reports", response_model=CycleDetail, responses=declare(*STEP)
)
async def report_election(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """Report the result to the level above (报告选举结果)."""
    await service.report(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/approvals",
    response_model=CycleDetail,
    responses=declare(*ABOVE, NotStanding),
)
async def approve_election(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """Approve the result: the new term begins with the meeting (批准选举结果)."""
    await service.approve(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/cancellations",
    response_model=CycleDetail,
    responses=declare(*STEP),
)
async def cancel_election_cycle(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: StepNew, response: Response
) -> Any:
    """End a cycle that will not go on (取消换届周期)."""
    await service.cancel(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/extensions",
    response_model=CycleDetail,
    responses=declare(*ABOVE, ExtensionTooLong, AlreadyExtended),
)
async def extend_term(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: ExtensionNew, response: Response
) -> Any:
    """Let the term last longer, one year at most, at the level above (批准延期换届)."""
    await service.extend(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.post(
    "/election-cycles/{cycle_id}/notices",
    response_model=CycleDetail,
    responses=declare(*ABOVE, NotOverdue, NoticeOpen),
)
async def issue_criticism_notice(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: NoticeNew, response: Response
) -> Any:
    """Criticise an overdue organisation; the election itself clears it (通报批评)."""
    await service.criticise(session, caller, cycle_id, new)
    return await _shown(session, caller, cycle_id, response)


@router.get("/election-notices", response_model=Page[NoticeOut], responses=declare(NotFound))
async def list_criticism_notices(
    on: ReadDep, caller: CallerDep, params: Annotated[NoticeListParams, Query()]
) -> Any:
    """List the criticism notices that you may see, newest first (通报批评)."""
    return await queries.find_notices(on, caller, params)


@router.get("/election-practices", response_model=Page[PracticeOut])
async def list_election_practices(
    on: ReadDep, caller: CallerDep, params: Annotated[PracticeListParams, Query()]
) -> Rows[Any]:
    """List what districts set as their practice, the newest first (当地换届做法)."""
    return await queries.find_practices(on, caller, params)


@router.post(
    "/election-practices",
    response_model=PracticeOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden),
)
async def set_election_practice(session: SessionDep, caller: CallerDep, new: PracticeNew) -> Any:
    """Set a district's local practice, from now on (设置当地换届做法)."""
    return await service.set_practice(session, caller, new)


async def _shown(session: SessionDep, caller: CallerDep, cycle_id: Id, response: Response) -> Any:
    shown = await queries.show(session, caller, cycle_id)
    tag(response, shown["version"])
    return shown
