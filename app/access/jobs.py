"""What the worker clears away."""

from datetime import timedelta

from sqlalchemy import delete, select

from app.access.logic import WINDOW
from app.access.models import Account, Attempts, SignIn
from app.core import clock, idempotency
from app.core.db import Doors
from app.members.jobs import Sealed
from app.wechat.service import forget_codes

OPENIDS = Sealed("account", Account, {"wechat": Account.wechat_cipher}, code="home_code")
"""Of members' accounts, so each is kept by a district; encrypted anew with the members' numbers."""


async def purge(doors: Doors) -> None:
    """Forget what is over: sign-ins of a day ago, idempotent answers, attempts, WeChat's codes."""
    now = clock.now()
    async with doors.writing() as session:
        ended = SignIn.expires_at < now - timedelta(days=1)
        await session.execute(delete(SignIn).where(ended))
        old = idempotency.IdempotencyKey.created_at < now - idempotency.KEPT
        await session.execute(delete(idempotency.IdempotencyKey).where(old))
        past = select(Attempts.key).where(Attempts.began_at < now - WINDOW)
        past = past.with_for_update(skip_locked=True)  # who counts now is not waited for
        await session.execute(delete(Attempts).where(Attempts.key.in_(past)))
    await forget_codes(doors)
