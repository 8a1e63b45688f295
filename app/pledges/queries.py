"""Reading pledges. Every read starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    ScalarSelect,
    String,
    Uuid,
    and_,
    false,
    func,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, Reader
from app.core.errors import Forbidden, NotFound
from app.core.hot import Hot, json_rows, narrowed, page_of, param
from app.core.pages import after_mark, fetch_one, page_json
from app.members.models import Member
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.pledges.models import Pledge, PledgeEvent, PledgeEvidence
from app.pledges.schemas import PledgeFilters, PledgeListParams
from app.pledges.types import PUBLIC, PledgeEventKind

State = OrganizationState
READ = Permission.PLEDGES_READ
EXPORT_ROWS = 200_000
_KEPT = {"recorded_by", "completed_by", "confirmed_by", "created_at"}
"""Columns that nobody is shown; the events say whose account did what."""
Own = tuple[Any, Any] | None


class Sight(NamedTuple):
    """What a caller sees: all of `read`, what is public of `published`, and the own pledges."""

    read: Sequence[Any]
    published: Sequence[Any] = ()
    own: Own = None


def sight(caller: Caller) -> Sight:
    """Tell what the caller sees today."""
    return _sight(caller, caller.subtrees(READ), caller.subtrees(Permission.PUBLISHED_READ))


def _sight(caller: Caller, read: Sequence[Subtree], public: Sequence[Subtree]) -> Sight:
    published = [s for s in public if not any(wider.holds(s) for wider in read)]
    own = None if caller.member_id is None else (caller.home_code, caller.member_id)
    return Sight(read, published, own)


def visible(caller: Caller) -> AnySelect:
    """Select the pledges that the caller may see today."""
    return _shown(sight(caller), clock.today())


def _overdue(day: Any) -> ColumnElement[bool]:
    """Tell whether a pledge was overdue when `day` was over.

    Its date of completion goes when it is returned: whether it was completed then, the events say.
    """
    said = (PledgeEventKind.COMPLETED, PledgeEventKind.RETURNED)
    last = (
        select(PledgeEvent.kind)
        .where(_of_pledge(PledgeEvent), PledgeEvent.kind.in_(said), PledgeEvent.happened_on <= day)
        .order_by(PledgeEvent.id.desc())
        .limit(1)
        .correlate(Pledge)
        .scalar_subquery()
    )
    return and_(
        Pledge.published_on <= day,
        Pledge.due_on < day,
        or_(Pledge.completed_on.is_(None), Pledge.completed_on > day),
        or_(Pledge.withdrawn_on.is_(None), Pledge.withdrawn_on > day),
        last.is_distinct_from(PledgeEventKind.COMPLETED),
    )


def _shown(sees: Sight, day: Any) -> AnySelect:
    """Select what `sees` allows, in the tree of `day`; what is overdue `day` decides too."""
    evidence = select(func.count()).where(_of_pledge(PledgeEvidence)).scalar_subquery()
    return (
        select(
            *(c for c in Pledge.__table__.c if c.key not in _KEPT),
            State.name.label("organization_name"),
            Member.name.label("member_name"),
            func.coalesce(_overdue(day), false()).label("is_overdue"),
            evidence.label("evidence_count"),
            State.path,
            State.kind.label("organization_kind"),
        )
        .select_from(Pledge)
        .join(
            State,
            stood_as(Pledge.district_code, Pledge.organization_id, day),
        )
        .outerjoin(
            Member,
            and_(Member.district_code == Pledge.district_code, Member.id == Pledge.member_id),
        )
        .where(_in_sight(sees, day))
    )


_Pledge, _State = aliased(Pledge), aliased(State)
"""Made once: a new alias takes a while to learn its columns."""


def _in_sight(sees: Sight, day: Any) -> ColumnElement[bool]:
    """Hold pledges to what `sees` allows.

    What is seen by more than the tree is named first: an OR over two tables reads the district.
    """
    if not sees.published and sees.own is None:
        return in_subtrees(sees.read)
    pledge, state = _Pledge, _State
    public = pledge.status.in_(sorted(PUBLIC))
    places = or_(in_subtrees(sees.read, state), and_(public, in_subtrees(sees.published, state)))
    stands = stood_as(pledge.district_code, pledge.organization_id, day, state)
    key = pledge.district_code, pledge.id
    seen = [select(*key).select_from(pledge).join(state, stands).where(places)]
    if sees.own is not None:
        own = pledge.district_code == sees.own[0], pledge.member_id == sees.own[1]
        seen.append(select(*key).where(*own))
    return tuple_(Pledge.district_code, Pledge.id).in_(union_all(*seen))


def _of_pledge(table: type[PledgeEvidence] | type[PledgeEvent]) -> ColumnElement[bool]:
    return and_(table.district_code == Pledge.district_code, table.pledge_id == Pledge.id)


def _listed(table: type[PledgeEvidence] | type[PledgeEvent], *names: str) -> ScalarSelect[Any]:
    """Write a pledge's rows of `table` as one JSON array, oldest first."""
    pairs = (part for name in names for part in (name, getattr(table, name)))
    ordered = aggregate_order_by(func.json_build_object(*pairs), table.id)
    rows = func.coalesce(func.json_agg(ordered, type_=JSON), func.json_build_array())
    return select(rows).where(_of_pledge(table)).correlate(Pledge).scalar_subquery()


