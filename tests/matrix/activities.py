"""Rows of activities, attendance, what is due, contests and leaders' archives."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.activities.logic import CheckIn, sealed
from app.contests.models import ContestScore
from app.core.db import new_id
from app.leaders.models import LeaderRecord
from tests.long import real
from tests.make.activities import (
    make_activity,
    make_archive,
    make_attendance,
    make_contest,
    make_entry,
    make_juror,
    new_activity,
)
from tests.matrix import rights, world
from tests.matrix.cells import SHOWN, Ask, Cell, Cells, each, ids_of, in_order, row, versions
from tests.matrix.organizations import first_of
from tests.matrix.rights import CALLERS, NODES, PEOPLE, Who
from tests.matrix.world import Ids

DAYS = {
    "child": date(2019, 12, 2),
    "sibling": date(2019, 12, 3),
    "near": date(2019, 12, 4),
    "far": date(2019, 12, 5),
    "own": real.TODAY,
}
"""Who holds an activity and a contest, and when; the group publishes its own."""
LISTED = {"own": "mine", "sibling": "below", "near": "near", "far": "far"}
"""Who is on the list of which activity, and on the jury; the group's have a guest."""
LEADERS = LISTED | {"child": "below", "sibling": "beside"}
KINDS = ("activity", "attendance", "contest", "entry", "juror", "leader_archive", "leader_record")
world.NAMED += [f"{kind} {key}" for kind in KINDS for key in DAYS]
ASKED = ("own", "child", "sibling", "near")
"""Whose things are written to."""
LATE = datetime(2096, 1, 1, tzinfo=UTC)


async def fill(session: AsyncSession, ids: Ids) -> None:
    """Give each place an activity with somebody on its list, a contest and a leader."""
    for key, day in DAYS.items():
        code, node = NODES[key].district, UUID(ids.nodes[key])
        held = {"held_on": str(day), "district_code": code}
        kind = "group_meeting" if key == "child" else "theme_day"
        activity = await make_activity(
            session, node, kind=kind, is_published=key == "child", title=f"活动〈{key}〉", **held
        )
        person = {"member_id": ids.people[LISTED[key]]} if key in LISTED else {"guest": "来宾"}
        await make_attendance(session, activity, district_code=code, **person)
        contest = await make_contest(session, node, title=f"评选〈{key}〉", **held)
        of = {"district_code": code}
        entry = await make_entry(session, contest, organization_id=ids.nodes[key], **of)
        juror = {"member_id": ids.people[LISTED[key]]} if key in LISTED else {"name": "评委"}
        juror_id = await make_juror(session, contest, **juror, **of)
        score = {"entry_id": entry, "juror_id": juror_id, "score": 9, "recorded_by": new_id()}
        session.add(ContestScore(district_code=code, **score))
        opened = {"opened_on": str(day.replace(month=1)), **of}
        archive = await make_archive(session, UUID(ids.people[LEADERS[key]]), **opened)
        note = {"month": day.replace(day=1), "note": "自学", "recorded_on": real.TODAY}
        record = LeaderRecord(
            district_code=code, id=new_id(), archive_id=archive, recorded_by=new_id(), **note
        )
        session.add(record)
        await session.flush()
        made = (activity, activity, contest, entry, juror_id, archive, record.id)
        ids.things |= {f"{k} {key}": str(i) for k, i in zip(KINDS, made, strict=True)}


world.FILLS.append(fill)
LISTS = {
    "activity": "activities",
    "attendance": "attendances",
    "contest": "contests",
    "leader_archive": "leader-archives",
    "leader_record": "leader-records",
}
world.CURSORS |= {
    url: ("province_department", f"/v1/{url}?")
    for kind, url in LISTS.items()
    if kind != "leader_record"
}
world.CURSORS |= {
    "leader-records": ("province_department", "/v1/leader-records?"),
    "due": ("province_department", "/v1/activities/due?"),
}

# ── The model


def _at(who: Who, right: str) -> set[str]:
    return rights.nodes(who, f"activities:{right}")


def _sees(who: Who, kind: str) -> set[str]:
    """Name the places whose things of a kind `who` may see."""
    people = LEADERS if kind in {"leader_archive", "leader_record"} else LISTED
    own = {k for k, person in people.items() if who.person == person}
    read = _at(who, "read") | own
    if kind == "activity":
        read |= rights.nodes(who, "published:read") & {"child"}
        read |= rights.below(PEOPLE[who.person].node) & {"child"} if who.person else set()
    return read & DAYS.keys()


