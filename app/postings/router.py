"""Postings over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.core.errors import Forbidden, NotFound, Stale
from app.core.http import (
    CallerDep,
    IfMatch,
    PreconditionRequired,
    ReadDep,
    Route,
    SessionDep,
    tag,
)
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.organizations.errors import NotStanding
from app.postings import queries, service
from app.postings.errors import (
    CannotExtend,
    CannotPair,
    CannotServe,
    HouseholdEnded,
    HouseholdTaken,
    NoHouseholdsThere,
    PostDoesNotFit,
    PostingEnded,
    PostingExtended,
    PostTaken,
)
from app.postings.schemas import (
    ExtensionNew,
    HouseholdEndNew,
    PairingNew,
    PoorHouseholdListParams,
    PoorHouseholdNew,
    PoorHouseholdOut,
    PostingEdit,
    PostingEndNew,
    PostingListParams,
    PostingNew,
    PostingOut,
    VacancyOut,
    VacancyParams,
)

router = APIRouter(tags=["postings"], route_class=Route)
SEEN = (NotFound, Forbidden)


@router.get("/postings", response_model=Page[PostingOut], responses=declare(NotFound))
async def list_postings(
    on: ReadDep, caller: CallerDep, params: Annotated[PostingListParams, Query()]
) -> Any:
    """List who serves where on a day, who was extended, who has ended (任职派驻)."""
    return await queries.find(on, caller, params)


@router.post(
    "/postings",
    response_model=PostingOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*SEEN, NotStanding, PostDoesNotFit, CannotServe, PostTaken),
)
async def post_member(
    session: SessionDep, caller: CallerDep, new: PostingNew, response: Response
) -> Any:
    """Post a member to an organisation (登记任职派驻)."""
    made = await service.post(session, caller, new)
    response.headers["Location"] = f"/v1/postings/{made}"
    return await _posting(session, caller, made, response)


@router.get("/postings/vacancies", response_model=Page[VacancyOut], responses=declare(NotFound))
async def list_vacancies(
    on: ReadDep, caller: CallerDep, params: Annotated[VacancyParams, Query()]
) -> Any:
    """List the posts of which an organisation has fewer than the norm on a day (空缺职务)."""
    return await queries.vacancies(on, caller, params)


@router.get("/postings/{posting_id}", response_model=PostingOut, responses=declare(NotFound))
async def get_posting(on: ReadDep, caller: CallerDep, posting_id: Id, response: Response) -> Any:
    """Show one posting (任职派驻详情)."""
    return await _posting(on, caller, posting_id, response)


@router.patch(
    "/postings/{posting_id}",
    response_model=PostingOut,
    responses=declare(*SEEN, Stale, PreconditionRequired, PostingEnded, PostTaken),
)
async def edit_posting(
    session: SessionDep,
    caller: CallerDep,
    posting_id: Id,
    version: IfMatch,
    changes: PostingEdit,
    response: Response,
) -> Any:
    """Correct a posting that has not ended; what was stays in the history (更正任职派驻)."""
    await service.edit(session, caller, posting_id, version, changes)
    return await _posting(session, caller, posting_id, response)


@router.post(
    "/postings/{posting_id}/extensions",
    response_model=PostingOut,
    responses=declare(*SEEN, PostingEnded, PostingExtended, CannotExtend),
)
async def extend_posting(
    session: SessionDep, caller: CallerDep, posting_id: Id, new: ExtensionNew, response: Response
) -> Any:
    """Extend a posting by some months, by a document; once (延长派驻)."""
    await service.extend(session, caller, posting_id, new)
    return await _posting(session, caller, posting_id, response)


@router.post(
    "/postings/{posting_id}/endings",
    response_model=PostingOut,
    responses=declare(*SEEN, PostingEnded),
)
async def end_posting(
    session: SessionDep, caller: CallerDep, posting_id: Id, new: PostingEndNew, response: Response
) -> Any:
    """End a posting, with the reason (免职离任)."""
    await service.end(session, caller, posting_id, new)
    return await _posting(session, caller, posting_id, response)


async def _posting(on: Any, caller: CallerDep, posting_id: UUID, response: Response) -> Any:
    made = await queries.show(on, caller, posting_id)
    tag(response, made.version)
    return made


# ── Poor households


@router.get("/poor-households", response_model=Page[PoorHouseholdOut], responses=declare(NotFound))
async def list_poor_households(
    on: ReadDep, caller: CallerDep, params: Annotated[PoorHouseholdListParams, Query()]
) -> Any:
    """List the households that are poor on a day, by number, and who helps them (贫困户)."""
    return await queries.find_households(on, caller, params)


@router.post(
    "/poor-households",
    response_model=PoorHouseholdOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*SEEN, NotStanding, NoHouseholdsThere, HouseholdTaken),
)
async def record_poor_household(
    session: SessionDep, caller: CallerDep, new: PoorHouseholdNew
) -> Any:
    """Record a poor household of a village: its number, nothing of a person (登记贫困户)."""
    made = await service.record_household(session, caller, new)
    return await queries.get_household(session, caller, made)


@router.post(
    "/poor-households/{household_id}/pairings",
    response_model=PoorHouseholdOut,
    responses=declare(*SEEN, HouseholdEnded, CannotPair),
)
async def pair_poor_household(
    session: SessionDep, caller: CallerDep, household_id: Id, new: PairingNew
) -> Any:
    """Pair a household with its village's first secretary, from today on (结对帮扶)."""
    await service.pair(session, caller, household_id, new.posting_id)
    return await queries.get_household(session, caller, household_id)


@router.post(
    "/poor-households/{household_id}/endings",
    response_model=PoorHouseholdOut,
    responses=declare(*SEEN, HouseholdEnded),
)
async def lift_poor_household(
    session: SessionDep, caller: CallerDep, household_id: Id, new: HouseholdEndNew
) -> Any:
    """Say from which day on a household is poor no longer (脱贫)."""
    await service.lift(session, caller, household_id, new.on)
    return await queries.get_household(session, caller, household_id)
