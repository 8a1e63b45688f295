"""The calendar and the overview over HTTP."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Subtree
from app.core.workbooks import Sheet
from app.demo import logic as demo
from app.imports import service as imports
from app.organizations import service as organizations
from app.terms import queries
from tests.make.organizations import DISTRICT, everything, make_district, make_organization

CALENDAR, OVERVIEW = "/elections/calendar", "/elections/overview"
DAY = date(2019, 12, 31)
FOUNDED = date(2019, 1, 1)


@pytest.fixture(autouse=True)
def founding_day() -> None:
    """What a test makes stands from January on; the calendar is asked in December."""
    clock.pin(FOUNDED)


async def listed(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    params = {"as_of": DAY.isoformat()} | {k: str(v) for k, v in params.items()}
    answer = await client.get(CALENDAR, params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def names(client: httpx.AsyncClient, **params: Any) -> list[str]:
    return [item["organization_name"] for item in await listed(client, **params)]


async def counts(client: httpx.AsyncClient, **params: Any) -> dict[str, int]:
    params = {"as_of": DAY.isoformat()} | {k: str(v) for k, v in params.items()}
    answer = await client.get(OVERVIEW, params=params)
    assert answer.status_code == 200, answer.text
    told = dict(answer.json())
    assert told.pop("as_of") == params["as_of"]
    return told


@pytest.mark.parametrize(
    ("due_on", "bucket", "status", "days"),
    [
        ("2019-12-30", "overdue", "overdue", -1),
        ("2019-12-31", "due_6m", "due", 0),
        ("2020-01-01", "due_6m", "remind", 1),
        ("2020-06-30", "due_6m", "remind", 182),
        ("2020-07-01", "due_12m", "in_term", 183),
        ("2020-12-31", "due_12m", "in_term", 366),
        ("2021-01-01", "in_term", "in_term", 367),
    ],
)
async def test_both_sides_of_each_bucket(
    client: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    due_on: str,
    bucket: str,
    status: str,
    days: int,
) -> None:
    await make_organization(session, root, name="支部", due_on=due_on)
    [item] = await listed(client)
    assert (item["bucket"], item["status"], item["days"]) == (bucket, status, days)
    assert (item["due_on"], item["source"], item["computed_due_on"]) == (due_on, "recorded", None)
    for asked in ("overdue", "due_6m", "due_12m", "in_term", "undated"):
        assert len(await listed(client, bucket=asked)) == (asked == bucket)
    told = await counts(client)
    assert told == {
        "checked": 1,
        "without_term": 0,
        "undated": 0,
        "in_term": 0,
        "due_12m": 0,
        "due_6m": 0,
        "overdue": 0,
        "disagreeing": 0,
    } | {bucket: 1}


async def test_a_recorded_due_date_wins_and_the_rules_fill_gaps(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    started = "2018-09-01"

    async def make(name: str, **values: Any) -> None:
        await make_organization(session, root, name=name, **values)

    await make("机关", term_started_on=started, sector="agency")
    await make("社区", term_started_on=started, sector="community")
    await make("党委", kind="party_committee", term_started_on=started)
    await make("合规", term_started_on=started, sector="agency", due_on="2021-09-01")
    await make("不合", term_started_on=started, sector="agency", due_on="2020-09-01")
    await make("原任期", term_started_on="2018-07-11", sector="agency", due_on="2020-07-11")
    await make("无日期")
    found = {i["organization_name"]: i for i in await listed(client)}
    told = {
        name: (i["due_on"], i["source"], i["computed_due_on"], i["agrees"])
        for name, i in found.items()
    }
    assert told == {
        "机关": ("2021-09-01", "computed", "2021-09-01", None),
        "社区": ("2023-09-01", "computed", "2023-09-01", None),
        "党委": ("2023-09-01", "computed", "2023-09-01", None),
        "合规": ("2021-09-01", "recorded", "2021-09-01", True),
        "不合": ("2020-09-01", "recorded", "2021-09-01", False),
        "原任期": ("2020-07-11", "recorded", "2021-07-11", None),
        "无日期": (None, None, None, None),
    }
    undated = found["无日期"]
    assert (undated["bucket"], undated["status"], undated["days"]) == ("undated", None, None)
    overview = await counts(client)
    assert (overview["checked"], overview["undated"], overview["disagreeing"]) == (7, 1, 1)


async def test_kinds_without_a_term_are_checked_and_never_due(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    past = {"term_started_on": "2012-01-01", "due_on": "2015-01-01"}
    await make_organization(session, root, name="工委", kind="working_committee", **past)
    committee = await make_organization(session, root, name="党委", kind="party_committee", **past)
    await make_organization(session, committee, name="临时", kind="temporary_branch", **past)
    branch = await make_organization(session, root, name="支部", **past)
    await make_organization(session, branch, name="小组", kind="party_group", **past)
    assert {*await names(client)} == {"党委", "支部"}
    told = await counts(client)
    assert (told["checked"], told["without_term"], told["overdue"]) == (4, 2, 2)
    assert await names(client, kind="party_branch") == ["支部"]
    assert await names(client, kind="working_committee") == []


async def test_any_day_and_any_subtree(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    general = await make_organization(
        session, root, name="总支", kind="general_branch", due_on="2019-06-01"
    )
    below = await make_organization(session, general, name="下属", due_on="2020-02-01")
    await make_organization(session, root, name="旁支", due_on="2019-05-01")
    clock.pin(date(2019, 10, 1))
    await organizations.dissolve(session, everything(), below, 1, None)
    assert await names(client, as_of="2018-12-31") == []
    assert await names(client, as_of="2019-09-30") == ["旁支", "总支", "下属"]
    assert await names(client) == ["旁支", "总支"]
    assert await names(client, within=general, as_of="2019-09-30") == ["总支", "下属"]
    assert (await counts(client, within=general, as_of="2019-06-01"))["overdue"] == 0
    assert (await counts(client, within=general, as_of="2019-06-02"))["overdue"] == 1
    assert (await counts(client, within=general))["checked"] == 1
    answer = await client.get(CALENDAR)
    assert answer.json()["items"][0]["as_of"] == "2019-10-01"  # today, when nobody says


async def test_pages_skip_nothing_and_repeat_nothing(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    dates = ["2019-03-01", "2020-03-01", "2019-03-01", "2021-01-01", "2019-03-01"]
    for due_on in dates:
        await make_organization(session, root, due_on=due_on)
    await make_organization(session, root)
    whole = await listed(client)
    assert [i["due_on"] for i in whole] == [*sorted(dates), None]
    found: list[dict[str, Any]] = []
    params = {"as_of": DAY.isoformat(), "limit": "2"}
    while True:
        page = (await client.get(CALENDAR, params=params)).json()
        found += page["items"]
        if page["next"] is None:
            break
        params["after"] = page["next"]
    assert found == whole


async def test_what_is_out_of_sight_or_unknown(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    far = await make_district(session, "231004")
    for url in (CALENDAR, OVERVIEW):
        assert (await client.get(url, params={"within": str(far)})).status_code == 404
        assert (await client.get(url, params={"as_of": "2019-02-30"})).status_code == 422
        assert (await client.get(url, params={"sort": "name"})).status_code == 422
    assert (await client.get(CALENDAR, params={"bucket": "soon"})).status_code == 422
    cursor = {"after": "x" * 40}
    assert (await client.get(CALENDAR, params=cursor)).status_code == 400


async def test_the_demo_district(client: httpx.AsyncClient, session: AsyncSession) -> None:
    clock.pin(DAY)
    sheet = Sheet(name="党组织", rows=demo.organization_rows())
    members = Sheet(name="党员", rows=demo.member_rows()[:1])
    report = await imports.take_sheets(session, [sheet, members], DISTRICT, DAY, digest=b"demo")
    assert report.status == "taken", report.errors[:3]
    told = await counts(client)
    assert (told["checked"], told["overdue"], told["undated"]) == (474, 23, 0)
    assert told["without_term"] == 9  # seven streets and two more working committees
    assert told["disagreeing"] == 0
    items = await listed(client, bucket="overdue", limit=200)
    assert len(items) == 23
    assert all(i["due_on"] < "2019-12-31" and i["days"] < 0 for i in items)
    assert items == sorted(items, key=lambda i: i["due_on"])
    soon = await listed(client, bucket="due_6m", limit=200)
    assert len(soon) == told["due_6m"]
    assert [i["organization_name"] for i in soon if i["status"] == "due"] == ["区审计局党总支"]
    assert {i["status"] for i in soon} == {"due", "remind"}


async def test_a_figure_counts_what_the_overview_counts(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    """The selects behind figures say in SQL what `logic` says of each body."""
    started = ("2014-12-31", "2016-02-29", "2016-12-30", "2016-12-31", "2018-07-11", "2018-07-12")
    bodies: list[dict[str, Any]] = [{"due_on": d} for d in ("2019-12-30", "2019-12-31")]
    bodies += [{"term_started_on": day} for day in started]
    bodies += [{"term_started_on": day, "kind": "party_committee"} for day in started]
    bodies += [{"term_started_on": day, "sector": "village"} for day in started]
    bodies += [{}, {"kind": "working_committee", "due_on": "2019-12-30"}]
    for n, values in enumerate(bodies):
        await make_organization(session, root, name=f"组织{n}", **values)
    for day in (DAY, date(2023, 7, 12), date(2023, 7, 13)):
        told = await counts(client, as_of=day)
        for rows, name in ((queries.checked, "checked"), (queries.overdue, "overdue")):
            found = rows([Subtree(DISTRICT, "1.")], day)
            counted = found.with_only_columns(func.count(), maintain_column_froms=True)
            assert await session.scalar(counted) == told[name], (day, name)
