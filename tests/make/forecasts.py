"""Test data of head-counts over time: memberships made directly, many at once."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_MANY = text("""
WITH made AS (
  INSERT INTO member (district_code, id, name, name_key, search_text, search_tokens, sex, ethnicity,
                      id_number_cipher, id_number_index, id_number_masked, born_on, education,
                      joined_on)
  SELECT '231005', gen_random_uuid(), '测试', 'ceshi', '', '{}', 'male', '01', '', uuid_send(i),
         '*', '1970-01-01', 'other', '2000-01-01'
  FROM (SELECT gen_random_uuid() AS i FROM generate_series(1, :count)) AS each
  RETURNING id)
INSERT INTO membership (district_code, id, member_id, organization_id, category, status, valid_from,
                        valid_to)
SELECT '231005', gen_random_uuid(), id, :of, 'full', 'active', :since, :until FROM made
""")


async def make_members(
    session: AsyncSession, of: UUID, count: int, since: date, until: date | None = None
) -> None:
    """Let `count` people belong to an organisation from a day on, and to the day before another."""
    values: dict[str, Any] = {"of": of, "count": count, "since": since, "until": until}
    await session.execute(_MANY, values)
