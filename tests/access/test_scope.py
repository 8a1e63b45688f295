"""Nobody sees past their subtree: what is out of sight is as if it were not."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account, AccountGrant
from app.access.types import Role
from app.core import clock
from app.core.db import new_id
from tests.long import real
from tests.make.members import make_member, new_member
from tests.make.organizations import make_account, make_district, make_organization


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class Scene(NamedTuple):
    """`mine` at 1.2., a group of it, and `other` at 1.20., whose path begins alike."""

    client: httpx.AsyncClient
    mine: UUID
    group: UUID
    other: UUID
    member: UUID
    foreign_member: UUID
    abroad: UUID


@pytest.fixture
async def scene(anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID) -> Scene:
    clock.pin(date(2019, 12, 31))
    mine = await make_organization(session, root, name="甲支部")
    group = await make_organization(session, mine, kind="party_group", name="甲组")
    await session.execute(text("UPDATE district SET last_label = 19"))
    other = await make_organization(session, root, name="乙支部")
    member = await make_member(session, group, name="甲一")
    foreign = await make_member(session, other, name="乙一")
    elsewhere = await make_district(session, "231004")
    abroad = await make_organization(session, elsewhere, name="丙支部", district_code="231004")
    await make_member(session, abroad, name="丙一", district_code="231004")
    role = Role.ORGANIZATION_CLERK
    token = await real.token_of(session, await make_account(session, role, "231005", mine))
    anonymous.headers.update(bearer(token))
    return Scene(anonymous, mine, group, other, member, foreign, abroad)


async def test_a_clerk_sees_the_own_subtree(scene: Scene) -> None:
    client = scene.client
    paths = [o["path"] for o in (await client.get("/organizations")).json()["items"]]
    assert paths == ["1.2.", "1.2.3."]
    names = [m["name"] for m in (await client.get("/members")).json()["items"]]
    assert names == ["甲一"]
    codes = [d["code"] for d in (await client.get("/districts")).json()["items"]]
    assert codes == ["231005"]
    ancestors = (await client.get(f"/organizations/{scene.group}/ancestors")).json()["items"]
    assert [o["path"] for o in ancestors] == ["1.2.", "1.2.3."]
    found = (await client.get("/rules/findings")).json()["items"]
    assert {f["organization_id"] for f in found} == {str(scene.mine)}
    for query in ("q=乙", "q=乙支部", f"parent_id={scene.other}", "kind=district_committee"):
        assert (await client.get(f"/organizations?{query}")).json()["items"] == []
    for query in ("q=乙一", "q=yy", "q=丙", f"organization_id={scene.other}"):
        assert (await client.get(f"/members?{query}")).json()["items"] == []


Make = Callable[[Any], tuple[str, str, dict[str, Any]]]
VERSION = {"if-match": '"1"'}
ORGANIZATION: list[Make] = [
    lambda i: ("GET", f"/organizations/{i}", {}),
    lambda i: ("GET", f"/organizations/{i}/tree", {}),
    lambda i: ("GET", f"/organizations/{i}/ancestors", {}),
    lambda i: ("GET", f"/organizations/{i}/history", {}),
    lambda i: ("GET", f"/organizations?within={i}", {}),
    lambda i: ("GET", f"/members?within={i}", {}),
    lambda i: ("GET", f"/rules/findings?within={i}", {}),
    lambda i: ("GET", f"/members/export.xlsx?within={i}", {}),
    lambda i: ("PATCH", f"/organizations/{i}", {"json": {"name": "x"}, "headers": VERSION}),
    lambda i: (
        "PATCH",
        f"/organizations/{i}",
        {"json": {"name": "x"}, "headers": {"if-match": '"7"'}},
    ),
    lambda i: ("DELETE", f"/organizations/{i}", {"headers": VERSION}),
    lambda i: (
        "POST",
        "/organizations",
        {"json": {"parent_id": str(i), "name": "甲支部", "kind": "party_group"}},
    ),
    lambda i: ("POST", "/members", {"json": new_member(i)}),
]
MEMBER: list[Make] = [
    lambda i: ("GET", f"/members/{i}", {}),
    lambda i: ("PATCH", f"/members/{i}", {"json": {"name": "某"}, "headers": VERSION}),
    lambda i: (
        "POST",
        f"/members/{i}/conversions",
        {"json": {"full_on": "2019-12-31"}, "headers": VERSION},
    ),
    lambda i: (
        "POST",
        f"/members/{i}/status-changes",
        {"json": {"status": "deceased", "reason": "x"}, "headers": VERSION},
    ),
]


async def test_out_of_sight_is_as_if_it_were_not(scene: Scene) -> None:
    async def ask(make: Make, subject: UUID) -> httpx.Response:
        method, url, more = make(subject)
        return await scene.client.request(method, url, **more)

    cases = [(m, s) for m in ORGANIZATION for s in (scene.other, scene.abroad)]
    cases += [(m, scene.foreign_member) for m in MEMBER]
    for make, subject in cases:
        hidden, unknown = await ask(make, subject), await ask(make, uuid4())
        about = f"{make(subject)[:2]}: {hidden.text}"
        assert hidden.status_code == unknown.status_code == 404, about
        assert hidden.content == unknown.content, about
        names = hidden.headers.keys() - {"x-request-id"}
        assert {n: hidden.headers[n] for n in names} == {n: unknown.headers[n] for n in names}
    for code in ("231004", "999999"):
        assert (await scene.client.get(f"/districts/{code}")).status_code == 404


async def test_a_clerk_may_change_the_own_subtree_and_not_the_root(
    scene: Scene, root: UUID
) -> None:
    new = {"parent_id": str(scene.mine), "name": "新组", "kind": "party_group"}
    assert (await scene.client.post("/organizations", json=new)).status_code == 201
    above = await scene.client.get(f"/organizations/{root}")
    assert above.status_code == 404


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        (Role.DEPARTMENT_ADMIN, 200, 201),
        (Role.ORGANIZATION_CLERK, 200, 201),
        (Role.ORGANIZATION_READER, 200, 403),
        (Role.SYSTEM_ADMIN, 404, 404),
        (Role.SECURITY_ADMIN, 200, 403),
        (Role.AUDIT_ADMIN, 404, 404),
    ],
)
async def test_what_each_role_may(
    anonymous: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    role: Role,
    read: int,
    write: int,
) -> None:
    branch = await make_organization(session, root)
    headers = bearer(await real.token_of(session, await make_account(session, role)))
    shown = await anonymous.get(f"/organizations/{branch}", headers=headers)
    made = await anonymous.post("/members", json=new_member(branch), headers=headers)
    assert (shown.status_code, made.status_code) == (read, write)
    listed = await anonymous.get("/members", headers=headers)
    assert listed.status_code == 200
    assert len(listed.json()["items"]) == (1 if write == 201 else 0)


async def test_grants_add_up(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    first, second, third = [await make_organization(session, root) for _ in range(3)]
    name = await make_account(session, Role.ORGANIZATION_READER, "231005", first)
    account = await session.scalar(select(Account.id).where(Account.username_key == name))
    for organization in (first, second):
        session.add(
            AccountGrant(
                id=new_id(),
                account_id=account,
                role=Role.ORGANIZATION_CLERK if organization == second else Role.MEMBER,
                district_code="231005",
                organization_id=organization,
            )
        )
    await session.flush()
    headers = bearer(await real.token_of(session, name))
    listed = await anonymous.get("/organizations", headers=headers)
    assert {o["id"] for o in listed.json()["items"]} == {str(first), str(second)}
    statuses = [
        (await anonymous.post("/members", json=new_member(o), headers=headers)).status_code
        for o in (first, second, third)
    ]
    assert statuses == [403, 201, 404]


async def test_a_grant_ends_with_its_organisation(
    anonymous: httpx.AsyncClient, client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    clock.pin(date(2019, 12, 30))
    branch = await make_organization(session, root)
    token = await real.clerk(session, branch)
    clock.pin(date(2019, 12, 31))
    gone = await client.delete(f"/organizations/{branch}", headers=VERSION)
    assert gone.status_code == 204
    listed = await anonymous.get("/organizations", headers=bearer(token))
    assert (listed.status_code, listed.json()["items"]) == (200, [])
