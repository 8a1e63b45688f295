"""Rows of villages' collective economy: four kinds of records with one shape."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.economy.models import VillageContract, VillageEntry, VillageIncome, VillageProject
from tests.make.economy import new_contract, new_entry, new_income, new_project
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, Who
from tests.matrix.world import Ids

VILLAGES = ("own", "sibling", "near", "far")
"""Organisations with a record of each kind, in the order of their days."""
SORTS = {
    "contracts": "reviewed_on",
    "entries": "happened_on",
    "projects": "applied_on",
    "incomes": "year",
}
FILTERS = {
    "contracts": "finding=regular",
    "entries": "kind=land_recovered",
    "projects": "status=approved",
    "incomes": "year=1950",
}
"""What holds each list to nothing."""
DONE = "2019-12-31"
world.NAMED += [f"{kind} {key}" for kind in SORTS for key in VILLAGES]
world.CURSORS |= {
    f"village-{kind}": ("province_department", f"/v1/village-{kind}?") for kind in SORTS
}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each village a contract, an entry, an application and an income."""
    for number, key in enumerate(VILLAGES, 1):
        day = date(2019, 11, number)
        by = {"finding": "irregular", "number": "1", "reviewed_on": day}
        entry = {"kind": "debt_resolved", "document": "协议", "happened_on": day}
        project = {"title": "大棚", "status": "applied", "applied_on": day}
        rows: dict[str, tuple[Any, dict[str, Any]]] = {
            "contracts": (VillageContract, by),
            "entries": (VillageEntry, entry | {"amount": Decimal(7)}),
            "projects": (VillageProject, project | {"amount": Decimal(8)}),
            "incomes": (VillageIncome, {"year": 2000 + number, "income": Decimal(9)}),
        }
        for kind, (model, values) in rows.items():
            made = new_id()
            ids.things[f"{kind} {key}"] = str(made)
            values |= {"organization_id": UUID(ids.nodes[key]), "recorded_by": new_id()}
            session.add(model(district_code=NODES[key].district, id=made, **values))
    await session.flush()


world.FILLS.append(fill)

# ── The model


def _sees(who: Who) -> Callable[[str], bool]:
    return rights.nodes(who, "economy:read").__contains__


def _writes(who: Who) -> Callable[[str], bool]:
    return rights.nodes(who, "economy:write").__contains__


def _decides(who: Who) -> Callable[[str], bool]:
    return lambda key: NODES[key].parent in rights.nodes(who, "economy:write")


def _things(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in VILLAGES}


def _targets(ids: Ids, kind: str) -> dict[str, str]:
    """Name what is asked for one by one: all contracts; of the others, who share the code, two."""
    return {k: i for k, i in _things(ids, kind).items() if k in _asked(kind)}


def _asked(kind: str) -> tuple[str, ...]:
    return VILLAGES if kind == "contracts" else ("own", "near")


# ── The shape of all four


def _lists(ids: Ids, who: Who, kind: str) -> Cells:
    things, by = _things(ids, kind), SORTS[kind]
    seen = [key for key in VILLAGES if _sees(who)(key)]

    def asked(query: str) -> Ask:
        return Ask("GET", f"/v1/village-{kind}?{query}")

    def found(query: str, channel: str, keys: list[str]) -> Cell:
        wanted = sorted(things[k] for k in keys)
        return Cell(channel, query, asked(query), 200, exactly=wanted, read=ids_of)

    yield found("limit=200", "list", seen)
    yield found(FILTERS[kind], "filter", [])
    for key in _asked(kind):
        yield found(f"organization_id={ids.nodes[key]}", "filter", [k for k in seen if k == key])
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("parent", *_asked(kind))},
        lambda i: asked(f"within={i}"),
        sees=_sees(who),
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: sorted(things[k] for k in VILLAGES if k in rights.below(n)),
    )
    for sign, keys in (("", seen), ("-", seen[::-1])):
        order = [things[k] for k in keys]
        ask = asked(f"sort={sign}{by}")
        yield Cell("sort", f"{sign}{by}", ask, 200, exactly=order, read=in_order)
    first = ([things[k] for k in seen[::-1][:1]], len(seen) > 1)
    yield Cell("page", by, asked("limit=1"), 200, exactly=first, read=first_of)
    marked = [k for k in VILLAGES if _sees(CALLERS["province_department"])(k)][-1]
    behind = [things[k] for k in seen[::-1] if VILLAGES.index(k) < VILLAGES.index(marked)]
    ask = asked(f"after={ids.cursors.get(f'village-{kind}')}")
    yield Cell("cursor", by, ask, 200, exactly=behind, read=in_order)


