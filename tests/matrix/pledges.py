"""Rows of pledges, their rates and rankings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.pledges.models import Pledge
from tests.long import real
from tests.make.pledges import make_image, make_pledge, new_pledge, picture
from tests.matrix import rights, world
from tests.matrix.cells import Ask, Cell, Cells, each, ids_of, in_order, row, text_of, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, PEOPLE, Who
from tests.matrix.world import Ids


@dataclass(frozen=True)
class Promise:
    """A pledge of the world: an organisation's, or a member's of it."""

    node: str
    status: str
    due: int
    """Days after the world's day."""
    person: str | None = None
    category: str = "services"


PLEDGES = {
    "pledge_parent": Promise("parent", "published", 5),
    "pledge_own": Promise("own", "completed", 2),
    "pledge_draft": Promise("own", "draft", 7),
    "pledge_mine": Promise("own", "completed", 3, "mine"),
    "pledge_below": Promise("child", "draft", 6, "below"),
    "pledge_child": Promise("child", "published", 8),
    "pledge_sibling": Promise("sibling", "confirmed", 4, category="livelihood"),
    "pledge_near": Promise("near", "completed", 1),
    "pledge_far": Promise("far", "completed", 9),
}
IMAGES = ("pledge_parent", "pledge_child")
"""Those with an image."""
PUBLIC = {"published", "completed", "confirmed"}
TODAY, LATER = str(real.TODAY), str(real.TODAY + timedelta(days=30))


def _title(key: str) -> str:
    return f"承诺事项〈{key}〉"


