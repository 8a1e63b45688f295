"""Rows of admissions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import add_months
from tests.long import real
from tests.make.admissions import make_admission, new_admission
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, NOWHERE, ROOTS, Who
from tests.matrix.world import Ids


@dataclass(frozen=True)
class Applicant:
    """Somebody who applied in the world."""

    node: str
    name: str
    days: int
    """Days before the world's day on which the application was handed in."""
    is_reported: bool = False
    """Chosen as an activist, and waiting to be filed."""


APPLICANTS = {
    "applicant_own": Applicant("own", "上官映雪", 20),
    "applicant_reported": Applicant("own", "公孙采薇", 30, is_reported=True),
    "applicant_sibling": Applicant("sibling", "闻人若水", 40),
    "applicant_near": Applicant("near", "百里疏桐", 50),
    "applicant_far": Applicant("far", "东方既白", 60),
}
BORN = {"born_on": "1990-03-07", "phone": None}


def _day(key: str) -> date:
    return real.TODAY - timedelta(days=APPLICANTS[key].days)


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Record the applications."""
    for n, (key, applicant) in enumerate(APPLICANTS.items()):
        code = NODES[applicant.node].district
        made = await make_admission(
            session,
            UUID(ids.nodes[applicant.node]),
            4 if applicant.is_reported else 1,
            is_pending=applicant.is_reported,
            district_code=code,
            name=applicant.name,
            applied_on=str(_day(key)),
            id_number=world.number(code, 901 + 2 * n),
            **BORN,
        )
        ids.things[key] = str(made)


world.FILLS.append(fill)
world.NAMED += APPLICANTS
world.CURSORS |= {
    "admissions": ("province_department", "/v1/admissions?"),
    "admissions_due": ("province_department", "/v1/admissions/due?days=400&"),
}


def _seen(who: Who) -> set[str]:
    read = rights.nodes(who, "admissions:read")
    return {key for key, applicant in APPLICANTS.items() if applicant.node in read}


def _writes(who: Who) -> Callable[[str], bool]:
    may = rights.nodes(who, "admissions:write")
    return lambda key: APPLICANTS[key].node in may


def _decides(who: Who) -> Callable[[str], bool]:
    """The nearest committee above decides: in the world, the root of the district."""
    may = rights.nodes(who, "admissions:approve")
    return lambda key: ROOTS[NODES[APPLICANTS[key].node].district] in may


def _each(
    ids: Ids,
    who: Who,
    path: str,
    json: Any,
    may: Callable[[str], bool],
    done: int | Callable[[str], int],
) -> Cells:
    yield from each(
        "id",
        {key: ids.things[key] for key in APPLICANTS},
        lambda i: Ask("POST", f"/v1/admissions/{i}/{path}", json),
        sees=_seen(who).__contains__,
        may=may,
        unknown=ids.unknown,
        done=done,
    )


def _if(is_reported: bool) -> Callable[[str], int]:
    return lambda key: 200 if APPLICANTS[key].is_reported == is_reported else 409


@row()
def get_admission(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        {key: ids.things[key] for key in APPLICANTS},
        lambda i: Ask("GET", f"/v1/admissions/{i}"),
        sees=_seen(who).__contains__,
        unknown=ids.unknown,
        read=lambda answer: answer.json()["name"],
        exactly=lambda key: APPLICANTS[key].name,
    )


@row()
def record_admission(ids: Ids, who: Who) -> Cells:
    places = {n: ids.nodes[n] for n in ("root", "parent", "own", "child", "aunt", "near", "far")}
    codes = {i: NODES[n].district for n, i in places.items()}

    def ask(organization_id: str) -> Ask:
        number = world.number(codes.get(organization_id, NOWHERE), 951)
        told = {"id_number": number, "applied_on": str(real.TODAY)}
        return Ask("POST", "/v1/admissions", new_admission(organization_id, **told, **BORN))

    yield from each(
        "nested",
        places,
        ask,
        sees=rights.nodes(who).__contains__,
        may=rights.nodes(who, "admissions:write").__contains__,
        unknown=ids.unknown,
        done=lambda n: 201 if NODES[n].kind == "party_branch" else 409,
    )
    for person in ("mine", "beside"):  # known where it is seen, and where it is not
        told = {"id_number": world.number_of(person), "applied_on": str(real.TODAY)}
        new = new_admission(ids.nodes["own"], **told, **BORN)
        if "own" in rights.nodes(who, "admissions:write"):
            yield Cell("conflict", person, Ask("POST", "/v1/admissions", new), 409)


@row()
def edit_admission(ids: Ids, who: Who) -> Cells:
    def ask(i: str, headers: Any) -> Ask:
        return Ask("PATCH", f"/v1/admissions/{i}", {"name": "百里新名"}, headers)

    yield from versions(
        {key: ids.things[key] for key in APPLICANTS},
        ask,
        sees=_seen(who).__contains__,
        may=_writes(who),
        unknown=ids.unknown,
    )


@row()
def record_admission_step(ids: Ids, who: Who) -> Cells:
    new = {"step": 2, "done_on": str(real.TODAY), "papers": ["talk_record"]}
    yield from _each(ids, who, "steps", new, _writes(who), _if(is_reported=False))


@row()
def approve_admission_step(ids: Ids, who: Who) -> Cells:
    new = {"step": 4, "decided_on": str(real.TODAY)}
    yield from _each(ids, who, "approvals", new, _decides(who), _if(is_reported=True))


@row()
def return_admission_steps(ids: Ids, who: Who) -> Cells:
    new = {"to_step": 4, "reason": "x"}
    yield from _each(ids, who, "returns", new, _decides(who), _if(is_reported=True))


@row()
def extend_probation(ids: Ids, who: Who) -> Cells:
    yield from _each(ids, who, "extensions", {"months": 6}, _decides(who), 409)


@row()
def terminate_admission(ids: Ids, who: Who) -> Cells:
    yield from _each(ids, who, "terminations", {"reason": "x"}, _writes(who), 200)


def _listed(ids: Ids, who: Who, url: str, order: list[str], day: Callable[[str], date]) -> Cells:
    """Ask a list: all of it, inside a node, a page of one, and behind somebody's cursor."""

    def found(keys: set[str]) -> list[str]:
        return sorted(ids.things[k] for k in keys)

    yield Cell(
        "list",
        "all",
        Ask("GET", url),
        200,
        read=in_order,
        exactly=[ids.things[k] for k in order],
    )
    read = rights.nodes(who, "admissions:read")
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("root", "own", "sibling", "far")},
        lambda i: Ask("GET", f"{url}&within={i}"),
        sees=read.__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found({k for k in order if APPLICANTS[k].node in rights.below(n)}),
    )
    page = ([ids.things[k] for k in order[:1]], len(order) > 1)
    yield Cell("page", "first", Ask("GET", f"{url}&limit=1"), 200, read=first_of, exactly=page)
    name = "admissions_due" if "due" in url else "admissions"
    mark = min(day(k) for k in _seen(CALLERS["province_department"]))
    behind = [ids.things[k] for k in order if day(k) > mark]
    after = Ask("GET", f"{url}&after={ids.cursors.get(name)}")
    yield Cell("cursor", "first", after, 200, read=in_order, exactly=behind)


