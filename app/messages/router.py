"""Messages over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status

from app.core.errors import NotFound
from app.core.http import CallerDep, ReadDep, Route, SessionDep
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page
from app.messages import queries, service
from app.messages.errors import NotBoundToWechat, NoTemplate
from app.messages.schemas import (
    MessageListParams,
    MessageOut,
    ReadOut,
    SubscriptionNew,
    SubscriptionOut,
)

router = APIRouter(tags=["messages"], route_class=Route)


@router.get("/messages", response_model=Page[MessageOut])
async def list_messages(
    on: ReadDep, caller: CallerDep, params: Annotated[MessageListParams, Query()]
) -> Any:
    """List your own messages, the newest first (站内消息)."""
    return await queries.find(on, caller, params)


@router.post("/messages/readings")
async def read_all_messages(session: SessionDep, caller: CallerDep) -> ReadOut:
    """Mark all of your messages as read, and count those that were not (全部已读)."""
    return ReadOut(count=await service.read_all(session, caller))


@router.post(
    "/messages/{message_id}/readings", response_model=MessageOut, responses=declare(NotFound)
)
async def read_message(session: SessionDep, caller: CallerDep, message_id: Id) -> Any:
    """Mark one of your messages as read; once more changes nothing (标为已读)."""
    await service.read(session, caller, message_id)
    return await queries.get(session, caller, message_id)


@router.get("/wechat/subscriptions", response_model=Page[SubscriptionOut])
async def list_wechat_subscriptions(on: ReadDep, caller: CallerDep) -> Any:
    """List which messages WeChat may bring you, and how many more (订阅消息)."""
    return Rows(await queries.subscriptions(on, caller))


@router.post(
    "/wechat/subscriptions",
    response_model=Page[SubscriptionOut],
    status_code=status.HTTP_201_CREATED,
    responses=declare(NoTemplate, NotBoundToWechat),
)
async def subscribe_by_wechat(session: SessionDep, caller: CallerDep, new: SubscriptionNew) -> Any:
    """Tell that your WeChat accepted one more message of a kind (订阅消息授权)."""
    await service.consent(session, caller, new.kind)
    return Rows(await queries.subscriptions(session, caller))
