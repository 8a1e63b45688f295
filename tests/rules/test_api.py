"""Packs, settings and checks over HTTP."""

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from app.rules.models import RuleSetting, rule_setting_history
from tests.conftest import signed_in
from tests.make.organizations import DISTRICT, make_account, make_district
from tests.rules.conftest import TODAY, MakeUnit
from tests.rules.test_examples import examples

OWNER = "/rules/packs/owner_headcount"
NEW = {"district_code": DISTRICT, "is_enabled": True, "valid_from": "2019-07-01"}


async def test_packs(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/rules/packs")).json()
    assert listed["next"] is None
    assert [(p["name"], p["is_enabled_by_default"]) for p in listed["items"]] == [
        ("owner_headcount", True),
        ("regulation_advisories", False),
        ("admissions", True),
        ("cadences", True),
        ("elections", True),
        ("postings", True),
        ("terms", True),
        ("transfers", True),
    ]
    assert listed["items"][0]["limits"] == {
        "upper": 100,
        "lower": 20,
        "upper_operator": ">",
        "lower_operator": "<",
    }
    assert listed["items"][0]["kinds"] == ["general_branch", "party_branch", "joint_branch"]
    shown = await client.get("/rules/packs/regulation_advisories")
    assert shown.status_code == 200
    body = shown.json()
    assert len({rule["code"] for rule in body["rules"]}) == 6
    cap = next(r for r in body["rules"] if r["code"] == "REG_BRANCH_OVER_50")
    assert (cap["operator"], cap["threshold"], cap["locales"]) == (">", 50, None)
    assert cap["source"]["article"] == "(2018)第四条"
    assert cap["valid_from"] == "2018-10-28"
    assert body["settings"] == []
    assert (await client.get("/rules/packs/no_such_pack")).status_code == 404
    assert (await client.get("/rules/packs/No-Such")).status_code == 422


async def test_packs_of_other_domains_are_shown_and_not_set(client: httpx.AsyncClient) -> None:
    shown = await client.get("/rules/packs/elections")
    assert shown.status_code == 200, shown.text
    body = shown.json()
    assert (body["limits"], body["rules"], body["settings"]) == (None, [], [])
    assert body["numbers"]["quorum"] == [4, 5]
    (clause,) = [c for c in body["clauses"] if c["code"] == "quorum_met"]
    assert "{due}" in clause["message"]["en"]
    assert clause["source"]["document"] == "《中国共产党基层组织选举工作条例》"
    terms = (await client.get("/rules/packs/terms")).json()
    assert any(rule.get("years") == 5 for rule in terms["numbers"]["rules"])
    assert (await client.get("/rules/packs/terms/settings")).json()["items"] == []
    answer = await client.post("/rules/packs/terms/settings", json=NEW)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/no-limits")


async def test_everything_needs_a_sign_in(anonymous: httpx.AsyncClient) -> None:
    for path in ("/rules/packs", OWNER, f"{OWNER}/settings", "/rules/findings"):
        assert (await anonymous.get(path)).status_code == 401
    check = await anonymous.post("/rules/checks", json={"engine": "restructuring_rules"})
    assert check.status_code == 401


@pytest.mark.parametrize(("asked", "expected"), examples("restructuring_rules.yaml"))
async def test_checks_answer_the_examples(
    client: httpx.AsyncClient, asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    clock.pin(TODAY)
    answer = await client.post("/rules/checks", json={"engine": "restructuring_rules", **asked})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {key: found[key] for key in expected} == expected
    assert all(reason["source"] for reason in found["reasons"])


async def test_a_check_asks_the_regulations_of_its_day(client: httpx.AsyncClient) -> None:
    check = {"engine": "restructuring_rules", "unit_type": "party_branch", "members": 51}
    for day, codes in (("2018-10-27", []), ("2018-10-28", ["REG_BRANCH_OVER_50"])):
        answer = await client.post("/rules/checks", json=check | {"as_of": day})
        assert answer.json()["advisories"] == codes


WRONG: list[dict[str, Any]] = [
    {"engine": "no_such_engine"},
    {"engine": None},
    {"members": -1},
    {"members": 10_000_001},
    {"members": 2**70},
    {"members": 18.0},
    {"members": "18"},
    {"members": True},
    {"unit_type": "branch"},
    {"unit_type": 1},
    {"locale": "moon"},
    {"unit_status": "closed"},
    {"children": [{}] * 1001},
    {"children": [{"full": 1, "other": 2}]},
    {"children": {}},
    {"config": {"upper": 100, "lower": 20, "middle": 50}},
    {"config": {"upper": 10**9}},
    {"config": []},
    {"records": {"active_full": None}},
    {"small_unit_approval": "yes"},
    {"small_unit_approval": 1},
    {"as_of": "2019-13-01"},
    {"is_admin": True},
    {"members": 5, "full_members": 6},
    {"members": 5, "children": [{"full": 6}]},
    {"members": 5, "records": {"active_full": 4}},
]


async def test_checks_are_strict(client: httpx.AsyncClient) -> None:
    good = {"engine": "restructuring_rules", "unit_type": "general_branch"}
    assert (await client.post("/rules/checks", json=good)).status_code == 200
    for wrong in (*(good | w for w in WRONG), {}, [], "engine"):
        answer = await client.post("/rules/checks", json=wrong)
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_setting_a_pack(client: httpx.AsyncClient) -> None:
    new = NEW | {"upper": 80, "lower": 30, "applies_to": ["general_branch"]}
    made = await client.post(f"{OWNER}/settings", json=new)
    assert made.status_code == 201, made.text
    body = made.json()
    assert body["recorded_at"]
    assert {k: body[k] for k in (*new, "valid_to", "pack", "version", "upper_operator")} == new | {
        "valid_to": None,
        "pack": "owner_headcount",
        "version": 1,
        "upper_operator": None,
    }
    listed = (await client.get(f"{OWNER}/settings")).json()
    assert listed == {"items": [body], "next": None}
    for day, held in (("2019-06-30", []), ("2019-07-01", [body])):
        assert (await client.get(OWNER, params={"as_of": day})).json()["settings"] == held


async def test_settings_change_the_findings(client: httpx.AsyncClient, make_unit: MakeUnit) -> None:
    await make_unit("总支81", "general_branch", 81)
    await make_unit("总支80", "general_branch", 80)
    await make_unit("支部5", "party_branch", 5)

    async def names(day: str) -> list[str]:
        answer = await client.get("/rules/findings", params={"as_of": day})
        return [i["organization_name"] for i in answer.json()["items"]]

    settings = f"{OWNER}/settings"
    assert await names("2019-12-31") == ["支部5"]
    first = NEW | {"upper": 80, "applies_to": ["general_branch"]}
    assert (await client.post(settings, json=first)).status_code == 201
    assert await names("2019-06-30") == ["支部5"]
    assert await names("2019-07-01") == ["总支81"]
    second = first | {"upper_operator": ">=", "valid_from": "2019-08-01"}
    assert (await client.post(settings, json=second)).status_code == 201
    assert await names("2019-07-31") == ["总支81"]
    assert await names("2019-08-01") == ["总支81", "总支80"]
    off = NEW | {"is_enabled": False, "valid_from": "2019-09-01", "valid_to": "2019-10-01"}
    assert (await client.post(settings, json=off)).status_code == 201
    assert await names("2019-09-30") == []
    assert await names("2019-10-01") == ["总支81", "总支80"]  # what was cut holds again


async def spans(session: AsyncSession) -> list[tuple[str, str, int | None]]:
    rows = select(RuleSetting).order_by(RuleSetting.valid_from)
    found = await session.scalars(rows.execution_options(populate_existing=True))
    return [(str(r.valid_from), str(r.valid_to), r.upper) for r in found]


async def test_a_new_setting_ends_cuts_or_replaces_the_old(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    async def put(upper: int, start: str, end: str | None = None) -> None:
        new = NEW | {"upper": upper, "valid_from": start, "valid_to": end}
        answer = await client.post(f"{OWNER}/settings", json=new)
        assert answer.status_code == 201, answer.text

    await put(81, "2019-01-01")
    await put(82, "2019-03-01")  # ends the open one the day before
    assert await spans(session) == [
        ("2019-01-01", "2019-03-01", 81),
        ("2019-03-01", "None", 82),
    ]
    await put(83, "2019-05-01", "2019-06-01")  # cuts it in two
    assert await spans(session) == [
        ("2019-01-01", "2019-03-01", 81),
        ("2019-03-01", "2019-05-01", 82),
        ("2019-05-01", "2019-06-01", 83),
        ("2019-06-01", "None", 82),
    ]
    await put(84, "2019-05-01", "2019-06-01")  # the same days again
    await put(85, "2019-02-01", "2019-05-15")  # over an end, a whole one and a beginning
    assert await spans(session) == [
        ("2019-01-01", "2019-02-01", 81),
        ("2019-02-01", "2019-05-15", 85),
        ("2019-05-15", "2019-06-01", 84),
        ("2019-06-01", "None", 82),
    ]
    await put(86, "1999-01-01")  # over everything
    assert await spans(session) == [("1999-01-01", "None", 86)]
    kept = await session.scalar(select(func.count()).select_from(rule_setting_history))
    assert kept == 10  # nothing that was set is lost


REFUSED: list[tuple[str, dict[str, Any], int, str | None]] = [
    ("owner_headcount", {"upper": 20}, 422, "limits-refused"),
    ("owner_headcount", {"upper": 50, "lower": 50}, 422, "limits-refused"),
    ("owner_headcount", {"lower": 100}, 422, "limits-refused"),
    ("owner_headcount", {"lower": -1}, 422, None),
    ("owner_headcount", {"upper": 10**8}, 422, None),
    ("owner_headcount", {"upper": 80.0}, 422, None),
    ("owner_headcount", {"upper_operator": "<"}, 422, None),
    ("owner_headcount", {"lower_operator": "~"}, 422, None),
    ("owner_headcount", {"applies_to": []}, 422, None),
    ("owner_headcount", {"applies_to": ["party_committee"]}, 422, "kind-not-covered"),
    ("owner_headcount", {"applies_to": ["branch"]}, 422, None),
    ("owner_headcount", {"valid_to": "2019-07-01"}, 422, "invalid"),
    ("owner_headcount", {"valid_from": None}, 422, None),
    ("owner_headcount", {"valid_from": 1577750400}, 422, None),
    ("owner_headcount", {"is_enabled": 1}, 422, None),
    ("owner_headcount", {"version": 7}, 422, None),
    ("owner_headcount", {"district_code": "23100５"}, 422, None),
    ("owner_headcount", {"district_code": "110101"}, 404, "not-found"),
    ("regulation_advisories", {"upper": 200}, 422, "no-limits"),
    ("no_such_pack", {}, 404, "not-found"),
]


async def test_settings_that_are_refused(client: httpx.AsyncClient, session: AsyncSession) -> None:
    for pack, wrong, status, problem in REFUSED:
        answer = await client.post(f"/rules/packs/{pack}/settings", json=NEW | wrong)
        assert answer.status_code == status, (wrong, answer.text)
        if problem:
            assert answer.json()["type"] == f"/problems/{problem}"
    assert await spans(session) == []


async def test_settings_need_the_right_and_stay_in_their_district(
    client: httpx.AsyncClient, doors: Doors, session: AsyncSession
) -> None:
    settings = f"{OWNER}/settings"
    await client.post(settings, json=NEW)
    mine = dict(client.headers)
    clerk = await make_account(session, Role.ORGANIZATION_CLERK)
    client.headers.update(await signed_in(doors, session, clerk))
    refused = await client.post(settings, json=NEW)
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/forbidden"
    assert len((await client.get(settings)).json()["items"]) == 1  # but may read it

    await make_district(session, "231002")
    neighbour = await make_account(session, district="231002")
    client.headers.update(await signed_in(doors, session, neighbour))
    assert (await client.get(settings)).json()["items"] == []
    there = await client.get(settings, params={"district_code": DISTRICT})
    assert there.json()["items"] == []
    assert (await client.post(settings, json=NEW)).status_code == 404
    client.headers.update(mine)
    assert len((await client.get(OWNER, params={"as_of": "2019-12-31"})).json()["settings"]) == 1


async def test_settings_by_pages(client: httpx.AsyncClient) -> None:
    for month in range(1, 8):
        new = NEW | {"valid_from": f"2019-{month:02}-01", "upper": 100 + month}
        assert (await client.post(f"{OWNER}/settings", json=new)).status_code == 201
    seen: list[int] = []
    after: dict[str, str] = {}
    while True:
        asked = {"limit": "3", **after}
        page = (await client.get(f"{OWNER}/settings", params=asked)).json()
        seen += [s["upper"] for s in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [101, 102, 103, 104, 105, 106, 107]
    march = await client.get(f"{OWNER}/settings", params={"as_of": "2019-03-31"})
    assert [s["upper"] for s in march.json()["items"]] == [103]
