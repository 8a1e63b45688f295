"""What the worker removes: who the residents are."""

import structlog
from sqlalchemy import or_, select, update

from app.core import audit, clock
from app.core.db import Doors
from app.members.jobs import Sealed
from app.organizations.models import District
from app.wishes.logic import last_kept
from app.wishes.models import Wish

_log = structlog.get_logger(__name__)
CONTACTS = Sealed("wish", Wish, {"contact": Wish.contact_cipher})
"""Encrypted anew together with the members' numbers."""


async def forget_residents(doors: Doors) -> None:
    """Remove the contacts that are kept no longer, as `logic.last_kept` says.

    A district that cannot be written holds up no other; the job fails at its end, and runs again.
    """
    found = await doors.reading([]).execute(select(District.code).order_by(District.code))
    failed: list[Exception] = []
    for code in found.scalars().all():
        try:
            await _forget(doors, code)
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            _log.error("contacts stay", district=code, error=type(error).__name__)
            failed.append(error)
    if failed:
        raise failed[0]


async def _forget(doors: Doors, code: str) -> None:
    moved, posted = last_kept(clock.today())
    async with doors.writing([code]) as session:
        old = (
            update(Wish)
            .where(
                Wish.district_code == code,
                Wish.contact_cipher.is_not(None),
                or_(Wish.moved_on <= moved, Wish.posted_on <= posted),
            )
            .values(contact_cipher=None)
            .returning(Wish.id)
        )
        gone = (await session.execute(old)).scalars().all()
        if gone:
            ids = sorted(gone)
            audit.record(session, code, ("wish", None), action="job.forget_residents", ids=ids)