@row()
def list_admissions(ids: Ids, who: Who) -> Cells:
    seen = _seen(who)
    order = sorted(seen, key=_day)
    url = "/v1/admissions?sort=applied_on"
    yield from _listed(ids, who, url, order, _day)
    down = [ids.things[k] for k in order[::-1]]
    ask = Ask("GET", "/v1/admissions?sort=-applied_on")
    yield Cell("sort", "down", ask, 200, read=in_order, exactly=down)
    for key in ("applicant_reported", "applicant_sibling", "applicant_far"):
        applicant = APPLICANTS[key]
        wanted = [ids.things[key]] if key in seen else []
        until = _due(key) + timedelta(days=1)
        node = f"organization_id={ids.nodes[applicant.node]}"
        for channel, query in (
            ("search", f"q={applicant.name}"),
            ("filter", f"{node}&due_before={until}&stage={_stage(key)}"),
        ):
            ask = Ask("GET", f"/v1/admissions?{query}")
            yield Cell(channel, key, ask, 200, read=ids_of, exactly=wanted)
    nothing = Ask("GET", "/v1/admissions?status=terminated")
    yield Cell("filter", "terminated", nothing, 200, read=ids_of, exactly=[])


def _stage(key: str) -> str:
    return "activist" if APPLICANTS[key].is_reported else "applicant"


def _due(key: str) -> date:
    if APPLICANTS[key].is_reported:  # chosen three days after the application
        return add_months(_day(key) + timedelta(days=3), 6)
    return add_months(_day(key), 1)


@row()
def list_admissions_due(ids: Ids, who: Who) -> Cells:
    order = sorted(_seen(who), key=_due)
    yield from _listed(ids, who, "/v1/admissions/due?days=400", order, _due)

    def late(answer: httpx.Response) -> list[str]:
        return sorted(i["id"] for i in answer.json()["items"] if i["is_overdue"])

    talks = [k for k in order if not APPLICANTS[k].is_reported]
    wanted = sorted(ids.things[k] for k in talks if _due(k) < real.TODAY)
    ask = Ask("GET", "/v1/admissions/due?kind=talk&days=400")
    yield Cell("filter", "talk", ask, 200, read=late, exactly=wanted)
    early = Ask("GET", "/v1/admissions/due?days=0&as_of=2000-01-01")
    yield Cell("day", "early", early, 200, read=ids_of, exactly=[])
