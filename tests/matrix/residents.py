"""The rows of service to residents and of residents' wishes."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import new_id
from app.residents.models import ServiceClaim, ServicePost, ServiceRecord
from app.wishes.models import Wish
from app.wishes.service import context
from tests.long import real
from tests.make.residents import new_post, new_record, new_wish
from tests.matrix import rights, world
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, PEOPLE, Who
from tests.matrix.world import Ids

CLAIMANTS = {"own": "beside", "sibling": "below", "near": "near", "far": "far"}
"""Communities with a post, and who claims it: of the two in one district, another's member."""
DAYS = {key: date(2019, 12, n) for n, key in enumerate(CLAIMANTS, 1)}
TAKEN = "sibling"
"""The one wish that is taken: by the member who claims there."""
KINDS = ("post", "claim", "record", "wish")
world.NAMED += [f"{kind} {key}" for kind in KINDS for key in CLAIMANTS]


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each community a post, a claim on it, a record of it and a wish."""
    for key, person in CLAIMANTS.items():
        code, day = NODES[key].district, DAYS[key]
        made = {kind: new_id() for kind in KINDS}
        ids.things |= {f"{kind} {key}": str(made[kind]) for kind in KINDS}
        given = new_post(UUID(ids.nodes[key])) | {"starts_on": day, "status": "open"}
        given["organization_id"] = UUID(ids.nodes[key])
        session.add(ServicePost(district_code=code, id=made["post"], **given))
        await session.flush()
        claim = {"post_id": made["post"], "member_id": UUID(ids.people[person])}
        claim |= {"status": "active", "claimed_on": day, "accepted_on": day}
        session.add(ServiceClaim(district_code=code, id=made["claim"], **claim))
        await session.flush()
        record = {"claim_id": made["claim"], "served_on": day, "beneficiaries": 5}
        record |= {"content": "清扫楼道", "status": "recorded", "recorded_by": new_id()}
        session.add(ServiceRecord(district_code=code, id=made["record"], **record))
        wish = {"organization_id": UUID(ids.nodes[key]), "title": "收音机", "content": "想听评书"}
        wish |= {"posted_on": day, "moved_on": day, "status": "open"}
        if key == TAKEN:
            wish |= {"status": "taken", "member_id": claim["member_id"], "taken_on": day}
        text = '{"name":"甲","address":"乙","phone":"0453-6220000"}'
        wish["contact_cipher"] = real.KEYS.encrypt(text, context(made["wish"]))
        session.add(Wish(district_code=code, id=made["wish"], **wish))
        await session.flush()


world.FILLS.append(fill)
LISTS = {
    "post": "service-posts",
    "claim": "service-claims",
    "record": "service-records",
    "wish": "wishes",
}
world.CURSORS |= {url: ("province_department", f"/v1/{url}?") for url in LISTS.values()}


# ── Who sees and may do what


def _at(who: Who, right: str) -> set[str]:
    return rights.nodes(who, f"service:{right}")


def _in_home(who: Who, key: str) -> bool:
    return who.person is not None and NODES[key].district == who.home


def _own(who: Who, key: str) -> bool:
    return who.person is not None and who.person == CLAIMANTS[key]


def _sides(who: Who, key: str, right: str) -> bool:
    return bool({key, PEOPLE[CLAIMANTS[key]].node} & _at(who, right)) or _own(who, key)


def sees(who: Who, kind: str, key: str) -> bool:
    """Tell whether `who` may see a thing of the community `key`."""
    if kind in {"claim", "record"}:
        return _sides(who, key, "read")
    if key in _at(who, "read"):
        return True
    return _in_home(who, key) and (kind == "post" or key != TAKEN or _own(who, key))


def _seen(who: Who, kind: str) -> list[str]:
    return [key for key in CLAIMANTS if sees(who, kind, key)]


def _shown(ids: Ids, who: Who) -> set[str]:
    """Collect what things that are in sight tell of people and organisations that are not."""
    marks = set()
    for kind in KINDS:
        for key in _seen(who, kind):
            marks |= {NODES[key].name, ids.nodes[key]}
            person = PEOPLE[CLAIMANTS[key]]
            if kind in {"claim", "record"} or key == TAKEN:
                marks |= {person.name, ids.people[CLAIMANTS[key]]}
                marks |= {NODES[person.node].name, ids.nodes[person.node]}
    return marks


def _targets(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in CLAIMANTS}


def _does(
    ids: Ids, who: Who, kind: str, action: str, may: Any, done: Any, body: Any = None
) -> Cells:
    """Ask for an action on each thing of a kind."""
    url = LISTS[kind]
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("POST", f"/v1/{url}/{i}/{action}", body),
        sees=lambda key: sees(who, kind, key),
        may=may,
        done=done,
        unknown=ids.unknown,
    )


def _shows(ids: Ids, who: Who, kind: str) -> Cells:
    url = LISTS[kind]
    yield from each(
        "id",
        _targets(ids, kind),
        lambda i: Ask("GET", f"/v1/{url}/{i}"),
        sees=lambda key: sees(who, kind, key),
        unknown=ids.unknown,
        read=lambda answer: answer.json()["id"],
        exactly=lambda key: ids.things[f"{kind} {key}"],
    )


def _lists(
    ids: Ids, who: Who, kind: str, sort: str, filters: Mapping[str, Mapping[str, set[str]]]
) -> Cells:
    """Ask for a list: all, by filters that name things, in both orders, a page, a foreign cursor.

    `filters` gives, by parameter and value, the communities whose things it leaves.
    """
    url, mine = f"/v1/{LISTS[kind]}", _seen(who, kind)
    things = _targets(ids, kind)
    everything = Ask("GET", f"{url}?limit=200")
    yield Cell("list", "all", everything, 200, exactly=sorted(things[k] for k in mine), read=ids_of)
    for name, values in filters.items():
        for value, left in values.items():
            wanted = sorted(things[k] for k in mine if k in left)
            ask = Ask("GET", f"{url}?{name}={value}")
            yield Cell("filter", f"{name} {value}", ask, 200, exactly=wanted, read=ids_of)
    for sign, keys in (("", mine), ("-", mine[::-1])):  # the model's order is that of the days
        ask, order = Ask("GET", f"{url}?sort={sign}{sort}"), [things[k] for k in keys]
        yield Cell("sort", f"{sign}{sort}", ask, 200, exactly=order, read=in_order)
    page = ([things[k] for k in mine[::-1][:1]], len(mine) > 1)
    yield Cell("page", sort, Ask("GET", f"{url}?limit=1"), 200, exactly=page, read=first_of)
    last = _seen(CALLERS["province_department"], kind)[-1]
    behind = [things[k] for k in mine[::-1] if DAYS[k] < DAYS[last]]
    ask = Ask("GET", f"{url}?after={ids.cursors.get(LISTS[kind])}")
    yield Cell("cursor", sort, ask, 200, exactly=behind, read=in_order)


def _within(ids: Ids, who: Who, kind: str) -> Cells:
    things = _targets(ids, kind)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("own", "parent", "sibling", "near")},
        lambda i: Ask("GET", f"/v1/{LISTS[kind]}?within={i}"),
        sees=_at(who, "read").__contains__,
        unknown=ids.unknown,
        read=ids_of,
        exactly=lambda n: sorted(things[k] for k in CLAIMANTS if k in rights.below(n)),
    )


def _of(named: Mapping[str, str]) -> dict[str, set[str]]:
    """Filter by each of the communities' own things."""
    return {value: {key} for key, value in named.items()}


