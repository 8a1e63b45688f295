"""Race for ballots: two copies of each voter's at once, and twenty voters against the close.

    python -m tests.long.ballots [--quick] [--self-test]

Two servers stand for two workers, on one database that really commits. 2,000 voters each send two
different ballots at the same moment, one to each server: one is taken. Then boxes are closed while
twenty voters vote: every ballot that was taken is in the export, and the verifier finds it whole.
Prints one line of JSON and fails on any ballot too many or too few. `--self-test` plants faults
that must be found. The whole takes some minutes, `--quick` less than one.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from datetime import date, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import log
from app.core.db import Doors
from tests import conftest
from tests.long import real
from tests.make.ballots import make_voter, new_box, verifier
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization

AT_ONCE = 8
RACERS = 20
_n = count()
VERIFY = verifier()


class Size(NamedTuple):
    """How much is tried."""

    voters: int
    closes: int


WHOLE, QUICK = Size(2_000, 100), Size(200, 10)


class Voter(NamedTuple):
    """A member and what their client sends."""

    id: UUID
    headers: dict[str, str]


class Polls(NamedTuple):
    """A branch with voters, and a client of the department to each server."""

    here: httpx.AsyncClient
    there: httpx.AsyncClient
    branch: UUID
    voters: list[Voter]


async def _member(session: AsyncSession, branch: UUID) -> UUID:
    """Record a member; of one birthday there are only so many."""
    days, serial = divmod(next(_n), 400)
    born = date(1960, 1, 1) + timedelta(days)
    number = id_number(born.strftime("%Y%m%d"), serial)
    return await make_member(session, branch, id_number=number, born_on=born.isoformat())


async def branch_of(doors: Doors, root: UUID, how_many: int) -> tuple[UUID, list[Voter]]:
    """Make a branch with so many members, each signed in."""
    async with doors.writing(real.DISTRICTS) as session:
        branch = await make_organization(session, root)
        ids = [await _member(session, branch) for _ in range(how_many)]
        return branch, [Voter(i, await make_voter(session, i)) for i in ids]


async def opened(polls: Polls, voters: list[Voter]) -> dict[str, Any]:
    """Open a box among `voters`."""
    new = new_box(polls.branch, [v.id for v in voters])
    answer = await polls.here.post("/ballot-boxes", json=new)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def cast(client: httpx.AsyncClient, box: dict[str, Any], voter: Voter, choice: int) -> int:
    """Cast a ballot for one candidate; give the status of the answer."""
    body = {"choices": [box["candidates"][choice]["id"]]}
    url = f"/ballot-boxes/{box['id']}/ballots"
    return (await client.post(url, json=body, headers=voter.headers)).status_code


async def double_votes(polls: Polls, box: dict[str, Any], voters: list[Voter]) -> list[str]:
    """Have every voter cast two ballots at once; say whose did not come out as 204 and 409."""
    wrong: list[str] = []
    left = iter(voters)

    async def some() -> None:
        for voter in left:
            both = await asyncio.gather(
                cast(polls.here, box, voter, 0), cast(polls.there, box, voter, 1)
            )
            if sorted(both) != [204, 409]:
                wrong.append(f"{voter.id}: {sorted(both)}")

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return wrong


async def race_the_close(polls: Polls, dice: random.Random) -> tuple[int, list[str]]:
    """Close a box twice while twenty vote; give how many were taken, and what is wrong."""
    voters = dice.sample(polls.voters, RACERS)
    box = await opened(polls, voters)
    url = f"/ballot-boxes/{box['id']}/closures"
    asks: list[Any] = [
        cast((polls.here, polls.there)[n % 2], box, v, n % 4) for n, v in enumerate(voters)
    ]
    at = dice.randrange(len(asks))
    closes = [client.post(url) for client in (polls.here, polls.there)]
    found = await asyncio.gather(*asks[:at], *closes, *asks[at:])
    ended = [found.pop(at).status_code for _ in closes]
    statuses = Counter(found)
    wrong = [] if sorted(ended) == [200, 409] else [f"closes {sorted(ended)}"]
    if set(statuses) - {204, 409}:
        wrong.append(f"ballots {dict(statuses)}")
    return statuses[204], wrong + await faults_of(polls, box, statuses[204])


async def faults_of(polls: Polls, box: dict[str, Any], taken: int) -> list[str]:
    """Hold the export of a closed box to the number of ballots that were taken."""
    answer = await polls.there.get(f"/ballot-boxes/{box['id']}/export")
    shown = (await polls.there.get(f"/ballot-boxes/{box['id']}")).json()
    if answer.status_code != httpx.codes.OK:
        return [f"export {answer.status_code}"]
    export = VERIFY.read(answer.content)
    [key] = (await polls.here.get("/elections/keys")).json()["items"]
    faults: list[str] = VERIFY.faults_of(export, key["key"], shown["head"])
    if len(export["ballots"]) != taken:
        faults.append(f"{taken} taken, {len(export['ballots'])} exported")
    return faults


async def close(polls: Polls, box: dict[str, Any]) -> int:
    """Close a box; give the status of the answer."""
    return (await polls.here.post(f"/ballot-boxes/{box['id']}/closures")).status_code


async def _plants(polls: Polls, doors: Doors) -> int:
    """Plant a second ballot of a voter, and take one out of a closed box; count what is found."""
    more = (
        "INSERT INTO ballot SELECT district_code, gen_random_uuid(), box_id, choices, write_ins"
        " FROM ballot WHERE box_id = :box LIMIT 1"
    )
    less = "DELETE FROM ballot WHERE id = (SELECT id FROM ballot WHERE box_id = :box LIMIT 1)"
    found = 0
    for plant, is_closed in ((more, False), (less, True)):
        box = await opened(polls, polls.voters[:3])
        for voter in polls.voters[:3]:
            await cast(polls.here, box, voter, 0)
        if is_closed:
            await close(polls, box)
        async with doors.writing(real.DISTRICTS) as session:
            await session.execute(text(plant), {"box": UUID(box["id"])})
        is_found = await faults_of(polls, box, 3) if is_closed else await close(polls, box) == 409
        found += bool(is_found)
    return found


async def _try(world: real.World, ports: tuple[int, int], size: Size, is_test: bool) -> Any:
    doors = Doors.to(world.url, pool_size=2)
    branch, voters = await branch_of(doors, world.root, size.voters)
    here, there = (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{p}/v1", headers=world.headers, timeout=30)
        for p in ports
    )
    async with here, there:
        polls = Polls(here, there, branch, voters)
        if is_test:
            plants = await _plants(polls, doors)
            await doors.close()
            return {"promise": "P6", "plants": f"{plants}/2", "violations": 2 - plants}
        box = await opened(polls, voters)
        started = time.monotonic()
        wrong = await double_votes(polls, box, voters)
        voting = time.monotonic() - started
        started = time.monotonic()
        ended = await close(polls, box)
        closing = time.monotonic() - started
        wrong += [] if ended == httpx.codes.OK else [f"close {ended}"]
        wrong += await faults_of(polls, box, size.voters)
        dice, taken = random.Random(6), 0  # noqa: S311 - a test's dice
        for _ in range(size.closes):
            in_time, faults = await race_the_close(polls, dice)
            taken += in_time
            wrong += faults
    await doors.close()
    return {
        "promise": "P6",
        "double_votes_tried": size.voters,
        "voting_seconds": round(voting, 1),
        "closing_seconds": round(closing, 2),
        "closes_raced": size.closes,
        "ballots_of_racers": size.closes * RACERS,
        "taken_of_them": taken,
        "violations": len(wrong),
        "first": wrong[:3],
    }


def main() -> int:
    """Run it on two servers of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    given = parser.parse_args()
    log.configure("warning")
    conftest.pytest_configure(SimpleNamespace())  # type: ignore[arg-type]
    try:
        with (
            real.world("hangji_ballots_long") as world,
            real.serving(world.url) as one,
            real.serving(world.url) as other,
        ):
            size = Size(3, 0) if given.self_test else QUICK if given.quick else WHOLE
            found = asyncio.run(_try(world, (one, other), size, given.self_test))
    finally:
        conftest.pytest_unconfigure()
    print(json.dumps(found, ensure_ascii=False))  # noqa: T201
    return int(found["violations"] > 0)


if __name__ == "__main__":
    sys.exit(main())
