"""Rows of appraisals."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.appraisals.models import (
    AppraisalCycle,
    AppraisalScore,
    DutyShift,
    HouseholdCount,
    HouseholdVisit,
    SpotCheck,
    SpotCheckPerson,
    Talk,
)
from app.core.db import new_id
from tests.long import real
from tests.make.appraisals import new_cycle, new_talk
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, row
from tests.matrix.rectifications import lists
from tests.matrix.rights import NODES, Who
from tests.matrix.world import Ids

PLACES = {"own": "mine", "sibling": "beside", "near": "near", "far": "far"}
"""Organisations with a row of everything, and the member whom it names."""
LISTS = {
    "household_count": "household-counts",
    "household_visit": "household-visits",
    "spot_check": "spot-checks",
    "duty_shift": "duty-shifts",
    "talk": "talks",
    "appraisal_cycle": "appraisal-cycles",
    "appraisal_score": "appraisal-scores",
}
TODAY = str(real.TODAY)
world.NAMED += [f"{kind} {key}" for kind in LISTS for key in PLACES]


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each place a row of every table; checks are drawn, appraisals open."""
    for key, person in PLACES.items():
        made = {kind: new_id() for kind in LISTS}
        ids.things |= {f"{kind} {key}": str(i) for kind, i in made.items()}
        of: dict[str, Any] = {"district_code": NODES[key].district}
        here = of | {"organization_id": UUID(ids.nodes[key]), "recorded_by": new_id()}
        member = UUID(ids.people[person])
        day = real.TODAY
        pool = {"pool": [member], "pool_digest": "x", "size": 1, "seed": "0" * 64}
        items = [{"title": "甲", "weight": 100}]
        rows = (
            HouseholdCount(**here, id=made["household_count"], counted_on=day, households=1),
            HouseholdVisit(
                **here, id=made["household_visit"], member_id=member, household="1", visited_on=day
            ),
            SpotCheck(
                **here,
                **pool,
                id=made["spot_check"],
                published_on=day,
                status="drawn",
                drawn_on=day,
            ),
            DutyShift(**here, id=made["duty_shift"], cadre="x", duty_on=day),
            Talk(**here, id=made["talk"], cadre="x", held_on=day, talked_by="x", reason="x"),
            AppraisalCycle(
                **here,
                id=made["appraisal_cycle"],
                year=2019,
                quarter=1,
                items=items,
                status="open",
                opened_on=day,
            ),
        )
        session.add_all(rows)
        await session.flush()
        person_of = {"check_id": made["spot_check"], "member_id": member, "place": 1}
        session.add(SpotCheckPerson(**of, id=new_id(), **person_of))
        score = {"cycle_id": made["appraisal_cycle"], "scores": [90], "total": 90}
        session.add(AppraisalScore(**here, id=made["appraisal_score"], **score))
        await session.flush()


world.FILLS.append(fill)
world.CURSORS |= {url: ("province_department", f"/v1/{url}?") for url in LISTS.values()}


def _at(who: Who, right: str) -> set[str]:
    return rights.nodes(who, f"appraisals:{right}")


def _things(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in PLACES}


def _list(
    ids: Ids,
    who: Who,
    kind: str,
    sort: str,
    more: Mapping[str, Mapping[str, set[str]]] = MappingProxyType({}),
) -> Cells:
    url, seen = f"/v1/{LISTS[kind]}", _at(who, "read")
    found = sorted(i for key, i in _things(ids, kind).items() if key in seen)
    yield Cell("list", "all", Ask("GET", url), 200, exactly=found, read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("parent", "near")},
        lambda i: Ask("GET", f"{url}?within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: sorted(i for k, i in _things(ids, kind).items() if k in rights.below(n)),
    )
    filters = {"organization_id": {ids.nodes[key]: {key} for key in PLACES}} | dict(more)
    things, of = _things(ids, kind), LISTS[kind]
    yield from lists(ids, of, things, seen, sort, filters, of, "near")


def _new(
    ids: Ids, who: Who, kind: str, body: Callable[[str], Any], done: int | Callable[[str], int]
) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "sibling", "near", "far")},
        lambda i: Ask("POST", f"/v1/{LISTS[kind]}", body(i)),
        sees=rights.nodes(who).__contains__,
        may=_at(who, "write").__contains__,
        done=done,
        unknown=ids.unknown,
    )


def _does(ids: Ids, who: Who, kind: str, action: str, body: Any, done: int) -> Cells:
    yield from each(
        "id",
        _things(ids, kind),
        lambda i: Ask("POST", f"/v1/{LISTS[kind]}/{i}/{action}", body),
        sees=_at(who, "read").__contains__,
        may=_at(who, "write").__contains__,
        done=done,
        unknown=ids.unknown,
    )


