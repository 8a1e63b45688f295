"""Transfers over HTTP: inside the district, to another one, to outside."""

from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update

from app.access.models import Account
from app.core import clock
from app.members import service as members
from app.transfers.models import Transfer
from tests.make.members import id_number, make_member
from tests.make.organizations import everything, make_organization
from tests.make.transfers import REJECTED, WHY, make_transfer, new_transfer
from tests.transfers.conftest import (
    NEAR,
    TODAY,
    Scene,
    account_of,
    made,
    member_account,
    refused,
    told,
)

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
        ("231005", "231005", "党员组织关系待接收（转自先锋一支部）"),
        ("231005", "先锋一支部", "组织关系已转入红旗支部"),
        ("231005", "先锋总支", "党员组织关系转出待审批（转往红旗支部）"),
        ("231005", "红旗支部", "党员组织关系待接收（转自先锋一支部）"),
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


# ── Who may


async def test_two_parties(scene: Scene) -> None:
    """The clerk of the branch may not release; who requested may not either, nor the member."""
    transfer = await scene.request(scene.new)
    url = f"/transfers/{transfer}/approvals"
    for by in (scene.clerk, scene.taker):
        assert refused(await scene.post(by, url, {})) == (403, "forbidden")
    assert refused(await scene.post(scene.distant, url, {})) == (404, "not-found")
    other = await make_member(scene.session, scene.old)
    mine = made(
        await scene.post(scene.above, f"/members/{other}/transfers", new_transfer(scene.new))
    )["id"]
    url = f"/transfers/{mine}"
    assert refused(await scene.post(scene.above, f"{url}/approvals", {})) == (409, "own-transfer")
    rejected = await scene.post(scene.above, f"{url}/rejections", REJECTED)
    assert refused(rejected) == (409, "own-transfer")
    assert made(await scene.post(scene.department, f"{url}/approvals", {}))["version"] == 2


async def test_nobody_decides_on_the_own_transfer(scene: Scene) -> None:
    """A clerk of the level above, and of the new branch, whose own transfer it is."""
    transfer = await scene.request(scene.new)
    for organization in (scene.general, scene.new):
        account = await account_of(scene.session, organization)
        own = update(Account).where(Account.id == account).values(member_id=scene.member)
        await scene.session.execute(own)
        by, step = scene.above, "approvals"
        if organization == scene.new:
            made(await scene.post(scene.department, f"/transfers/{transfer}/approvals", {}))
            by, step = scene.taker, "acceptances"
        answer = await scene.post(by, f"/transfers/{transfer}/{step}", {})
        assert refused(answer) == (409, "own-transfer")
        free = update(Account).where(Account.id == account).values(member_id=None)
        await scene.session.execute(free)


async def test_a_member_sees_the_own_transfer(scene: Scene) -> None:
    own = await member_account(scene.session, scene.member)
    transfer = await scene.request(scene.new)
    [seen] = made(await scene.get(own, "/transfers"))["items"]
    assert (seen["id"], seen["member_id"]) == (transfer, str(scene.member))
    for step, body in (("withdrawals", {"reason": "x"}), ("approvals", {}), ("acceptances", None)):
        answer = await scene.post(own, f"/transfers/{transfer}/{step}", body)
        assert refused(answer) == (403, "forbidden")
    past = made(await scene.get(own, f"/members/{scene.member}/memberships"))["items"]
    assert len(past) == 1


async def test_a_group_is_released_above_its_branch(scene: Scene) -> None:
    group = await make_organization(scene.session, scene.old, kind="party_group", name="一组")
    member = await make_member(scene.session, group)
    new = new_transfer(scene.new)
    transfer = made(await scene.post(scene.clerk, f"/members/{member}/transfers", new))["id"]
    url = f"/transfers/{transfer}/approvals"
    assert refused(await scene.post(scene.clerk, url, {})) == (403, "forbidden")
    assert made(await scene.post(scene.above, url, {}))["status"] == "released"


# ── Where to


async def test_the_destination_by_its_exact_name(scene: Scene) -> None:
    transfer = await scene.request("红旗支部")
    shown = made(await scene.get(scene.taker, f"/transfers/{transfer}"))
    assert shown["to_organization_id"] == str(scene.new)


