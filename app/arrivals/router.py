"""Arrivals over HTTP."""

from typing import Any

from fastapi import APIRouter, Response

from app.arrivals import queries, service
from app.arrivals.schemas import MembershipsOut, ReceiptNew
from app.core.dated import NotYet
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep, tag
from app.core.problems import declare
from app.core.schemas import Id
from app.members.errors import MemberExists
from app.transfers import queries as transfers
from app.transfers.errors import (
    CannotTransfer,
    DestinationGone,
    OwnTransfer,
    TransferOutOfOrder,
)
from app.transfers.schemas import TransferDetail

STEP = (NotFound, Forbidden, TransferOutOfOrder, OwnTransfer, CannotTransfer)
router = APIRouter(tags=["transfers"], route_class=Route)


@router.post(
    "/transfers/{transfer_id}/acceptances",
    response_model=TransferDetail,
    responses=declare(*STEP, DestinationGone, MemberExists),
)
async def accept_transfer(
    session: SessionDep, caller: CallerDep, transfer_id: Id, response: Response
) -> Any:
    """Accept a member, as the new organisation: it counts them from today on (接收组织关系)."""
    await service.accept(session, caller, transfer_id)
    return await _shown(session, caller, transfer_id, response)


@router.post(
    "/transfers/{transfer_id}/receipts",
    response_model=TransferDetail,
    responses=declare(*STEP, NotYet),
)
async def record_transfer_receipt(
    session: SessionDep, caller: CallerDep, transfer_id: Id, new: ReceiptNew, response: Response
) -> Any:
    """Record the receipt from outside: from that day on the member is gone (登记回执)."""
    await service.record_receipt(session, caller, transfer_id, new)
    return await _shown(session, caller, transfer_id, response)


@router.get(
    "/members/{member_id}/memberships",
    response_model=MembershipsOut,
    responses=declare(NotFound),
)
async def list_memberships(on: ReadDep, caller: CallerDep, member_id: Id) -> Any:
    """List where a member belonged, oldest first; what came along too (组织关系历史)."""
    return {"items": await queries.memberships(on, caller, member_id)}


async def _shown(
    session: SessionDep, caller: CallerDep, transfer_id: Id, response: Response
) -> Any:
    shown = await transfers.show(session, caller, transfer_id)
    tag(response, shown["version"])
    return shown
