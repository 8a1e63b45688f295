"""Whole numbers are shown to whoever may see them, for a reason, and the audit tells."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.audit import AuditEntry, Outcome
from app.core.db import Doors, new_id
from app.core.idempotency import IdempotencyKey
from app.members.models import Member
from tests.conftest import signed_in
from tests.make.members import id_number, make_member
from tests.make.organizations import make_account, make_district, make_organization

NUMBER, PHONE = id_number(), "13812345678"
WHY = {"reason": "办理组织关系转接手续"}


@pytest.fixture
async def member(session: AsyncSession, root: UUID) -> UUID:
    branch = await make_organization(session, root)
    return await make_member(session, branch, id_number=NUMBER, phone=PHONE)


async def entries(session: AsyncSession) -> list[Any]:
    rows = select(AuditEntry).where(AuditEntry.action == "unmask_member")
    return list(await session.scalars(rows.order_by(AuditEntry.number)))


async def as_role(
    app: FastAPI, doors: Doors, session: AsyncSession, role: Role, district: str = "231005"
) -> httpx.AsyncClient:
    headers = await signed_in(doors, session, await make_account(session, role, district))
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({}, {"id_number": NUMBER, "phone": PHONE}),
        ({"fields": ["id_number"]}, {"id_number": NUMBER}),
        ({"fields": ["phone"]}, {"phone": PHONE}),
        ({"fields": ["phone", "phone"]}, {"phone": PHONE}),
    ],
)
async def test_gives_what_was_asked_for_and_tells_the_audit(
    client: httpx.AsyncClient,
    session: AsyncSession,
    member: UUID,
    asked: dict[str, Any],
    given: dict[str, str],
) -> None:
    answer = await client.post(f"/members/{member}/unmaskings", json=WHY | asked)
    assert answer.status_code == 200, answer.text
    assert answer.json() == given
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    [entry] = await entries(session)
    assert (entry.target_kind, entry.target_id) == ("member", str(member))
    assert entry.detail == WHY | {"fields": sorted(given)}
    assert (entry.before, entry.after, entry.outcome) == (None, None, Outcome.DONE)
    shown = (await client.get(f"/members/{member}")).json()
    assert (shown["id_number"], shown["phone"]) == (
        f"{NUMBER[:6]}********{NUMBER[-4:]}",
        "138****5678",
    )
    assert shown["version"] == 1


async def test_a_phone_that_is_not_recorded_is_null(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    number = id_number()
    member = await make_member(session, branch, id_number=number, phone=None)
    answer = await client.post(f"/members/{member}/unmaskings", json=WHY)
    assert answer.json() == {"id_number": number, "phone": None}


async def test_no_answer_is_kept_for_a_key(
    client: httpx.AsyncClient, session: AsyncSession, member: UUID
) -> None:
    key = {"idempotency-key": "the same twice"}
    for _ in range(2):
        answer = await client.post(f"/members/{member}/unmaskings", json=WHY, headers=key)
        assert answer.status_code == 200
        assert "idempotent-replayed" not in answer.headers
    assert await session.scalar(select(IdempotencyKey.key)) is None
    assert len(await entries(session)) == 2


@pytest.mark.parametrize("role", [Role.ORGANIZATION_CLERK, Role.ORGANIZATION_READER])
async def test_who_sees_the_member_but_has_not_the_right_is_refused_and_recorded(
    app: FastAPI, doors: Doors, session: AsyncSession, member: UUID, role: Role
) -> None:
    async with await as_role(app, doors, session, role) as caller:
        assert (await caller.get(f"/members/{member}")).status_code == 200
        answer = await caller.post(f"/members/{member}/unmaskings", json=WHY)
    assert answer.status_code == 403
    assert answer.json()["permission"] == "members:unmask"
    assert NUMBER not in answer.text
    [entry] = await entries(session)
    assert (entry.outcome, entry.district_code) == (Outcome.REFUSED, "231005")
    assert entry.target_id == str(member)


async def test_out_of_sight_is_as_if_it_did_not_exist(
    app: FastAPI, doors: Doors, session: AsyncSession, member: UUID
) -> None:
    await make_district(session, "231083")
    async with await as_role(app, doors, session, Role.DEPARTMENT_ADMIN, "231083") as caller:
        foreign = await caller.post(f"/members/{member}/unmaskings", json=WHY)
        unknown = await caller.post(f"/members/{new_id()}/unmaskings", json=WHY)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert await entries(session) == []


async def test_only_the_department_may(
    app: FastAPI, doors: Doors, session: AsyncSession, member: UUID
) -> None:
    for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
        async with await as_role(app, doors, session, role) as caller:
            answer = await caller.post(f"/members/{member}/unmaskings", json=WHY)
        assert answer.status_code == 404, role  # they do not even see members


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": "长" * 201}, "reason"),
        (WHY | {"fields": []}, "fields"),
        (WHY | {"fields": ["name"]}, "fields.0"),
        (WHY | {"fields": ["phone"] * 3}, "fields"),
        (WHY | {"fields": None}, "fields"),
        (WHY | {"more": 1}, "more"),
        ({"reason": f"核对 {NUMBER} 是否有误"}, "reason"),
        ({"reason": f"核对{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}"}, "reason"),
        ({"reason": f"核对1{NUMBER}"}, "reason"),
        ({"reason": "打电话 138-0000-1234"}, "reason"),
        ({"reason": "打电话＋８６１３８００００１２３４"}, "reason"),
    ],
)
async def test_what_is_not_accepted(
    client: httpx.AsyncClient,
    session: AsyncSession,
    member: UUID,
    body: dict[str, Any],
    field: str,
) -> None:
    answer = await client.post(f"/members/{member}/unmaskings", json=body)
    assert answer.status_code == 422, answer.text
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert NUMBER not in answer.text
    assert await entries(session) == []


@pytest.mark.parametrize(
    "reason",
    [
        "组字〔2019〕12号，2019-12-31 至 2020-01-01",
        f"编号 {NUMBER[:17]}{(int(NUMBER[17].replace('X', '9')) + 1) % 10}",  # no ID number
        "文号 20191231000123",
    ],
)
async def test_reasons_with_other_figures_stand(
    client: httpx.AsyncClient, member: UUID, reason: str
) -> None:
    answer = await client.post(f"/members/{member}/unmaskings", json={"reason": reason})
    assert answer.status_code == 200, answer.text


async def test_reasons_of_status_changes_hold_no_number_either(
    client: httpx.AsyncClient, member: UUID
) -> None:
    change = {"status": "rights_suspended", "reason": f"本人（{NUMBER}）申请"}
    path, seen = f"/members/{member}/status-changes", {"if-match": '"1"'}
    assert (await client.post(path, json=change, headers=seen)).status_code == 422
    change["reason"] = "本人申请"
    assert (await client.post(path, json=change, headers=seen)).status_code == 200


async def test_a_value_moved_to_another_member_is_not_shown(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, member: UUID
) -> None:
    clock.pin(None)
    other = await make_member(session, await make_organization(session, root), phone=None)
    moved = select(Member.phone_cipher).where(Member.id == member).scalar_subquery()
    await session.execute(update(Member).where(Member.id == other).values(phone_cipher=moved))
    transport = httpx.ASGITransport(client._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1", headers=client.headers
    ) as caller:
        answer = await caller.post(f"/members/{other}/unmaskings", json=WHY)
    assert answer.status_code == 500
    assert PHONE not in answer.text
    assert await entries(session) == []  # nothing was shown, and nothing is said to have been
