"""Rows of election cycles, notices, practices, those due and tallies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.ballots.models import BallotBox
from app.cycles import service
from app.cycles.schemas import CycleNew, NoticeNew, PracticeNew
from tests.long import real
from tests.make.organizations import everything
from tests.matrix import rights, world
from tests.matrix.ballots import OF_CYCLE
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row
from tests.matrix.organizations import YESTERDAY, first_of
from tests.matrix.rights import CALLERS, DISTRICTS, NODES, NOWHERE, PEOPLE, Who
from tests.matrix.world import Ids

DUE = {"own": 190, "sibling": 160, "near": 130, "far": 100}
"""Whose term ended how many days ago; each has an open cycle and a notice."""
OPENS = {"aunt"}
"""Where a cycle can still be opened."""


def _key(node: str) -> str:
    return f"cycle {node}"


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Open the cycles, issue a notice in each, give one a box, and set districts' practice."""
    for node, days in DUE.items():
        caller = everything(NODES[node].district)
        due = real.TODAY - timedelta(days=days)
        new = CycleNew.model_validate(
            {"organization_id": ids.nodes[node], "seats": 0, "due_on": due}
        )
        made = await service.open_cycle(session, caller, new)
        ids.things[_key(node)] = str(made)
        issued = real.TODAY - timedelta(days=days - 90)
        notice = NoticeNew.model_validate(
            {"number": "通报一号", "recipients": ["各党组织"], "issued_on": issued}
        )
        await service.criticise(session, caller, made, notice)
    vote: dict[str, Any] = {"cycle_id": UUID(ids.things[_key("own")]), "round": 1}
    vote["candidate_ids"] = [UUID(ids.people["mine"])]
    box = update(BallotBox).where(BallotBox.id == UUID(ids.things[OF_CYCLE]))
    await session.execute(box.values(**vote))
    for code in DISTRICTS:
        practice = PracticeNew(district_code=code)
        row_ = await service.set_practice(session, everything(code), practice)
        ids.things[f"practice {code}"] = str(row_.id)


world.FILLS.append(fill)
world.NAMED += [*map(_key, DUE), *(f"practice {code}" for code in DISTRICTS)]
world.CURSORS |= {
    "cycles": ("province_department", "/v1/election-cycles?"),
    "notices": ("province_department", "/v1/election-notices?sort=issued_on&"),
    "practices": ("province_department", "/v1/election-practices?"),
}


# ── The model


def _seen(who: Who) -> set[str]:
    return rights.nodes(who, "elections:read") & set(DUE)


def _below(who: Who) -> Callable[[str], bool]:
    return rights.nodes(who, "elections:write").__contains__


def _above(who: Who) -> Callable[[str], bool]:
    over = rights.nodes(who, "elections:approve")
    return lambda node: NODES[node].parent in over


def _targets(ids: Ids) -> dict[str, str]:
    return {node: ids.things[_key(node)] for node in DUE}


def _act(
    ids: Ids, who: Who, rest: str, body: Any, may: Callable[[str], bool], done: int = 409
) -> Cells:
    """Take a step of each cycle; all are planned, so most steps come too soon."""
    yield from each(
        "id",
        _targets(ids),
        lambda i: Ask("POST", f"/v1/election-cycles/{i}/{rest}", body),
        sees=_seen(who).__contains__,
        may=may,
        unknown=ids.unknown,
        done=done,
    )


def _named(ids: Ids, who: Who, rest: str, body: Any, may: Callable[[str], bool]) -> Cells:
    """Name each person in a step of one's own: who is out of it is as if there were none."""
    if not (_seen(who) >= {"own"} and may("own")):
        return

    def ask(member: str) -> Ask:
        url = f"/v1/election-cycles/{ids.things[_key('own')]}/{rest}"
        return Ask("POST", url, body(member))

    nothing = ask(ids.unknown)
    for key, person in PEOPLE.items():
        is_voter = person.node in rights.below("own") and person.category == "full"
        if rest == "consents" and is_voter:
            yield Cell("nested", key, ask(ids.people[key]), 200)
        else:
            yield Cell("nested", key, ask(ids.people[key]), 409, nothing)


# ── Rows