def _things(ids: Ids, kind: str) -> dict[str, str]:
    return {key: ids.things[f"{kind} {key}"] for key in DAYS}


def _shows(kind: str) -> Callable[[Ids, Who], set[str]]:
    """Collect what things that are in sight tell of people and organisations that are not."""

    def shown(ids: Ids, who: Who) -> set[str]:
        marks = set()
        for key in _sees(who, kind):
            marks |= {NODES[key].name, ids.nodes[key]}
            people = LEADERS if kind in {"leader_archive", "leader_record"} else LISTED
            if key in people and kind != "activity":
                person = people[key]
                node = PEOPLE[person].node
                marks |= {PEOPLE[person].name, ids.people[person]}
                marks |= {NODES[node].name, ids.nodes[node]} if kind == "contest" else set()
        return marks

    return shown


for _kind, _operations in {
    "activity": "list_activities get_activity",
    "attendance": "list_attendances",
    "leader_archive": "list_leader_archives open_leader_archive close_leader_archive",
    "leader_record": "list_leader_records record_for_leader",
    "contest": "list_contests get_contest enter_contest withdraw_contest_entry appoint_juror"
    " score_contest close_contest publish_contest form_lecture_team",
}.items():
    SHOWN |= dict.fromkeys(_operations.split(), _shows(_kind))


def _does(
    ids: Ids, who: Who, kind: str, action: str, body: Any, done: Any, may: set[str] | None = None
) -> Cells:
    yield from each(
        "id",
        {key: ids.things[f"{kind} {key}"] for key in ASKED},
        lambda i: Ask("POST", f"/v1/{LISTS[kind]}/{i}/{action}", body),
        sees=_sees(who, kind).__contains__,
        may=(_at(who, "write") if may is None else may).__contains__,
        unknown=ids.unknown,
        done=done,
    )


def _list(
    ids: Ids,
    who: Who,
    kind: str,
    sort: str,
    filters: Mapping[str, set[str]],
    read: Callable[[Any], list[str]] = in_order,
) -> Cells:
    """Ask for a list: all, by filters that name things, in both orders, a page, a cursor.

    `filters` gives, by query, the places whose things it leaves.
    """
    url, things = f"/v1/{LISTS[kind]}", _things(ids, kind)
    order = sorted(_sees(who, kind), key=lambda k: DAYS[k])
    run = [things[k] for k in order]
    yield Cell("list", "all", Ask("GET", f"{url}?limit=200"), 200, read=read, exactly=run[::-1])
    for query, left in filters.items():
        wanted = [things[k] for k in order if k in left]
        ask = Ask("GET", f"{url}?sort={sort}&{query}")
        yield Cell("filter", query, ask, 200, exactly=wanted, read=read)
    yield Cell("sort", sort, Ask("GET", f"{url}?sort={sort}"), 200, exactly=run, read=read)

    def first(answer: Any) -> Any:
        return read(answer), answer.json()["next"] is not None

    page = (run[::-1][:1], len(run) > 1)
    yield Cell("page", sort, Ask("GET", f"{url}?limit=1"), 200, exactly=page, read=first)
    last = max(_sees(CALLERS["province_department"], kind), key=lambda k: DAYS[k])
    behind = [things[k] for k in order[::-1] if DAYS[k] < DAYS[last]]
    ask = Ask("GET", f"{url}?after={ids.cursors.get(LISTS[kind])}")
    yield Cell("cursor", sort, ask, 200, exactly=behind, read=read)


def _within(
    ids: Ids, who: Who, kind: str, sort: str, read: Callable[[Any], list[str]] = ids_of
) -> Cells:
    places = _at(who, "read")
    if kind in {"activity", "attendance"}:
        places |= rights.nodes(who, "published:read")
        places |= rights.below(PEOPLE[who.person].node) if who.person else set()
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("own", "parent", "near")},
        lambda i: Ask("GET", f"/v1/{LISTS[kind]}?sort={sort}&within={i}"),
        sees=places.__contains__,
        unknown=ids.unknown,
        read=lambda answer: sorted(read(answer)),
        exactly=lambda n: sorted(_things(ids, kind)[k] for k in _sees(who, kind) & rights.below(n)),
    )


