"""A branch under a general branch under a committee, each with its clerk."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.admissions import logic
from app.core import clock
from app.core.db import Doors
from tests.conftest import signed_in
from tests.make.admissions import day_of, make_admission, new_admission, new_step
from tests.make.members import make_member
from tests.make.organizations import DISTRICT, make_account, make_organization

TODAY = date(2019, 12, 31)
APPLIED = date(2017, 3, 1)


@dataclass
class Bench:
    """Who asks, and what about."""

    branch: httpx.AsyncClient
    general: httpx.AsyncClient
    committee: httpx.AsyncClient
    department: httpx.AsyncClient
    organization: UUID
    sponsors: list[str]
    session: AsyncSession
    url: str = ""

    async def apply(self, **values: Any) -> httpx.Response:
        """Record an application."""
        new = new_admission(self.organization, **values)
        answer = await self.branch.post("/admissions", json=new)
        if answer.status_code == 201:
            self.url = f"/admissions/{answer.json()['id']}"
        return answer

    async def reach(self, upto: int, *, is_pending: bool = False) -> None:
        """Have an admission that came as far as `upto`."""
        made = await make_admission(
            self.session, self.organization, upto, self.sponsors, is_pending=is_pending
        )
        self.url = f"/admissions/{made}"

    def step(self, step: int, **values: Any) -> dict[str, Any]:
        """Make the JSON of a step on the day on which `day_of` takes it."""
        return new_step(step, day_of(step, APPLIED), self.sponsors, **values)

    async def record(self, step: int, **values: Any) -> httpx.Response:
        """Record a step of the branch."""
        return await self.branch.post(f"{self.url}/steps", json=self.step(step, **values))

    async def decide(self, step: int, **values: Any) -> httpx.Response:
        """Decide on a step from above."""
        new = {"step": step, "decided_on": str(day_of(step, APPLIED))} | values
        who = self.department if step == 18 else self.committee
        return await who.post(f"{self.url}/approvals", json=new)

    async def go(self, first: int, last: int) -> dict[str, Any]:
        """Take the steps from `first` to `last`, and give what is shown then."""
        answer = httpx.Response(500)
        for step in range(first, last + 1):
            answer = await self.record(step)
            assert answer.status_code == 200, (step, answer.text)
            if step in logic.DECIDED:
                answer = await self.decide(step)
                assert answer.status_code == 200, (step, answer.text)
        shown: dict[str, Any] = answer.json()
        return shown


@pytest.fixture
async def bench(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Bench]:
    clock.pin(date(2016, 1, 1))
    committee = await make_organization(session, root, kind="party_committee", name="东风厂党委")
    general = await make_organization(session, committee, kind="general_branch", name="一车间总支")
    branch = await make_organization(session, general, name="一班党支部")
    sponsors = [
        str(await make_member(session, branch, joined_on="2010-07-01", full_on="2011-07-01"))
        for _ in range(2)
    ]
    clock.pin(TODAY)
    async with AsyncExitStack() as stack:
        clients = []
        for place in (branch, general, committee, None):
            role = Role.ORGANIZATION_CLERK if place else Role.DEPARTMENT_ADMIN
            name = await make_account(session, role, DISTRICT, place)
            headers = await signed_in(doors, session, name)
            made = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://test/v1", headers=headers
            )
            clients.append(await stack.enter_async_context(made))
        yield Bench(*clients, branch, sponsors, session)
