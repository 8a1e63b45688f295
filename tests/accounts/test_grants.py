"""Granting roles and taking them back."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import AccountGrant
from app.access.types import Role
from app.core.audit import AuditEntry
from app.core.db import new_id
from tests.accounts.conftest import AsUser, id_of, kind, make_wide
from tests.make.organizations import make_account, make_district, make_organization


async def grant(client: httpx.AsyncClient, account: UUID, role: str, **place: Any) -> Any:
    body = {"role": role} | {k: str(v) for k, v in place.items()}
    return await client.post(f"/accounts/{account}/grants", json=body)


async def newest(session: AsyncSession, code: str) -> AuditEntry:
    rows = select(AuditEntry).where(AuditEntry.district_code == code)
    found = await session.scalar(rows.order_by(AuditEntry.number.desc()).limit(1))
    assert found is not None
    return found


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root)


@pytest.fixture
async def reader(session: AsyncSession, branch: UUID) -> UUID:
    """An account that reads one branch."""
    name = await make_account(
        session, Role.ORGANIZATION_READER, "231005", branch, username="reader"
    )
    return await id_of(session, name)


async def test_a_grant_opens_a_subtree_and_its_end_closes_it(
    security: httpx.AsyncClient,
    session: AsyncSession,
    branch: UUID,
    reader: UUID,
    as_user: AsUser,
) -> None:
    group = await make_organization(session, branch, kind="party_group")
    edit: Any = {"json": {"name": "改名"}, "headers": {"if-match": '"1"'}}
    holder = await as_user("reader")
    assert (await holder.patch(f"/organizations/{group}", **edit)).status_code == 403
    made = await grant(security, reader, "organization_clerk", organization_id=group)
    assert made.status_code == 201, made.text
    body = made.json()
    assert body == {
        "id": body["id"],
        "role": "organization_clerk",
        "district_code": "231005",
        "organization_id": str(group),
        "prefix": None,
        "created_at": body["created_at"],
    }
    entry = await newest(session, "231005")
    assert (entry.action, entry.target_kind, entry.target_id) == (
        "grant_role",
        "account",
        str(reader),
    )
    told = {
        "grant_id": body["id"],
        "role": "organization_clerk",
        "district_code": "231005",
        "organization_id": str(group),
        "prefix": None,
    }
    assert (entry.before, entry.after) == (None, told)
    shown = (await security.get(f"/accounts/{reader}")).json()
    assert shown["grants"][-1] == body
    assert len(shown["grants"]) == 2
    holder = await as_user("reader")
    assert (await holder.patch(f"/organizations/{group}", **edit)).status_code == 200
    edit["headers"] = {"if-match": '"2"'}
    gone = await security.delete(f"/grants/{body['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    entry = await newest(session, "231005")
    assert (entry.action, entry.before, entry.after) == ("revoke_grant", told, None)
    holder = await as_user("reader")
    assert (await holder.patch(f"/organizations/{group}", **edit)).status_code == 403
    again = await security.delete(f"/grants/{body['id']}")
    unknown = await security.delete(f"/grants/{uuid4()}")
    assert again.status_code == 404
    assert again.content == unknown.content


async def test_places(
    security: httpx.AsyncClient, session: AsyncSession, root: UUID, reader: UUID
) -> None:
    elsewhere = await make_district(session, "231004")
    places: list[tuple[dict[str, Any], int]] = [
        ({"organization_id": root}, 201),
        ({"district_code": "231005"}, 201),
        ({"organization_id": elsewhere}, 404),
        ({"organization_id": uuid4()}, 404),
        ({"district_code": "231004"}, 404),
        ({"district_code": "231083"}, 404),
        ({"district_code": "231000"}, 404),
        ({"district_code": "000000"}, 404),
        ({"prefix": "2310"}, 404),
        ({"prefix": "23"}, 404),
        ({"prefix": "2300"}, 422),
        ({"prefix": "00"}, 422),
        ({"prefix": "231"}, 422),
        ({"prefix": "231005"}, 422),
        ({"district_code": "2310"}, 422),
        ({}, 422),
        ({"district_code": "231005", "prefix": "2310"}, 422),
        ({"district_code": "231005", "organization_id": root}, 422),
    ]
    for place, status in places:
        answer = await grant(security, reader, "organization_clerk", **place)
        assert answer.status_code == status, (place, answer.text)
    hidden, unknown = [
        await grant(security, reader, "organization_clerk", organization_id=o)
        for o in (elsewhere, uuid4())
    ]
    assert hidden.content == unknown.content


async def test_prefixes_are_granted_by_who_holds_one_as_wide(
    security: httpx.AsyncClient, session: AsyncSession, reader: UUID, as_user: AsUser
) -> None:
    await make_wide(session, "city", Role.SECURITY_ADMIN, "2310")
    await make_wide(session, "province", Role.SECURITY_ADMIN, "23")
    city, province = await as_user("city"), await as_user("province")
    assert kind(await grant(city, reader, "organization_reader", prefix="23"))[0] == 404
    made = await grant(city, reader, "organization_reader", prefix="2310")
    assert (made.status_code, made.json()["prefix"]) == (201, "2310")
    assert (await newest(session, "231000")).action == "grant_role"
    wider = await grant(province, reader, "organization_reader", prefix="23")
    assert wider.status_code == 201
    assert (await newest(session, "230000")).action == "grant_role"
    seen = {
        name: [g["prefix"] for g in (await who.get(f"/accounts/{reader}")).json()["grants"]]
        for name, who in (("district", security), ("city", city), ("province", province))
    }
    assert seen == {
        "district": [None],
        "city": [None, "2310"],
        "province": [None, "2310", "23"],
    }
    for who, made_by_other in ((security, made), (city, wider)):
        gone = await who.delete(f"/grants/{made_by_other.json()['id']}")
        unknown = await who.delete(f"/grants/{uuid4()}")
        assert gone.status_code == 404
        assert gone.content == unknown.content
    assert (await province.delete(f"/grants/{made.json()['id']}")).status_code == 204
    assert (await newest(session, "231000")).action == "revoke_grant"


async def test_who_may_grant(
    system: httpx.AsyncClient,
    client: httpx.AsyncClient,
    session: AsyncSession,
    branch: UUID,
    reader: UUID,
    as_user: AsUser,
) -> None:
    # who keeps accounts sees the account and the district, and grants nothing
    refused = await grant(system, reader, "organization_clerk", district_code="231005")
    assert kind(refused) == (403, "forbidden")
    assert (await newest(session, "231005")).outcome == "refused"
    held = (await system.get(f"/accounts/{reader}")).json()["grants"][0]["id"]
    assert kind(await system.delete(f"/grants/{held}")) == (403, "forbidden")
    # nor does it see the tree, unless another role shows it
    hidden = await grant(system, reader, "organization_clerk", organization_id=branch)
    assert hidden.status_code == 404
    session.add(
        AccountGrant(
            id=new_id(),
            account_id=await id_of(session, "sys"),
            role=Role.ORGANIZATION_READER,
            district_code="231005",
        )
    )
    await session.flush()
    both = await as_user("sys")
    shown = await grant(both, reader, "organization_clerk", organization_id=branch)
    assert kind(shown) == (403, "forbidden")
    assert (await client.delete(f"/grants/{held}")).status_code == 404


async def test_what_nobody_may_grant(
    security: httpx.AsyncClient, session: AsyncSession, branch: UUID, root: UUID, reader: UUID
) -> None:
    for role in ("system_admin", "security_admin", "audit_admin"):
        for place in (branch, root):
            answer = await grant(security, reader, role, organization_id=place)
            assert kind(answer) == (422, "invalid")
        answer = await grant(security, reader, role, district_code="231005")
        assert kind(answer) == (409, "granted-by-operator")
    member = await grant(security, reader, "member", district_code="231005")
    assert kind(member) == (422, "invalid")
    mine = await id_of(session, "sec")
    own = await grant(security, mine, "department_admin", district_code="231005")
    assert kind(own) == (409, "not-to-oneself")
    held = (await security.get(f"/accounts/{mine}")).json()["grants"][0]["id"]
    assert kind(await security.delete(f"/grants/{held}")) == (409, "not-to-oneself")
    twice = await grant(security, reader, "organization_reader", organization_id=branch)
    assert kind(twice) == (409, "grant-stands")


async def test_a_security_administrator_takes_an_administrators_role_back(
    security: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    other = await id_of(session, await make_account(session, Role.AUDIT_ADMIN))
    held = (await security.get(f"/accounts/{other}")).json()["grants"][0]["id"]
    assert (await security.delete(f"/grants/{held}")).status_code == 204
    answer = await grant(security, other, "audit_admin", district_code="231005")
    assert kind(answer) == (409, "granted-by-operator")


async def test_the_database_says_so_too(session: AsyncSession, reader: UUID, branch: UUID) -> None:
    async def add(role: Role, **place: Any) -> None:
        async with session.begin_nested():
            session.add(AccountGrant(id=new_id(), account_id=reader, role=role, **place))

    await add(Role.SYSTEM_ADMIN, district_code="231005")
    await add(Role.SYSTEM_ADMIN, prefix="23")
    refused: list[tuple[str, Role, dict[str, Any]]] = [
        ("one_administrator", Role.AUDIT_ADMIN, {"prefix": "2310"}),
        ("uq_account_grant", Role.SYSTEM_ADMIN, {"prefix": "23"}),
        (
            "whole_district",
            Role.SYSTEM_ADMIN,
            {"district_code": "231005", "organization_id": branch},
        ),
        ("place", Role.ORGANIZATION_READER, {}),
        ("place", Role.ORGANIZATION_READER, {"district_code": "231005", "prefix": "23"}),
    ]
    for constraint, role, place in refused:
        with pytest.raises(IntegrityError, match=constraint):
            await add(role, **place)