ALL, NONE = set(DAYS), set[str]()
SPAN = "held_from=2019-12-03&held_to=2019-12-04", {"sibling", "near"}

# ── Activities


@row()
def list_activities(ids: Ids, who: Who) -> Cells:
    filters = {f"organization_id={ids.nodes[k]}": {k} for k in ("own", "near")}
    filters |= {"kind=theme_day&status=planned": ALL - {"child"}, "level=district": NONE}
    yield from _list(ids, who, "activity", "held_on", filters | dict([SPAN]))
    yield from _within(ids, who, "activity", "held_on")


@row()
def plan_activity(ids: Ids, who: Who) -> Cells:
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "child", "sibling", "near")},
        lambda i: Ask("POST", "/v1/activities", new_activity(UUID(i), held_on="2019-12-31")),
        sees=rights.nodes(who).__contains__,
        may=_at(who, "write").__contains__,
        unknown=ids.unknown,
        done=201,
    )


@row()
def get_activity(ids: Ids, who: Who) -> Cells:
    yield from each(
        "id",
        _things(ids, "activity"),
        lambda i: Ask("GET", f"/v1/activities/{i}"),
        sees=_sees(who, "activity").__contains__,
        unknown=ids.unknown,
        read=lambda answer: (answer.json()["title"], answer.json()["present"]),
        exactly=lambda key: (f"活动〈{key}〉", 1),
    )


@row()
def edit_activity(ids: Ids, who: Who) -> Cells:
    yield from versions(
        {key: ids.things[f"activity {key}"] for key in ("own", "sibling")},
        lambda i, headers: Ask("PATCH", f"/v1/activities/{i}", {"title": "新名"}, headers),
        sees=_sees(who, "activity").__contains__,
        may=_at(who, "write").__contains__,
        unknown=ids.unknown,
    )


@row()
def complete_activity(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "activity", "completions", None, 200)


@row()
def cancel_activity(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "activity", "cancellations", {"reason": "x"}, 200)


@row()
def issue_check_in_code(ids: Ids, who: Who) -> Cells:
    def done(key: str) -> int:
        return 200 if DAYS[key] == real.TODAY else 409

    yield from _does(ids, who, "activity", "check-in-codes", None, done)


@row()
def record_attendances(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "activity", "attendances", {"rows": [{"guest": "甲"}]}, 200)
    if "own" not in _at(who, "write"):
        return

    def ask(member: str) -> Ask:
        url = f"/v1/activities/{ids.things['activity own']}/attendances"
        return Ask("POST", url, {"rows": [{"member_id": member}]})

    for key, person in PEOPLE.items():
        is_home = NODES[person.node].district == rights.HOME
        if is_home and rights.sees_person(who, key):
            yield Cell("nested", key, ask(ids.people[key]), 200)
        else:
            yield Cell("nested", key, ask(ids.people[key]), 422, ask(ids.unknown))


@row()
def check_in(ids: Ids, who: Who) -> Cells:
    def ask(key: str, activity: str) -> Ask:
        said = CheckIn(NODES[key].district, UUID(activity), LATE)
        return Ask("POST", "/v1/check-ins", {"code": sealed(said, real.KEYS.sign)})

    nothing = ask("own", ids.unknown)
    for key, day in DAYS.items():
        asked = ask(key, ids.things[f"activity {key}"])
        if who.person is None or NODES[key].district != who.home:
            yield Cell("nested", key, asked, 409, nothing)
        else:  # whoever has the code of the district's own screen is there
            yield Cell("nested", key, asked, 200 if day == real.TODAY else 409)


def _of_activities(answer: Any) -> list[str]:
    return [item["activity_id"] for item in answer.json()["items"]]


@row()
def list_attendances(ids: Ids, who: Who) -> Cells:
    things = _things(ids, "activity")
    filters = {f"activity_id={things[k]}": {k} for k in ("own", "near")}
    filters |= {f"member_id={ids.people[LISTED[k]]}": {k} for k in ("sibling", "near")}
    filters |= {"kind=theme_day&is_present=true": ALL - {"child"}, "role=speaker": NONE}
    filters |= dict([SPAN])
    yield from _list(ids, who, "attendance", "held_on", filters, _of_activities)
    yield from _within(ids, who, "attendance", "held_on", _of_activities)


