"""Reading the audit over HTTP: who sees which chain, filters, pages, heads."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.access.models import Account, AccountGrant
from app.access.types import Role
from app.core import audit, clock
from app.core.caller import Caller
from app.core.db import Doors, new_id
from tests.conftest import signed_in
from tests.make.organizations import make_account, make_district

Ask = Callable[..., Awaitable[httpx.Response]]
WHO = Caller(new_id(), "somebody", ())


async def _tell(doors: Doors, code: str, **more: Any) -> None:
    by = audit.Actor("edit_member", WHO, request_id="r", address="10.0.0.9")
    async with doors.writing([code], by) as session:
        audit.record(session, code, **more)


@pytest.fixture
async def ask(anonymous: httpx.AsyncClient, doors: Doors, session: AsyncSession, root: UUID) -> Ask:
    """Ask as the auditor of district 231005, or as another role of it."""
    known: dict[Role, dict[str, str]] = {}

    async def get(url: str, role: Role = Role.AUDIT_ADMIN, **params: Any) -> httpx.Response:
        if role not in known:
            known[role] = await signed_in(doors, session, await make_account(session, role))
        return await anonymous.get(f"/audit{url}", params=params or None, headers=known[role])

    return get


async def test_an_entry_shows_everything(ask: Ask, doors: Doors) -> None:
    target = "member", new_id()
    await _tell(doors, "231005", target=target, before={"a": "1"}, after={"a": None}, reason="因")
    [item] = (await ask("/entries", district_code="231005")).json()["items"]
    at = datetime.fromisoformat(item.pop("at"))
    assert timedelta(0) <= clock.now() - at < timedelta(seconds=20)
    assert len(bytes.fromhex(item.pop("hash"))) == 32
    assert item == {
        "district_code": "231005",
        "number": 1,
        "account_id": str(WHO.account_id),
        "username": "somebody",
        "role": "",
        "action": "edit_member",
        "outcome": "done",
        "target_kind": "member",
        "target_id": str(target[1]),
        "before": {"a": "1"},
        "after": {"a": None},
        "detail": {"reason": "因"},
        "request_id": "r",
        "address": "10.0.0.9",
    }
    one = await ask("/entries/231005/1")
    assert {k: v for k, v in one.json().items() if k not in {"at", "hash"}} == item


async def test_nobody_sees_another_chain(
    ask: Ask, doors: Doors, session: AsyncSession, anonymous: httpx.AsyncClient
) -> None:
    await make_district(session, "231004")
    for code in ("231004", "231005", "000000"):
        await _tell(doors, code)
    seen = (await ask("/entries")).json()["items"]
    assert {e["district_code"] for e in seen} == {"231005", "000000"}
    unlike = "231083", 1
    for code, number in (("231004", 1), ("231004", 2), ("231005", 2), ("231000", 1)):
        out = await ask(f"/entries/{code}/{number}")
        none = await ask(f"/entries/{unlike[0]}/{unlike[1]}")
        assert (out.status_code, out.content) == (404, none.content)
    out = await ask("/entries", district_code="231004")
    none = await ask("/entries", district_code="231083")
    assert (out.status_code, out.content) == (404, none.content)
    heads = (await ask("/heads")).json()["items"]
    assert [h["district_code"] for h in heads] == ["000000", "231005"]
    foreign = await make_account(session, Role.AUDIT_ADMIN, "231004")
    headers = await signed_in(doors, session, foreign)
    theirs = (await anonymous.get("/audit/entries", headers=headers)).json()["items"]
    assert {e["district_code"] for e in theirs} == {"231004", "000000"}


@pytest.mark.parametrize("role", sorted({*Role} - {Role.AUDIT_ADMIN, Role.MEMBER}))
async def test_who_may_not_audit_sees_none(ask: Ask, doors: Doors, role: Role) -> None:
    await _tell(doors, "231005")
    for url in ("/entries", "/heads"):
        answer = await ask(url, role)
        assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})
    for url in ("/entries?district_code=231005", "/entries?district_code=000000"):
        assert (await ask(url, role)).status_code == 404
    assert (await ask("/entries/231005/1", role)).status_code == 404


async def test_a_prefecture_audits_its_districts_and_itself(
    anonymous: httpx.AsyncClient, doors: Doors, session: AsyncSession, root: UUID
) -> None:
    await make_district(session, "231004")
    account = Account(
        id=new_id(), username="pref", username_key="pref", password_hash="x", home_code="231000"
    )
    session.add(account)
    await session.flush()
    grant = {"id": new_id(), "account_id": account.id, "role": Role.AUDIT_ADMIN, "prefix": "2310"}
    await session.execute(insert(AccountGrant).values(grant))
    codes = ["000000", "231000", "231004", "231005"]
    for code in (*codes, "230000"):
        await _tell(doors, code)
    headers = await signed_in(doors, session, "pref")
    seen = (await anonymous.get("/audit/entries", headers=headers)).json()["items"]
    assert sorted({e["district_code"] for e in seen}) == codes
    heads = (await anonymous.get("/audit/heads", headers=headers)).json()["items"]
    assert [h["district_code"] for h in heads] == codes


async def test_filters(ask: Ask, doors: Doors) -> None:
    member = new_id()
    await _tell(doors, "231005", target=("member", member))
    await _tell(doors, "231005", target=("organization", new_id()), action="edit_organization")
    await _tell(doors, "231005", target=("member", new_id()), outcome=audit.Outcome.REFUSED)

    async def numbers(**params: Any) -> list[int]:
        answer = await ask("/entries", district_code="231005", **params)
        assert answer.status_code == 200, answer.text
        return [e["number"] for e in answer.json()["items"]]

    assert await numbers() == [3, 2, 1]
    assert await numbers(sort="number") == [1, 2, 3]
    assert await numbers(target_id=str(member)) == [1]
    assert await numbers(target_kind="member") == [3, 1]
    assert await numbers(action="edit_organization") == [2]
    assert await numbers(outcome="refused") == [3]
    assert await numbers(outcome="failed") == []
    assert await numbers(account_id=str(WHO.account_id), target_kind="member") == [3, 1]
    assert await numbers(account_id=str(member)) == []
    assert await numbers(username="somebody") == await numbers(account_id=str(WHO.account_id))
    assert await numbers(username="some") == []


async def test_days_are_those_of_shanghai(
    ask: Ask, doors: Doors, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = audit.Entry
    instants = ("2026-03-01T15:59:59.999999Z", "2026-03-01T16:00:00Z", "2026-03-02T15:59:59Z")
    for instant in (*instants, "2026-03-02T16:00:00Z"):
        entry = partial(real, at=datetime.fromisoformat(instant))
        monkeypatch.setattr(audit, "Entry", entry)
        await _tell(doors, "231005")

    async def numbers(**params: str) -> list[int]:
        answer = await ask("/entries", district_code="231005", sort="number", **params)
        return [e["number"] for e in answer.json()["items"]]

    assert await numbers(**{"from": "2026-03-02", "to": "2026-03-02"}) == [2, 3]
    assert await numbers(**{"from": "2026-03-02"}) == [2, 3, 4]
    assert await numbers(to="2026-03-01") == [1]
    assert await numbers(**{"from": "2026-03-03", "to": "2026-03-01"}) == []


@pytest.mark.parametrize(
    "wrong",
    ["from=2026-1-1", "to=x", "account_id=1", "outcome=maybe", "action=a%00", "target_kind=A",
     "target_id=a%20b", "sort=at", "limit=0", "district_code=23100", "from_=2026-01-01", "q=1"],
)  # fmt: skip
async def test_what_cannot_be_asked(ask: Ask, wrong: str) -> None:
    assert (await ask(f"/entries?{wrong}")).status_code == 422


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "+1", "99999999999", "x"])
async def test_numbers_that_are_none(ask: Ask, number: str) -> None:
    assert (await ask(f"/entries/231005/{number}")).status_code == 422


@pytest.mark.parametrize("sort", ["number", "-number"])
async def test_pages_neither_skip_nor_repeat(
    ask: Ask, doors: Doors, connection: AsyncConnection, sort: str
) -> None:
    for code in ("231005", "000000", "231005", "000000", "231005"):
        await _tell(doors, code)

    async def walk(limit: int) -> list[tuple[str, int]]:
        found, more = [], {}
        while True:
            answer = (await ask("/entries", limit=limit, sort=sort, **more)).json()
            found += [(e["district_code"], e["number"]) for e in answer["items"]]
            if answer["next"] is None:
                return found
            more = {"after": answer["next"]}
            if sort == "-number":
                await _tell(doors, "231005")  # before the mark

    whole = await walk(200)
    assert whole == sorted(whole, reverse=sort == "-number")
    assert len(whole) == 6  # the beginning of the other chain
    for limit in (1, 2, 5):
        before = await walk(200)
        assert [e for e in await walk(limit) if e in before] == before
    cursor = (await ask("/entries", limit=1, sort=sort)).json()["next"]
    other = "number" if sort == "-number" else "-number"
    assert (await ask("/entries", sort=other, after=cursor)).status_code == 400


async def test_one_statement(ask: Ask, doors: Doors, connection: AsyncConnection) -> None:
    await _tell(doors, "231005")
    await ask("/entries")
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    assert (await ask("/entries", limit=200)).status_code == 200
    event.remove(connection.sync_connection, "before_cursor_execute", note)
    assert len([s for s in seen if "set_config" not in s]) == 1, seen


async def test_heads_are_those_of_the_chains(ask: Ask, doors: Doors, session: AsyncSession) -> None:
    for _ in range(3):
        await _tell(doors, "231005")
    heads = {h["district_code"]: h for h in (await ask("/heads")).json()["items"]}
    head = heads["231005"]
    newest = (await ask("/entries/231005/3")).json()
    assert (head["number"], head["hash"]) == (3, newest["hash"])
    found = audit.AuditHead(
        district_code="231005",
        number=3,
        hash=bytes.fromhex(head["hash"]),
        signature=bytes.fromhex(head["signature"]),
    )
    assert audit.is_sealed(found)
    assert set(heads) == {"000000", "231005"}
