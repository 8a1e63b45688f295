"""Rows of transfers, and of where members belonged."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.transfers.models import Transfer
from tests.long import real
from tests.make.transfers import REJECTED, WHY
from tests.matrix import rights, world
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, HOME, NEAR, NODES, PEOPLE, ROOTS, Who
from tests.matrix.world import Ids


@dataclass(frozen=True)
class Way:
    """A row of a transfer of the world, as its own district keeps it."""

    person: str
    old: str | None
    new: str | None
    status: str
    days: int
    """Before the world's day."""
    away: str | None = None
    """The node of the other district, or a name outside."""

    @property
    def district(self) -> str:
        """Whose row it is."""
        return NODES[str(self.old or self.new)].district

    @property
    def names(self) -> set[str]:
        """What both sides are told: the names, and their districts."""
        ends = [n for n in (self.old, self.new, self.away) if n in NODES]
        return {NODES[n].name for n in ends} | {NODES[n].district for n in ends}


OUTSIDE = "中共哈尔滨市某某支部委员会"
WAYS = {
    "transfer_own": Way("mine", "own", "sibling", "requested", 1),
    "transfer_below": Way("below", "child", "aunt", "released", 2),
    "transfer_beside": Way("beside", "sibling", "own", "released", 3),
    "transfer_out": Way("new", "own", None, "released", 4, "near"),
    "transfer_in": Way("new", None, "near", "released", 5, "own"),
    "transfer_gone": Way("elsewhere", "aunt", None, "released", 6, OUTSIDE),
    "transfer_far": Way("far", "far", None, "requested", 8, OUTSIDE),
}
TWINS = {"transfer_out": "transfer_in", "transfer_in": "transfer_out"}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Write the rows as they stand; nobody was told of them."""
    made = {key: new_id() for key in WAYS}
    for key, way in WAYS.items():
        ids.things[key] = str(made[key])
        day = real.TODAY - timedelta(days=way.days)
        ends = {"from": way.old, "to": way.new}
        sides: dict[str, Any] = {}
        for side, node in ends.items():
            at = node or way.away
            sides |= {
                f"{side}_organization_id": UUID(ids.nodes[node]) if node else None,
                f"{side}_organization_name": NODES[at].name if at in NODES else at,
                f"{side}_district_code": NODES[at].district if at in NODES else None,
            }
        letter: dict[str, Any] = {}
        if way.status == "released":
            until = real.TODAY + timedelta(days=5)
            letter = {"released_on": day, "released_by": new_id(), "valid_until": until}
            letter |= {"letter_number": "介一", "twin_id": made.get(TWINS.get(key, ""))}
        session.add(
            Transfer(
                district_code=way.district,
                id=made[key],
                member_id=UUID(ids.people[way.person]) if way.old else None,
                member_name=PEOPLE[way.person].name,
                id_number_masked="231005********0000",
                category=PEOPLE[way.person].category,
                reason=WHY,
                status=way.status,
                requested_on=day,
                requested_by=new_id(),
                release_due_on=day + timedelta(days=10),
                **sides | letter,
            )
        )
    await session.flush()


world.FILLS.append(fill)
world.NAMED += WAYS
world.CURSORS |= {"transfers": ("province_department", "/v1/transfers?")}

# ── The model


def _sees_old(who: Who, key: str) -> bool:
    way = WAYS[key]
    if way.old is None:
        return False
    return rights.may(who, "members:read", way.old) or who.person == way.person


def _sees_new(who: Who, key: str) -> bool:
    new = WAYS[key].new
    return new is not None and rights.may(who, "members:read", new)


def _seen(who: Who) -> list[str]:
    """Name the transfers that `who` sees, the newest first."""
    keys = [k for k in WAYS if _sees_old(who, k) or _sees_new(who, k)]
    return sorted(keys, key=lambda k: WAYS[k].days)


def _writes(who: Who, node: str | None) -> bool:
    return node is not None and rights.may(who, "members:write", node)


def _above(node: str | None) -> str | None:
    """Name the level that releases: a group is none, its branch's superior does."""
    if node is None:
        return None
    up = NODES[node].parent
    return NODES[str(up)].parent if NODES[node].kind == "party_group" else up


