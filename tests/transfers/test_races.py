"""What happens at once to one transfer, on a database that really commits; heads are conserved."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.core import clock
from app.core.db import Doors, create_engine, transaction
from app.transfers.errors import AlreadyThere, TransferPending
from app.transfers.models import Transfer
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_district, make_organization
from tests.make.transfers import make_transfer, new_transfer

ROUNDS = 2
NEAR = "231004"


class Two(NamedTuple):
    """Two departments, each on a server of their own doors; two branches."""

    doors: Doors
    one: httpx.AsyncClient
    other: httpx.AsyncClient
    old: UUID
    new: UUID

    async def transfer(self, status: str) -> tuple[str, str]:
        async with self.doors.writing(real.DISTRICTS) as session:
            member = await make_member(session, self.old)
            return str(await make_transfer(session, member, self.new, status)), str(member)

    async def state(self, transfer: str, member: str) -> tuple[str, UUID]:
        on = self.doors.reading(real.DISTRICTS)
        status = text("SELECT status FROM transfer WHERE id = :id").bindparams(id=UUID(transfer))
        where = text("SELECT organization_id FROM membership WHERE member_id = :id")
        return await on.scalar(status), await on.scalar(where.bindparams(id=UUID(member)))


@pytest.fixture(scope="module")
def served(worker_id: str) -> Iterator[real.World]:
    with real.world(f"hangji_transfers_{worker_id}") as made:
        yield made


@pytest.fixture
async def two(served: real.World, keys: None) -> AsyncIterator[Two]:
    real.same_keys()
    doors, beside = Doors.to(served.url, pool_size=4), Doors.to(served.url, pool_size=4)
    async with doors.writing(real.DISTRICTS) as session:
        headers = [bearer(await real.clerk(session, served.root)) for _ in range(2)]
        old, new = [await make_organization(session, served.root) for _ in range(2)]
    async with (
        real.connect(real.application(doors), headers[0]) as one,
        real.connect(real.application(beside), headers[1]) as other,
    ):
        yield Two(doors, one, other, old, new)
    await doors.close()
    await beside.close()


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_accepted_or_withdrawn(two: Two, turn: int) -> None:
    transfer, member = await two.transfer("released")
    url = f"/transfers/{transfer}"
    answers = await asyncio.gather(
        two.one.post(f"{url}/acceptances"),
        two.other.post(f"{url}/withdrawals", json={"reason": "情况有变"}),
    )
    assert Counter(a.status_code for a in answers) == {200: 1, 409: 1}
    won = answers[0].is_success
    wanted = ("accepted", two.new) if won else ("withdrawn", two.old)
    assert await two.state(transfer, member) == wanted


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_released_once_and_accepted_once(two: Two, turn: int) -> None:
    transfer, member = await two.transfer("requested")
    for step in ("approvals", "acceptances"):
        json = {"json": {}} if step == "approvals" else {}
        tries = (c.post(f"/transfers/{transfer}/{step}", **json) for c in (two.one, two.other))
        assert Counter(a.status_code for a in await asyncio.gather(*tries)) == {200: 1, 409: 1}
    assert await two.state(transfer, member) == ("accepted", two.new)


async def test_of_two_requests_one_wins(two: Two) -> None:
    async with two.doors.writing(real.DISTRICTS) as session:
        member = await make_member(session, two.old)
    url, new = f"/members/{member}/transfers", new_transfer(two.new)
    answers = await asyncio.gather(*(c.post(url, json=new) for c in (two.one, two.other)))
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 1}


async def test_accepted_while_the_member_dies(two: Two) -> None:
    transfer, member = await two.transfer("released")
    gone = {"status": "deceased", "reason": "因病去世"}
    answers = await asyncio.gather(
        two.one.post(f"/transfers/{transfer}/acceptances"),
        two.other.post(f"/members/{member}/status-changes", json=gone, headers={"if-match": '"1"'}),
    )
    codes = [a.status_code for a in answers]
    assert codes in ([200, 412], [409, 200]), [a.text for a in answers]


# ── Conservation

Move = tuple[int, int, str, int]
HOW = ("accepted", "accepted", "released", "withdrawn", "rejected", "requested")
MOVES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from(HOW), st.sampled_from((0, 4))),
    min_size=6,
    max_size=10,
)
COUNTED = text("""
SELECT count(*), count(DISTINCT id_number_index) FROM membership s
JOIN member m ON m.id = member_id AND m.district_code = s.district_code
WHERE s.status = 'active' AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day)
AND s.organization_id = ANY(:branches)
""")


async def _conserves(url: str, moves: list[Move]) -> None:
    real.same_keys()
    engine = create_engine(url)
    async with engine.connect() as connection:
        outer = await connection.begin()
        sessions = async_sessionmaker(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        async with transaction(sessions, real.DISTRICTS) as session:
            await _walk(session, moves)
        await outer.rollback()
    await engine.dispose()


async def _walk(session: AsyncSession, moves: list[Move]) -> None:
    roots = {"231005": await make_district(session), NEAR: await make_district(session, NEAR)}
    branches = [
        (code, await make_organization(session, root, name=f"守恒{i}支部", district_code=code))
        for i, (code, root) in enumerate([*roots.items()] * 2)
    ]
    at = dict.fromkeys(range(3), branches[0])
    who = {i: await make_member(session, branches[0][1]) for i in at}
    days = [clock.today()]
    for person, target, how, wait in moves:
        clock.pin(days[-1] + timedelta(days=wait))
        days.append(clock.today())
        (code, _), (to_code, to) = at[person], branches[target]
        name = f"守恒{target}支部"
        try:
            async with session.begin_nested():
                made = await make_transfer(
                    session,
                    who[person],
                    name,
                    how,
                    to_district_code=to_code,
                    district_code=code,
                    letter={"valid_until": clock.today() + timedelta(days=3)},
                )
        except (AlreadyThere, TransferPending):
            session.expire_all()
            made = None
        if made is not None and how == "accepted":
            row = await session.get_one(Transfer, (code, made), populate_existing=True)
            if row.twin_id is not None:
                twin = await session.get_one(Transfer, (to_code, row.twin_id))
                assert twin.member_id is not None
                who[person] = twin.member_id
            at[person] = (to_code, to)
        for day in days:
            counted = COUNTED.bindparams(day=day, branches=[b for _, b in branches])
            assert tuple((await session.execute(counted)).one()) == (3, 3)


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=MOVES)
def test_heads_are_conserved(served: real.World, moves: list[Move]) -> None:
    """On every day so far each of three people is counted once, wherever they are moved to."""
    asyncio.run(_conserves(served.url, moves))