@row()
def list_election_cycles(ids: Ids, who: Who) -> Cells:
    seen = _seen(who)

    def found(nodes: set[str]) -> list[str]:
        return sorted(ids.things[_key(n)] for n in nodes)

    def asked(query: str) -> Ask:
        return Ask("GET", f"/v1/election-cycles?limit=200&{query}")

    yield Cell("list", "all", asked("is_open=true"), 200, exactly=found(seen), read=ids_of)
    nothing = asked(f"organization_id={ids.unknown}")
    filters = {f"organization_id={ids.nodes[n]}": seen & {n} for n in ("own", "aunt", "near")}
    filters |= {"status=planned": seen, "status=held": set(), "is_open=false": set()}
    for query, wanted in filters.items():
        like = None if wanted else nothing
        yield Cell("filter", query, asked(query), 200, like, exactly=found(wanted), read=ids_of)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("root", "parent", "own", "sibling", "near", "far")},
        lambda i: asked(f"within={i}"),
        sees=rights.nodes(who, "elections:read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found(seen & rights.below(n)),
    )
    order = [n for n in DUE if n in seen]
    for sign, run in (("", order), ("-", order[::-1])):
        ask = Ask("GET", f"/v1/election-cycles?sort={sign}due_on")
        run_of = [ids.things[_key(n)] for n in run]
        yield Cell("sort", f"{sign}due_on", ask, 200, read=in_order, exactly=run_of)
    page = ([ids.things[_key(n)] for n in order[:1]], len(order) > 1)
    one = Ask("GET", "/v1/election-cycles?limit=1")
    yield Cell("page", "due_on", one, 200, read=first_of, exactly=page)
    first = next(n for n in DUE if n in _seen(CALLERS["province_department"]))
    ask = Ask("GET", f"/v1/election-cycles?after={ids.cursors.get('cycles')}")
    behind = [ids.things[_key(n)] for n in order if n != first]
    yield Cell("cursor", "due_on", ask, 200, read=in_order, exactly=behind)


@row()
def open_election_cycle(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in NODES},
        lambda i: Ask(
            "POST",
            "/v1/election-cycles",
            {"organization_id": i, "seats": 0, "due_on": str(real.TODAY)},
        ),
        sees=rights.nodes(who).__contains__,
        may=_below(who),
        unknown=ids.unknown,
        done=lambda n: 201 if n in OPENS else 409,
    )


@row()
def get_election_cycle(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _targets(ids),
        lambda i: Ask("GET", f"/v1/election-cycles/{i}"),
        sees=_seen(who).__contains__,
        unknown=ids.unknown,
        read=lambda answer: (answer.json()["id"], answer.json()["organization_id"]),
        exactly=lambda n: (ids.things[_key(n)], ids.nodes[n]),
    )


@row()
def request_election(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "requests", {}, _below(who), 200)


@row()
def reply_to_election_request(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "replies", {}, _above(who))


@row()
def nominate_candidates(ids: Ids, who: Who) -> Cells:
    def body(member: str) -> Any:
        return {"candidates": [{"member_id": member, "position": "secretary"}]}

    yield from _act(ids, who, "candidates", body(ids.unknown), _below(who))
    yield from _named(ids, who, "candidates", body, _below(who))


@row()
def precheck_candidates(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "prechecks", {}, _above(who))


@row()
def publish_candidates(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "publications", {}, _below(who))


@row()
def hold_election_meeting(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "meetings", {}, _below(who))


@row()
def open_election_ballots(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "ballots", {}, _below(who))


@row()
def enter_tally(ids: Ids, who: Who) -> Cells:
    counts = dict.fromkeys(("due", "present", "ballots_issued", "ballots_collected"), 1)
    votes = [{"member_id": ids.unknown, "votes": 1}]
    body = counts | {"position": "secretary", "votes": votes}
    yield from _act(ids, who, "tallies", body, _below(who))


@row()
def list_tallies(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _targets(ids),
        lambda i: Ask("GET", f"/v1/election-cycles/{i}/tallies"),
        sees=_seen(who).__contains__,
        unknown=ids.unknown,
        read=lambda answer: answer.json(),
        exactly=lambda _: {"items": []},
    )


@row()
def report_election(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "reports", {}, _below(who))


@row()
def approve_election(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "approvals", {}, _above(who))


@row()
def cancel_election_cycle(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "cancellations", {}, _below(who), 200)


@row()
def extend_term(ids: Ids, who: Who) -> Cells:
    body = {"until": str(real.TODAY), "document": "x"}
    yield from _act(ids, who, "extensions", body, _above(who), 200)


@row()
def issue_criticism_notice(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "notices", {"number": "x", "recipients": ["y"]}, _above(who))


