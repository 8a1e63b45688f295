"""What the rules find in the records, over HTTP and without it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.caller import Subtree
from app.core.db import Doors
from app.organizations.queries import ROOT_PATH
from app.rules import queries
from tests.conftest import signed_in
from tests.make.organizations import DISTRICT, make_account, make_district
from tests.rules.conftest import FOUNDED, TODAY, MakeUnit, add_members

ADVISORIES = "/rules/packs/regulation_advisories/settings"


async def ask(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/rules/findings", params={"as_of": str(TODAY)} | params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None
    return list(answer.json()["items"])


def told(items: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    return [(i["organization_name"], i["headcount"], i["rule"], i["severity"]) for i in items]


@pytest.fixture
async def district(make_unit: MakeUnit) -> dict[str, UUID]:
    """General branches and branches on both sides of both limits, and kinds never flagged."""
    made = {
        name: await make_unit(name, "general_branch", members)
        for name, members in (
            ("总支甲101", 101),
            ("总支乙100", 100),
            ("总支丙20", 20),
            ("总支丁19", 19),
        )
    }
    made["总支戊102"] = big = await make_unit("总支戊102", "general_branch", sector="agency")
    for number, (full, probationary) in enumerate(((38, 2), (33, 2), (25, 2))):
        name = f"戊之第{number}党支部"
        made[name] = await make_unit(name, "party_branch", full, probationary, parent_id=big)
    made["支部己19"] = await make_unit("支部己19", "party_branch", 17, 2, sector="community")
    made["联合庚101"] = await make_unit("联合庚101", "joint_branch", 101, sector="village")
    committee = await make_unit("党委辛", "party_committee", 5, sector="agency")
    made["支部壬51"] = await make_unit("支部壬51", "party_branch", 51, parent_id=committee)
    await make_unit("临时癸", "temporary_branch", 2, parent_id=committee)
    await make_unit("党工委", "working_committee", 7, sector="street")
    clock.pin(TODAY)
    return made


async def test_owners_rule_on_records(client: httpx.AsyncClient, district: dict[str, UUID]) -> None:
    items = await ask(client)
    assert told(items) == [  # by path, whose labels sort as text: 1.10. before 1.2.
        ("支部己19", 19, "under_lower", "low"),
        ("联合庚101", 101, "over_upper", "high"),
        ("总支甲101", 101, "over_upper", "high"),
        ("总支丁19", 19, "under_lower", "high"),
        ("总支戊102", 102, "over_upper", "high"),
    ]
    assert items[2] == {
        "district_code": DISTRICT,
        "organization_id": str(district["总支甲101"]),
        "organization_name": "总支甲101",
        "kind": "general_branch",
        "headcount": 101,
        "rule": "over_upper",
        "pack": "owner_headcount",
        "version": "1.0",
        "severity": "high",
        "suggestion": "upgrade_to_committee",
        "approval_level": None,
        "source": str(queries.pack("owner_headcount").rules[0].source),
        "as_of": "2019-12-31",
    }
    assert [i["suggestion"] for i in items] == [
        "review_merge_or_keep",
        "upgrade_or_split",
        "upgrade_to_committee",
        "downgrade_to_branch",
        "upgrade_to_committee",
    ]
    assert items[1]["approval_level"] == "county_party_committee"


async def test_regulations_advise_once_a_district_enables_them(
    client: httpx.AsyncClient, district: dict[str, UUID]
) -> None:
    new = {"district_code": DISTRICT, "is_enabled": True, "valid_from": "2019-01-01"}
    assert (await client.post(ADVISORIES, json=new)).status_code == 201
    items = await ask(client, pack="regulation_advisories")
    assert told(items) == [
        ("联合庚101", 101, "REG_BRANCH_OVER_50", "low"),
        ("党委辛", 58, "REG_COMMITTEE_UNDER_100", "low"),
        ("支部壬51", 51, "REG_BRANCH_OVER_50", "low"),
        ("总支戊102", 102, "REG_COMMITTEE_AT_100", "high"),
    ]
    assert items[3]["source"] == "《中国共产党党和国家机关基层组织工作条例》(2019)第五条"
    before = str(date(2019, 12, 26))  # the regulation on organs is of the day after
    assert {i["rule"] for i in await ask(client, pack="regulation_advisories", as_of=before)} == {
        "REG_BRANCH_OVER_50"
    }
    assert len(await ask(client)) == 9


async def test_a_branch_short_of_three_full_members(
    client: httpx.AsyncClient, make_unit: MakeUnit
) -> None:
    await make_unit("两名正式", "party_branch", 2, 19)
    await make_unit("三名正式", "party_branch", 3, 18)
    new = {"district_code": DISTRICT, "is_enabled": True, "valid_from": "2019-01-01"}
    await client.post(ADVISORIES, json=new)
    assert told(await ask(client)) == [("两名正式", 21, "REG_BRANCH_UNDER_3_FULL", "high")]


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({"kind": "general_branch"}, ["总支甲101", "总支丁19", "总支戊102"]),
    ({"kind": "party_committee"}, []),
    ({"severity": "low"}, ["支部己19"]),
    ({"rule": "under_lower"}, ["支部己19", "总支丁19"]),
    ({"rule": "under_lower", "severity": "high"}, ["总支丁19"]),
    ({"pack": "regulation_advisories"}, []),
    ({"sort": "severity"}, ["联合庚101", "总支甲101", "总支丁19", "总支戊102", "支部己19"]),
]


async def test_filters_and_order(client: httpx.AsyncClient, district: dict[str, UUID]) -> None:
    for params, names in FILTERS:
        found = [i["organization_name"] for i in await ask(client, **params)]
        assert found == names, params


WRONG = [
    ({"kind": "branch"}, 422),
    ({"severity": "medium"}, 422),
    ({"rule": "no_such_rule"}, 422),
    ({"rule": "\0"}, 422),
    ({"pack": "no_such_pack"}, 422),
    ({"sort": "headcount"}, 422),
    ({"limit": "0"}, 422),
    ({"limit": "201"}, 422),
    ({"as_of": "2019-02-30"}, 422),
    ({"as_of": "1577750400"}, 422),
    ({"after": "eA"}, 400),
    ({"within": "1"}, 422),
    ({"within": "00000000-0000-7000-8000-000000000000"}, 404),
    ({"threshold": "1"}, 422),
]


async def test_bad_parameters(client: httpx.AsyncClient) -> None:
    for params, status in WRONG:
        answer = await client.get("/rules/findings", params=params)
        assert answer.status_code == status, (params, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("sort", ["path", "severity"])
async def test_pages_are_whole_and_in_order(
    client: httpx.AsyncClient, make_unit: MakeUnit, sort: str
) -> None:
    for number in range(11):
        await make_unit(f"单位{number}", ("general_branch", "party_branch")[number % 2], number)
    whole = await ask(client, sort=sort)
    seen: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        asked = {"as_of": str(TODAY), "sort": sort, "limit": "3", **after}
        page = (await client.get("/rules/findings", params=asked)).json()
        assert len(page["items"]) <= 3
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == whole
    assert len({i["organization_id"] for i in seen}) == 11
    other = {"path": "severity", "severity": "path"}[sort]
    refused = await client.get("/rules/findings", params={"sort": other, **after})
    assert refused.status_code == 400


async def test_findings_of_another_day(
    client: httpx.AsyncClient, session: AsyncSession, make_unit: MakeUnit
) -> None:
    growing = await make_unit("渐增", "general_branch", 100)
    joined, left = date(2019, 9, 1), date(2019, 11, 1)
    await add_members(session, growing, 1, since=joined, until=left)
    found = {
        day: [i["headcount"] for i in await ask(client, as_of=str(day))]
        for day in (joined - timedelta(1), joined, left - timedelta(1), left, FOUNDED)
    }
    assert found == {
        joined - timedelta(1): [],
        joined: [101],
        left - timedelta(1): [101],
        left: [],
        FOUNDED: [],
    }
    assert await ask(client, as_of=str(FOUNDED - timedelta(1))) == []


async def test_who_counts(
    client: httpx.AsyncClient, session: AsyncSession, make_unit: MakeUnit
) -> None:
    unit = await make_unit("状态", "general_branch", 17)
    for status in ("rights_suspended", "under_party_probation", "rectifying"):
        await add_members(session, unit, 1, status=status)
    for status in ("membership_suspended", "transferred_out", "deceased", "expelled"):
        await add_members(session, unit, 200, status=status)
    assert await ask(client) == []  # exactly 20 count


async def test_within_a_subtree(
    client: httpx.AsyncClient, district: dict[str, UUID], make_unit: MakeUnit
) -> None:
    big = str(district["总支戊102"])
    assert [i["organization_id"] for i in await ask(client, within=big)] == [big]
    assert await ask(client, within=str(district["戊之第0党支部"])) == []


async def test_nobody_sees_past_their_subtree(
    client: httpx.AsyncClient,
    doors: Doors,
    session: AsyncSession,
    district: dict[str, UUID],
    make_unit: MakeUnit,
) -> None:
    other = await make_district(session, "231002")
    elsewhere = await make_unit(
        "邻区总支", "general_branch", 5, parent_id=other, district_code="231002"
    )
    assert "邻区总支" not in [i["organization_name"] for i in await ask(client)]
    hidden = await client.get("/rules/findings", params={"within": str(elsewhere)})
    assert hidden.status_code == 404

    inside = district["总支戊102"]
    clerk = await make_account(session, Role.ORGANIZATION_CLERK, organization_id=inside)
    client.headers.update(await signed_in(doors, session, clerk))
    assert [i["organization_id"] for i in await ask(client)] == [str(inside)]
    beside = await client.get("/rules/findings", params={"within": str(district["支部己19"])})
    assert beside.status_code == 404

    keeper = await make_account(session, Role.SYSTEM_ADMIN)
    client.headers.update(await signed_in(doors, session, keeper))
    assert await ask(client) == []


async def test_findings_without_http(doors: Doors, district: dict[str, UUID]) -> None:
    on = doors.reading(["231005", "231002"])
    found = await queries.findings(on, [Subtree(DISTRICT, ROOT_PATH)], TODAY)
    assert await queries.findings(on, [], TODAY) == []
    assert [(f.organization_id, f.headcount, f.rule) for f in found][-2:] == [
        (district["总支丁19"], 19, "under_lower"),
        (district["总支戊102"], 102, "over_upper"),
    ]
