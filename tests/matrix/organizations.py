"""Rows of districts and organisations."""

from typing import Any

import httpx

from tests.matrix import rights
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.rights import DISTRICTS, NODES, NOWHERE, PEOPLE, Who
from tests.matrix.world import Ids

CHILD = {
    "district_committee": "party_branch",
    "general_branch": "party_branch",
    "party_branch": "party_group",
    "party_group": "party_group",  # which it may not have
}
YESTERDAY = "2019-12-30"
"""A day on which nothing but the roots stood."""


def listed(ids: Ids, keys: set[str]) -> list[str]:
    """Give the ids of some organisations, in order."""
    return sorted(ids.nodes[k] for k in keys)


def code_of(answer: httpx.Response) -> Any:
    """Read a code."""
    return answer.json()["code"]


@row()
def list_districts(ids: Ids, who: Who) -> Cells:
    yield Cell(
        "list",
        "all",
        Ask("GET", "/v1/districts"),
        200,
        read=lambda answer: [item["code"] for item in answer.json()["items"]],
        exactly=sorted(rights.districts(who)),
    )


@row()
def get_district(ids: Ids, who: Who) -> Cells:
    codes = (*DISTRICTS, "231000", "000000")
    yield from each(
        "id",
        {c: c for c in codes},
        lambda code: Ask("GET", f"/v1/districts/{code}"),
        sees=lambda code: code in rights.districts(who),
        unknown=NOWHERE,
        read=code_of,
        exactly=lambda code: code,
    )


def _one(ids: Ids, who: Who, rest: str, read: Any, exactly: Any) -> Cells:
    """Ask for something of each organisation, today and on a day before it stood."""
    seen = rights.nodes(who)
    yield from each(
        "id",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"/v1/organizations/{i}{rest}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=read,
        exactly=exactly,
    )


def _on_a_day_before(ids: Ids, who: Who, rest: str = "") -> Cells:
    seen = rights.nodes(who)
    yield from each(
        "day",
        {n: ids.nodes[n] for n in ("root", "own", "near_root", "near")},
        lambda i: Ask("GET", f"/v1/organizations/{i}{rest}?as_of={YESTERDAY}"),
        sees=lambda n: n in seen and NODES[n].parent is None,
        unknown=ids.unknown,
    )


@row()
def get_organization(ids: Ids, who: Who) -> Cells:
    yield from _one(
        ids,
        who,
        "",
        lambda answer: (answer.json()["id"], answer.headers["etag"]),
        lambda n: (ids.nodes[n], '"1"'),
    )
    yield from _on_a_day_before(ids, who)


@row()
def list_ancestors(ids: Ids, who: Who) -> Cells:
    seen = rights.nodes(who)

    def above(node: str) -> list[str]:
        return [ids.nodes[n] for n in reversed(list(rights.upwards(node))) if n in seen]

    yield from _one(ids, who, "/ancestors", in_order, above)
    yield from _on_a_day_before(ids, who, "/ancestors")


@row()
def list_history(ids: Ids, who: Who) -> Cells:
    def names(answer: httpx.Response) -> list[str]:
        return [item["name"] for item in answer.json()["items"]]

    yield from _one(ids, who, "/history", names, lambda n: [NODES[n].name])


def _tree(node: Any) -> dict[str, int]:
    found = {node["organization"]["id"]: node["headcount"]["subtree"]}
    for child in node["children"]:
        found |= _tree(child)
    return found


def heads(node: str) -> int:
    """Count the members of a node and of what is under it."""
    return sum(p.node in rights.below(node) for p in PEOPLE.values())


@row()
def get_tree(ids: Ids, who: Who) -> Cells:
    def all_below(node: str) -> dict[str, int]:
        return {ids.nodes[n]: heads(n) for n in rights.below(node)}

    def count(answer: httpx.Response) -> Any:
        return answer.json()["headcount"]

    yield from _one(ids, who, "/tree", lambda answer: _tree(answer.json()), all_below)
    yield from _on_a_day_before(ids, who, "/tree")
    for known_at, told in (("2000-01-01T00:00:00Z", False), ("2100-01-01T00:00:00Z", True)):
        yield from each(
            "id",
            {n: ids.nodes[n] for n in ("root", "own", "sibling", "near")},
            lambda i, at=known_at: Ask("GET", f"/v1/organizations/{i}/tree?known_at={at}"),  # type: ignore[misc]
            sees=lambda n, told=told: told and n in rights.nodes(who),  # type: ignore[misc]
            unknown=ids.unknown,
            read=lambda answer: _tree(answer.json()),
            exactly=all_below,
        )
    for node in sorted(rights.nodes(who)):
        here = [p for p in PEOPLE.values() if p.node in rights.below(node)]
        full = sum(p.category == "full" for p in here)
        wanted = {
            "own": sum(p.node == node for p in here),
            "subtree": len(here),
            "full": full,
            "probationary": len(here) - full,
        }
        ask = Ask("GET", f"/v1/organizations/{ids.nodes[node]}/tree?depth=0")
        yield Cell("count", node, ask, 200, read=count, exactly=wanted)


