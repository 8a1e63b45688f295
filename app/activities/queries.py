"""Reading activities, and who took part. Every read starts from `visible`."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    false,
    func,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from app.activities.models import Activity, ActivityAttendance
from app.activities.schemas import ActivityListParams, AttendanceListParams
from app.activities.types import (
    TWO_NEW_ACTIVITIES,
    ActivityKind,
    ActivityLevel,
    ActivityStatus,
)
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, filtered, page
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as

State = OrganizationState
READ = Permission.ACTIVITIES_READ
AnyRows = Rows[Row[*tuple[Any, ...]]]
_KEPT = {"recorded_by", "created_at"}


def _of_activity(attendance: Any = ActivityAttendance) -> ColumnElement[bool]:
    return and_(
        attendance.district_code == Activity.district_code, attendance.activity_id == Activity.id
    )


def _own(caller: Caller, attendance: Any = ActivityAttendance) -> ColumnElement[bool]:
    """Hold attendances to those of the member who asks."""
    if caller.member_id is None:
        return false()
    return and_(
        attendance.district_code == caller.home_code, attendance.member_id == caller.member_id
    )


def visible(caller: Caller) -> AnySelect:
    """Select the activities that the caller may read.

    Besides, members find what their branch publishes, and whatever they are on the list of.
    """
    today = clock.today()
    present = select(func.count()).where(_of_activity()).correlate(Activity)
    there = present.where(ActivityAttendance.is_present)
    return (
        select(
            *(c for c in Activity.__table__.c if c.key not in _KEPT),
            State.name.label("organization_name"),
            State.path,
            there.scalar_subquery().label("present"),
            present.scalar_subquery().label("listed"),
        )
        .select_from(Activity)
        .join(State, stood_as(Activity.district_code, Activity.organization_id, today))
        .where(_in_sight(caller, today))
    )


_Activity, _State = aliased(Activity), aliased(State)
_Attendance = aliased(ActivityAttendance)
"""Made once: a new alias takes a while to learn its columns."""


def _in_sight(caller: Caller, today: date) -> ColumnElement[bool]:
    """Hold activities to what the caller sees; an OR over two tables would read the district."""
    read = caller.subtrees(READ)
    published = [
        s
        for s in caller.subtrees(Permission.PUBLISHED_READ)
        if not any(wider.holds(s) for wider in read)
    ]
    if not published and caller.member_id is None:
        return in_subtrees(read)
    activity, state, attendance = _Activity, _State, _Attendance
    stands = stood_as(activity.district_code, activity.organization_id, today, state)
    shown = and_(activity.is_published, in_subtrees(published, state))
    places = or_(in_subtrees(read, state), shown)
    key = activity.district_code, activity.id
    seen = select(*key).select_from(activity).join(state, stands).where(places)
    own = select(attendance.district_code, attendance.activity_id).where(_own(caller, attendance))
    return tuple_(Activity.district_code, Activity.id).in_(union_all(seen, own))


async def get(on: Executor, caller: Caller, activity_id: UUID) -> AnyRow:
    """Fetch one activity, or raise `NotFound`."""
    return await fetch_one(on, visible(caller).where(Activity.id == activity_id))


async def _filtered(
    on: Reader,
    caller: Caller,
    rows: AnySelect,
    params: ActivityListParams | AttendanceListParams,
    filters: dict[str, Any],
) -> AnySelect:
    """Hold `rows` to the filters that are set; `NotFound` for `within` out of sight."""
    rows = filtered(rows, params, filters)
    if params.held_from is not None:
        rows = rows.where(Activity.held_on >= params.held_from)
    if params.held_to is not None:
        rows = rows.where(Activity.held_on <= params.held_to)
    if params.within is not None:  # whoever reads activities there reads what is published too
        right = Permission.PUBLISHED_READ
        place = await organizations.subtree(on, caller, params.within, clock.today(), right)
        rows = rows.where(in_subtrees([place]))
    return rows


async def find(on: Reader, caller: Caller, params: ActivityListParams) -> AnyRows:
    """List a page of activities, or raise `NotFound` for `within` out of sight."""
    names = ("organization_id", "kind", "level", "status")
    filters = {name: getattr(Activity, name) for name in names}
    rows = await _filtered(on, caller, visible(caller), params, filters)
    sorts = {"held_on": Activity.held_on.expression}
    of = "activities"
    return await page(on, rows, sorts, params.sort, params, of=of, tie=Activity.id.expression)


def visible_attendances(caller: Caller) -> AnySelect:
    """Select the lists of the activities that the caller may read; members see themselves there."""
    in_sight: ColumnElement[bool] = in_subtrees(caller.subtrees(READ))
    if caller.member_id is not None:
        in_sight = or_(in_sight, _own(caller))
    return (
        select(
            *(c for c in ActivityAttendance.__table__.c if c.key != "recorded_by"),
            Activity.title,
            Activity.kind,
            Activity.held_on,
            Activity.status,
            Activity.organization_id,
            State.name.label("organization_name"),
            Member.name.label("member_name"),
        )
        .select_from(ActivityAttendance)
        .join(Activity, _of_activity())
        .join(State, stood_as(Activity.district_code, Activity.organization_id, clock.today()))
        .outerjoin(
            Member,
            and_(
                Member.district_code == ActivityAttendance.district_code,
                Member.id == ActivityAttendance.member_id,
            ),
        )
        .where(in_sight)
    )


async def find_attendances(on: Reader, caller: Caller, params: AttendanceListParams) -> AnyRows:
    """List a page of attendances, or raise `NotFound` for `within` out of sight."""
    names = ("activity_id", "member_id", "role", "is_present")
    filters = {name: getattr(ActivityAttendance, name) for name in names}
    filters["kind"] = Activity.kind
    rows = await _filtered(on, caller, visible_attendances(caller), params, filters)
    sorts = {"held_on": Activity.held_on.expression}
    tie = ActivityAttendance.id.expression
    return await page(on, rows, sorts, params.sort, params, of="attendances", tie=tie)


# ── Figures


def _held(places: Sequence[Subtree], window: Window, *kinds: ActivityKind) -> AnySelect:
    """Select the activities that organisations of `places` had held by the day."""
    return (
        select(Activity.id)
        .join(State, stood_as(Activity.district_code, Activity.organization_id, window.day))
        .where(
            in_subtrees(places),
            Activity.status == ActivityStatus.HELD,
            Activity.held_on <= window.day,
            Activity.kind.in_(sorted(kinds)),
        )
    )


def _activities(rows: AnySelect, window: Window) -> AnySelect:
    return told(rows, Activity, State, Activity.title, Activity.held_on, window)


def _of_the_year(rows: AnySelect, window: Window) -> AnySelect:
    """Hold a yearly cadence to the calendar year of the day, where no period is asked about."""
    if window.first is None and window.last is None:
        rows = rows.where(Activity.held_on >= date(window.day.year, 1, 1))
    return _activities(rows, window)


def _present(rows: AnySelect, window: Window) -> AnySelect:
    """Select a row for each time that somebody was there (人次)."""
    there = rows.join(ActivityAttendance, _of_activity()).where(ActivityAttendance.is_present)
    return told(there, ActivityAttendance, State, Activity.title, Activity.held_on, window)


def training_person_times(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select attendances of the district's own centralized trainings (集中培训人次)."""
    rows = _held(places, window, ActivityKind.CENTRALIZED_TRAINING)
    return _present(rows.where(Activity.level == ActivityLevel.DISTRICT), window)


