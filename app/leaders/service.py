"""Keeping leaders' archives."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.activities import queries as activities
from app.activities.models import ActivityAttendance
from app.activities.types import ActivityStatus
from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.leaders import queries
from app.leaders.errors import (
    ArchiveClosed,
    ArchiveOverlaps,
    LeaderNotCounted,
    OutsideTheArchive,
    WasNotThere,
)
from app.leaders.models import LeaderArchive, LeaderRecord
from app.leaders.schemas import LeaderArchiveNew, LeaderRecordNew
from app.members import service as people
from app.members.models import Member
from app.members.types import COUNTED

WRITE = Permission.ACTIVITIES_WRITE


async def open_archive(session: AsyncSession, caller: Caller, new: LeaderArchiveNew) -> UUID:
    """Keep records of a leader from a day on (建立纪实档案).

    Raises `NotFound`, `Forbidden`, `LeaderNotCounted` or `ArchiveOverlaps`.
    """
    found = await people.hold(session, caller, new.member_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    if found.status not in COUNTED:
        raise LeaderNotCounted
    code = found.district_code
    await session.execute(  # archives of one person are opened one after another
        select(Member.id)
        .where(Member.district_code == code, Member.id == new.member_id)
        .with_for_update()
    )
    overlapping = select(LeaderArchive.id).where(
        LeaderArchive.district_code == code,
        LeaderArchive.member_id == new.member_id,
        or_(LeaderArchive.closed_on.is_(None), LeaderArchive.closed_on > new.opened_on),
    )
    if await session.scalar(overlapping.limit(1)) is not None:
        raise ArchiveOverlaps
    archive = LeaderArchive(
        district_code=code,
        id=new_id(),
        organization_id=found.organization_id,
        recorded_by=caller.account_id,
        **new.model_dump(),
    )
    session.add(archive)
    audit.record(session, code, ("leader_archive", archive.id), after=new.model_dump())
    await session.flush()
    return archive.id


async def _lock(session: AsyncSession, caller: Caller, archive_id: UUID) -> LeaderArchive:
    """Lock an archive for who may write in it, or raise `NotFound` or `Forbidden`."""
    seen = await queries.get(session, caller, archive_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    locked = (
        select(LeaderArchive)
        .where(LeaderArchive.district_code == seen.district_code, LeaderArchive.id == archive_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def close_archive(
    session: AsyncSession, caller: Caller, archive_id: UUID, closed_on: date
) -> None:
    """Keep no records of a leader from a day on (终止纪实档案).

    Raises `NotFound`, `Forbidden` or `ArchiveClosed`.
    """
    archive = await _lock(session, caller, archive_id)
    if archive.closed_on is not None or closed_on <= archive.opened_on:
        raise ArchiveClosed
    values: dict[str, Any] = {"closed_on": closed_on}
    target = "leader_archive", archive.id
    audit.record(session, archive.district_code, target, **audit.changed(archive, values))
    archive.closed_on = closed_on
    await session.flush()


async def record(
    session: AsyncSession, caller: Caller, archive_id: UUID, new: LeaderRecordNew
) -> UUID:
    """Record what a leader took part in or studied in a month (登记纪实).

    Raises `NotFound`, `Forbidden`, `OutsideTheArchive` or `WasNotThere`.
    """
    archive = await _lock(session, caller, archive_id)
    began = archive.opened_on.replace(day=1)
    is_over = archive.closed_on is not None and new.month >= archive.closed_on
    if not began <= new.month <= clock.today() or is_over:
        raise OutsideTheArchive
    if new.activity_id is not None:
        await _check_there(session, caller, archive, new)
    made = LeaderRecord(
        district_code=archive.district_code,
        id=new_id(),
        archive_id=archive.id,
        recorded_on=clock.today(),
        recorded_by=caller.account_id,
        **new.model_dump(),
    )
    session.add(made)
    said = new.model_dump(exclude={"note"}) | {"record_id": made.id}
    audit.record(session, archive.district_code, ("leader_archive", archive.id), after=said)
    await session.flush()
    return made.id


async def _check_there(
    session: AsyncSession, caller: Caller, archive: LeaderArchive, new: LeaderRecordNew
) -> None:
    """Raise `NotFound` for an activity out of sight, `WasNotThere` unless the leader was at it."""
    assert new.activity_id is not None
    activity = await activities.get(session, caller, new.activity_id)
    there = select(ActivityAttendance.id).where(
        ActivityAttendance.district_code == archive.district_code,
        ActivityAttendance.activity_id == activity.id,
        ActivityAttendance.member_id == archive.member_id,
        ActivityAttendance.is_present,
    )
    if (
        activity.status != ActivityStatus.HELD
        or activity.held_on.replace(day=1) != new.month
        or await session.scalar(there) is None
    ):
        raise WasNotThere
