"""What is due, over HTTP, on both sides of the ends of periods."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.activities.conftest import TODAY, made
from tests.make.activities import make_activity
from tests.make.members import make_member
from tests.make.organizations import make_organization


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    clock.pin(date(2019, 9, 30))
    made = await make_organization(session, root, name="机关党支部")
    clock.pin(TODAY)
    return made


async def due(client: httpx.AsyncClient, query: str = "") -> list[tuple[str, str]]:
    items = made(await client.get(f"/activities/due?limit=200&{query}"))["items"]
    return [(i["organization_name"], i["rule"]) for i in items]


ROOT = "中共牡丹江市西安区委员会"
OF_ROOT = [(ROOT, "two_new_training_quarterly"), (ROOT, "village_training_yearly")]


async def test_what_is_lacking(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    name = "机关党支部"
    of_branch = [
        (name, "member_meeting_quarterly"),
        (name, "organization_life_meeting_yearly"),
        (name, "theme_day_monthly"),
    ]
    assert await due(client) == OF_ROOT + of_branch
    assert await due(client, f"within={branch}") == of_branch
    assert await due(client, "period=month") == of_branch[2:]
    assert await due(client, "kind=member_meeting") == of_branch[:1]
    planned = await make_activity(session, branch, held_on="2019-12-31")
    item: dict[str, Any] = made(await client.get("/activities/due?kind=theme_day"))["items"][0]
    assert (item["held"], item["planned"], item["missing"], item["times"]) == (0, 1, 1, 1)
    assert (item["first_on"], item["last_on"]) == ("2019-12-01", "2019-12-31")
    assert item["source"] == "《中国共产党支部工作条例(试行)》(2018)第十六条"
    made(await client.post(f"/activities/{planned}/completions"))
    assert await due(client, f"within={branch}") == of_branch[:2]
    made(await client.post(f"/activities/{planned}/cancellations", json={"reason": "误登"}))
    assert await due(client, f"within={branch}") == of_branch


QUARTERS = [
    ("2019-09-30", "2019-09-30", False),
    ("2019-09-30", "2019-10-01", True),
    ("2019-10-01", "2019-12-31", False),
    ("2019-10-01", "2020-01-01", True),
    ("2019-10-02", "2019-10-01", True),  # not yet held on that day
]


async def test_quarters_at_their_ends(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    for held_on, as_of, is_due in QUARTERS:
        kind = "member_meeting"
        meeting = await make_activity(session, branch, "held", kind=kind, held_on=held_on)
        found = await due(client, f"within={branch}&kind={kind}&as_of={as_of}")
        assert bool(found) == is_due, (held_on, as_of)
        made(await client.post(f"/activities/{meeting}/cancellations", json={"reason": "x"}))


async def test_committees_groups_and_what_stands_below(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, branch: UUID
) -> None:
    group = await make_organization(session, branch, kind="party_group", name="一组")
    for number in range(7):  # 有正式党员7人以上的党支部设立委员会, the groups' counted
        await make_member(session, group if number else branch)
        rule = "committee_meeting_monthly"
        found = await due(client, f"within={branch}&kind=committee_meeting")
        assert bool(found) == (number == 6), rule
    assert ("一组", "group_meeting_monthly") in await due(client)
    working = await make_organization(session, root, kind="working_committee", name="两新工委")
    await make_activity(session, working, "held", kind="two_new_training")
    await make_activity(session, root, "held", kind="village_training")
    assert await due(client, "kind=two_new_training") == []
    assert await due(client, "kind=village_training") == []
    await make_activity(session, group, "held", kind="group_meeting")
    assert await due(client, "kind=group_meeting") == []


async def test_pages_go_to_the_end(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = made(
            await client.get("/activities/due?limit=2" + (f"&after={after}" if after else ""))
        )
        found, after = found + page["items"], page["next"]
    assert [(i["organization_name"], i["rule"]) for i in found] == await due(client)


async def test_what_was_dissolved_owes_nothing(client: httpx.AsyncClient, branch: UUID) -> None:
    clock.pin(TODAY.replace(year=2020, month=1, day=5))
    answer = await client.delete(f"/organizations/{branch}", headers={"if-match": '"1"'})
    assert answer.status_code == 204
    assert await due(client) == OF_ROOT
