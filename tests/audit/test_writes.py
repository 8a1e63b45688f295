"""Every write leaves exactly one entry: who, by which role, what, to what, from where."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account, AccountGrant
from app.access.types import Role
from app.core import clock
from app.core.audit import BEGUN, Actor, AuditEntry, record
from app.core.db import Doors, new_id
from app.core.http import Route, SessionDep
from app.members.models import Member
from tests.conftest import signed_in
from tests.imports.test_api import members, organizations, workbook
from tests.make.members import id_number, make_member, new_member
from tests.make.organizations import make_account, make_district, make_organization

Told = Callable[[], Awaitable[list[Any]]]
V1 = {"if-match": '"1"'}
WRITTEN = {"id_number_cipher", "id_number_index", "phone_cipher", "phone_index", "search_tokens"}


@pytest.fixture(autouse=True)
def day() -> None:
    clock.pin(date(2019, 12, 31))


@pytest.fixture
def told(session: AsyncSession) -> Told:
    """Give what the audit was told since the last time, but for the beginnings of chains."""
    seen: set[tuple[str, int]] = set()

    async def ask() -> list[Any]:
        rows = select(AuditEntry.__table__).where(AuditEntry.action != BEGUN)
        found = (await session.execute(rows.order_by(AuditEntry.number))).all()
        new = [r for r in found if (r.district_code, r.number) not in seen]
        seen.update((r.district_code, r.number) for r in new)
        return new

    return ask


def _is_ours(entry: Any, action: str, target: tuple[str, Any], answer: httpx.Response) -> None:
    assert (entry.district_code, entry.action, entry.outcome) == ("231005", action, "done")
    assert (entry.target_kind, entry.target_id) == (target[0], str(target[1]))
    assert entry.account_id is not None
    assert entry.username.startswith("user")
    assert entry.role == "department_admin"
    assert entry.request_id == answer.headers["x-request-id"]
    assert entry.address == "127.0.0.1"


async def test_organizations(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, told: Told
) -> None:
    new = {"parent_id": str(root), "name": "审计支部", "kind": "party_branch"}
    made = await client.post("/organizations", json=new)
    assert made.status_code == 201, made.text
    place = f"/organizations/{made.json()['id']}"
    [entry] = await told()
    _is_ours(entry, "found_organization", ("organization", made.json()["id"]), made)
    assert entry.before is None
    assert entry.after["name"] == "审计支部"
    edited = await client.patch(place, json={"name": "新名支部", "is_grid": False}, headers=V1)
    assert edited.status_code == 200, edited.text
    [entry] = await told()
    _is_ours(entry, "edit_organization", ("organization", made.json()["id"]), edited)
    assert (entry.before, entry.after) == ({"name": "审计支部"}, {"name": "新名支部"})
    gone = await client.delete(
        place, params={"decision": "区组〔2019〕9号"}, headers={"if-match": '"2"'}
    )
    assert gone.status_code == 204, gone.text
    [entry] = await told()
    _is_ours(entry, "dissolve_organization", ("organization", made.json()["id"]), gone)
    assert entry.after == {"status": "dissolved", "end_decision": "区组〔2019〕9号"}


async def test_members(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, told: Told
) -> None:
    branch = await make_organization(session, root)
    new = new_member(branch, category="probationary", joined_on="2018-07-01", full_on=None)
    made = await client.post("/members", json=new)
    assert made.status_code == 201, made.text
    place, target = f"/members/{made.json()['id']}", ("member", made.json()["id"])
    [entry] = await told()
    _is_ours(entry, "record_member", target, made)
    assert entry.after["name"] == "张晓明"
    assert entry.after["id_number_masked"] == made.json()["id_number"]
    assert entry.after["organization_id"] == str(branch)
    other = id_number()
    changes = {"id_number": other, "phone": "13911112222", "education": "postgraduate"}
    edited = await client.patch(place, json=changes, headers=V1)
    assert edited.status_code == 200, edited.text
    [entry] = await told()
    _is_ours(entry, "edit_member", target, edited)
    assert entry.before["phone_masked"] == made.json()["phone"]
    assert entry.after["phone_masked"] == edited.json()["phone"]
    assert (entry.before["education"], entry.after["education"]) == ("bachelor", "postgraduate")
    full = await client.post(
        f"{place}/conversions", json={"full_on": "2019-07-01"}, headers={"if-match": '"2"'}
    )
    assert full.status_code == 200, full.text
    [entry] = await told()
    _is_ours(entry, "convert_member", target, full)
    assert (entry.before, entry.after) == ({"category": "probationary"}, {"category": "full"})
    why = {"status": "deceased", "reason": "因病去世"}
    ended = await client.post(f"{place}/status-changes", json=why, headers={"if-match": '"3"'})
    assert ended.status_code == 200, ended.text
    [entry] = await told()
    _is_ours(entry, "change_member_status", target, ended)
    assert entry.after["status"] == "deceased"
    assert entry.after["reason"] == "因病去世"
    row = (
        await session.execute(select(Member.__table__).where(Member.id == UUID(target[1])))
    ).one()
    audit = (
        await session.execute(text("SELECT string_agg(t::text, ' ') FROM audit_entry t"))
    ).scalar()
    assert audit is not None
    assert "因病去世" in audit
    for number in (new["id_number"], new["phone"], other, "13911112222"):
        assert number not in audit
    for name in WRITTEN:
        assert f'"{name}"' not in audit
        value = getattr(row, name)
        if isinstance(value, bytes):
            assert value.hex() not in audit


async def test_rule_settings(client: httpx.AsyncClient, told: Told) -> None:
    new = {"district_code": "231005", "valid_from": "2019-12-31", "is_enabled": False}
    made = await client.post("/rules/packs/owner_headcount/settings", json=new)
    assert made.status_code == 201, made.text
    [entry] = await told()
    _is_ours(entry, "set_rule_pack", ("rule_setting", made.json()["id"]), made)
    assert entry.after["is_enabled"] is False
    assert entry.after["valid_from"] == "2019-12-31"


async def test_imports_and_exports(client: httpx.AsyncClient, told: Told) -> None:
    data = workbook(organizations(), members())

    async def take(**params: str) -> httpx.Response:
        where = {"district_code": "231005", "as_of": "2019-12-31"} | params
        return await client.post("/imports", params=where, files={"file": ("a.xlsx", data)})

    dry = await take(dry_run="true")
    assert dry.status_code == 200, dry.text
    assert await told() == []
    taken = await take()
    assert taken.status_code == 201, taken.text
    [entry] = await told()
    _is_ours(entry, "import_roster", ("import", taken.json()["id"]), taken)
    assert entry.detail["counts"] == taken.json()["counts"]
    assert entry.detail["sha256"] == hashlib.sha256(data).hexdigest()
    assert entry.detail["as_of"] == "2019-12-31"
    export = await client.get("/members/export.xlsx", params={"q": "张"})
    assert export.status_code == 200
    [entry] = await told()
    assert (entry.action, entry.detail) == ("export_members", {"rows": 1, "filters": {"q": "张"}})
    broken = organizations()
    broken[0][2] = "没有这种"
    data = workbook(broken, members())
    assert (await take()).status_code == 422
    assert await told() == []


async def test_signing_in_and_out(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID, told: Told
) -> None:
    username = await make_account(session)
    given = {"username": username, "password": "correct horse battery"}
    inside = await anonymous.post("/sessions", json=given)
    assert inside.status_code == 200, inside.text
    [entry] = await told()
    assert (entry.district_code, entry.action, entry.outcome) == ("231005", "sign_in", "done")
    assert (entry.username, entry.role, entry.target_kind) == (
        username,
        "department_admin",
        "account",
    )
    assert entry.target_id == str(entry.account_id)
    wrong = await anonymous.post("/sessions", json=given | {"password": "231005199003070032"})
    assert wrong.status_code == 401
    [entry] = await told()
    assert (entry.district_code, entry.action, entry.outcome) == ("231005", "sign_in", "failed")
    assert (entry.target_kind, entry.account_id) == ("account", None)
    assert entry.username == username  # by which an auditor looks for it
    unknown = await anonymous.post(
        "/sessions", json={"username": "my password", "password": "xxxxxxxx"}
    )
    assert unknown.status_code == 401
    [entry] = await told()
    assert (entry.district_code, entry.outcome, entry.target_id) == ("000000", "failed", None)
    assert "my password" not in str(entry)
    bearer = {"authorization": f"Bearer {inside.json()['access_token']}"}
    out = await anonymous.delete("/sessions/current", headers=bearer)
    assert out.status_code == 204
    [entry] = await told()
    assert (entry.action, entry.username, entry.outcome) == ("sign_out", username, "done")


async def test_the_entry_of_a_sign_in_names_the_roles_at_home_alone(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID, told: Told
) -> None:
    branch = await make_organization(session, root)
    await make_district(session, "231004")
    username = await make_account(session, Role.ORGANIZATION_READER, "231005", branch)
    account = await session.scalar(select(Account).where(Account.username == username))
    assert account is not None
    places: list[tuple[Role, dict[str, str]]] = [
        (Role.ORGANIZATION_CLERK, {"district_code": "231005"}),
        (Role.DEPARTMENT_ADMIN, {"district_code": "231004"}),
        (Role.SYSTEM_ADMIN, {"prefix": "2310"}),
    ]
    for role, place in places:
        session.add(AccountGrant(id=new_id(), account_id=account.id, role=role, **place))
    account.member_id = await make_member(session, branch)
    await session.flush()
    await told()
    given = {"username": username, "password": "correct horse battery"}
    assert (await anonymous.post("/sessions", json=given)).status_code == 200
    [entry] = await told()
    assert entry.role == "member,organization_clerk,organization_reader"
    account.home_code, account.member_id = "231000", None
    await session.flush()
    assert (await anonymous.post("/sessions", json=given)).status_code == 200
    [entry] = await told()
    assert (entry.district_code, entry.role) == ("231000", "system_admin")


async def test_a_missing_right_leaves_one_though_nothing_was_written(
    app: FastAPI,
    anonymous: httpx.AsyncClient,
    doors: Doors,
    session: AsyncSession,
    root: UUID,
    told: Told,
) -> None:
    reader = await make_account(session, Role.ORGANIZATION_READER)
    headers = await signed_in(doors, session, reader)
    branch = await make_organization(session, root)
    member = await make_member(session, branch)
    new = {"parent_id": str(root), "name": "越权支部", "kind": "party_branch"}
    asked = (
        ("POST", "/organizations", {"json": new}, "found_organization", None),
        ("DELETE", f"/organizations/{branch}", {}, "dissolve_organization", branch),
        ("PATCH", f"/members/{member}", {"json": {"name": "改名"}}, "edit_member", member),
        ("GET", "/members/export.xlsx", {}, "export_members", None),
    )
    for method, url, more, action, target in asked:
        answer = await anonymous.request(method, url, headers=headers | V1, **more)
        assert answer.status_code == 403, answer.text
        [entry] = await told()
        assert (entry.district_code, entry.action, entry.outcome) == ("231005", action, "refused")
        assert (entry.username, entry.role) == (reader, "organization_reader")
        assert entry.target_id == (None if target is None else str(target))
        assert entry.request_id == answer.headers["x-request-id"]
    names = "SELECT count(*) FROM organization_state WHERE name = '越权支部'"
    assert await session.scalar(text(names)) == 0


async def test_what_was_not_done_leaves_nothing(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, told: Told
) -> None:
    branch = await make_organization(session, root, name="先占支部")
    await make_organization(session, branch, kind="party_group", name="第一党小组")
    new = {"parent_id": str(root), "name": "先占支部", "kind": "party_branch"}
    nobody = UUID(int=0)
    asked = (
        (404, "PATCH", f"/members/{nobody}", {"json": {"name": "张三"}, "headers": V1}),
        (404, "POST", "/organizations", {"json": new | {"parent_id": str(nobody)}}),
        (404, "GET", f"/members/{nobody}", {}),
        (409, "POST", "/organizations", {"json": new}),
        (409, "DELETE", f"/organizations/{branch}", {"headers": V1}),
        (412, "DELETE", f"/organizations/{branch}", {"headers": {"if-match": '"9"'}}),
        (422, "POST", "/organizations", {"json": new | {"kind": "club"}}),
        (428, "DELETE", f"/organizations/{branch}", {}),
        (401, "GET", "/members", {"headers": {"authorization": "Bearer x"}}),
    )
    for status, method, url, more in asked:
        answer = await client.request(method, url, **more)
        assert (answer.status_code, await told()) == (status, []), answer.text


async def test_a_replay_leaves_nothing_more(
    client: httpx.AsyncClient, root: UUID, told: Told
) -> None:
    new = {"parent_id": str(root), "name": "一次支部", "kind": "party_branch"}
    for count in (1, 0):
        answer = await client.post("/organizations", json=new, headers={"idempotency-key": "k"})
        assert answer.status_code == 201
        assert len(await told()) == count


async def test_a_write_that_tells_nothing_is_not_written(
    app: FastAPI, client: httpx.AsyncClient, session: AsyncSession, told: Told
) -> None:
    router = APIRouter(route_class=Route)

    @router.post("/quiet")
    async def quiet(session: SessionDep) -> None:
        await session.execute(text("UPDATE district SET name = 'x' WHERE code = '231005'"))

    app.include_router(router, prefix="/v1")
    with pytest.raises(RuntimeError, match="recorded nothing"):
        await client.post("/quiet")
    assert await session.scalar(text("SELECT count(*) FROM district WHERE name = 'x'")) == 0
    assert await told() == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("证件 231005199003070032，已核", "证件 231*************32，已核"),
        ("23100519900307003X", "231*************3X"),
        ("231005 1990 0307 0032", "231*************32"),
        ("２３１００５１９９００３０７００３２", "２３１*************３２"),
        ("电话138-0000-1234和13800001234", "电话138******34和138******34"),
        ("区组〔2019〕12号，2019-12-31 10:00", "区组〔2019〕12号，2019-12-31 10:00"),
        ("1.17.204.33.512.77.", "1.17.204.33.512.77."),
        ("1234567890", "1234567890"),
    ],
)
async def test_long_numbers_are_masked(
    doors: Doors, session: AsyncSession, root: UUID, told: Told, given: str, kept: str
) -> None:
    secret = {"phone_cipher": b"c", "phone_index": b"i", "access_token": "t", "password": "p"}
    async with doors.writing(["231005"]) as writing:
        row = secret | {"reason": given, "deep": [{"reason": given}]}
        record(writing, "231005", before=row, after=row, **row)
    [entry] = await told()
    for column in (entry.before, entry.after, entry.detail):
        assert column == {"reason": kept, "deep": [{"reason": kept}]}


async def test_an_address_of_any_length(doors: Doors, session: AsyncSession, told: Told) -> None:
    long = "fe80:0000:0000:0000:0000:0000:0000:0001%enp0s31f6-of-a-long-name"
    async with doors.writing(["231005"], Actor("edit_member", address=long)) as writing:
        record(writing, "231005")
    [entry] = await told()
    assert entry.address == long[:45]
