"""What the worker clears away."""

from datetime import timedelta

from sqlalchemy import delete

from app.access.models import SignIn
from app.core import clock, idempotency
from app.core.db import Doors


async def purge(doors: Doors) -> None:
    """Forget sign-ins that ended a day ago with their tokens, and idempotent answers of old."""
    async with doors.writing() as session:
        ended = SignIn.expires_at < clock.now() - timedelta(days=1)
        await session.execute(delete(SignIn).where(ended))
        old = idempotency.IdempotencyKey.created_at < clock.now() - idempotency.KEPT
        await session.execute(delete(idempotency.IdempotencyKey).where(old))
