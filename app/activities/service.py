"""Planning activities, holding them, and recording who took part."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.activities import logic, queries
from app.activities.errors import (
    ActivityOutOfOrder,
    AttendanceFull,
    AttendanceRefused,
    CheckInClosed,
    CheckInCodeInvalid,
    NotAMember,
)
from app.activities.logic import CheckIn
from app.activities.models import Activity, ActivityAttendance
from app.activities.schemas import ActivityEdit, ActivityNew, AttendanceBatchNew, AttendanceNew
from app.activities.types import ActivityStatus, AttendanceSource
from app.core import audit, clock, crypto
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Stale, fault, wrong
from app.members import queries as members
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationKind, OrganizationStatus

WRITE = Permission.ACTIVITIES_WRITE
NULLABLE = frozenset({"place", "hours", "content"})
Attendance = ActivityAttendance

# ── Planning and holding


async def organizer(session: AsyncSession, caller: Caller, organization_id: UUID) -> AnyRow:
    """Find a standing organisation for which the caller may write, and keep it standing.

    Raises `NotFound`, `Forbidden` or `NotStanding`.
    """
    await tree.hold(session, caller, organization_id)
    found = await organizations.get(session, caller, organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return found


async def plan(session: AsyncSession, caller: Caller, new: ActivityNew) -> UUID:
    """Plan an activity of an organisation, or record one to complete it (登记活动).

    Raises `NotFound`, `Forbidden`, `NotStanding` or `NotHeldHere`.
    """
    found = await organizer(session, caller, new.organization_id)
    kind = OrganizationKind(found.kind)
    logic.check_organizer(new.kind, kind)
    activity = Activity(
        district_code=found.district_code,
        id=new_id(),
        level=logic.level_of(kind),
        status=ActivityStatus.PLANNED,
        recorded_by=caller.account_id,
        **new.model_dump(),
    )
    session.add(activity)
    target = "activity", activity.id
    audit.record(session, found.district_code, target, after=_said(new.model_dump()))
    await session.flush()
    return activity.id


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Tell the audit what is said of an activity; its minutes may name anybody, and stay out."""
    told = {name: value for name, value in values.items() if name != "content"}
    return {n: str(v) if isinstance(v, Decimal) else v for n, v in told.items()}


