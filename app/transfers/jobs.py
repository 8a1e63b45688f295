"""What the worker does about deadlines: it reminds, and ends what is over."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.db import Doors
from app.organizations.jobs import in_each_district
from app.organizations.logic import HOLDS_MEMBERS
from app.transfers import logic, queries
from app.transfers.models import Transfer
from app.transfers.service import Pair, now, set_values, tell_old, tell_side
from app.transfers.types import PENDING, Reminder, Step, TransferStatus

REMINDED = "reminded"
"""What is noted in the row of the old district alone."""


async def remind_transfers(doors: Doors) -> None:
    """Tell of deadlines that draw near or are over, once each, and end what cannot go on."""
    await in_each_district(doors, _remind, "transfers wait")


async def _remind(doors: Doors, code: str) -> None:
    """Look at what leaves the organisations of a district, wherever it goes."""
    pending = (
        Transfer.district_code == code,
        Transfer.from_organization_id.is_not(None),
        Transfer.status.in_(sorted(PENDING)),
    )
    to = await doors.reading([code]).execute(select(Transfer.to_district_code).where(*pending))
    if not (codes := set(to.scalars())):
        return
    codes = {code} | {c for c in codes if c is not None}
    async with doors.writing(codes) as session:
        rows = select(Transfer).where(*pending, _reached(codes)).order_by(Transfer.id)
        done: dict[str, dict[str, Any]] = {}
        for out in (await session.scalars(rows.with_for_update())).all():
            twin = None
            if out.twin_id is not None:
                rows = select(Transfer).where(
                    Transfer.district_code == out.to_district_code, Transfer.id == out.twin_id
                )
                twin = (await session.scalars(rows.with_for_update())).one()
            if what := await _look(session, Pair(out, twin)):
                for row in (out, None if what == REMINDED else twin):
                    if row is not None:
                        told = done.setdefault(row.district_code, {})
                        told.setdefault(what, []).append(row.id)
        for district, ids in sorted(done.items()):
            target = "transfer", None
            audit.record(session, district, target, action="job.remind_transfers", **ids)


def _reached(codes: set[str]) -> Any:
    """Leave for the next day what was requested to yet another district meanwhile."""
    there = Transfer.to_district_code
    return there.is_(None) | there.in_(sorted(codes))


async def _look(session: AsyncSession, pair: Pair) -> str | None:
    """Do what is to be done about one transfer today; name it."""
    out, today = pair.out, clock.today()
    status = now(out)
    if status == TransferStatus.EXPIRED:
        _end(pair, Step.EXPIRE, None)
        await session.flush()
        text = logic.ENDED[TransferStatus.EXPIRED]
        await tell_old(session, out, text)
        await tell_side(session, pair.arrival, text, is_new=True)
        return "expired"
    if reason := await _obstacle(session, pair):
        _end(pair, Step.LAPSE, reason)
        await session.flush()
        await tell_old(session, out, logic.ENDED[TransferStatus.LAPSED])
        return "lapsed"
    days = out.release_due_on, out.valid_until
    reminder = logic.reminder_on(queries.pack(), status, *days, today)
    if reminder is None or reminder == out.reminder:
        return None
    set_values(out, {"reminder": reminder})
    await session.flush()
    text, last = logic.reminding(reminder), out.valid_until or out.release_due_on
    is_new = reminder == Reminder.ACCEPT_SOON
    await tell_side(session, pair.arrival if is_new else out, text, is_new=is_new, day=last)
    if reminder != Reminder.RELEASE_SOON:
        await tell_old(session, out, text, day=last)
    return REMINDED


def _end(pair: Pair, step: Step, reason: str | None) -> None:
    values = {
        "status": logic.moved(TransferStatus(pair.out.status), step),
        "ended_on": clock.today(),
        "end_reason": reason,
    }
    for row in pair:
        if row is not None:
            set_values(row, values)


async def _obstacle(session: AsyncSession, pair: Pair) -> str | None:
    """Say why a transfer cannot go on: the member left, or the destination is gone."""
    out, row = pair.out, pair.arrival
    if not await session.scalar(queries.counts(out)):
        return logic.LEFT
    if row.to_organization_id is None:  # of another district's, its release asks
        return None
    place = queries.standing(row.district_code, row.to_organization_id)
    stands = (await session.execute(place)).first()
    return None if stands is not None and stands.kind in HOLDS_MEMBERS else logic.GONE
