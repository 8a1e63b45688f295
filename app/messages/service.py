"""Telling those whom something concerns."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account, AccountGrant
from app.access.types import Role
from app.core import clock
from app.core.db import new_id
from app.core.errors import Text
from app.messages.models import Message
from app.messages.types import MessageKind

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
) -> int:
    """Tell each account concerned once, in the caller's transaction; gives how many were told.

    Concerned are the clerks granted at one of `organizations`, with `department` those granted the
    whole district, the accounts of `members` of the district, and `accounts`. A job of the worker
    calls it as well as a request: it needs no caller, and leaves no audit entry of its own.
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
        rows = [row | {"id": new_id(), "account_id": account_id} for account_id in ids]
        await session.execute(insert(Message), rows)
    return len(ids)
