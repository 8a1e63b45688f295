"""Computing figures: each is the sum over its rows, so the two cannot disagree."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Row, and_, case, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from app.activities import queries as activities
from app.appraisals import queries as appraisals
from app.contests import queries as contests
from app.core import clock
from app.core.caller import PERMISSION_NAMES, Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import Forbidden, NotFound, Text, check_period
from app.core.figures import Figure, FigureUnit, Part, Source, Window, told
from app.core.pages import Rows, page
from app.core.rounding import ROUNDING, quotient
from app.coverages import queries as coverages
from app.cycles import queries as cycles
from app.economy import queries as economy
from app.figures.errors import NoSuchPart
from app.figures.schemas import FigureParams, FigureRowParams
from app.leaders import queries as leaders
from app.organizations import queries as organizations
from app.organizations.models import Organization
from app.organizations.models import OrganizationState as State
from app.organizations.queries import ROOT_PATH, AnySelect, in_subtrees
from app.organizations.types import OrganizationKind, Sector
from app.postings import queries as postings
from app.programmes import queries as programmes
from app.rates import queries as rates
from app.rectifications import queries as rectifications
from app.residents import queries as residents
from app.restructurings import queries as restructurings
from app.rules import queries as rules
from app.terms import queries as terms

# ── Figures of the tree

_Parent = aliased(State, name="parent")
_BRANCHES = (OrganizationKind.PARTY_BRANCH, OrganizationKind.JOINT_BRANCH)
_COMMUNITY = (
    OrganizationKind.PARTY_COMMITTEE,
    OrganizationKind.GENERAL_BRANCH,
    OrganizationKind.PARTY_BRANCH,
)


def _told(places: Sequence[Any], window: Window, label: Any, *held: Any) -> AnySelect:
    rows = (
        select()
        .select_from(State)
        .join(
            Organization,
            and_(
                Organization.district_code == State.district_code,
                Organization.id == State.organization_id,
            ),
        )
        .outerjoin(
            _Parent,
            and_(
                _Parent.district_code == State.district_code,
                _Parent.organization_id == State.parent_id,
                on_day(_Parent, window.day),
            ),
        )
        .where(on_day(State, window.day), in_subtrees(places), *held)
    )
    return told(rows, Organization, State, label, founded(), window)


def founded(state: Any = State) -> ColumnElement[date]:
    """Give the day on which an organisation was founded, or from which it is recorded."""
    return func.coalesce(state.founded_on, state.valid_from)


def _grids(places: Sequence[Any], window: Window) -> AnySelect:
    return _told(places, window, State.name, State.is_grid)


def _groups(places: Sequence[Any], window: Window) -> AnySelect:
    kind = State.kind == OrganizationKind.PARTY_GROUP
    return _told(places, window, State.name, kind, _Parent.is_grid)


def _levels(places: Sequence[Any], window: Window) -> AnySelect:
    """Give the first organisation of each of the four levels; the level is its label."""
    level = case(
        (
            and_(
                State.kind == OrganizationKind.WORKING_COMMITTEE,
                State.sector == Sector.STREET,
            ),
            "街道党工委",
        ),
        (and_(State.kind == OrganizationKind.PARTY_GROUP, _Parent.is_grid), "楼栋党小组"),
        (State.is_grid, "网格党支部"),
        (and_(State.sector == Sector.COMMUNITY, State.kind.in_(_COMMUNITY)), "社区党组织"),
    )
    rows = _told(places, window, level, level.is_not(None))
    return rows.ext(distinct_on(level)).order_by(level, State.path)


_READ = Permission.ORGANIZATIONS_READ
_TREE = (
    Figure(
        "four_levels",
        Text("“四级”架构", "Levels of the urban tree"),
        FigureUnit.LEVELS,
        Text(
            "街道党工委、社区党组织、网格党支部、楼栋党小组中当日有党组织的级数",
            "of street working committees, communities, grid branches and building groups, the"
            " levels that have an organisation on the day",
        ),
        _READ,
        _levels,
    ),
    Figure(
        "grid_branches",
        Text("网格党支部", "Grid branches"),
        FigureUnit.ORGANIZATIONS,
        Text("当日存续的网格党支部", "grid branches that stand on the day"),
        _READ,
        _grids,
    ),
    Figure(
        "building_groups",
        Text("楼栋党小组", "Building groups"),
        FigureUnit.ORGANIZATIONS,
        Text("当日存续、设在网格党支部之下的党小组", "groups under grid branches on the day"),
        _READ,
        _groups,
    ),
    Figure(
        "groups_per_branch",
        Text("每网格支部楼栋小组", "Building groups per grid branch"),
        FigureUnit.GROUPS_A_BRANCH,
        Text("楼栋党小组 ÷ 网格党支部", "building groups ÷ grid branches"),
        _READ,
        _groups,
        _grids,
        places=2,
    ),
    Figure(
        "cadres_per_group",
        Text("每楼栋小组干部", "Cadres per building group"),
        FigureUnit.PEOPLE_A_GROUP,
        Text("网格、楼栋配备党员干部 ÷ 楼栋党小组", "cadres of grids and groups ÷ building groups"),
        postings.READ,
        postings.grid_cadres,
        _groups,
        places=2,
    ),
)
"""Figures of the tree; a period is that of the founding."""


# ── The registry

SOURCES: tuple[Iterable[Figure], ...] = (
    _TREE,
    rules.FIGURES,
    rates.FIGURES,
    residents.FIGURES,
    terms.FIGURES,
    cycles.FIGURES,
    activities.FIGURES,
    contests.FIGURES,
    leaders.FIGURES,
    restructurings.FIGURES,
    coverages.FIGURES,
    economy.FIGURES,
    programmes.FIGURES,
    postings.FIGURES,
    appraisals.FIGURES,
    rectifications.FIGURES,
)
"""Where figures come from, in the order in which they are listed."""
REGISTRY: dict[str, Figure] = {f.id: f for figures in SOURCES for f in figures}
"""Every figure by its id."""


# ── Answers


def window_of(params: FigureParams) -> Window:
    """Give the day and the period that are asked about, or raise `Invalid`."""
    check_period(params.first, params.last)
    return Window(params.as_of or clock.today(), params.first, params.last)


def _figure(figure_id: str) -> Figure:
    found = REGISTRY.get(figure_id)
    if found is None:
        raise NotFound
    return found


async def _places(
    on: Reader,
    caller: Caller,
    asked: Sequence[Figure],
    params: FigureParams,
    day: date,
    district_code: str | None = None,
) -> dict[Permission, list[Subtree]]:
    """Give, of each right to `asked` that the caller holds there, the subtrees asked about.

    Raises `Forbidden` with no such right, `NotFound` for `within` out of sight.
    """
    held = {}
    for right in sorted({f.permission for f in asked}):
        if found := [s for s in caller.subtrees(right) if district_code in {None, s.district_code}]:
            held[right] = found
    if not held:
        needed = asked[0].permission
        raise Forbidden(
            f"没有“{PERMISSION_NAMES[needed]}”权限", f"{needed} is not granted", permission=needed
        )
    then: dict[tuple[Subtree, ...], list[Subtree]] = {}
    for places in held.values():
        if tuple(places) not in then:
            then[tuple(places)] = await organizations.places_then(on, places, day)
    held = {right: then[tuple(places)] for right, places in held.items()}
    if params.within is None:
        return held
    sight = list(dict.fromkeys(place for places in held.values() for place in places))
    place = await organizations.place_in(on, sight, params.within, day)
    return {r: [place] for r, places in held.items() if any(p.holds(place) for p in places)}


async def compute(
    on: Reader,
    caller: Caller,
    params: FigureParams,
    figure_id: str | None = None,
    *,
    district_code: str | None = None,
) -> list[dict[str, Any]]:
    """Compute one figure, or all that the caller may read, in one statement.

    `district_code` holds them to one of the caller's districts. Raises `NotFound`, `Forbidden` or
    `Invalid`.
    """
    window = window_of(params)
    asked = [_figure(figure_id)] if figure_id else list(REGISTRY.values())
    places = await _places(on, caller, asked, params, window.day, district_code)
    asked = [figure for figure in asked if figure.permission in places]
    sums: dict[Source, ColumnElement[Decimal]] = {}
    for figure in asked:
        for source in filter(None, (figure.numerator, figure.denominator)):
            if source not in sums:
                rows = source(places[figure.permission], window).subquery()
                total = select(func.coalesce(func.sum(rows.c.amount), 0)).scalar_subquery()
                sums[source] = total.label(f"sum{len(sums)}")
    found = (await on.execute(select(*sums.values()))).one()
    values = dict(zip(sums, found, strict=True))
    return [_answer(figure, values, params, window) for figure in asked]


def _answer(
    figure: Figure, values: dict[Source, Decimal], params: FigureParams, window: Window
) -> dict[str, Any]:
    numerator = values[figure.numerator]
    denominator = None if figure.denominator is None else values[figure.denominator]
    asked = {"within": params.within, "from": window.first, "to": window.last}
    query = {name: str(v) for name, v in {**asked, "as_of": window.day}.items() if v is not None}
    return {
        "id": figure.id,
        "name": figure.name._asdict(),
        "value": _value(figure, numerator, denominator),
        "unit": figure.unit,
        "numerator": numerator,
        "denominator": denominator,
        "rounding": None if figure.places is None else f"{ROUNDING} {figure.places}",
        "as_of": window.day,
        "from": window.first,
        "to": window.last,
        "definition": figure.definition._asdict(),
        "rows": f"/v1/figures/{figure.id}/rows?{urlencode(query)}",
    }


def _value(figure: Figure, numerator: Decimal, denominator: Decimal | None) -> Decimal | None:
    if denominator is not None and figure.is_whole:
        return Decimal(numerator >= denominator > 0)
    if denominator is not None and figure.places is not None:
        return quotient(numerator, denominator, figure.places)
    return numerator


Amounts = dict[str, dict[str, Decimal]]


async def opened(
    on: Executor, district_code: str, asked: Sequence[Figure], window: Window
) -> dict[str, Amounts]:
    """Open figures of a whole district in one statement: `kind/id` of each row and its amount.

    Whoever asks answers for the right to read them.
    """
    places = [Subtree(district_code, ROOT_PATH)]
    found: dict[Source, dict[str, Decimal]] = {}
    for figure in asked:
        found |= {source: {} for source in (figure.numerator, figure.denominator) if source}
    parts = []
    for number, source in enumerate(found):
        rows = source(places, window).subquery()
        parts.append(select(literal(number), rows.c.kind, rows.c.id, rows.c.amount))
    amounts = list(found.values())
    for number, kind, row_id, amount in await on.execute(union_all(*parts)) if parts else ():
        amounts[number][f"{kind}/{row_id}"] = amount
    opened: dict[str, Amounts] = {}
    for figure in asked:
        opened[figure.id] = {Part.NUMERATOR: found[figure.numerator]}
        if figure.denominator is not None:
            opened[figure.id][Part.DENOMINATOR] = found[figure.denominator]
    return opened


def values_of(figure: Figure, amounts: Amounts) -> dict[str, Decimal | None]:
    """Add the rows of a figure up."""
    sums = {part: sum(rows.values(), Decimal(0)) for part, rows in amounts.items()}
    numerator, denominator = sums[Part.NUMERATOR], sums.get(Part.DENOMINATOR)
    value = _value(figure, numerator, denominator)
    return {"value": value, "numerator": numerator, "denominator": denominator}


async def rows(
    on: Reader, caller: Caller, figure_id: str, params: FigureRowParams
) -> Rows[Row[*tuple[Any, ...]]]:
    """List the records behind a figure; their amounts add up to its numerator or denominator.

    Raises `NotFound`, `Forbidden`, `Invalid` or `NoSuchPart`.
    """
    figure, window = _figure(figure_id), window_of(params)
    parts = {
        Part.NUMERATOR: figure.numerator,
        Part.DENOMINATOR: figure.denominator,
        Part.GAPS: figure.gaps,
    }
    source = parts[params.part]
    if source is None:
        raise NoSuchPart
    places = await _places(on, caller, [figure], params, window.day)
    listed = source(places[figure.permission], window).subquery()
    sorts: dict[str, ColumnElement[Any]] = {"happened_on": listed.c.happened_on}
    of = f"figure {figure_id} {params.part}"
    return await page(on, select(listed), sorts, params.sort, params, of=of, tie=listed.c.id)
