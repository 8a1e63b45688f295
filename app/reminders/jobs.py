"""What the worker reminds of every day."""

from app.core import audit, clock
from app.core.caller import Subtree
from app.core.db import Doors
from app.organizations.jobs import in_each_district
from app.organizations.queries import ROOT_PATH
from app.reminders import service
from app.terms import queries as terms


async def remind_of_elections(doors: Doors) -> None:
    """Remind of the terms that end within six months, today, or ended before."""
    await in_each_district(doors, _remind, "reminders stay")


async def _remind(doors: Doors, code: str) -> None:
    day = clock.today()
    entries, _ = await terms.entries(doors.reading([code]), [Subtree(code, ROOT_PATH)], day)
    async with doors.writing([code]) as session:
        sent, told = await service.remind(session, code, entries, day)
        if sent:
            target = "election_reminder", None
            action = "job.remind_of_elections"
            audit.record(session, code, target, action=action, reminders=sent, messages=told)
