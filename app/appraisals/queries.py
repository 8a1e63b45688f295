"""Reading appraisals; each read starts from what the caller may see. The figures of them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Date,
    Integer,
    Numeric,
    Row,
    Uuid,
    and_,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import aliased

from app.appraisals.models import (
    AppraisalCycle,
    AppraisalScore,
    HouseholdCount,
    HouseholdVisit,
    SpotCheck,
    SpotCheckPerson,
    Talk,
)
from app.appraisals.types import AppraisalStatus, CheckStatus
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, filtered, page
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood, stood_as
from app.organizations.types import Sector

READ = Permission.APPRAISALS_READ
AnyRows = Rows[Row[*tuple[Any, ...]]]
_THURSDAY = 4
_HIDDEN = {"recorded_by", "checked_by", "created_at"}


def visible(caller: Caller, table: Any) -> AnySelect:
    """Select the rows of a table of this domain whose organisation the caller may read."""
    return (
        select(
            *(c for c in table.__table__.c if c.key not in _HIDDEN),
            State.name.label("organization_name"),
            State.path,
        )
        .select_from(table)
        .join(State, stood_as(table.district_code, table.organization_id, clock.today()))
        .where(in_subtrees(caller.subtrees(READ)))
    )


async def get(on: Executor, caller: Caller, table: Any, row_id: UUID) -> AnyRow:
    """Fetch one row, or raise `NotFound`."""
    return await fetch_one(on, visible(caller, table).where(table.id == row_id))


async def find(
    on: Reader,
    caller: Caller,
    table: Any,
    params: Any,
    filters: Mapping[str, Any],
    rows: AnySelect | None = None,
) -> AnyRows:
    """List a page of a table, or raise `NotFound` for `within` out of sight.

    `filters` gives, by parameter, the column that equals it.
    """
    rows = visible(caller, table) if rows is None else rows
    rows = filtered(rows, params, {"organization_id": table.organization_id} | dict(filters))
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, clock.today(), READ)
        rows = rows.where(in_subtrees([place]))
    key = params.sort.removeprefix("-")
    sorts = {key: getattr(table, key).expression}
    of = table.__tablename__
    return await page(on, rows, sorts, params.sort, params, of=of, tie=table.id.expression)


# ── Spot checks


def _drawn() -> Any:
    """Write those drawn as one JSON array, in the order in which they were."""
    pairs = (
        part
        for name in ("member_id", "place", "is_at_work", "asked", "correct", "note")
        for part in (name, getattr(SpotCheckPerson, name))
    )
    ordered = aggregate_order_by(
        func.json_build_object(*pairs, "member_name", Member.name), SpotCheckPerson.place
    )
    return (
        select(func.coalesce(func.json_agg(ordered, type_=JSON), func.json_build_array()))
        .select_from(SpotCheckPerson)
        .join(Member, _is(Member, SpotCheckPerson.member_id, SpotCheckPerson))
        .where(_is(SpotCheck, SpotCheckPerson.check_id, SpotCheckPerson))
        .correlate(SpotCheck)
        .scalar_subquery()
        .label("drawn")
    )


def _is(table: Any, column: Any, of: Any) -> Any:
    """Join `table` to the row that `column` of another table names."""
    return and_(table.district_code == of.district_code, table.id == column)


async def get_check(on: Executor, caller: Caller, check_id: UUID) -> AnyRow:
    """Fetch a spot check with its pool and those drawn, or raise `NotFound`."""
    rows = visible(caller, SpotCheck).add_columns(_drawn()).where(SpotCheck.id == check_id)
    return await fetch_one(on, rows)


# ── Quarterly appraisals


def scores(caller: Caller) -> AnySelect:
    """Select the scores of organisations in sight: the published, and all where the cycle is too.

    The rank is among all that the cycle scored; it tells of the others no more than their number.
    """
    other, above = aliased(AppraisalScore), aliased(State)
    better = select(func.count()).where(
        other.district_code == AppraisalScore.district_code,
        other.cycle_id == AppraisalScore.cycle_id,
        other.total > AppraisalScore.total,
    )
    in_sight = exists().where(
        stood_as(
            AppraisalCycle.district_code, AppraisalCycle.organization_id, clock.today(), above
        ),
        in_subtrees(caller.subtrees(READ), above),
    )
    return (
        visible(caller, AppraisalScore)
        .add_columns(
            AppraisalCycle.year,
            AppraisalCycle.quarter,
            AppraisalCycle.status,
            AppraisalCycle.items,
            (cast(better.scalar_subquery(), Integer) + 1).label("rank"),
        )
        .join(AppraisalCycle, _is(AppraisalCycle, AppraisalScore.cycle_id, AppraisalScore))
        .where(or_(AppraisalCycle.status == AppraisalStatus.PUBLISHED, in_sight))
    )


async def get_score(on: Executor, caller: Caller, score_id: UUID) -> AnyRow:
    """Fetch what an organisation scored, or raise `NotFound`."""
    return await fetch_one(on, scores(caller).where(AppraisalScore.id == score_id))


# ── Figures


def _counting(table: Any, places: Sequence[Any], day: date, *held: Any) -> AnySelect:
    stands = stood_as(table.district_code, table.organization_id, day)
    return select().select_from(table).join(State, stands).where(in_subtrees(places), *held)


def _talks(places: Sequence[Subtree], window: Window) -> AnySelect:
    held = State.sector == Sector.VILLAGE, Talk.held_on <= window.day
    rows = _counting(Talk, places, window.day, *held)
    return told(rows, Talk, State, Talk.reason, Talk.held_on, window)


def _thursday(day: Any) -> Any:
    """Give the Thursday of a day's ISO week: a week belongs to the year and period of it."""
    return cast(func.date_trunc("week", day), Date) + 3