@row()
def list_household_counts(ids: Ids, who: Who) -> Cells:
    yield from _list(ids, who, "household_count", "counted_on")


@row()
def count_households(ids: Ids, who: Who) -> Cells:
    more = {"counted_on": TODAY, "households": 5}
    yield from _new(ids, who, "household_count", lambda i: {"organization_id": i} | more, 409)


@row()
def list_household_visits(ids: Ids, who: Who) -> Cells:
    yield from _list(
        ids,
        who,
        "household_visit",
        "visited_on",
        {"member_id": {ids.people[p]: {k} for k, p in PLACES.items()}},
    )


@row()
def record_household_visit(ids: Ids, who: Who) -> Cells:
    more = {"member_id": ids.people["mine"], "household": "2", "visited_on": TODAY}
    yield from _new(
        ids,
        who,
        "household_visit",
        lambda i: {"organization_id": i} | more,
        lambda n: 201 if n == "own" else 422,
    )


@row()
def list_spot_checks(ids: Ids, who: Who) -> Cells:
    yield from _list(
        ids,
        who,
        "spot_check",
        "published_on",
        {"status": {"drawn": set(PLACES), "checked": set[str]()}},
    )


@row()
def publish_spot_check(ids: Ids, who: Who) -> Cells:
    yield from _new(ids, who, "spot_check", lambda i: {"organization_id": i, "size": 1}, 201)


@row()
def get_spot_check(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _things(ids, "spot_check"),
        lambda i: Ask("GET", f"/v1/spot-checks/{i}"),
        sees=_at(who, "read").__contains__,
        unknown=ids.unknown,
    )


@row()
def draw_spot_check(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "spot_check", "draws", None, 409)


@row()
def keep_spot_check_results(ids: Ids, who: Who) -> Cells:
    one = {"member_id": ids.unknown, "is_at_work": True, "asked": 1, "correct": 1}
    yield from _does(ids, who, "spot_check", "results", {"results": [one]}, 422)


@row()
def list_duty_shifts(ids: Ids, who: Who) -> Cells:
    yield from _list(ids, who, "duty_shift", "duty_on", {"is_present": {"true": set[str]()}})


@row()
def roster_duty_shift(ids: Ids, who: Who) -> Cells:
    more = {"cadre": "x", "duty_on": TODAY}
    yield from _new(ids, who, "duty_shift", lambda i: {"organization_id": i} | more, 409)


@row()
def check_duty_shift(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "duty_shift", "checks", {"is_present": True}, 200)


@row()
def list_talks(ids: Ids, who: Who) -> Cells:
    yield from _list(ids, who, "talk", "held_on")


@row()
def record_talk(ids: Ids, who: Who) -> Cells:
    yield from _new(ids, who, "talk", lambda i: new_talk(i, held_on=TODAY), 201)
    if "own" in _at(who, "write"):  # a shift of elsewhere is refused or unknown
        yield from each(
            "nested",
            {"sibling": ids.things["duty_shift sibling"]},
            lambda i: Ask(
                "POST", "/v1/talks", new_talk(ids.nodes["own"], held_on=TODAY, shift_id=i)
            ),
            sees=_at(who, "read").__contains__,
            done=409,
            unknown=ids.unknown,
        )


@row()
def list_appraisal_cycles(ids: Ids, who: Who) -> Cells:
    yield from _list(
        ids,
        who,
        "appraisal_cycle",
        "opened_on",
        {"status": {"open": set(PLACES), "published": set[str]()}},
    )


@row()
def open_appraisal_cycle(ids: Ids, who: Who) -> Cells:
    yield from _new(ids, who, "appraisal_cycle", lambda i: new_cycle(i, quarter=1), 409)


@row()
def score_organization(ids: Ids, who: Who) -> Cells:
    body = {"organization_id": ids.nodes["own"], "scores": ["80"]}
    writes = _at(who, "write")
    for key, cycle in _things(ids, "appraisal_cycle").items():
        ask = Ask("POST", f"/v1/appraisal-cycles/{cycle}/scores", body)
        if key not in _at(who, "read"):
            nothing = Ask("POST", f"/v1/appraisal-cycles/{ids.unknown}/scores", body)
            yield Cell("id", key, ask, 404, nothing)
        elif key not in writes:
            yield Cell("id", key, ask, 403)
        elif "own" not in rights.nodes(who):
            yield Cell("id", key, ask, 404)
        else:
            yield Cell("id", key, ask, 200 if key == "own" else 422)


@row()
def publish_appraisal(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "appraisal_cycle", "publications", None, 200)


@row()
def list_appraisal_scores(ids: Ids, who: Who) -> Cells:
    yield from _list(
        ids,
        who,
        "appraisal_score",
        "total",
        {"cycle_id": {i: {k} for k, i in _things(ids, "appraisal_cycle").items()}},
    )
