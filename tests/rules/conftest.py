"""Organisations with a given number of members, written straight into the tables."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.organizations import DISTRICT, make_organization

FOUNDED = date(2019, 6, 1)
TODAY = date(2019, 12, 31)
MakeUnit = Callable[..., Awaitable[UUID]]

MEMBERS = text("""
WITH made AS (
  INSERT INTO member (district_code, id, name, name_key, search_text, search_tokens, sex, ethnicity,
                      id_number_cipher, id_number_index, id_number_masked, born_on, education,
                      joined_on)
  SELECT :district, gen_random_uuid(), '测试', 'ceshi', '', '{}', 'male', '01', '', uuid_send(i),
         '*', '1970-01-01', 'other', '2000-01-01'
  FROM (SELECT gen_random_uuid() AS i FROM generate_series(1, :count)) AS each
  RETURNING id)
INSERT INTO membership (district_code, id, member_id, organization_id, category, status, valid_from,
                        valid_to)
SELECT :district, gen_random_uuid(), id, :organization_id, :category, :status, :since, :until
FROM made
""")


async def add_members(
    session: AsyncSession,
    organization_id: UUID,
    count: int,
    *,
    category: str = "full",
    status: str = "active",
    since: date = FOUNDED,
    until: date | None = None,
    district: str = DISTRICT,
) -> None:
    values = {"organization_id": organization_id, "count": count, "category": category}
    values |= {"status": status, "since": since, "until": until, "district": district}
    await session.execute(MEMBERS, values)


@pytest.fixture(autouse=True)
def founding_day() -> None:
    """What a test makes stands from June on; the rules are asked in December."""
    clock.pin(FOUNDED)


@pytest.fixture
def make_unit(session: AsyncSession, root: UUID) -> MakeUnit:
    """Found an organisation with members of its own; its name tells what it is."""

    async def make(
        name: str, kind: str, full: int = 0, probationary: int = 0, **values: object
    ) -> UUID:
        parent = values.pop("parent_id", root)
        assert isinstance(parent, UUID)
        made = await make_organization(session, parent, name=name, kind=kind, **values)
        await add_members(session, made, full, district=str(values.get("district_code", DISTRICT)))
        await add_members(session, made, probationary, category="probationary")
        return made

    return make
