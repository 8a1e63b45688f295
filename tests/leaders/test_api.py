"""Leaders' archives over HTTP, and which months are due."""

from datetime import date, timedelta

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Subtree
from app.core.figures import Window
from app.leaders import queries
from app.leaders.models import LeaderArchive
from tests.activities.conftest import TODAY, Clients, Place, as_user, made, place, refused
from tests.make.activities import make_activity, make_archive, make_attendance
from tests.make.organizations import everything
from tests.make.residents import make_member_account

__all__ = ["as_user", "place"]


MONTHS = [
    ("2019-10-01", None, "2019-12-31", 3),
    ("2019-10-01", None, "2019-12-30", 2),  # December is not over yet
    ("2019-10-02", None, "2019-12-31", 2),  # the first whole month is the first due
    ("2019-01-30", None, "2019-02-28", 1),
    ("2019-01-30", None, "2019-02-27", 0),
    ("2019-12-01", None, "2019-12-31", 1),
    ("2020-01-01", None, "2019-12-31", 0),
    ("2019-10-01", "2019-12-31", "2019-12-31", 2),  # on the last day it is closed
    ("2019-10-01", "2020-01-01", "2020-03-31", 3),
    ("2019-10-01", "2019-10-31", "2019-12-31", 0),
]


async def test_whole_months_that_are_over_are_due(session: AsyncSession, place: Place) -> None:
    caller, places = everything(), [Subtree("231005", "1.")]
    for opened_on, closed_on, as_of, months in MONTHS:
        made_id = await make_archive(session, place.member, opened_on=opened_on)
        archive = await session.get_one(LeaderArchive, ("231005", made_id))
        archive.closed_on = closed_on and date.fromisoformat(closed_on)
        await session.flush()
        day = date.fromisoformat(as_of)
        row = (await session.execute(queries.visible(caller, places, day))).one()
        case = (opened_on, closed_on, as_of)
        assert (row.months_due, len(row.missing)) == (months, months), case
        rows = queries.months_due(places, Window(day)).subquery()
        assert await session.scalar(select(func.count()).select_from(rows)) == months, case
        await session.delete(archive)
        await session.flush()


async def test_records_fill_months(
    client: httpx.AsyncClient, session: AsyncSession, place: Place, as_user: Clients
) -> None:
    new = {"member_id": str(place.member), "post": "副区长", "opened_on": "2019-11-01"}
    archive = made(await client.post("/leader-archives", json=new), 201)
    assert (archive["member_name"], archive["months_due"]) == ("李明", 2)
    url = f"/leader-archives/{archive['id']}"
    record = {"month": "2019-12", "note": "参加所在支部主题党日"}
    told = made(await client.post(f"{url}/records", json=record), 201)
    assert (told["month"], told["recorded_on"]) == ("2019-12-01", "2019-12-31")
    own = await as_user(await make_member_account(session, place.member))
    listed = made(await own.get("/leader-archives"))["items"]
    assert [(a["months_due"], a["missing"]) for a in listed] == [(2, ["2019-11-01"])]
    assert made(await own.get("/leader-records?month=2019-12"))["items"] == [told]
    refused(await own.post(f"{url}/records", json=record), 403)
    window, places = Window(TODAY), [Subtree("231005", "1.")]
    for day, filled in ((TODAY - timedelta(days=1), 0), (TODAY, 1)):
        rows = queries.months_recorded(places, Window(day)).subquery()
        assert await session.scalar(select(func.count()).select_from(rows)) == filled
    ids = [r.id for r in await session.execute(queries.months_due(places, window))]
    assert len(set(ids)) == 2


async def test_months_of_a_record(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    archive = await make_archive(session, place.member, opened_on="2019-11-20")
    for month, status in (
        ("2019-10", 409),
        ("2019-11", 201),
        ("2019-12-01", 201),
        ("2020-01", 409),
        ("2019-12-02", 422),
        ("2019-13", 422),
    ):
        body = {"month": month, "note": "自学"}
        answer = await client.post(f"/leader-archives/{archive}/records", json=body)
        assert answer.status_code == status, answer.text


async def test_an_activity_is_one_where_the_leader_was(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    archive = await make_archive(session, place.member)
    url = f"/leader-archives/{archive}/records"
    activity = await make_activity(session, place.branch, held_on="2019-11-15")
    body = {"month": "2019-11", "note": "参加主题党日", "activity_id": str(activity)}
    refused(await client.post(url, json=body), 409, "was-not-there")
    await make_attendance(session, activity, member_id=str(place.member))
    refused(await client.post(url, json=body), 409, "was-not-there")  # not held yet
    made(await client.post(f"/activities/{activity}/completions"))
    refused(await client.post(url, json=body | {"month": "2019-12"}), 409, "was-not-there")
    assert made(await client.post(url, json=body), 201)["activity_title"]
    refused(await client.post(url, json=body | {"activity_id": str(archive)}), 404)


async def test_archives_follow_each_other(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    new = {"member_id": str(place.member), "post": "副区长", "opened_on": "2019-06-01"}
    first = made(await client.post("/leader-archives", json=new), 201)
    refused(await client.post("/leader-archives", json=new), 409, "archive-overlaps")
    url = f"/leader-archives/{first['id']}/closures"
    refused(await client.post(url, json={"closed_on": "2019-06-01"}), 409, "archive-closed")
    made(await client.post(url, json={"closed_on": "2019-09-01"}))
    refused(await client.post(url, json={"closed_on": "2019-10-01"}), 409, "archive-closed")
    refused(
        await client.post("/leader-archives", json=new | {"opened_on": "2019-08-31"}),
        409,
        "archive-overlaps",
    )
    made(await client.post("/leader-archives", json=new | {"opened_on": "2019-09-01"}), 201)
    record = {"month": "2019-09", "note": "自学"}
    url = f"/leader-archives/{first['id']}/records"
    refused(await client.post(url, json=record), 409, "outside-the-archive")
    made(await client.post(url, json=record | {"month": "2019-08"}), 201)
    assert len(made(await client.get("/leader-archives?is_open=true"))["items"]) == 1


async def test_no_archive_of_who_left(client: httpx.AsyncClient, place: Place) -> None:
    clock.pin(TODAY + timedelta(days=1))
    change = {"status": "deceased", "reason": "x"}
    answer = await client.post(
        f"/members/{place.other}/status-changes", json=change, headers={"if-match": '"1"'}
    )
    assert answer.status_code < 300, answer.text
    new = {"member_id": str(place.other), "post": "副区长", "opened_on": "2019-06-01"}
    refused(await client.post("/leader-archives", json=new), 409, "leader-not-counted")