async def test_what_is_no_destination(scene: Scene) -> None:
    """Out of the district and out of sight, an id is as good as none."""
    url = f"/members/{scene.member}/transfers"

    async def answer(**to: Any) -> httpx.Response:
        return await scene.post(scene.clerk, url, to | {"reason": WHY})

    nothing = await answer(to_organization_id=str(uuid4()))
    away = await answer(to_organization_id=str(scene.away))
    assert (away.status_code, away.json()["title"]) == (404, nothing.json()["title"])
    for name, code in (("爱民", NEAR), ("爱民一支部", "231005"), ("爱民一支部", "110101")):
        unknown = await answer(to_organization_name=name, to_district_code=code)
        assert refused(unknown) == (404, "not-found")
    assert refused(await answer(to_organization_id=str(scene.general))) == (
        409,
        "holds-no-members",
    )
    assert refused(await answer(to_organization_id=str(scene.old))) == (409, "already-there")
    for wrong in (
        {},
        {"to_organization_id": str(scene.new), "to_organization_name": "红旗支部"},
        {"to_organization_id": str(scene.new), "to_district_code": NEAR},
        {"to_organization_id": str(scene.new), "is_outside": True},
        {"to_organization_name": "某支部", "is_outside": True, "to_district_code": NEAR},
    ):
        assert (await answer(**wrong)).status_code == 422, wrong
    number = id_number()
    assert (await answer(to_organization_name=f"支部{number}", is_outside=True)).status_code == 422


async def test_one_pending_transfer_a_member(scene: Scene) -> None:
    first = await scene.request(scene.new)
    url = f"/members/{scene.member}/transfers"
    again = await scene.post(scene.clerk, url, new_transfer(scene.new))
    assert refused(again) == (409, "transfer-pending")
    made(await scene.post(scene.clerk, f"/transfers/{first}/withdrawals", {"reason": "不调了"}))
    second = await scene.request(scene.new)
    await scene.release(second)
    clock.pin(date(2020, 1, 10))
    again = await scene.post(scene.clerk, url, new_transfer(scene.new))
    assert refused(again) == (409, "transfer-pending")
    clock.pin(date(2020, 1, 11))  # the letter's last day is over
    accepted = await scene.post(scene.taker, f"/transfers/{second}/acceptances")
    assert refused(accepted) == (409, "transfer-out-of-order")
    await scene.request(scene.new)
    listed = made(await scene.get(scene.clerk, "/transfers?sort=requested_on"))["items"]
    assert [t["status"] for t in listed] == ["withdrawn", "expired", "requested"]


# ── How it ends


@pytest.mark.parametrize("status", ["requested", "released"])
async def test_rejected_with_a_ground(scene: Scene, status: str) -> None:
    transfer = await scene.request(scene.new)
    url, by, other = f"/transfers/{transfer}/rejections", scene.above, scene.taker
    if status == "released":
        await scene.release(transfer)
        by, other = other, by
    assert refused(await scene.post(other, url, REJECTED)) == (403, "forbidden")
    assert (await scene.post(by, url, {"reason": "不收"})).status_code == 422
    done = made(await scene.post(by, url, REJECTED))
    assert (done["status"], done["ground"]) == ("rejected", "facts_differ")
    assert await scene.heads(scene.old, scene.clerk, TODAY) == 1
    back = ("231005", "先锋一支部", "转往红旗支部的组织关系转接已退回")
    assert back in await told(scene.session)


async def test_what_outside_sent_back(scene: Scene) -> None:
    transfer = await scene.request("某某支部", is_outside=True)
    await scene.release(transfer, letter_number="介一")
    url = f"/transfers/{transfer}"
    taken = await scene.post(scene.clerk, f"{url}/acceptances")
    assert refused(taken) == (409, "transfer-out-of-order")
    done = made(await scene.post(scene.above, f"{url}/rejections", REJECTED))
    assert done["status"] == "rejected"


async def test_the_other_district_withdraws_and_rejects_both_rows(scene: Scene) -> None:
    for step, by in (("withdrawals", scene.clerk), ("rejections", scene.distant)):
        transfer = await scene.request("爱民一支部", to_district_code=NEAR)
        await scene.release(transfer)
        arrived = await scene.arrived(transfer)
        body = REJECTED if step == "rejections" else {"reason": "情况有变"}
        mine = transfer if step == "withdrawals" else arrived
        if step == "rejections":
            early = await scene.post(scene.above, f"/transfers/{transfer}/rejections", body)
            assert refused(early) == (409, "transfer-out-of-order")
            received = await scene.post(scene.distant, f"/transfers/{arrived}/withdrawals", body)
            assert received.status_code == 422
        done = made(await scene.post(by, f"/transfers/{mine}/{step}", body))
        for side, row in ((scene.clerk, transfer), (scene.distant, arrived)):
            seen = made(await scene.get(side, f"/transfers/{row}"))
            assert (seen["status"], seen["end_reason"]) == (done["status"], done["end_reason"])
        assert await scene.heads(scene.old, scene.clerk, TODAY) == 1


