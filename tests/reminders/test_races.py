"""What two workers do at once, on a database that really commits."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.core import clock
from app.core.db import Doors
from app.core.errors import Text
from app.fake_wechat.router import create_fake
from app.messages.jobs import deliver
from app.messages.service import tell
from app.messages.types import MessageKind, Notice
from app.reminders.jobs import remind_of_elections
from app.wechat import service as wechats
from tests.conftest import _at, _sql, new_database
from tests.long import real
from tests.make.messages import TEMPLATE, Taker, make_taker
from tests.make.organizations import make_account, make_district, make_organization

APP, SECRET, BASE = "wx0123456789abcdef", "s3cret-of-the-app", "http://wechat.test"
END = date(2019, 12, 31)
NOTICE = Notice("甲支部", END, "请换届")


@pytest.fixture(scope="module")
def url(worker_id: str) -> Iterator[str]:
    name = f"hangji_reminders_{worker_id}"
    asyncio.run(new_database(name))
    yield _at(os.environ["HANGJI_TEST_APPLICATION"], name)
    asyncio.run(_sql(os.environ["HANGJI_TEST_SUPERUSER"], f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def workers(url: str, keys: None) -> AsyncIterator[tuple[Doors, Doors]]:
    real.same_keys()
    made = Doors.to(url, pool_size=4), Doors.to(url, pool_size=4)
    yield made
    for doors in made:
        await doors.close()


async def prepare(doors: Doors, consents: int, count: int = 1) -> list[Taker]:
    """Make a branch whose term ends, and members who take messages."""
    clock.pin(END)
    async with doors.writing(["231005"]) as session:
        if await session.scalar(text("SELECT count(*) FROM district")) == 0:
            await make_district(session)
            await make_account(session)
        root = await session.scalar(
            text("SELECT organization_id FROM organization_state WHERE parent_id IS NULL")
        )
        assert root is not None
        branch = await make_organization(session, root, due_on=str(END))
        takers = [await make_taker(session, branch, consents) for _ in range(count)]
        session.info.clear()
    return takers


async def remind(doors: Doors, takers: list[Taker]) -> None:
    async with doors.writing(["231005"]) as session:
        await tell(
            session,
            "231005",
            MessageKind.ELECTION,
            ("organization", takers[0].member),
            Text("换届", "Election"),
            accounts=[taker.account for taker in takers],
            notice=NOTICE,
        )


async def test_one_consent_is_taken_once(workers: tuple[Doors, Doors]) -> None:
    takers = await prepare(workers[0], 1, 3)
    await asyncio.gather(*(remind(workers[n % 2], takers) for n in range(6)))
    rows = text(
        "SELECT account_id, count(message_id), min(remaining) FROM message"
        " JOIN account ON account.id = account_id"
        " JOIN wechat_consent USING (wechat_index)"
        " LEFT JOIN wechat_notice ON message_id = message.id"
        " WHERE subject_id = :subject GROUP BY 1"
    ).bindparams(subject=takers[0].member)
    found = {tuple(r) for r in await workers[0].reading(["231005"]).execute(rows)}
    assert found == {(taker.account, 1, 0) for taker in takers}


async def test_two_workers_send_each_once_and_hold_no_connection(
    workers: tuple[Doors, Doors], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workers[0].writing(["231005"]) as session:
        await session.execute(text("UPDATE wechat_notice SET status = 'failed'"))
    takers = await prepare(workers[0], 5, 4)
    for _ in range(2):
        await remind(workers[0], takers)
    fake = create_fake(APP, SECRET)
    watcher = await asyncpg.connect(url)
    busy: list[int] = []
    asking = asyncio.Lock()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        """Look, before WeChat answers, whether a transaction of ours is open."""
        async with asking:
            open_ = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            mine = f"{open_} AND state LIKE 'idle in transaction%'"
            busy.append(await watcher.fetchval(mine))
        await fake(scope, receive, send)

    state = fake.state.wechat
    state.templates.add(TEMPLATE)
    state.consents.update({(taker.openid, TEMPLATE): 50 for taker in takers})
    wechat = wechats.connect(APP, SECRET, BASE, httpx.ASGITransport(watched))
    await wechats._token(wechat, workers[0], None, wechats._in(3))
    busy.clear()
    await deliver(workers[0], wechat)
    assert Counter(busy) == {0: 8}
    for _ in range(3):
        await remind(workers[0], takers)
    await asyncio.gather(*(deliver(doors, wechat) for doors in workers))
    await watcher.close()
    await wechats.close(wechat)
    assert Counter(m["touser"] for m in state.sent) == {taker.openid: 5 for taker in takers}


async def test_two_workers_remind_once(workers: tuple[Doors, Doors]) -> None:
    [taker] = await prepare(workers[0], 9)
    await asyncio.gather(*(remind_of_elections(workers[n % 2]) for n in range(4)))
    on = workers[0].reading(["231005"])
    reminders = await on.scalar(text("SELECT count(*) FROM election_reminder"))
    branches = await on.scalar(
        text("SELECT count(*) FROM organization_state WHERE due_on = '2019-12-31'")
    )
    told = await on.scalar(
        text("SELECT count(*) FROM message WHERE account_id = :id").bindparams(id=taker.account)
    )
    left = await on.scalar(
        text("SELECT remaining FROM wechat_consent WHERE wechat_index = :index").bindparams(
            index=taker.index
        )
    )
    audited = text(
        "SELECT sum((detail->>'reminders')::int) FROM audit_entry"
        " WHERE action = 'job.remind_of_elections'"
    )
    assert reminders == branches == await on.scalar(audited)
    assert (told, left) == (1, 8)