def _whole(rows: AnySelect) -> AnySelect:
    """Add to pledges their evidence and their events."""
    seen = ("id", "text", "media_type", "size", "recorded_at")
    told = ("kind", "happened_on", "reason", "account_id")
    return rows.add_columns(
        _listed(PledgeEvidence, *seen).label("evidence"),
        _listed(PledgeEvent, *told).label("events"),
    )


async def get(on: Executor, caller: Caller, pledge_id: UUID) -> AnyRow:
    """Fetch one pledge with its evidence and events, or raise `NotFound`."""
    rows = _whole(visible(caller)).where(Pledge.id == pledge_id)
    return await fetch_one(on, rows)


async def image(on: Executor, caller: Caller, pledge_id: UUID, evidence_id: UUID) -> AnyRow:
    """Find where an image lies (`image_key`, `media_type`), or raise `NotFound`."""
    rows = (
        visible(caller)
        .with_only_columns(PledgeEvidence.image_key, PledgeEvidence.media_type)
        .join(PledgeEvidence, _of_pledge(PledgeEvidence))
        .where(
            Pledge.id == pledge_id,
            PledgeEvidence.id == evidence_id,
            PledgeEvidence.image_key.is_not(None),
        )
    )
    return await fetch_one(on, rows)


# ── Hot reads

_DAY = param("day", Date())
_OWN = param("own_district", String()), param("own", Uuid())
_INSIDE = ("path", "organization_kind")
"""Columns that are selected and not shown."""


def _asked_for(places: Sequence[Any], shape: Collection[str]) -> Sight:
    """Read a sight out of a hot read's places: first what is `read`, last perhaps `within`."""
    count = next(int(name[5:]) for name in shape if name.startswith("read="))
    published = places[count : len(places) - ("within" in shape)]
    return Sight(places[:count], published, _OWN if "own" in shape else None)


async def _given(
    on: Reader, caller: Caller, day: date
) -> tuple[list[Subtree], set[str], dict[str, Any]]:
    """Give the places, the shape and the values of what the caller sees of `day`."""
    read = await organizations.places(on, caller, READ, day)
    public = await organizations.places(on, caller, Permission.PUBLISHED_READ, day)
    sees = _sight(caller, read, public)
    values: dict[str, Any] = {"day": day}
    shape = {f"read={len(sees.read)}"}
    if sees.own is not None:
        shape.add("own")
        values["own_district"], values["own"] = sees.own
    return [*sees.read, *sees.published], shape, values


