"""Rows of rectifications and burden items."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.rectifications.models import (
    BurdenItem,
    CaseGuarantor,
    CaseMeasure,
    MeasureProgress,
    RectificationCase,
)
from tests.long import real
from tests.make.appraisals import new_case
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import DISTRICTS, NODES, Who
from tests.matrix.world import Ids

PLACES = ("own", "sibling", "near", "far")
TITLE = "台账报送事项"
world.NAMED += [f"{kind} {key}" for kind in ("case", "measure") for key in PLACES]
world.NAMED += [f"burden {code}" for code in DISTRICTS]


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Report a case of each place as done, and cancel a task of each district."""
    for key in PLACES:
        code, case, measure = NODES[key].district, new_id(), new_id()
        ids.things |= {f"case {key}": str(case), f"measure {key}": str(measure)}
        of = {"district_code": code}
        made = RectificationCase(
            **of,
            id=case,
            organization_id=UUID(ids.nodes[key]),
            criteria=["secretary_vacant"],
            reason="x",
            opened_on=real.TODAY,
            status="reported",
            opened_by=new_id(),
            reported_on=real.TODAY,
            reported_by=new_id(),
        )
        session.add(made)
        await session.flush()
        who = {"level": "county", "name": "甲", "post": "书记"}
        session.add(CaseGuarantor(**of, id=new_id(), case_id=case, **who))
        day = {"due_on": real.TODAY}
        session.add(CaseMeasure(**of, id=measure, case_id=case, title="x", **day))
        await session.flush()
        noted = {"percent": 100, "noted_on": real.TODAY, "note": "x", "account_id": new_id()}
        session.add(MeasureProgress(**of, id=new_id(), measure_id=measure, **noted))
        await session.flush()
    made_ids = sorted(new_id() for _ in DISTRICTS)  # of one millisecond, they have none
    for code, made_id in zip(DISTRICTS, made_ids, strict=True):
        ids.things[f"burden {code}"] = str(made_id)
        item = BurdenItem(
            district_code=code,
            id=made_id,
            title=TITLE,
            title_key=TITLE,
            source="区民政局",
            listed_on=real.TODAY,
            state="cancelled",
            cancelled_on=real.TODAY,
            document="x",
            recorded_by=new_id(),
        )
        session.add(item)
    await session.flush()


world.FILLS.append(fill)
world.CURSORS |= {
    url: ("province_department", f"/v1/{url}?") for url in ("rectification-cases", "burden-items")
}


def lists(
    ids: Ids,
    url: str,
    things: Mapping[str, str],
    seen: Collection[str],
    sort: str,
    filters: Mapping[str, Mapping[str, Collection[str]]],
    cursor: str,
    mark: str,
) -> Cells:
    """Ask for a list whose things were made in their order on one day: filters, orders, pages.

    `filters` gives, by parameter and value, what it leaves; `mark` is the thing that is first for
    whose `cursor` is tried.
    """
    mine = [key for key in things if key in seen]
    for name, values in filters.items():
        for value, left in values.items():
            wanted = sorted(things[k] for k in mine if k in left)
            ask = Ask("GET", f"/v1/{url}?{name}={value}")
            yield Cell("filter", f"{name} {value}", ask, 200, exactly=wanted, read=ids_of)
    for sign, keys in (("", mine), ("-", mine[::-1])):
        order = [things[k] for k in keys]
        ask = Ask("GET", f"/v1/{url}?sort={sign}{sort}")
        yield Cell("sort", f"{sign}{sort}", ask, 200, exactly=order, read=in_order)
    page = ([things[k] for k in mine[::-1][:1]], len(mine) > 1)
    yield Cell("page", sort, Ask("GET", f"/v1/{url}?limit=1"), 200, exactly=page, read=first_of)
    keys = list(things)
    behind = [things[k] for k in mine[::-1] if keys.index(k) < keys.index(mark)]
    ask = Ask("GET", f"/v1/{url}?after={ids.cursors.get(cursor)}")
    yield Cell("cursor", sort, ask, 200, exactly=behind, read=in_order)


def _at(who: Who, right: str) -> set[str]:
    return rights.nodes(who, f"rectifications:{right}")


def _cases(ids: Ids) -> dict[str, str]:
    return {key: ids.things[f"case {key}"] for key in PLACES}


@row()
def get_rectification_criteria(ids: Ids, who: Who) -> Cells:
    yield Cell("access", "all", Ask("GET", "/v1/rectification-criteria"), 200)


@row()
def list_rectification_cases(ids: Ids, who: Who) -> Cells:
    seen = _at(who, "read")
    found = sorted(i for key, i in _cases(ids).items() if key in seen)
    ask = Ask("GET", "/v1/rectification-cases")
    yield Cell("list", "all", ask, 200, exactly=found, read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("parent", "sibling", "near")},
        lambda i: Ask("GET", f"/v1/rectification-cases?within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: sorted(i for k, i in _cases(ids).items() if k in rights.below(n)),
    )

    filters = {
        "organization_id": {ids.nodes[key]: {key} for key in PLACES},
        "status": {"reported": set(PLACES), "open": set[str]()},
    }
    url = "rectification-cases"
    yield from lists(ids, url, _cases(ids), seen, "opened_on", filters, url, "near")