ALL, NONE = set(CLAIMANTS), set[str]()


# ── Posts


@row()
def list_service_posts(ids: Ids, who: Who) -> Cells:
    filters: dict[str, dict[str, set[str]]] = {
        "organization_id": _of({key: ids.nodes[key] for key in CLAIMANTS}),
        "category": {"environment": ALL, "care": NONE},
        "status": {"open": ALL, "closed": NONE},
    }
    yield from _lists(ids, who, "post", "starts_on", filters)
    yield from _within(ids, who, "post")


@row()
def get_service_post(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "post")


def _publishes(ids: Ids, who: Who, url: str, body: Any) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "child", "parent", "sibling", "near", "far")},
        lambda i: Ask("POST", url, body(i)),
        sees=rights.nodes(who).__contains__,
        may=_at(who, "write").__contains__,
        done=409,  # none of them is a community: that is known to who may write there alone
        unknown=ids.unknown,
    )


@row()
def publish_service_post(ids: Ids, who: Who) -> Cells:
    yield from _publishes(ids, who, "/v1/service-posts", new_post)


@row()
def edit_service_post(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _targets(ids, "post"),
        lambda i, headers: Ask("PATCH", f"/v1/service-posts/{i}", {"capacity": 9}, headers),
        sees=lambda key: sees(who, "post", key),
        may=_at(who, "write").__contains__,
        unknown=ids.unknown,
    )