def village_trainings(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the trainings of village cadres, of the day's year (村“两委”干部培训次数)."""
    return _of_the_year(_held(places, window, ActivityKind.VILLAGE_TRAINING), window)


def two_new_trainings(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the trainings of two-new heads, of the day's year (两新负责人培训次数)."""
    return _of_the_year(_held(places, window, ActivityKind.TWO_NEW_TRAINING), window)


def two_new_training_person_times(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select attendances of the trainings of two-new heads (两新负责人培训人次)."""
    return _present(_held(places, window, ActivityKind.TWO_NEW_TRAINING), window)


def two_new_activity_kinds(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select the first activity of each kind that two-new organisations had (两新活动类别)."""
    rows = _activities(_held(places, window, *TWO_NEW_ACTIVITIES), window)
    first = rows.ext(distinct_on(Activity.kind))
    return first.order_by(Activity.kind, Activity.held_on, Activity.id)


_ONE_A_YEAR = "所问年度（或期间）内已举办的场次；不问期间时按当日所在年度"
_YEARLY = "those held in the period, or in the calendar year of the day"
FIGURES = (
    Figure(
        "training_person_times",
        Text("集中培训各领域党员干部人次", "Person-times of cadres trained centrally"),
        FigureUnit.PERSON_TIMES,
        Text(
            "区级集中培训的到课人次，不是不同的人数；期间按举办日期计",
            "attendances of the district's centralized trainings: times, not distinct people; a"
            " period is that of the training",
        ),
        READ,
        training_person_times,
    ),
    Figure(
        "village_training_per_year",
        Text("村“两委”干部培训次数", "Trainings of village cadres a year"),
        FigureUnit.SESSIONS_A_YEAR,
        Text(_ONE_A_YEAR, _YEARLY),
        READ,
        village_trainings,
    ),
    Figure(
        "two_new_trainings_per_year",
        Text("“两新”负责人专题培训次数", "Themed trainings of 两新 heads a year"),
        FigureUnit.SESSIONS_A_YEAR,
        Text(_ONE_A_YEAR, _YEARLY),
        READ,
        two_new_trainings,
    ),
    Figure(
        "two_new_training_person_times",
        Text("“两新”负责人培训人次", "Person-times of 两新 heads trained"),
        FigureUnit.PERSON_TIMES,
        Text(
            "“两新”负责人专题培训的到课人次；期间按举办日期计",
            "attendances of those trainings; a period is that of the training",
        ),
        READ,
        two_new_training_person_times,
    ),
    Figure(
        "two_new_activity_kinds",
        Text("“两新”活动种类", "Kinds of 两新 activities"),
        FigureUnit.KINDS,
        Text(
            "已举办的“两新”组织活动的种类；每类以最早一场为明细",
            "kinds of 两新 activities that were held; each is shown by its first",
        ),
        READ,
        two_new_activity_kinds,
    ),
)
"""Figures of activities."""
