"""The demo district's overdue bodies, and the README's election: one of the 23 elects."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from app.demo import service as demo
from tests.demo.conftest import District

BRANCH = "新风社区第二网格党支部"


async def branch_election(above: httpx.AsyncClient, below: httpx.AsyncClient) -> None:
    """Take the steps of the README as the department (`above`) and the branch's clerk (`below`)."""

    async def read(url: str) -> Any:
        answer = await above.get(url)
        assert answer.status_code == 200, answer.text
        return answer.json()

    await _each_overdue_body_has_its_notice(read)
    branch = (await read(f"/organizations?q={BRANCH}"))["items"][0]["id"]
    (notice,) = (await read(f"/election-notices?within={branch}"))["items"]
    assert notice["number"] == "西组通〔2019〕6号"
    (cycle,) = (await read(f"/election-cycles?organization_id={branch}"))["items"]

    async def step(who: httpx.AsyncClient, what: str, body: Any, status: int = 200) -> Any:
        answer = await who.post(f"/election-cycles/{cycle['id']}/{what}", json=body)
        assert answer.status_code == status, (what, answer.text)
        return answer.json()

    assert (await step(below, "meetings", {}, 409))["needs"] == "requested"
    await step(below, "requests", {"on": "2019-12-03", "document": "新网二支〔2019〕2号"})
    await step(below, "replies", {}, 409)
    await step(above, "replies", {"on": "2019-12-06", "document": "立街工委复〔2019〕18号"})
    six = (await read(f"/members?organization_id={branch}&category=full&limit=6"))["items"]
    stands = [{"position": "committee_member", "member_id": m["id"]} for m in six[:4]]
    stands.append({"position": "secretary", "member_id": six[0]["id"]})
    await step(below, "candidates", {"on": "2019-12-16", "candidates": stands})
    await step(above, "prechecks", {"on": "2019-12-19"})
    await step(below, "publications", {"on": "2019-12-23"})

    out = {"member_id": six[5]["id"], "ground": "bedridden_cannot_care_for_self"}
    out["superior_consent_number"] = "立街工委复〔2019〕21号"
    await step(above, "consents", {"on": "2019-12-24"} | out)
    await step(below, "meetings", {"on": "2019-12-30"})
    await step(below, "exclusions", {"on": "2019-12-30", "meeting_passed": True} | out)
    counts = (await read(f"/election-cycles/{cycle['id']}/voters"))["counts"]
    assert (counts["members"], counts["due"], counts["quorum_needed"]) == (15, 13, 11)

    a, b, c, d, other = (m["name"] for m in six[:5])
    papers = [[a, b, c]] * 7 + [[a, b, d]] * 3 + [[a, c, other], []]
    committee = {"present": 12, "ballots_issued": 12, "ballots": papers}
    assert (await step(below, "tallies", committee))["status"] == "held"
    secretary = {"present": 3, "ballots_issued": 3, "ballots": [[a]] * 3, "on": "2019-12-30"}
    assert (await step(below, "tallies", secretary))["status"] == "tallied"
    tallies = (await read(f"/election-cycles/{cycle['id']}/tallies"))["items"]
    assert [t["outcome"] for t in tallies] == ["complete", "complete"]

    await step(below, "reports", {"on": "2019-12-30"})
    await step(above, "approvals", {"document": "立街工委复〔2019〕23号"})
    assert (await read(f"/organizations/{branch}"))["due_on"] == "2024-12-30"
    assert (await read(f"/elections/calendar?bucket=overdue&within={branch}"))["items"] == []
    (cleared,) = (await read(f"/election-notices?within={branch}"))["items"]
    assert cleared["cleared_on"] == "2019-12-30"
    assert (await read("/elections/overview"))["overdue"] == 22


async def _each_overdue_body_has_its_notice(read: Callable[[str], Awaitable[Any]]) -> None:
    overview = await read("/elections/overview")
    assert (overview["checked"], overview["overdue"]) == (474, 23)
    notices = (await read("/election-notices?limit=200"))["items"]
    assert len(notices) == len({n["organization_id"] for n in notices}) == 23
    overdue = (await read("/elections/calendar?bucket=overdue&limit=200"))["items"]
    told = {n["organization_id"]: n["due_on"] for n in notices}
    assert told == {t["organization_id"]: t["due_on"] for t in overdue}
    assert all(n["due_on"] < n["issued_on"] <= "2019-12-31" for n in notices)


FIGURES = ("orgs_checked_for_election", "orgs_overdue_criticised", "election_overdue_rate")


async def test_the_readme_s_election(district: District) -> None:
    assert [await district.value(name) for name in FIGURES] == [474, 23, 0.049]
    async with district.client_of(demo.CLERK) as below:
        await branch_election(district.client, below)
    assert [await district.value(name) for name in FIGURES] == [474, 23, 0.046]
