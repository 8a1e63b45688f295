"""Taking a job of the worker through the districts."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import select

from app.core.db import Doors
from app.organizations.models import District

_log = structlog.get_logger(__name__)


async def district_codes(doors: Doors) -> list[str]:
    """List the districts of the deployment, in order."""
    found = await doors.reading([]).execute(select(District.code).order_by(District.code))
    return list(found.scalars())


async def in_each_district(
    doors: Doors, act: Callable[[Doors, str], Awaitable[None]], stays: str
) -> None:
    """Do `act` in each district; `stays` says in the log what is left undone where it fails.

    A district that cannot be written holds up no other; the job fails at its end, and runs again.
    """
    failed: list[Exception] = []
    for code in await district_codes(doors):
        try:
            await act(doors, code)
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            _log.error(stays, district=code, error=type(error).__name__)
            failed.append(error)
    if failed:
        raise failed[0]