@row()
def close_service_post(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "post", "closures", _at(who, "write").__contains__, 200)


@row()
def claim_service_post(ids: Ids, who: Who) -> Cells:
    def alone(key: str) -> int:
        return 422 if who.person is None else 409 if _own(who, key) else 201

    yield from _does(ids, who, "post", "claims", None, alone, {})
    writes = _at(who, "write")

    def may(person: str) -> bool:
        return person == who.person or bool({"own", PEOPLE[person].node} & writes)

    def done(person: str) -> int:
        if NODES[PEOPLE[person].node].district != rights.HOME:
            return 422
        return 409 if person == CLAIMANTS["own"] else 201

    yield from each(
        "nested",
        {p: ids.people[p] for p in PEOPLE},
        lambda i: Ask("POST", f"/v1/service-posts/{ids.things['post own']}/claims", _member(i)),
        sees=lambda p: sees(who, "post", "own") and rights.sees_person(who, p),
        may=may,
        done=done,
        unknown=ids.unknown,
    )


def _member(member_id: str) -> dict[str, str]:
    return {"member_id": member_id}


# ── Claims


@row()
def list_service_claims(ids: Ids, who: Who) -> Cells:
    filters: dict[str, dict[str, set[str]]] = {
        "post_id": _of(_targets(ids, "post")),
        "member_id": _of({key: ids.people[p] for key, p in CLAIMANTS.items()}),
        "status": {"active": ALL, "pending": NONE},
    }
    yield from _lists(ids, who, "claim", "claimed_on", filters)


@row()
def get_service_claim(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "claim")


@row()
def accept_service_claim(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "claim", "acceptances", _at(who, "write").__contains__, 409)


@row()
def reject_service_claim(ids: Ids, who: Who) -> Cells:
    may, why = _at(who, "write").__contains__, {"reason": "x"}
    yield from _does(ids, who, "claim", "rejections", may, 409, why)


@row()
def exit_service_claim(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "claim", "exits", lambda key: _sides(who, key, "write"), 200)


@row()
def finish_service_claim(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "claim", "completions", _at(who, "write").__contains__, 200)


# ── Records


@row()
def list_service_records(ids: Ids, who: Who) -> Cells:
    days = {key: day.isoformat() for key, day in DAYS.items()}
    filters: dict[str, dict[str, set[str]]] = {
        "claim_id": _of(_targets(ids, "claim")),
        "post_id": _of(_targets(ids, "post")),
        "member_id": _of({key: ids.people[p] for key, p in CLAIMANTS.items()}),
        "status": {"recorded": ALL, "confirmed": NONE},
        "served_from": {days["sibling"]: ALL - {"own"}},
        "served_to": {days["sibling"]: {"own", "sibling"}},
    }
    yield from _lists(ids, who, "record", "served_on", filters)


@row()
def get_service_record(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "record")


def _record(claim_id: str) -> dict[str, Any]:
    return new_record(UUID(claim_id), served_on="2019-12-31")


@row()
def record_service(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        _targets(ids, "claim"),
        lambda i: Ask("POST", "/v1/service-records", _record(i)),
        sees=lambda key: sees(who, "claim", key),
        may=lambda key: _sides(who, key, "write"),
        done=201,
        unknown=ids.unknown,
    )


@row()
def record_services(ids: Ids, who: Who) -> Cells:
    def ask(claim_id: str) -> Ask:
        return Ask("POST", "/v1/service-records/batches", {"rows": [_record(claim_id)]})

    for key, claim_id in _targets(ids, "claim").items():
        if not sees(who, "claim", key):
            yield Cell("bulk", key, ask(claim_id), 422, ask(ids.unknown))
        else:
            status = 201 if _sides(who, key, "write") else 403
            yield Cell("bulk", key, ask(claim_id), status)
    yield Cell("bulk", "unknown", ask(ids.unknown), 422)


@row()
def confirm_service_record(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "record", "confirmations", _at(who, "confirm").__contains__, 200)


@row()
def reject_service_record(ids: Ids, who: Who) -> Cells:
    may, why = _at(who, "confirm").__contains__, {"reason": "x"}
    yield from _does(ids, who, "record", "rejections", may, 200, why)


