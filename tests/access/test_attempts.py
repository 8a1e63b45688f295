"""Guessing passwords: ten tries for a name, a hundred from an address, in a quarter of an hour."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import service as access
from app.access.jobs import purge
from app.access.models import Account, Attempts
from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import Doors
from app.wechat.models import WeChatCode
from tests.make.organizations import make_account

PASSWORD = "correct horse battery"


async def _try(
    client: httpx.AsyncClient, username: str, password: str = "wrong", **headers: str
) -> httpx.Response:
    given = {"username": username, "password": password}
    return await client.post("/sessions", json=given, headers=headers)


async def _statuses(client: httpx.AsyncClient, *tries: tuple[str, str]) -> list[int]:
    return [(await _try(client, *one)).status_code for one in tries]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Which passwords were hashed."""
    seen: list[str] = []
    matches = access._matches

    def counted(stored: str, password: str) -> bool:
        seen.append(password)
        return matches(stored, password)

    monkeypatch.setattr(access, "_matches", counted)
    return iter([seen])


async def _later(session: AsyncSession, **by: float) -> None:
    """Let the time go on."""
    began = Attempts.began_at - timedelta(**by)
    await session.execute(update(Attempts).values(began_at=began))


async def _failures(session: AsyncSession) -> list[tuple[str, str | None, Any]]:
    rows = select(AuditEntry.district_code, AuditEntry.target_id, AuditEntry.detail).where(
        AuditEntry.outcome == "failed"
    )
    return [tuple(row) for row in await session.execute(rows.order_by(AuditEntry.at))]


async def test_the_eleventh_try_is_refused_unhashed(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID, hashed: Iterator[list[str]]
) -> None:
    name, seen = await make_account(session), next(hashed)
    known = [await _try(anonymous, name) for _ in range(11)]
    unknown = [await _try(anonymous, "nobody") for _ in range(11)]
    for answers in (known, unknown):
        assert [a.status_code for a in answers] == [401] * 10 + [429]
        assert answers[-1].json()["type"] == "/problems/too-many-attempts"
        assert 890 <= int(answers[-1].headers["retry-after"]) <= 900
    assert known[-1].content == unknown[-1].content
    assert len(seen) == 20
    assert (await _try(anonymous, name, PASSWORD)).status_code == 429
    assert len(seen) == 20
    other = await make_account(session)
    assert (await _try(anonymous, other, PASSWORD)).status_code == 200


async def test_neither_spelling_nor_a_header_gives_more_tries(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    await make_account(session, username="admin")
    spellings = [
        "admin",
        "ADMIN",
        " admin",
        "ａdmin",
        "ad\u200bmin",
        "аdmin",
        "ádmin",
        "admi\u0307n",
    ]
    spellings += ["a d m i n", "\u202eadmin", "admin\ufe0f"]
    statuses = [
        (await _try(anonymous, s, **{"x-forwarded-for": f"192.0.2.{n}"})).status_code
        for n, s in enumerate(spellings)
    ]
    assert statuses == [401] * 10 + [429]


async def test_an_address_is_what_the_connection_says(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    claims = "x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip", "cf-connecting-ip"
    for name in claims:
        await _try(anonymous, f"who-{name}", **{name: "192.0.2.9"})
    counted = await session.scalars(select(Attempts.count).order_by(Attempts.count))
    assert counted.all() == [1] * len(claims) + [len(claims)]
    told = await session.scalars(select(AuditEntry.address).where(AuditEntry.outcome == "failed"))
    assert set(told) == {"127.0.0.1"}


async def test_a_window_ends(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    assert await _statuses(anonymous, *[(name, "wrong")] * 11) == [401] * 10 + [429]
    await _later(session, minutes=14, seconds=50)
    refused = await _try(anonymous, name, PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    await _later(session, seconds=11)
    assert (await _try(anonymous, name, PASSWORD)).status_code == 200


async def test_who_signs_in_is_forgiven(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    for _ in range(3):
        assert await _statuses(anonymous, *[(name, "wrong")] * 9) == [401] * 9
        assert (await _try(anonymous, name, PASSWORD)).status_code == 200
    address = await session.scalars(select(Attempts.count))
    assert address.all() == [27]


async def test_an_address_has_a_hundred_tries_and_then_locks_nobody_out(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    await _try(anonymous, "nobody")
    await session.execute(update(Attempts).where(Attempts.count == 1).values(count=99))
    assert await _statuses(anonymous, *[(name, "wrong")] * 13) == [401] + [429] * 12
    await session.execute(update(Attempts).where(Attempts.count > 20).values(count=0))
    assert (await _try(anonymous, name, PASSWORD)).status_code == 200  # counted once alone


async def test_the_audit_is_told_once_that_tries_are_refused(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    account = str(await session.scalar(select(Account.id).where(Account.username_key == name)))
    refused = {"reason": "too many attempts"}
    await _statuses(anonymous, *[(name, "wrong")] * 15)
    assert await _failures(session) == [("231005", account, None)] * 10 + [
        ("231005", account, refused)
    ]
    await _statuses(anonymous, *[("nobody", "wrong")] * 15)
    assert (await _failures(session))[11:] == [("000000", None, None)] * 10 + [
        ("000000", None, refused)
    ]
    await session.execute(update(Attempts).values(count=100))
    await _statuses(anonymous, *[(name, "wrong")] * 5)
    assert (await _failures(session))[22:] == [("000000", None, refused)]


async def test_who_locked_out_can_be_let_in_again(
    anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    name = await make_account(session)
    await _statuses(anonymous, *[(name, "wrong")] * 11)
    await access.forget_attempts(session, name)
    assert (await _try(anonymous, name, PASSWORD)).status_code == 200


async def test_old_attempts_and_codes_are_cleared_away(doors: Doors, session: AsyncSession) -> None:
    now = clock.now()
    for seconds in (905, 895):
        began = now - timedelta(seconds=seconds)
        session.add(Attempts(key=str(seconds).encode(), count=1, began_at=began))
    for minutes in (11, 9):
        seen = now - timedelta(minutes=minutes)
        session.add(WeChatCode(hash=str(minutes).encode(), seen_at=seen))
    await session.flush()
    await purge(doors)
    assert (await session.scalars(select(Attempts.key))).all() == [b"895"]
    assert (await session.scalars(select(WeChatCode.hash))).all() == [b"9"]


@pytest.mark.parametrize("length", [200, 201])
async def test_a_long_password_is_not_hashed(
    anonymous: httpx.AsyncClient, session: AsyncSession, hashed: Iterator[list[str]], length: int
) -> None:
    seen = next(hashed)
    answer = await _try(anonymous, "nobody", "x" * length)
    assert (answer.status_code, len(seen)) == ((401, 1) if length == 200 else (422, 0))
    assert await session.scalar(select(func.count()).select_from(Attempts)) == 2 * len(seen)


async def test_names_are_not_kept_in_plain(
    anonymous: httpx.AsyncClient, session: AsyncSession
) -> None:
    await _try(anonymous, "my-password-typed-as-a-name")
    await _try(anonymous, "nobody")
    for table in ("sign_in_attempts", "audit_entry"):
        rows = (await session.execute(text(f"SELECT t::text FROM {table} t"))).all()
        assert rows
        assert "my-password" not in str(rows)
