"""Test data of election cycles: the people who act, and a cycle taken to a step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core.db import Doors
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization

STEPS = {
    "requested": "requests",
    "replied": "replies",
    "nominated": "candidates",
    "prechecked": "prechecks",
    "published": "publications",
    "held": "meetings",
    "tallied": "tallies",
    "reported": "reports",
    "approved": "approvals",
}
FROM_ABOVE = {"replied", "prechecked", "approved"}


@dataclass
class Bench:
    """A branch with a clerk of its own, and a clerk of the organisation above it."""

    parent: UUID
    branch: UUID
    below: httpx.AsyncClient
    above: httpx.AsyncClient
    members: list[UUID] = field(default_factory=list)
    cycle: str = ""

    async def post(self, rest: str, body: Any = None, *, above: bool = False) -> httpx.Response:
        """Post to the cycle."""
        client = self.above if above else self.below
        return await client.post(f"/election-cycles/{self.cycle}/{rest}", json=body or {})

    async def open(self, **values: Any) -> httpx.Response:
        """Open a cycle of the branch."""
        new = {"organization_id": str(self.branch), "seats": 3} | values
        made = await self.below.post("/election-cycles", json=new)
        if made.status_code == 201:
            self.cycle = made.json()["id"]
        return made

    def list_of(self, committee: int = 4, secretary: int = 1, deputy: int = 0) -> Any:
        """Write a list of candidates: the secretary's stand for the committee too."""
        counts = {
            "committee_member": range(committee),
            "secretary": range(secretary),
            "deputy_secretary": range(secretary, secretary + deputy),
        }
        return {
            "candidates": [
                {"member_id": str(self.members[n]), "position": position}
                for position, numbers in counts.items()
                for n in numbers
            ]
        }

    async def take(self, step: str, body: Any = None) -> httpx.Response:
        """Take a step as who may."""
        given = body or (self.list_of() if step == "nominated" else {})
        return await self.post(STEPS[step], given, above=step in FROM_ABOVE)

    async def until(self, last: str, **bodies: Any) -> None:
        """Take every step up to `last`."""
        for step in STEPS:
            answer = await self.take(step, bodies.get(step))
            assert answer.status_code == 200, (step, answer.text)
            if step == last:
                return


@asynccontextmanager
async def bench(
    app: FastAPI,
    doors: Doors,
    session: AsyncSession,
    root: UUID,
    *,
    members: int = 8,
    parent_kind: str = "general_branch",
    **values: Any,
) -> AsyncIterator[Bench]:
    """Make a branch under a general branch, with full members and the two clerks."""
    parent = await make_organization(
        session, root, kind=parent_kind, name=f"测试党总支{values.pop('n', '')}"
    )
    known = {"term_started_on": "2016-12-31", "due_on": "2019-12-31"} | values
    branch = await make_organization(session, parent, **known)
    clients = []
    for place in (branch, parent):
        name = await make_account(session, Role.ORGANIZATION_CLERK, organization_id=place)
        headers = await signed_in(doors, session, name)
        transport = httpx.ASGITransport(app)
        clients.append(
            httpx.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers)
        )
    async with clients[0] as below, clients[1] as above:
        made = Bench(parent, branch, below, above)
        for _ in range(members):
            made.members.append(await make_member(session, branch))
        yield made
