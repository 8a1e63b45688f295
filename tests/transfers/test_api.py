"""Transfers over HTTP: inside the district, to another one, to outside."""

from datetime import date, timedelta
from typing import Any

from app.core import clock
from tests.transfers.conftest import NEAR, TODAY, Scene, made, refused, told

NEXT = TODAY + timedelta(days=3)


async def test_from_one_branch_to_another(scene: Scene) -> None:
    transfer = await scene.request(scene.new)
    shown = made(await scene.get(scene.clerk, f"/transfers/{transfer}"))
    assert (shown["status"], shown["kind"]) == ("requested", "local")
    assert shown["release_due_on"] == "2020-01-10"
    assert shown["letter"] is None
    url = f"/transfers/{transfer}"
    assert refused(await scene.post(scene.taker, f"{url}/acceptances")) == (
        409,
        "transfer-out-of-order",
    )
    released = await scene.release(transfer, letter_number="介2019-7")
    assert (released["status"], released["valid_until"]) == ("released", "2020-01-10")
    assert "先锋一支部" in released["letter"]
    assert "有效期至 2020 年 1 月 10 日" in released["letter"]
    clock.pin(NEXT)
    assert await scene.heads(scene.old, scene.clerk, NEXT) == 1
    done = made(await scene.post(scene.taker, f"{url}/acceptances"))
    assert (done["status"], done["ended_on"], done["version"]) == ("accepted", str(NEXT), 3)
    counts = {
        day: (
            await scene.heads(scene.old, scene.clerk, day),
            await scene.heads(scene.new, scene.taker, day),
        )
        for day in (NEXT - timedelta(days=1), NEXT)
    }
    assert list(counts.values()) == [(1, 0), (0, 1)]
    person = made(await scene.get(scene.taker, f"/members/{scene.member}"))
    assert (person["organization_name"], person["status"]) == ("红旗支部", "active")
    assert refused(await scene.get(scene.clerk, f"/members/{scene.member}")) == (404, "not-found")
    past = made(await scene.get(scene.taker, f"/members/{scene.member}/memberships"))["items"]
    assert [(p["organization_name"], p["valid_from"], p["valid_to"]) for p in past] == [
        ("先锋一支部", "2019-12-01", str(NEXT)),
        ("红旗支部", str(NEXT), None),
    ]
    assert await told(scene.session) == [
        ("231005", "先锋总支", "党员组织关系转出待审批（转往红旗支部）"),
        ("231005", "231005", "党员组织关系待接收（转自先锋一支部）"),
        ("231005", "红旗支部", "党员组织关系待接收（转自先锋一支部）"),
        ("231005", "先锋一支部", "组织关系已转入红旗支部"),
    ]


async def test_each_side_is_shown_its_own(scene: Scene) -> None:
    transfer = await scene.request(scene.new)
    old = made(await scene.get(scene.clerk, f"/transfers/{transfer}"))
    new = made(await scene.get(scene.taker, f"/transfers/{transfer}"))
    ids = ("member_id", "from_organization_id", "to_organization_id")
    assert [old[n] for n in ids] == [str(scene.member), str(scene.old), None]
    assert [new[n] for n in ids] == [None, None, str(scene.new)]
    assert (new["member_name"], new["id_number_masked"][6:14]) == ("张晓明", "********")
    assert new["from_organization_name"] == "先锋一支部"
    for by, count in ((scene.clerk, 1), (scene.taker, 1), (scene.distant, 0)):
        listed = made(await scene.get(by, "/transfers"))["items"]
        assert len(listed) == count
    hidden = made(await scene.get(scene.taker, f"/transfers?organization_id={scene.old}"))
    assert hidden["items"] == []
    hidden = made(await scene.get(scene.taker, f"/transfers?member_id={scene.member}"))
    assert hidden["items"] == []


async def test_to_another_district(scene: Scene) -> None:
    transfer = await scene.request("爱民一支部", to_district_code=NEAR)
    assert made(await scene.get(scene.distant, "/transfers"))["items"] == []
    released = await scene.release(transfer)
    assert (released["kind"], released["valid_until"]) == ("across", "2020-01-10")
    arrived = await scene.arrived(transfer)
    [seen] = made(await scene.get(scene.distant, "/transfers"))["items"]
    assert (seen["id"], seen["district_code"], seen["status"]) == (arrived, NEAR, "released")
    assert seen["from_organization_name"] == "先锋一支部"
    assert seen["from_organization_id"] is None
    clock.pin(NEXT)
    before = made(await scene.get(scene.clerk, f"/members/{scene.member}"))
    done = made(await scene.post(scene.distant, f"/transfers/{arrived}/acceptances"))
    assert (done["status"], done["ended_on"]) == ("accepted", str(NEXT))
    mine = made(await scene.get(scene.distant, f"/members/{done['member_id']}"))
    assert mine["id"] != str(scene.member)
    same = ("name", "sex", "ethnicity", "id_number", "born_on", "education", "category")
    same += ("joined_on", "full_on", "phone", "is_mobile")
    assert {n: mine[n] for n in same} == {n: before[n] for n in same}
    assert (mine["organization_name"], mine["district_code"]) == ("爱民一支部", NEAR)
    left = made(await scene.get(scene.clerk, f"/members/{scene.member}"))
    assert left["status"] == "transferred_out"
    assert await scene.heads(scene.old, scene.clerk, NEXT - timedelta(days=1)) == 1
    assert await scene.heads(scene.old, scene.clerk, NEXT) == 0
    assert await scene.heads(scene.away, scene.distant, NEXT) == 1
    past = made(await scene.get(scene.distant, f"/members/{mine['id']}/memberships"))["items"]
    assert [(p["district_code"], p["organization_name"], p["valid_to"]) for p in past] == [
        ("231005", "先锋一支部", str(NEXT)),
        (NEAR, "爱民一支部", None),
    ]
    old = made(await scene.get(scene.clerk, f"/transfers/{transfer}"))
    assert (old["status"], old["member_id"]) == ("accepted", str(scene.member))


async def test_to_outside(scene: Scene) -> None:
    transfer = await scene.request("中共哈尔滨市某某支部", is_outside=True)
    url = f"/transfers/{transfer}"
    wanted = await scene.post(scene.above, f"{url}/approvals", {})
    assert refused(wanted) == (422, "invalid")
    released = await scene.release(transfer, letter_number="介2019-8")
    assert (released["kind"], released["valid_until"]) == ("outside", "2020-01-30")
    clock.pin(date(2020, 2, 10))
    assert made(await scene.get(scene.clerk, url))["status"] == "expired"
    assert await scene.heads(scene.old, scene.clerk, date(2020, 2, 10)) == 1

    async def receipt(day: str) -> Any:
        new = {"received_on": day, "receipt_number": "回1"}
        return await scene.post(scene.clerk, f"{url}/receipts", new)

    assert refused(await receipt("2019-12-30"))[0] == 422
    assert refused(await receipt("2020-01-31"))[0] == 422
    done = made(await receipt("2020-01-30"))
    assert (done["status"], done["ended_on"]) == ("accepted", "2020-01-30")
    assert await scene.heads(scene.old, scene.clerk, date(2020, 1, 29)) == 1
    assert await scene.heads(scene.old, scene.clerk, date(2020, 1, 30)) == 0
