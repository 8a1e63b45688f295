"""Two branches of a general branch, one beside it, another district, and who acts for them."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.types import Role
from app.core import clock
from app.core.db import new_id
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_account, make_district, make_organization
from tests.make.transfers import new_transfer

TODAY = date(2019, 12, 31)
NEAR = "231004"
Headers = dict[str, str]


class Scene(NamedTuple):
    """What there is, and who acts."""

    client: httpx.AsyncClient
    """Nobody is signed in: each request says who asks."""
    session: AsyncSession
    root: UUID
    general: UUID
    old: UUID
    new: UUID
    away: UUID
    """A branch of another district, `爱民一支部`."""
    member: UUID
    above: Headers
    """The clerk of the general branch, above the old one alone."""
    clerk: Headers
    """The clerk of the old branch."""
    taker: Headers
    """The clerk of the new branch."""
    department: Headers
    distant: Headers
    """The clerk of the other district's branch."""

    async def post(self, by: Headers, url: str, json: Any = None) -> httpx.Response:
        return await self.client.post(url, json=json, headers=by)

    async def get(self, by: Headers, url: str) -> httpx.Response:
        return await self.client.get(url, headers=by)

    async def request(self, to: UUID | str, **values: Any) -> str:
        """Request the member's transfer, as the clerk."""
        url = f"/members/{self.member}/transfers"
        return str(made(await self.post(self.clerk, url, new_transfer(to, **values)))["id"])

    async def release(self, transfer: str, **letter: Any) -> dict[str, Any]:
        """Release it, as the level above."""
        return made(await self.post(self.above, f"/transfers/{transfer}/approvals", letter))

    async def arrived(self, transfer: str) -> str:
        """Name the row that the other district keeps of it."""
        found = text("SELECT twin_id FROM transfer WHERE id = :id").bindparams(id=UUID(transfer))
        return str(await self.session.scalar(found))

    async def heads(self, organization: UUID, by: Headers, day: date) -> int:
        """Count an organisation's members on a day."""
        tree = await self.get(by, f"/organizations/{organization}/tree?as_of={day}")
        return int(made(tree)["headcount"]["subtree"])


def made(answer: httpx.Response) -> dict[str, Any]:
    """Read what was done."""
    assert answer.is_success, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Read how it was refused."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def member_account(session: AsyncSession, member: UUID) -> Headers:
    """Sign a member in who has no role."""
    name = f"member {member}"[:50]
    session.add(
        Account(id=new_id(), username=name, username_key=name, home_code="231005", member_id=member)
    )
    await session.flush()
    return bearer(await real.token_of(session, name))


async def told(session: AsyncSession) -> list[tuple[str, str, str]]:
    """List what was told, to whom: the place of the grant, or `person`."""
    rows = text(
        "SELECT m.district_code, coalesce(s.name, g.district_code, 'person'), m.title_zh"
        " FROM message m LEFT JOIN account_grant g ON g.account_id = m.account_id"
        " LEFT JOIN organization_state s ON s.organization_id = g.organization_id"
    )
    return sorted((row[0], row[1], row[2]) for row in await session.execute(rows))


async def clerk_of(session: AsyncSession, district: str, organization: UUID | None) -> Headers:
    role = Role.DEPARTMENT_ADMIN if organization is None else Role.ORGANIZATION_CLERK
    name = await make_account(session, role, district, organization)
    return bearer(await real.token_of(session, name))


@pytest.fixture
async def scene(anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID) -> Scene:
    clock.pin(date(2019, 12, 1))
    general = await make_organization(session, root, kind="general_branch", name="先锋总支")
    old = await make_organization(session, general, name="先锋一支部")
    new = await make_organization(session, root, name="红旗支部")
    near = await make_district(session, NEAR)
    away = await make_organization(session, near, name="爱民一支部", district_code=NEAR)
    member = await make_member(session, old, name="张晓明")
    clock.pin(TODAY)
    return Scene(
        anonymous,
        session,
        root,
        general,
        old,
        new,
        away,
        member,
        await clerk_of(session, "231005", general),
        await clerk_of(session, "231005", old),
        await clerk_of(session, "231005", new),
        await clerk_of(session, "231005", None),
        await clerk_of(session, NEAR, away),
    )


async def account_of(session: AsyncSession, organization: UUID) -> UUID:
    """Give the account of the clerk of an organisation."""
    rows = text("SELECT account_id FROM account_grant WHERE organization_id = :id")
    found = await session.scalar(rows.bindparams(id=organization))
    assert isinstance(found, UUID)
    return found
