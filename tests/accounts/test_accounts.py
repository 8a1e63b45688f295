"""Making, showing and keeping accounts."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account, AccountGrant, Attempts, SignIn
from app.access.types import Role
from app.core.audit import AuditEntry
from tests.accounts.conftest import ACTIONS, PASSWORD, AsUser, act, id_of, kind, make_wide
from tests.make.members import make_member
from tests.make.organizations import make_account, make_district, make_organization

NEW = {"username": "李四", "password": PASSWORD}


async def entries(session: AsyncSession, code: str = "231005") -> list[AuditEntry]:
    rows = select(AuditEntry).where(AuditEntry.district_code == code).order_by(AuditEntry.number)
    return list(await session.scalars(rows))


async def test_an_account_is_made(
    system: httpx.AsyncClient, anonymous: httpx.AsyncClient, session: AsyncSession
) -> None:
    before = len(await entries(session))
    made = await system.post("/accounts", json=NEW, headers={"idempotency-key": "a"})
    assert made.status_code == 201, made.text
    account = made.json()
    assert made.headers["location"] == f"/v1/accounts/{account['id']}"
    assert account == {
        "id": account["id"],
        "username": "李四",
        "home_code": "231005",
        "member_id": None,
        "is_disabled": False,
        "has_password": True,
        "is_password_given": True,
        "is_bound_to_wechat": False,
        "created_at": account["created_at"],
        "grants": [],
    }
    assert (await system.get(f"/accounts/{account['id']}")).json() == account
    assert (await anonymous.post("/sessions", json=NEW)).status_code == 200
    rows = await entries(session)
    assert [r.action for r in rows[before:]] == ["create_account", "sign_in"]
    entry = rows[before]
    assert (entry.target_kind, entry.target_id) == ("account", account["id"])
    assert entry.after == {"username": "李四", "member_id": None}
    assert entry.role == "system_admin"
    stored = (await session.execute(text("SELECT audit_entry::text FROM audit_entry"))).all()
    stored += (await session.execute(text("SELECT account::text FROM account"))).all()
    assert PASSWORD not in str(stored)
    assert "argon2" not in str(await entries(session))
    # no answer is kept under the key: a password came with it
    again = await system.post("/accounts", json=NEW, headers={"idempotency-key": "a"})
    assert kind(again) == (409, "username-taken")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"username": "sys"}, 409),
        ({"username": " SYS"}, 409),
        ({"username": "ｓｙｓ"}, 409),
        ({"username": "system"}, 201),
        ({"username": "x" * 50}, 201),
        ({"username": "x" * 51}, 422),
        ({"username": " "}, 422),
        ({"username": "a\u200bb"}, 422),
        ({"username": "\u115f"}, 422),
        ({"username": "Member-0123"}, 422),
        ({"username": "members"}, 201),
        ({"password": "abcdefg"}, 422),
        ({"password": "abcdefgh"}, 201),
        ({"password": "abcd" * 50}, 422),
        ({"password": "abcde" * 40}, 201),
        ({"password": "abcde" * 40 + "x"}, 422),
        ({"username": "wang xiaoming", "password": "Wang Xiaoming"}, 422),
        ({"home_code": "231005"}, 201),
        ({"home_code": "231004"}, 404),
        ({"home_code": "999999"}, 404),
        ({"home_code": "231000"}, 404),
        ({"home_code": "000000"}, 404),
        ({"home_code": "2310"}, 422),
        ({"member_id": str(UUID(int=1))}, 404),
        ({"role": "department_admin"}, 422),
        ({"is_disabled": False}, 422),
        ({"password": None}, 422),
    ],
)
async def test_what_an_account_may_be(
    system: httpx.AsyncClient, change: dict[str, Any], status: int
) -> None:
    answer = await system.post("/accounts", json=NEW | change)
    assert answer.status_code == status, answer.text
    if status == 422 and isinstance(change.get("password"), str):
        assert change["password"] not in answer.text


async def test_a_password_is_text(system: httpx.AsyncClient) -> None:
    for written in (b'"abcdefg\\ud800"', b'"abcdefg\\u0000"', b"12345678", b'"\xff234567890"'):
        body = b'{"username":"a","password":%s}' % written
        headers = {"content-type": "application/json"}
        answer = await system.post("/accounts", content=body, headers=headers)
        assert answer.status_code in {400, 422}, written


async def test_a_place_out_of_sight_is_as_if_it_were_not(
    system: httpx.AsyncClient, session: AsyncSession
) -> None:
    await make_district(session, "231004")
    standing, unknown = [
        await system.post("/accounts", json=NEW | {"home_code": code})
        for code in ("231004", "231083")
    ]
    assert standing.status_code == 404
    assert standing.content == unknown.content


async def test_only_who_keeps_accounts_makes_them(
    client: httpx.AsyncClient, security: httpx.AsyncClient, session: AsyncSession
) -> None:
    before = len(await entries(session))
    for who in (client, security):
        for more in ({}, {"home_code": "231005"}):
            assert kind(await who.post("/accounts", json=NEW | more)) == (403, "forbidden")
    refused = (await entries(session))[before:]
    assert [(r.action, r.outcome) for r in refused] == [("create_account", "refused")] * 4


async def test_a_member_has_one_account(
    system: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    member = str(await make_member(session, branch))
    abroad = await make_district(session, "231004")
    elsewhere = await make_organization(session, abroad, district_code="231004")
    foreign = str(await make_member(session, elsewhere, district_code="231004"))
    made = await system.post("/accounts", json=NEW | {"member_id": member})
    assert (made.status_code, made.json()["member_id"]) == (201, member)
    second = await system.post("/accounts", json=NEW | {"username": "王五", "member_id": member})
    assert kind(second) == (409, "member-has-account")
    hidden, unknown = [
        await system.post("/accounts", json=NEW | {"username": "王五", "member_id": m})
        for m in (foreign, str(uuid4()))
    ]
    assert hidden.status_code == 404
    assert hidden.content == unknown.content


async def test_a_prefecture_keeps_accounts_for_itself_and_its_districts(
    session: AsyncSession, root: UUID, as_user: AsUser
) -> None:
    await make_district(session, "231004")
    await make_wide(session, "city", Role.SYSTEM_ADMIN, "2310")
    city = await as_user("city")
    assert kind(await city.post("/accounts", json=NEW)) == (422, "invalid")
    codes = ("231000", "231004", "231005", "230000", "231083", "000000")
    answers = [
        await city.post("/accounts", json=NEW | {"username": f"u{c}", "home_code": c})
        for c in codes
    ]
    assert [a.status_code for a in answers] == [201, 201, 201, 404, 404, 404]
    assert [e.action for e in await entries(session, "231000")][-1] == "create_account"
    listed = (await city.get("/accounts")).json()["items"]
    assert [a["username"] for a in listed] == ["city", "u231000", "u231004", "u231005"]
    of_one = (await city.get("/accounts?district_code=231004")).json()["items"]
    assert [a["username"] for a in of_one] == ["u231004"]


async def test_the_security_administrator_sees_and_does_not_keep(
    security: httpx.AsyncClient, scene: dict[str, UUID]
) -> None:
    for action in ACTIONS:
        assert kind(await act(security, scene["clerk"], action)) == (403, "forbidden"), action


async def test_nobody_keeps_the_own_account(
    system: httpx.AsyncClient, session: AsyncSession
) -> None:
    mine = await id_of(session, "sys")
    for action in ACTIONS:
        assert kind(await act(system, mine, action)) == (409, "not-to-oneself"), action


@pytest.mark.parametrize("name", ["sec2", "aud"])
async def test_the_other_administrators_are_kept_by_the_operator(
    system: httpx.AsyncClient, scene: dict[str, UUID], name: str
) -> None:
    for action in ("disablements", "enablements", "password-resets"):
        answer = await act(system, scene[name], action)
        assert kind(answer) == (409, "kept-by-operator"), action
    assert (await act(system, scene["sys2"], "disablements")).status_code == 200


@pytest.mark.parametrize("name", ["sec2", "aud", "sys2", "department"])
async def test_no_reset_opens_an_administrators_account_or_full_numbers(
    system: httpx.AsyncClient, session: AsyncSession, scene: dict[str, UUID], name: str
) -> None:
    if name == "department":
        await make_account(session, Role.DEPARTMENT_ADMIN, username=name)
        scene[name] = await id_of(session, name)
    answer = await act(system, scene[name], "password-resets")
    assert kind(answer) == (409, "kept-by-operator")


async def test_a_reset_does_not_reach_beyond_the_own_districts(
    system: httpx.AsyncClient, session: AsyncSession, scene: dict[str, UUID], as_user: AsUser
) -> None:
    assert (await act(system, scene["both"], "disablements")).status_code == 200
    await make_wide(session, "city", Role.SYSTEM_ADMIN, "2310")
    city = await as_user("city")
    answer = await act(city, scene["both"], "password-resets")
    assert kind(answer) == (409, "kept-by-operator")  # the department's role there
    lesser = update(AccountGrant).where(AccountGrant.account_id == scene["both"])
    await session.execute(lesser.values(role=Role.ORGANIZATION_CLERK))
    answer = await act(system, scene["both"], "password-resets")
    assert kind(answer) == (409, "holds-more-rights")
    assert (await act(city, scene["both"], "password-resets")).status_code == 204


async def test_disabled_is_out_until_enabled(
    system: httpx.AsyncClient, session: AsyncSession, scene: dict[str, UUID], as_user: AsUser
) -> None:
    clerk = await as_user("clerk")
    assert (await clerk.get("/me")).status_code == 200
    before = len(await entries(session))
    off = await act(system, scene["clerk"], "disablements")
    assert (off.status_code, off.json()["is_disabled"]) == (200, True)
    await as_user("sys")  # forgets the callers that are remembered
    assert (await clerk.get("/me")).status_code == 401
    login = {"username": "clerk", "password": PASSWORD}
    assert (await clerk.post("/sessions", json=login)).status_code == 401
    on = await act(system, scene["clerk"], "enablements")
    assert (on.status_code, on.json()["is_disabled"]) == (200, False)
    assert (await clerk.get("/me")).status_code == 401  # the old sign-in has ended for good
    assert (await clerk.post("/sessions", json=login)).status_code == 200
    made = [e for e in (await entries(session))[before:] if not e.action.startswith("sign")]
    told = [(e.action, e.before, e.after, e.detail) for e in made]
    assert told == [
        ("disable_account", {"is_disabled": False}, {"is_disabled": True}, {"reason": "调离"}),
        ("enable_account", {"is_disabled": True}, {"is_disabled": False}, {"reason": "调回"}),
    ]
    assert {e.target_id for e in made} == {str(scene["clerk"])}


async def test_a_reason_is_needed(system: httpx.AsyncClient, scene: dict[str, UUID]) -> None:
    for action in ("disablements", "enablements", "unbindings"):
        for body in ({}, {"reason": " "}, {"reason": "x" * 201}):
            answer = await system.post(f"/accounts/{scene['clerk']}/{action}", json=body)
            assert answer.status_code == 422


async def test_a_reset_ends_sign_ins_and_the_lock_out(
    system: httpx.AsyncClient, session: AsyncSession, scene: dict[str, UUID], as_user: AsUser
) -> None:
    clerk = await as_user("clerk")
    login = {"username": "clerk", "password": "wrong password"}
    tried = [(await clerk.post("/sessions", json=login)).status_code for _ in range(11)]
    assert tried == [401] * 10 + [429]
    counted = await session.scalar(select(func.count()).select_from(Attempts))
    before = len(await entries(session))
    assert (await act(system, scene["clerk"], "password-resets")).status_code == 204
    assert await session.scalar(select(func.count()).select_from(Attempts)) == counted - 1
    await as_user("sys")
    assert (await clerk.get("/me")).status_code == 401
    for password, status in ((PASSWORD, 401), ("another good one", 200)):
        answer = await clerk.post("/sessions", json=login | {"password": password})
        assert answer.status_code == status
    entry = (await entries(session))[before]
    assert (entry.action, entry.before, entry.after) == ("reset_password", None, None)
    for bad in ("short", "abcdabcd", "clerk"):
        url = f"/accounts/{scene['clerk']}/password-resets"
        assert (await system.post(url, json={"password": bad})).status_code == 422


async def test_unbinding_forgets_the_wechat_user(
    system: httpx.AsyncClient, session: AsyncSession, scene: dict[str, UUID], as_user: AsUser
) -> None:
    account = scene["clerk"]
    bound = update(Account).where(Account.id == account).values(wechat_index=b"index")
    await session.execute(bound)
    await session.flush()
    await as_user("clerk")
    shown = (await system.get(f"/accounts/{account}")).json()
    assert shown["is_bound_to_wechat"] is True
    answer = await act(system, account, "unbindings")
    assert (answer.status_code, answer.json()) == (200, shown | {"is_bound_to_wechat": False})
    standing = select(SignIn.id).where(SignIn.account_id == account, SignIn.revoked_at.is_(None))
    assert await session.scalar(standing) is None
    entry = (await entries(session))[-1]
    assert (entry.action, entry.detail) == ("unbind_account", {"reason": "换号"})
    assert (entry.before, entry.after) == (
        {"is_bound_to_wechat": True},
        {"is_bound_to_wechat": False},
    )


@pytest.mark.parametrize("password", ["abcdefg", "abcde" * 40 + "x"])
async def test_a_password_of_the_wrong_length_is_told_its_length(
    system: httpx.AsyncClient, password: str
) -> None:
    for language, told in (
        ("zh", "密码须为 8 至 200 个字符"),
        ("en", "a password has 8 to 200 characters"),
    ):
        headers = {"accept-language": language}
        answer = await system.post("/accounts", json=NEW | {"password": password}, headers=headers)
        [error] = answer.json()["errors"]
        found = error["field"], error["code"], error["message"]
        assert found == ("password", "password_length", told)