OWED = {
    "district_committee": {
        "two_new_training_quarterly": ("two_new_training", "quarter"),
        "village_training_yearly": ("village_training", "year"),
    },
    "party_branch": {
        "member_meeting_quarterly": ("member_meeting", "quarter"),
        "organization_life_meeting_yearly": ("organization_life_meeting", "year"),
        "theme_day_monthly": ("theme_day", "month"),
    },
    "party_group": {"group_meeting_monthly": ("group_meeting", "month")},
}


@row()
def list_due_activities(ids: Ids, who: Who) -> Cells:
    def owed(nodes: set[str], *terms: str) -> list[tuple[str, str]]:
        order = sorted(nodes, key=lambda n: (NODES[n].district, ids.paths[n]))
        return [
            (ids.nodes[n], rule)
            for n in order
            for rule, of in OWED.get(NODES[n].kind, {}).items()
            if {*terms} <= {*of}
        ]

    def read(answer: Any) -> list[tuple[str, str]]:
        return [(i["organization_id"], i["rule"]) for i in answer.json()["items"]]

    def ask(query: str) -> Ask:
        return Ask("GET", f"/v1/activities/due?{query}")

    seen = _at(who, "read")
    for channel, query, wanted in (
        ("list", "limit=200", owed(seen)),
        ("filter", "limit=200&kind=theme_day", owed(seen, "theme_day")),
        ("filter", "limit=200&period=month", owed(seen, "month")),
        ("day", "kind=theme_day&as_of=2019-12-01", []),  # no branch stood yet
        ("day", f"limit=200&as_of={real.TODAY}", owed(seen)),
        ("page", "limit=1", owed(seen)[:1]),
    ):
        yield Cell(channel, query, ask(query), 200, read=read, exactly=wanted)
    yield from each(
        "filter",
        {n: ids.nodes[n] for n in ("root", "own", "sibling", "near")},
        lambda i: ask(f"limit=200&within={i}"),
        sees=seen.__contains__,
        unknown=ids.unknown,
        read=read,
        exactly=lambda n: owed(rights.below(n)),
    )
    first = owed(_at(CALLERS["province_department"], "read"))[0]
    behind = [o for o in owed(seen) if o != first]
    after = ask(f"limit=200&after={ids.cursors.get('due')}")
    yield Cell("cursor", "path", after, 200, read=read, exactly=behind)


# ── Contests


@row()
def list_contests(ids: Ids, who: Who) -> Cells:
    filters = {f"organization_id={ids.nodes[k]}": {k} for k in ("own", "near")}
    filters |= {"kind=brand&status=open": ALL, "kind=other": NONE}
    yield from _list(ids, who, "contest", "held_on", filters)
    yield from _within(ids, who, "contest", "held_on")


@row()
def announce_contest(ids: Ids, who: Who) -> Cells:
    new = {"kind": "brand", "title": "x", "held_on": "2019-12-31"}
    yield from each(
        "nested",
        {n: ids.nodes[n] for n in ("own", "child", "sibling", "near")},
        lambda i: Ask("POST", "/v1/contests", new | {"organization_id": i}),
        sees=rights.nodes(who).__contains__,
        may=_at(who, "write").__contains__,
        unknown=ids.unknown,
        done=201,
    )


@row()
def get_contest(ids: Ids, who: Who) -> Cells:
    def read(answer: Any) -> Any:
        return [[i["id"] for i in answer.json()[n]] for n in ("entries", "jurors")]

    yield from each(
        "id",
        _things(ids, "contest"),
        lambda i: Ask("GET", f"/v1/contests/{i}"),
        sees=_sees(who, "contest").__contains__,
        unknown=ids.unknown,
        read=read,
        exactly=lambda key: [[ids.things[f"{n} {key}"]] for n in ("entry", "juror")],
    )


def _named(ids: Ids, who: Who, action: str, more: dict[str, str]) -> Cells:
    """Name people and organisations in a contest of the own branch."""
    if "own" not in _at(who, "write"):
        return
    url = f"/v1/contests/{ids.things['contest own']}/{action}"
    for field, names, seen, node in (
        ("organization_id", NODES, rights.nodes(who), lambda n: n),
        ("member_id", PEOPLE, rights.people(who), lambda p: PEOPLE[p].node),
    ):
        if field == "organization_id" and action == "jurors":
            more = more | {"name": "王教授"}
        given = more if field == "organization_id" or action == "entries" else {}
        known: Mapping[str, str] = ids.nodes if field == "organization_id" else ids.people
        home = {n for n in names if NODES[node(n)].district == rights.HOME}  # type: ignore[no-untyped-call]
        yield from each(
            "nested",
            {n: known[n] for n in names},
            lambda i, field=field, given=given: Ask("POST", url, given | {field: i}),  # type: ignore[misc]
            sees=(seen & home).__contains__,
            unknown=ids.unknown,
            done=201,
        )


