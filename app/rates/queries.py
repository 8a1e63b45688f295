"""Counting pledges by organisation, kind, category and month; rates and rankings of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Date, Integer, and_, cast, func, or_, select

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Reader
from app.core.errors import Text, check_period
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.hot import Hot, narrowed, param
from app.core.pages import seal, unseal
from app.core.schemas import ListParams
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnySelect, in_subtrees, stood, stood_as
from app.organizations.types import OrganizationKind
from app.pledges.logic import CATEGORIES, PLEDGERS
from app.pledges.models import Pledge
from app.pledges.types import PledgeCategory, PledgerKind
from app.rates import logic
from app.rates.schemas import (
    RankedBranch,
    RankingsOut,
    RateFilters,
    RateOfGroup,
    RateOut,
    RateParams,
    RatesOut,
)
from app.rates.types import Grouping, Tally

State = OrganizationState
READ = Permission.PLEDGES_READ
Item = TypeVar("Item")
_FILTERS: dict[str, Any] = {"pledger_kind": Pledge.pledger_kind, "category": Pledge.category}


# ── Counting


def on_the_books(day: Any, since: Any = None, until: Any = None) -> ColumnElement[bool]:
    """Hold pledges to those that count on `day`: published by then, and not yet withdrawn.

    `since` and `until` are the first and the last day of publication that are meant; None is open.
    """
    held = [
        Pledge.published_on <= day,
        or_(Pledge.withdrawn_on.is_(None), Pledge.withdrawn_on > day),
    ]
    if since is not None:
        held.append(Pledge.published_on >= since)
    if until is not None:
        held.append(Pledge.published_on <= until)
    return and_(*held)


def was_confirmed(day: Any) -> ColumnElement[bool]:
    """Tell whether a pledge was confirmed by `day`."""
    return and_(Pledge.confirmed_on.is_not(None), Pledge.confirmed_on <= day)


def _total() -> ColumnElement[int]:
    return cast(func.count(), Integer)


def _done(day: Any) -> ColumnElement[int]:
    return cast(func.count().filter(was_confirmed(day)), Integer)


def counting(places: Sequence[Any], day: Any, since: Any, until: Any) -> AnySelect:
    """Select the pledges that count on `day` of the organisations of `places` (as on `day`)."""
    stands = stood_as(Pledge.district_code, Pledge.organization_id, day)
    counts = on_the_books(day, since, until)
    return select().select_from(Pledge).join(State, stands).where(in_subtrees(places), counts)


# ── Rates and rankings

_DAY, _SINCE, _UNTIL = (param(name, Date()) for name in ("day", "since", "until"))
_KEYS: dict[str, Any] = {
    Grouping.KIND.value: Pledge.pledger_kind,
    Grouping.CATEGORY.value: Pledge.category,
    Grouping.MONTH.value: func.to_char(Pledge.published_on, "YYYY-MM"),
}


def _period(shape: Collection[str]) -> tuple[Any, Any]:
    return _SINCE if "since" in shape else None, _UNTIL if "until" in shape else None


def _groups(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    """Count by what the shape names, in the order of its keys."""
    key = next(column for name, column in _KEYS.items() if f"by {name}" in shape)
    rows = narrowed(counting(places, _DAY, *_period(shape)), _FILTERS, shape)
    listed = rows.add_columns(key.label("key"), _total(), _done(_DAY)).group_by("key")
    return listed.order_by("key")


def _tallies(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    """Count by organisation, those without a pledge too, in the order of the tree."""
    own = (
        counting(places, _DAY, *_period(shape))
        .add_columns(
            Pledge.district_code,
            Pledge.organization_id,
            _total().label("total"),
            _done(_DAY).label("done"),
        )
        .group_by(Pledge.district_code, Pledge.organization_id)
    )
    own_counts = narrowed(own, _FILTERS, shape).subquery("own")
    c = own_counts.c
    here = and_(c.district_code == State.district_code, c.organization_id == State.organization_id)
    stands = or_(on_day(State, _DAY), and_(stood(_DAY), c.total.is_not(None)))
    return (
        select(
            State.district_code,
            State.organization_id,
            State.name,
            State.kind,
            State.path,
            func.coalesce(c.total, 0),
            func.coalesce(c.done, 0),
        )
        .outerjoin(own_counts, here)
        .where(in_subtrees(places), stands)
        .order_by(State.district_code, State.path)
    )


_groups_hot, _tallies_hot = Hot(_groups), Hot(_tallies)


async def _counted_in(
    on: Reader, caller: Caller, filters: RateFilters
) -> tuple[list[Subtree], dict[str, Any]]:
    """Give the places and the values that rates ask for, or raise `NotFound` or `Invalid`."""
    check_period(filters.since, filters.until)
    day = filters.as_of or clock.today()
    places = await organizations.asked(on, caller, filters.within, day, READ)
    names = ("pledger_kind", "category", "since", "until")
    values = {n: value for n in names if (value := getattr(filters, n)) is not None}
    return places, values | {"day": day}


def _names(by: Grouping) -> dict[str, str]:
    if by is Grouping.KIND:
        return {kind.value: PLEDGERS[kind] for kind in PledgerKind}
    if by is Grouping.CATEGORY:
        return {category.value: CATEGORIES[category] for category in PledgeCategory}
    return {}


def _told(numerator: int, denominator: int) -> dict[str, Any]:
    """Write a rate; the Decimal of three places is the same text as a JSON number."""
    fraction = logic.rate(numerator, denominator)
    return {
        "numerator": numerator,
        "denominator": denominator,
        "rate": None if fraction is None else float(fraction),
    }


async def _groups_of(
    on: Reader, caller: Caller, params: RateParams
) -> tuple[list[RateOfGroup], RateOut]:
    """Give the rate of every group in order, and of all that is counted."""
    places, values = await _counted_in(on, caller, params)
    if params.by in {Grouping.ORGANIZATION, Grouping.SUBTREE}:
        found = await _tallies_hot.fetch(on, places, set(values), **values)
        own = [Tally(*row) for row in found]
        overall = RateOut(**_told(sum(t.done for t in own), sum(t.total for t in own)))
        shown = own if params.by is Grouping.ORGANIZATION else logic.rolled(own)
        return [
            RateOfGroup(
                key=str(t.organization_id),
                name=t.name,
                organization_id=t.organization_id,
                **_told(t.done, t.total),
            )
            for t in shown
        ], overall
    names = _names(params.by)
    rows = await _groups_hot.fetch(on, places, {*values, f"by {params.by}"}, **values)
    overall = RateOut(**_told(sum(row[2] for row in rows), sum(row[1] for row in rows)))
    return [
        RateOfGroup(key=key, name=names.get(key, key), **_told(done_, total_))
        for key, total_, done_ in rows
    ], overall


async def rates(on: Reader, caller: Caller, params: RateParams) -> RatesOut:
    """Tell rates as of a day, a page of groups at a time; raise `NotFound` or `Invalid`."""
    groups, overall = await _groups_of(on, caller, params)
    day = params.as_of or clock.today()
    items, following = _cut([(g.key, g) for g in groups], params, "rates", params.by)
    return RatesOut(by=params.by, as_of=day, overall=overall, items=items, next=following)


async def rankings(on: Reader, caller: Caller, params: RateFilters) -> RankingsOut:
    """Rank the branches, each with the groups under it; raise `NotFound` or `Invalid`."""
    places, values = await _counted_in(on, caller, params)
    found = await _tallies_hot.fetch(on, places, set(values), **values)
    branches = (t for t in logic.rolled([Tally(*r) for r in found]) if t.kind in logic.BRANCHES)
    ranked = [
        (
            str(t.organization_id),
            RankedBranch(
                rank=rank,
                organization_id=t.organization_id,
                organization_name=t.name,
                kind=OrganizationKind(t.kind),
                **_told(t.done, t.total),
            ),
        )
        for rank, t in logic.ranked(branches)
    ]
    items, following = _cut(ranked, params, "rankings", "rank")
    return RankingsOut(as_of=params.as_of or clock.today(), items=items, next=following)


def _cut(
    found: Iterable[tuple[str, Item]], params: ListParams, of: str, sort: str
) -> tuple[list[Item], str | None]:
    """Cut a page out of items that were all computed at once, each with its key.

    It goes on behind the item that the cursor names; where that is gone, nothing follows.
    """
    listed = list(found)
    if params.after:
        [last] = unseal(params.after, of, sort)
        keys = [key for key, _ in listed]
        listed = listed[keys.index(last) + 1 :] if last in keys else []
    shown = listed[: params.limit]
    is_last = len(listed) <= params.limit
    return [item for _, item in shown], None if is_last else seal(of, sort, shown[-1][0])


# ── Figures


def _counted(
    kind: PledgerKind | None,
    places: Sequence[Subtree],
    window: Window,
    *,
    done: bool | None = None,
) -> AnySelect:
    """Select the pledges on the books of the day; `done`: those confirmed by then, or not."""
    rows = counting(places, window.day, None, None)
    if kind is not None:
        rows = rows.where(Pledge.pledger_kind == kind)
    if done is not None:
        rows = rows.where(was_confirmed(window.day).is_(done))
    return told(rows, Pledge, State, Pledge.title, Pledge.published_on, window)


_PLEDGED = {
    PledgerKind.ORGANIZATION: ("org", "党组织承诺", "Organisations' pledges"),
    PledgerKind.MEMBER: ("member", "党员承诺", "Members' pledges"),
    None: ("all", "双承诺", "Pledges of organisations and members"),
}
_TOTAL = Text(
    "截至当日已公示、未撤回的承诺事项；期间按公示日期计",
    "pledges published by the day and not withdrawn; a period is that of publication",
)
_CONFIRMED = Text(
    "其中截至当日已由上级确认完成的", "those of them that the unit above confirmed by the day"
)
_OPEN = Text("其中截至当日尚未确认完成的", "those of them that are not confirmed by the day")
_SHARE = Text("已确认完成 ÷ 已公示", "confirmed ÷ published")


def _figures() -> Iterator[Figure]:
    for kind, (short, zh, en) in _PLEDGED.items():
        total, done, still = (partial(_counted, kind, done=d) for d in (None, True, False))
        sums = (
            ("total", Text(f"{zh}事项", en), _TOTAL, total),
            ("done", Text(f"{zh}完成", f"{en} completed"), _CONFIRMED, done),
            ("open", Text(f"{zh}未完成", f"{en} still open"), _OPEN, still),
        )
        for end, name, definition, source in sums if kind is not None else ():
            yield Figure(f"{short}_pledges_{end}", name, FigureUnit.ITEMS, definition, READ, source)
        rate = Text(f"{zh}完成率", f"{en}: completion rate")
        yield Figure(
            f"{short}_pledge_rate", rate, FigureUnit.RATIO, _SHARE, READ, done, total, places=3
        )


FIGURES = tuple(_figures())
"""Figures of pledges."""