@row()
def list_organizations(ids: Ids, who: Who) -> Cells:
    seen = rights.nodes(who)

    def asked(channel: str, target: str, query: str, wanted: set[str], like: str = "") -> Cell:
        nothing = Ask("GET", f"/v1/organizations?limit=200&{like}") if like and not wanted else None
        ask = Ask("GET", f"/v1/organizations?limit=200&{query}")
        return Cell(channel, target, ask, 200, nothing, exactly=listed(ids, wanted), read=ids_of)

    yield asked("list", "all", "as_of=2020-01-01", seen)
    yield asked("day", "all", f"as_of={YESTERDAY}", {n for n in seen if not NODES[n].parent})
    for node, here in NODES.items():
        under = {n for n in seen if NODES[n].parent == node}
        parent = f"parent_id={ids.nodes[node]}"
        yield asked("filter", node, parent, under, f"parent_id={ids.unknown}")
        named = {n for n in seen if here.name in NODES[n].name}
        yield asked("search", node, f"q={here.name}", named, "q=无此组织")
        part = {n for n in seen if here.name[:2] in NODES[n].name}
        yield asked("search", node, f"q={here.name[:2]}", part, "q=无此组织")
    for kind in sorted({n.kind for n in NODES.values()}):
        wanted = {n for n in seen if NODES[n].kind == kind}
        yield asked("filter", kind, f"kind={kind}", wanted)
    yield asked("filter", "sector", "sector=agency", set())
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"/v1/organizations?limit=200&within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: listed(ids, rights.below(n)),
    )
    yield from _sorted(ids, seen)


def _sorted(ids: Ids, seen: set[str]) -> Cells:
    orders = {
        "path": sorted(NODES, key=lambda n: (ids.paths[n], ids.nodes[n])),
        "name": sorted(NODES, key=lambda n: (NODES[n].name, ids.nodes[n])),
    }
    province = rights.nodes(rights.CALLERS["province_department"])
    for sort, order in orders.items():
        forth = [n for n in order if n in seen]
        for sign, run in (("", forth), ("-", forth[::-1])):
            found = [ids.nodes[n] for n in run]
            ask = Ask("GET", f"/v1/organizations?sort={sign}{sort}")
            yield Cell("sort", f"{sign}{sort}", ask, 200, read=in_order, exactly=found)
        wanted = ([ids.nodes[n] for n in forth[:1]], len(forth) > 1)
        page = Ask("GET", f"/v1/organizations?sort={sort}&limit=1")
        yield Cell("page", sort, page, 200, read=first_of, exactly=wanted)
        mark = next(i for i, n in enumerate(order) if n in province)
        after = [ids.nodes[n] for n in order[mark + 1 :] if n in seen]
        name = "organizations" if sort == "path" else "organizations by name"
        url = f"/v1/organizations?sort={sort}&after={ids.cursors.get(name)}"
        yield Cell("cursor", sort, Ask("GET", url), 200, read=in_order, exactly=after)


def first_of(answer: httpx.Response) -> Any:
    """Read a page of one row, and whether another follows."""
    page = answer.json()
    return [item["id"] for item in page["items"]], page["next"] is not None


def _write(who: Who) -> Any:
    return rights.nodes(who, "organizations:write").__contains__


@row()
def edit_organization(ids: Ids, who: Who) -> Cells:
    targets = {n: ids.nodes[n] for n in NODES}
    sees, may = rights.nodes(who).__contains__, _write(who)

    def ask(i: str, headers: Any, name: str = "癸酉新党支部") -> Ask:
        return Ask("PATCH", f"/v1/organizations/{i}", {"name": name}, headers)

    yield from versions(targets, ask, sees=sees, may=may, unknown=ids.unknown)
    right = {"if-match": '"1"'}
    taken = ask(ids.nodes["own"], right, NODES["aunt"].name)
    for place in ("own", "near"):
        if not (sees(place) and may(place)):
            continue
        for node, other in NODES.items():
            asked = ask(ids.nodes[place], right, other.name)
            clash = other.district == NODES[place].district and other.kind != "party_group"
            if clash and node != place:
                yield Cell("conflict", node, asked, 409, taken, "department")
            else:
                yield Cell("conflict", node, asked, 200, known=(other.name,))


@row()
def dissolve_organization(ids: Ids, who: Who) -> Cells:
    yield from versions(
        {n: ids.nodes[n] for n in NODES},
        lambda i, headers: Ask("DELETE", f"/v1/organizations/{i}?decision=x", headers=headers),
        sees=rights.nodes(who).__contains__,
        may=_write(who),
        unknown=ids.unknown,
        done=lambda n: 204 if n == "leaf" else 409,
    )


@row()
def found_organization(ids: Ids, who: Who) -> Cells:
    sees, may = rights.nodes(who).__contains__, _write(who)

    def ask(parent: str, name: str = "癸酉新党支部", kind: str = "party_branch") -> Ask:
        return Ask("POST", "/v1/organizations", {"parent_id": parent, "name": name, "kind": kind})

    for kind in ("party_branch", "party_group"):
        yield from each(
            "nested",
            {n: ids.nodes[n] for n in NODES if CHILD[NODES[n].kind] == kind},
            lambda i, kind=kind: ask(i, kind=kind),  # type: ignore[misc]
            sees=sees,
            may=may,
            unknown=ids.unknown,
            done=lambda n: 409 if NODES[n].kind == "party_group" else 201,
        )
    taken = ask(ids.nodes["parent"], NODES["own"].name)
    for place in ("parent", "own", "near_root"):
        if not (sees(place) and may(place)):
            continue
        kind = CHILD[NODES[place].kind]
        for node, other in NODES.items():
            asked = ask(ids.nodes[place], other.name, kind)
            if kind == "party_group":
                clash = other.kind == kind and other.parent == place
            else:
                clash = other.kind != "party_group" and other.district == NODES[place].district
            if clash:
                yield Cell("conflict", node, asked, 409, taken, "department")
            else:
                yield Cell("conflict", node, asked, 201, known=(other.name,))
