"""A branch with five members, each signed in, and a box among them."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.ballots import make_voter, new_box
from tests.make.members import make_member
from tests.make.organizations import make_organization

TODAY = date(2019, 12, 31)


@pytest.fixture(autouse=True)
def day(keys: None) -> None:
    clock.pin(TODAY)


@dataclass
class Voter:
    """A member and what their client sends."""

    id: UUID
    headers: dict[str, str]


@dataclass
class Ballots:
    """A branch and its members, and a client of the department."""

    client: httpx.AsyncClient
    branch: UUID
    voters: list[Voter]

    async def open(self, **values: Any) -> dict[str, Any]:
        """Open a box among all."""
        new = new_box(self.branch, [v.id for v in self.voters], **values)
        answer = await self.client.post("/ballot-boxes", json=new)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def cast(
        self, box: dict[str, Any], voter: int, *chosen: int, write_ins: tuple[str, ...] = ()
    ) -> httpx.Response:
        """Cast the ballot of a voter for the candidates with these numbers."""
        choices = [box["candidates"][n]["id"] for n in chosen]
        return await self.client.post(
            f"/ballot-boxes/{box['id']}/ballots",
            json={"choices": choices, "write_ins": list(write_ins)},
            headers=self.voters[voter].headers,
        )

    async def act(self, box: dict[str, Any], what: str, **body: Any) -> httpx.Response:
        """Close or void a box, as the department."""
        more = {"json": body} if body else {}
        return await self.client.post(f"/ballot-boxes/{box['id']}/{what}", **more)

    async def read(self, box: dict[str, Any], what: str = "") -> httpx.Response:
        """Read something of a box, as the department."""
        return await self.client.get(f"/ballot-boxes/{box['id']}{what}")


@pytest.fixture
async def ballots(client: httpx.AsyncClient, session: AsyncSession, root: UUID) -> Ballots:
    branch = await make_organization(session, root, name="投票支部")
    members = [await make_member(session, branch) for _ in range(5)]
    voters = [Voter(m, await make_voter(session, m)) for m in members]
    return Ballots(client, branch, voters)
