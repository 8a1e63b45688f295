"""What happens at once, on a database that really commits."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.activities.models import ActivityAttendance
from app.contests.models import ContestEntry
from app.core.audit import AuditEntry
from app.core.db import Doors
from tests.long import real
from tests.make.activities import (
    make_activity,
    make_contest,
    make_entry,
    make_juror,
)
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.residents import make_member_account

RACERS = 8


@dataclass
class Race:
    """A branch, its clerk and one of its members."""

    doors: Doors
    client: httpx.AsyncClient
    root: UUID
    branch: UUID
    member_id: UUID
    clerk: dict[str, str]
    member: dict[str, str]

    async def at_once(self, url: str, body: Any, who: dict[str, str]) -> list[httpx.Response]:
        """Ask the same as many times as there are racers."""
        asks = (self.client.post(url, json=body, headers=who) for _ in range(RACERS))
        return list(await asyncio.gather(*asks))


@pytest.fixture(scope="module")
def world(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_activities_{worker_id}") as made:
        yield made


@pytest.fixture
async def race(world: real.World, keys: None) -> AsyncIterator[Race]:
    real.same_keys()
    doors = Doors.to(world.url, pool_size=RACERS)
    async with doors.writing(real.DISTRICTS) as session:
        branch = await make_organization(session, world.root)
        member_id = await make_member(session, branch)
        token = await real.token_of(session, await make_member_account(session, member_id))
        clerk = {"authorization": f"Bearer {await real.clerk(session, world.root)}"}
    member = {"authorization": f"Bearer {token}"}
    async with real.connect(real.application(doors), {}) as client:
        yield Race(doors, client, world.root, branch, member_id, clerk, member)
    await doors.close()


async def test_one_who_taps_many_times_is_there_once(race: Race) -> None:
    async with race.doors.writing(real.DISTRICTS) as session:
        activity = await make_activity(session, race.branch)
    url = f"/activities/{activity}/check-in-codes"
    code = (await race.client.post(url, headers=race.clerk)).json()["code"]
    answers = await race.at_once("/check-ins", {"code": code}, race.member)
    assert [a.status_code for a in answers] == [200] * RACERS
    assert sum(a.json()["is_new"] for a in answers) == 1
    there = select(func.count()).where(ActivityAttendance.activity_id == activity)
    told = select(func.count()).where(
        AuditEntry.action == "check_in", AuditEntry.target_id == str(activity)
    )
    reader = race.doors.reading(["231005"])
    assert (await reader.scalar(there), await reader.scalar(told)) == (1, 1)


async def test_a_clerk_and_a_code_put_one_person_down_once(race: Race) -> None:
    async with race.doors.writing(real.DISTRICTS) as session:
        activity = await make_activity(session, race.branch)
    base = f"/activities/{activity}"
    url = f"{base}/check-in-codes"
    code = (await race.client.post(url, headers=race.clerk)).json()["code"]
    rows = {"rows": [{"member_id": str(race.member_id)}]}
    answers = await asyncio.gather(
        race.client.post("/check-ins", json={"code": code}, headers=race.member),
        race.client.post(f"{base}/attendances", json=rows, headers=race.clerk),
        race.client.post(f"{base}/cancellations", json={"reason": "x"}, headers=race.clerk),
    )
    assert {a.status_code for a in answers} <= {200, 409}
    there = select(func.count()).where(ActivityAttendance.activity_id == activity)
    assert await race.doors.reading(["231005"]).scalar(there) <= 1


async def test_an_activity_is_completed_once(race: Race) -> None:
    async with race.doors.writing(real.DISTRICTS) as session:
        activity = await make_activity(session, race.branch)
    answers = await race.at_once(f"/activities/{activity}/completions", None, race.clerk)
    assert sorted(a.status_code for a in answers) == [200] + [409] * (RACERS - 1)


async def test_a_leader_has_one_archive(race: Race) -> None:
    new = {"member_id": str(race.member_id), "post": "副区长", "opened_on": "2019-01-01"}
    answers = await race.at_once("/leader-archives", new, race.clerk)
    assert sorted(a.status_code for a in answers) == [201] + [409] * (RACERS - 1)


async def test_no_score_comes_after_the_ranking(race: Race) -> None:
    async with race.doors.writing(real.DISTRICTS) as session:
        contest = await make_contest(session, race.root)
        entry = await make_entry(session, contest, organization_id=str(race.branch))
        juror = await make_juror(session, contest, name="张三")
    base = f"/contests/{contest}"
    row = {"entry_id": str(entry), "juror_id": str(juror), "score": 90}
    first = await race.client.post(f"{base}/scores", json={"rows": [row]}, headers=race.clerk)
    assert first.status_code == 200
    row["score"] = 80
    scored, closed = await asyncio.gather(
        race.client.post(f"{base}/scores", json={"rows": [row]}, headers=race.clerk),
        race.client.post(f"{base}/closures", headers=race.clerk),
    )
    assert closed.status_code == 200
    average = select(ContestEntry.average).where(ContestEntry.id == entry)
    kept = await race.doors.reading(["231005"]).scalar(average)
    assert kept == (80 if scored.status_code == 200 else 90)