def _one(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    rows = _whole(_shown(_asked_for(places, shape), _DAY))
    return json_rows(rows.where(Pledge.id == param("id", Uuid())), "version", without=_INSIDE)


_one_hot = Hot(_one, by_key=True)


async def show(on: Reader, caller: Caller, pledge_id: UUID) -> tuple[str, int]:
    """Write one pledge's JSON as `get` fetches it, and give the version."""
    places, shape, values = await _given(on, caller, clock.today())
    found = await _one_hot.fetch(on, places, shape, id=pledge_id, **values)
    if not found:
        raise NotFound
    return found[0]["json"], found[0]["version"]


_FILTERS: dict[str, Any] = {
    "organization_id": Pledge.organization_id,
    "member_id": Pledge.member_id,
    "pledger_kind": Pledge.pledger_kind,
    "category": Pledge.category,
    "status": Pledge.status,
}
_BOUNDS = ("due_from", "due_to")


def _filtered(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    """Select pledges by the filters that are set."""
    rows = narrowed(_shown(_asked_for(places, shape), _DAY), _FILTERS, shape)
    if "within" in shape:
        rows = rows.where(in_subtrees(places[-1:]))
    if "overdue" in shape:
        rows = rows.where(_overdue(_DAY))
    if "not_overdue" in shape:
        rows = rows.where(_overdue(_DAY).is_not(True))
    if "due_from" in shape:
        rows = rows.where(Pledge.due_on >= param("due_from", Date()))
    if "due_to" in shape:
        rows = rows.where(Pledge.due_on <= param("due_to", Date()))
    return rows


def _list(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    key = Pledge.id if "created" in shape else Pledge.due_on  # ids made later sort later
    return page_of(_filtered(places, shape), (key, Pledge.id), shape, without=_INSIDE)


def _export(places: Sequence[Any], shape: Collection[str]) -> AnySelect:
    rows = _filtered(places, shape)
    return rows.order_by(State.path, Pledge.due_on, Pledge.id).limit(EXPORT_ROWS)


_list_hot, _export_hot = Hot(_list), Hot(_export)


def _values(filters: PledgeFilters) -> tuple[set[str], dict[str, Any]]:
    names = (*_FILTERS, *_BOUNDS)
    values = {n: value for n in names if (value := getattr(filters, n)) is not None}
    shape = set(values)
    if filters.overdue is not None:
        shape.add("overdue" if filters.overdue else "not_overdue")
    return shape, values


async def find(on: Reader, caller: Caller, params: PledgeListParams) -> str:
    """Write the JSON of a page of pledges; raise `NotFound` for a `within` out of sight."""
    day = params.as_of or clock.today()
    places, shape, values = await _given(on, caller, day)
    asked, given = _values(params)
    shape, values = shape | asked, values | given
    if params.within:  # whoever reads pledges there reads what is published too
        right = Permission.PUBLISHED_READ
        places.append(await organizations.subtree(on, caller, params.within, day, right))
        shape.add("within")
    shape |= {params.sort.removeprefix("-")} | ({"down"} if params.sort[0] == "-" else set())
    if mark := after_mark(params, "pledges", params.sort):
        shape.add("after")
        value, values["after_id"] = mark
        is_day = "due_on" in shape
        values["value"] = date.fromisoformat(value) if is_day else UUID(value)
    found = await _list_hot.fetch(on, places, shape, limit=params.limit + 1, **values)
    return page_json(found, params.limit, "pledges", params.sort)


async def export(on: Reader, caller: Caller, filters: PledgeFilters) -> list[Any]:
    """List the pledges that an export holds, in the order of the tree, then by due date."""
    right, day = Permission.PLEDGES_EXPORT, filters.as_of or clock.today()
    if not caller.subtrees(right):
        raise Forbidden(permission=right.value)
    places = await organizations.places(on, caller, right, day)
    shape, values = _values(filters)
    shape.add(f"read={len(places)}")
    if filters.within:
        places = [*places, await organizations.subtree(on, caller, filters.within, day, right)]
        shape.add("within")
    return await _export_hot.fetch(on, places, shape, day=day, **values)
