"""Checking in by the code on the screen."""

from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.activities import logic, service
from app.activities.errors import CheckInCodeInvalid
from app.activities.models import ActivityAttendance
from app.core import clock, crypto
from app.core.audit import AuditEntry
from app.core.caller import Caller
from app.core.db import new_id
from tests.activities.conftest import TODAY, Clients, Place, made, refused
from tests.make.activities import make_activity, make_attendance
from tests.make.members import make_member
from tests.make.residents import make_member_account

DAY = timedelta(days=1)


async def code_of(client: httpx.AsyncClient, activity: object) -> str:
    return str(made(await client.post(f"/activities/{activity}/check-in-codes"))["code"])


async def test_a_member_checks_in_once(
    clerk: httpx.AsyncClient, member: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    activity = await make_activity(session, place.branch)
    issued = made(await clerk.post(f"/activities/{activity}/check-in-codes"))
    left = datetime.fromisoformat(issued["expires_at"]) - clock.now()
    assert timedelta(seconds=logic.CODE_SECONDS - 5) < left <= timedelta(seconds=logic.CODE_SECONDS)
    first = made(await member.post("/check-ins", json={"code": issued["code"]}))
    assert (first["activity_id"], first["is_new"]) == (str(activity), True)
    again = made(await member.post("/check-ins", json={"code": await code_of(clerk, activity)}))
    assert again == first | {"is_new": False}
    rows = made(await clerk.get(f"/attendances?activity_id={activity}"))["items"]
    told = [(r["member_id"], r["is_present"], r["source"]) for r in rows]
    assert told == [(str(place.member), True, "qr")]
    entries = select(func.count()).where(AuditEntry.action == "check_in")
    assert await session.scalar(entries) == 1


async def test_who_was_put_down_as_absent_comes(
    clerk: httpx.AsyncClient, member: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    activity = await make_activity(session, place.branch)
    absent = {"member_id": str(place.member), "is_present": False, "role": "speaker"}
    await make_attendance(session, activity, **absent)
    code = await code_of(clerk, activity)
    assert made(await member.post("/check-ins", json={"code": code}))["is_new"]
    row = made(await member.get("/attendances"))["items"][0]
    assert (row["role"], row["is_present"], row["source"]) == ("speaker", True, "qr")
    gone = {"rows": [absent]}  # the clerk knows better
    made(await clerk.post(f"/activities/{activity}/attendances", json=gone))
    row = made(await member.get("/attendances"))["items"][0]
    assert (row["is_present"], row["source"]) == (False, "recorded")


async def test_codes_are_for_the_day(
    clerk: httpx.AsyncClient, member: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    activity = await make_activity(session, place.branch)
    code = {"code": await code_of(clerk, activity)}
    for day in (TODAY - DAY, TODAY + DAY):
        clock.pin(day)
        url = f"/activities/{activity}/check-in-codes"
        refused(await clerk.post(url), 409, "check-in-closed")
        refused(await member.post("/check-ins", json=code), 409, "check-in-closed")
    clock.pin(TODAY)
    made(await clerk.post(f"/activities/{activity}/cancellations", json={"reason": "x"}))
    refused(await member.post("/check-ins", json=code), 409, "check-in-closed")


async def test_codes_that_are_refused(
    client: httpx.AsyncClient,
    member: httpx.AsyncClient,
    session: AsyncSession,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    activity = await make_activity(session, place.branch)
    good = await code_of(client, activity)
    refused(await client.post("/check-ins", json={"code": good}), 409, "not-a-member")
    refused(await member.post("/check-ins", json={"code": good[:-1]}), 409, "check-in-code-invalid")
    monkeypatch.setattr(logic, "CODE_SECONDS", 0)
    late = {"code": await code_of(client, activity)}
    refused(await member.post("/check-ins", json=late), 409, "check-in-code-expired")
    soon = clock.now() + timedelta(seconds=60)
    for said in (
        logic.CheckIn("231004", activity, soon),
        logic.CheckIn("231005", new_id(), soon),
    ):
        code = {"code": logic.sealed(said, crypto.keys().sign)}
        refused(await member.post("/check-ins", json=code), 409, "check-in-code-invalid")


async def test_a_code_of_another_district_is_none(session: AsyncSession, place: Place) -> None:
    activity = await make_activity(session, place.branch)
    said = logic.CheckIn("231005", activity, clock.now() + timedelta(seconds=60))
    foreign = Caller(new_id(), "x", (), home_code="231004", member_id=place.member)
    with pytest.raises(CheckInCodeInvalid):
        await service.check_in(session, foreign, logic.sealed(said, crypto.keys().sign))


async def test_a_member_of_another_branch_checks_in_too(
    client: httpx.AsyncClient, session: AsyncSession, place: Place, as_user: Clients
) -> None:
    guest = await as_user(
        await make_member_account(session, await make_member(session, place.beside))
    )
    activity = await make_activity(session, place.branch, "held")
    code = {"code": await code_of(client, activity)}
    made(await guest.post("/check-ins", json=code))
    assert made(await guest.get(f"/activities/{activity}"))["present"] == 1
    rows = select(func.count()).select_from(ActivityAttendance)
    assert await session.scalar(rows) == 1
