"""Reading postings, vacancies and poor households, and the figures that they make."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Row,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.packs import read_pack
from app.core.pages import Rows, fetch_one, filtered, page
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood, stood_as
from app.organizations.types import OrganizationKind, Sector
from app.postings import logic
from app.postings.models import PoorHousehold, Posting
from app.postings.schemas import (
    PoorHouseholdListParams,
    PostingListParams,
    PostingOut,
    VacancyParams,
)
from app.postings.types import TWO_COMMITTEES, Norm, Post, PostingPack, Unit

READ = Permission.POSTINGS_READ
Parent = aliased(State, name="parent_state")
Helper = aliased(Posting, name="helper")
AnyRows = Rows[Row[*tuple[Any, ...]]]


@lru_cache
def pack() -> PostingPack:
    """Read the rules of postings that are shipped."""
    return read_pack(PostingPack, "postings", "postings")


# ── Postings


def visible(places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the postings to the organisations that stood in `places` on `day`, as told then."""
    households = select(func.count()).where(
        PoorHousehold.district_code == Posting.district_code,
        PoorHousehold.posting_id == Posting.id,
        on_day(PoorHousehold, day),
        PoorHousehold.paired_on <= day,
    )
    return (
        select(
            *Posting.__table__.c,
            State.name.label("organization_name"),
            State.kind,
            State.sector,
            State.is_grid,
            State.path,
            Member.name.label("member_name"),
            households.correlate(Posting).scalar_subquery().label("households"),
        )
        .select_from(Posting)
        .join(State, stood_as(Posting.district_code, Posting.organization_id, day))
        .join(
            Member,
            and_(Member.district_code == Posting.district_code, Member.id == Posting.member_id),
        )
        .where(in_subtrees(places))
    )


def _out(row: AnyRow, day: date) -> PostingOut:
    told_of = dict(row._mapping)  # noqa: SLF001 - the public name of a row's mapping
    held = row.valid_from, row.valid_to
    band = logic.pay_band(pack(), Post(row.post), logic.place_of(row), held, day)
    told_of["pay_band"] = band
    return PostingOut.model_validate({n: told_of[n] for n in PostingOut.model_fields})


async def get(on: Executor, caller: Caller, posting_id: UUID) -> AnyRow:
    """Fetch one posting, or raise `NotFound`."""
    rows = visible(caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(Posting.id == posting_id))


async def show(on: Executor, caller: Caller, posting_id: UUID) -> PostingOut:
    """Tell of one posting, or raise `NotFound`."""
    return _out(await get(on, caller, posting_id), clock.today())


async def find(on: Reader, caller: Caller, params: PostingListParams) -> Rows[PostingOut]:
    """List a page of postings, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    names = ("organization_id", "member_id", "post")
    rows = visible(await organizations.asked(on, caller, params.within, day, READ), day)
    rows = filtered(rows, params, {n: getattr(Posting, n) for n in names})
    rows = rows.where(Posting.valid_to <= day if params.ended else on_day(Posting, day))
    if params.extended is not None:
        is_extended = func.coalesce(Posting.extended_on <= day, false())
        rows = rows.where(is_extended.is_(params.extended))
    if params.due_to is not None:
        rows = rows.where(Posting.due_on <= params.due_to)
    sorts = {"valid_from": Posting.valid_from.expression}
    found = await page(
        on, rows, sorts, params.sort, params, of="postings", tie=Posting.id.expression
    )
    return Rows([_out(row, day) for row in found.items], found.next)


# ── Vacancies


def _exists(table: Any, *held: ColumnElement[bool]) -> ColumnElement[bool]:
    rows = select(table.id).where(table.district_code == State.district_code, *held)
    return rows.correlate(State).exists()


def _is_poor(day: date) -> ColumnElement[bool]:
    here = PoorHousehold.organization_id == State.organization_id
    return _exists(PoorHousehold, here, on_day(PoorHousehold, day))


def _own(sector: Sector) -> ColumnElement[bool]:
    """Hold states to the organisation of a whole community or village; `logic.is_own` says it."""
    return and_(
        State.sector == sector, State.kind.in_(logic.HOLDS_COMMITTEE), State.is_grid.is_(False)
    )


def _in_grid(day: date) -> ColumnElement[bool]:
    above = Parent.organization_id == State.parent_id, Parent.is_grid.is_(True), stood(day, Parent)
    return and_(State.kind == OrganizationKind.PARTY_GROUP, _exists(Parent, *above))


def _is(unit: Unit, day: date) -> ColumnElement[bool]:
    if unit == Unit.BUILDING_GROUP:
        return _in_grid(day)
    if unit == Unit.GRID_BRANCH:
        return State.is_grid.is_(True)
    if unit == Unit.COMMUNITY:
        return _own(Sector.COMMUNITY)
    return and_(_own(Sector.VILLAGE), _is_poor(day))


def _vacant(norm: Norm, places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the units that have fewer of a post than the norm."""
    filled = (
        select(func.count())
        .where(
            Posting.district_code == State.district_code,
            Posting.organization_id == State.organization_id,
            Posting.post == norm.post,
            on_day(Posting, day),
        )
        .correlate(State)
        .scalar_subquery()
    )
    return select(
        State.organization_id.label("id"),
        State.organization_id,
        State.name.label("organization_name"),
        State.district_code,
        (State.path + " " + literal(f"{norm.post} {norm.unit}")).label("place"),
        literal(norm.unit.value).label("unit"),
        literal(norm.post.value).label("post"),
        literal(norm.count).label("norm"),
        filled.label("filled"),
        (norm.count - filled).label("missing"),
        literal(pack().name).label("pack"),
        literal(pack().version).label("version"),
        literal(norm.source).label("source"),
    ).where(on_day(State, day), in_subtrees(places), _is(norm.unit, day), filled < norm.count)


