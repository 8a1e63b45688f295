"""Service to residents over HTTP: posts, claims, records."""

from typing import Annotated, Any

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
from app.residents import queries, service
from app.residents.errors import (
    AlreadyClaimed,
    BatchRefused,
    CapacityTaken,
    ClaimOutOfOrder,
    MemberNotCounted,
    NotACommunity,
    OwnRecord,
    PostClosed,
    PostFull,
    RecordDecided,
)
from app.residents.logic import Move
from app.residents.schemas import (
    RejectionNew,
    ServiceClaimListParams,
    ServiceClaimNew,
    ServiceClaimOut,
    ServicePostEdit,
    ServicePostListParams,
    ServicePostNew,
    ServicePostOut,
    ServiceRecordBatchNew,
    ServiceRecordBatchOut,
    ServiceRecordConfirmationsNew,
    ServiceRecordListParams,
    ServiceRecordNew,
    ServiceRecordOut,
)
from app.residents.types import RecordStatus

router = APIRouter(route_class=Route, tags=["residents"])
ON_CLAIM = declare(NotFound, Forbidden, ClaimOutOfOrder)
ON_RECORD = declare(NotFound, Forbidden, OwnRecord, RecordDecided)


# ── Posts


@router.get("/service-posts", response_model=Page[ServicePostOut], responses=declare(NotFound))
async def list_service_posts(
    on: ReadDep, caller: CallerDep, params: Annotated[ServicePostListParams, Query()]
) -> Any:
    """List the posts that you may see; a member sees all open ones of the district (服务岗位)."""
    return await queries.find_posts(on, caller, params)


@router.post(
    "/service-posts",
    response_model=ServicePostOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, NotACommunity, NotStanding),
)
async def publish_service_post(
    session: SessionDep, caller: CallerDep, new: ServicePostNew, response: Response
) -> Any:
    """Publish a post of a community, open from now on (发布服务岗位)."""
    made = await service.publish(session, caller, new)
    response.headers["Location"] = f"/v1/service-posts/{made}"
    return await _post(session, caller, made, response)


@router.get("/service-posts/{post_id}", response_model=ServicePostOut, responses=declare(NotFound))
async def get_service_post(on: ReadDep, caller: CallerDep, post_id: Id, response: Response) -> Any:
    """Show one post (服务岗位详情)."""
    row = await queries.get_post(on, caller, post_id)
    tag(response, row.version)
    return row


@router.patch(
    "/service-posts/{post_id}",
    response_model=ServicePostOut,
    responses=declare(NotFound, Forbidden, Stale, PreconditionRequired, PostClosed, CapacityTaken),
)
async def edit_service_post(
    session: SessionDep,
    caller: CallerDep,
    post_id: Id,
    version: IfMatch,
    changes: ServicePostEdit,
    response: Response,
) -> Any:
    """Change an open post; its places never become fewer than are taken (修改服务岗位)."""
    await service.edit_post(session, caller, post_id, version, changes)
    return await _post(session, caller, post_id, response)


@router.post(
    "/service-posts/{post_id}/closures",
    response_model=ServicePostOut,
    responses=declare(NotFound, Forbidden, PostClosed),
)
async def close_service_post(
    session: SessionDep, caller: CallerDep, post_id: Id, response: Response
) -> Any:
    """Take no more claims of a post; those that there are go on (关闭服务岗位)."""
    await service.close_post(session, caller, post_id)
    return await _post(session, caller, post_id, response)


async def _post(session: SessionDep, caller: CallerDep, post_id: Id, response: Response) -> Any:
    row = await queries.get_post(session, caller, post_id)
    tag(response, row.version)
    return row


# ── Claims


@router.post(
    "/service-posts/{post_id}/claims",
    response_model=ServiceClaimOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, PostClosed, PostFull, AlreadyClaimed, MemberNotCounted),
)
async def claim_service_post(
    session: SessionDep, caller: CallerDep, post_id: Id, new: ServiceClaimNew, response: Response
) -> Any:
    """Claim a place of a post, as a member or for one (认领岗位)."""
    made = await service.claim(session, caller, post_id, new)
    response.headers["Location"] = f"/v1/service-claims/{made}"
    return await queries.get_claim(session, caller, made)


@router.get("/service-claims", response_model=Page[ServiceClaimOut])
async def list_service_claims(
    on: ReadDep, caller: CallerDep, params: Annotated[ServiceClaimListParams, Query()]
) -> Any:
    """List the claims that you may see: your own, your members', your communities' (岗位认领)."""
    return await queries.find_claims(on, caller, params)


@router.get(
    "/service-claims/{claim_id}", response_model=ServiceClaimOut, responses=declare(NotFound)
)
async def get_service_claim(on: ReadDep, caller: CallerDep, claim_id: Id) -> Any:
    """Show one claim (认领详情)."""
    return await queries.get_claim(on, caller, claim_id)


