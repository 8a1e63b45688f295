"""Telling those whom something concerns."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account, AccountGrant
from app.access.types import Role
from app.core import audit, clock, jobs
from app.core.caller import Caller
from app.core.db import last, new_id
from app.core.errors import NotFound, Text
from app.core.settings import settings
from app.messages import queries
from app.messages.errors import NotBoundToWechat, NoTemplate
from app.messages.logic import MOST_CONSENTS, filled
from app.messages.models import Message, WeChatConsent, WeChatNotice
from app.messages.types import MessageKind, Notice, NoticeStatus

CONCERNED = (Role.DEPARTMENT_ADMIN, Role.ORGANIZATION_CLERK)


async def tell(
    session: AsyncSession,
    district_code: str,
    kind: MessageKind,
    subject: tuple[str, UUID],
    title: Text,
    *,
    organizations: Collection[UUID] = (),
    department: bool = False,
    members: Collection[UUID] = (),
    accounts: Collection[UUID] = (),
    notice: Notice | None = None,
) -> int:
    """Tell each account concerned once, in the caller's transaction; gives how many were told.

    Concerned are the clerks granted at one of `organizations`, with `department` those granted the
    whole district, the accounts of `members` of the district, and `accounts`. A job of the worker
    calls it as well as a request: it needs no caller, and leaves no audit entry of its own. With
    `notice` those of them who consented to one are sent it through WeChat, too.
    """
    granted: ColumnElement[bool] = false()
    if organizations:
        granted = AccountGrant.organization_id.in_(sorted(organizations))
    if department:
        granted = or_(granted, AccountGrant.organization_id.is_(None))
    clerks = select(AccountGrant.account_id).where(
        AccountGrant.district_code == district_code, AccountGrant.role.in_(CONCERNED), granted
    )
    own = and_(Account.home_code == district_code, Account.member_id.in_(sorted(members)))
    told = select(Account.id).where(
        Account.is_disabled.is_(False),
        or_(Account.id.in_(clerks), own, Account.id.in_(sorted(accounts))),
    )
    ids = (await session.scalars(told.order_by(Account.id))).all()
    if ids:
        row = {
            "district_code": district_code,
            "kind": kind,
            "subject_kind": subject[0],
            "subject_id": subject[1],
            "title_zh": title.zh,
            "title_en": title.en,
            "sent_on": clock.today(),
        }
        made = {account_id: new_id() for account_id in ids}
        rows = [row | {"id": id_, "account_id": account_id} for account_id, id_ in made.items()]
        await session.execute(insert(Message), rows)
        template = queries.template_of(kind)
        if notice is not None and template is not None:
            await _notify(session, district_code, template, notice, made)
    return len(ids)


async def _notify(
    session: AsyncSession,
    district_code: str,
    template_id: str,
    notice: Notice,
    messages: dict[UUID, UUID],
) -> None:
    """Queue a notice for each account of `messages` that consented, and take the consents."""
    held = (
        select(Account.id, WeChatConsent.wechat_index)
        .join(WeChatConsent, WeChatConsent.wechat_index == Account.wechat_index)
        .where(
            Account.id.in_(sorted(messages)),
            Account.wechat_cipher.is_not(None),
            WeChatConsent.template_id == template_id,
            WeChatConsent.remaining > 0,
        )
        .order_by(WeChatConsent.wechat_index)  # no two wait for each other
        .with_for_update(of=WeChatConsent)
    )
    takers = (await session.execute(held)).all()
    if not takers:
        return
    taken = update(WeChatConsent).where(
        WeChatConsent.template_id == template_id,
        WeChatConsent.wechat_index.in_([index for _, index in takers]),
    )
    await session.execute(taken.values(remaining=WeChatConsent.remaining - 1))
    row = {
        "district_code": district_code,
        "template_id": template_id,
        "data": filled(settings().wechat_election_fields, notice),
        "status": NoticeStatus.QUEUED,
    }
    rows = [row | {"message_id": messages[id_], "wechat_index": index} for id_, index in takers]
    await session.execute(insert(WeChatNotice), rows)
    last(session, _send)


async def _send(session: AsyncSession) -> None:
    """Have the worker send what was queued, once this transaction is committed."""
    await jobs.enqueue(session, "send_notices", lock="send_notices")


async def read(session: AsyncSession, caller: Caller, message_id: UUID) -> None:
    """Mark a message as read; the first time stays. Raises `NotFound`."""
    seen = update(Message).where(queries.mine(caller), Message.id == message_id)
    seen = seen.values(read_at=func.coalesce(Message.read_at, func.now()))
    code = await session.scalar(seen.returning(Message.district_code))
    if code is None:
        raise NotFound
    audit.record(session, code, ("message", message_id))


async def read_all(session: AsyncSession, caller: Caller) -> int:
    """Mark all of the caller's messages as read, and count those that were not."""
    unread = queries.mine(caller), Message.read_at.is_(None)
    seen = update(Message).where(*unread).values(read_at=func.now()).returning(Message.id)
    count = len((await session.scalars(seen)).all())
    audit.record(session, caller.home_code, ("message", None), count=count)
    return count


async def consent(session: AsyncSession, caller: Caller, kind: MessageKind) -> None:
    """Keep that the caller's WeChat takes one more message of a kind (订阅授权).

    Raises `NoTemplate` or `NotBoundToWechat`.
    """
    template = queries.template_of(kind)
    if template is None:
        raise NoTemplate
    bound = select(Account.wechat_index).where(
        Account.id == caller.account_id, Account.wechat_cipher.is_not(None)
    )
    index = await session.scalar(bound)
    if index is None:
        raise NotBoundToWechat
    row = upsert(WeChatConsent).values(wechat_index=index, template_id=template, remaining=1)
    more = func.least(WeChatConsent.remaining + 1, MOST_CONSENTS)
    given = row.on_conflict_do_update(
        index_elements=[WeChatConsent.wechat_index, WeChatConsent.template_id],
        set_={"remaining": more},
    ).returning(WeChatConsent.remaining)
    remaining = await session.scalar(given)
    target = "account", caller.account_id
    audit.record(session, caller.home_code, target, kind=kind, remaining=remaining)
