"""What the database itself refuses."""

from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.organizations import make_organization
from tests.make.pledges import make_pledge


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    clock.pin(date(2019, 12, 30))
    made = await make_organization(session, root)
    clock.pin(date(2019, 12, 31))
    return made


@pytest.mark.parametrize(
    ("status", "change"),
    [
        ("draft", "status = 'published'"),
        ("draft", "published_on = '2019-12-31'"),
        ("published", "published_on = NULL"),
        ("published", "completed_on = '2019-12-31', completed_by = recorded_by"),
        ("published", "status = 'done'"),
        ("completed", "completed_by = NULL"),
        ("completed", "completed_on = '2019-12-30'"),
        ("completed", "status = 'confirmed'"),
        ("confirmed", "confirmed_on = NULL, confirmed_by = NULL"),
        ("confirmed", "confirmed_by = completed_by"),
        ("confirmed", "confirmed_on = '2019-12-30'"),
        ("confirmed", "withdrawn_on = '2019-12-31'"),
        ("withdrawn", "reason = NULL"),
        ("withdrawn", "withdrawn_on = NULL"),
        ("draft", "pledger_kind = 'member'"),
        ("draft", "title = ' '"),
        ("draft", "due_on = 'infinity'"),
    ],
)
async def test_a_state_has_its_dates(
    session: AsyncSession, branch: UUID, status: str, change: str
) -> None:
    await make_pledge(session, status, organization_id=branch)
    with pytest.raises(DBAPIError) as refused:
        async with session.begin_nested():
            await session.execute(text(f"UPDATE pledge SET {change}"))
    assert getattr(refused.value.orig, "sqlstate", "") == "23514"


@pytest.mark.parametrize("change", ["text = NULL", "text = ''", "image_key = 'a'", "size = 1"])
async def test_evidence_is_a_text_or_an_image(
    session: AsyncSession, branch: UUID, change: str
) -> None:
    await make_pledge(session, "completed", organization_id=branch)
    with pytest.raises(DBAPIError) as refused:
        async with session.begin_nested():
            await session.execute(text(f"UPDATE pledge_evidence SET {change}"))
    assert getattr(refused.value.orig, "sqlstate", "") == "23514"


@pytest.mark.parametrize(
    "change", ["UPDATE pledge_event SET kind = kind", "DELETE FROM pledge_event"]
)
async def test_what_happened_stays(session: AsyncSession, branch: UUID, change: str) -> None:
    await make_pledge(session, organization_id=branch)
    with pytest.raises(DBAPIError) as refused:
        async with session.begin_nested():
            await session.execute(text(change))
    assert getattr(refused.value.orig, "sqlstate", "") == "42501"


async def test_no_step_is_taken_before_the_last_one(
    client: httpx.AsyncClient, session: AsyncSession, branch: UUID
) -> None:
    pledge = await make_pledge(session, "completed", organization_id=branch)
    clock.pin(date(2019, 12, 30))
    early = await client.post(f"/pledges/{pledge}/confirmations")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-yet")
    clock.pin(date(2019, 12, 31))
    assert (await client.post(f"/pledges/{pledge}/confirmations")).status_code == 200
