"""Who holds grants over a unit."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from tests.accounts.conftest import AsUser, make_wide
from tests.make.organizations import make_account, make_organization

Branches = dict[str, UUID]


@pytest.fixture
async def branches(session: AsyncSession, root: UUID, scene: dict[str, UUID]) -> Branches:
    """A general branch with a clerk, a branch under it with another, and one beside."""
    general = await make_organization(session, root, kind="general_branch", name="先锋总支")
    under = await make_organization(session, general, name="一支部")
    beside = await make_organization(session, root, name="二支部")
    for name, place in (("g", general), ("u", under), ("b", beside)):
        await make_account(session, Role.ORGANIZATION_CLERK, "231005", place, username=name)
    return {"root": root, "general": general, "under": under, "beside": beside}


async def holders(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/grants?limit=200{query}")
    assert answer.status_code == 200, answer.text
    return [g["username"] for g in answer.json()["items"]]


WIDE = ["aud", "both", "sec", "sec2", "sys", "sys2"]


async def test_who_holds_grants_over_a_unit_and_below_it(
    system: httpx.AsyncClient, security: httpx.AsyncClient, branches: Branches
) -> None:
    for who in (system, security):
        assert await holders(who) == sorted([*WIDE, "b", "clerk", "g", "u"])
    over = {
        "root": WIDE,
        "general": sorted([*WIDE, "g"]),
        "under": sorted([*WIDE, "g", "u"]),
        "beside": sorted([*WIDE, "b"]),
    }
    for name, wanted in over.items():
        assert await holders(security, f"&organization_id={branches[name]}") == wanted, name
    at = {"root": ["b", "clerk", "g", "u"], "general": ["g", "u"], "under": ["u"], "beside": ["b"]}
    for name, wanted in at.items():
        assert await holders(security, f"&within={branches[name]}") == wanted, name
    both = f"&organization_id={branches['under']}&within={branches['general']}"
    assert await holders(security, both) == ["g", "u"]
    assert await holders(security, "&role=security_admin") == ["sec", "sec2"]


async def test_a_grant_tells_whose_it_is_and_where(
    security: httpx.AsyncClient, branches: Branches, scene: dict[str, UUID]
) -> None:
    found = (await security.get(f"/grants?within={branches['under']}")).json()["items"]
    [shown] = found
    account = (await security.get(f"/accounts/{shown['account_id']}")).json()
    assert account["grants"] == [
        {
            n: shown[n]
            for n in ("id", "role", "district_code", "organization_id", "prefix", "created_at")
        }
    ]
    assert (shown["username"], shown["is_disabled"]) == ("u", False)
    assert shown["organization_name"] == "一支部"
    # of the account that holds rights elsewhere too, only that over this place
    [both] = (await security.get("/grants?role=organization_reader")).json()["items"]
    assert (both["account_id"], both["district_code"]) == (str(scene["both"]), "231005")


async def test_pages_of_grants(security: httpx.AsyncClient, branches: Branches) -> None:
    whole = await holders(security)
    for sort in ("username", "-username"):
        found: list[str] = []
        after = ""
        while True:
            page: Any = (await security.get(f"/grants?limit=3&sort={sort}{after}")).json()
            found += [g["username"] for g in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert found == (whole if sort == "username" else whole[::-1])
    for query in ("limit=201", "sort=id", "role=x", "organization_id=1", "x=1"):
        assert (await security.get(f"/grants?{query}")).status_code == 422, query


async def test_grants_out_of_sight(
    client: httpx.AsyncClient,
    system: httpx.AsyncClient,
    session: AsyncSession,
    branches: Branches,
    as_user: AsUser,
) -> None:
    assert await holders(client) == []  # the department keeps neither accounts nor grants
    assert await holders(client, f"&organization_id={branches['under']}") == []
    await make_wide(session, "wide", Role.SECURITY_ADMIN, "2310")
    wide = await as_user("wide")
    assert "wide" in await holders(wide, f"&organization_id={branches['under']}")
    assert "wide" not in await holders(wide, f"&within={branches['under']}")
    assert "wide" not in await holders(system)  # granted over the prefecture: not this district's
    for parameter in ("organization_id", "within"):
        answer = await system.get(f"/grants?{parameter}={uuid4()}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