async def _lock(session: AsyncSession, caller: Caller, activity_id: UUID) -> Activity:
    """Lock an activity for who may write for its organiser, or raise `NotFound`, `Forbidden`."""
    seen = await queries.get(session, caller, activity_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    locked = (
        select(Activity)
        .where(Activity.district_code == seen.district_code, Activity.id == activity_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def _set(session: AsyncSession, activity: Activity, values: Mapping[str, Any]) -> None:
    target = "activity", activity.id
    change = audit.changed(activity, values)
    before, after = _said(change["before"]), _said(change["after"])
    audit.record(session, activity.district_code, target, before=before, after=after)
    for name, value in values.items():
        setattr(activity, name, value)
    activity.version += 1
    await session.flush()


async def edit(
    session: AsyncSession, caller: Caller, activity_id: UUID, version: int, changes: ActivityEdit
) -> None:
    """Change an activity that was not cancelled.

    Raises `NotFound`, `Forbidden`, `Stale`, `ActivityOutOfOrder`, `NotHeldHere`, `NotHeldYet` or
    `Invalid`.
    """
    activity = await _lock(session, caller, activity_id)
    if activity.version != version:
        raise Stale
    status = ActivityStatus(activity.status)
    logic.check_state(status, ActivityStatus.PLANNED, ActivityStatus.HELD)
    values = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name not in NULLABLE:
            raise wrong(name, f"{name} 不能为空", f"{name} cannot be null")
    if changes.kind is not None:
        found = await organizations.get(session, caller, activity.organization_id)
        logic.check_organizer(changes.kind, OrganizationKind(found.kind))
    if changes.held_on is not None and changes.held_on > clock.today():
        if status == ActivityStatus.HELD:
            logic.check_held(changes.held_on, clock.today())
        if await _count(session, activity, Attendance.is_present):
            raise ActivityOutOfOrder("已有人出勤，不能改期到以后", "people were there already")
    await _set(session, activity, values)


async def _count(session: AsyncSession, activity: Activity, *conditions: Any) -> int:
    rows = select(func.count()).where(
        Attendance.district_code == activity.district_code,
        Attendance.activity_id == activity.id,
        *conditions,
    )
    return int(await session.scalar(rows) or 0)


async def complete(session: AsyncSession, caller: Caller, activity_id: UUID) -> None:
    """Say that a planned activity was held: from now on it counts (活动完成).

    Raises `NotFound`, `Forbidden`, `ActivityOutOfOrder` or `NotHeldYet`.
    """
    activity = await _lock(session, caller, activity_id)
    logic.check_state(ActivityStatus(activity.status), ActivityStatus.PLANNED)
    logic.check_held(activity.held_on, clock.today())
    await _set(session, activity, {"status": ActivityStatus.HELD})


async def cancel(session: AsyncSession, caller: Caller, activity_id: UUID, reason: str) -> None:
    """Cancel an activity; one that was recorded as held counts no more (取消活动).

    Raises `NotFound`, `Forbidden` or `ActivityOutOfOrder`.
    """
    activity = await _lock(session, caller, activity_id)
    logic.check_state(ActivityStatus(activity.status), ActivityStatus.PLANNED, ActivityStatus.HELD)
    await _set(session, activity, {"status": ActivityStatus.CANCELLED, "reason": reason})


# ── Who took part


async def record_attendances(
    session: AsyncSession, caller: Caller, activity_id: UUID, new: AttendanceBatchNew
) -> dict[str, int]:
    """Put people on the list of an activity, all or none; rows are counted from 1 (批量登记出勤).

    Who is on it already is changed. Raises `NotFound`, `Forbidden`, `ActivityOutOfOrder`,
    `NotHeldYet`, `AttendanceFull`, or `AttendanceRefused` with all that is wrong with any row.
    """
    activity = await _lock(session, caller, activity_id)
    logic.check_state(ActivityStatus(activity.status), ActivityStatus.PLANNED, ActivityStatus.HELD)
    if any(row.is_present for row in new.rows):
        logic.check_held(activity.held_on, clock.today())
    there = await _listed(session, activity, new.rows)
    known = await _known(session, caller, activity, new.rows) | there.keys()
    if faults := list(_faults(new.rows, known)):
        raise AttendanceRefused(f"共 {len(faults)} 处错误", f"{len(faults)} errors", errors=faults)
    made = [_values(caller, activity, row) for row in new.rows if _who(row) not in there]
    if made and await _count(session, activity) + len(made) > logic.MOST_ATTENDANCES:
        most = logic.MOST_ATTENDANCES
        raise AttendanceFull(f"每项活动最多 {most} 人次", f"at most {most} an activity")
    if made:
        await session.execute(insert(Attendance), made)
    changed = [
        there[_who(row)].id
        for row in new.rows
        if _who(row) in there and _changed(caller, there[_who(row)], row)
    ]
    target = "activity", activity.id
    audit.record(
        session, activity.district_code, target, recorded=len(made), changed=sorted(changed)
    )
    await session.flush()
    unchanged = len(new.rows) - len(made) - len(changed)
    return {"recorded": len(made), "changed": len(changed), "unchanged": unchanged}


Person = UUID | str
"""A member's id, or what a guest is called."""


def _who(row: AttendanceNew | ActivityAttendance) -> Person:
    person = row.member_id or row.guest
    assert person is not None  # one of the two is set
    return person


async def _listed(
    session: AsyncSession, activity: Activity, rows: Collection[AttendanceNew]
) -> dict[Person, ActivityAttendance]:
    """Read who of `rows` is on the list already."""
    found = await session.scalars(
        select(Attendance)
        .where(
            Attendance.district_code == activity.district_code,
            Attendance.activity_id == activity.id,
            or_(
                Attendance.member_id.in_({r.member_id for r in rows if r.member_id}),
                Attendance.guest.in_({r.guest for r in rows if r.guest}),
            ),
        )
        .execution_options(populate_existing=True)
    )
    return {_who(row): row for row in found}


async def _known(
    session: AsyncSession, caller: Caller, activity: Activity, rows: Collection[AttendanceNew]
) -> set[Person]:
    """Name those of `rows` whom the caller may put down: guests, and members in sight."""
    ids = {row.member_id for row in rows if row.member_id}
    seen = members.visible(caller, clock.today(), Permission.MEMBERS_READ).where(
        Member.id.in_(ids), Member.district_code == activity.district_code
    )
    found = {row.id for row in await session.execute(seen)} if ids else set()
    return found | {row.guest for row in rows if row.guest}


def _faults(rows: Collection[AttendanceNew], known: Collection[Person]) -> Iterator[dict[str, Any]]:
    counts = Counter(map(_who, rows))
    for number, row in enumerate(rows, 1):
        field = "guest" if row.member_id is None else "member_id"
        if _who(row) not in known:
            yield fault(field, "没有这名党员，或不在您的权限范围内", "not_found", row=number)
        elif counts[_who(row)] > 1:
            yield fault(field, "名单中重复", "duplicate", row=number)


def _values(caller: Caller, activity: Activity, row: AttendanceNew) -> dict[str, Any]:
    return row.model_dump() | {
        "district_code": activity.district_code,
        "id": new_id(),
        "activity_id": activity.id,
        "source": AttendanceSource.RECORDED,
        "recorded_by": caller.account_id,
    }


def _changed(caller: Caller, there: ActivityAttendance, row: AttendanceNew) -> bool:
    """Let a row on the list say what `row` says; tell whether it said something else."""
    values = row.model_dump(include={"role", "is_present", "note"})
    if all(getattr(there, name) == value for name, value in values.items()):
        return False
    if there.is_present != row.is_present:
        values["source"] = AttendanceSource.RECORDED
    for name, value in (values | {"recorded_by": caller.account_id}).items():
        setattr(there, name, value)
    return True


# ── Checking in


async def issue_code(session: AsyncSession, caller: Caller, activity_id: UUID) -> dict[str, Any]:
    """Make a code that members scan, on the activity's day (出示签到码).

    Raises `NotFound`, `Forbidden` or `CheckInClosed`.
    """
    activity = await _lock(session, caller, activity_id)
    _check_open(activity)
    until = (clock.now() + timedelta(seconds=logic.CODE_SECONDS)).replace(microsecond=0)
    said = CheckIn(activity.district_code, activity.id, until)
    audit.record(session, activity.district_code, ("activity", activity.id), expires_at=until)
    return {"code": logic.sealed(said, crypto.keys().sign), "expires_at": until}


def _check_open(activity: Activity) -> None:
    if activity.status == ActivityStatus.CANCELLED or activity.held_on != clock.today():
        raise CheckInClosed


async def check_in(session: AsyncSession, caller: Caller, code: str) -> dict[str, Any]:
    """Put the member who asks down as present; once more changes nothing (扫码签到).

    Raises `NotAMember`, `CheckInCodeInvalid`, `CheckInCodeExpired`, `CheckInClosed` or
    `AttendanceFull`.
    """
    if caller.member_id is None:
        raise NotAMember
    said = logic.unsealed(code, crypto.keys().is_signed, clock.now())
    activity = await session.scalar(
        select(Activity)
        .where(
            Activity.district_code == caller.home_code,
            Activity.district_code == said.district_code,
            Activity.id == said.activity_id,
        )
        .with_for_update(read=True)
    )
    if activity is None:
        raise CheckInCodeInvalid
    _check_open(activity)
    row = {
        "member_id": caller.member_id,
        "role": "attendee",
        "is_present": True,
        "source": AttendanceSource.QR,
    }
    key = {"district_code": activity.district_code, "id": new_id(), "activity_id": activity.id}
    put = upsert(Attendance).values(**key, **row, recorded_by=caller.account_id)
    seen = put.on_conflict_do_update(
        index_elements=["district_code", "activity_id", "member_id"],
        index_where=Attendance.member_id.is_not(None),
        set_={"is_present": True, "source": AttendanceSource.QR, "recorded_by": caller.account_id},
        where=~Attendance.is_present,
    ).returning(Attendance.id)
    made = await session.scalar(seen)
    if made is not None:
        if await _count(session, activity) > logic.MOST_ATTENDANCES:
            raise AttendanceFull
        audit.record(session, activity.district_code, ("activity", activity.id), attendance_id=made)
    return {
        "activity_id": activity.id,
        "title": activity.title,
        "held_on": activity.held_on,
        "is_new": made is not None,
    }
