"""What the worker reminds of every day."""

import structlog
from sqlalchemy import select

from app.core import audit, clock
from app.core.caller import Subtree
from app.core.db import Doors
from app.organizations.models import District
from app.organizations.queries import ROOT_PATH
from app.reminders import service
from app.terms import queries as terms

_log = structlog.get_logger(__name__)


async def remind_of_elections(doors: Doors) -> None:
    """Remind of the terms that end within six months, today, or ended before.

    A district that cannot be written holds up no other; the job fails at its end, and runs again.
    """
    found = await doors.reading([]).execute(select(District.code).order_by(District.code))
    failed: list[Exception] = []
    for code in found.scalars().all():
        try:
            await _remind(doors, code)
        except Exception as error:  # noqa: BLE001 - whatever it was, the others go on
            _log.error("reminders stay", district=code, error=type(error).__name__)
            failed.append(error)
    if failed:
        raise failed[0]


async def _remind(doors: Doors, code: str) -> None:
    day = clock.today()
    entries, _ = await terms.entries(doors.reading([code]), [Subtree(code, ROOT_PATH)], day)
    async with doors.writing([code]) as session:
        sent, told = await service.remind(session, code, entries, day)
        if sent:
            target = "election_reminder", None
            action = "job.remind_of_elections"
            audit.record(session, code, target, action=action, reminders=sent, messages=told)
