"""Reading leaders' archives. Every read starts from `visible`."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Interval,
    Numeric,
    Row,
    String,
    Uuid,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    true,
)

from app.activities.models import Activity
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window
from app.core.pages import Rows, fetch_one, filtered, page
from app.leaders.models import LeaderArchive, LeaderRecord
from app.leaders.schemas import LeaderArchiveListParams, LeaderRecordListParams
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as

READ = Permission.ACTIVITIES_READ
AnyRows = Rows[Row[*tuple[Any, ...]]]
_MONTH = cast(text("'1 month'"), Interval)


def _due(day: date) -> Any:
    """Give, beside an archive, each whole month of it that is over at the end of `day`."""
    first = func.date_trunc("month", LeaderArchive.opened_on + _MONTH - timedelta(days=1))
    behind = func.least(literal(day + timedelta(days=1), Date()), LeaderArchive.closed_on)
    last = func.date_trunc("month", cast(behind, Date)) - _MONTH
    months = func.generate_series(first, last, _MONTH).table_valued("month").render_derived()
    return select(cast(months.c.month, Date).label("month")).select_from(months).lateral("due")


def _recorded(month: Any, day: date) -> ColumnElement[bool]:
    """Tell whether something was recorded, by `day`, of a month of an archive."""
    return (
        select(LeaderRecord.id)
        .where(
            LeaderRecord.district_code == LeaderArchive.district_code,
            LeaderRecord.archive_id == LeaderArchive.id,
            LeaderRecord.month == month,
            LeaderRecord.recorded_on <= day,
        )
        .correlate_except(LeaderRecord)
        .exists()
    )


def _in_sight(caller: Caller, places: Sequence[Subtree]) -> ColumnElement[bool]:
    """Hold archives to those of the organisations of `places`, and to the caller's own one."""
    in_sight: ColumnElement[bool] = in_subtrees(places)
    if caller.member_id is None:
        return in_sight
    own = LeaderArchive.district_code == caller.home_code
    return or_(in_sight, and_(own, LeaderArchive.member_id == caller.member_id))


def _placed(rows: AnySelect, day: date) -> AnySelect:
    """Join to archives the organisation as it stood on `day`, and the leader."""
    stands = stood_as(LeaderArchive.district_code, LeaderArchive.organization_id, day)
    return rows.join(State, stands).join(
        Member,
        and_(
            Member.district_code == LeaderArchive.district_code,
            Member.id == LeaderArchive.member_id,
        ),
    )


