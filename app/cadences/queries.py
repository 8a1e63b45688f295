"""Reading what is due. Every read starts from the caller's subtrees."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import CompoundSelect, and_, case, false, func, or_, select, true
from sqlalchemy.orm import aliased

from app.activities.models import Activity
from app.activities.types import BRANCHES, ActivityKind, ActivityStatus
from app.cadences import logic
from app.cadences.schemas import DueParams
from app.cadences.types import CadencePack, Period
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Reader
from app.core.packs import read_pack
from app.core.pages import Rows, seal, unseal
from app.members.models import Membership
from app.members.types import COUNTED, MemberCategory
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState as State
from app.organizations.queries import AnySelect, in_subtrees, stood_as
from app.organizations.types import OrganizationKind

READ = Permission.ACTIVITIES_READ


@lru_cache
def pack() -> CadencePack:
    """Read the rules of cadences that are shipped."""
    return read_pack(CadencePack, "cadences", "cadences")


def _counts(day: date) -> AnySelect:
    """Count by organiser and kind what was held up to `day` and what was planned, in each period.

    What was held after `day` was still planned on it.
    """
    year = logic.span_of(Period.YEAR, day)
    columns = []
    for period in Period:
        span = logic.span_of(period, day)
        is_in = Activity.held_on.between(span.first, span.last)
        held = and_(is_in, Activity.held_on <= day, Activity.status == ActivityStatus.HELD)
        is_later = and_(Activity.held_on > day, Activity.status == ActivityStatus.HELD)
        planned = and_(is_in, or_(Activity.status == ActivityStatus.PLANNED, is_later))
        columns += [
            func.count().filter(held).label(f"held_{period}"),
            func.count().filter(planned).label(f"planned_{period}"),
        ]
    key = Activity.district_code, Activity.organization_id, Activity.kind
    kinds = sorted({rule.kind for rule in pack().rules})
    rows = select(*key, *columns).where(
        Activity.held_on.between(year.first, year.last), Activity.kind.in_(kinds)
    )
    return rows.group_by(*key)


def _full_members(day: date) -> AnySelect:
    """Count the full members of each branch, its groups' included."""
    place = aliased(State)
    is_group = place.kind == OrganizationKind.PARTY_GROUP
    owner = case((is_group, place.parent_id), else_=place.organization_id).label("owner")
    return (
        select(place.district_code, owner, func.count().label("count"))
        .select_from(Membership)
        .join(place, stood_as(Membership.district_code, Membership.organization_id, day, place))
        .where(
            on_day(Membership, day),
            Membership.status.in_(sorted(COUNTED)),
            Membership.category == MemberCategory.FULL,
            place.kind.in_(sorted(BRANCHES | {OrganizationKind.PARTY_GROUP})),
        )
        .group_by(place.district_code, owner)
    )


def _bodies(places: Sequence[Subtree], day: date) -> CompoundSelect[*tuple[Any, ...]]:
    """Select the standing bodies that rules speak of, a row for each organiser and kind counted."""
    counts, full = _counts(day).cte("counts"), _full_members(day).cte("full_members")
    organizer = aliased(State, name="organizer")
    below = {kind for rule in pack().rules if rule.counts_below for kind in rule.bodies}
    held = (  # by whom, where they stand
        select(counts, organizer.path)
        .join(
            organizer,
            stood_as(counts.c.district_code, counts.c.organization_id, day, organizer),
        )
        .cte("held")
    )
    kinds = {kind for rule in pack().rules for kind in rule.bodies}
    body = (
        select(
            State.district_code,
            State.organization_id,
            State.name,
            State.path,
            State.kind,
            func.coalesce(full.c.count, 0).label("full_members"),
        )
        .outerjoin(
            full,
            and_(
                full.c.district_code == State.district_code, full.c.owner == State.organization_id
            ),
        )
        .where(
            in_subtrees(places),
            on_day(State, day),
            or_(State.founded_on.is_(None), State.founded_on <= day),
            State.kind.in_(sorted(kinds)),
        )
        .cte("body")
    )
    here = held.c.district_code == body.c.district_code
    is_own = held.c.organization_id == body.c.organization_id
    counted: list[Any] = [held.c.kind.label("held_kind")]
    counted += [c for c in held.c if c.key.startswith(("held_", "planned_"))]
    own = select(body, true().label("is_own"), *counted).outerjoin(held, and_(here, is_own))
    # apart: an OR of both joins every body with all that was held
    lower = select(body, false().label("is_own"), *counted).join(
        held,
        and_(
            here,
            ~is_own,
            held.c.path >= body.c.path,
            held.c.path < func.rtrim(body.c.path, ".") + "/",
        ),
    )
    return own.union_all(lower.where(body.c.kind.in_(sorted(below))))


