"""Rows of members, their export and their imports."""

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import httpx

from tests.imports.test_api import workbook
from tests.make.members import new_member
from tests.matrix import rights
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, text_of, versions
from tests.matrix.organizations import YESTERDAY, first_of
from tests.matrix.rights import DISTRICTS, NODES, NOWHERE, PEOPLE, Person, Who
from tests.matrix.world import Ids, number, number_of

HOLDS = {"party_branch", "party_group"}
FRESH = 801
"""The serial of an ID number that nobody in the world has."""


def _people(ids: Ids) -> dict[str, str]:
    return {p: ids.people[p] for p in PEOPLE}


def _writes(who: Who) -> Any:
    return rights.people(who, "members:write").__contains__


def _of(answer: httpx.Response) -> Any:
    return answer.json()["id"], answer.headers["etag"]


@row()
def get_member(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _people(ids),
        lambda i: Ask("GET", f"/v1/members/{i}"),
        sees=rights.people(who).__contains__,
        unknown=ids.unknown,
        read=_of,
        exactly=lambda p: (ids.people[p], '"1"'),
    )


@row()
def edit_member(ids: Ids, who: Who) -> Cells:
    sees, may = rights.people(who).__contains__, _writes(who)

    def ask(i: str, headers: Any, **values: str) -> Ask:
        return Ask("PATCH", f"/v1/members/{i}", values or {"name": "百里新名"}, headers)

    yield from versions(_people(ids), ask, sees=sees, may=may, unknown=ids.unknown)
    right = {"if-match": '"1"'}
    taken = ask(ids.people["mine"], right, id_number=number_of("beside"))
    for person in ("mine", "near"):
        if not (sees(person) and may(person)):
            continue
        for key, other in PEOPLE.items():
            asked = ask(ids.people[person], right, id_number=number_of(key))
            if _district(other) == _district(PEOPLE[person]) and key != person:
                yield Cell("conflict", key, asked, 409, taken, "department")
            else:
                yield Cell("conflict", key, asked, 200, known=(number_of(key)[:14],))


def _district(person: Person) -> str:
    return NODES[person.node].district


@row()
def unmask_member(ids: Ids, who: Who) -> Cells:
    unmasks = rights.people(who, "members:unmask")
    cells = each(
        "id",
        _people(ids),
        lambda i: Ask("POST", f"/v1/members/{i}/unmaskings", {"reason": "x"}),
        sees=rights.people(who).__contains__,
        may=unmasks.__contains__,
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id_number"],
        exactly=number_of,
    )
    for cell in cells:
        yield replace(cell, known=(number_of(cell.target),) if cell.target in unmasks else ())


@row()
def convert_member(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _people(ids),
        lambda i, headers: Ask(
            "POST", f"/v1/members/{i}/conversions", {"full_on": "2019-12-31"}, headers
        ),
        sees=rights.people(who).__contains__,
        may=_writes(who),
        unknown=ids.unknown,
        done=lambda p: 200 if PEOPLE[p].category == "probationary" else 409,
    )


@row()
def change_member_status(ids: Ids, who: Who) -> Cells:
    body = {"status": "deceased", "reason": "x"}
    yield from versions(
        _people(ids),
        lambda i, headers: Ask("POST", f"/v1/members/{i}/status-changes", body, headers),
        sees=rights.people(who).__contains__,
        may=_writes(who),
        unknown=ids.unknown,
    )


@row()
def record_member(ids: Ids, who: Who) -> Cells:
    sees = rights.nodes(who).__contains__
    may = rights.nodes(who, "members:write").__contains__

    def ask(place: str, id_number: str) -> Ask:
        values = {"name": "百里新名", "id_number": id_number, "phone": None}
        return Ask(
            "POST", "/v1/members", new_member(ids.unknown, **values) | {"organization_id": place}
        )

    fresh = number("230102", FRESH)
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(i, fresh),
        sees=sees,
        may=may,
        unknown=ids.unknown,
        done=lambda n: 201 if NODES[n].kind in HOLDS else 409,
    )
    taken = ask(ids.nodes["own"], number_of("beside"))
    for place in ("own", "sibling", "near"):
        if not (sees(place) and may(place)):
            continue
        for key, other in PEOPLE.items():
            asked = ask(ids.nodes[place], number_of(key))
            if _district(other) == NODES[place].district:
                yield Cell("conflict", key, asked, 409, taken, "department")
            else:
                yield Cell("conflict", key, asked, 201, known=(number_of(key)[:14],))


def initials(person: Person) -> str:
    """Give enough of a name's initials to find it."""
    return INITIALS[person.name]


INITIALS = {
    "欧阳朔方": "oysf",
    "司徒北望": "stbw",
    "诸葛青原": "zgqy",
    "慕容海川": "mrhc",
    "皇甫云起": "hfyq",
    "令狐长空": "lhck",
    "东方既白": "dfjb",
    "南宫问天": "ngwt",
}


def _filters(ids: Ids, people: set[str]) -> dict[tuple[str, str, str], set[str]]:
    """Give filters that name things, and whom of `people` each leaves."""
    made: dict[tuple[str, str, str], set[str]] = {}
    for node in NODES:
        here = {p for p in people if PEOPLE[p].node == node}
        made["filter", node, f"organization_id={ids.nodes[node]}"] = here
    for key, person in PEOPLE.items():
        for query in (person.name, person.pinyin, initials(person)):
            made["search", key, f"q={query}"] = people & {key}
    for category in ("full", "probationary"):
        wanted = {p for p in people if PEOPLE[p].category == category}
        made["filter", category, f"category={category}"] = wanted
    made["filter", "active", "status=active"] = people
    made["filter", "deceased", "status=deceased"] = set()
    made["day", "all", f"as_of={YESTERDAY}"] = set()
    return made