async def vacancies(on: Reader, caller: Caller, params: VacancyParams) -> AnyRows:
    """List a page of the posts that are vacant on a day, in the order of the tree.

    Raises `NotFound` for `within` out of sight.
    """
    day = params.as_of or clock.today()
    places = await organizations.asked(on, caller, params.within, day, READ)
    asked = [
        _vacant(norm, places, day)
        for norm in pack().norms
        if logic.holds(norm, day)
        and params.post in {None, norm.post}
        and params.unit in {None, norm.unit}
    ]
    if not asked:
        return Rows([])
    rows = union_all(*asked).subquery()
    sorts = {"place": cast(rows.c.place, String(collation="C")).label("place")}
    return await page(on, select(rows), sorts, params.sort, params, of="vacancies", tie=rows.c.id)


# ── Poor households


def _is_paired(day: date) -> ColumnElement[bool]:
    return func.coalesce(and_(on_day(Helper, day), PoorHousehold.paired_on <= day), false())


def visible_households(places: Sequence[Subtree], day: date) -> AnySelect:
    """Select the poor households of the villages that stood in `places` on `day`, as told then."""
    return (
        select(
            *PoorHousehold.__table__.c,
            State.name.label("organization_name"),
            State.path,
            Member.name.label("first_secretary"),
            _is_paired(day).label("is_paired"),
        )
        .select_from(PoorHousehold)
        .join(State, stood_as(PoorHousehold.district_code, PoorHousehold.organization_id, day))
        .outerjoin(
            Helper,
            and_(
                Helper.district_code == PoorHousehold.district_code,
                Helper.id == PoorHousehold.posting_id,
            ),
        )
        .outerjoin(
            Member,
            and_(Member.district_code == Helper.district_code, Member.id == Helper.member_id),
        )
        .where(in_subtrees(places))
    )


async def get_household(on: Executor, caller: Caller, household_id: UUID) -> AnyRow:
    """Fetch one poor household, or raise `NotFound`."""
    rows = visible_households(caller.subtrees(READ), clock.today())
    return await fetch_one(on, rows.where(PoorHousehold.id == household_id))


async def find_households(on: Reader, caller: Caller, params: PoorHouseholdListParams) -> AnyRows:
    """List a page of the households that are poor on a day.

    Raises `NotFound` for `within` out of sight.
    """
    day = params.as_of or clock.today()
    filters = {n: getattr(PoorHousehold, n) for n in ("organization_id", "posting_id")}
    places = await organizations.asked(on, caller, params.within, day, READ)
    rows = filtered(visible_households(places, day), params, filters)
    rows = rows.where(on_day(PoorHousehold, day))
    if params.paired is not None:
        rows = rows.where(_is_paired(day).is_(params.paired))
    sorts = {"valid_from": PoorHousehold.valid_from.expression}
    tie = PoorHousehold.id.expression
    return await page(on, rows, sorts, params.sort, params, of="poor households", tie=tie)