def _read_bodies(found: Sequence[Any]) -> list[logic.Body]:
    """Put the rows of each organisation together."""
    grouped: dict[Any, list[Any]] = defaultdict(list)
    for row in found:
        grouped[row.district_code, row.organization_id].append(row)
    return [_body(rows) for rows in grouped.values()]


def _body(rows: Sequence[Any]) -> logic.Body:
    one = rows[0]
    counted = [r for r in rows if r.held_kind is not None]
    own = [r for r in counted if r.is_own]
    own_counts = _summed(own)
    return logic.Body(
        one.district_code,
        one.organization_id,
        one.name,
        one.path,
        OrganizationKind(one.kind),
        one.full_members,
        own_counts,
        own_counts if len(own) == len(counted) else _summed(counted),
    )


def _summed(rows: Sequence[Any]) -> dict[ActivityKind, logic.Counts]:
    """Add up the rows of each kind."""
    of_kind: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        of_kind[row.held_kind].append(row)

    def total(name: str, mine: Sequence[Any]) -> dict[Period, int]:
        return {p: sum(getattr(row, f"{name}_{p}") for row in mine) for p in Period}

    return {
        ActivityKind(kind): logic.Counts(total("held", mine), total("planned", mine))
        for kind, mine in of_kind.items()
    }


async def due(on: Reader, caller: Caller, params: DueParams) -> Rows[dict[str, Any]]:
    """List what is due in the order of the tree, or raise `NotFound` for `within` out of sight."""
    day = params.as_of or clock.today()
    places = await organizations.asked(on, caller, params.within, day, READ)
    bodies = _read_bodies((await on.execute(_bodies(places, day))).all())
    wanted = [
        (_key(d), d)
        for d in chain.from_iterable(logic.due_of(pack(), body, day) for body in bodies)
        if params.kind in (None, d.rule.kind) and params.period in (None, d.rule.period)
    ]
    wanted.sort(key=lambda pair: pair[0])
    of, sort = "due activities", "path"
    if params.after:
        last = tuple(unseal(params.after, of, sort))
        wanted = [pair for pair in wanted if pair[0] > last]
    items = [_told(d) for _, d in wanted[: params.limit]]
    if len(wanted) <= params.limit:
        return Rows(items)
    return Rows(items, seal(of, sort, *wanted[params.limit - 1][0]))


def _key(found: logic.Due) -> tuple[str, ...]:
    return found.body.district_code, found.body.path, found.rule.code


def _told(found: logic.Due) -> dict[str, Any]:
    rules, rule, body = pack(), found.rule, found.body
    return {
        "district_code": body.district_code,
        "organization_id": body.organization_id,
        "organization_name": body.organization_name,
        "kind": rule.kind,
        "period": rule.period,
        "first_on": found.span.first,
        "last_on": found.span.last,
        "times": rule.times,
        "held": found.held,
        "planned": found.planned,
        "missing": found.missing,
        "rule": rule.code,
        "pack": rules.name,
        "version": rules.version,
        "message": rule.message,
        "source": str(rules.sources[rule.source]),
    }