def _due(key: str) -> str:
    return str(real.TODAY + timedelta(days=PLEDGES[key].due))


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Make the pledges; a group's was its branch's once."""
    for key, pledge in PLEDGES.items():
        node = "own" if key == "pledge_child" else pledge.node
        who = {"organization_id": ids.nodes[node]}
        if pledge.person is not None:
            who = {"member_id": ids.people[pledge.person]}
        made = await make_pledge(
            session,
            pledge.status,
            title=_title(key),
            due_on=_due(key),
            category=pledge.category,
            district_code=NODES[pledge.node].district,
            **who,
        )
        ids.things[key] = str(made)
    for key in IMAGES:
        district = NODES[PLEDGES[key].node].district
        pledge = UUID(ids.things[key])
        made = await make_image(session, world.STORE, pledge, district_code=district)
        ids.things[f"{key}_image"] = str(made)
    moved = update(Pledge).where(Pledge.id == UUID(ids.things["pledge_child"]))
    await session.execute(moved.values(organization_id=UUID(ids.nodes["child"])))


world.FILLS.append(fill)
world.NAMED += [*PLEDGES, *(f"{key}_image" for key in IMAGES)]
world.CURSORS |= {
    "pledges": ("province_department", "/v1/pledges?"),
    "rates": ("province_department", "/v1/pledges/rates?"),
    "rankings": ("province_department", "/v1/pledges/rankings?"),
}

# ── The model


def _published(who: Who) -> set[str]:
    """Name the organisations whose published pledges `who` sees."""
    branch = rights.below(PEOPLE[who.person].node) if who.person else set()
    return rights.nodes(who, "published:read") | branch


def _is_own(who: Who, key: str) -> bool:
    return who.person is not None and PLEDGES[key].person == who.person


def _seen(who: Who) -> set[str]:
    read, published = rights.nodes(who, "pledges:read"), _published(who)
    return {
        key
        for key, pledge in PLEDGES.items()
        if pledge.node in read
        or _is_own(who, key)
        or (pledge.node in published and pledge.status in PUBLIC)
    }


def _sees(who: Who) -> Callable[[str], bool]:
    return _seen(who).__contains__


def _writes(who: Who) -> Callable[[str], bool]:
    may = rights.nodes(who, "pledges:write")
    return lambda key: PLEDGES[key].node in may or _is_own(who, key)


def _judges(who: Who) -> Callable[[str], bool]:
    may = rights.nodes(who, "pledges:confirm")

    def judges(key: str) -> bool:
        pledge = PLEDGES[key]
        is_below = pledge.person is None or NODES[pledge.node].kind == "party_group"
        above = NODES[pledge.node].parent if is_below else pledge.node
        return above in may or _is_own(who, key)

    return judges


def _ids(ids: Ids) -> dict[str, str]:
    return {key: ids.things[key] for key in PLEDGES}


# ── One pledge


@row()
def get_pledge(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("GET", f"/v1/pledges/{i}"),
        sees=_sees(who),
        unknown=ids.unknown,
        read=lambda answer: answer.json()["title"],
        exactly=_title,
    )


@row()
def draft_pledge(ids: Ids, who: Who) -> Cells:
    def ask(organization_id: str) -> Ask:
        new = new_pledge(organization_id=organization_id, title="新承诺", due_on=TODAY)
        return Ask("POST", "/v1/pledges", new)

    def ask_for(member_id: str) -> Ask:
        new = new_pledge(member_id=member_id, title="新承诺", due_on=TODAY)
        return Ask("POST", "/v1/pledges", new)

    no = {"district_committee", "party_group"}
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in NODES},
        ask,
        sees=rights.nodes(who).__contains__,
        may=rights.nodes(who, "pledges:write").__contains__,
        unknown=ids.unknown,
        done=lambda n: 409 if NODES[n].kind in no else 201,
    )
    writes = rights.nodes(who, "pledges:write")
    yield from each(
        "nested",
        {p: ids.people[p] for p in PEOPLE},
        ask_for,
        sees=rights.people(who).__contains__,
        may=lambda p: PEOPLE[p].node in writes or p == who.person,
        unknown=ids.unknown,
        done=201,
    )
    own = {"pledger_kind": "member", "title": "新承诺", "category": "other", "due_on": TODAY}
    yield Cell("access", "own", Ask("POST", "/v1/pledges", own), 201 if who.person else 422)


@row()
def edit_pledge(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _ids(ids),
        lambda i, headers: Ask("PATCH", f"/v1/pledges/{i}", {"title": "新名"}, headers),
        sees=_sees(who),
        may=_writes(who),
        unknown=ids.unknown,
        done=lambda key: 200 if PLEDGES[key].status == "draft" else 412,
    )


def _step(
    ids: Ids,
    who: Who,
    name: str,
    froms: set[str],
    *,
    json: Any = None,
    above: bool = False,
    done: int = 200,
) -> Cells:
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("POST", f"/v1/pledges/{i}/{name}", json),
        sees=_sees(who),
        may=_judges(who) if above else _writes(who),
        unknown=ids.unknown,
        done=lambda key: done if PLEDGES[key].status in froms else 409,
    )


@row()
def publish_pledge(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "publications", {"draft"})


@row()
def add_pledge_evidence(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "evidence", {"published"}, json={"text": "x"}, done=201)


@row()
def add_pledge_image(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("POST", f"/v1/pledges/{i}/evidence/images", file=picture()),
        sees=_sees(who),
        may=_writes(who),
        unknown=ids.unknown,
        done=lambda key: 201 if PLEDGES[key].status == "published" else 409,
    )


def _size(answer: httpx.Response) -> Any:
    return answer.headers["content-type"], answer.content[:4]


@row()
def get_pledge_image(ids: Ids, who: Who) -> Cells:
    def ask(pledge: str, image: str) -> Ask:
        return Ask("GET", f"/v1/pledges/{pledge}/evidence/{image}/image")

    nothing = ask(ids.unknown, ids.unknown)
    sees = _sees(who)
    for key in IMAGES:
        asked = ask(ids.things[key], ids.things[f"{key}_image"])
        if sees(key):
            shown = "image/png", b"\x89PNG"
            yield Cell("id", key, asked, 200, read=_size, exactly=shown)
        else:
            yield Cell("id", key, asked, 404, nothing)
        for other in PLEDGES:  # a pledge that is seen opens no image of another
            if other != key:
                image = ask(ids.things[other], ids.things[f"{key}_image"])
                yield Cell("nested", key, image, 404, nothing)
        yield Cell("id", "unknown", ask(ids.things[key], ids.unknown), 404, nothing)


@row()
def complete_pledge(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _ids(ids),
        lambda i: Ask("POST", f"/v1/pledges/{i}/completions"),
        sees=_sees(who),
        may=_writes(who),
        unknown=ids.unknown,
        done=lambda key: 200 if key in IMAGES and PLEDGES[key].status == "published" else 409,
    )


@row()
def confirm_pledge(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "confirmations", {"completed"}, above=True)


@row()
def return_pledge(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "returns", {"completed"}, json={"reason": "x"}, above=True)


@row()
def withdraw_pledge(ids: Ids, who: Who) -> Cells:
    yield from _step(ids, who, "withdrawals", {"draft", "published"}, json={"reason": "x"})


# ── Lists


def _filters(ids: Ids, seen: set[str]) -> dict[tuple[str, str, str], set[str]]:
    """Give filters that name things, and which of `seen` each leaves."""
    made: dict[tuple[str, str, str], set[str]] = {}

    def keep(channel: str, target: str, query: str, wanted: Callable[[Promise], bool]) -> None:
        made[channel, target, query] = {k for k in seen if wanted(PLEDGES[k])}

    for node in ("parent", "own", "child", "sibling", "near", "far"):
        query = f"organization_id={ids.nodes[node]}"
        keep("filter", node, query, lambda p, node=node: p.node == node)  # type: ignore[misc]
    for person in ("mine", "below"):
        query = f"member_id={ids.people[person]}"
        keep("filter", person, query, lambda p, who=person: p.person == who)  # type: ignore[misc]
    keep("filter", "member", "pledger_kind=member", lambda p: p.person is not None)
    keep("filter", "livelihood", "category=livelihood", lambda p: p.category == "livelihood")
    keep("filter", "draft", "status=draft", lambda p: p.status == "draft")
    day = real.TODAY + timedelta(days=5)
    keep("filter", "early", f"due_to={day}", lambda p: p.due <= 5)
    keep("filter", "late", f"due_from={day}", lambda p: p.due >= 5)
    late = f"overdue=true&as_of={LATER}"
    keep("day", "overdue", late, lambda p: p.status == "published")
    return made


@row()
def list_pledges(ids: Ids, who: Who) -> Cells:
    seen = _seen(who)

    def found(keys: set[str]) -> list[str]:
        return sorted(ids.things[k] for k in keys)

    def asked(query: str) -> Ask:
        return Ask("GET", f"/v1/pledges?limit=200&{query}")

    nothing = asked(f"organization_id={ids.unknown}")
    yield Cell("list", "all", asked(""), 200, exactly=found(seen), read=ids_of)
    for (channel, target, query), wanted in _filters(ids, seen).items():
        like = None if wanted else nothing
        yield Cell(channel, target, asked(query), 200, like, exactly=found(wanted), read=ids_of)
    places = rights.nodes(who, "pledges:read") | _published(who)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in NODES},
        lambda i: asked(f"within={i}"),
        sees=places.__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: found({k for k in seen if PLEDGES[k].node in rights.below(n)}),
    )
    orders = {
        "due_on": sorted(seen, key=lambda k: PLEDGES[k].due),
        "created": sorted(seen, key=lambda k: ids.things[k]),
    }
    for name, order in orders.items():
        for sign, run in (("", order), ("-", order[::-1])):
            ask = Ask("GET", f"/v1/pledges?sort={sign}{name}")
            wanted_order = [ids.things[k] for k in run]
            yield Cell("sort", f"{sign}{name}", ask, 200, read=in_order, exactly=wanted_order)
    order = orders["due_on"]
    page = ([ids.things[k] for k in order[:1]], len(order) > 1)
    one = Ask("GET", "/v1/pledges?limit=1")
    yield Cell("page", "due_on", one, 200, read=first_of, exactly=page)
    mark = min(PLEDGES[k].due for k in _seen(CALLERS["province_department"]))
    behind = [ids.things[k] for k in order if PLEDGES[k].due > mark]
    ask = Ask("GET", f"/v1/pledges?after={ids.cursors.get('pledges')}")
    yield Cell("cursor", "due_on", ask, 200, read=in_order, exactly=behind)


def _exported(answer: httpx.Response) -> Any:
    text = text_of(answer)
    return sorted(k for k in PLEDGES if _title(k) in text), len(re.findall("<row ", text)) - 1


@row()
def export_pledges(ids: Ids, who: Who) -> Cells:
    places = rights.nodes(who, "pledges:export")
    seen = {k for k, pledge in PLEDGES.items() if pledge.node in places}

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/pledges/export.xlsx?{query}")

    def found(keys: set[str]) -> Any:
        return sorted(keys), len(keys)

    filters = _filters(ids, seen)
    if not places:
        refused = ask("")
        for channel, target, query in filters:
            yield Cell(channel, target, ask(query), 403, refused)
        for node in ("own", "sibling", "near"):
            yield Cell("export", node, ask(f"within={ids.nodes[node]}"), 403, refused)
        return
    yield Cell("export", "all", ask(""), 200, read=_exported, exactly=found(seen))
    for (channel, target, query), wanted in filters.items():
        yield Cell(channel, target, ask(query), 200, read=_exported, exactly=found(wanted))
    yield from each(
        "export",
        {n: ids.nodes[n] for n in ("root", "parent", "own", "sibling", "near", "far")},
        lambda i: ask(f"within={i}"),
        sees=places.__contains__,
        unknown=ids.unknown,
        read=_exported,
        exactly=lambda n: found({k for k in seen if PLEDGES[k].node in rights.below(n)}),
    )


# ── Rates and rankings


def _counts(nodes: set[str], *, categories: set[str] | None = None) -> tuple[int, int]:
    """Count what was published in `nodes`, and what of it was confirmed: (done, total)."""
    held = [
        p
        for p in PLEDGES.values()
        if p.node in nodes
        and p.status in PUBLIC
        and (categories is None or p.category in categories)
    ]
    return sum(p.status == "confirmed" for p in held), len(held)


def _overall(answer: httpx.Response) -> Any:
    rate = answer.json()["overall"]
    return rate["numerator"], rate["denominator"]


def _groups(answer: httpx.Response) -> Any:
    return [(i["key"], i["numerator"], i["denominator"]) for i in answer.json()["items"]]


def _in_tree(ids: Ids, nodes: set[str]) -> list[str]:
    return sorted(nodes, key=lambda n: (NODES[n].district, ids.paths[n]))


@row()
def list_pledge_rates(ids: Ids, who: Who) -> Cells:
    seen = rights.nodes(who, "pledges:read")

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/pledges/rates?{query}")

    def groups(nodes: list[str]) -> list[tuple[str, int, int]]:
        return [(ids.nodes[n], *_counts({n})) for n in nodes]

    order = _in_tree(ids, seen)
    for by, wanted in (
        ("organization", groups(order)),
        ("subtree", [(ids.nodes[n], *_counts(rights.below(n) & seen)) for n in order]),
    ):
        yield Cell("count", by, ask(f"by={by}&limit=200"), 200, read=_groups, exactly=wanted)
    done, total = _counts(seen)
    by_month = [("2019-12", done, total)] if total else []
    yield Cell("count", "month", ask("by=month"), 200, read=_groups, exactly=by_month)
    yield from each(
        "count",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(f"within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=_overall,
        exactly=lambda n: _counts(rights.below(n)),
    )
    members = sum(
        p.person is not None and p.status in PUBLIC and p.node in seen for p in PLEDGES.values()
    )
    for channel, query, counts in (
        ("day", "as_of=2019-12-30", (0, 0)),
        ("day", f"as_of={LATER}", (done, total)),
        ("filter", "from=2020-01-01", (0, 0)),
        ("filter", f"to={TODAY}", (done, total)),
        ("filter", "category=livelihood", _counts(seen, categories={"livelihood"})),
        ("filter", "pledger_kind=member", (0, members)),
    ):
        yield Cell(channel, query, ask(query), 200, read=_overall, exactly=counts)
    first = groups(order)[:1]
    yield Cell("page", "first", ask("limit=1"), 200, read=_groups, exactly=first)
    province = _in_tree(ids, rights.nodes(CALLERS["province_department"], "pledges:read"))[0]
    behind = groups(order[order.index(province) + 1 :]) if province in order else []
    after = ask(f"after={ids.cursors.get('rates')}")
    yield Cell("cursor", "organization", after, 200, read=_groups, exactly=behind)


def _ranking(answer: httpx.Response) -> Any:
    names = ("rank", "organization_id", "numerator", "denominator")
    return [tuple(i[n] for n in names) for i in answer.json()["items"]]


def _ranked(
    ids: Ids, nodes: set[str], count: Callable[[set[str]], tuple[int, int]] = _counts
) -> list[tuple[int | None, str, int, int]]:
    """Rank the branches of `nodes`."""
    shares: Mapping[str, Fraction | None] = {
        n: Fraction(done, total) if total else None
        for n in nodes
        if NODES[n].kind == "party_branch"
        for done, total in [count(rights.below(n))]
    }
    known = [s for s in shares.values() if s is not None]

    def order(node: str) -> Any:
        share = shares[node]
        return share is None, -(share or 0), NODES[node].district, ids.paths[node]

    return [
        (
            None if (share := shares[n]) is None else 1 + sum(s > share for s in known),
            ids.nodes[n],
            *count(rights.below(n)),
        )
        for n in sorted(shares, key=order)
    ]


@row()
def list_pledge_rankings(ids: Ids, who: Who) -> Cells:
    seen = rights.nodes(who, "pledges:read")

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/pledges/rankings?{query}")

    whole = _ranked(ids, seen)
    yield Cell("count", "all", ask(""), 200, read=_ranking, exactly=whole)
    yield from each(
        "count",
        {n: ids.nodes[n] for n in NODES},
        lambda i: ask(f"within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=_ranking,
        exactly=lambda n: _ranked(ids, rights.below(n)),
    )

    def nothing(_: set[str]) -> tuple[int, int]:
        return 0, 0

    def livelihood(nodes: set[str]) -> tuple[int, int]:
        return _counts(nodes, categories={"livelihood"})

    none = _ranked(ids, seen, nothing)
    for channel, query, wanted in (
        ("day", f"as_of={LATER}", whole),
        ("filter", "from=2020-01-01", none),
        ("filter", f"to={TODAY}&pledger_kind=organization&category=development", none),
        ("filter", "category=livelihood", _ranked(ids, seen, livelihood)),
    ):
        yield Cell(channel, query, ask(query), 200, read=_ranking, exactly=wanted)
    yield Cell("page", "first", ask("limit=1"), 200, read=_ranking, exactly=whole[:1])
    province = rights.nodes(CALLERS["province_department"], "pledges:read")
    mark = _ranked(ids, province)[0][1]
    places = [r[1] for r in whole]
    behind = whole[places.index(mark) + 1 :] if mark in places else []
    after = ask(f"after={ids.cursors.get('rankings')}")
    yield Cell("cursor", "rank", after, 200, read=_ranking, exactly=behind)
