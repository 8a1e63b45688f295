"""Reminders are sent once each; what is encrypted is encrypted anew; races."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.admissions.jobs import APPLICANTS, remind_admissions
from app.commands.keys import SEALED
from app.core import clock, crypto
from app.core.db import Doors
from app.messages.models import Message
from tests.admissions.conftest import APPLIED, Bench
from tests.make.admissions import admission_of, day_of, make_admission


async def _told(session: AsyncSession) -> list[Any]:
    rows = select(Message.title_zh, Message.subject_id).order_by(Message.id)
    return list(await session.execute(rows))


async def _audited(session: AsyncSession) -> int:
    rows = text("SELECT count(*) FROM audit_entry WHERE action = 'job.remind_admissions'")
    return int(await session.scalar(rows) or 0)


async def test_what_is_due_is_told_once_and_once_more_when_late(
    bench: Bench, session: AsyncSession, doors: Doors
) -> None:
    """The talk is due on 1 April: fifteen days before, and the day after."""
    made = await make_admission(session, bench.organization)
    for day, count in (
        (date(2017, 3, 16), 0),
        (date(2017, 3, 17), 1),
        (date(2017, 3, 17), 1),
        (date(2017, 4, 1), 1),
        (date(2017, 4, 2), 2),
        (date(2017, 5, 2), 2),
    ):
        clock.pin(day)
        await remind_admissions(doors)
        told = await _told(session)
        assert len(told) == count, day
        assert await _audited(session) == count, day
    assert {row.subject_id for row in told} == {made}
    assert [row.title_zh for row in told] == [
        "发展党员：派人同入党申请人谈话应于 2017-04-01 前办理",
        "发展党员：派人同入党申请人谈话已于 2017-04-01 逾期",
    ]


async def test_the_committee_is_told_of_what_it_decides(
    bench: Bench, session: AsyncSession, doors: Doors
) -> None:
    await make_admission(session, bench.organization, 17, bench.sponsors, is_pending=True)
    due = clock.add_months(day_of(15, APPLIED), 3)
    clock.pin(due)
    await remind_admissions(doors)
    assert len(await _told(session)) == 2
    granted = (
        "SELECT s.name FROM message m JOIN account_grant g USING (account_id)"
        " JOIN organization_state s ON s.organization_id = g.organization_id ORDER BY 1"
    )
    assert list(await session.scalars(text(granted))) == ["一班党支部", "东风厂党委"]


async def test_a_probationer_is_no_more_reminded_once_it_is_over(
    bench: Bench, session: AsyncSession, doors: Doors
) -> None:
    made = await make_admission(session, bench.organization, 17, bench.sponsors)
    row = await admission_of(session, made)
    assert row.probation_ends_on is not None
    clock.pin(row.probation_ends_on + timedelta(days=1))
    await session.execute(
        text(
            "UPDATE admission SET status = 'terminated', reason = 'x', closed_on = last_on,"
            " closed_by = recorded_by"
        )
    )
    await remind_admissions(doors)
    assert await _told(session) == []


async def test_numbers_are_sealed_and_rotate(bench: Bench, session: AsyncSession) -> None:
    assert APPLICANTS in SEALED
    made = await make_admission(session, bench.organization, phone=None)
    row = await admission_of(session, made)
    number = crypto.keys().decrypt(row.id_number_cipher, f"admission.id_number:{made}")
    assert number[:6] == row.id_number_masked[:6]
    assert row.phone_cipher is None
    everything = "SELECT string_agg(x::text, ' ') FROM (SELECT a::text AS x FROM admission a) AS q"
    assert number not in str(await session.scalar(text(everything)))


CHANGES = (
    "decided_on = done_on, decided_by = recorded_by",
    "decided_on = done_on - 1, decided_by = admission_id",
    "step = 15, votes_due = 8, present = 8, yes_present = 4, yes_written = 0",
    "step = 15, votes_due = 8, present = 4, yes_present = 4, yes_written = 4",
    "step = 9, first_member_id = NULL",
    "returned_on = done_on",
)


async def test_the_database_says_it_again(bench: Bench, session: AsyncSession) -> None:
    await make_admission(session, bench.organization, 4, is_pending=True)
    for change in CHANGES:
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(text(f"UPDATE admission_step SET {change} WHERE step = 4"))