def _exclusion(member: str) -> Any:
    known = {"member_id": member, "ground": "serving_sentence"}
    return known | {"superior_consent_number": "x"}


@row()
def consent_to_exclusion(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "consents", _exclusion(ids.unknown), _above(who))
    yield from _named(ids, who, "consents", _exclusion, _above(who))


@row()
def exclude_voter(ids: Ids, who: Who) -> Cells:
    yield from _act(ids, who, "exclusions", _exclusion(ids.unknown), _below(who))
    yield from _named(ids, who, "exclusions", _exclusion, _below(who))


@row()
def list_voters(ids: Ids, who: Who) -> Cells:
    def there(node: str) -> list[str]:
        here = (p for p in PEOPLE if PEOPLE[p].node in rights.below(node))
        return sorted(here, key=lambda p: PEOPLE[p].pinyin)

    def asked(channel: str, query: str, read: Any, exactly: Callable[[str], Any]) -> Cells:
        yield from each(
            channel,
            _targets(ids),
            lambda i: Ask("GET", f"/v1/election-cycles/{i}/voters{query}"),
            sees=_seen(who).__contains__,
            unknown=ids.unknown,
            read=read,
            exactly=exactly,
        )

    yield from asked("id", "", in_order, lambda n: [ids.people[p] for p in there(n)])
    yield from asked("day", f"?as_of={YESTERDAY}", in_order, lambda _: [])
    yield from asked(
        "page",
        "?limit=1",
        first_of,
        lambda n: ([ids.people[p] for p in there(n)[:1]], len(there(n)) > 1),
    )
    if "own" in _seen(who):  # a page's mark belongs to its own list
        url = f"/v1/election-cycles/{ids.things[_key('own')]}/voters"
        ask = Ask("GET", f"{url}?after={ids.cursors.get('cycles')}")
        yield Cell("cursor", "own", ask, 400)


def _organizations(answer: Any) -> list[str]:
    return [item["organization_id"] for item in answer.json()["items"]]


@row()
def list_criticism_notices(ids: Ids, who: Who) -> Cells:
    order = [n for n in DUE if n in _seen(who)]
    places = [ids.nodes[n] for n in order]
    first = next(n for n in DUE if n in _seen(CALLERS["province_department"]))

    def asked(channel: str, query: str, wanted: list[str]) -> Cell:
        ask = Ask("GET", f"/v1/election-notices?{query}")
        return Cell(channel, query[:20], ask, 200, read=_organizations, exactly=wanted)

    yield asked("list", "is_open=true&sort=issued_on", places)
    yield asked("filter", "is_open=false", [])
    yield asked("sort", "sort=-issued_on", places[::-1])
    yield asked("page", "limit=1&sort=issued_on", places[:1])
    behind = [ids.nodes[n] for n in order if n != first]
    yield asked("cursor", f"after={ids.cursors.get('notices')}&sort=issued_on", behind)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("root", "parent", "own", "sibling", "near", "far")},
        lambda i: Ask("GET", f"/v1/election-notices?sort=issued_on&within={i}"),
        sees=rights.nodes(who, "elections:read").__contains__,
        unknown=ids.unknown,
        read=_organizations,
        exactly=lambda n: [ids.nodes[o] for o in order if o in rights.below(n)],
    )


@row()
def list_election_practices(ids: Ids, who: Who) -> Cells:
    codes = sorted(rights.districts(who, "elections:read"), reverse=True)
    known = [ids.things[f"practice {code}"] for code in codes]

    def asked(channel: str, query: str, wanted: list[str]) -> Cell:
        ask = Ask("GET", f"/v1/election-practices?{query}")
        return Cell(channel, query[:20], ask, 200, read=in_order, exactly=wanted)

    yield asked("list", "", known)
    yield asked("page", "limit=1", known[:1])
    first = max(rights.districts(CALLERS["province_department"]))
    behind = [ids.things[f"practice {code}"] for code in codes if code != first]
    yield asked("cursor", f"after={ids.cursors.get('practices')}", behind)
    for code in DISTRICTS:
        wanted = [ids.things[f"practice {code}"]] if code in codes else []
        yield asked("filter", f"district_code={code}", wanted)


@row()
def set_election_practice(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        {code: code for code in DISTRICTS},
        lambda code: Ask("POST", "/v1/election-practices", {"district_code": code}),
        sees=rights.districts(who, "elections:read").__contains__,
        may=rights.whole(who, "rules:configure").__contains__,
        unknown=NOWHERE,
        done=201,
    )