@row()
def open_rectification_case(ids: Ids, who: Who) -> Cells:
    no = {"own": 409, "root": 409, "child": 409, "near": 409, "far": 409}
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in (*no, "aunt")},
        lambda i: Ask("POST", "/v1/rectification-cases", new_case(i)),
        sees=rights.nodes(who).__contains__,
        may=_at(who, "write").__contains__,
        done=lambda n: no.get(n, 201),
        unknown=ids.unknown,
    )


@row()
def get_rectification_case(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _cases(ids),
        lambda i: Ask("GET", f"/v1/rectification-cases/{i}"),
        sees=_at(who, "read").__contains__,
        unknown=ids.unknown,
    )


@row()
def edit_rectification_case(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _cases(ids),
        lambda i, headers: Ask("PATCH", f"/v1/rectification-cases/{i}", {"reason": "y"}, headers),
        sees=_at(who, "read").__contains__,
        may=_at(who, "write").__contains__,
        unknown=ids.unknown,
        done=409,  # a case that is reported stays as it is until it is judged
    )


def _step(ids: Ids, who: Who, name: str, body: Any, done: int, *, is_above: bool = False) -> Cells:
    may = _at(who, "write")
    yield from each(
        "id",
        _cases(ids),
        lambda i: Ask("POST", f"/v1/rectification-cases/{i}/{name}", body),
        sees=_at(who, "read").__contains__,
        may=lambda key: (NODES[key].parent if is_above else key) in may,
        done=done,
        unknown=ids.unknown,
    )


@row()
def add_rectification_measure(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "measures", {"title": "x", "due_on": "2020-01-01"}, 409)


@row()
def note_rectification_progress(ids: Ids, who: Who) -> Cells:
    body = {"percent": 100, "note": "x"}
    reads, writes = _at(who, "read"), _at(who, "write")

    def ask(case: str, measure: str) -> Ask:
        return Ask("POST", f"/v1/rectification-cases/{case}/measures/{measure}/progress", body)

    nothing = ask(ids.unknown, ids.unknown)
    for key, case in _cases(ids).items():
        own, other = (ids.things[f"measure {n}"] for n in (key, "far" if key == "own" else "own"))
        if key not in reads:
            yield Cell("id", key, ask(case, own), 404, nothing)
        elif key not in writes:
            yield Cell("id", key, ask(case, own), 403)
        else:
            yield Cell("id", key, ask(case, own), 409)
            yield Cell("nested", key, ask(case, other), 404, nothing)


@row()
def report_rectification(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "reports", None, 409)


@row()
def accept_rectification(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "acceptances", {"document": "x"}, 409, is_above=True)


@row()
def return_rectification(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "returns", {"reason": "x"}, 200, is_above=True)


def _reads(who: Who) -> set[str]:
    return {NODES[n].district for n in _at(who, "read")}


def _writes(who: Who) -> set[str]:
    return {code for code, root in rights.ROOTS.items() if root in _at(who, "write")}


@row()
def list_burden_items(ids: Ids, who: Who) -> Cells:
    found = sorted(ids.things[f"burden {code}"] for code in _reads(who))
    ask = Ask("GET", "/v1/burden-items")
    yield Cell("list", "all", ask, 200, exactly=found, read=ids_of)

    things = {code: ids.things[f"burden {code}"] for code in DISTRICTS}
    states = {"state": {"cancelled": set(DISTRICTS), "active": set[str]()}}
    url = "burden-items"
    yield from lists(ids, url, things, _reads(who), "listed_on", states, url, rights.NEAR)


def _district(ids: Ids, who: Who, url: str, done: int, *, writes: bool) -> Cells:
    more = {"title": TITLE} | ({"source": "x"} if writes else {})
    for code in DISTRICTS:
        ask = Ask("POST", url, {"district_code": code} | more)
        if code not in _reads(who):
            nothing = Ask("POST", url, {"district_code": rights.NOWHERE} | more)
            yield Cell("nested", code, ask, 404, nothing)
        else:
            yield Cell("nested", code, ask, 403 if writes and code not in _writes(who) else done)


@row()
def list_new_burden_item(ids: Ids, who: Who) -> Cells:
    yield from _district(ids, who, "/v1/burden-items", 409, writes=True)


@row()
def check_burden(ids: Ids, who: Who) -> Cells:
    yield from _district(ids, who, "/v1/burden-checks", 200, writes=False)


@row()
def cancel_burden_item(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        {code: ids.things[f"burden {code}"] for code in DISTRICTS},
        lambda i: Ask("POST", f"/v1/burden-items/{i}/cancellations", {"document": "x"}),
        sees=_reads(who).__contains__,
        may=_writes(who).__contains__,
        done=409,
        unknown=ids.unknown,
    )