async def test_who_left_is_not_accepted(scene: Scene) -> None:
    transfer = await scene.request(scene.new)
    await scene.release(transfer)
    gone = {"status": "deceased", "reason": "因病去世"}
    url = f"/members/{scene.member}/status-changes"
    answer = await scene.client.post(url, json=gone, headers=scene.clerk | {"if-match": '"1"'})
    made(answer)
    taken = await scene.post(scene.taker, f"/transfers/{transfer}/acceptances")
    assert refused(taken) == (409, "cannot-transfer")
    made(await scene.post(scene.clerk, f"/transfers/{transfer}/withdrawals", {"reason": "去世"}))
    again = await scene.post(
        scene.clerk, f"/members/{scene.member}/transfers", new_transfer(scene.new)
    )
    assert refused(again) == (409, "cannot-transfer")


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_destination_that_is_dissolved(scene: Scene, is_away: bool) -> None:
    to = {"to_district_code": NEAR} if is_away else {}
    transfer = await scene.request("爱民一支部" if is_away else "红旗支部", **to)
    place, code = (scene.away, NEAR) if is_away else (scene.new, "231005")
    await members.dissolve_organization(scene.session, everything(code), place, 1, None)
    answer = await scene.post(scene.above, f"/transfers/{transfer}/approvals", {})
    assert refused(answer) == (409, "destination-gone")


async def test_who_is_recorded_there_already(scene: Scene) -> None:
    number = id_number()
    member = await make_member(scene.session, scene.old, id_number=number)
    await make_member(scene.session, scene.away, id_number=number, district_code=NEAR)
    transfer = await make_transfer(
        scene.session, member, "爱民一支部", "released", to_district_code=NEAR
    )
    arrived = await scene.arrived(str(transfer))
    answer = await scene.post(scene.distant, f"/transfers/{arrived}/acceptances")
    assert refused(answer) == (409, "member-exists")
    assert number not in answer.text


async def test_there_and_back_again(scene: Scene) -> None:
    """Who comes back gets the old record again; the history tells of both districts."""
    there = await make_transfer(
        scene.session, scene.member, "爱民一支部", "accepted", to_district_code=NEAR
    )
    row = await scene.session.get_one(Transfer, ("231005", there), populate_existing=True)
    twin = await scene.session.get_one(Transfer, (NEAR, row.twin_id), populate_existing=True)
    clock.pin(NEXT)
    await make_transfer(
        scene.session,
        cast("UUID", twin.member_id),
        "红旗支部",
        "accepted",
        to_district_code="231005",
        district_code=NEAR,
    )
    person = made(await scene.get(scene.taker, f"/members/{scene.member}"))
    assert (person["status"], person["organization_name"]) == ("active", "红旗支部")
    past = made(await scene.get(scene.taker, f"/members/{scene.member}/memberships"))["items"]
    assert sorted((p["valid_from"], p["organization_name"], p["status"]) for p in past) == [
        ("2019-12-01", "先锋一支部", "active"),
        (str(TODAY), "先锋一支部", "transferred_out"),
        (str(TODAY), "爱民一支部", "active"),
        (str(NEXT), "红旗支部", "active"),
    ]
    unmasked = {"reason": "核对", "fields": ["id_number"]}
    url = f"/members/{scene.member}/unmaskings"
    assert made(await scene.post(scene.department, url, unmasked))["id_number"]


async def test_each_district_has_its_entry(scene: Scene) -> None:
    transfer = await scene.request("爱民一支部", to_district_code=NEAR)
    await scene.release(transfer)
    arrived = await scene.arrived(transfer)
    made(await scene.post(scene.distant, f"/transfers/{arrived}/acceptances"))
    rows = text(
        "SELECT district_code, action, target_id, after::text FROM audit_entry"
        " WHERE target_kind = 'transfer' ORDER BY district_code DESC, number"
    )
    found = [tuple(row) for row in await scene.session.execute(rows)]
    assert [row[:3] for row in found] == [
        ("231005", "request_transfer", transfer),
        ("231005", "release_transfer", transfer),
        ("231005", "accept_transfer", transfer),
        (NEAR, "release_transfer", arrived),
        (NEAR, "accept_transfer", arrived),
    ]
    assert "张晓明" not in "".join(row[3] for row in found)


async def test_the_same_steps_by_the_members_path(scene: Scene) -> None:
    transfer = await scene.request(scene.new)
    other = await make_member(scene.session, scene.old)
    for step, body in (
        ("approvals", {}),
        ("rejections", REJECTED),
        ("withdrawals", {"reason": "x"}),
    ):
        wrong = await scene.post(scene.above, f"/members/{other}/transfers/{transfer}/{step}", body)
        assert refused(wrong) == (404, "not-found")
    url = f"/members/{scene.member}/transfers/{transfer}"
    assert made(await scene.post(scene.above, f"{url}/approvals", {}))["status"] == "released"
    done = await scene.post(scene.clerk, f"{url}/withdrawals", {"reason": "情况有变"})
    assert made(done)["status"] == "withdrawn"
    nobody = await scene.client.post(f"{url}/approvals", json={})
    assert nobody.status_code == 401
