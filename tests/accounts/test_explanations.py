"""Why somebody may or may not."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.logic import ADMINISTRATORS, ROLES
from app.access.models import Account
from app.access.types import Role
from app.core.caller import Permission
from tests.accounts.conftest import AsUser, id_of, make_wide
from tests.make.members import make_member
from tests.make.organizations import make_account, make_district, make_organization


async def ask(
    client: httpx.AsyncClient, permission: str, organization: UUID | None = None
) -> httpx.Response:
    params = {"permission": permission}
    if organization is not None:
        params["organization_id"] = str(organization)
    return await client.get("/access/explanations", params=params)


@pytest.fixture
async def places(session: AsyncSession, root: UUID) -> dict[str, UUID]:
    mine, other = [await make_organization(session, root) for _ in range(2)]
    elsewhere = await make_district(session, "231004")
    await make_account(session, Role.ORGANIZATION_CLERK, "231005", mine, username="clerk")
    return {"mine": mine, "other": other, "elsewhere": elsewhere, "root": root}


async def test_what_is_explained_is_what_holds(
    system: httpx.AsyncClient,
    client: httpx.AsyncClient,
    session: AsyncSession,
    places: dict[str, UUID],
    as_user: AsUser,
) -> None:
    await make_wide(session, "city", Role.ORGANIZATION_READER, "2310")
    clerk, city = await as_user("clerk"), await as_user("city")
    mine, other = places["mine"], places["other"]
    asked: list[tuple[httpx.AsyncClient, str, UUID | None, bool]] = [
        (clerk, "organizations:write", mine, True),
        (clerk, "members:unmask", mine, False),
        (clerk, "organizations:write", other, False),
        (clerk, "organizations:write", None, True),
        (clerk, "accounts:manage", None, False),
        (client, "members:unmask", other, True),
        (client, "members:unmask", places["elsewhere"], False),
        (city, "organizations:read", places["elsewhere"], True),
        (city, "organizations:write", places["elsewhere"], False),
        (system, "accounts:manage", None, True),
        (system, "accounts:manage", mine, True),
        (system, "organizations:read", mine, False),
    ]
    for who, permission, place, allowed in asked:
        answer = await ask(who, permission, place)
        assert answer.status_code == 200, answer.text
        assert answer.json()["allowed"] is allowed, (permission, answer.json())
    # and what they explain is what happens
    for place, status in ((mine, 200), (other, 404)):
        change: Any = {"json": {"is_grid": True}, "headers": {"if-match": '"1"'}}
        answer = await clerk.patch(f"/organizations/{place}", **change)
        assert answer.status_code == status


async def test_an_answer(places: dict[str, UUID], as_user: AsUser) -> None:
    clerk = await as_user("clerk")
    me = (await clerk.get("/me")).json()
    body = (await ask(clerk, "members:write", places["mine"])).json()
    assert body["permission"] == "members:write"
    assert body["organization_id"] == str(places["mine"])
    assert set(body["rule"]) == {"zh", "en"}
    assert body["grants"] == [
        {
            "id": body["grants"][0]["id"],
            "role": "organization_clerk",
            "district_code": "231005",
            "prefix": None,
            "path": me["grants"][0]["path"],
            "has_permission": True,
            "covers": True,
            "reason": {
                "zh": "该角色含有此权限，范围包含该党组织",
                "en": "the role has the permission; its place holds the organisation",
            },
        }
    ]
    for wrong in ("", "members:fly", "MEMBERS:READ"):
        assert (await ask(clerk, wrong)).status_code == 422


async def test_out_of_sight_is_as_if_it_were_not(
    system: httpx.AsyncClient,
    security: httpx.AsyncClient,
    client: httpx.AsyncClient,
    places: dict[str, UUID],
    as_user: AsUser,
) -> None:
    clerk = await as_user("clerk")
    hidden = [
        (clerk, [places["other"], places["elsewhere"], places["root"]]),
        (client, [places["elsewhere"]]),
        (system, list(places.values())),
        (security, [places["elsewhere"]]),
    ]
    for who, organizations in hidden:
        for permission in set(Permission) - {Permission.ACCOUNTS_MANAGE}:
            unknown = await ask(who, permission, uuid4())
            assert unknown.json()["allowed"] is False
            assert {g["covers"] for g in unknown.json()["grants"]} == {False}
            for organization in organizations:
                assert (await ask(who, permission, organization)).content == unknown.content


async def test_a_member_has_the_own_branch(
    session: AsyncSession, places: dict[str, UUID], as_user: AsUser
) -> None:
    member = await make_member(session, places["mine"])
    account = await id_of(session, "clerk")
    await session.execute(update(Account).where(Account.id == account).values(member_id=member))
    both = await as_user("clerk")
    own = [
        g
        for g in (await ask(both, "members:read", places["mine"])).json()["grants"]
        if g["role"] == "member"
    ]
    assert [(g["id"], g["has_permission"], g["covers"]) for g in own] == [(None, False, True)]
    assert "党员身份" in own[0]["reason"]["zh"]


@pytest.mark.parametrize("role", sorted({*Role} - {Role.MEMBER}))
async def test_explanations_agree_with_rights(
    session: AsyncSession, places: dict[str, UUID], as_user: AsUser, role: Role
) -> None:
    """Every role, permission and place: what is said is what `require` decides."""
    narrow = role not in ADMINISTRATORS
    name = await make_account(session, role, "231005", places["mine"] if narrow else None)
    who, home = await as_user(name), {"mine"} if narrow else {"mine", "other", "root"}
    for permission in Permission:
        said = {
            name: (await ask(who, permission, place)).json()["allowed"]
            for name, place in places.items()
        }
        expected = home if permission in ROLES[role] else set()
        assert {name for name, allowed in said.items() if allowed} == expected, permission


async def test_a_grant_does_what_its_explanation_says(
    security: httpx.AsyncClient, session: AsyncSession, places: dict[str, UUID]
) -> None:
    account = await id_of(session, "clerk")
    for name, status in (("other", 201), ("elsewhere", 404)):
        said = await ask(security, "grants:manage", places[name])
        assert said.json()["allowed"] == (status == 201)
        new = {"role": "organization_reader", "organization_id": str(places[name])}
        done = await security.post(f"/accounts/{account}/grants", json=new)
        assert done.status_code == status


async def test_a_security_administrator_finds_what_to_grant_over(
    security: httpx.AsyncClient, places: dict[str, UUID]
) -> None:
    listed = (await security.get("/organizations")).json()["items"]
    mine = ("mine", "other", "root")
    assert {o["id"] for o in listed} == {str(places[name]) for name in mine}
    assert [d["code"] for d in (await security.get("/districts")).json()["items"]] == ["231005"]
    for hidden in ("/members", "/rules/findings"):
        assert (await security.get(hidden)).json()["items"] == []
    new = {"parent_id": str(places["root"]), "name": "越权支部", "kind": "party_branch"}
    assert (await security.post("/organizations", json=new)).status_code == 403
