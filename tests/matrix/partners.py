"""The rows of units, agreements, coverages and problems."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.partners.models import CoBuildingAgreement, PartnerUnit, UnitCoverage, UnitProblem
from tests.make.partners import new_agreement, new_coverage, new_unit
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, HOME, NODES, PEOPLE, Who
from tests.matrix.world import Ids

PLACES = {"own": "mine", "sibling": "beside", "near": "near", "far": "far"}
"""Organisations with a unit, and the member of theirs who instructs it."""
DAYS = {key: date(2019, 12, n) for n, key in enumerate(PLACES, 1)}
LISTS = {
    "unit": "partner-units",
    "agreement": "co-building-agreements",
    "coverage": "unit-coverages",
    "problem": "unit-problems",
}
world.NAMED += [f"{kind} {key}" for kind in LISTS for key in PLACES]
world.CURSORS |= {url: ("province_department", f"/v1/{url}?") for url in LISTS.values()}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each place a unit, an agreement, an instructor and a problem."""
    for key, person in PLACES.items():
        of = {"district_code": NODES[key].district}
        made = {kind: new_id() for kind in LISTS}
        ids.things |= {f"{kind} {key}": str(made[kind]) for kind in LISTS}
        home, day = {"organization_id": UUID(ids.nodes[key])}, DAYS[key]
        unit = {"name": "区内商店", "kind": "private_enterprise", "opened_on": day}
        session.add(PartnerUnit(id=made["unit"], **of | home | unit))
        await session.flush()
        of |= {"unit_id": made["unit"]}
        agreement = {"title": "共建协议", "valid_from": day}
        session.add(CoBuildingAgreement(id=made["agreement"], **of | home | agreement))
        coverage = {"mode": "instructor", "member_id": UUID(ids.people[person])}
        session.add(UnitCoverage(id=made["coverage"], **of | coverage, valid_from=day))
        problem = {"content": "缺少场地", "status": "open", "reported_by": new_id()}
        session.add(UnitProblem(id=made["problem"], **of | problem, reported_on=day))
        await session.flush()


world.FILLS.append(fill)


def _sees(who: Who) -> Callable[[str], bool]:
    return rights.nodes(who, "partners:read").__contains__


def _may(who: Who) -> Callable[[str], bool]:
    return rights.nodes(who, "partners:write").__contains__


def _targets(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in PLACES}


ALL, NONE = set(PLACES), set[str]()
Filters = Mapping[str, Mapping[str, set[str]]]


def _lists(ids: Ids, who: Who, kind: str, sort: str, filters: Filters) -> Cells:
    """Ask for a list: all, by filters, in both orders, a page, a foreign cursor, subtrees."""
    url, things = f"/v1/{LISTS[kind]}", _targets(ids, kind)
    mine = [key for key in PLACES if _sees(who)(key)]
    yield Cell(
        "list", "all", Ask("GET", url), 200, exactly=sorted(things[k] for k in mine), read=ids_of
    )
    for name, values in filters.items():
        for value, left in values.items():
            wanted = sorted(things[k] for k in mine if k in left)
            channel = "day" if name == "as_of" else "filter"
            ask = Ask("GET", f"{url}?{name}={value}")
            yield Cell(channel, f"{name} {value}", ask, 200, exactly=wanted, read=ids_of)
    for sign, keys in (("", mine), ("-", mine[::-1])):
        ask, order = Ask("GET", f"{url}?sort={sign}{sort}"), [things[k] for k in keys]
        yield Cell("sort", f"{sign}{sort}", ask, 200, exactly=order, read=in_order)
    page = ([things[k] for k in mine[::-1][:1]], len(mine) > 1)
    yield Cell("page", sort, Ask("GET", f"{url}?limit=1"), 200, exactly=page, read=first_of)
    last = [key for key in PLACES if _sees(CALLERS["province_department"])(key)][-1]
    behind = [things[k] for k in mine[::-1] if DAYS[k] < DAYS[last]]
    ask = Ask("GET", f"{url}?after={ids.cursors.get(LISTS[kind])}")
    yield Cell("cursor", sort, ask, 200, exactly=behind, read=in_order)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("own", "parent", "sibling", "near")},
        lambda i: Ask("GET", f"{url}?within={i}"),
        sees=_sees(who),
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: sorted(things[k] for k in PLACES if k in rights.below(n)),
    )


def _of(named: Mapping[str, str]) -> dict[str, set[str]]:
    return {value: {key} for key, value in named.items()}


def _nodes(ids: Ids) -> dict[str, set[str]]:
    return _of({key: ids.nodes[key] for key in PLACES})


BY_DAY = {DAYS["sibling"].isoformat(): {"own", "sibling"}, "2019-11-30": NONE}


def _shows(ids: Ids, who: Who, kind: str) -> Cells:
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("GET", f"/v1/{LISTS[kind]}/{i}"),
        sees=_sees(who),
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id"],
        exactly=lambda key: ids.things[f"{kind} {key}"],
    )


def _edits(ids: Ids, who: Who, kind: str, body: Any) -> Cells:
    yield from versions(
        _targets(ids, kind),
        lambda i, headers: Ask("PATCH", f"/v1/{LISTS[kind]}/{i}", body, headers),
        sees=_sees(who),
        may=_may(who),
        unknown=ids.unknown,
    )


