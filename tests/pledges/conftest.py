"""A general branch, two branches under it, two members, and who acts for each."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.core import clock
from app.core.db import new_id
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.pledges import new_pledge

TODAY = date(2019, 12, 31)
Headers = dict[str, str]


class Scene(NamedTuple):
    """A general branch, two branches under it, a member of the first, and who acts for them."""

    client: httpx.AsyncClient
    """Nobody is signed in: each request says who asks."""
    general: UUID
    branch: UUID
    other: UUID
    member: UUID
    fellow: UUID
    above: Headers
    """The clerk of the general branch."""
    clerk: Headers
    """The clerk of the branch."""
    own: Headers
    """The member, who has an account and no role."""
    beside: Headers
    """The clerk of the other branch."""


async def member_account(session: AsyncSession, member: UUID) -> Headers:
    """Sign a member in who has no role: what they may, they may as a member."""
    name = f"member {member}"[:50]
    session.add(
        Account(
            id=new_id(),
            username=name,
            username_key=name,
            home_code="231005",
            member_id=member,
        )
    )
    await session.flush()
    return bearer(await real.token_of(session, name))


@pytest.fixture
async def scene(anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID) -> Scene:
    clock.pin(TODAY)
    general = await make_organization(session, root, kind="general_branch", name="先锋总支")
    branch = await make_organization(session, general, name="先锋一支部")
    other = await make_organization(session, general, name="先锋二支部")
    member = await make_member(session, branch, name="张晓明")
    fellow = await make_member(session, branch, name="李四")
    return Scene(
        anonymous,
        general,
        branch,
        other,
        member,
        fellow,
        bearer(await real.clerk(session, general)),
        bearer(await real.clerk(session, branch)),
        await member_account(session, member),
        bearer(await real.clerk(session, other)),
    )


async def post(scene: Scene, by: Headers, url: str, json: Any = None) -> httpx.Response:
    return await scene.client.post(f"/pledges{url}", json=json, headers=by)


async def get(scene: Scene, by: Headers, url: str = "") -> httpx.Response:
    return await scene.client.get(f"/pledges{url}", headers=by)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def drafted(scene: Scene, by: Headers, **values: Any) -> str:
    made = await post(scene, by, "", new_pledge(**values))
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/pledges/{made.json()['id']}"
    assert made.headers["etag"] == '"1"'
    return str(made.json()["id"])
