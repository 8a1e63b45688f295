"""The queue: a job runs if and only if its transaction committed."""

import asyncio
import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import worker
from app.access.jobs import purge
from app.access.models import Account, SignIn
from app.core import clock, jobs
from app.core.db import Doors, new_id
from app.core.idempotency import IdempotencyKey
from tests.conftest import _at, new_database
from tests.make.organizations import make_account, make_district


@pytest.fixture(scope="module")
def url(worker_id: str) -> str:
    name = f"hangji_jobs_{worker_id}"
    asyncio.run(new_database(name))
    return _at(os.environ["HANGJI_TEST_APPLICATION"], name)


async def statuses(doors: Doors) -> list[tuple[str, str]]:
    rows = await doors.reading([]).execute(
        text("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
    )
    return [(r.task_name, r.status) for r in rows]


async def test_jobs_follow_their_transaction(url: str) -> None:
    doors = Doors.to(url, pool_size=2)

    async def fail_after_enqueueing() -> None:
        async with doors.writing() as session:
            await jobs.enqueue(session, "refresh_statistics", lock="refresh_statistics")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_enqueueing()
    assert await statuses(doors) == []
    async with doors.writing() as session:
        await jobs.enqueue(session, "refresh_statistics", lock="refresh_statistics")
        await jobs.enqueue(session, "send_notices", lock="send_notices")  # by itself, too
    assert {status for _, status in await statuses(doors)} == {"todo"}
    await worker.work(url, until_empty=True)
    assert await statuses(doors) == []  # done, and cleared away
    analyzed = "SELECT count(last_analyze) FROM pg_stat_user_tables WHERE relname = 'member'"
    assert await doors.reading([]).scalar(text(analyzed)) == 1
    await doors.close()


async def test_purge_clears_what_ended(doors: Doors, session: AsyncSession) -> None:
    await make_district(session)
    name = await make_account(session)
    account_id = await session.scalar(select(Account.id).where(Account.username_key == name))
    for hours in (-25, -23, 1):
        ends = clock.now() + timedelta(hours=hours)
        session.add(SignIn(id=new_id(), account_id=account_id, expires_at=ends))
    for hours in (25, 23):
        made = clock.now() - timedelta(hours=hours)
        session.add(
            IdempotencyKey(
                account_id=account_id, path="/", key=str(hours), digest=b"", created_at=made
            )
        )
    await session.flush()
    await purge(doors)
    assert await session.scalar(select(func.count()).select_from(SignIn)) == 2
    assert await session.scalar(select(IdempotencyKey.key)) == "23"
