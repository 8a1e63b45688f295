"""The demo's five decisions: on the last day approved and nothing changed, the next day applied.

The test of the demo's year calls it, for the district takes seconds to make.
"""

from collections import Counter
from datetime import date
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.restructurings import rows_of

DAY = "2020-01-01"
GENERAL = "kind=general_branch"


async def take(client: httpx.AsyncClient, made: list[str], step: str, body: Any) -> None:
    """Take a step of each."""
    for one in made:
        answer = await client.post(f"/restructurings/{one}/{step}", json=body)
        assert answer.status_code == 200, answer.text


async def bodies(client: httpx.AsyncClient, root: str, day: str) -> Counter[str]:
    """Count the organisations of a day by kind."""
    found: Counter[str] = Counter()
    rest = [(await client.get(f"/organizations/{root}/tree?as_of={day}")).json()]
    while rest:
        node = rest.pop()
        found[node["organization"]["kind"]] += 1
        rest += node["children"]
    found.pop("party_group", None)  # groups count in no total
    return found


async def listed(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Read a list that fits a page."""
    found: list[dict[str, Any]] = (await client.get(f"{url}&limit=200")).json()["items"]
    return found


async def check(client: httpx.AsyncClient, session: AsyncSession, root: str) -> None:
    """Go from five findings by five decisions to none, and back."""
    findings = await listed(client, f"/rules/findings?{GENERAL}")
    assert sorted(f["headcount"] for f in findings) == [17, 19, 101, 118, 137]
    decisions = await listed(client, "/restructurings?status=approved")
    assert {d["decided_on"] for d in decisions} == {"2019-12-20"}
    assert {d["effective_on"] for d in decisions} == {DAY}
    assert {d["finding_organization_id"] for d in decisions} == {
        f["organization_id"] for f in findings
    }
    for finding in findings:
        by = f"/restructurings?organization_id={finding['organization_id']}"
        assert len(await listed(client, by)) == 1
    assert (await bodies(client, root, "2019-12-31")).total() == 475  # and the root
    made = [d["id"] for d in decisions]
    early = await client.post(f"/restructurings/{made[0]}/applications", json={})
    assert early.json()["type"].endswith("not-yet-in-force")
    before = await rows_of(session)
    clock.pin(date(2020, 1, 1))
    await take(client, made, "applications", {})
    assert await listed(client, f"/rules/findings?{GENERAL}") == []
    assert len(await listed(client, f"/rules/findings?{GENERAL}&as_of=2019-12-31")) == 5
    old, new = await bodies(client, root, "2019-12-31"), await bodies(client, root, DAY)
    assert old.total() == 475
    changed = {kind: new[kind] - old[kind] for kind in old | new if new[kind] != old[kind]}
    ended = old["party_branch"] - new["party_branch"] + 2  # those of the two merge into them
    assert changed == {"general_branch": -5, "party_committee": 3, "party_branch": 2 - ended}
    assert await rows_of(session) != before
    await take(client, made[::-1], "reversals", {"document": "西组发〔2020〕1号", "reason": "演示"})
    assert await rows_of(session) == before
    assert len(await listed(client, f"/rules/findings?{GENERAL}")) == 5
