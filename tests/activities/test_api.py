"""Activities and attendance over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.activities import logic
from app.core import clock
from tests.activities.conftest import TODAY, Place, made, refused
from tests.make.activities import make_activity, make_attendance, new_activity
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization

DAY = timedelta(days=1)


async def test_an_activity_is_planned_held_and_cancelled(
    clerk: httpx.AsyncClient, place: Place
) -> None:
    new = new_activity(place.branch, hours=2.5, place="会议室", content="议程\n纪要")
    answer = await clerk.post("/activities", json=new)
    activity = made(answer, 201)
    url = answer.headers["location"].removeprefix("/v1")
    assert answer.headers["etag"] == '"1"'
    assert (activity["status"], activity["level"], activity["hours"]) == (
        "planned",
        "branch",
        "2.5",
    )
    assert (activity["present"], activity["listed"], activity["is_published"]) == (0, 0, False)
    held = made(await clerk.post(f"{url}/completions"))
    assert (held["status"], held["version"]) == ("held", 2)
    refused(await clerk.post(f"{url}/completions"), 409, "activity-out-of-order")
    gone = made(await clerk.post(f"{url}/cancellations", json={"reason": "误登"}))
    assert (gone["status"], gone["reason"]) == ("cancelled", "误登")
    for step, body in (("completions", None), ("cancellations", {"reason": "x"})):
        refused(await clerk.post(f"{url}/{step}", json=body), 409, "activity-out-of-order")
    headers = {"if-match": '"3"'}
    refused(await clerk.patch(url, json={"title": "x"}, headers=headers), 409)
    assert made(await clerk.get(url)) == gone


FIELDS: list[tuple[str, list[Any], list[Any]]] = [
    ("title", ["x" * 200], ["x" * 201, "", None, "找13800001234"]),
    ("hours", [0.1, 999, "1.5", None], [0, -1, 1.25, 1000, True, "NaN"]),
    ("place", ["x" * 200, None], ["x" * 201, id_number()]),
    ("kind", ["study_trip", "other"], ["party", None]),
    ("held_on", ["2020-01-31"], ["2019-12-32", None]),
    ("is_published", [True], ["true", 1, None]),
    ("content", ["x" * 2000, None], ["x" * 2001]),
]


async def test_fields(clerk: httpx.AsyncClient, place: Place) -> None:
    for field, good, bad in FIELDS:
        for value, status in [*((v, 201) for v in good), *((v, 422) for v in bad)]:
            new = new_activity(place.branch, **{field: value})
            answer = await clerk.post("/activities", json=new)
            assert answer.status_code == status, (field, value, answer.text)


async def test_it_is_not_held_before_its_day(clerk: httpx.AsyncClient, place: Place) -> None:
    new = new_activity(place.branch, held_on="2020-01-01")
    url = f"/activities/{made(await clerk.post('/activities', json=new), 201)['id']}"
    refused(await clerk.post(f"{url}/completions"), 409, "not-held-yet")
    rows = {"rows": [{"member_id": str(place.member)}]}
    refused(await clerk.post(f"{url}/attendances", json=rows), 409, "not-held-yet")
    rows["rows"][0] |= {"is_present": False, "note": "出差"}  # type: ignore[dict-item]
    made(await clerk.post(f"{url}/attendances", json=rows))  # a list of those who are expected
    clock.pin(TODAY + DAY)
    made(await clerk.post(f"{url}/completions"))
    edit = {"held_on": "2020-01-02"}
    answer = await clerk.patch(url, json=edit, headers={"if-match": '"2"'})
    refused(answer, 409, "not-held-yet")


async def test_edits(
    clerk: httpx.AsyncClient, session: AsyncSession, place: Place, reader: httpx.AsyncClient
) -> None:
    activity = await make_activity(session, place.branch)
    url, one = f"/activities/{activity}", {"if-match": '"1"'}
    refused(await clerk.patch(url, json={"title": "x"}), 428)
    refused(await clerk.patch(url, json={"title": "x"}, headers={"if-match": '"2"'}), 412)
    refused(await clerk.patch(url, json={"title": None}, headers=one), 422)
    refused(
        await clerk.patch(url, json={"kind": "group_meeting"}, headers=one), 409, "not-held-here"
    )
    refused(await reader.patch(url, json={"title": "x"}, headers=one), 403)
    changed = made(await clerk.patch(url, json={"title": "新名", "hours": "2"}, headers=one))
    assert (changed["title"], changed["hours"], changed["version"]) == ("新名", "2.0", 2)
    await make_attendance(session, activity, member_id=str(place.member))
    put_off = await clerk.patch(url, json={"held_on": "2020-01-01"}, headers={"if-match": '"2"'})
    refused(put_off, 409, "activity-out-of-order")  # somebody was there today


async def test_who_holds_what(client: httpx.AsyncClient, place: Place) -> None:
    new = new_activity(place.branch, kind="two_new_training")
    refused(await client.post("/activities", json=new), 409, "not-held-here")
    new["organization_id"] = str(place.root)
    assert made(await client.post("/activities", json=new), 201)["level"] == "district"


# ── Attendance


async def test_a_batch_is_taken_whole(
    clerk: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    url = f"/activities/{await make_activity(session, place.branch)}"
    elsewhere = await make_member(session, place.beside)
    first = {"member_id": str(place.member), "role": "speaker"}
    wrong = [
        first,
        {"member_id": str(elsewhere)},
        {"guest": "宏达公司负责人"},
        {"guest": "宏达公司负责人"},
    ]
    answer = await clerk.post(f"{url}/attendances", json={"rows": wrong})
    errors = refused(answer, 422, "attendance-refused")["errors"]
    told = [(e["row"], e["field"], e["code"]) for e in errors]
    assert told == [
        (2, "member_id", "not_found"),
        (3, "guest", "duplicate"),
        (4, "guest", "duplicate"),
    ]
    assert made(await clerk.get(url))["listed"] == 0
    good = [first, {"guest": "宏达公司负责人", "is_present": False, "note": "出差"}]
    counts = made(await clerk.post(f"{url}/attendances", json={"rows": good}))
    assert counts == {"recorded": 2, "changed": 0, "unchanged": 0}
    good[1] |= {"is_present": True, "note": None}
    counts = made(await clerk.post(f"{url}/attendances", json={"rows": good}))
    assert counts == {"recorded": 0, "changed": 1, "unchanged": 1}
    activity = made(await clerk.get(url))
    assert (activity["present"], activity["listed"]) == (2, 2)
    listed = made(await clerk.get(f"/attendances?activity_id={activity['id']}"))["items"]
    assert {(a["member_name"], a["guest"], a["role"], a["source"]) for a in listed} == {
        ("李明", None, "speaker", "recorded"),
        (None, "宏达公司负责人", "attendee", "recorded"),
    }


async def test_rows_that_are_none(
    clerk: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    url = f"/activities/{await make_activity(session, place.branch)}/attendances"
    refused(await clerk.post(url, json={"rows": []}), 422)
    for row in (
        {},
        {"guest": "x", "member_id": "00000000-0000-0000-0000-000000000000"},
        {"guest": "x" * 101},
        {"guest": "张三 13800001234"},
        {"guest": "x", "is_present": "yes"},
        {"guest": "x", "role": "cook"},
    ):
        refused(await clerk.post(url, json={"rows": [row]}), 422, "invalid")


async def test_a_list_has_an_end(
    clerk: httpx.AsyncClient,
    session: AsyncSession,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logic, "MOST_ATTENDANCES", 2)
    url = f"/activities/{await make_activity(session, place.branch)}/attendances"
    rows = [{"guest": f"来宾{n}"} for n in range(3)]
    refused(await clerk.post(url, json={"rows": rows}), 409, "attendance-full")
    made(await clerk.post(url, json={"rows": rows[:2]}))
    made(await clerk.post(url, json={"rows": rows[:2]}))  # nobody is new
    refused(await clerk.post(url, json={"rows": rows[2:]}), 409, "attendance-full")


async def test_members_see_what_is_published_and_themselves(
    member: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    shown = await make_activity(session, place.branch, is_published=True)
    await make_activity(session, place.branch)
    training = await make_activity(session, place.root, "held", kind="centralized_training")
    await make_activity(session, place.beside, is_published=True)
    for person in (place.member, place.other):
        await make_attendance(session, training, member_id=str(person))
    seen = made(await member.get("/activities"))["items"]
    assert {a["id"] for a in seen} == {str(shown), str(training)}
    own = made(await member.get("/attendances"))["items"]
    assert [(a["activity_id"], a["member_name"]) for a in own] == [(str(training), "李明")]
    within = made(await member.get(f"/activities?within={place.branch}"))["items"]
    assert [a["id"] for a in within] == [str(shown)]
    refused(await member.get(f"/activities?within={place.beside}"), 404)
    refused(await member.post("/activities", json=new_activity(place.branch)), 404)


async def test_lists_are_filtered(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    group = await make_organization(session, place.branch, kind="party_group", name="一组")
    clock.pin(TODAY + DAY)
    made_ids = {
        "branch": await make_activity(session, place.branch, kind="lecture"),
        "group": await make_activity(session, group, "held", held_on="2019-11-30"),
        "root": await make_activity(session, place.root, kind="study_trip", held_on="2020-01-05"),
    }
    for query, wanted in (
        ("", ["root", "branch", "group"]),
        ("sort=held_on", ["group", "branch", "root"]),
        (f"within={place.branch}", ["branch", "group"]),
        (f"organization_id={place.branch}", ["branch"]),
        ("kind=lecture", ["branch"]),
        ("level=district", ["root"]),
        ("status=held", ["group"]),
        ("held_from=2020-01-01", ["root", "branch"]),
        ("held_to=2019-11-30", ["group"]),
    ):
        found = made(await client.get(f"/activities?{query}"))["items"]
        assert [a["id"] for a in found] == [str(made_ids[w]) for w in wanted], query