def _gets(ids: Ids, who: Who, kind: str) -> Cells:
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("GET", f"/v1/village-{kind}/{i}"),
        sees=_sees(who),
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id"],
        exactly=lambda key: ids.things[f"{kind} {key}"],
    )


def _records(ids: Ids, who: Who, kind: str, new: Callable[[str], Any]) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("parent", *_asked(kind))},
        lambda i: Ask("POST", f"/v1/village-{kind}", new(i)),
        sees=rights.nodes(who).__contains__,
        may=_writes(who),
        done=409,  # none of them is a village: that is known to who may write there alone
        unknown=ids.unknown,
    )


def _edits(ids: Ids, who: Who, kind: str, changes: Any) -> Cells:
    yield from versions(
        _targets(ids, kind),
        lambda i, headers: Ask("PATCH", f"/v1/village-{kind}/{i}", changes, headers),
        sees=_sees(who),
        may=_writes(who),
        unknown=ids.unknown,
    )


def _steps(
    ids: Ids, who: Who, url: tuple[str, str], body: Any, may: Callable[[str], bool]
) -> Cells:
    kind, name = url
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("POST", f"/v1/village-{kind}/{i}/{name}", body),
        sees=_sees(who),
        may=may,
        unknown=ids.unknown,
    )


# ── Contracts


@row()
def list_village_contracts(ids: Ids, who: Who) -> Cells:
    yield from _lists(ids, who, "contracts")


@row()
def record_village_contract(ids: Ids, who: Who) -> Cells:
    yield from _records(ids, who, "contracts", new_contract)


@row()
def get_village_contract(ids: Ids, who: Who) -> Cells:
    yield from _gets(ids, who, "contracts")


@row()
def edit_village_contract(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "contracts", {"number": "2"})


@row()
def resolve_village_contract(ids: Ids, who: Who) -> Cells:
    body = {"resolved_on": DONE, "resolution": "x"}
    yield from _steps(ids, who, ("contracts", "resolutions"), body, _writes(who))


# ── Land, debts and claims


@row()
def list_village_entries(ids: Ids, who: Who) -> Cells:
    yield from _lists(ids, who, "entries")


@row()
def record_village_entry(ids: Ids, who: Who) -> Cells:
    yield from _records(ids, who, "entries", new_entry)


@row()
def get_village_entry(ids: Ids, who: Who) -> Cells:
    yield from _gets(ids, who, "entries")


@row()
def edit_village_entry(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "entries", {"amount": "1.50"})


@row()
def remove_village_entry(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _targets(ids, "entries"),
        lambda i, headers: Ask("DELETE", f"/v1/village-entries/{i}", headers=headers),
        sees=_sees(who),
        may=_writes(who),
        unknown=ids.unknown,
        done=204,
    )


# ── Projects


@row()
def list_village_projects(ids: Ids, who: Who) -> Cells:
    yield from _lists(ids, who, "projects")


@row()
def record_village_project(ids: Ids, who: Who) -> Cells:
    yield from _records(ids, who, "projects", new_project)


@row()
def get_village_project(ids: Ids, who: Who) -> Cells:
    yield from _gets(ids, who, "projects")


@row()
def edit_village_project(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "projects", {"title": "x"})


@row()
def approve_village_project(ids: Ids, who: Who) -> Cells:
    body = {"decided_on": DONE}
    yield from _steps(ids, who, ("projects", "approvals"), body, _decides(who))


@row()
def reject_village_project(ids: Ids, who: Who) -> Cells:
    body = {"decided_on": DONE, "reason": "x"}
    yield from _steps(ids, who, ("projects", "rejections"), body, _decides(who))


# ── Incomes


@row()
def list_village_incomes(ids: Ids, who: Who) -> Cells:
    yield from _lists(ids, who, "incomes")


@row()
def record_village_income(ids: Ids, who: Who) -> Cells:
    yield from _records(ids, who, "incomes", new_income)


@row()
def get_village_income(ids: Ids, who: Who) -> Cells:
    yield from _gets(ids, who, "incomes")


@row()
def edit_village_income(ids: Ids, who: Who) -> Cells:
    yield from _edits(ids, who, "incomes", {"income": "1"})
