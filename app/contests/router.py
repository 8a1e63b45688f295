"""Contests over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.contests import queries, service
from app.contests.errors import (
    ContestFull,
    ContestOutOfOrder,
    NotOnPodium,
    ScoresMissing,
    ScoresRefused,
    TieAtTheCut,
)
from app.contests.schemas import (
    ContestDetail,
    ContestListParams,
    ContestNew,
    ContestOut,
    EntryNew,
    JurorNew,
    LectureTeamNew,
    PublicationNew,
    ScoresNew,
)
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding

router = APIRouter(tags=["contests"], route_class=Route)
STEP = (NotFound, Forbidden, ContestOutOfOrder)


@router.get("/contests", response_model=Page[ContestOut], responses=declare(NotFound))
async def list_contests(
    on: ReadDep, caller: CallerDep, params: Annotated[ContestListParams, Query()]
) -> Any:
    """List the contests that you may see; members see those where they are on the jury (评选)."""
    return await queries.find(on, caller, params)


@router.post(
    "/contests",
    response_model=ContestDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, NotStanding),
)
async def announce_contest(
    session: SessionDep, caller: CallerDep, new: ContestNew, response: Response
) -> Any:
    """Announce a contest of an organisation (举办评选)."""
    made = await service.announce(session, caller, new)
    response.headers["Location"] = f"/v1/contests/{made}"
    return await queries.detail(session, caller, made)


@router.get("/contests/{contest_id}", response_model=ContestDetail, responses=declare(NotFound))
async def get_contest(on: ReadDep, caller: CallerDep, contest_id: Id) -> Any:
    """Show a contest: entries with ranks and ties, the jury, the scores (评选详情).

    While it is open the ranks are those of the scores so far, and jurors see their own alone.
    """
    return await queries.detail(on, caller, contest_id)


@router.post(
    "/contests/{contest_id}/entries",
    response_model=ContestDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*STEP, ContestFull),
)
async def enter_contest(
    session: SessionDep, caller: CallerDep, contest_id: Id, new: EntryNew
) -> Any:
    """Enter what an organisation or a member competes with (登记参赛作品)."""
    await service.enter(session, caller, contest_id, new)
    return await queries.detail(session, caller, contest_id)


@router.post(
    "/contests/{contest_id}/entries/{entry_id}/withdrawals",
    response_model=ContestDetail,
    responses=declare(*STEP),
)
async def withdraw_contest_entry(
    session: SessionDep, caller: CallerDep, contest_id: Id, entry_id: Id
) -> Any:
    """Withdraw an entry; it is scored and ranked no more (撤回参赛作品)."""
    await service.withdraw_entry(session, caller, contest_id, entry_id)
    return await queries.detail(session, caller, contest_id)


@router.post(
    "/contests/{contest_id}/jurors",
    response_model=ContestDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*STEP, ContestFull),
)
async def appoint_juror(
    session: SessionDep, caller: CallerDep, contest_id: Id, new: JurorNew
) -> Any:
    """Put somebody on the jury (登记评委)."""
    await service.appoint(session, caller, contest_id, new)
    return await queries.detail(session, caller, contest_id)


@router.post(
    "/contests/{contest_id}/scores",
    response_model=ContestDetail,
    responses=declare(*STEP, ScoresRefused),
)
async def score_contest(
    session: SessionDep, caller: CallerDep, contest_id: Id, new: ScoresNew
) -> Any:
    """Record scores, all or none; a juror gives the own, never to the own unit (登记评分).

    `errors` names each wrong row, from 1: `row`, `field`, `code` and `message`.
    """
    await service.score(session, caller, contest_id, new)
    return await queries.detail(session, caller, contest_id)


@router.post(
    "/contests/{contest_id}/closures",
    response_model=ContestDetail,
    responses=declare(*STEP, ScoresMissing, TieAtTheCut),
)
async def close_contest(session: SessionDep, caller: CallerDep, contest_id: Id) -> Any:
    """Rank the entries once every juror has scored; from then on the ranking stands (评选排名)."""
    await service.close(session, caller, contest_id)
    return await queries.detail(session, caller, contest_id)


@router.post(
    "/contests/{contest_id}/publications", response_model=ContestDetail, responses=declare(*STEP)
)
async def publish_contest(
    session: SessionDep, caller: CallerDep, contest_id: Id, new: PublicationNew
) -> Any:
    """Say where and when the ranking was published; the address is not fetched (发布评选结果)."""
    await service.publish(session, caller, contest_id, new)
    return await queries.detail(session, caller, contest_id)


@router.post(
    "/contests/{contest_id}/lecture-teams",
    response_model=ContestDetail,
    responses=declare(*STEP, NotOnPodium),
)
async def form_lecture_team(
    session: SessionDep, caller: CallerDep, contest_id: Id, new: LectureTeamNew
) -> Any:
    """Make up the lecture team of members whose entries were ranked (组建宣讲团).

    Their sessions are activities of the kind `lecture_session`, with them as speakers.
    """
    await service.form_team(session, caller, contest_id, new.entry_ids)
    return await queries.detail(session, caller, contest_id)
