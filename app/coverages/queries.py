"""Figures of units, agreements and coverage: the lowest day of a period, and whose gap it was."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Date,
    Select,
    and_,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, DATERANGE, distinct_on

from app.core.caller import Subtree
from app.core.dated import on_day
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Source, Window, told
from app.organizations.queries import AnySelect, in_subtrees
from app.partners import logic
from app.partners.models import CoBuildingAgreement, PartnerUnit, UnitCoverage, UnitProblem
from app.partners.queries import READ, Covering, Home, at_home, of_unit, operates
from app.partners.types import BY_ORGANIZATION, NEW_SECTOR, CoverageMode, ProblemStatus

Unit, Agreement, Coverage, Problem = PartnerUnit, CoBuildingAgreement, UnitCoverage, UnitProblem

_NEW_SECTOR = Unit.kind.in_(sorted(NEW_SECTOR))


def _agreements(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give each unit once, by its oldest agreement that holds."""
    rows = (
        select()
        .select_from(Agreement)
        .join(Unit, of_unit(Agreement))
        .join(Home, at_home(Agreement, window.day))
        .where(on_day(Agreement, window.day), operates(window.day), in_subtrees(places, Home))
    )
    told_of = told(rows, Unit, Home, Unit.name, Agreement.valid_from, window)
    return told_of.ext(distinct_on(Unit.id)).order_by(Unit.id, Agreement.valid_from)


