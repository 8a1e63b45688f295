"""Appraisals over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status

from app.appraisals import queries, service
from app.appraisals.errors import (
    AlreadyRecorded,
    AppraisalExists,
    AppraisalPublished,
    CheckOutOfOrder,
    DutyChecked,
    DutyKept,
    NothingScored,
)
from app.appraisals.models import (
    AppraisalCycle,
    AppraisalScore,
    DutyShift,
    HouseholdCount,
    HouseholdVisit,
    SpotCheck,
    Talk,
)
from app.appraisals.schemas import (
    AppraisalCycleNew,
    AppraisalCycleOut,
    AppraisalCycleParams,
    AppraisalScoreOut,
    AppraisalScoreParams,
    DutyCheckNew,
    DutyShiftNew,
    DutyShiftOut,
    DutyShiftParams,
    HouseholdCountNew,
    HouseholdCountOut,
    HouseholdCountParams,
    HouseholdVisitNew,
    HouseholdVisitOut,
    HouseholdVisitParams,
    ResultsNew,
    ScoreNew,
    SpotCheckDetail,
    SpotCheckNew,
    SpotCheckOut,
    SpotCheckParams,
    TalkNew,
    TalkOut,
    TalkParams,
)
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding

router = APIRouter(tags=["appraisals"], route_class=Route)
NEW = (NotFound, Forbidden, NotStanding)
CREATED = status.HTTP_201_CREATED


@router.get(
    "/household-counts", response_model=Page[HouseholdCountOut], responses=declare(NotFound)
)
async def list_household_counts(
    on: ReadDep, caller: CallerDep, params: Annotated[HouseholdCountParams, Query()]
) -> Any:
    """List how many households communities had (户数)."""
    return await queries.find(on, caller, HouseholdCount, params, {})


@router.post(
    "/household-counts",
    response_model=HouseholdCountOut,
    status_code=CREATED,
    responses=declare(*NEW, AlreadyRecorded),
)
async def count_households(session: SessionDep, caller: CallerDep, new: HouseholdCountNew) -> Any:
    """Record how many households a community has: a number, no names (登记户数)."""
    made = await service.count_households(session, caller, new)
    return await queries.get(session, caller, HouseholdCount, made)


@router.get(
    "/household-visits", response_model=Page[HouseholdVisitOut], responses=declare(NotFound)
)
async def list_household_visits(
    on: ReadDep, caller: CallerDep, params: Annotated[HouseholdVisitParams, Query()]
) -> Any:
    """List the visits of cadres to households (入户走访)."""
    filters = {"member_id": HouseholdVisit.member_id}
    return await queries.find(on, caller, HouseholdVisit, params, filters)


@router.post(
    "/household-visits",
    response_model=HouseholdVisitOut,
    status_code=CREATED,
    responses=declare(*NEW, AlreadyRecorded),
)
async def record_household_visit(
    session: SessionDep, caller: CallerDep, new: HouseholdVisitNew
) -> Any:
    """Record a visit of a cadre to a household, which has a number and no name (登记入户)."""
    made = await service.visit(session, caller, new)
    return await queries.get(session, caller, HouseholdVisit, made)


@router.get("/spot-checks", response_model=Page[SpotCheckOut], responses=declare(NotFound))
async def list_spot_checks(
    on: ReadDep, caller: CallerDep, params: Annotated[SpotCheckParams, Query()]
) -> Any:
    """List the spot checks, also those whose seed was published and never used (抽查)."""
    filters = {"status": SpotCheck.status}
    return await queries.find(on, caller, SpotCheck, params, filters)


@router.post(
    "/spot-checks", response_model=SpotCheckDetail, status_code=CREATED, responses=declare(*NEW)
)
async def publish_spot_check(session: SessionDep, caller: CallerDep, new: SpotCheckNew) -> Any:
    """Put down a pool; chance gives its seed, which is published before the draw (公布抽查种子)."""
    made = await service.publish_check(session, caller, new)
    return await queries.get_check(session, caller, made)


@router.get("/spot-checks/{check_id}", response_model=SpotCheckDetail, responses=declare(NotFound))
async def get_spot_check(on: ReadDep, caller: CallerDep, check_id: Id) -> Any:
    """Show a check's seed, pool and those drawn, by which anybody draws it again (抽查详情)."""
    return await queries.get_check(on, caller, check_id)


@router.post(
    "/spot-checks/{check_id}/draws",
    response_model=SpotCheckDetail,
    responses=declare(NotFound, Forbidden, CheckOutOfOrder),
)
async def draw_spot_check(session: SessionDep, caller: CallerDep, check_id: Id) -> Any:
    """Draw from the pool by the published seed (抽取)."""
    await service.draw(session, caller, check_id)
    return await queries.get_check(session, caller, check_id)


