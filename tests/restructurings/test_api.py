"""Restructurings over HTTP: the way of one, its simulation, and its being taken back."""

from datetime import date
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.restructurings import Desk, rows_of

LATER = date(2020, 1, 1)


def told(answer: httpx.Response) -> tuple[int, str]:
    """Read which refusal it is."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def general_branch(
    session: AsyncSession, root: UUID, counts: tuple[int, ...] = (3, 2)
) -> tuple[UUID, list[UUID]]:
    """Make a general branch with a branch for each of `counts`, and their members."""
    general = await make_organization(session, root, name="区审计局党总支", kind="general_branch")
    branches = []
    for number, count in enumerate(counts, 1):
        name = f"区审计局第{number}党支部"
        branches.append(await make_organization(session, general, name=name))
        for _ in range(count):
            await make_member(session, branches[-1])
    return general, branches


async def test_a_general_branch_becomes_a_branch_and_again(
    desk: Desk, session: AsyncSession
) -> None:
    general, branches = await general_branch(session, desk.root)
    clock.pin(LATER)
    before = await rows_of(session)
    finding = {"organization_id": str(general), "rule": "under_lower"}
    made = await desk.propose(from_finding=finding)
    assert made.status_code == 201, made.text
    assert made.json()["title"] == "区审计局党总支改设党支部"
    found = made.json()["id"]
    shown = await desk.simulation(found)
    assert shown["tree"]["kind"] == "party_branch"
    assert shown["tree"]["name"] == "区审计局党支部"
    assert shown["tree"]["headcount"] == {"own": 5, "subtree": 5, "full": 5, "probationary": 0}
    assert [f["rule"] for f in shown["findings_closed"]].count("under_lower") >= 1
    assert sum(f["count"] for f in shown["member_flows"]) == 5
    assert len(shown["members"]) == 5
    assert await rows_of(session) == before
    for step in ("submissions", "approvals", "applications"):
        answer = await desk.post(found, step)
        assert answer.status_code == 200, answer.text
    tree = (await desk.one.get(f"/organizations/{general}/tree")).json()
    assert tree["headcount"] == shown["tree"]["headcount"]
    assert tree["organization"]["kind"] == "party_branch"
    old = (await desk.one.get(f"/organizations/{general}/tree?as_of=2019-12-31")).json()
    assert (old["organization"]["kind"], len(old["children"])) == ("general_branch", 2)
    history = (await desk.one.get(f"/organizations/{branches[0]}/history")).json()["items"]
    assert history[0]["end_decision"] == answer.json()["document"]
    assert told(await desk.post(found, "applications")) == (409, "restructuring-out-of-order")
    back = await desk.post(found, "reversals")
    assert back.status_code == 200, back.text
    assert back.json()["status"] == "reversed"
    assert await rows_of(session) == before
