"""Rows of postings, their vacancies and poor households."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.postings.models import PoorHousehold, Posting
from tests.matrix import rights, world
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, PEOPLE, Who
from tests.matrix.world import Ids

SERVING = {"own": "beside", "sibling": "below", "near": "near", "far": "far"}
"""Organisations with a first secretary, and who serves: of two in one district another's member."""
NAMED = ("own", "sibling", "near")
"""Those by which the filters are asked."""
DAYS = {key: date(2019, 12, n) for n, key in enumerate(SERVING, 1)}
URLS = {"posting": "postings", "household": "poor-households"}
world.NAMED += [f"{kind} {key}" for kind in URLS for key in SERVING]
world.CURSORS |= {url: ("province_department", f"/v1/{url}?") for url in URLS.values()}


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each organisation a first secretary, and a poor household paired with them."""
    for number, (key, person) in enumerate(SERVING.items(), 1):
        code, day = NODES[key].district, DAYS[key]
        made = {kind: new_id() for kind in URLS}
        ids.things |= {f"{kind} {key}": str(made[kind]) for kind in URLS}
        here = {"district_code": code, "organization_id": UUID(ids.nodes[key]), "valid_from": day}
        posted = {"member_id": UUID(ids.people[person]), "post": "first_secretary"}
        session.add(Posting(id=made["posting"], due_on=date(2020, 12, number), **here, **posted))
        await session.flush()
        paired = {"number": number, "posting_id": made["posting"], "paired_on": day}
        session.add(PoorHousehold(id=made["household"], **here, **paired))
    await session.flush()


world.FILLS.append(fill)


def _targets(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in SERVING}


def _reads(who: Who) -> set[str]:
    return rights.nodes(who, "postings:read")


def _writes(who: Who) -> set[str]:
    return rights.nodes(who, "postings:write")


def _shown(ids: Ids, who: Who) -> set[str]:
    """Collect who serves in sight, though their own branch may be out of it."""
    people = [person for key, person in SERVING.items() if key in _reads(who)]
    return {PEOPLE[p].name for p in people} | {ids.people[p] for p in people}


SHOWN |= dict.fromkeys(
    (
        *("list_postings", "get_posting", "edit_posting", "extend_posting", "end_posting"),
        *("list_poor_households", "pair_poor_household", "lift_poor_household"),
    ),
    _shown,
)


def _does(ids: Ids, who: Who, kind: str, action: str, body: dict[str, object]) -> Cells:
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("POST", f"/v1/{URLS[kind]}/{i}/{action}", body),
        sees=_reads(who).__contains__,
        may=_writes(who).__contains__,
        unknown=ids.unknown,
    )


def _lists(
    ids: Ids, who: Who, kind: str, sort: str, filters: Mapping[str, Mapping[str, set[str]]]
) -> Cells:
    url, things = f"/v1/{URLS[kind]}", _targets(ids, kind)
    mine = [key for key in SERVING if key in _reads(who)]
    asked = {"list all": ("", set(SERVING))}
    asked |= {
        f"filter {n} {v}": (f"{n}={v}", k) for n, of in filters.items() for v, k in of.items()
    }
    for name, (query, left) in asked.items():
        wanted = sorted(things[k] for k in mine if k in left)
        channel = name.partition(" ")[0]
        yield Cell(channel, name, Ask("GET", f"{url}?{query}"), 200, exactly=wanted, read=ids_of)
    before = Ask("GET", f"{url}?as_of=2019-11-30")
    yield Cell("day", "before", before, 200, exactly=[], read=ids_of)
    for sign, keys in (("", mine), ("-", mine[::-1])):
        ask, order = Ask("GET", f"{url}?sort={sign}{sort}"), [things[k] for k in keys]
        yield Cell("sort", f"{sign}{sort}", ask, 200, exactly=order, read=in_order)
    page = ([things[k] for k in mine[:1]], len(mine) > 1)
    yield Cell("page", sort, Ask("GET", f"{url}?limit=1"), 200, exactly=page, read=first_of)
    first = next(k for k in SERVING if k in _reads(CALLERS["province_department"]))
    behind = [things[k] for k in mine if DAYS[k] > DAYS[first]]
    ask = Ask("GET", f"{url}?after={ids.cursors.get(URLS[kind])}")
    yield Cell("cursor", sort, ask, 200, exactly=behind, read=in_order)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("parent", *NAMED)},
        lambda i: Ask("GET", f"{url}?within={i}"),
        sees=_reads(who).__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: sorted(things[k] for k in SERVING if k in rights.below(n)),
    )


# ── Postings


@row()
def list_postings(ids: Ids, who: Who) -> Cells:
    filters: dict[str, dict[str, set[str]]] = {
        "organization_id": {ids.nodes[k]: {k} for k in NAMED},
        "member_id": {ids.people[SERVING[k]]: {k} for k in NAMED},
        "post": {"first_secretary": set(SERVING), "secretary": set()},
        "extended": {"true": set(), "false": set(SERVING)},
        "due_to": {"2020-12-02": {"own", "sibling"}},
        "ended": {"true": set()},
    }
    yield from _lists(ids, who, "posting", "valid_from", filters)


@row()
def get_posting(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _targets(ids, "posting"),
        lambda i: Ask("GET", f"/v1/postings/{i}"),
        sees=_reads(who).__contains__,
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id"],
        exactly=lambda key: ids.things[f"posting {key}"],
    )


def _new(organization_id: str, member_id: str) -> Ask:
    new = {"organization_id": organization_id, "member_id": member_id, "post": "secretary"}
    return Ask("POST", "/v1/postings", new | {"valid_from": "2019-12-31"})


@row()
def post_member(ids: Ids, who: Who) -> Cells:
    at = {person.node: key for key, person in PEOPLE.items() if key != "new"}
    people = {ids.nodes[node]: ids.people[key] for node, key in at.items()}
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in at},
        lambda i: _new(i, people.get(i, ids.people["mine"])),
        sees=rights.nodes(who).__contains__,
        may=_writes(who).__contains__,
        unknown=ids.unknown,
        done=lambda n: 409 if NODES[n].kind == "party_group" else 201,
    )
    if "own" in _writes(who):
        yield from each(
            "nested",
            {p: ids.people[p] for p in PEOPLE},
            lambda i: _new(ids.nodes["own"], i),
            sees=lambda p: rights.sees_person(who, p),
            unknown=ids.unknown,
            done=lambda p: 201 if NODES[PEOPLE[p].node].district == rights.HOME else 422,
        )


@row()
def edit_posting(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _targets(ids, "posting"),
        lambda i, headers: Ask("PATCH", f"/v1/postings/{i}", {"decision": "甲1号"}, headers),
        sees=_reads(who).__contains__,
        may=_writes(who).__contains__,
        unknown=ids.unknown,
    )


@row()
def extend_posting(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "posting", "extensions", {"months": 12, "decision": "甲2号"})


@row()
def end_posting(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "posting", "endings", {"on": "2019-12-31", "reason": "x"})


@row()
def list_vacancies(ids: Ids, who: Who) -> Cells:
    """Ask for what nobody lacks: the world has no grid, no community and no village."""
    url = "/v1/postings/vacancies"
    for channel, query in (
        ("list", ""),
        ("day", "as_of=2019-12-30"),
        ("sort", "sort=-place"),
        ("filter", "unit=community&post=director"),
        ("page", "limit=1"),
    ):
        yield Cell(channel, query, Ask("GET", f"{url}?{query}"), 200, exactly=[], read=ids_of)
    yield Cell("cursor", "other", Ask("GET", f"{url}?after={ids.cursors.get('postings')}"), 400)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("parent", *NAMED)},
        lambda i: Ask("GET", f"{url}?within={i}"),
        sees=_reads(who).__contains__,
        unknown=ids.unknown,
    )


# ── Poor households


@row()
def list_poor_households(ids: Ids, who: Who) -> Cells:
    filters: dict[str, dict[str, set[str]]] = {
        "organization_id": {ids.nodes[k]: {k} for k in NAMED},
        "posting_id": {ids.things[f"posting {k}"]: {k} for k in NAMED},
        "paired": {"true": set(SERVING), "false": set()},
    }
    yield from _lists(ids, who, "household", "valid_from", filters)


@row()
def record_poor_household(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "child", "parent", "sibling", "near", "far")},
        lambda i: Ask(
            "POST",
            "/v1/poor-households",
            {"organization_id": i, "number": 99, "valid_from": "2019-12-31"},
        ),
        sees=rights.nodes(who).__contains__,
        may=_writes(who).__contains__,
        done=409,  # none of them is a village: that is known to who may write there alone
        unknown=ids.unknown,
    )


@row()
def pair_poor_household(ids: Ids, who: Who) -> Cells:
    def ask(household: str, posting: str) -> Ask:
        body = {"posting_id": posting}
        return Ask("POST", f"/v1/poor-households/{household}/pairings", body)

    own = dict(
        zip(_targets(ids, "household").values(), _targets(ids, "posting").values(), strict=True)
    )
    yield from each(
        "id",
        _targets(ids, "household"),
        lambda i: ask(i, own.get(i, ids.unknown)),
        sees=_reads(who).__contains__,
        may=_writes(who).__contains__,
        unknown=ids.unknown,
    )
    if "own" in _writes(who):
        yield from each(
            "nested",
            _targets(ids, "posting"),
            lambda i: ask(ids.things["household own"], i),
            sees=_reads(who).__contains__,
            unknown=ids.unknown,
            done=lambda key: 200 if key == "own" else 409,
        )


@row()
def lift_poor_household(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "household", "endings", {"on": "2019-12-31"})
