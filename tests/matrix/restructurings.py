"""Rows of restructurings."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.restructurings.models import Restructuring
from tests.long import real
from tests.make.restructurings import convert, make_restructuring, merge
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, PEOPLE, Who
from tests.matrix.world import Ids

PROPOSALS = {
    "rs_own": ("own", "submitted", 1),
    "rs_sibling": ("sibling", "draft", 2),
    "rs_near": ("near", "approved", 3),
    "rs_far": ("far", "submitted", 4),
}
"""Where each lies, how far it has come, and in how many days it is to hold."""


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Propose; how far each has come is written without telling anybody."""
    for key, (node, status, days) in PROPOSALS.items():
        code = NODES[node].district
        action = convert(UUID(ids.nodes[node]), "joint_branch")
        made = await make_restructuring(session, "draft", action, district=code)
        ids.things[key] = str(made)
        values: dict[str, Any] = {"effective_on": real.TODAY + timedelta(days=days)}
        if status != "draft":
            values |= {"status": status, "submitted_by": new_id()}
        if status == "approved":
            values |= {"document": "批复", "decided_on": real.TODAY, "decided_by": new_id()}
            values["approved_at"] = func.now()
        await session.execute(update(Restructuring).where(Restructuring.id == made).values(values))


world.FILLS.append(fill)
world.NAMED += PROPOSALS
world.CURSORS["restructurings"] = ("province_department", "/v1/restructurings?sort=effective_on&")

# ── The model


def _seen(who: Who) -> set[str]:
    read = rights.nodes(who, "restructurings:read")
    return {key for key, (node, _, _) in PROPOSALS.items() if node in read}


def _may(who: Who, *, above: bool = False) -> Callable[[str], bool]:
    over = rights.nodes(who, f"restructurings:{'approve' if above else 'write'}")

    def may(key: str) -> bool:
        node = PROPOSALS[key][0]
        return (NODES[node].parent if above else node) in over

    return may


def _ids(ids: Ids) -> dict[str, str]:
    return {key: ids.things[key] for key in PROPOSALS}


def _title(key: str) -> str:
    return f"{NODES[PROPOSALS[key][0]].name}改设联合党支部"


# ── One restructuring


@row()
def get_restructuring(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("GET", f"/v1/restructurings/{i}"),
        sees=_seen(who).__contains__,
        unknown=ids.unknown,
        read=lambda answer: answer.json()["title"],
        exactly=_title,
    )


@row()
def simulate_restructuring(ids: Ids, who: Who) -> Cells:
    def told(answer: httpx.Response) -> Any:
        return answer.json()["tree"]["id"]

    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("GET", f"/v1/restructurings/{i}/simulation"),
        sees=_seen(who).__contains__,
        unknown=ids.unknown,
        read=told,
        exactly=lambda key: ids.nodes[PROPOSALS[key][0]],
    )


def _nearest(one: str, other: str) -> str | None:
    """Name the lowest node that holds two."""
    over = list(rights.upwards(other))
    return next((n for n in rights.upwards(one) if n in over), None)


@row()
def propose_restructuring(ids: Ids, who: Who) -> Cells:
    writes, seen = rights.nodes(who, "restructurings:write"), rights.nodes(who)

    def propose(action: dict[str, Any]) -> Ask:
        return Ask("POST", "/v1/restructurings", {"actions": [action]})

    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("root", "own", "child", "sibling", "near", "far")},
        lambda i: propose(convert(i, "joint_branch")),  # type: ignore[arg-type]
        sees=seen.__contains__,
        may=writes.__contains__,
        unknown=ids.unknown,
        done=lambda n: 201 if NODES[n].kind == "party_branch" else 409,
    )
    own = ids.nodes["own"]

    def into(node: str) -> int:
        if NODES[node].district != NODES["own"].district:
            return 422
        return 201 if node in {"aunt", "sibling"} else 409

    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("child", "aunt", "sibling", "near")},
        lambda i: propose(merge(own, i)),
        sees=lambda n: {"own", n} <= seen,
        may=lambda n: (place := _nearest("own", n)) is None or place in writes,
        unknown=ids.unknown,
        done=into,
    )

    def split(member: str) -> Ask:
        part = {"name": "新支部", "kind": "party_branch", "member_ids": [member]}
        return propose({"action": "split", "organization_id": own, "parts": [part]})

    if "own" in seen & writes:
        yield from each(
            "nested",
            {p: ids.people[p] for p in ("mine", "below", "beside", "near")},
            split,
            sees=lambda p: rights.sees_person(who, p) and PEOPLE[p].node not in {"near", "far"},
            unknown=ids.unknown,
            done=lambda p: 201 if PEOPLE[p].node in rights.below("own") else 409,
        )

    def answer(organization: str) -> Ask:
        finding = {"organization_id": organization, "rule": "under_lower"}
        return Ask("POST", "/v1/restructurings", {"from_finding": finding})

    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("parent", "own", "near")},
        answer,
        sees=seen.__contains__,
        may=writes.__contains__,
        unknown=ids.unknown,
        done=lambda n: 201 if n == "parent" else 409,
    )