def _shown(ids: Ids, who: Who) -> set[str]:
    """Each side is told the person's name, and the other side's."""
    marks = set[str]()
    for key in _seen(who):
        marks |= WAYS[key].names | {PEOPLE[WAYS[key].person].name}
    return marks


OPERATIONS = ("list_transfers", "get_transfer", "release_transfer", "accept_transfer")
OPERATIONS += ("record_transfer_receipt", "reject_transfer", "withdraw_transfer")
SHOWN |= dict.fromkeys(OPERATIONS, _shown)


def _accepted(ids: Ids, who: Who) -> set[str]:
    """Who accepted a member sees the record from then on."""
    mine = {way.person for way in WAYS.values() if way.old and _writes(who, way.new)}
    return _shown(ids, who) | {ids.people[person] for person in mine}


SHOWN["accept_transfer"] = _accepted


def _ids(ids: Ids) -> dict[str, str]:
    return {key: ids.things[key] for key in WAYS}


def _step(
    ids: Ids,
    who: Who,
    name: str,
    may: Callable[[str], bool],
    done: Iterable[str],
    json: Any = None,
) -> Cells:
    done = set(done)
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("POST", f"/v1/transfers/{i}/{name}", json),
        sees=_seen(who).__contains__,
        may=may,
        unknown=ids.unknown,
        done=lambda key: 200 if key in done else 409,
    )


def _of(answer: httpx.Response) -> Any:
    shown = answer.json()
    return shown["member_id"], shown["from_organization_id"], shown["to_organization_id"]


@row()
def get_transfer(ids: Ids, who: Who) -> Cells:
    def wanted(key: str) -> Any:
        way, old = WAYS[key], _sees_old(who, key)
        person = ids.people[way.person] if old else None
        new = ids.nodes[str(way.new)] if _sees_new(who, key) else None
        return person, ids.nodes[str(way.old)] if old else None, new

    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("GET", f"/v1/transfers/{i}"),
        sees=_seen(who).__contains__,
        unknown=ids.unknown,
        read=_of,
        exactly=wanted,
    )


@row()
def request_transfer(ids: Ids, who: Who) -> Cells:
    targets = {HOME: "aunt", NEAR: "near"}

    def ask(person: str, **to: str) -> Ask:
        return Ask("POST", f"/v1/members/{person}/transfers", to | {"reason": WHY})

    pending = {way.person for way in WAYS.values() if way.old} | {"near"}  # who is there already
    for code in ROOTS:
        here = {p: ids.people[p] for p in PEOPLE if NODES[PEOPLE[p].node].district == code}
        to = ids.nodes[targets.get(code, "far")]
        for cell in each(
            "id",
            here,
            lambda i, to=to: ask(i, to_organization_id=to),  # type: ignore[misc]
            sees=rights.people(who).__contains__,
            may=rights.people(who, "members:write").__contains__,
            unknown=ids.unknown,
            done=lambda p: 409 if p in pending else 201,
        ):
            yield Cell(**vars(cell) | {"known": (NODES["aunt"].name,)})
    free = "beside_below"
    if not _writes(who, PEOPLE[free].node):
        return
    person = ids.people[free]
    nothing = ask(person, to_organization_id=ids.unknown)
    for node, at in NODES.items():
        asked = ask(person, to_organization_id=ids.nodes[node])
        by_name = ask(person, to_organization_name=at.name, to_district_code=at.district)
        is_held = at.kind in {"party_branch", "party_group"}
        told = (at.name, at.district)
        if at.district != HOME and node not in rights.nodes(who):
            yield Cell("nested", node, asked, 404, nothing)
        elif is_held and node != PEOPLE[free].node:
            yield Cell("nested", node, asked, 201, known=told)
        else:
            yield Cell("nested", node, asked, 409)
        if at.kind == "party_group":
            yield Cell("nested", f"{node} by name", by_name, 404, nothing)
        else:
            status = 201 if is_held else 409
            yield Cell("nested", f"{node} by name", by_name, status, known=told)
    away = ask(person, to_organization_name="没有这个支部", to_district_code=rights.FAR)
    yield Cell("nested", "no such name", away, 404, nothing)


