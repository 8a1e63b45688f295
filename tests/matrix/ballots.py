"""Rows of secret ballots."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.ballots import service
from app.ballots.models import Ballot, BallotBox, BallotVoter
from app.core.db import new_id
from tests.make.ballots import new_box
from tests.make.organizations import everything
from tests.matrix import rights, world
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row
from tests.matrix.organizations import first_of
from tests.matrix.rights import NODES, PEOPLE, Who
from tests.matrix.world import Ids


class Box(NamedTuple):
    """A box of the world."""

    node: str
    opened_on: date
    voters: tuple[str, ...]
    is_open: bool = True


BOXES = {
    "box_own": Box("own", date(2019, 12, 1), ("mine", "below")),
    "box_closed": Box("own", date(2019, 12, 2), ("mine", "below"), is_open=False),
    "box_sibling": Box("sibling", date(2019, 12, 3), ("beside",)),
    "box_near": Box("near", date(2019, 12, 4), ("near",), is_open=False),
    "box_far": Box("far", date(2019, 12, 5), ("far",), is_open=False),
}
CANDIDATE = "0" * 8
OF_CYCLE = "box_own"
"""The box that is a cycle's."""


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Open the boxes; the first voter of each that is closed has chosen the only candidate."""
    for key, box in BOXES.items():
        code, box_id = NODES[box.node].district, new_id()
        session.add(
            BallotBox(
                district_code=code,
                id=box_id,
                organization_id=UUID(ids.nodes[box.node]),
                organization_name=NODES[box.node].name,
                title="换届",
                position="secretary",
                seats=1,
                candidates=[{"id": CANDIDATE, "name": "百里候选"}],
                allows_write_ins=True,
                status="open",
                voters_due=len(box.voters),
                opened_by=new_id(),
                opened_on=box.opened_on,
            )
        )
        await session.flush()
        for n, person in enumerate(box.voters):
            voted = not box.is_open and n == 0
            member = UUID(ids.people[person])
            session.add(
                BallotVoter(district_code=code, box_id=box_id, member_id=member, has_voted=voted)
            )
        if not box.is_open:
            session.add(
                Ballot(
                    district_code=code,
                    id=uuid4(),
                    box_id=box_id,
                    choices=[CANDIDATE],
                    write_ins=[],
                )
            )
            await session.flush()
            await service.close(session, everything(code), box_id)
        ids.things[key] = str(box_id)


world.FILLS.append(fill)
world.NAMED.extend(BOXES)


def _sees(who: Who, key: str) -> bool:
    return rights.may(who, "elections:read", BOXES[key].node) or who.person in BOXES[key].voters


def _seen(who: Who) -> list[str]:
    """Name the boxes that `who` sees, the newest first."""
    keys = [key for key in BOXES if _sees(who, key)]
    return sorted(keys, key=lambda key: BOXES[key].opened_on, reverse=True)


def _shown(ids: Ids, who: Who) -> set[str]:
    """A box tells its voters whose it is."""
    nodes = {BOXES[key].node for key in _seen(who)}
    return {ids.nodes[n] for n in nodes} | {NODES[n].name for n in nodes}


SHOWN |= dict.fromkeys(("list_ballot_boxes", "get_ballot_box", "export_ballots"), _shown)


def _boxes(ids: Ids) -> dict[str, str]:
    return {key: ids.things[key] for key in BOXES}


def _each(
    ids: Ids, who: Who, what: str, read: Any = None, *, when_open: int = 409, closed: int = 200
) -> Cells:
    yield from each(
        "id",
        _boxes(ids),
        lambda i: Ask("GET", f"/v1/ballot-boxes/{i}{what}"),
        sees=lambda key: _sees(who, key),
        unknown=ids.unknown,
        done=lambda key: when_open if BOXES[key].is_open else closed,
        read=read,
        exactly=lambda key: ids.things[key],
    )


@row()
def list_election_keys(_: Ids, __: Who) -> Cells:
    yield Cell("access", "all", Ask("GET", "/v1/elections/keys"), 200)


@row()
def open_ballot_box(ids: Ids, who: Who) -> Cells:
    sees = rights.nodes(who).__contains__
    may = rights.nodes(who, "elections:write").__contains__

    def ask(place: str, voters: Iterable[str]) -> Ask:
        new = new_box(UUID(place), [UUID(v) for v in voters])
        return Ask("POST", "/v1/ballot-boxes", new)

    three = [ids.people[p] for p in ("mine", "below", "beside")]

    def done(node: str) -> int:
        if NODES[node].kind in {"district_committee", "party_group"}:
            return 409
        return 201 if node == "parent" else 422

    yield from each(
        "nested",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(i, three),
        sees=sees,
        may=may,
        unknown=ids.unknown,
        done=done,
    )
    for node in ("parent", "own"):
        if not may(node):
            continue
        two = three[:2]
        nobody = ask(ids.nodes[node], [*two, ids.unknown])
        for key, person in PEOPLE.items():
            if key in {"mine", "below"}:
                continue
            asked = ask(ids.nodes[node], [*two, ids.people[key]])
            if person.node in rights.below(node) and person.category == "full":
                yield Cell("nested", key, asked, 201)
            else:
                yield Cell("nested", key, asked, 422, nobody)


@row()
def list_ballot_boxes(ids: Ids, who: Who) -> Cells:
    def found(keys: Iterable[str]) -> list[str]:
        return sorted(ids.things[key] for key in keys)

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/ballot-boxes?{query}")

    seen = _seen(who)
    yield Cell("list", "all", ask("limit=200"), 200, exactly=found(seen), read=ids_of)
    nothing = ask(f"organization_id={ids.unknown}")
    for node in ("own", "sibling", "near", "far"):
        here = [key for key in seen if BOXES[key].node == node]
        like = None if here else nothing
        asked = ask(f"organization_id={ids.nodes[node]}")
        yield Cell("filter", node, asked, 200, like, exactly=found(here), read=ids_of)
    of_cycle = [OF_CYCLE] if OF_CYCLE in seen else []
    asked = ask(f"cycle_id={ids.things['cycle own']}")
    like = None if of_cycle else ask(f"cycle_id={ids.unknown}")
    yield Cell("filter", "cycle", asked, 200, like, exactly=found(of_cycle), read=ids_of)
    for status, is_open in (("open", True), ("closed", False)):
        some = found(key for key in seen if BOXES[key].is_open == is_open)
        yield Cell("filter", status, ask(f"status={status}"), 200, exactly=some, read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(f"within={i}"),
        sees=rights.nodes(who, "elections:read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found(key for key in BOXES if BOXES[key].node in rights.below(n)),
    )
    run = [ids.things[key] for key in seen]
    for sign, wanted in (("-", run), ("", run[::-1])):
        asked = ask(f"sort={sign}opened_on")
        yield Cell("sort", f"{sign}opened_on", asked, 200, read=in_order, exactly=wanted)
    page = (run[:1], len(run) > 1)
    yield Cell("page", "opened_on", ask("limit=1"), 200, read=first_of, exactly=page)
    mark = BOXES[_seen(rights.CALLERS["province_department"])[0]].opened_on
    behind = [ids.things[key] for key in seen if BOXES[key].opened_on < mark]
    asked = ask(f"after={ids.cursors.get('ballot boxes')}")
    yield Cell("cursor", "opened_on", asked, 200, read=in_order, exactly=behind)


@row()
def get_ballot_box(ids: Ids, who: Who) -> Cells:
    yield from _each(ids, who, "", lambda answer: answer.json()["id"], when_open=200)


@row()
def get_ballot_tally(ids: Ids, who: Who) -> Cells:
    yield from _each(ids, who, "/tally", lambda answer: answer.json()["box_id"])


@row()
def export_ballots(ids: Ids, who: Who) -> Cells:
    def read(answer: httpx.Response) -> Any:
        return answer.json()["box"]["id"]

    yield from _each(ids, who, "/export", read)


@row()
def cast_ballot(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _boxes(ids),
        lambda i: Ask("POST", f"/v1/ballot-boxes/{i}/ballots", {"choices": [CANDIDATE]}),
        sees=lambda key: _sees(who, key),
        may=lambda key: who.person in BOXES[key].voters,
        unknown=ids.unknown,
        done=lambda key: 204 if BOXES[key].is_open else 409,
    )


def _ends(ids: Ids, who: Who, what: str, body: Any) -> Cells:
    yield from each(
        "id",
        _boxes(ids),
        lambda i: Ask("POST", f"/v1/ballot-boxes/{i}/{what}", body),
        sees=lambda key: _sees(who, key),
        may=lambda key: rights.may(who, "elections:write", BOXES[key].node),
        unknown=ids.unknown,
        done=lambda key: 200 if BOXES[key].is_open else 409,
    )


@row()
def close_ballot_box(ids: Ids, who: Who) -> Cells:
    yield from _ends(ids, who, "closures", None)


@row()
def void_ballot_box(ids: Ids, who: Who) -> Cells:
    yield from _ends(ids, who, "voidings", {"reason": "x"})
