"""Test data of messages, and of members who take them through WeChat."""

from itertools import count
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import service as access
from app.access.models import Account
from app.core import clock, crypto
from app.core.db import new_id
from app.messages.models import Message, WeChatConsent
from app.messages.types import MessageKind
from tests.make.members import make_member
from tests.make.organizations import DISTRICT

TEMPLATE = "template-of-elections"
_n = count(1)


async def make_message(
    session: AsyncSession,
    account_id: UUID,
    kind: MessageKind = MessageKind.ELECTION,
    *,
    title: str = "换届提醒",
    district_code: str = DISTRICT,
) -> UUID:
    """Tell an account something."""
    row = Message(
        district_code=district_code,
        id=new_id(),
        account_id=account_id,
        kind=kind,
        subject_kind="organization",
        subject_id=new_id(),
        title_zh=title,
        title_en="Reminder",
        sent_on=clock.today(),
    )
    session.add(row)
    await session.flush()
    return row.id


class Taker(NamedTuple):
    """A member's account that is bound to a WeChat user."""

    account: UUID
    member: UUID
    openid: str
    index: bytes
    username: str


async def make_taker(
    session: AsyncSession,
    branch: UUID,
    consents: int | None = 1,
    *,
    district_code: str = DISTRICT,
) -> Taker:
    """Make a member's account that is bound, with so many consents; `None` never gave one."""
    member = await make_member(session, branch, district_code=district_code)
    account_id, openid = new_id(), f"oTaker_{next(_n):04}"
    index, name = crypto.keys().blind_index(f"openid:{openid}"), f"member-{member.hex}"
    session.add(
        Account(
            id=account_id,
            username=name,
            username_key=name,
            home_code=district_code,
            member_id=member,
            wechat_index=index,
            wechat_cipher=access._sealed(account_id, openid),
        )
    )
    if consents is not None:
        session.add(WeChatConsent(wechat_index=index, template_id=TEMPLATE, remaining=consents))
    await session.flush()
    return Taker(account_id, member, openid, index, name)