@row()
def enter_contest(ids: Ids, who: Who) -> Cells:
    body = {"title": "x", "organization_id": ids.unknown}
    own = _at(who, "write") & _sees(who, "contest")
    yield from _refused(ids, who, "entries", body, own)
    yield from _named(ids, who, "entries", {"title": "x"})


@row()
def appoint_juror(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "contest", "jurors", {"name": "王教授"}, 201)
    yield from _named(ids, who, "jurors", {})


def _refused(ids: Ids, who: Who, action: str, body: Any, may: set[str]) -> Cells:
    """Name an unknown organisation in each contest: nobody gets further than there."""
    yield from _does(ids, who, "contest", action, body, 404, may)


@row()
def withdraw_contest_entry(ids: Ids, who: Who) -> Cells:
    def ask(contest: str, entry: str) -> Ask:
        return Ask("POST", f"/v1/contests/{contest}/entries/{entry}/withdrawals")

    sees, may = _sees(who, "contest"), _at(who, "write")
    nothing = ask(ids.unknown, ids.unknown)
    for key in DAYS:
        contest, entry = ids.things[f"contest {key}"], ids.things[f"entry {key}"]
        if key not in sees:
            yield Cell("id", key, ask(contest, entry), 404, nothing)
        elif key not in may:
            yield Cell("id", key, ask(contest, entry), 403)
        else:
            yield Cell("id", key, ask(contest, entry), 200)
            for other in {"near", "sibling"} - {key}:  # a contest opens no other's entry
                asked = ask(contest, ids.things[f"entry {other}"])
                yield Cell("nested", key, asked, 404, nothing)


@row()
def score_contest(ids: Ids, who: Who) -> Cells:
    def ask(key: str, entry: str, juror: str, contest: str | None = None) -> Ask:
        url = f"/v1/contests/{contest or ids.things[f'contest {key}']}/scores"
        return Ask("POST", url, {"rows": [{"entry_id": entry, "juror_id": juror, "score": 8}]})

    sees, may = _sees(who, "contest"), _at(who, "write")
    for key in DAYS:
        entry, juror = ids.things[f"entry {key}"], ids.things[f"juror {key}"]
        asked = ask(key, entry, juror)
        if key not in sees:
            yield Cell("id", key, asked, 404, ask(key, entry, juror, ids.unknown))
            continue
        is_juror = LISTED.get(key) == who.person and who.person is not None
        is_own = key in LISTED and PEOPLE[LISTED[key]].node == key
        status = 403 if key not in may and not is_juror else 422 if is_own else 200
        yield Cell("id", key, asked, status)
        if key in may:
            for other in {"near", "sibling"} - {key}:
                foreign = ask(key, ids.things[f"entry {other}"], juror)
                yield Cell("nested", key, foreign, 422, ask(key, ids.unknown, juror))


@row()
def close_contest(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "contest", "closures", None, 200)


@row()
def publish_contest(ids: Ids, who: Who) -> Cells:
    body = {"channel": "x", "url": "https://x.cn/", "published_on": "2019-12-31"}
    yield from _does(ids, who, "contest", "publications", body, 409)


@row()
def form_lecture_team(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "contest", "lecture-teams", {"entry_ids": [ids.unknown]}, 409)


# ── Leaders' archives


