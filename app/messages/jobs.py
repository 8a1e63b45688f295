"""What the worker sends through WeChat: each notice once, and no connection is held meanwhile.

A notice is claimed in one transaction and settled in another. One whose fate is unknown, since
the answer was lost or the worker died, is not sent again: it may have arrived.
"""

import time
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.service import openid_of
from app.core import audit
from app.core.db import Doors
from app.core.settings import settings
from app.messages.logic import LOST_AFTER, MOST_CONSENTS, MOST_TRIES, pause
from app.messages.models import Message, WeChatConsent, WeChatNotice
from app.messages.types import NoticeStatus
from app.organizations.models import District
from app.wechat import service as wechats
from app.wechat.service import WeChat
from app.wechat.types import Sending

RUN_SECONDS = 300.0
_log = structlog.get_logger(__name__)
Notice, Status = WeChatNotice, NoticeStatus


async def send_notices(doors: Doors) -> None:
    """Send what is queued through the mini-program that the settings name."""
    wechat = wechats.of_settings(settings())
    if wechat is None:
        return
    try:
        await deliver(doors, wechat)
    finally:
        await wechats.close(wechat)


async def deliver(doors: Doors, wechat: WeChat) -> None:
    """Send what is queued, district by district, until WeChat takes no more for now.

    Nor does it go on for ever: what is left is the next run's, and other jobs have their turn.

    A district that cannot be written holds up no other; the job fails at its end, and runs again.
    """
    codes = (await doors.reading([]).execute(select(District.code))).scalars().all()
    until = time.monotonic() + RUN_SECONDS
    left = select(Notice.district_code).where(Notice.status.in_([Status.QUEUED, Status.SENDING]))
    found = await doors.reading(codes).execute(left.distinct().order_by(Notice.district_code))
    failed: list[Exception] = []
    for code in found.scalars().all():
        try:
            if not await _district(doors, wechat, code, until):
                break
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            _log.error("notices stay", district=code, error=type(error).__name__)
            failed.append(error)
    if failed:
        raise failed[0]


async def _district(doors: Doors, wechat: WeChat, code: str, until: float) -> bool:
    """Send a district's notices; tell whether WeChat takes more, and there is time.

    The audit is told first how many there are: where it is damaged, nothing goes out.
    """
    async with doors.writing([code]) as session:
        lost = await _give_up_lost(session, code)
        due = await session.scalar(select(func.count()).select_from(Notice).where(*_due(code)))
        if not (due or lost):
            return True
        target = "wechat_notice", None
        audit.record(session, code, target, action="job.send_notices", due=due, lost=lost)
    while True:
        async with doors.writing([code]) as session:
            notice = await _claim(session, code)
        if notice is None:
            return True
        outcome = Sending.FAILED
        if notice.openid is not None:
            template, data = notice.template_id, notice.data
            outcome = await wechats.send(wechat, doors, notice.openid, template, data)
        async with doors.writing([code]) as session:
            await _settle(session, notice, outcome)
        if outcome is Sending.LATER or time.monotonic() > until:
            return False


def _due(code: str) -> tuple[ColumnElement[bool], ...]:
    """Hold notices to those of a district that wait and were not tried a moment ago."""
    rested = or_(
        Notice.tried_at.is_(None),
        *(
            and_(Notice.tries == tries, Notice.tried_at < func.now() - pause(tries))
            for tries in range(1, MOST_TRIES)
        ),
    )
    return Notice.district_code == code, Notice.status == Status.QUEUED, rested


class _Claimed:
    """A notice that is being sent, and to whom."""

    def __init__(self, row: Any, openid: str | None) -> None:
        self.district_code, self.message_id = row.district_code, row.message_id
        self.wechat_index, self.template_id = row.wechat_index, row.template_id
        self.data, self.tries, self.openid = row.data, row.tries, openid


async def _claim(session: AsyncSession, code: str) -> _Claimed | None:
    """Take the oldest notice that nobody else sends and that has not just been tried."""
    oldest = (
        select(Notice.message_id)
        .where(*_due(code))
        .order_by(Notice.message_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await session.scalar(oldest)
    if found is None:
        return None
    mine = update(Notice).where(Notice.district_code == code, Notice.message_id == found)
    values = {"status": Status.SENDING, "tries": Notice.tries + 1, "tried_at": func.now()}
    row = (await session.execute(mine.values(values).returning(Notice))).scalar_one()
    holder = (
        select(Account.id, Account.wechat_cipher)
        .join(Message, Message.account_id == Account.id)
        .where(
            Message.district_code == code,
            Message.id == row.message_id,
            Account.wechat_index == row.wechat_index,  # not somebody who was bound since
            Account.is_disabled.is_(False),
        )
    )
    account = (await session.execute(holder)).first()
    return _Claimed(row, account and openid_of(account))


async def _settle(session: AsyncSession, notice: _Claimed, outcome: Sending) -> None:
    """Keep what came of it; a consent that WeChat did not use up is given back in the end."""
    status = {
        Sending.SENT: Status.SENT,
        Sending.REFUSED: Status.REFUSED,
        Sending.FAILED: Status.FAILED,
        Sending.UNKNOWN: Status.UNKNOWN,
        Sending.LATER: Status.QUEUED if notice.tries < MOST_TRIES else Status.FAILED,
    }[outcome]
    mine = Notice.district_code == notice.district_code, Notice.message_id == notice.message_id
    here = update(Notice).where(*mine, Notice.status == Status.SENDING)
    await session.execute(here.values(status=status))
    left = {
        Status.REFUSED: 0,
        Status.FAILED: func.least(WeChatConsent.remaining + 1, MOST_CONSENTS),
    }
    if status in left:
        held = update(WeChatConsent).where(
            WeChatConsent.wechat_index == notice.wechat_index,
            WeChatConsent.template_id == notice.template_id,
        )
        await session.execute(held.values(remaining=left[status]))


async def _give_up_lost(session: AsyncSession, code: str) -> int:
    """Give up what somebody was sending who no longer lives."""
    lost = update(Notice).where(
        Notice.district_code == code,
        Notice.status == Status.SENDING,
        Notice.tried_at < func.now() - LOST_AFTER,
    )
    gone = await session.execute(lost.values(status=Status.UNKNOWN).returning(Notice.message_id))
    return len(gone.all())