def _instructed(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Give each unit once, however many instruct it."""
    since = (
        select(Coverage.district_code, Coverage.unit_id, func.min(Coverage.valid_from).label("day"))
        .where(Coverage.mode == CoverageMode.INSTRUCTOR, on_day(Coverage, window.day))
        .group_by(Coverage.district_code, Coverage.unit_id)
        .subquery()
    )
    rows = (
        select()
        .select_from(Unit)
        .join(since, of_unit(since.c))
        .join(Home, at_home(Unit, window.day))
        .where(_NEW_SECTOR, operates(window.day), in_subtrees(places, Home))
    )
    return told(rows, Unit, Home, Unit.name, since.c.day, window)


def _solved(places: Sequence[Subtree], window: Window) -> AnySelect:
    rows = (
        select()
        .select_from(Problem)
        .join(Unit, of_unit(Problem))
        .join(Home, at_home(Unit, window.day))
        .where(
            Problem.status == ProblemStatus.CONFIRMED,
            Problem.confirmed_on <= window.day,
            in_subtrees(places, Home),
        )
    )
    return told(rows, Problem, Home, Problem.content, Problem.confirmed_on, window)


# The worst day. What changes, changes at the edge of a period: so the edges are summed up, and no
# day between them is looked at.


def _days(first: Any, end: Any) -> Any:
    return func.daterange(cast(first, Date), cast(end, Date), type_=DATERANGE)


def _held(places: Sequence[Subtree], window: Window, modes: Collection[CoverageMode]) -> Any:
    """Select each 两新 unit's days in the period: on which it operates, on which it is covered.

    An organisation that was dissolved covers no longer.
    """
    first, end = logic.period(window.day, window.first, window.last)
    operating = _days(Unit.opened_on, Unit.closed_on).op("*")(_days(first, end))
    coverage = _days(Coverage.valid_from, Coverage.valid_to).op("*")(_days(None, Covering.valid_to))
    covered = func.range_agg(coverage, type_=DATEMULTIRANGE).filter(Coverage.id.is_not(None))
    none = cast(literal("{}"), DATEMULTIRANGE)
    return (
        select(
            Unit.district_code,
            Unit.id,
            operating.label("operating"),
            func.coalesce(covered, none)
            .op("*")(func.datemultirange(operating, type_=DATEMULTIRANGE))
            .label("covered"),
        )
        .select_from(Unit)
        .join(Home, at_home(Unit, window.day))
        .outerjoin(Coverage, and_(of_unit(Coverage), Coverage.mode.in_(sorted(modes))))
        .outerjoin(
            Covering,
            and_(
                Covering.district_code == Coverage.district_code,
                Covering.organization_id == Coverage.covering_id,
                Covering.is_end,
            ),
        )
        .where(_NEW_SECTOR, in_subtrees(places, Home), ~func.isempty(operating))
        .group_by(Unit.district_code, Unit.id)
    )


def _worst(held: Any) -> Any:
    """Select the day on which the smallest share is covered, the first of such days."""
    spells = select(func.unnest(held.c.covered, type_=DATERANGE).label("days")).subquery("spells")
    edges = union_all(
        select(func.lower(held.c.operating, type_=Date).label("day"), *_steps(1, 0)),
        select(func.upper(held.c.operating, type_=Date), *_steps(-1, 0)),
        select(func.lower(spells.c.days), *_steps(0, 1)),
        select(func.upper(spells.c.days), *_steps(0, -1)),
    ).subquery("edges")
    sums = [
        func.sum(func.sum(edges.c[name])).over(order_by=edges.c.day).label(name)
        for name in ("operating", "covered")
    ]
    days = select(edges.c.day, *sums).group_by(edges.c.day).subquery("days")
    return (
        select(days.c.day)
        .where(days.c.operating > 0)
        .order_by(days.c.covered / days.c.operating, days.c.day)
        .limit(1)
        .subquery("worst")
    )


def _steps(operating: int, covered: int) -> tuple[Any, Any]:
    return literal(operating).label("operating"), literal(covered).label("covered")


def _on_the_worst_day(modes: Collection[CoverageMode], *, is_covered: bool | None) -> Source:
    """Make the source of the units that operate on the worst day: all, covered ones, the others."""

    def rows_of(places: Sequence[Subtree], window: Window) -> Select[*tuple[Any, ...]]:
        held = _held(places, window, modes).cte("held", nesting=True)
        worst = _worst(held)
        rows = (
            select()
            .select_from(Unit)
            .join(held, and_(held.c.district_code == Unit.district_code, held.c.id == Unit.id))
            .join(worst, held.c.operating.op("@>")(worst.c.day))
            .join(Home, at_home(Unit, window.day))
        )
        if is_covered is not None:
            rows = rows.where(held.c.covered.op("@>")(worst.c.day).is_(is_covered))
        return told(rows, Unit, Home, Unit.name, worst.c.day, window)

    return rows_of


PLACES = 6
"""A district has fewer than a million units, so one that is not covered never rounds to 1."""


def _coverage(
    figure_id: str, name: Text, definition: Text, modes: Collection[CoverageMode]
) -> Figure:
    return Figure(
        figure_id,
        name,
        FigureUnit.RATIO,
        definition,
        READ,
        _on_the_worst_day(modes, is_covered=True),
        _on_the_worst_day(modes, is_covered=None),
        places=PLACES,
        gaps=_on_the_worst_day(modes, is_covered=False),
    )


FIGURES = (
    Figure(
        "co_building_units",
        Text("签协议驻区单位", "Units with a co-building agreement"),
        FigureUnit.UNITS,
        Text(
            "当日有生效共建协议的存续单位（一家单位计一次）；期间按其最早的生效协议的签订日期计",
            "units with an agreement in force on the day, each once; a period is that in which the"
            " oldest such agreement began",
        ),
        READ,
        _agreements,
    ),
    _coverage(
        "two_new_org_coverage",
        Text(
            "非公企业和社会组织党组织覆盖率", "Coverage of new-sector units by Party organisations"
        ),
        Text(
            "期间（默认当年1月1日至当日）逐日“有单独、联合或区域党组织的两新组织 ÷ 存续两新组织”的"
            "最小值；分子、分母、缺口均为最低那一天的单位",
            "the lowest of the period's days (by default the year up to the day) of new-sector"
            " units with an own, joint or regional organisation ÷ those that operate; numerator,"
            " denominator and gaps are the units of that day",
        ),
        BY_ORGANIZATION,
    ),
    _coverage(
        "two_new_work_coverage",
        Text("党的工作覆盖率", "Coverage of new-sector units by Party work"),
        Text(
            "期间（默认当年1月1日至当日）逐日“有党组织、党建指导员、联络员、工会或团组织的两新组织"
            " ÷ 存续两新组织”的最小值；分子、分母、缺口均为最低那一天的单位",
            "the lowest of the period's days (by default the year up to the day) of new-sector"
            " units with an organisation, an instructor, a liaison, a union or a youth league ÷"
            " those that operate; numerator, denominator and gaps are the units of that day",
        ),
        frozenset(CoverageMode),
    ),
    Figure(
        "two_new_units_with_instructor",
        Text("下派党建指导员的两新组织", "New-sector units with an instructor"),
        FigureUnit.UNITS,
        Text(
            "当日有在任党建指导员的存续两新组织（计单位，不计指导员）；期间按最早的在任之日计",
            "new-sector units that an instructor serves on the day: units, not instructors; a"
            " period is that in which the oldest such assignment began",
        ),
        READ,
        _instructed,
    ),
    Figure(
        "two_new_problems_solved",
        Text("帮助两新党组织解决问题", "Problems solved for new-sector units"),
        FigureUnit.PROBLEMS,
        Text(
            "截至当日已解决并经反映人确认的问题；期间按确认日期计",
            "problems that were solved, as their reporter confirmed by the day; a period is that"
            " of the confirmation",
        ),
        READ,
        _solved,
    ),
)
"""Figures of co-building and of the 两新 units."""
