"""The demo district's year: drawn alike on every call, plausible row by row, and its figures."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid5

import pytest

from app.demo import logic as roster
from app.demo_roster.types import Person
from app.demo_year import logic
from app.demo_year.types import Body
from tests.demo.conftest import District

ARTICLE = {
    "org_pledges_total": 297,
    "org_pledges_done": 256,
    "org_pledges_open": 41,
    "org_pledge_rate": 0.862,
    "member_pledges_total": 2830,
    "member_pledges_done": 2154,
    "member_pledges_open": 676,
    "member_pledge_rate": 0.761,
    "all_pledge_rate": 0.771,
    "service_posts_claimed": 910,
    "residents_served_person_times": 2132,
    "served_per_post": 2.34,
    "four_levels": 4,
    "grid_branches": 64,
    "building_groups": 196,
    "groups_per_branch": 3.06,
    "upgrade_threshold": 100,
    "downgrade_threshold": 20,
}
"""What the article prints of this, or implies."""
KINDS = {"党工委": "working_committee", "党委": "party_committee", "党总支": "general_branch"}
SECTORS = {"社区": "community", "村": "village", "乡镇": "township", "机关": "agency"}
SECTORS |= {"国企": "state_enterprise", "事业单位": "public_institution"}


@pytest.fixture(scope="module")
def bodies() -> list[Body]:
    space = UUID(int=1)
    return [
        Body(
            uuid5(space, r[1]),
            r[1],
            KINDS.get(r[3], "party_branch"),
            SECTORS.get(r[4], "x"),
            r[7] == "是",
        )
        for r in roster.organization_rows()[1:]
    ]


@pytest.fixture(scope="module")
def people(bodies: list[Body]) -> list[Person]:
    place = {b.name: b for b in bodies}
    return [
        Person(UUID(int=r[0]), place[r[10]].id, place[r[10]].sector, r[8], r[5])
        for r in roster.member_rows()[1:]
    ]


def test_pledges_are_plausible(bodies: list[Body], people: list[Person]) -> None:
    joined = {p.id: p.joined_on for p in people}
    for made, total, done in (
        (logic.organization_promises(bodies), 297, 256),
        (logic.member_promises(people), 2830, 2154),
    ):
        again = logic.organization_promises(bodies)
        assert made == (again if made[0].member_id is None else logic.member_promises(people))
        counted = [p for p in made if p.published_on and p.withdrawn_on is None]
        assert len(counted) == total
        assert sum(p.confirmed_on is not None for p in counted) == done
        assert any(p.completed_on and not p.confirmed_on for p in counted)
        assert any(not p.completed_on and p.due_on < logic.LAST_DAY for p in counted)
        for promise in made:
            days = (promise.published_on, promise.completed_on, promise.confirmed_on)
            held = [d for d in days if d is not None]
            assert held == sorted(held)
            assert all(d <= logic.LAST_DAY for d in held)
            if promise.member_id is not None and promise.published_on is not None:
                assert joined[promise.member_id] < promise.published_on


def test_service_is_plausible(bodies: list[Body], people: list[Person]) -> None:
    posts = logic.posts(bodies)
    claims = logic.claims(posts, people)
    records = logic.records(posts, claims)
    assert (claims, records) == (logic.claims(posts, people), logic.records(posts, claims))
    standing = [c for c in claims if c.accepted_on and not c.exited_on]
    assert len(standing) == 910
    live = Counter(c.post for c in claims if not c.exited_on)
    assert all(live[i] <= post.capacity for i, post in enumerate(posts))
    assert len({(c.post, c.member_id) for c in claims}) == len(claims)
    confirmed = [r for r in records if r.confirmed_on]
    assert sum(r.beneficiaries for r in confirmed) == 2132
    assert len(confirmed) < len(records)
    for record in records:
        accepted = claims[record.claim].accepted_on
        assert accepted is not None
        assert accepted <= record.served_on <= (record.confirmed_on or logic.LAST_DAY)
        assert record.served_on <= logic.LAST_DAY


async def test_the_district_yields_the_articles_figures(district: District) -> None:
    values = await district.values()
    assert {name: values[name] for name in ARTICLE} == ARTICLE
    # it opens to exactly its rows
    rows: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        mark = f"&after={after}" if after else ""
        url = f"/figures/residents_served_person_times/rows?limit=200{mark}"
        page = (await district.client.get(url)).json()
        rows, after = rows + page["items"], page["next"]
    assert sum(r["amount"] for r in rows) == 2132
    overdue = (await district.client.get("/pledges?overdue=true&limit=1")).json()["items"]
    assert overdue


SET = (
    "INSERT INTO rule_setting (district_code, id, pack, is_enabled, upper, lower, valid_from)"
    " VALUES ('231005', gen_random_uuid(), 'owner_headcount', true, 150, 30, '2019-01-01')"
)
MOVES = {
    "service_posts_claimed": "UPDATE service_claim SET status = 'exited', ended_on = '2019-12-31',"
    " reason = 'x' WHERE id = (SELECT id FROM service_claim WHERE status = 'active' LIMIT 1)",
    "residents_served_person_times": "UPDATE service_record SET beneficiaries = beneficiaries + 1"
    " WHERE id = (SELECT id FROM service_record WHERE status = 'confirmed' LIMIT 1)",
    "grid_branches": "UPDATE organization_state SET is_grid = false WHERE id ="
    " (SELECT id FROM organization_state WHERE is_grid LIMIT 1)",
    "building_groups": "UPDATE organization_state SET kind = 'temporary_branch' WHERE id ="
    " (SELECT id FROM organization_state WHERE kind = 'party_group' LIMIT 1)",
    "four_levels": "UPDATE organization_state SET is_grid = false WHERE is_grid",
    "groups_per_branch": "UPDATE organization_state SET kind = 'temporary_branch' WHERE id IN"
    " (SELECT id FROM organization_state WHERE kind = 'party_group' LIMIT 9)",
    "upgrade_threshold": SET,
    "downgrade_threshold": SET,
}
"""What changes a record behind a figure."""


@pytest.mark.parametrize("figure", MOVES)
async def test_a_figure_moves_with_its_records(district: District, figure: str) -> None:
    before = await district.value(figure)
    assert before == ARTICLE[figure]
    assert await district.undone(figure, MOVES[figure]) != before
    assert await district.value(figure) == before