@row()
def list_leader_archives(ids: Ids, who: Who) -> Cells:
    filters = {f"member_id={ids.people[LEADERS[k]]}": {k} for k in ("child", "near")}
    filters |= {"is_open=true": ALL, "is_open=false": NONE}
    things = _things(ids, "leader_archive")
    order = sorted(_sees(who, "leader_archive"), key=lambda k: DAYS[k])
    run = [things[k] for k in order]
    url = "/v1/leader-archives"
    yield Cell("list", "all", Ask("GET", f"{url}?limit=200"), 200, read=in_order, exactly=run)
    for query, left in filters.items():
        wanted = [things[k] for k in order if k in left]
        yield Cell(
            "filter", query, Ask("GET", f"{url}?{query}"), 200, exactly=wanted, read=in_order
        )
    down = Ask("GET", f"{url}?sort=-opened_on")
    yield Cell("sort", "-opened_on", down, 200, exactly=run[::-1], read=in_order)
    one = Ask("GET", f"{url}?limit=1")
    yield Cell("page", "first", one, 200, exactly=(run[:1], len(run) > 1), read=first_of)

    def due(answer: Any) -> list[tuple[int, int]]:
        return [(i["months_due"], len(i["missing"])) for i in answer.json()["items"]]

    day = Ask("GET", f"{url}?as_of=2019-03-31")
    yield Cell("day", "march", day, 200, exactly=[(2, 2)] * len(run), read=due)
    first = min(_sees(CALLERS["province_department"], "leader_archive"), key=lambda k: DAYS[k])
    behind = [things[k] for k in order if DAYS[k] > DAYS[first]]
    after = Ask("GET", f"{url}?after={ids.cursors.get('leader-archives')}")
    yield Cell("cursor", "opened_on", after, 200, exactly=behind, read=in_order)
    yield from _within(ids, who, "leader_archive", "opened_on")


@row()
def open_leader_archive(ids: Ids, who: Who) -> Cells:
    def done(person: str) -> int:
        return 409 if person in LEADERS.values() else 201

    yield from each(
        "nested",
        {p: ids.people[p] for p in PEOPLE},
        lambda i: Ask(
            "POST",
            "/v1/leader-archives",
            {"member_id": i, "post": "副区长", "opened_on": "2019-12-01"},
        ),
        sees=rights.people(who).__contains__,
        may=lambda p: PEOPLE[p].node in _at(who, "write"),
        unknown=ids.unknown,
        done=done,
    )


@row()
def close_leader_archive(ids: Ids, who: Who) -> Cells:
    yield from _does(ids, who, "leader_archive", "closures", {"closed_on": "2019-12-31"}, 200)


@row()
def record_for_leader(ids: Ids, who: Who) -> Cells:
    body = {"month": "2019-12", "note": "自学"}
    yield from _does(ids, who, "leader_archive", "records", body, 201)
    if "own" not in _at(who, "write"):
        return

    def ask(activity: str) -> Ask:
        url = f"/v1/leader-archives/{ids.things['leader_archive own']}/records"
        return Ask("POST", url, body | {"activity_id": activity})

    for key, thing in _things(ids, "activity").items():
        if key in _sees(who, "activity"):
            yield Cell("nested", key, ask(thing), 409)  # none was held
        else:
            yield Cell("nested", key, ask(thing), 404, ask(ids.unknown))


@row()
def list_leader_records(ids: Ids, who: Who) -> Cells:
    things, archives = _things(ids, "leader_record"), _things(ids, "leader_archive")
    order = [
        things[k] for k in DAYS if k in _sees(who, "leader_record")
    ]  # of one month, as recorded
    url = "/v1/leader-records"
    filters = {f"archive_id={archives[k]}": {k} for k in ("own", "near")}
    filters |= {f"member_id={ids.people[LEADERS[k]]}": {k} for k in ("child", "near")}
    filters |= {"month=2019-12": ALL, "month=2019-11": NONE}
    for query, left in filters.items():
        wanted = [i for i in order if i in {things[k] for k in left}]
        ask = Ask("GET", f"{url}?sort=month&{query}")
        yield Cell("filter", query, ask, 200, exactly=wanted, read=in_order)
    for sort, run in (("month", order), ("-month", order[::-1])):
        ask = Ask("GET", f"{url}?sort={sort}")
        yield Cell("sort", sort, ask, 200, exactly=run, read=in_order)
    one = Ask("GET", f"{url}?limit=1")
    yield Cell("page", "first", one, 200, exactly=(order[::-1][:1], len(order) > 1), read=first_of)
    last = [k for k in DAYS if k in _sees(CALLERS["province_department"], "leader_record")][-1]
    behind = order[: order.index(things[last])] if things[last] in order else order
    behind = [i for i in behind if i in {things[k] for k in list(DAYS)[: list(DAYS).index(last)]}]
    after = Ask("GET", f"{url}?after={ids.cursors.get('leader-records')}")
    yield Cell("cursor", "month", after, 200, exactly=behind[::-1], read=in_order)