@row()
def list_members(ids: Ids, who: Who) -> Cells:
    people = rights.people(who)

    def found(keys: set[str]) -> list[str]:
        return sorted(ids.people[p] for p in keys)

    def asked(query: str) -> Ask:
        return Ask("GET", f"/v1/members?limit=200&{query}")

    nothing = asked(f"organization_id={ids.unknown}")
    everybody = asked("as_of=2020-01-01")
    yield Cell("list", "all", everybody, 200, exactly=found(people), read=ids_of)
    for (channel, target, query), wanted in _filters(ids, people).items():
        like = None if wanted else nothing
        ask = asked(query)
        yield Cell(channel, target, ask, 200, like, exactly=found(wanted), read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: asked(f"within={i}"),
        sees=rights.nodes(who, "members:read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found({p for p in PEOPLE if PEOPLE[p].node in rights.below(n)}),
    )
    order = sorted(people, key=lambda p: PEOPLE[p].pinyin)
    for sign, run in (("", order), ("-", order[::-1])):
        ask = Ask("GET", f"/v1/members?sort={sign}name")
        wanted_order = [ids.people[p] for p in run]
        yield Cell("sort", f"{sign}name", ask, 200, read=in_order, exactly=wanted_order)
    page = ([ids.people[p] for p in order[:1]], len(order) > 1)
    one = Ask("GET", "/v1/members?limit=1")
    yield Cell("page", "name", one, 200, read=first_of, exactly=page)
    province = rights.people(rights.CALLERS["province_department"])
    mark = min(PEOPLE[p].pinyin for p in province)
    behind = [ids.people[p] for p in order if PEOPLE[p].pinyin > mark]
    ask = Ask("GET", f"/v1/members?after={ids.cursors.get('members')}")
    yield Cell("cursor", "name", ask, 200, read=in_order, exactly=behind)


def exported(answer: httpx.Response) -> Any:
    """Read the names in an export, and how many rows it has."""
    text = text_of(answer)
    names = sorted(p.name for p in PEOPLE.values() if p.name in text)
    return names, len(re.findall("<row ", text)) - 1


@row()
def export_members(ids: Ids, who: Who) -> Cells:
    people = rights.people(who, "members:export")
    seen = rights.nodes(who, "members:export")
    refused = not seen

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/members/export.xlsx?{query}")

    def found(keys: set[str]) -> Any:
        return sorted(PEOPLE[p].name for p in keys), len(keys)

    filters = _filters(ids, people) | {("export", "all", "as_of=2020-01-01"): people}
    for (channel, target, query), wanted in filters.items():
        if channel == "search" and re.search("[a-z]$", query):
            continue  # the list tries all three ways to write a name
        if refused:
            if target in {"own", "near", "mine", "all"}:
                yield Cell(channel, target, ask(query), 403, ask("as_of=2020-01-01"))
        else:
            yield Cell(channel, target, ask(query), 200, read=exported, exactly=found(wanted))
    if refused:
        for node in ("own", "sibling", "near"):
            yield Cell("export", node, ask(f"within={ids.nodes[node]}"), 403, ask(""))
        return
    yield from each(
        "export",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(f"within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=exported,
        exactly=lambda n: found({p for p in PEOPLE if PEOPLE[p].node in rights.below(n)}),
    )


@lru_cache
def roster(district: str, id_number: str) -> bytes:
    """Write a roster of one branch with one member."""
    root = NODES[rights.ROOTS.get(district, "root")].name
    born, joined, full = date(1990, 3, 7), date(2015, 7, 1), date(2016, 7, 1)
    branch = ["癸酉新党支部", root, "党支部", "机关", None, None, "否"]
    rest = [born, "大学本科", "正式党员", joined, full, "癸酉新党支部", None, "否"]
    return workbook([branch], [["百里新名", "男", "汉族", id_number, *rest]])


@row()
def import_roster(ids: Ids, who: Who) -> Cells:
    seen, may = rights.districts(who), rights.whole(who, "imports:write")
    for is_dry in ("true", "false"):

        def ask(code: str, dry: str = is_dry) -> Ask:
            url = f"/v1/imports?district_code={code}&as_of=2019-12-31&dry_run={dry}"
            own = code if code in DISTRICTS else "231005"
            return Ask("POST", url, file=roster(own, number(own, FRESH)))

        yield from each(
            "bulk",
            {c: c for c in DISTRICTS},
            ask,
            sees=seen.__contains__,
            may=may.__contains__,
            unknown=NOWHERE,
            done=200 if is_dry == "true" else 201,
        )
    for code in sorted(may):  # a number that is taken in another district is free in this one
        for key, person in PEOPLE.items():
            if _district(person) != code:
                url = f"/v1/imports?district_code={code}&dry_run=true&as_of=2019-12-31"
                file = roster(code, number_of(key))
                yield Cell("conflict", key, Ask("POST", url, file=file), 200)


@row()
def get_import(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        {c: ids.imports[c] for c in DISTRICTS},
        lambda i: Ask("GET", f"/v1/imports/{i}"),
        sees=rights.whole(who, "imports:read").__contains__,
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id"],
        exactly=lambda c: ids.imports[c],
    )


@row()
def get_import_template(ids: Ids, who: Who) -> Cells:
    yield Cell("access", "all", Ask("GET", "/v1/imports/template.xlsx"), 200)