@row()
def confirm_service_records(ids: Ids, who: Who) -> Cells:
    def ask(*records: str) -> Ask:
        return Ask("POST", "/v1/service-records/confirmations", {"ids": list(records)})

    confirms = _at(who, "confirm")
    for key, record_id in _targets(ids, "record").items():
        if not sees(who, "record", key):
            yield Cell("bulk", key, ask(record_id), 422, ask(ids.unknown))
        else:
            yield Cell("bulk", key, ask(record_id), 200 if key in confirms else 403)
    together = [key for key in CLAIMANTS if sees(who, "record", key)]
    every = ask(*(ids.things[f"record {key}"] for key in CLAIMANTS))
    if not confirms.issuperset(together):
        yield Cell("bulk", "all", every, 403)
    else:
        yield Cell("bulk", "all", every, 200 if len(together) == len(CLAIMANTS) else 422)


# ── Wishes


def _took(who: Who, key: str) -> bool:
    return key == TAKEN and _own(who, key)


@row()
def list_wishes(ids: Ids, who: Who) -> Cells:
    filters: dict[str, dict[str, set[str]]] = {
        "organization_id": _of({key: ids.nodes[key] for key in CLAIMANTS}),
        "status": {"open": ALL - {TAKEN}, "taken": {TAKEN}, "done": NONE},
    }
    yield from _lists(ids, who, "wish", "posted_on", filters)
    yield from _within(ids, who, "wish")


@row()
def get_wish(ids: Ids, who: Who) -> Cells:
    yield from _shows(ids, who, "wish")


@row()
def post_wish(ids: Ids, who: Who) -> Cells:
    yield from _publishes(ids, who, "/v1/wishes", new_wish)


@row()
def edit_wish(ids: Ids, who: Who) -> Cells:
    yield from versions(
        _targets(ids, "wish"),
        lambda i, headers: Ask("PATCH", f"/v1/wishes/{i}", {"title": "收音机"}, headers),
        sees=lambda key: sees(who, "wish", key),
        may=_at(who, "write").__contains__,
        done=lambda key: 409 if key == TAKEN else 200,
        unknown=ids.unknown,
    )


@row()
def take_wish(ids: Ids, who: Who) -> Cells:
    def alone(key: str) -> int:
        return 422 if who.person is None else 409 if key == TAKEN else 200

    yield from _does(ids, who, "wish", "takings", None, alone, {})
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "child", "sibling", "aunt", "near", "far")},
        lambda i: Ask(
            "POST", f"/v1/wishes/{ids.things['wish own']}/takings", {"organization_id": i}
        ),
        sees=lambda n: sees(who, "wish", "own") and n in rights.nodes(who),
        may=_at(who, "write").__contains__,
        done=lambda n: 200 if NODES[n].district == rights.HOME else 422,
        unknown=ids.unknown,
    )


@row()
def release_wish(ids: Ids, who: Who) -> Cells:
    writes = _at(who, "write")

    def may(key: str) -> bool:
        return key in writes or _took(who, key)

    yield from _does(ids, who, "wish", "releases", may, lambda key: 204 if key == TAKEN else 409)


@row()
def complete_wish(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "wish", "completions", lambda key: _took(who, key), 200)


@row()
def rate_wish(ids: Ids, who: Who) -> Cells:
    may = _at(who, "confirm").__contains__
    yield from _does(ids, who, "wish", "ratings", may, 409, {"rating": 5})


@row()
def withdraw_wish(ids: Ids, who: Who) -> Cells:
    may, why = _at(who, "write").__contains__, {"reason": "x"}
    yield from _does(ids, who, "wish", "withdrawals", may, 200, why)


@row()
def unmask_wish(ids: Ids, who: Who) -> Cells:
    writes = _at(who, "write")
    yield from each(
        "id",
        _targets(ids, "wish"),
        lambda i: Ask("POST", f"/v1/wishes/{i}/unmaskings"),
        sees=lambda key: sees(who, "wish", key),
        may=lambda key: key in writes or _took(who, key),
        unknown=ids.unknown,
        read=_phone,
        exactly=lambda _: "0453-6220000",
    )


def _phone(answer: httpx.Response) -> str:
    return str(answer.json()["contact"]["phone"])


SHOWN |= dict.fromkeys(
    (
        *("list_service_posts", "get_service_post", "edit_service_post", "close_service_post"),
        *("claim_service_post", "list_service_claims", "get_service_claim"),
        *("exit_service_claim", "finish_service_claim"),
        *("list_service_records", "get_service_record", "record_service"),
        *("confirm_service_record", "reject_service_record"),
        *("list_wishes", "get_wish", "edit_wish", "take_wish", "withdraw_wish", "complete_wish"),
    ),
    _shown,
)
