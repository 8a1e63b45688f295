"""Leaving voters out of those due, and tallies: load, require, decide, write, record."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Caller
from app.core.db import new_id
from app.cycles.logic import check_day, check_open
from app.cycles.queries import members_on
from app.cycles.service import locked, note
from app.cycles.types import CycleStatus
from app.tallies import logic
from app.tallies.errors import AlreadyExcluded, ExclusionIncomplete, NotAVoter
from app.tallies.models import VoteExclusion
from app.tallies.schemas import ConsentNew, ExclusionNew

Status = CycleStatus


async def consent(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ConsentNew) -> None:
    """Consent that a voter is not counted as due, from the level above (同意核减).

    Raises also `NotAVoter` or `AlreadyExcluded`.
    """
    _, cycle = await locked(session, caller, cycle_id, from_above=True)
    check_open(Status(cycle.status), Status.TALLIED)
    on = new.on or clock.today()
    check_day(on, None, clock.today())
    each = members_on(cycle.district_code, cycle.organization_id, on).subquery()
    rows = select(each.c.category, each.c.status).where(each.c.id == new.member_id)
    member = (await session.execute(rows)).first()
    if member is None or logic.not_due(*member, is_excluded=False):
        raise NotAVoter
    row = VoteExclusion(
        district_code=cycle.district_code,
        id=new_id(),
        cycle_id=cycle.id,
        **new.model_dump(exclude={"on"}),
        consented_on=on,
        consented_by=caller.account_id,
    )
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:  # the one key that a new row can share
        raise AlreadyExcluded from error
    note(session, cycle, after=new.model_dump() | {"on": on})
    await session.flush()


async def exclude(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ExclusionNew) -> None:
    """Leave out of those due whom the level above and the meeting agreed on (核减应到会).

    Raises also `ExclusionIncomplete` or `AlreadyExcluded`.
    """
    _, cycle = await locked(session, caller, cycle_id)
    check_open(Status(cycle.status), Status.TALLIED)
    row = await session.scalar(
        select(VoteExclusion).where(
            VoteExclusion.district_code == cycle.district_code,
            VoteExclusion.cycle_id == cycle.id,
            VoteExclusion.member_id == new.member_id,
            VoteExclusion.ground == new.ground,
            VoteExclusion.superior_consent_number == new.superior_consent_number,
        )
    )
    number = row.superior_consent_number if row else None
    lacks = logic.lacking(number, meeting_passed=new.meeting_passed)
    if row is None or lacks:
        raise ExclusionIncomplete(lacks=lacks)
    if row.passed_on is not None:
        raise AlreadyExcluded
    row.passed_on = new.on or clock.today()
    check_day(row.passed_on, row.consented_on, clock.today())
    note(session, cycle, after=new.model_dump() | {"on": row.passed_on})
    await session.flush()