def _step(
    ids: Ids,
    who: Who,
    name: str,
    body: Any,
    *froms: str,
    above: bool = False,
) -> Cells:
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("POST", f"/v1/restructurings/{i}/{name}", body),
        sees=_seen(who).__contains__,
        may=_may(who, above=above),
        unknown=ids.unknown,
        done=lambda key: 200 if PROPOSALS[key][1] in froms else 409,
    )


@row()
def submit_restructuring(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "submissions", {}, "draft")


@row()
def approve_restructuring(ids: Ids, who: Who) -> Cells:
    body = {"document": "批复一号"}
    yield from _step(ids, who, "approvals", body, "submitted", above=True)


@row()
def reject_restructuring(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "rejections", {"reason": "x"}, "submitted", above=True)


@row()
def withdraw_restructuring(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "withdrawals", {"reason": "x"}, "draft", "submitted", "approved")


@row()
def apply_restructuring(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "applications", {})


@row()
def reverse_restructuring(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "reversals", {"document": "x", "reason": "x"}, above=True)


# ── The list


@row()
def list_restructurings(ids: Ids, who: Who) -> Cells:
    seen = _seen(who)

    def found(keys: set[str]) -> list[str]:
        return sorted(ids.things[k] for k in keys)

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/restructurings?limit=200&{query}")

    yield Cell("list", "all", ask(""), 200, exactly=found(seen), read=ids_of)
    for status in ("draft", "approved", "applied"):
        wanted = {k for k in seen if PROPOSALS[k][1] == status}
        yield Cell(
            "filter", status, ask(f"status={status}"), 200, None, None, found(wanted), ids_of
        )
    for node in ("parent", "own", "leaf", "sibling", "near", "far"):
        touched = {k for k in seen if PROPOSALS[k][0] == node and k != "rs_leaf"}
        touched |= seen & ({"rs_leaf"} if node == "leaf" else set())
        query = f"organization_id={ids.nodes[node]}"
        like = None if touched else ask(f"organization_id={ids.unknown}")
        yield Cell("filter", node, ask(query), 200, like, None, found(touched), ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(f"within={i}"),
        sees=rights.nodes(who, "restructurings:read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found({k for k in seen if PROPOSALS[k][0] in rights.below(n)}),
    )
    order = sorted(seen, key=lambda k: PROPOSALS[k][2])
    for sign, run in (("", order), ("-", order[::-1])):
        sorted_ = Ask("GET", f"/v1/restructurings?sort={sign}effective_on")
        listed = [ids.things[k] for k in run]
        yield Cell("sort", f"{sign}effective_on", sorted_, 200, read=in_order, exactly=listed)
    one = Ask("GET", "/v1/restructurings?limit=1&sort=effective_on")
    first = ([ids.things[k] for k in order[:1]], len(order) > 1)
    yield Cell("page", "effective_on", one, 200, read=first_of, exactly=first)
    mark = min(PROPOSALS[k][2] for k in _seen(CALLERS["province_department"]))
    behind = [ids.things[k] for k in order if PROPOSALS[k][2] > mark]
    after = f"/v1/restructurings?sort=effective_on&after={ids.cursors.get('restructurings')}"
    yield Cell("cursor", "effective_on", Ask("GET", after), 200, read=in_order, exactly=behind)
