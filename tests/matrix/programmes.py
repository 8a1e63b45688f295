"""Rows of programmes and documents."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tests.long import real
from tests.make.programmes import make_document, make_programme, new_document, new_programme
from tests.matrix import rights, world
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, Who
from tests.matrix.world import Ids

PLACES = ("parent", "own", "sibling", "near", "far")
"""Organisations with a programme and a document; all but two of the programmes are plans."""
DAYS = {key: f"2019-12-{n:02}" for n, key in enumerate(PLACES, 1)}
FAMILIES = {"own": "plan_area", "sibling": "integration_pilot"}
KINDS = {"own": "handbook"}
PLAN, TODAY = "programme parent", str(real.TODAY)
world.NAMED += [f"{kind} {key}" for kind in ("programme", "document") for key in PLACES]


def _family(key: str) -> str:
    return FAMILIES.get(key, "plan")


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each place a programme and a document under it; the area is one of the plan above."""
    for key in PLACES:
        place, code, day = UUID(ids.nodes[key]), NODES[key].district, DAYS[key]
        values = {"family": _family(key), "starts_on": day, "district_code": code}
        if key == "own":
            values["plan_id"] = ids.things[PLAN]
        made = await make_programme(session, place, **values)
        ids.things[f"programme {key}"] = str(made)
        values = {"programme_id": str(made), "issued_on": day, "district_code": code}
        values["kind"] = KINDS.get(key, "scheme")
        ids.things[f"document {key}"] = str(await make_document(session, place, **values))


world.FILLS.append(fill)
world.CURSORS |= {
    url: ("province_department", f"/v1/{url}?") for url in ("programmes", "documents")
}


# ── The model: what lies in a subtree, and what holds there since it is above


def _above(who: Who) -> set[str]:
    return {over for n in rights.nodes(who, "programmes:read") for over in rights.upwards(n)}


def _sees(who: Who) -> Any:
    return _above(who).__contains__


def _may(who: Who) -> Any:
    return rights.nodes(who, "programmes:write").__contains__


def _shown(ids: Ids, who: Who) -> set[str]:
    above = _above(who)
    return {NODES[n].name for n in above} | {ids.nodes[n] for n in above}


def _targets(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in PLACES}


def _shows(ids: Ids, who: Who, kind: str) -> Cells:
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("GET", f"/v1/{kind}s/{i}"),
        sees=_sees(who),
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id"],
        exactly=lambda key: ids.things[f"{kind} {key}"],
    )


def _records(ids: Ids, who: Who, kind: str, new: Any, link: str) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("root", *PLACES, "child")},
        lambda i: Ask("POST", f"/v1/{kind}s", new(i)),
        sees=rights.nodes(who).__contains__,
        may=_may(who),
        done=201,
        unknown=ids.unknown,
    )
    if _may(who)("own"):
        plans = {key: ids.things[f"programme {key}"] for key in ("parent", "near", "far")}
        yield from each(
            "nested",
            plans,
            lambda i: Ask("POST", f"/v1/{kind}s", new(ids.nodes["own"]) | {link: i}),
            sees=_sees(who),
            done=lambda key: 201 if key == "parent" else 422,
            unknown=ids.unknown,
        )


def _edits(ids: Ids, who: Who, kind: str, changes: dict[str, str]) -> Cells:
    yield from versions(
        _targets(ids, kind),
        lambda i, headers: Ask("PATCH", f"/v1/{kind}s/{i}", changes, headers),
        sees=_sees(who),
        may=_may(who),
        unknown=ids.unknown,
    )


def _ends(ids: Ids, who: Who, kind: str, action: str, body: dict[str, str]) -> Cells:
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("POST", f"/v1/{kind}s/{i}/{action}", body),
        sees=_sees(who),
        may=_may(who),
        unknown=ids.unknown,
    )


def _lists(ids: Ids, who: Who, kind: str, day: str, filters: dict[str, set[str]]) -> Cells:
    url, things = f"/v1/{kind}s", _targets(ids, kind)
    mine = [key for key in PLACES if _sees(who)(key)]

    def found(keys: set[str]) -> list[str]:
        return sorted(things[k] for k in mine if k in keys)

    whole = Ask("GET", f"{url}?limit=200")
    yield Cell("list", "all", whole, 200, exactly=found(set(PLACES)), read=ids_of)
    for query, keys in _filters(ids, filters):
        ask = Ask("GET", f"{url}?{query}")
        yield Cell("filter", query, ask, 200, exactly=found(keys), read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("root", "parent", "own", "near")},
        lambda i: Ask("GET", f"{url}?within={i}"),
        sees=rights.nodes(who, "programmes:read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found(rights.below(n)),
    )
    for sign, keys in (("", mine), ("-", mine[::-1])):
        ask, order = Ask("GET", f"{url}?sort={sign}{day}"), [things[k] for k in keys]
        yield Cell("sort", f"{sign}{day}", ask, 200, exactly=order, read=in_order)
    page = ([things[k] for k in mine[::-1][:1]], len(mine) > 1)
    yield Cell("page", day, Ask("GET", f"{url}?limit=1"), 200, exactly=page, read=first_of)
    last = [key for key in PLACES if _sees(CALLERS["province_department"])(key)][-1]
    behind = [things[k] for k in mine[::-1] if DAYS[k] < DAYS[last]]
    ask = Ask("GET", f"{url}?after={ids.cursors.get(f'{kind}s')}")
    yield Cell("cursor", day, ask, 200, exactly=behind, read=in_order)


def _filters(ids: Ids, more: dict[str, set[str]]) -> Iterator[tuple[str, set[str]]]:
    for key in ("parent", "near"):
        yield f"organization_id={ids.nodes[key]}", {key}
    yield f"in_force_on={DAYS['sibling']}", {"parent", "own", "sibling"}
    yield from more.items()


# ── Programmes


@row()
def list_programmes(ids: Ids, who: Who) -> Cells:
    filters = {"family=plan": {"parent", "near", "far"}, f"plan_id={ids.things[PLAN]}": {"own"}}
    yield from _lists(ids, who, "programme", "starts_on", filters)


@row()
def record_programme(ids: Ids, who: Who) -> Cells:
    yield from _records(ids, who, "programme", new_programme, "plan_id")


@row()
def get_programme(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "programme")


@row()
def edit_programme(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "programme", {"name": "新名"})


@row()
def end_programme(ids: Ids, who: Who) -> Cells:
    yield from _ends(ids, who, "programme", "endings", {"ends_on": TODAY})


# ── Documents


@row()
def list_documents(ids: Ids, who: Who) -> Cells:
    filters = {
        "kind=handbook": {"own"},
        "topic=urban": set(PLACES),
        f"programme_id={ids.things['programme own']}": {"own"},
    }
    yield from _lists(ids, who, "document", "issued_on", filters)


@row()
def record_document(ids: Ids, who: Who) -> Cells:
    yield from _records(ids, who, "document", new_document, "programme_id")


@row()
def get_document(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "document")


@row()
def edit_document(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "document", {"title": "新名"})


@row()
def repeal_document(ids: Ids, who: Who) -> Cells:
    yield from _ends(ids, who, "document", "repeals", {"repealed_on": TODAY})


SHOWN |= {
    operation.__name__: _shown
    for operation in (
        list_programmes,
        get_programme,
        list_documents,
        get_document,
    )
}
