"""Rows of changes, corrections and warnings."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.members.models import Membership
from tests.long import real
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, in_order, row
from tests.matrix.organizations import YESTERDAY, first_of
from tests.matrix.rights import CALLERS, NODES, PEOPLE, Who
from tests.matrix.world import Ids

TODAY = str(real.TODAY)
CORRECTED = ("mine", "beside", "near", "far")
"""Whose membership was found to have begun earlier, in the order in which it was corrected."""


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Correct a membership in every district."""
    for person in CORRECTED:
        one = Membership.member_id == UUID(ids.people[person])
        ids.things[f"corrected_{person}"] = str(
            await session.scalar(select(Membership.id).where(one))
        )
        await session.execute(update(Membership).where(one).values(valid_from=date(2019, 12, 1)))


world.FILLS.append(fill)
world.NAMED.extend(f"corrected_{person}" for person in CORRECTED)
world.CURSORS["corrections"] = ("province_department", "/v1/corrections?")


def _founded(answer: httpx.Response) -> list[str]:
    return sorted(item["organization_id"] for item in answer.json()["founded"])


@row()
def diff_tree(ids: Ids, who: Who) -> Cells:
    seen = rights.nodes(who)

    def made(node: str) -> list[str]:
        return sorted(ids.nodes[n] for n in rights.below(node) if NODES[n].parent)

    for query, wanted in (
        (f"from={YESTERDAY}&to={TODAY}", made),
        (f"from={TODAY}", lambda _: []),
    ):
        yield from each(
            "id",
            {n: ids.nodes[n] for n in NODES},
            lambda i, query=query: Ask("GET", f"/v1/organizations/{i}/tree/diff?{query}"),  # type: ignore[misc]
            sees=seen.__contains__,
            unknown=ids.unknown,
            read=_founded,
            exactly=wanted,
        )


def _corrections(ids: Ids, nodes: set[str]) -> list[str]:
    """List the corrections of members of `nodes`, the newest first."""
    found = [ids.things[f"corrected_{p}"] for p in CORRECTED if PEOPLE[p].node in nodes]
    return found[::-1]


@row()
def list_corrections(ids: Ids, who: Who) -> Cells:
    seen = rights.nodes(who, "members:read")
    whole = _corrections(ids, seen)

    def asked(channel: str, target: str, query: str, wanted: Any) -> Cell:
        ask = Ask("GET", f"/v1/corrections?{query}")
        return Cell(channel, target, ask, 200, read=in_order, exactly=wanted)

    yield asked("list", "all", "limit=200", whole)
    yield asked("sort", "forth", "sort=corrected_at", whole[::-1])
    yield asked("filter", "subject", "subject=membership", whole)
    yield asked("filter", "subject", "subject=organization", [])
    yield asked("filter", "from", f"from={TODAY}", whole)
    yield asked("filter", "to", f"to={YESTERDAY}", [])
    one = Ask("GET", "/v1/corrections?limit=1")
    yield Cell("page", "first", one, 200, read=first_of, exactly=(whole[:1], len(whole) > 1))
    mark = _corrections(ids, rights.nodes(CALLERS["province_department"], "members:read"))[0]
    order = _corrections(ids, set(NODES))
    behind = [i for i in whole if order.index(i) > order.index(mark)]
    yield asked("cursor", "all", f"after={ids.cursors.get('corrections')}", behind)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"/v1/corrections?within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=in_order,
        exactly=lambda n: _corrections(ids, rights.below(n)),
    )


def _judged(answer: httpx.Response) -> Any:
    return answer.json()["judged"], answer.json()["items"]


@row()
def list_warnings(ids: Ids, who: Who) -> Cells:
    """Everybody of the world is under the limit already, so only the counts can tell."""
    seen = rights.nodes(who, "rules:read")

    def count(nodes: set[str], kind: str = "general_branch") -> Any:
        return sum(NODES[n].kind == kind for n in nodes), []

    def asked(channel: str, target: str, query: str, wanted: Any) -> Cell:
        ask = Ask("GET", f"/v1/rules/warnings?{query}")
        return Cell(channel, target, ask, 200, read=_judged, exactly=wanted)

    yield asked("list", "all", "limit=200", count(seen))
    yield asked("sort", "on", "sort=on", count(seen))
    yield asked("page", "first", "limit=1", count(seen))
    yield asked("filter", "kind", "kind=party_branch", count(seen, "party_branch"))
    yield asked("day", "all", f"as_of={YESTERDAY}", count(set()))
    other = Ask("GET", f"/v1/rules/warnings?after={ids.cursors.get('findings')}")
    yield Cell("cursor", "another list's", other, 400, other, "bare")
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask("GET", f"/v1/rules/warnings?within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=_judged,
        exactly=lambda n: count(rights.below(n)),
    )
