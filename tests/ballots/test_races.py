"""Ballots at once, on two servers and a database that really commits."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from app.core.db import Doors
from tests.long import ballots, real

VOTERS = 20


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[tuple[real.World, tuple[int, int]]]:
    with (
        real.world(f"hangji_ballots_{worker_id}") as made,
        real.serving(made.url) as here,
        real.serving(made.url) as there,
    ):
        yield made, (here, there)


@pytest.fixture
async def polls(
    served: tuple[real.World, tuple[int, int]], keys: None
) -> AsyncIterator[ballots.Polls]:
    real.same_keys()
    world, ports = served
    doors = Doors.to(world.url, pool_size=1)
    branch, voters = await ballots.branch_of(doors, world.root, VOTERS)
    await doors.close()
    here, there = (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{p}/v1", headers=world.headers, timeout=20)
        for p in ports
    )
    async with here, there:
        yield ballots.Polls(here, there, branch, voters)


async def test_of_two_ballots_of_one_voter_at_once_one_is_taken(polls: ballots.Polls) -> None:
    box = await ballots.opened(polls, polls.voters)
    assert await ballots.double_votes(polls, box, polls.voters) == []
    assert await ballots.close(polls, box) == 200
    assert await ballots.faults_of(polls, box, VOTERS) == []


async def test_of_ten_copies_of_a_ballot_one_is_taken(polls: ballots.Polls) -> None:
    box = await ballots.opened(polls, polls.voters[:3])
    voter, clients = polls.voters[0], (polls.here, polls.there) * 5
    sent = (ballots.cast(client, box, voter, n % 4) for n, client in enumerate(clients))
    assert sorted(await asyncio.gather(*sent)) == [204] + [409] * 9
    assert await ballots.close(polls, box) == 200
    assert await ballots.faults_of(polls, box, 1) == []


async def test_every_ballot_that_was_taken_before_the_close_is_exported(
    polls: ballots.Polls,
) -> None:
    dice, taken = random.Random(2), 0  # noqa: S311 - a test's dice
    for _ in range(4):
        count, wrong = await ballots.race_the_close(polls, dice)
        assert wrong == []
        taken += count
    assert taken > 0
