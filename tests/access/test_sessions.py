"""Signing in and out, and the life of tokens."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from argon2 import extract_parameters
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import service as access
from app.access.errors import UsernameTaken
from app.access.jobs import purge
from app.access.models import Account, AccountGrant, SignIn, Token
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import Doors
from tests.long import real
from tests.make.organizations import make_account

PASSWORD = "correct horse battery"


async def _sign_in(client: httpx.AsyncClient, username: str) -> dict[str, Any]:
    answer = await client.post("/sessions", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def _status(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/me", headers=_bearer(token))).status_code


async def _forgotten() -> None:
    """Wait until no caller is remembered."""
    await asyncio.sleep(0.55)


async def test_sign_in(anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID) -> None:
    name = await make_account(session, username="Zhang San")
    for written in ("Zhang San", "zhang san", " ZHANG SAN ", "Ｚhang San"):
        tokens = await _sign_in(anonymous, written)
        assert tokens["token_type"] == "bearer"
        assert tokens["expires_in"] == 900
    me = (await anonymous.get("/me", headers=_bearer(tokens["access_token"]))).json()
    assert me["username"] == name
    assert [g["role"] for g in me["grants"]] == ["department_admin"]
    assert (me["home_code"], me["member_id"]) == ("231005", None)
    grant = await session.scalar(select(AccountGrant.id))
    assert [g["id"] for g in me["grants"]] == [str(grant)]
    stored = str((await session.execute(text("SELECT token::text FROM token"))).all())
    assert tokens["access_token"] not in stored
    assert PASSWORD not in str(
        (await session.execute(text("SELECT account::text FROM account"))).all()
    )


async def test_every_wrong_sign_in_is_answered_alike(
    anonymous: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, disabled = await make_account(session), await make_account(session)
    without = await make_account(session)
    nothing = update(Account).where(Account.username_key == without).values(password_hash=None)
    await session.execute(nothing)
    await session.execute(
        update(Account).where(Account.username_key == disabled).values(is_disabled=True)
    )
    await session.flush()
    checked: list[str] = []

    def counted(stored: str, password: str) -> bool:
        checked.append(stored)
        return False

    monkeypatch.setattr(access, "_matches", counted)
    answers = [
        await anonymous.post("/sessions", json={"username": u, "password": p})
        for u, p in (
            (name, "wrong"),
            ("nobody", PASSWORD),
            (disabled, PASSWORD),
            (without, PASSWORD),
            ("\u3000", "x"),
        )
    ]
    assert {a.status_code for a in answers} == {401}
    assert len({a.content for a in answers}) == 1
    assert answers[0].json()["type"] == "/problems/wrong-credentials"
    assert len(checked) == len(answers)  # as much work for a name that nobody has


def test_an_unknown_name_costs_what_a_known_one_costs() -> None:
    assert extract_parameters(access._decoy()) == extract_parameters(access._hasher.hash("x"))


async def test_names_are_taken_once(session: AsyncSession, root: UUID) -> None:
    await make_account(session, username="李四")
    for written in ("李四", " 李四", "李四\u3000"):
        with pytest.raises(UsernameTaken):
            await make_account(session, username=written)


async def test_a_refresh_token_is_spent_once(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    first = await _sign_in(anonymous, await make_account(session))
    spend = {"refresh_token": first["refresh_token"]}
    second = (await anonymous.post("/sessions/refreshes", json=spend)).json()
    assert second.keys() == first.keys()
    assert second["access_token"] != first["access_token"]
    assert await _status(anonymous, second["access_token"]) == 200
    told = select(AuditEntry.outcome, AuditEntry.district_code, AuditEntry.detail).where(
        AuditEntry.action == "refresh_session"
    )
    assert (await session.execute(told)).all() == []
    for _ in range(2):  # a sign-in ends once
        again = await anonymous.post("/sessions/refreshes", json=spend)
        assert (again.status_code, again.json()["type"]) == (401, "/problems/unauthenticated")
    assert (await session.execute(told)).all() == [("failed", "231005", {"reason": "used twice"})]
    await _forgotten()
    # whoever has stolen one of the two, both are out now
    assert await _status(anonymous, second["access_token"]) == 401
    late = await anonymous.post(
        "/sessions/refreshes", json={"refresh_token": second["refresh_token"]}
    )
    assert late.status_code == 401


async def test_one_kind_of_token_is_not_the_other(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    tokens = await _sign_in(anonymous, await make_account(session))
    assert await _status(anonymous, tokens["refresh_token"]) == 401
    spent = {"refresh_token": tokens["access_token"]}
    assert (await anonymous.post("/sessions/refreshes", json=spent)).status_code == 401
    assert await _status(anonymous, tokens["access_token"]) == 200


async def test_signing_out_ends_this_sign_in_alone(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    here, there = await _sign_in(anonymous, name), await _sign_in(anonymous, name)
    assert await _status(anonymous, here["access_token"]) == 200
    out = await anonymous.delete("/sessions/current", headers=_bearer(here["access_token"]))
    assert (out.status_code, out.content) == (204, b"")
    assert await _status(anonymous, here["access_token"]) == 401
    spent = {"refresh_token": here["refresh_token"]}
    assert (await anonymous.post("/sessions/refreshes", json=spent)).status_code == 401
    assert await _status(anonymous, there["access_token"]) == 200


@pytest.mark.parametrize(("minutes", "status"), [(1, 200), (-1, 401)])
@pytest.mark.parametrize("of", [Token, SignIn], ids=["token", "sign-in"])
async def test_tokens_end(
    anonymous: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    minutes: int,
    status: int,
    of: type[Token] | type[SignIn],
) -> None:
    token = await real.token_of(session, await make_account(session))
    await session.execute(update(of).values(expires_at=clock.now() + timedelta(minutes=minutes)))
    assert await _status(anonymous, token) == status


async def test_an_account_that_is_disabled(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    tokens = await _sign_in(anonymous, name)
    assert await _status(anonymous, tokens["access_token"]) == 200
    await session.execute(
        update(Account).where(Account.username_key == name).values(is_disabled=True)
    )
    await session.flush()
    await _forgotten()
    assert await _status(anonymous, tokens["access_token"]) == 401
    spent = {"refresh_token": tokens["refresh_token"]}
    assert (await anonymous.post("/sessions/refreshes", json=spent)).status_code == 401
    wrong = await anonymous.post("/sessions", json={"username": name, "password": PASSWORD})
    assert wrong.status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        *("", "Bearer", "Bearer ", "Bearer  ", "Basic YTpi", "Bearer x", "bearer"),
        *("{} ", " Bearer {}", "Bearer  {}", "Bearer {}x", "Bearer {} x", "Token {}", "{}"),
        *("Bearer {},Bearer {}", "Bearer '{}'", "Bearer {}=", "Bearer\t{}", "BEARER {}"),
    ],
)
async def test_a_header_that_carries_no_token(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID, header: str
) -> None:
    token = await real.token_of(session, await make_account(session))
    sent = {"authorization": header.replace("{}", token)}
    answer = await anonymous.get("/me", headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert token not in answer.text


async def test_two_headers_are_none(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    token = await real.token_of(session, await make_account(session))
    twice = [("authorization", f"Bearer {token}")] * 2
    assert (await anonymous.get("/me", headers=twice)).status_code == 401


async def test_what_has_ended_is_cleared_away(
    doors: Doors, session: AsyncSession, root: UUID
) -> None:
    for ago in (2, 0):
        await real.token_of(session, await make_account(session))
        old = SignIn.expires_at > clock.now()
        ended = clock.now() - timedelta(days=ago)
        await session.execute(update(SignIn).where(old).values(expires_at=ended))
    await session.flush()
    await purge(doors)
    assert await session.scalar(select(func.count()).select_from(SignIn)) == 1
    assert await session.scalar(select(func.count()).select_from(Token)) == 2


async def test_a_sign_in_ends_after_seven_days_however_often_it_is_refreshed(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    before = clock.now()
    tokens = await _sign_in(anonymous, await make_account(session))
    ends = await session.scalar(select(SignIn.expires_at))
    assert ends is not None
    assert before + timedelta(days=7) <= ends <= clock.now() + timedelta(days=7)
    ends -= timedelta(days=6)  # as if six days had gone by
    kinds = select(Token.expires_at).where(Token.kind == "refresh")
    for of in (SignIn, Token):
        await session.execute(update(of).values(expires_at=ends))
    spent = {"refresh_token": tokens["refresh_token"]}
    fresh = (await anonymous.post("/sessions/refreshes", json=spent)).json()
    assert set(await session.scalars(kinds)) == {ends}
    late = clock.now() - timedelta(minutes=1)
    await session.execute(update(Token).where(Token.kind == "refresh").values(expires_at=late))
    spent = {"refresh_token": fresh["refresh_token"]}
    ended = await anonymous.post("/sessions/refreshes", json=spent)
    assert (ended.status_code, ended.json()["type"]) == (401, "/problems/unauthenticated")
