"""The demo district's activities: drawn alike on every call, plausible row by row."""

from collections import Counter
from datetime import date
from uuid import UUID, uuid5

import pytest

from app.activities.types import HELD_BY, ActivityKind
from app.demo import logic as roster
from app.demo_activities import logic
from app.demo_activities.types import Body, Held, Leader
from app.demo_roster.types import Person
from app.organizations.types import OrganizationKind

KINDS = {"党工委": "working_committee", "党委": "party_committee", "党总支": "general_branch"}
SECTORS = {"社区": "community", "村": "village", "机关": "agency", "两新": "new_sector"}
SECTORS |= {"国企": "state_enterprise", "事业单位": "public_institution"}
SECTORS |= {"非公企业": "private_enterprise", "社会组织": "social_organization"}


@pytest.fixture(scope="module")
def bodies() -> list[Body]:
    space = UUID(int=1)
    root = Body(space, roster.ROOT, OrganizationKind.DISTRICT_COMMITTEE, "")
    return [root] + [
        Body(
            uuid5(space, r[1]),
            r[1],
            OrganizationKind(KINDS.get(r[3], "party_branch")),
            SECTORS.get(r[4], "x"),
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


@pytest.fixture(scope="module")
def led(bodies: list[Body], people: list[Person]) -> list[Leader]:
    return logic.leaders(bodies, people)


@pytest.fixture(scope="module")
def held(bodies: list[Body], people: list[Person], led: list[Leader]) -> list[Held]:
    team = [UUID(int=n) for n in range(1, 9)]
    days = [day for leader in led for day in leader.months]
    return [
        *logic.district_activities(bodies, people, team),
        *logic.meetings(bodies, led),
        *days,
    ]


def test_activities_are_plausible(held: list[Held], people: list[Person]) -> None:
    joined = {p.id: p.joined_on for p in people}
    for one in held:
        assert date(2019, 1, 1) <= one.held_on <= logic.LAST_DAY
        is_weekend = one.held_on.weekday() >= 5
        assert is_weekend == (one.kind == ActivityKind.SPORTS_DAY), one
        assert one.body.kind in HELD_BY.get(one.kind, set(OrganizationKind))
        named = [t.member_id or t.guest for t in one.people]
        assert len(set(named)) == len(named)
        assert all((t.member_id is None) != (t.guest is None) for t in one.people)
        if one.kind != ActivityKind.LECTURE_SESSION:  # whose speakers the test made up
            assert all(joined[t.member_id] < one.held_on for t in one.people if t.member_id)
    present = Counter[ActivityKind]()
    for one in held:
        present[one.kind] += sum(t.is_present for t in one.people)
    assert present[ActivityKind.CENTRALIZED_TRAINING] == 1200
    assert present[ActivityKind.TWO_NEW_TRAINING] == 352
    quarters = [h.held_on.month for h in held if h.kind == ActivityKind.TWO_NEW_TRAINING]
    assert [(month - 1) // 3 for month in quarters] == [0, 1, 2, 3]
    assert any(not t.is_present for h in held for t in h.people)


def test_leaders_have_a_theme_day_each_month(led: list[Leader], people: list[Person]) -> None:
    assert len({leader.person.organization_id for leader in led}) == len(led) == 6
    for leader in led:
        assert [day.held_on.month for day in leader.months] == list(range(1, 13))
        assert {day.body.id for day in leader.months} == {leader.person.organization_id}


def test_it_is_drawn_alike_on_every_call(
    bodies: list[Body], people: list[Person], led: list[Leader]
) -> None:
    assert logic.leaders(bodies, people) == led
    assert logic.brands(bodies) == logic.brands(bodies)
    assert logic.micro_lectures(people) == logic.micro_lectures(people)
