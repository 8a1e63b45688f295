"""Transfers over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response, status

from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep, tag
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.members.errors import HoldsNoMembers
from app.transfers import queries, service
from app.transfers.errors import (
    AlreadyThere,
    CannotTransfer,
    DestinationGone,
    OwnTransfer,
    TransferOutOfOrder,
    TransferPending,
)
from app.transfers.schemas import (
    RejectionNew,
    ReleaseNew,
    TransferDetail,
    TransferListParams,
    TransferNew,
    TransferOut,
    WithdrawalNew,
)

STEP = (NotFound, Forbidden, TransferOutOfOrder)
router = APIRouter(tags=["transfers"], route_class=Route)


@router.get("/transfers", response_model=Page[TransferOut], responses=declare(NotFound))
async def list_transfers(
    on: ReadDep, caller: CallerDep, params: Annotated[TransferListParams, Query()]
) -> Any:
    """List the transfers from or to organisations that you see, and your own (组织关系转接)."""
    return await queries.find(on, caller, params)


@router.get("/transfers/{transfer_id}", response_model=TransferDetail, responses=declare(NotFound))
async def get_transfer(on: ReadDep, caller: CallerDep, transfer_id: Id, response: Response) -> Any:
    """Show one transfer with its introduction letter (转接详情、介绍信)."""
    return _tagged(await queries.show(on, caller, transfer_id), response)


@router.post(
    "/members/{member_id}/transfers",
    response_model=TransferDetail,
    status_code=status.HTTP_201_CREATED,
    responses=declare(
        NotFound, Forbidden, HoldsNoMembers, CannotTransfer, AlreadyThere, TransferPending
    ),
)
async def request_transfer(
    session: SessionDep, caller: CallerDep, member_id: Id, new: TransferNew, response: Response
) -> Any:
    """Request a member's transfer, as the old organisation (申请转接组织关系).

    The old organisation counts the member until the new one accepts.
    """
    made = await service.request(session, caller, member_id, new)
    response.headers["Location"] = f"/v1/transfers/{made}"
    return _tagged(await queries.show(session, caller, made), response)


@router.post(
    "/transfers/{transfer_id}/approvals",
    response_model=TransferDetail,
    responses=declare(*STEP, OwnTransfer, DestinationGone),
)
async def release_transfer(
    session: SessionDep, caller: CallerDep, transfer_id: Id, new: ReleaseNew, response: Response
) -> Any:
    """Release a member with an introduction letter, as the level above (转出审批、开具介绍信)."""
    await service.release(session, caller, transfer_id, new)
    return _tagged(await queries.show(session, caller, transfer_id), response)


@router.post(
    "/transfers/{transfer_id}/rejections",
    response_model=TransferDetail,
    responses=declare(*STEP, OwnTransfer),
)
async def reject_transfer(
    session: SessionDep, caller: CallerDep, transfer_id: Id, new: RejectionNew, response: Response
) -> Any:
    """Reject a transfer on a ground (退回转接).

    The level above does before the release, the new organisation after it; there is no groundless
    refusal (《中国共产党党员教育管理工作条例》第二十五条).
    """
    await service.reject(session, caller, transfer_id, new)
    return _tagged(await queries.show(session, caller, transfer_id), response)


@router.post(
    "/transfers/{transfer_id}/withdrawals",
    response_model=TransferDetail,
    responses=declare(*STEP),
)
async def withdraw_transfer(
    session: SessionDep, caller: CallerDep, transfer_id: Id, new: WithdrawalNew, response: Response
) -> Any:
    """Withdraw a pending transfer, as the old organisation (撤回转接)."""
    await service.withdraw(session, caller, transfer_id, new.reason)
    return _tagged(await queries.show(session, caller, transfer_id), response)


def _tagged(shown: dict[str, Any], response: Response) -> dict[str, Any]:
    tag(response, shown["version"])
    return shown


async def _of_the_member(on: ReadDep, caller: CallerDep, member_id: Id, transfer_id: Id) -> None:
    """Hold a transfer to the member under whose path it is named."""
    if (await queries.get(on, caller, transfer_id)).member_id != member_id:
        raise NotFound


for _name, _step in (
    ("approvals", release_transfer),
    ("rejections", reject_transfer),
    ("withdrawals", withdraw_transfer),
):  # the same steps by the path under which a transfer is requested; the new side knows no member
    router.add_api_route(
        f"/members/{{member_id}}/transfers/{{transfer_id}}/{_name}",
        _step,
        methods=["POST"],
        response_model=TransferDetail,
        dependencies=[Depends(_of_the_member)],
        include_in_schema=False,
    )