def _period(window: Window) -> tuple[date, date]:
    """Give the days asked about; without a period the calendar year of the day, up to the day."""
    last = min(window.day, window.last or window.day)
    if window.first is None and window.last is None:
        return date(window.day.year, 1, 1), last
    return window.first or date(last.year, 1, 1), last


def _checks(places: Sequence[Subtree], window: Window) -> AnySelect:
    first, last = _period(window)
    rows = _counting(
        SpotCheck,
        places,
        window.day,
        SpotCheck.status == CheckStatus.CHECKED,
        SpotCheck.checked_on <= window.day,
        _thursday(SpotCheck.checked_on).between(first, last),
    )
    on = SpotCheck.checked_on
    return told(rows, SpotCheck, State, SpotCheck.seed, on, Window(window.day))


def _weeks(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give the weeks of the period, each told as of the first organisation that is asked about."""
    first, last = _period(window)
    days = (
        func.generate_series(cast(first, Date), cast(last, Date), literal(timedelta(days=1)))
        .table_valued("day")
        .render_derived()
    )
    week = cast(days.c.day, Date)
    where = (
        select(State.organization_id, State.name)
        .where(in_subtrees(places), stood(last))
        .order_by(State.district_code, State.path)
        .limit(1)
        .subquery("place")
    )
    return (
        select(
            literal("week").label("kind"),
            cast(func.md5(func.to_char(week, "IYYY-IW")), Uuid).label("id"),
            where.c.organization_id,
            where.c.name.label("organization_name"),
            func.to_char(week, 'IYYY"-W"IW').label("label"),
            week.label("happened_on"),
            cast(1, Numeric).label("amount"),
        )
        .select_from(days)
        .join(where, literal(value=True))
        .where(func.extract("isodow", week) == _THURSDAY)
    )


def _unchecked(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give the weeks in which nothing was checked (漏查的周)."""
    done = _checks(places, window).subquery("done")
    weeks = _weeks(places, window).subquery("weeks")
    missed = ~exists().where(_thursday(done.c.happened_on) == weeks.c.happened_on)
    return select(weeks).where(missed)


def _visited(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give the last visit in the period to each household."""
    visit = HouseholdVisit
    rows = _counting(visit, places, window.day, visit.visited_on <= window.day)
    each = (visit.district_code, visit.organization_id, visit.household)
    listed = told(rows, visit, State, visit.household, visit.visited_on, window)
    return listed.ext(distinct_on(*each)).order_by(*each, visit.visited_on.desc(), visit.id)


def _households(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give each community's count that was the newest on the day, whatever the period."""
    count = HouseholdCount
    stands = on_day(State, window.day)
    rows = _counting(count, places, window.day, count.counted_on <= window.day, stands)
    whole, amount = Window(window.day), count.households
    listed = told(rows, count, State, State.name, count.counted_on, whole, amount)
    each = (count.district_code, count.organization_id)
    return listed.ext(distinct_on(*each)).order_by(*each, count.counted_on.desc())


def _answers(places: Sequence[Subtree], window: Window, amount: Any) -> AnySelect:
    held = SpotCheck.status == CheckStatus.CHECKED, SpotCheck.checked_on <= window.day
    rows = (
        _counting(SpotCheck, places, window.day, *held)
        .join(SpotCheckPerson, _is(SpotCheck, SpotCheckPerson.check_id, SpotCheckPerson))
        .join(Member, _is(Member, SpotCheckPerson.member_id, SpotCheckPerson))
    )
    on = SpotCheck.checked_on
    return told(rows, SpotCheckPerson, State, Member.name, on, window, amount)


def _asked(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _answers(places, window, SpotCheckPerson.asked)


def _correct(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _answers(places, window, SpotCheckPerson.correct)


def _cycles(places: Sequence[Subtree], window: Window) -> AnySelect:
    cycle = AppraisalCycle
    rows = _counting(cycle, places, window.day, cycle.opened_on <= window.day)
    if window.first is None and window.last is None:
        rows = rows.where(cycle.year == window.day.year)
    label = func.concat(cycle.year, "年第", cycle.quarter, "季度")
    return told(rows, cycle, State, label, cycle.opened_on, window)


FIGURES = (
    Figure(
        "village_cadres_talked_to",
        Text("约谈村干部人次", "Village cadres called in for a talk, person-times"),
        FigureUnit.PERSON_TIMES,
        Text(
            "截至当日对村干部的约谈；期间按约谈日期计",
            "talks with village cadres by the day; a period is that of the talk",
        ),
        READ,
        _talks,
    ),
    Figure(
        "spot_checks_per_week",
        Text("每周抽查次数", "Spot checks per week"),
        FigureUnit.CHECKS_A_WEEK,
        Text(
            "已完成的抽查 ÷ 期间的周数（ISO周，以周四所在日期归属期间）；未指定期间时为当年至今",
            "checks done ÷ ISO weeks of the period, a week belonging where its Thursday lies;"
            " without a period, the calendar year up to the day",
        ),
        READ,
        _checks,
        _weeks,
        places=2,
        gaps=_unchecked,
    ),
    Figure(
        "household_visit_rate",
        Text("入户率", "Household visit rate"),
        FigureUnit.RATIO,
        Text(
            "走访过的不同户数 ÷ 当日最新登记的户数；期间按走访日期计，户数不按期间计",
            "distinct households visited ÷ households as last counted by the day; a period is"
            " that of the visit alone",
        ),
        READ,
        _visited,
        _households,
        places=3,
    ),
    Figure(
        "know_residents_rate",
        Text("熟悉群众率", "Knows-the-residents rate"),
        FigureUnit.RATIO,
        Text(
            "抽查中答对题数 ÷ 提问题数；期间按抽查日期计",
            "questions answered right ÷ asked in spot checks; a period is that of the check",
        ),
        READ,
        _correct,
        _asked,
        places=3,
    ),
    Figure(
        "appraisals_per_year",
        Text("全年季度考核次数", "Quarterly appraisals a year"),
        FigureUnit.TIMES_A_YEAR,
        Text(
            "当日所在年度截至当日已启动的季度考核；指定期间时按启动日期计",
            "appraisals of the day's calendar year opened by the day; with a period, those opened"
            " in it",
        ),
        READ,
        _cycles,
    ),
)
"""Figures of appraisals."""
