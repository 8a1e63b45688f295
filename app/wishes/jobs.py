"""What the worker removes: who the residents are."""

from sqlalchemy import or_, update

from app.core import audit, clock
from app.core.db import Doors
from app.members.jobs import Sealed
from app.organizations.jobs import in_each_district
from app.wishes.logic import last_kept
from app.wishes.models import Wish

CONTACTS = Sealed("wish", Wish, {"contact": Wish.contact_cipher})
"""Encrypted anew together with the members' numbers."""


async def forget_residents(doors: Doors) -> None:
    """Remove the contacts that are kept no longer, as `logic.last_kept` says."""
    await in_each_district(doors, _forget, "contacts stay")


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
