"""Appraisals over HTTP."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.appraisals import logic
from app.core import clock
from tests.make.appraisals import new_cycle, new_talk
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization

DAY = "2019-12-31"


@pytest.fixture(autouse=True)
def _day() -> None:
    clock.pin(date(2019, 12, 31))


@pytest.fixture
async def village(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root, sector="village")


def made(answer: httpx.Response, status: int = 201) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, code: str, status: int = 409) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{code}"


async def test_a_spot_check_is_drawn_again_by_anybody(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID, root: UUID
) -> None:
    ids = [str(await make_member(session, village, id_number=id_number())) for _ in range(5)]
    new = {"organization_id": str(root), "member_ids": ids, "size": 2}
    check = made(await client.post("/spot-checks", json=new))
    assert (check["status"], check["drawn"], len(check["seed"])) == ("published", [], 64)
    url = f"/spot-checks/{check['id']}"
    one = {"is_at_work": True, "asked": 10, "correct": 9}
    results = {"results": [one | {"member_id": ids[0]}]}
    refused(await client.post(f"{url}/results", json=results), "check-out-of-order")
    drawn = made(await client.post(f"{url}/draws"), 200)
    again = logic.draw(check["seed"], map(UUID, check["pool"]), 2)
    picked = [p["member_id"] for p in drawn["drawn"]]
    assert picked == [str(i) for i in again]
    assert drawn["pool_digest"] == logic.pool_digest(map(UUID, ids))
    refused(await client.post(f"{url}/draws"), "check-out-of-order")
    results = {"results": [one | {"member_id": i} for i in picked]}
    refused(
        await client.post(f"{url}/results", json={"results": results["results"][:1]}),
        "invalid",
        422,
    )
    more = {"results": [r | {"correct": 11} for r in results["results"]]}
    refused(await client.post(f"{url}/results", json=more), "invalid", 422)
    checked = made(await client.post(f"{url}/results", json=results), 200)
    assert checked["status"] == "checked"
    assert made(await client.get(url), 200) == checked
    rate = made(await client.get("/figures/know_residents_rate"), 200)
    assert (rate["numerator"], rate["denominator"], rate["value"]) == (18, 20, 0.9)
    week = made(await client.get("/figures/spot_checks_per_week"), 200)
    assert week["numerator"] == 0  # its Thursday lies in 2020
    assert week["denominator"] == 52
    # a member of elsewhere is in no pool, and no more are drawn than there are
    other = await make_organization(session, root)
    for wrong in ({"organization_id": str(other)}, {"size": 6}):
        refused(await client.post("/spot-checks", json=new | wrong), "invalid", 422)


async def test_households_are_counted_and_visited(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID
) -> None:
    cadre = str(await make_member(session, village))
    count = {"organization_id": str(village), "counted_on": DAY, "households": 4}
    made(await client.post("/household-counts", json=count))
    refused(await client.post("/household-counts", json=count), "already-recorded")
    visit = {"organization_id": str(village), "member_id": cadre, "visited_on": DAY}
    for day in ("2019-12-30", DAY):  # two visits to one household count once
        made(
            await client.post(
                "/household-visits", json=visit | {"household": "0001", "visited_on": day}
            )
        )
    made(await client.post("/household-visits", json=visit | {"household": "0002"}))
    refused(
        await client.post("/household-visits", json=visit | {"household": "张三"}),
        "invalid",
        422,
    )
    late = visit | {"household": "1", "visited_on": "2020-01-01"}
    refused(await client.post("/household-visits", json=late), "invalid", 422)
    rate = made(await client.get("/figures/household_visit_rate"), 200)
    assert (rate["numerator"], rate["denominator"], rate["value"]) == (2, 4, 0.5)
    listed = made(await client.get(f"/household-visits?member_id={cadre}"), 200)["items"]
    assert len(listed) == 3


async def test_a_talk_follows_a_failed_check(client: httpx.AsyncClient, village: UUID) -> None:
    shift = {"organization_id": str(village), "cadre": "村委会主任", "duty_on": "2019-12-27"}
    kept = made(await client.post("/duty-shifts", json=shift))
    talk = new_talk(village, shift_id=kept["id"])
    refused(await client.post("/talks", json=talk), "duty-kept")
    url = f"/duty-shifts/{kept['id']}/checks"
    assert made(await client.post(url, json={"is_present": False}), 200)["is_present"] is False
    refused(await client.post(url, json={"is_present": True}), "duty-checked")
    assert made(await client.post("/talks", json=talk))["shift_id"] == kept["id"]
    missed = made(await client.get("/duty-shifts?is_present=false"), 200)["items"]
    assert [s["id"] for s in missed] == [kept["id"]]
    ahead = made(await client.post("/duty-shifts", json=shift | {"duty_on": "2020-01-02"}))
    url = f"/duty-shifts/{ahead['id']}/checks"
    refused(await client.post(url, json={"is_present": True}), "duty-checked")
    assert made(await client.get("/figures/village_cadres_talked_to"), 200)["value"] == 1


async def test_a_quarter_is_scored_and_ranked(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, village: UUID
) -> None:
    weights = [{"title": "甲", "weight": 60}, {"title": "乙", "weight": 39}]
    wrong = new_cycle(root, items=weights)
    assert (await client.post("/appraisal-cycles", json=wrong)).status_code == 422
    refused(await client.post("/appraisal-cycles", json=new_cycle(root, year=2020)), "invalid", 422)
    cycle = made(await client.post("/appraisal-cycles", json=new_cycle(root)))
    refused(await client.post("/appraisal-cycles", json=new_cycle(root)), "appraisal-exists")
    url = f"/appraisal-cycles/{cycle['id']}"
    refused(await client.post(f"{url}/publications"), "nothing-scored")
    places = [
        village,
        await make_organization(session, root),
        await make_organization(session, root),
    ]
    for place, score in zip(places, ("80", "90", "90"), strict=True):
        body = {"organization_id": str(place), "scores": ["100", score]}
        made(await client.post(f"{url}/scores", json=body), 200)
    again = {"organization_id": str(village), "scores": ["99.99", "80.01"]}
    assert made(await client.post(f"{url}/scores", json=again), 200)["total"] == "92.00"
    few = again | {"scores": ["1"]}
    refused(await client.post(f"{url}/scores", json=few), "invalid", 422)
    assert made(await client.post(f"{url}/publications"), 200)["status"] == "published"
    refused(await client.post(f"{url}/scores", json=again), "appraisal-published")
    refused(await client.post(f"{url}/publications"), "appraisal-published")
    ranked, after = [], ""
    while after is not None:
        page = made(await client.get(f"/appraisal-scores?limit=1{after}"), 200)
        ranked += [(i["rank"], i["total"]) for i in page["items"]]
        after = page["next"] and f"&after={page['next']}"
    assert ranked == [(1, "96.00"), (1, "96.00"), (3, "92.00")]
    assert made(await client.get("/figures/appraisals_per_year"), 200)["value"] == 1