@router.post(
    "/service-claims/{claim_id}/acceptances", response_model=ServiceClaimOut, responses=ON_CLAIM
)
async def accept_service_claim(session: SessionDep, caller: CallerDep, claim_id: Id) -> Any:
    """Accept a pending claim, for the community; it counts from today on (接收认领)."""
    await service.move(session, caller, claim_id, Move.ACCEPT)
    return await queries.get_claim(session, caller, claim_id)


@router.post(
    "/service-claims/{claim_id}/rejections", response_model=ServiceClaimOut, responses=ON_CLAIM
)
async def reject_service_claim(
    session: SessionDep, caller: CallerDep, claim_id: Id, new: RejectionNew
) -> Any:
    """Reject a pending claim, for the community; its place is free again (不予接收)."""
    await service.move(session, caller, claim_id, Move.REJECT, new.reason)
    return await queries.get_claim(session, caller, claim_id)


@router.post("/service-claims/{claim_id}/exits", response_model=ServiceClaimOut, responses=ON_CLAIM)
async def exit_service_claim(session: SessionDep, caller: CallerDep, claim_id: Id) -> Any:
    """Leave a post, or have its member leave it; the place is free again (退出岗位)."""
    await service.move(session, caller, claim_id, Move.EXIT)
    return await queries.get_claim(session, caller, claim_id)


@router.post(
    "/service-claims/{claim_id}/completions", response_model=ServiceClaimOut, responses=ON_CLAIM
)
async def finish_service_claim(session: SessionDep, caller: CallerDep, claim_id: Id) -> Any:
    """End a claim whose service is done; it goes on counting as claimed (完成岗位服务)."""
    await service.move(session, caller, claim_id, Move.FINISH)
    return await queries.get_claim(session, caller, claim_id)


# ── Records


@router.get("/service-records", response_model=Page[ServiceRecordOut])
async def list_service_records(
    on: ReadDep, caller: CallerDep, params: Annotated[ServiceRecordListParams, Query()]
) -> Any:
    """List the records that you may see, as their claims (服务记录)."""
    return await queries.find_records(on, caller, params)


@router.post(
    "/service-records",
    response_model=ServiceRecordOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, ClaimOutOfOrder),
)
async def record_service(
    session: SessionDep, caller: CallerDep, new: ServiceRecordNew, response: Response
) -> Any:
    """Record a service; it counts once the community has confirmed it (登记服务记录)."""
    made = await service.record(session, caller, new)
    response.headers["Location"] = f"/v1/service-records/{made}"
    return await queries.get_record(session, caller, made)


@router.post(
    "/service-records/batches",
    response_model=ServiceRecordBatchOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(Forbidden, BatchRefused),
)
async def record_services(
    session: SessionDep, caller: CallerDep, new: ServiceRecordBatchNew
) -> Any:
    """Record many services, all or none; `errors` names each wrong row, from 1 (批量登记服务记录).

    Each of `errors` says `row`, `field`, `code` and `message`.
    """
    return {"ids": await service.record_batch(session, caller, new)}


@router.post(
    "/service-records/confirmations",
    response_model=ServiceRecordBatchOut,
    responses=declare(Forbidden, BatchRefused),
)
async def confirm_service_records(
    session: SessionDep, caller: CallerDep, new: ServiceRecordConfirmationsNew
) -> Any:
    """Confirm many records for the community, all or none; never one's own (批量确认服务记录).

    Each of `errors` says `row`, from 1, `field`, `code` and `message`.
    """
    await service.confirm_all(session, caller, new.ids)
    return {"ids": new.ids}


@router.get(
    "/service-records/{record_id}", response_model=ServiceRecordOut, responses=declare(NotFound)
)
async def get_service_record(on: ReadDep, caller: CallerDep, record_id: Id) -> Any:
    """Show one record (服务记录详情)."""
    return await queries.get_record(on, caller, record_id)


@router.post(
    "/service-records/{record_id}/confirmations",
    response_model=ServiceRecordOut,
    responses=ON_RECORD,
)
async def confirm_service_record(session: SessionDep, caller: CallerDep, record_id: Id) -> Any:
    """Confirm a record for the community; never one's own (确认服务记录)."""
    await service.decide(session, caller, record_id, RecordStatus.CONFIRMED)
    return await queries.get_record(session, caller, record_id)


@router.post(
    "/service-records/{record_id}/rejections",
    response_model=ServiceRecordOut,
    responses=ON_RECORD,
)
async def reject_service_record(
    session: SessionDep, caller: CallerDep, record_id: Id, new: RejectionNew
) -> Any:
    """Reject a record for the community, with a reason; never one's own (退回服务记录)."""
    await service.decide(session, caller, record_id, RecordStatus.REJECTED, new.reason)
    return await queries.get_record(session, caller, record_id)
