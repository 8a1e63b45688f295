"""Rates and rankings over HTTP, and the counts that reports take."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Subtree
from app.pledges import service
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import everything, make_organization
from tests.make.pledges import make_pledge

HOME = Subtree("231005", "1.")


class Scene(NamedTuple):
    general: UUID
    first: UUID
    second: UUID
    group: UUID
    idle: UUID


@pytest.fixture
async def scene(session: AsyncSession, root: UUID) -> Scene:
    """Three branches: 1 of 2 done, 1 of 3 done (2 of them a group's member's), and nothing."""
    clock.pin(date(2019, 11, 30))
    general = await make_organization(session, root, kind="general_branch", name="总支")
    first = await make_organization(session, general, name="一支部")
    second = await make_organization(session, general, name="二支部")
    group = await make_organization(session, second, kind="party_group", name="一组")
    idle = await make_organization(session, general, name="三支部")
    one, two = await make_member(session, first), await make_member(session, group)
    due = {"due_on": "2020-12-31"}
    await make_pledge(session, "confirmed", organization_id=first, category="livelihood", **due)
    await make_pledge(session, "draft", organization_id=first, **due)
    clock.pin(date(2019, 12, 31))
    await make_pledge(session, "published", member_id=one, **due)
    await make_pledge(session, "completed", organization_id=second, **due)
    await make_pledge(session, "confirmed", member_id=two, **due)
    await make_pledge(session, "published", member_id=two, **due)
    await make_pledge(session, "withdrawn", member_id=two, **due)
    return Scene(general, first, second, group, idle)


async def rates(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/pledges/rates", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fractions(found: dict[str, Any]) -> dict[str, tuple[int, int, float | None]]:
    return {i["name"]: (i["numerator"], i["denominator"], i["rate"]) for i in found["items"]}


async def test_rates_by_organization_and_subtree(client: httpx.AsyncClient, scene: Scene) -> None:
    found = await rates(client)
    assert (found["by"], found["as_of"], found["rounding"]) == (
        "organization",
        "2019-12-31",
        "HALF_UP",
    )
    assert found["overall"] == {"numerator": 2, "denominator": 5, "rate": 0.4}
    own = {
        "中共牡丹江市西安区委员会": (0, 0, None),
        "总支": (0, 0, None),
        "一支部": (1, 2, 0.5),
        "二支部": (0, 1, 0.0),
        "一组": (1, 2, 0.5),
        "三支部": (0, 0, None),
    }
    assert fractions(found) == own
    assert found["items"][2]["organization_id"] == found["items"][2]["key"] == str(scene.first)
    below = fractions(await rates(client, by="subtree", within=str(scene.general)))
    assert below == {
        "总支": (2, 5, 0.4),
        "一支部": (1, 2, 0.5),
        "二支部": (1, 3, 0.333),
        "一组": (1, 2, 0.5),
        "三支部": (0, 0, None),
    }


async def test_rates_by_kind_category_and_month(client: httpx.AsyncClient, scene: Scene) -> None:
    assert fractions(await rates(client, by="kind")) == {
        "党员": (1, 3, 0.333),
        "党组织": (1, 2, 0.5),
    }
    assert fractions(await rates(client, by="category")) == {
        "民生实事": (1, 1, 1.0),
        "为民服务": (1, 4, 0.25),
    }
    months = await rates(client, by="month")
    assert fractions(months) == {"2019-11": (1, 1, 1.0), "2019-12": (1, 4, 0.25)}
    assert months["overall"] == {"numerator": 2, "denominator": 5, "rate": 0.4}
    held = await rates(client, by="month", pledger_kind="member", within=str(scene.second))
    assert fractions(held) == {"2019-12": (1, 2, 0.5)}
    held = await rates(client, by="kind", category="livelihood")
    assert fractions(held) == {"党组织": (1, 1, 1.0)}
    held = await rates(client, by="month", **{"from": "2019-12-01", "to": "2019-12-31"})
    assert fractions(held) == {"2019-12": (1, 4, 0.25)}
    held = await rates(client, by="month", **{"from": "2019-11-30", "to": "2019-11-30"})
    assert fractions(held) == {"2019-11": (1, 1, 1.0)}
    backwards = {"from": "2019-12-02", "to": "2019-12-01"}
    answer = await client.get("/pledges/rates", params=backwards)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "to")


async def test_as_of_a_day(client: httpx.AsyncClient, session: AsyncSession, scene: Scene) -> None:
    """A pledge counts from the day of its publication to the day before it is withdrawn."""
    due = {"due_on": "2020-12-31"}
    pledge = await make_pledge(session, "published", organization_id=scene.idle, **due)
    clock.pin(date(2020, 1, 10))
    await service.withdraw(session, everything(), pledge, "情况有变")
    expected = {
        "2019-11-29": None,
        "2019-11-30": (1, 1),
        "2019-12-30": (1, 1),
        "2019-12-31": (2, 6),
        "2020-01-09": (2, 6),
        "2020-01-10": (2, 5),
    }
    for day, wanted in expected.items():
        overall = (await rates(client, as_of=day))["overall"]
        found = overall["numerator"], overall["denominator"]
        assert found == (wanted or (0, 0)), day
        assert (overall["rate"] is None) == (wanted is None)


async def test_confirmed_later_is_open_before(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    side = everything()
    pledge = await make_pledge(
        session, "completed", organization_id=scene.idle, due_on="2020-12-31"
    )
    clock.pin(date(2020, 1, 5))
    await service.confirm(session, side, pledge)
    for day, done in (("2020-01-04", 0), ("2020-01-05", 1)):
        found = await rates(client, within=str(scene.idle), as_of=day)
        assert (found["overall"]["numerator"], found["overall"]["denominator"]) == (done, 1)


async def test_pages_of_groups(client: httpx.AsyncClient, scene: Scene) -> None:
    for url in ("/pledges/rates?by=subtree", "/pledges/rankings?category=services"):
        whole = (await client.get(url)).json()
        assert whole["next"] is None
        seen: list[Any] = []
        after = ""
        while True:
            page = (await client.get(f"{url}&limit=2{after}")).json()
            assert len(page["items"]) <= 2
            seen += page["items"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == whole["items"]
        wrong = await client.get(f"/pledges/rates?by=month{after}")
        assert wrong.status_code == 400


async def test_rankings(client: httpx.AsyncClient, session: AsyncSession, scene: Scene) -> None:
    async def ranks(**query: Any) -> list[tuple[Any, ...]]:
        answer = await client.get("/pledges/rankings", params=query)
        assert answer.status_code == 200, answer.text
        names = ("rank", "organization_name", "numerator", "denominator", "rate")
        return [tuple(i[n] for n in names) for i in answer.json()["items"]]

    assert await ranks() == [
        (1, "一支部", 1, 2, 0.5),
        (2, "二支部", 1, 3, 0.333),
        (None, "三支部", 0, 0, None),
    ]
    assert await ranks(pledger_kind="member") == [
        (1, "二支部", 1, 2, 0.5),
        (2, "一支部", 0, 1, 0.0),
        (None, "三支部", 0, 0, None),
    ]
    await make_pledge(session, "confirmed", organization_id=scene.idle)
    await make_pledge(session, "published", organization_id=scene.idle)
    assert [(r[0], r[1]) for r in await ranks()] == [(1, "一支部"), (1, "三支部"), (3, "二支部")]
    assert await ranks(within=str(scene.group)) == []
    assert [r[1] for r in await ranks(within=str(scene.second))] == ["二支部"]


async def test_a_clerk_counts_the_own_subtree(
    anonymous: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    anonymous.headers.update(bearer(await real.clerk(session, scene.second)))
    found = await rates(anonymous, by="subtree")
    assert fractions(found) == {"二支部": (1, 3, 0.333), "一组": (1, 2, 0.5)}
    assert found["overall"] == {"numerator": 1, "denominator": 3, "rate": 0.333}
    assert (await anonymous.get(f"/pledges/rates?within={scene.first}")).status_code == 404
    ranking = (await anonymous.get("/pledges/rankings")).json()["items"]
    assert [(r["rank"], r["organization_name"]) for r in ranking] == [(1, "二支部")]


async def test_what_a_dissolved_organisation_pledged_still_counts(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    bare = await make_organization(session, scene.general, name="四支部")
    await make_pledge(session, "confirmed", organization_id=scene.idle)
    clock.pin(date(2020, 1, 1))
    for gone in (scene.idle, bare):
        version = {"if-match": '"1"'}
        assert (await client.delete(f"/organizations/{gone}", headers=version)).is_success
    found = await rates(client, within=str(scene.general))
    assert fractions(found)["三支部"] == (1, 1, 1.0)
    assert "四支部" not in fractions(found)
    assert found["overall"] == {"numerator": 3, "denominator": 6, "rate": 0.5}
    [pledge] = (await client.get(f"/pledges?organization_id={scene.idle}")).json()["items"]
    assert pledge["organization_name"] == "三支部"