@row()
def release_transfer(ids: Ids, who: Who) -> Cells:
    done = {k for k, way in WAYS.items() if way.status == "requested"}
    letter = {"letter_number": "介二"}
    may = lambda k: _writes(who, _above(WAYS[k].old))  # noqa: E731
    yield from _step(ids, who, "approvals", may, done, letter)


@row()
def accept_transfer(ids: Ids, who: Who) -> Cells:
    done = {k for k, way in WAYS.items() if way.status == "released" and way.new}
    may = lambda k: _writes(who, WAYS[k].new or WAYS[k].old)  # noqa: E731
    yield from _step(ids, who, "acceptances", may, done)


@row()
def record_transfer_receipt(ids: Ids, who: Who) -> Cells:
    may = lambda k: _writes(who, WAYS[k].old)  # noqa: E731
    yield from _step(ids, who, "receipts", may, {"transfer_gone"}, {})


@row()
def reject_transfer(ids: Ids, who: Who) -> Cells:
    done = set(WAYS) - {"transfer_out"}

    def may(key: str) -> bool:
        way = WAYS[key]
        is_above = way.status != "released" or way.new is None
        return _writes(who, _above(way.old) if is_above else way.new)

    yield from _step(ids, who, "rejections", may, done, REJECTED)


@row()
def withdraw_transfer(ids: Ids, who: Who) -> Cells:
    may = lambda k: _writes(who, WAYS[k].old)  # noqa: E731
    yield from _step(ids, who, "withdrawals", may, WAYS, {"reason": "x"})


@row()
def list_transfers(ids: Ids, who: Who) -> Cells:
    seen = _seen(who)

    def found(keys: Iterable[str]) -> list[str]:
        return sorted(ids.things[k] for k in keys)

    def asked(query: str) -> Ask:
        return Ask("GET", f"/v1/transfers?limit=200&{query}")

    nothing = asked(f"organization_id={ids.unknown}")
    yield Cell("list", "all", asked(""), 200, exactly=found(seen), read=ids_of)
    wanted: dict[str, list[str]] = {}
    for status in ("requested", "released", "accepted"):
        wanted[f"status={status}"] = [k for k in seen if WAYS[k].status == status]
    for node in ("own", "sibling", "near", "far"):
        wanted[f"organization_id={ids.nodes[node]}"] = [
            k
            for k in seen
            if (WAYS[k].old == node and _sees_old(who, k))
            or (WAYS[k].new == node and _sees_new(who, k))
        ]
    for person in ("mine", "beside", "new", "far"):
        wanted[f"member_id={ids.people[person]}"] = [
            k for k in seen if WAYS[k].person == person and _sees_old(who, k)
        ]
    for query, keys in wanted.items():
        like = None if keys else nothing
        yield Cell("filter", query, asked(query), 200, like, exactly=found(keys), read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: asked(f"within={i}"),
        sees=rights.nodes(who, "members:read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found(k for k in seen if {WAYS[k].old, WAYS[k].new} & rights.below(n)),
    )
    run = [ids.things[k] for k in seen]
    for sign, order in (("-", run), ("", run[::-1])):
        ask = Ask("GET", f"/v1/transfers?sort={sign}requested_on")
        yield Cell("sort", f"{sign}requested_on", ask, 200, read=in_order, exactly=order)
    page = run[:1], len(run) > 1
    one = Ask("GET", "/v1/transfers?limit=1")
    yield Cell("page", "requested_on", one, 200, read=first_of, exactly=page)
    mark = min(WAYS[k].days for k in _seen(CALLERS["province_department"]))
    behind = [ids.things[k] for k in seen if WAYS[k].days > mark]
    ask = Ask("GET", f"/v1/transfers?after={ids.cursors.get('transfers')}")
    yield Cell("cursor", "requested_on", ask, 200, read=in_order, exactly=behind)


@row()
def list_memberships(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        {p: ids.people[p] for p in PEOPLE},
        lambda i: Ask("GET", f"/v1/members/{i}/memberships"),
        sees=rights.people(who).__contains__,
        unknown=ids.unknown,
        read=lambda answer: [i["organization_name"] for i in answer.json()["items"]],
        exactly=lambda p: [NODES[PEOPLE[p].node].name],
    )