@router.post(
    "/spot-checks/{check_id}/results",
    response_model=SpotCheckDetail,
    responses=declare(NotFound, Forbidden, CheckOutOfOrder),
)
async def keep_spot_check_results(
    session: SessionDep, caller: CallerDep, check_id: Id, new: ResultsNew
) -> Any:
    """Keep what the check found of everybody who was drawn (登记抽查结果)."""
    await service.keep_results(session, caller, check_id, new)
    return await queries.get_check(session, caller, check_id)


@router.get("/duty-shifts", response_model=Page[DutyShiftOut], responses=declare(NotFound))
async def list_duty_shifts(
    on: ReadDep, caller: CallerDep, params: Annotated[DutyShiftParams, Query()]
) -> Any:
    """List the roster of duty and what checks found (值班表)."""
    filters = {"is_present": DutyShift.is_present}
    return await queries.find(on, caller, DutyShift, params, filters)


@router.post(
    "/duty-shifts",
    response_model=DutyShiftOut,
    status_code=CREATED,
    responses=declare(*NEW, AlreadyRecorded),
)
async def roster_duty_shift(session: SessionDep, caller: CallerDep, new: DutyShiftNew) -> Any:
    """Put a shift on the roster (登记值班)."""
    made = await service.roster(session, caller, new)
    return await queries.get(session, caller, DutyShift, made)


@router.post(
    "/duty-shifts/{shift_id}/checks",
    response_model=DutyShiftOut,
    responses=declare(NotFound, Forbidden, DutyChecked),
)
async def check_duty_shift(
    session: SessionDep, caller: CallerDep, shift_id: Id, new: DutyCheckNew
) -> Any:
    """Say whether the cadre was on duty (检查坐班)."""
    await service.check_duty(session, caller, shift_id, new)
    return await queries.get(session, caller, DutyShift, shift_id)


@router.get("/talks", response_model=Page[TalkOut], responses=declare(NotFound))
async def list_talks(on: ReadDep, caller: CallerDep, params: Annotated[TalkParams, Query()]) -> Any:
    """List the talks to which cadres were called in (约谈)."""
    return await queries.find(on, caller, Talk, params, {})


@router.post(
    "/talks", response_model=TalkOut, status_code=CREATED, responses=declare(*NEW, DutyKept)
)
async def record_talk(session: SessionDep, caller: CallerDep, new: TalkNew) -> Any:
    """Record a talk, linked to the check of duty that failed (登记约谈)."""
    made = await service.talk(session, caller, new)
    return await queries.get(session, caller, Talk, made)


@router.get(
    "/appraisal-cycles", response_model=Page[AppraisalCycleOut], responses=declare(NotFound)
)
async def list_appraisal_cycles(
    on: ReadDep, caller: CallerDep, params: Annotated[AppraisalCycleParams, Query()]
) -> Any:
    """List the quarterly appraisals (季度考核)."""
    filters = {"status": AppraisalCycle.status}
    return await queries.find(on, caller, AppraisalCycle, params, filters)


@router.post(
    "/appraisal-cycles",
    response_model=AppraisalCycleOut,
    status_code=CREATED,
    responses=declare(*NEW, AppraisalExists),
)
async def open_appraisal_cycle(
    session: SessionDep, caller: CallerDep, new: AppraisalCycleNew
) -> Any:
    """Open a quarter's appraisal; its weights add up to 100 (启动季度考核)."""
    made = await service.open_cycle(session, caller, new)
    return await queries.get(session, caller, AppraisalCycle, made)


@router.post(
    "/appraisal-cycles/{cycle_id}/scores",
    response_model=AppraisalScoreOut,
    responses=declare(NotFound, Forbidden, AppraisalPublished),
)
async def score_organization(
    session: SessionDep, caller: CallerDep, cycle_id: Id, new: ScoreNew
) -> Any:
    """Score an organisation; until the publication a new score replaces the old (考核打分)."""
    made = await service.score(session, caller, cycle_id, new)
    return await queries.get_score(session, caller, made)


@router.post(
    "/appraisal-cycles/{cycle_id}/publications",
    response_model=AppraisalCycleOut,
    responses=declare(NotFound, Forbidden, AppraisalPublished, NothingScored),
)
async def publish_appraisal(session: SessionDep, caller: CallerDep, cycle_id: Id) -> Any:
    """Publish an appraisal: whoever was scored sees it (公布考核结果)."""
    await service.publish(session, caller, cycle_id)
    return await queries.get(session, caller, AppraisalCycle, cycle_id)


@router.get(
    "/appraisal-scores", response_model=Page[AppraisalScoreOut], responses=declare(NotFound)
)
async def list_appraisal_scores(
    on: ReadDep, caller: CallerDep, params: Annotated[AppraisalScoreParams, Query()]
) -> Any:
    """Rank the organisations that you may see by what they scored (考核排名)."""
    rows, filters = queries.scores(caller), {"cycle_id": AppraisalScore.cycle_id}
    return await queries.find(on, caller, AppraisalScore, params, filters, rows)