def visible(caller: Caller, places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the archives of `places` and the caller's own, with what they lacked on `day`."""
    due = _due(day)
    lacking = func.array_agg(due.c.month, type_=ARRAY(Date)).filter(~_recorded(due.c.month, day))
    judged = (
        select(
            func.count().label("months_due"),
            func.coalesce(lacking, cast([], ARRAY(Date))).label("missing"),
        )
        .select_from(due)
        .correlate(LeaderArchive)
        .lateral("judged")
    )
    rows = select(
        *(c for c in LeaderArchive.__table__.c if c.key not in {"recorded_by", "created_at"}),
        State.name.label("organization_name"),
        State.path,
        Member.name.label("member_name"),
        judged.c.months_due,
        judged.c.missing,
    ).select_from(LeaderArchive)
    return _placed(rows, day).join(judged, true()).where(_in_sight(caller, places))


async def get(on: Executor, caller: Caller, archive_id: UUID) -> AnyRow:
    """Fetch one archive as it is today, or raise `NotFound`."""
    rows = visible(caller, caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(LeaderArchive.id == archive_id))


async def find(on: Reader, caller: Caller, params: LeaderArchiveListParams) -> AnyRows:
    """List a page of archives, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    rows = visible(caller, await organizations.places(on, caller, READ, day), day)
    rows = rows.where(LeaderArchive.opened_on <= day)
    if params.member_id is not None:
        rows = rows.where(LeaderArchive.member_id == params.member_id)
    if params.is_open is not None:
        is_open = func.coalesce(LeaderArchive.closed_on > day, true())
        rows = rows.where(is_open.is_(params.is_open))
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, day, READ)
        rows = rows.where(in_subtrees([place]))
    sorts = {"opened_on": LeaderArchive.opened_on.expression}
    tie = LeaderArchive.id.expression
    return await page(on, rows, sorts, params.sort, params, of="leader archives", tie=tie)


def visible_records(caller: Caller) -> AnySelect:
    """Select the records of the archives that the caller may read."""
    rows = (
        select(
            *(c for c in LeaderRecord.__table__.c if c.key not in {"recorded_by", "created_at"}),
            LeaderArchive.member_id,
            Member.name.label("member_name"),
            Activity.title.label("activity_title"),
        )
        .select_from(LeaderRecord)
        .join(
            LeaderArchive,
            and_(
                LeaderArchive.district_code == LeaderRecord.district_code,
                LeaderArchive.id == LeaderRecord.archive_id,
            ),
        )
        .outerjoin(
            Activity,
            and_(
                Activity.district_code == LeaderRecord.district_code,
                Activity.id == LeaderRecord.activity_id,
            ),
        )
    )
    return _placed(rows, clock.today()).where(_in_sight(caller, caller.subtrees(READ)))


async def find_records(on: Reader, caller: Caller, params: LeaderRecordListParams) -> AnyRows:
    """List a page of records."""
    rows = visible_records(caller)
    filters = {
        "archive_id": LeaderRecord.archive_id,
        "member_id": LeaderArchive.member_id,
        "month": LeaderRecord.month,
    }
    rows = filtered(rows, params, filters)
    sorts = {"month": LeaderRecord.month.expression}
    tie = LeaderRecord.id.expression
    return await page(on, rows, sorts, params.sort, params, of="leader records", tie=tie)


async def get_record(on: Executor, caller: Caller, record_id: UUID) -> AnyRow:
    """Fetch one record, or raise `NotFound`."""
    return await fetch_one(on, visible_records(caller).where(LeaderRecord.id == record_id))


# ── Figures


def _months(places: Sequence[Subtree], window: Window) -> tuple[AnySelect, Any]:
    due = _due(window.day)
    number = func.md5(cast(LeaderArchive.id, String) + cast(due.c.month, String))
    stands = stood_as(LeaderArchive.district_code, LeaderArchive.organization_id, window.day)
    rows = (
        select(
            literal(LeaderArchive.__tablename__).label("kind"),
            cast(number, Uuid).label("id"),
            State.organization_id,
            State.name.label("organization_name"),
            LeaderArchive.post.label("label"),
            due.c.month.label("happened_on"),
            cast(1, Numeric).label("amount"),
        )
        .select_from(LeaderArchive)
        .join(due, true())
        .join(State, stands)
        .where(in_subtrees(places))
    )
    if window.first is not None:
        rows = rows.where(due.c.month >= window.first)
    if window.last is not None:
        rows = rows.where(due.c.month <= window.last)
    return rows, due.c.month


def months_due(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select a row for each leader and month of which something is to be recorded by the day."""
    return _months(places, window)[0]


def months_recorded(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Select those of `months_due` of which something was recorded by the day."""
    rows, month = _months(places, window)
    return rows.where(_recorded(month, window.day))


FIGURES = (
    Figure(
        "org_life_levels",
        Text("处级领导干部组织生活纪实", "Records of leading cadres' organisation life"),
        FigureUnit.SYSTEMS,
        Text(
            "每名处级领导干部到期的每个月都有纪实为 1，否则为 0；分子、分母为领导干部·月",
            "1 when every leader has a record of every month due, else 0; the parts are"
            " leader-months",
        ),
        READ,
        months_recorded,
        months_due,
        is_whole=True,
    ),
)
"""Figures of leaders' archives."""