def _on_units(ids: Ids, who: Who, url: str, body: Callable[[str, str], Any]) -> Cells:
    """Make something of each unit: `body` takes the id of the unit and of its organisation."""
    homes = {ids.things[f"unit {key}"]: ids.nodes[key] for key in PLACES}
    yield from each(
        "nested",
        _targets(ids, "unit"),
        lambda i: Ask("POST", url, body(i, homes.get(i, ids.nodes["own"]))),
        sees=_sees(who),
        may=_may(who),
        done=201,
        unknown=ids.unknown,
    )


# ── Units


@row()
def list_partner_units(ids: Ids, who: Who) -> Cells:
    filters: Filters = {
        "organization_id": _nodes(ids),
        "kind": {"private_enterprise": ALL, "school": NONE},
        "as_of": BY_DAY,
    }
    yield from _lists(ids, who, "unit", "opened_on", filters)


@row()
def record_partner_unit(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "child", "parent", "sibling", "near", "far")},
        lambda i: Ask("POST", "/v1/partner-units", new_unit(i)),
        sees=rights.nodes(who).__contains__,
        may=_may(who),
        done=201,
        unknown=ids.unknown,
    )


@row()
def get_partner_unit(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "unit")


@row()
def edit_partner_unit(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "unit", {"closed_on": "2019-12-31"})


# ── Agreements


@row()
def list_co_building_agreements(ids: Ids, who: Who) -> Cells:
    filters: Filters = {
        "organization_id": _nodes(ids),
        "unit_id": _of(_targets(ids, "unit")),
        "as_of": BY_DAY,
        "ends_by": {"2020-12-31": NONE},
    }
    yield from _lists(ids, who, "agreement", "valid_from", filters)


@row()
def sign_co_building_agreement(ids: Ids, who: Who) -> Cells:
    url = "/v1/co-building-agreements"
    yield from _on_units(ids, who, url, new_agreement)
    own = ids.things["unit own"]
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("child", "aunt", "near")},
        lambda i: Ask("POST", url, new_agreement(own, i)),
        sees=lambda n: _sees(who)("own") and n in rights.nodes(who),
        may=_may(who),
        done=lambda n: 201 if NODES[n].district == HOME else 422,
        unknown=ids.unknown,
    )


@row()
def get_co_building_agreement(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "agreement")


@row()
def edit_co_building_agreement(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "agreement", {"valid_to": "2019-12-31"})


# ── Coverage


@row()
def list_unit_coverages(ids: Ids, who: Who) -> Cells:
    filters: Filters = {
        "unit_id": _of(_targets(ids, "unit")),
        "member_id": _of({key: ids.people[p] for key, p in PLACES.items()}),
        "mode": {"instructor": ALL, "own": NONE},
        "as_of": BY_DAY,
    }
    yield from _lists(ids, who, "coverage", "valid_from", filters)


@row()
def record_unit_coverage(ids: Ids, who: Who) -> Cells:
    url = "/v1/unit-coverages"
    yield from _on_units(ids, who, url, lambda unit, home: new_coverage(unit, covering_id=home))
    if not _may(who)("own"):
        return
    own = ids.things["unit own"]
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("child", "aunt", "sibling", "near", "far")},
        lambda i: Ask("POST", url, new_coverage(own, covering_id=i)),
        sees=rights.nodes(who).__contains__,
        done=lambda n: 201 if NODES[n].district == HOME else 422,
        unknown=ids.unknown,
    )

    def done(person: str) -> int:
        if NODES[PEOPLE[person].node].district != HOME:
            return 422
        return 409 if person == "mine" else 201  # who instructs it already

    yield from each(
        "nested",
        {p: ids.people[p] for p in PEOPLE},
        lambda i: Ask("POST", url, new_coverage(own, mode="instructor", member_id=i)),
        sees=lambda p: rights.sees_person(who, p),
        done=done,
        unknown=ids.unknown,
    )


@row()
def get_unit_coverage(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "coverage")


@row()
def edit_unit_coverage(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "coverage", {"valid_to": "2019-12-31"})


# ── Problems


@row()
def list_unit_problems(ids: Ids, who: Who) -> Cells:
    filters: Filters = {
        "unit_id": _of(_targets(ids, "unit")),
        "status": {"open": ALL, "solved": NONE},
    }
    yield from _lists(ids, who, "problem", "reported_on", filters)


@row()
def report_unit_problem(ids: Ids, who: Who) -> Cells:
    yield from _on_units(
        ids, who, "/v1/unit-problems", lambda unit, _: {"unit_id": unit, "content": "缺少场地"}
    )


@row()
def get_unit_problem(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "problem")


def _step(ids: Ids, who: Who, action: str, done: int, body: Any = None) -> Cells:
    yield from each(
        "id",
        _targets(ids, "problem"),
        lambda i: Ask("POST", f"/v1/unit-problems/{i}/{action}", body),
        sees=_sees(who),
        may=_may(who),
        done=done,
        unknown=ids.unknown,
    )


@row()
def solve_unit_problem(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "solutions", 200, {"solution": "已协调"})


@row()
def confirm_unit_problem(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "confirmations", 409)


@row()
def return_unit_problem(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "returns", 409, {"reason": "x"})
