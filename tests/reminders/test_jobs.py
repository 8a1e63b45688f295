"""Each reminder goes out once, on its day or as soon as the job runs again."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.audit import AuditBroken, seal
from app.core.db import Doors, new_id
from app.reminders.jobs import remind_of_elections
from app.terms.models import TermExtension
from tests.make.messages import make_taker
from tests.make.organizations import make_account, make_district, make_organization

END = date(2019, 12, 31)
SOON = date(2019, 6, 30)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def founding_day() -> None:
    clock.pin(date(2019, 1, 1))


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root, name="甲支部", due_on=str(END))


@pytest.fixture
async def clerk(session: AsyncSession, branch: UUID) -> str:
    return await make_account(session, Role.ORGANIZATION_CLERK, organization_id=branch)


async def run(doors: Doors, day: date) -> None:
    clock.pin(day)
    await remind_of_elections(doors)


async def noted(session: AsyncSession) -> list[tuple[str, str, str]]:
    rows = text("SELECT kind, falls_on, sent_on FROM election_reminder ORDER BY falls_on")
    return [(r[0], str(r[1]), str(r[2])) for r in await session.execute(rows)]


async def told(session: AsyncSession) -> Counter[str]:
    rows = text("SELECT username FROM message JOIN account ON account.id = account_id")
    return Counter(row[0] for row in await session.execute(rows))


async def audited(session: AsyncSession) -> list[Any]:
    rows = text(
        "SELECT district_code, detail FROM audit_entry"
        " WHERE action = 'job.remind_of_elections' ORDER BY district_code, number"
    )
    return [tuple(row) for row in await session.execute(rows)]


async def test_each_day_once(session: AsyncSession, doors: Doors, branch: UUID, clerk: str) -> None:
    await run(doors, SOON - DAY)
    assert await noted(session) == []
    assert await audited(session) == []
    sent = [("soon", "2019-06-30", "2019-06-30")]
    for day in (SOON, SOON, SOON + DAY, END - DAY):
        await run(doors, day)
        assert await noted(session) == sent
    sent.append(("due", "2019-12-31", "2019-12-31"))
    for day in (END, END, END + DAY, END + 30 * DAY):
        await run(doors, day)
        assert await noted(session) == sent
    sent.append(("overdue", "2020-01-31", "2020-01-31"))
    for day in (END + 31 * DAY, date(2020, 2, 28)):
        await run(doors, day)
        assert await noted(session) == sent
    await run(doors, date(2020, 2, 29))
    assert await noted(session) == [*sent, ("overdue", "2020-02-29", "2020-02-29")]
    assert await told(session) == {clerk: 4}
    assert await audited(session) == [("231005", {"reminders": 1, "messages": 1})] * 4
    titles = text("SELECT title_zh FROM message ORDER BY id")
    assert [row[0] for row in await session.execute(titles)][:3] == [
        "甲支部本届任期将于2019-12-31届满，请筹备换届",
        "甲支部本届任期于2019-12-31届满，应当换届",
        "甲支部本届任期已于2019-12-31届满，逾期未换届",
    ]


async def test_late_is_made_up_for_by_the_newest_alone(
    session: AsyncSession, doors: Doors, branch: UUID, clerk: str
) -> None:
    await run(doors, SOON + 5 * DAY)
    assert await noted(session) == [("soon", "2019-06-30", "2019-07-05")]
    await run(doors, date(2020, 6, 1))
    assert (await noted(session))[1:] == [("overdue", "2020-05-31", "2020-06-01")]
    assert await told(session) == {clerk: 2}


async def test_everyone_concerned_and_nobody_else(
    session: AsyncSession, doors: Doors, root: UUID
) -> None:
    committee = await make_organization(session, root, kind="party_committee")
    above = await make_organization(session, committee, kind="general_branch")
    branch = await make_organization(session, above, due_on=str(END))
    beside = await make_organization(session, above)
    clerks = {
        at: await make_account(session, Role.ORGANIZATION_CLERK, organization_id=at)
        for at in (committee, above, branch, beside)
    }
    department = await make_account(session)
    await make_account(session, Role.ORGANIZATION_READER, organization_id=branch)
    await make_account(session, Role.SYSTEM_ADMIN)
    taker = await make_taker(session, branch)
    await make_taker(session, branch, None)
    await make_taker(session, branch, 0)
    await make_taker(session, beside)
    await run(doors, END)
    assert await told(session) == dict.fromkeys(
        [clerks[above], clerks[branch], department, taker.username], 1
    )
    rows = text(
        "SELECT account_id, data->'date2'->>'value' FROM wechat_notice"
        " JOIN message ON id = message_id"
    )
    assert [tuple(r) for r in await session.execute(rows)] == [(taker.account, "2019年12月31日")]
    jobs = text("SELECT task_name FROM procrastinate_jobs")
    assert [r[0] for r in await session.execute(jobs)] == ["send_notices"]
    assert await audited(session) == [("231005", {"reminders": 1, "messages": 4})]


async def test_an_election_that_was_held_ends_it(
    client: httpx.AsyncClient, session: AsyncSession, doors: Doors, branch: UUID, clerk: str
) -> None:
    await run(doors, END)
    clock.pin(date(2020, 1, 10))
    url = f"/organizations/{branch}"
    tag = (await client.get(url)).headers["etag"]
    term = {"term_started_on": "2020-01-10", "due_on": "2023-01-10"}
    changed = await client.patch(url, json=term, headers={"if-match": tag})
    assert changed.status_code == 200, changed.text
    before = await noted(session)
    for day in (date(2020, 1, 31), date(2020, 6, 30), date(2022, 7, 9)):
        await run(doors, day)
    assert await noted(session) == before
    await run(doors, date(2022, 7, 10))
    assert (await noted(session))[-1] == ("soon", "2022-07-10", "2022-07-10")


async def test_an_extension_moves_it(
    session: AsyncSession, doors: Doors, branch: UUID, clerk: str
) -> None:
    session.add(
        TermExtension(
            district_code="231005",
            id=new_id(),
            organization_id=branch,
            due_on=END,
            until=date(2020, 9, 30),
            document="区委〔2019〕1号",
            approved_on=date(2019, 12, 1),
            account_id=new_id(),
        )
    )
    await session.flush()
    for day in (END, date(2020, 1, 31), date(2020, 3, 29)):
        await run(doors, day)
    assert await noted(session) == []
    await run(doors, date(2020, 3, 30))
    await run(doors, date(2020, 9, 30))
    assert [n[:2] for n in await noted(session)] == [("soon", "2020-03-30"), ("due", "2020-09-30")]


async def test_what_has_no_term_or_no_end_is_not_reminded_of(
    session: AsyncSession, doors: Doors, root: UUID
) -> None:
    branch = await make_organization(session, root)
    await make_organization(session, branch, kind="party_group", due_on=str(END))
    await make_organization(session, root, kind="working_committee", due_on=str(END))
    await run(doors, END)
    assert await noted(session) == []


async def test_a_district_holds_up_no_other(
    session: AsyncSession, doors: Doors, branch: UUID, clerk: str
) -> None:
    there = await make_district(session, "231004")
    near = await make_organization(session, there, due_on=str(END), district_code="231004")
    async with doors.writing(["231004"]) as writing:
        await writing.execute(text("INSERT INTO audit_head VALUES ('231004', 1, 'x', 'x')"))
    with pytest.raises(AuditBroken):
        await run(doors, END)
    assert await audited(session) == [("231005", {"reminders": 1, "messages": 1})]
    mended = text("UPDATE audit_head SET number = 0, hash = '', signature = :seal WHERE hash = 'x'")
    await session.execute(mended, {"seal": seal("231004", 0, b"")})
    await run(doors, END + DAY)
    assert [row[0] for row in await audited(session)] == ["231004", "231005"]
    rows = text("SELECT organization_id FROM election_reminder")
    assert {row[0] for row in await session.execute(rows)} == {branch, near}
