"""What happens at once to one pledge, on a database that really commits."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import httpx
import pytest
from sqlalchemy import select

from app.core.db import Doors
from app.pledges.logic import MOST_EVIDENCE
from app.pledges.models import Pledge, PledgeEvent
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.organizations import make_organization
from tests.make.pledges import make_pledge

ROUNDS = 5


class Two(NamedTuple):
    """Two clerks of the general branch, each on a server of their own doors; who completes."""

    doors: Doors
    world: real.World
    one: httpx.AsyncClient
    other: httpx.AsyncClient

    async def pledge(self, status: str) -> str:
        async with self.doors.writing(real.DISTRICTS) as session:
            general = await make_organization(session, self.world.root)
            return str(await make_pledge(session, status, organization_id=general))

    async def both(self, one: str, other: str, **json: str) -> list[httpx.Response]:
        return list(
            await asyncio.gather(
                self.one.post(one, json=json or None), self.other.post(other, json=json or None)
            )
        )


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_pledges_{worker_id}") as made:
        yield made


@pytest.fixture
async def two(served: real.World, keys: None) -> AsyncIterator[Two]:
    real.same_keys()
    doors, beside = Doors.to(served.url, pool_size=4), Doors.to(served.url, pool_size=4)
    async with doors.writing(real.DISTRICTS) as session:
        headers = [bearer(await real.clerk(session, served.root)) for _ in range(2)]
    async with (
        real.connect(real.application(doors), headers[0]) as one,
        real.connect(real.application(beside), headers[1]) as other,
    ):
        yield Two(doors, served, one, other)
    await doors.close()
    await beside.close()


async def _kept(two: Two, pledge: str) -> tuple[str, list[str], int]:
    on = two.doors.reading(real.DISTRICTS)
    kept = select(Pledge.status, Pledge.version).where(Pledge.id == pledge)
    status, version = (await on.execute(kept)).one()
    events = select(PledgeEvent.kind).where(PledgeEvent.pledge_id == pledge)
    kinds = [row[0] for row in await on.execute(events.order_by(PledgeEvent.id))]
    return status, kinds, version


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_of_two_confirmers_one_wins(two: Two, turn: int) -> None:
    pledge = await two.pledge("completed")
    url = f"/pledges/{pledge}/confirmations"
    answers = await two.both(url, url)
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 1}
    status, kinds, version = await _kept(two, pledge)
    assert (status, kinds.count("confirmed"), version) == ("confirmed", 1, 4)


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_confirmed_or_returned(two: Two, turn: int) -> None:
    pledge = await two.pledge("completed")
    answers = await two.both(
        f"/pledges/{pledge}/confirmations", f"/pledges/{pledge}/returns", reason="补充材料"
    )
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 1}
    status, kinds, _ = await _kept(two, pledge)
    won = answers[0].is_success
    assert (status, kinds[-1]) == (("confirmed", "confirmed") if won else ("published", "returned"))


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_completed_or_withdrawn(two: Two, turn: int) -> None:
    pledge = await two.pledge("published")
    added = await two.one.post(f"/pledges/{pledge}/evidence", json={"text": "已办"})
    assert added.status_code == 201
    answers = await two.both(
        f"/pledges/{pledge}/completions", f"/pledges/{pledge}/withdrawals", reason="情况有变"
    )
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 1}
    status, kinds, _ = await _kept(two, pledge)
    won = answers[0].is_success
    assert (status, len(kinds)) == ("completed" if won else "withdrawn", 3)


async def test_the_last_piece_of_evidence_is_added_once(two: Two) -> None:
    pledge = await two.pledge("published")
    url = f"/pledges/{pledge}/evidence"
    for _ in range(MOST_EVIDENCE - 1):
        assert (await two.one.post(url, json={"text": "x"})).status_code == 201
    tries = (client.post(url, json={"text": "x"}) for client in (two.one, two.other) for _ in "ab")
    answers = await asyncio.gather(*tries)
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 3}


async def test_of_two_edits_at_one_version_one_wins(two: Two) -> None:
    pledge = await two.pledge("draft")
    edits = (
        client.patch(f"/pledges/{pledge}", json={"title": title}, headers={"if-match": '"1"'})
        for client, title in ((two.one, "一"), (two.other, "二"))
    )
    answers = await asyncio.gather(*edits)
    assert Counter(a.status_code for a in answers) == {200: 1, 412: 1}