# ── Figures


def _posted(places: Sequence[Subtree], day: date, *held: ColumnElement[bool]) -> AnySelect:
    """Select the postings that hold on `day`, to organisations of `places`."""
    return (
        select()
        .select_from(Posting)
        .join(State, stood_as(Posting.district_code, Posting.organization_id, day))
        .where(on_day(Posting, day), on_day(State, day), in_subtrees(places), *held)
    )


_LABEL = case({p.value: title for p, title in logic.TITLES.items()}, value=Posting.post)


def _once(of: Any, rows: AnySelect, window: Window, amount: Any = 1) -> AnySelect:
    """Tell of each `of` once, by the posting that began first."""
    told_of = told(rows, Posting, State, _LABEL, Posting.valid_from, window, amount)
    key = Posting.district_code, of
    return told_of.ext(distinct_on(*key)).order_by(*key, Posting.valid_from, Posting.id)


def _villages(places: Sequence[Subtree], window: Window) -> AnySelect:
    is_first = Posting.post == Post.FIRST_SECRETARY
    rows = _posted(places, window.day, is_first, _own(Sector.VILLAGE), _is_poor(window.day))
    return _once(Posting.organization_id, rows, window)


def _extended(places: Sequence[Subtree], window: Window, amount: Any = 1) -> AnySelect:
    is_first = Posting.post == Post.FIRST_SECRETARY
    rows = _posted(places, window.day, is_first, Posting.extended_on <= window.day)
    return told(rows, Posting, State, _LABEL, Posting.extended_on, window, amount)


def _extension_years(places: Sequence[Subtree], window: Window) -> AnySelect:
    return _extended(places, window, cast(Posting.extended_months, Numeric) / 12)


def grid_cadres(places: Sequence[Subtree], window: Window) -> AnySelect:
    """Tell of the members who are posted to grid branches and building groups, each once."""
    is_staff = Posting.post.in_(logic.staff())
    rows = _posted(places, window.day, is_staff, or_(State.is_grid, _in_grid(window.day)))
    return _once(Posting.member_id, rows, window)


def _community_cadres(places: Sequence[Subtree], window: Window) -> AnySelect:
    of_two = Posting.post.in_(sorted(TWO_COMMITTEES))
    rows = _posted(places, window.day, of_two, _own(Sector.COMMUNITY))
    return _once(Posting.member_id, rows, window)


FIGURES = (
    Figure(
        "first_secretary_villages",
        Text("派驻第一书记的贫困户村", "Villages with poor households and a first secretary"),
        FigureUnit.VILLAGES,
        Text(
            "当日有贫困户、并有在任第一书记的村；期间按派驻日期计",
            "villages with poor households and a first secretary on the day, by begin of posting",
        ),
        READ,
        _villages,
    ),
    Figure(
        "first_secretary_extension_years",
        Text("第一书记派驻延长年数", "Years by which first secretaries' postings are extended"),
        FigureUnit.YEARS,
        Text(
            "当日在任、已延长派驻的第一书记的延长月数 ÷ 12 的平均；期间按决定延长日期计",
            "months of extension ÷ 12 of who serves and is extended, on average, by decision",
        ),
        READ,
        _extension_years,
        _extended,
        places=1,
    ),
    Figure(
        "grid_cadres",
        Text("网格、楼栋配备党员干部", "Cadres of grid branches and building groups"),
        FigureUnit.PEOPLE,
        Text(
            "当日在网格党支部、楼栋党小组任职的党员，一人计一次；期间按任职日期计",
            "members posted to grid branches and building groups, each once, by begin of posting",
        ),
        READ,
        grid_cadres,
    ),
    Figure(
        "community_cadres",
        Text("社区“两委”干部", "Cadres of communities' two committees"),
        FigureUnit.PEOPLE,
        Text(
            "当日在社区党组织、居民委员会任“两委”职务的党员，一人兼两职计一次；期间按任职日期计",
            "members in posts of a community's two committees, each once, by begin of posting",
        ),
        READ,
        _community_cadres,
    ),
)
"""Figures of postings."""
