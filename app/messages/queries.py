"""Reading messages, and who still takes some through WeChat. Nobody reads another's."""

from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Row, and_, func, select

from app.access.models import Account
from app.core.caller import Caller
from app.core.dated import on_day
from app.core.db import Executor
from app.core.pages import Rows, fetch_one, page
from app.core.settings import settings
from app.members.models import Membership
from app.members.types import FINAL
from app.messages.models import Message, WeChatConsent
from app.messages.schemas import MessageListParams, SubscriptionOut
from app.messages.types import MessageKind
from app.organizations.queries import AnyRow, AnySelect

_TITLE = func.json_build_object(
    "zh", Message.title_zh, "en", Message.title_en, type_=JSON(none_as_null=True)
)


def mine(caller: Caller) -> ColumnElement[bool]:
    """Hold messages to the caller's own; PostgreSQL shows none of a district that is not theirs."""
    return and_(
        Message.account_id == caller.account_id,
        Message.district_code.in_(sorted(caller.districts)),
    )


def visible(caller: Caller) -> AnySelect:
    """Select the caller's own messages, of the districts in which they have anything to do."""
    return select(
        Message.id,
        Message.district_code,
        Message.kind,
        Message.subject_kind,
        Message.subject_id,
        _TITLE.label("title"),
        Message.sent_on,
        Message.created_at,
        Message.read_at,
    ).where(mine(caller))


async def get(on: Executor, caller: Caller, message_id: UUID) -> AnyRow:
    """Fetch one message, or raise `NotFound`."""
    return await fetch_one(on, visible(caller).where(Message.id == message_id))


async def find(
    on: Executor, caller: Caller, params: MessageListParams
) -> Rows[Row[*tuple[Any, ...]]]:
    """List a page of the caller's messages, the newest first."""
    rows = visible(caller)
    if params.kind is not None:
        rows = rows.where(Message.kind == params.kind)
    if params.is_read is not None:
        rows = rows.where(Message.read_at.is_not(None) == params.is_read)
    tie = Message.id.expression
    return await page(on, rows, {"id": tie}, "-id", params, of="messages", tie=tie)


# ── Through WeChat


def template_of(kind: MessageKind) -> str | None:
    """Name the template of WeChat's in which messages of a kind go out, if there is one."""
    return settings().wechat_election_template if kind is MessageKind.ELECTION else None


async def subscriptions(on: Executor, caller: Caller) -> list[SubscriptionOut]:
    """Tell, for each kind that has a template, how many messages the caller still takes."""
    held = (
        select(WeChatConsent.template_id, WeChatConsent.remaining)
        .join(Account, Account.wechat_index == WeChatConsent.wechat_index)
        .where(Account.id == caller.account_id)
    )
    remaining = {row.template_id: row.remaining for row in await on.execute(held)}
    return [
        SubscriptionOut(kind=kind, template_id=template, remaining=remaining.get(template, 0))
        for kind in MessageKind
        if (template := template_of(kind)) is not None
    ]


async def consenting(
    on: Executor, district_code: str, kind: MessageKind, day: date
) -> dict[UUID, list[UUID]]:
    """Group the accounts of members who take a message through WeChat by their organisation."""
    template = template_of(kind)
    rows = (
        select(Membership.organization_id, Account.id)
        .join(
            Account,
            and_(
                Account.home_code == Membership.district_code,
                Account.member_id == Membership.member_id,
            ),
        )
        .join(WeChatConsent, WeChatConsent.wechat_index == Account.wechat_index)
        .where(
            Membership.district_code == district_code,
            Membership.status.not_in(sorted(FINAL)),
            on_day(Membership, day),
            WeChatConsent.template_id == template,
            WeChatConsent.remaining > 0,
        )
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for row in await on.execute(rows):
        found[row.organization_id].append(row.id)
    return found
