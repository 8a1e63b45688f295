"""The figures: what counts on which day, of which subtree; and a model that agrees."""

from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Subtree
from app.core.db import Doors, Reader
from app.core.errors import AppError
from app.organizations import queries as organizations
from app.residents import logic, queries, service
from app.residents.logic import Move
from app.residents.types import LIVE, ClaimStatus
from tests.make.members import make_member
from tests.make.organizations import everything
from tests.make.residents import make_claim, make_community, make_post, make_record
from tests.residents.conftest import DAY, TODAY, Place

ROOT = Subtree("231005", "1.")


async def _subtree(session: AsyncSession, organization_id: UUID) -> Subtree:
    found = await organizations.get(session, everything(), organization_id)
    return Subtree(found.district_code, found.path)


async def count_served(on: Reader, where: Subtree, day: date) -> int:
    rows = queries.served([where], day).subquery()
    return int(await on.scalar(select(func.coalesce(func.sum(rows.c.beneficiaries), 0))))


async def test_person_times_are_summed(
    session: AsyncSession, doors: Doors, root: UUID, place: Place
) -> None:
    """Sums of beneficiaries: the same people twice are two; and nothing that is unconfirmed."""
    clock.pin(date(2019, 12, 1))
    beside = await make_community(session, root)
    posts = [await make_post(session, c) for c in (place.community, beside)]
    claims = [await make_claim(session, p, place.member) for p in posts]
    clock.pin(TODAY)
    await make_record(session, claims[0], beneficiaries=20, served_on="2019-12-05", confirmed=True)
    await make_record(session, claims[0], beneficiaries=20, served_on="2019-12-31", confirmed=True)
    await make_record(session, claims[1], beneficiaries=3, served_on="2019-12-20", confirmed=True)
    await make_record(session, claims[0], beneficiaries=500)
    reading = doors.reading(["231005"])
    here = await _subtree(session, place.community)

    async def count(where: Subtree, day: date = TODAY) -> int:
        return await count_served(reading, where, day)

    assert await count(ROOT) == 43
    assert await count(here) == 40
    assert await count(ROOT, TODAY - DAY) == 0  # they were confirmed on the day itself
    assert await count(Subtree("231004", "1.")) == 0
    rows = (await reading.execute(queries.served([here], TODAY))).all()
    assert sum(row.beneficiaries for row in rows) == 40


@pytest.mark.parametrize("seed", range(3))
async def test_claims_keep_to_a_model(
    session: AsyncSession, doors: Doors, place: Place, seed: int
) -> None:
    """Random claims, exits and decisions: never too many, and the figure of every day agrees."""

    @dataclass
    class Claim:
        """What the model knows of a claim."""

        id: UUID
        status: ClaimStatus
        accepted_on: date | None
        ended_on: date | None = None

    random = Random(seed)  # noqa: S311 - the same on every run
    capacity, needs_acceptance = random.choice([1, 2, 3]), seed % 2 == 1
    clock.pin(date(2019, 12, 1))
    post = await make_post(
        session, place.community, capacity=capacity, needs_acceptance=needs_acceptance
    )
    people = [
        place.member,
        place.other,
        *[await make_member(session, place.branch) for _ in range(3)],
    ]
    model: list[Claim] = []
    holders: dict[UUID, UUID] = {}
    for step in range(40):
        today = date(2019, 12, 1) + step // 4 * DAY
        clock.pin(today)
        taken = [c for c in model if c.status in LIVE]
        if random.random() < 0.5:
            who = random.choice(people)
            is_held = any(holders[c.id] == who for c in taken)
            try:
                made = await make_claim(session, post, who)
            except AppError:
                assert is_held or len(taken) == capacity
                continue
            assert not is_held
            status = ClaimStatus.PENDING if needs_acceptance else ClaimStatus.ACTIVE
            model.append(Claim(made, status, None if needs_acceptance else today))
            holders[made] = who
        elif model:
            chosen, move = random.choice(model), random.choice(list(Move))
            before, after = logic.MOVES[move]
            try:
                await service.move(session, everything(), chosen.id, move)
            except AppError:
                assert chosen.status not in before
                continue
            assert chosen.status in before
            chosen.status = after
            if move == Move.ACCEPT:
                chosen.accepted_on = today
            else:
                chosen.ended_on = today
        assert sum(c.status in LIVE for c in model) <= capacity
    assert len(model) > capacity
    reading = doors.reading(["231005"])
    for n in range(-1, 12):
        day = date(2019, 12, 1) + n * DAY
        counted = {
            c.id for c in model if logic.is_claimed_on(c.status, c.accepted_on, c.ended_on, day)
        }
        rows = (await reading.execute(queries.claimed([ROOT], day))).all()
        assert {row.id for row in rows} == counted
