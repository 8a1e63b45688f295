"""Figures over HTTP: what they count, on which day, and that they open to exactly their rows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.figures.queries import REGISTRY
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.pledges import make_pledge
from tests.make.residents import (
    make_claim,
    make_community,
    make_member_account,
    make_post,
    make_record,
)


@dataclass(frozen=True)
class Scene:
    """A community and a branch beside it."""

    community: UUID
    branch: UUID
    member: UUID


@pytest.fixture
async def scene(session: AsyncSession, root: UUID) -> Scene:
    clock.pin(date(2019, 12, 1))
    community = await make_community(session, root)
    branch = await make_organization(session, root)
    return Scene(community, branch, await make_member(session, branch))


Figure = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def figure(client: httpx.AsyncClient) -> Figure:
    async def ask(name: str, **params: Any) -> dict[str, Any]:
        renamed = {k.rstrip("_"): str(v) for k, v in params.items()}
        answer = await client.get(f"/figures/{name}", params=renamed)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return ask


async def rows_of(client: httpx.AsyncClient, told: dict[str, Any], part: str) -> list[Any]:
    """Open a figure, page by page."""
    found: list[Any] = []
    after = ""
    while True:
        url = f"{told['rows'].removeprefix('/v1')}&part={part}&limit=2{after}"
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        after = f"&after={answer.json()['next']}"


async def fill(session: AsyncSession, scene: Scene) -> None:
    """Some of everything, that counts and that does not."""
    clock.pin(date(2019, 12, 10))
    for status in ("draft", "published", "completed", "confirmed", "confirmed"):
        await make_pledge(session, status, organization_id=scene.branch)
    await make_pledge(session, "confirmed", member_id=scene.member)
    await make_pledge(session, "published", member_id=scene.member)
    await make_pledge(session, "published", organization_id=scene.community)
    post = await make_post(session, scene.community, capacity=3)
    claim = await make_claim(session, post, scene.member)
    for n in (3, 4):
        await make_record(session, claim, beneficiaries=n, confirmed=True)
    await make_record(session, claim, beneficiaries=100)


async def test_each_figure_opens_to_exactly_its_rows(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    await fill(session, scene)
    told = (await client.get("/figures")).json()["items"]
    assert [f["id"] for f in told] == list(REGISTRY)
    values = {f["id"]: f["value"] for f in told}
    expected = {
        "org_pledges_total": 5,
        "org_pledges_done": 2,
        "org_pledges_open": 3,
        "org_pledge_rate": 0.4,
        "member_pledges_total": 2,
        "member_pledges_done": 1,
        "member_pledges_open": 1,
        "member_pledge_rate": 0.5,
        "all_pledge_rate": 0.429,
        "service_posts_claimed": 1,
        "residents_served_person_times": 7,
        "served_per_post": 7,
        "four_levels": 1,
        "grid_branches": 0,
        "building_groups": 0,
        "groups_per_branch": None,
        "cadres_per_group": None,
        "first_secretary_villages": 0,
        "first_secretary_extension_years": None,
        "grid_cadres": 0,
        "community_cadres": 0,
        "upgrade_threshold": 100,
        "downgrade_threshold": 20,
        "orgs_checked_for_election": 2,
        "election_overdue_rate": 0,
    }
    assert {name: values[name] for name in expected} == expected
    for one in told:
        assert (await client.get(f"/figures/{one['id']}")).json() == one
        for part in ("numerator", "denominator"):
            if one[part] is None:
                url = one["rows"].removeprefix("/v1") + "&part=denominator"
                refused = await client.get(url)
                assert refused.status_code == 422
                assert refused.json()["type"] == "/problems/no-such-part"
                continue
            rows = await rows_of(client, one, part)
            assert len({r["id"] for r in rows}) == len(rows)
            assert sum(r["amount"] for r in rows) == one[part]


async def test_nothing_divided_by_nothing_is_null(figure: Figure, scene: Scene) -> None:
    for name in ("org_pledge_rate", "all_pledge_rate", "served_per_post"):
        told = await figure(name)
        assert (told["value"], told["numerator"], told["denominator"]) == (None, 0, 0)
    assert (await figure("org_pledges_total"))["value"] == 0


async def test_subtrees(figure: Figure, session: AsyncSession, scene: Scene) -> None:
    await fill(session, scene)
    assert (await figure("org_pledges_total", within=scene.branch))["value"] == 4
    assert (await figure("org_pledges_total", within=scene.community))["value"] == 1
    assert (await figure("org_pledge_rate", within=scene.branch))["value"] == 0.5
    # a service is its community's, not the branch's of the member who served
    assert (await figure("service_posts_claimed", within=scene.branch))["value"] == 0
    served = await figure("residents_served_person_times", within=scene.community)
    assert served["value"] == 7


async def test_days_and_periods(figure: Figure, session: AsyncSession, scene: Scene) -> None:
    await fill(session, scene)
    clock.pin(date(2019, 12, 20))
    for day, total in (("2019-12-09", 0), ("2019-12-10", 5)):
        assert (await figure("org_pledges_total", as_of=day))["value"] == total
        assert (await figure("service_posts_claimed", as_of=day))["value"] == total // 5
    assert (await figure("org_pledges_total", from_="2019-12-10", to="2019-12-10"))["value"] == 5
    assert (await figure("org_pledges_total", from_="2019-12-11"))["value"] == 0
    assert (await figure("org_pledges_total", to="2019-12-09"))["value"] == 0
    served = await figure("residents_served_person_times", from_="2019-12-11")
    assert served["value"] == 0


async def test_days_before_the_records_begin_have_a_place(
    figure: Figure, session: AsyncSession, scene: Scene
) -> None:
    """A roster speaks for its day only; what was recorded of the months before is not lost."""
    await fill(session, scene)
    clock.pin(date(2019, 12, 20))
    late = await make_organization(session, scene.community)  # stands from the 20th
    clock.pin(date(2019, 12, 15))
    await make_pledge(session, "published", organization_id=scene.community)
    await session.execute(
        text("UPDATE pledge SET organization_id = :late WHERE published_on = '2019-12-15'"),
        {"late": late},
    )
    assert (await figure("org_pledges_total", as_of="2019-12-15"))["value"] == 6
    below = await figure("org_pledges_total", as_of="2019-12-15", within=scene.community)
    assert below["value"] == 2


async def test_what_cannot_be_asked(client: httpx.AsyncClient, scene: Scene) -> None:
    unknown = await client.get("/figures/no_such_figure")
    assert unknown.status_code == 404
    for url in (
        "/figures/Org",
        "/figures?from=2019-12-02&to=2019-12-01",
        "/figures?as_of=2019-02-29",
        "/figures?first=2019-12-01",
        "/figures/org_pledges_total/rows?part=both",
    ):
        assert (await client.get(url)).status_code == 422, url


async def test_a_member_reads_no_figures(
    anonymous: httpx.AsyncClient, doors: Any, session: AsyncSession, scene: Scene
) -> None:
    name = await make_member_account(session, scene.member)
    anonymous.headers.update(await signed_in(doors, session, name))
    for url in ("/figures", "/figures/org_pledges_total", "/figures/org_pledges_total/rows"):
        answer = await anonymous.get(url)
        assert answer.status_code == 403, answer.text
        assert answer.json()["permission"].endswith(":read")


async def test_a_clerk_reads_the_own_subtree(
    anonymous: httpx.AsyncClient, doors: Any, session: AsyncSession, scene: Scene
) -> None:
    await fill(session, scene)
    name = await make_account(session, organization_id=scene.community)
    anonymous.headers.update(await signed_in(doors, session, name))
    told = {f["id"]: f["value"] for f in (await anonymous.get("/figures")).json()["items"]}
    assert told["org_pledges_total"] == 1
    assert told["residents_served_person_times"] == 7
    hidden = await anonymous.get(f"/figures/org_pledges_total?within={scene.branch}")
    nowhere = await anonymous.get(f"/figures/org_pledges_total?within={UUID(int=7)}")
    assert hidden.status_code == nowhere.status_code == 404
    assert hidden.content == nowhere.content


async def test_a_period_that_ends_before_it_begins_is_refused_alike(
    client: httpx.AsyncClient,
) -> None:
    """Rates, rankings, figures and their rows tell the same of it."""
    period = "from=2019-12-31&to=2019-12-30"
    urls = ("/pledges/rates", "/pledges/rankings", "/figures", "/figures/org_pledge_rate")
    answers = [await client.get(f"{url}?{period}") for url in (*urls, f"{urls[-1]}/rows")]
    first = answers[0].json() | {"instance": None, "request_id": None}
    assert first["errors"] == [
        {"field": "to", "where": "query", "code": "period", "message": "起始日期晚于截止日期"}
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert answer.json() | {"instance": None, "request_id": None} == first
    for url in urls:
        assert (await client.get(f"{url}?from=2019-12-31&to=2019-12-31")).status_code == 200
