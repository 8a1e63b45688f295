"""Whatever is asked as of a past day is what it was then, wherever its organisation went since."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.rules import service as rules
from app.rules.schemas import SettingNew
from tests.changes.conftest import ClerkOf
from tests.make.changes import move, restate, transfer
from tests.make.members import make_member
from tests.make.organizations import DISTRICT, everything, make_organization
from tests.make.pledges import make_pledge
from tests.make.postings import make_posting, make_village
from tests.make.residents import make_claim, make_community, make_post, make_record
from tests.test_shape import (
    MANY_ACTIVITIES,
    MANY_POSTINGS,
    MANY_PROGRAMMES,
    UNITS,
    VILLAGE_RECORDS,
)

DAY, LATER = date(2019, 12, 31), date(2020, 2, 3)
LISTS = (
    "/rules/findings",
    "/organizations",
    "/members",
    "/elections/calendar",
    "/pledges",
    "/pledges?overdue=false",
    "/pledges/rates?by=subtree",
    "/pledges/rankings",
    "/activities/due",
    "/leader-archives",
    "/leader-archives?is_open=false",
    "/partner-units",
    "/co-building-agreements",
    "/unit-coverages",
    "/postings",
    "/postings?post=first_secretary",
    "/postings/vacancies",
    "/poor-households",
    "/programmes",
    "/documents",
    "/figures",
    "/figures/org_pledges_total/rows",
    "/figures/co_building_units/rows",
    "/figures/community_cadres/rows",
    "/figures/debt_resolved_wan/rows",
)
EMPTY = ("/rules/warnings",)
OTHERS = ("/organizations/{moving}/tree", "/elections/overview", "/figures?from=2019-12-01")
UNDATED = {"version", "recorded_at", "rows"}


def _dated(told: Any) -> Any:
    if isinstance(told, list):
        return [_dated(item) for item in told]
    if isinstance(told, dict):
        return {k: _dated(v) for k, v in told.items() if k not in UNDATED}
    return told


async def _asked(client: httpx.AsyncClient, url: str) -> Any:
    """Ask for a day, however the list calls it; what is out of sight is told by its status."""
    name = "in_force_on" if url.startswith(("/programmes", "/documents")) else "as_of"
    answer = await client.get(f"{url}{'&' if '?' in url else '?'}{name}={DAY}")
    assert answer.status_code in {200, 404}, answer.text
    return _dated(answer.json()) if answer.status_code == 200 else 404


async def _limit(session: AsyncSession, **values: Any) -> None:
    new = SettingNew.model_validate(
        {"district_code": DISTRICT, "upper": 100, "is_enabled": True} | values
    )
    await rules.configure(session, everything(), "owner_headcount", new)


async def _fill(session: AsyncSession, moving: UUID) -> dict[str, UUID]:
    """Record something of every domain below an organisation that will move."""
    made = {
        "branch": await make_organization(session, moving, due_on="2019-06-01"),
        "closing": await make_organization(session, moving),
        "community": await make_community(session, moving),
        "village": await make_village(session, moving),
    }
    made["member"] = await make_member(session, made["branch"])
    await make_member(session, await make_organization(session, made["community"]))
    await _limit(session, lower=20, valid_from=DAY)
    for status in ("published", "confirmed"):
        await make_pledge(session, status, organization_id=made["closing"], due_on="2020-01-10")
        await make_pledge(session, status, member_id=made["member"])
    claim = await make_claim(session, await make_post(session, made["community"]), made["member"])
    await make_record(session, claim, confirmed=True)
    held = {"organization": made["branch"], "member": made["member"], "count": 1}
    await session.execute(MANY_ACTIVITIES, held)
    await session.execute(UNITS, {"organization": made["branch"], "count": 1})
    await session.execute(MANY_PROGRAMMES, {"organization": made["branch"], "count": 1})
    await session.execute(MANY_POSTINGS, {"organization": made["village"]})
    await make_posting(session, made["member"], made["village"], post="first_secretary")
    await make_posting(session, made["member"], made["community"], post="committee_member")
    for records in VILLAGE_RECORDS:
        await session.execute(records, {"organization": made["village"], "first": 1, "last": 1})
    return made


async def _happen(
    client: httpx.AsyncClient, session: AsyncSession, nodes: dict[str, UUID], made: dict[str, UUID]
) -> None:
    """Move what was filled; in it dissolve, rename and convert, and let its member leave."""
    beside = await make_organization(session, nodes["left"])
    await _limit(session, lower=1, valid_from=LATER)
    await move(session, nodes["moving"], nodes["entered"], LATER)
    await restate(session, made["village"], LATER, name="新名村党支部")
    await restate(session, made["community"], LATER, kind="party_branch")
    await transfer(session, made["member"], LATER, organization_id=beside)
    gone = await client.delete(f"/organizations/{made['closing']}", headers={"if-match": '"1"'})
    assert gone.status_code == 204, gone.text


@pytest.fixture
async def nodes(session: AsyncSession, root: UUID) -> dict[str, UUID]:
    clock.pin(DAY)
    made = {
        name: await make_organization(session, root, kind="party_committee")
        for name in ("left", "entered")
    }
    made["moving"] = await make_organization(session, made["left"], kind="party_committee")
    return made


async def test_a_past_day_answers_everybody_as_it_did(
    client: httpx.AsyncClient,
    session: AsyncSession,
    clerk_of: ClerkOf,
    nodes: dict[str, UUID],
) -> None:
    """Neither does who lost it lose its past, nor who gained it gain that."""
    made = await _fill(session, nodes["moving"])
    readers = {"department": client} | {n: await clerk_of(i) for n, i in nodes.items()}
    urls = [u.format(**nodes) for u in (*LISTS, *EMPTY, *OTHERS)]
    asked = [(name, url) for name in readers for url in urls]
    below = f"within={nodes['moving']}"
    asked += [("left", f"{u}{'&' if '?' in u else '?'}{below}") for u in LISTS]
    before = {(name, url): await _asked(readers[name], url) for name, url in asked}
    for name in ("department", "left", "moving"):
        assert [u for u in LISTS if not before[name, u]["items"]] == []
    assert sum(bool(f["value"]) for f in before["moving", "/figures"]["items"]) > 20
    clock.pin(LATER)
    await _happen(client, session, nodes, made)
    after = {(name, url): await _asked(readers[name], url) for name, url in asked}
    assert {key for key, answer in after.items() if answer != before[key]} == set()
