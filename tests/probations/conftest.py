"""The department's two accounts, two branches, and what must hold after each test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from tests.make.admissions import admission_of, make_admission
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.restructurings import Desk, desk_of

TODAY = date(2019, 12, 31)
LEFT_BEHIND = text("""
SELECT a.id FROM admission a
LEFT JOIN membership m ON m.district_code = a.district_code AND m.member_id = a.member_id
  AND m.valid_to IS NULL
LEFT JOIN organization_state p ON p.district_code = m.district_code
  AND p.organization_id = m.organization_id AND p.valid_to IS NULL
LEFT JOIN organization_state s ON s.district_code = a.district_code
  AND s.organization_id = a.organization_id AND s.valid_to IS NULL
WHERE a.status = 'open' AND (
  s.id IS NULL OR s.kind = 'party_group'
  OR a.member_id IS NULL AND s.kind NOT IN ('party_branch', 'joint_branch')
  OR a.member_id IS NOT NULL AND (
    m.status NOT IN ('active', 'rights_suspended', 'under_party_probation', 'rectifying',
      'membership_suspended')
    OR a.organization_id IS DISTINCT FROM
      CASE WHEN p.kind = 'party_group' THEN p.parent_id ELSE p.organization_id END))
""")
"""Open admissions that nobody can carry on: their branch is gone, or not the member's any more."""


@dataclass
class Place:
    """Two branches, and the department that looks after them."""

    desk: Desk
    session: AsyncSession
    root: UUID
    one: UUID
    two: UUID
    sponsors: list[str]

    @property
    def client(self) -> httpx.AsyncClient:
        """The account that acts; another approves."""
        return self.desk.one

    async def admission(self, upto: int = 1, at: UUID | None = None, **values: Any) -> UUID:
        """Have an admission at a branch, of a member there from step 17 on."""
        clock.pin(date(2019, 10, 1))
        made = await make_admission(
            self.session, at or self.one, upto, self.sponsors if upto > 1 else None, **values
        )
        clock.pin(TODAY)
        return made

    async def member_of(self, admission: UUID) -> UUID:
        """Name the member."""
        member = (await admission_of(self.session, admission)).member_id
        assert member is not None
        return member

    async def shown(self, admission: UUID) -> dict[str, Any]:
        """Read it over HTTP."""
        answer = await self.client.get(f"/admissions/{admission}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def at(self, admission: UUID) -> UUID:
        """Say which branch carries it on."""
        return UUID((await self.shown(admission))["organization_id"])

    async def due(self) -> set[UUID]:
        """List what is due."""
        found = (await self.client.get("/admissions/due?days=3660")).json()["items"]
        return {UUID(one["id"]) for one in found}


def told(answer: httpx.Response) -> tuple[int, str]:
    """Read which refusal it is."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest.fixture
async def place(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Place]:
    clock.pin(date(2017, 1, 1))
    one = await make_organization(session, root, name="第一党支部")
    two = await make_organization(session, root, name="第二党支部")
    sponsors = [str(await make_member(session, two)) for _ in range(2)]
    clock.pin(TODAY)
    async with desk_of(app, doors, session, root) as desk:
        yield Place(desk, session, root, one, two, sponsors)
    await session.flush()
    assert (await session.scalars(LEFT_BEHIND)).all() == []
