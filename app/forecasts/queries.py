"""Reading what the dated records say of the coming year. Every read starts from the places."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Date, Integer, String, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission
from app.core.clock import add_months
from app.core.dated import on_day
from app.core.db import Reader
from app.core.hot import Hot, param
from app.core.pages import seal, unseal
from app.forecasts import logic
from app.forecasts.schemas import WarningListParams, WarningOut, WarningsOut
from app.forecasts.types import Body, Forecast, Passage
from app.members.models import Membership
from app.members.queries import headcounts
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnySelect, in_subtrees
from app.organizations.types import OrganizationKind
from app.rules import queries as rules

READ = Permission.RULES_READ
State = OrganizationState
_DAY, _BACK, _AHEAD = (param(name, Date()) for name in ("day", "back", "ahead"))


def _bodies(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    """Select the organisations of a kind, with head-counts, since when known, until when so."""
    c = headcounts(places[0], _DAY).c
    code = places[0].district_code
    begun = (
        select(Membership.organization_id, func.min(Membership.valid_from).label("first"))
        .where(Membership.district_code == code, Membership.status.in_(sorted(COUNTED)))
        .group_by(Membership.organization_id)
        .subquery("begun")
    )
    on_path = (
        select(func.unnest(func.string_to_array(State.path, ".")).label("label"), begun.c.first)
        .join(begun, begun.c.organization_id == State.organization_id)
        .where(on_day(State, _DAY), in_subtrees(places))
        .subquery("on_path")
    )
    known = (
        select(on_path.c.label, func.min(on_path.c.first).label("first"))
        .group_by(on_path.c.label)
        .subquery("known")
    )
    other = aliased(State)
    of_it = and_(other.district_code == code, other.organization_id == c.organization_id)
    stands = select(func.min(other.valid_from)).where(of_it).scalar_subquery()
    changes = and_(other.valid_from > _DAY, other.kind != c.kind)
    ends = and_(other.is_end, other.valid_to > _DAY)
    until = (
        select(func.min(case((changes, other.valid_from), else_=other.valid_to)))
        .where(of_it, or_(changes, ends))
        .scalar_subquery()
    )
    return (
        select(
            c.organization_id,
            c.name,
            c.kind,
            c.sector,
            c.path,
            cast(c.subtree, Integer),
            func.greatest(known.c.first, stands),
            until,
        )
        .outerjoin(known, known.c.label == func.split_part(c.path, ".", -2))
        .where(c.kind == param("kind", String()))
    )


def _passages(places: Sequence[Any], _: Collection[str]) -> AnySelect:
    """Select who began to count somewhere in the two years, who ended, and who went along."""
    code = places[0].district_code
    came, went = aliased(Membership, name="came"), aliased(Membership, name="went")

    def counts(row: Any, day: Any) -> Any:
        return (
            select(row.member_id, row.organization_id, day.label("day"))
            .where(
                row.district_code == code,
                row.status.in_(sorted(COUNTED)),
                day > _BACK,
                day <= _AHEAD,
            )
            .subquery()
        )

    began, ended = counts(came, came.valid_from), counts(went, went.valid_to)
    there, here = aliased(State, name="there"), aliased(State, name="here")
    same = and_(began.c.member_id == ended.c.member_id, began.c.day == ended.c.day)
    day = func.coalesce(began.c.day, ended.c.day)
    people = (
        select(day, here.path, there.path, cast(func.count(), Integer), literal(value=False))
        .select_from(began)
        .join(ended, same, full=True)
        .outerjoin(there, _at(there, code, began.c.organization_id, began.c.day))
        .outerjoin(here, _at(here, code, ended.c.organization_id, ended.c.day - 1))
        .where(here.path.is_distinct_from(there.path))
        .group_by(day, here.path, there.path)
    )
    old, new = aliased(State, name="old"), aliased(State, name="new")
    along = (
        select(new.valid_from, old.path, new.path, cast(func.count(), Integer), literal(value=True))
        .join(
            old,
            and_(
                old.district_code == code,
                old.organization_id == new.organization_id,
                old.valid_to == new.valid_from,
                old.path != new.path,
            ),
        )
        .join(
            Membership,
            and_(
                Membership.district_code == code,
                Membership.organization_id == new.organization_id,
                Membership.valid_from < new.valid_from,
                or_(Membership.valid_to.is_(None), Membership.valid_to > new.valid_from),
                Membership.status.in_(sorted(COUNTED)),
            ),
        )
        .where(new.district_code == code, new.valid_from > _BACK, new.valid_from <= _AHEAD)
        .group_by(new.valid_from, old.path, new.path)
    )
    every = people.union_all(along).subquery()
    return select(*every.c)


def _at(state: Any, code: Any, organization_id: Any, day: Any) -> Any:
    same = state.organization_id == organization_id
    return and_(state.district_code == code, same, on_day(state, day))


_bodies_hot, _passages_hot = Hot(_bodies), Hot(_passages)


async def warnings(on: Reader, caller: Caller, params: WarningListParams) -> WarningsOut:
    """Tell which limits will be passed in the twelve months after a day, a page at a time.

    Raises `NotFound` for `within` out of sight.
    """
    day = params.as_of or clock.today()
    places = await organizations.asked(on, caller, params.within, day, READ)
    asked = await rules.effective(on, (p.district_code for p in places), day)
    window: dict[str, Any] = {
        "back": add_months(day, -logic.MONTHS),
        "ahead": add_months(day, logic.MONTHS),
    }
    found: list[Forecast] = []
    judged = without = 0
    for place in places:
        rows = await _bodies_hot.fetch(on, [place], day=day, kind=params.kind.value)
        bodies = [Body(r[0], r[1], OrganizationKind(r[2]), *r[3:]) for r in rows]
        passages: list[Passage] = []
        if bodies:
            got = await _passages_hot.fetch(on, [place], **window)
            passages = [Passage(*row) for row in got]
        looks = logic.outlooks(bodies, passages, day)
        judged += len(bodies)
        for body in bodies:
            look = looks[logic.label_of(body.path)]
            without += look.months_back < logic.LEAST_MONTHS
            chosen = asked[place.district_code]
            found += logic.forecasts(place.district_code, body, look, chosen, day)
    found.sort(key=_key)
    if params.after:
        last = tuple(unseal(params.after, "warnings", params.sort))
        found = [f for f in found if _key(f) > last]
    items, rest = found[: params.limit], found[params.limit :]
    return WarningsOut(
        as_of=day,
        judged=judged,
        without_trend=without,
        items=[WarningOut.model_validate(f) for f in items],
        next=seal("warnings", params.sort, *_key(items[-1])) if rest else None,
    )


def _key(one: Forecast) -> tuple[str, ...]:
    """Give the order of `one`: the nearest first; no two share it."""
    place = (one.district_code, one.path, one.pack, one.rule, one.cause.value)
    return (one.on.isoformat(), *place)
