"""Signing in by WeChat: who is bound, who is bound now, and who is nobody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.access import service as access
from app.access.errors import NoSuchMember
from app.access.models import Account, Attempts
from app.core import clock
from app.core.audit import Actor, AuditEntry
from app.core.db import Doors
from app.fake_wechat.router import create_fake
from app.members.models import Membership
from app.wechat import service as wechats
from tests.make.members import make_member
from tests.make.organizations import make_account, make_district, make_organization

APP, SECRET = "wx0123456789abcdef", "s3cret-of-the-app"
PHONE, OPENID = "13912345678", "oWhoever_1"


class Scene(NamedTuple):
    """A member with a phone, somebody else's client, and what WeChat would say."""

    client: httpx.AsyncClient
    fake: httpx.AsyncClient
    session: AsyncSession
    branch: UUID
    member: UUID

    async def codes(self, openid: str = OPENID, phone: str = PHONE) -> dict[str, str]:
        """Get the codes that a user's mini-program gets."""
        answer = await self.fake.post("/fake/codes", json={"openid": openid, "phone": phone})
        codes: dict[str, str] = answer.json()
        return codes

    async def enter(
        self, openid: str = OPENID, phone: str | None = None, codes: dict[str, str] | None = None
    ) -> httpx.Response:
        """Sign in, with the phone's code if there is a `phone`."""
        codes = codes or await self.codes(openid, phone or PHONE)
        given = codes if phone else {"code": codes["code"]}
        return await self.client.post("/sessions/wechat", json=given)

    async def entries(self) -> list[tuple[str, str, str, Any]]:
        rows = select(
            AuditEntry.action, AuditEntry.outcome, AuditEntry.district_code, AuditEntry.detail
        ).where(AuditEntry.action.in_(["sign_in_with_wechat", "bind_wechat"]))
        return [tuple(row) for row in await self.session.execute(rows.order_by(AuditEntry.at))]


@pytest.fixture
async def scene(
    app: FastAPI, anonymous: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> AsyncIterator[Scene]:
    branch = await make_organization(session, root)
    member = await make_member(session, branch, phone=PHONE)
    transport = httpx.ASGITransport(create_fake(APP, SECRET))
    app.state.wechat = wechats.connect(APP, SECRET, "http://wechat.test", transport)
    async with httpx.AsyncClient(transport=transport, base_url="http://wechat.test") as fake:
        yield Scene(anonymous, fake, session, branch, member)
    await wechats.close(app.state.wechat)


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("type", "")


NOBODY = 401, "/problems/no-such-member"


async def test_the_first_use_binds_and_the_next_needs_no_phone(scene: Scene) -> None:
    assert of(await scene.enter()) == (401, "/problems/phone-needed")
    assert await scene.entries() == []  # a question, and no refusal
    first = await scene.enter(phone=PHONE)
    assert first.status_code == 200, first.text
    assert first.json().keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    again = await scene.enter()
    assert again.status_code == 200
    me = (await scene.client.get("/me", headers=bearer(again))).json()
    assert (me["member_id"], me["home_code"]) == (str(scene.member), "231005")
    assert me["username"] == f"member-{scene.member.hex}"
    assert [(g["role"], g["id"]) for g in me["grants"]] == [("member", None)]
    entered = ("sign_in_with_wechat", "done", "231005", None)
    assert await scene.entries() == [("bind_wechat", "done", "231005", None), entered, entered]
    spent = {"refresh_token": again.json()["refresh_token"]}
    assert (await scene.client.post("/sessions/refreshes", json=spent)).status_code == 200


async def test_a_member_sees_the_own_record_alone(scene: Scene) -> None:
    colleague = await make_member(scene.session, scene.branch)
    headers = bearer(await scene.enter(phone=PHONE))
    own = await scene.client.get(f"/members/{scene.member}", headers=headers)
    assert (own.status_code, own.json()["phone"]) == (200, "139****5678")
    hidden = await scene.client.get(f"/members/{colleague}", headers=headers)
    unknown = await scene.client.get(f"/members/{uuid4()}", headers=headers)
    assert hidden.status_code == 404
    assert hidden.content == unknown.content
    listed = await scene.client.get("/members", headers=headers)
    assert [m["id"] for m in listed.json()["items"]] == [str(scene.member)]
    for of_whom in (scene.member, colleague):
        sent = headers | {"if-match": '"1"'}
        url = f"/members/{of_whom}"
        edited = await scene.client.patch(url, headers=sent, json={"name": "某某"})
        assert edited.status_code == (403 if of_whom == scene.member else 404)
    organizations = await scene.client.get("/organizations", headers=headers)
    assert organizations.json()["items"] == []


@pytest.mark.parametrize(
    "case", ["no such phone", "two members", "ended", "suspended", "disabled", "bound elsewhere"]
)
async def test_one_answer_for_everybody_who_cannot_be_told(scene: Scene, case: str) -> None:
    session = scene.session
    plain = await scene.enter("oNobody", "13100000000")
    assert of(plain) == NOBODY
    phone = "13100000001" if case == "no such phone" else PHONE
    if case == "two members":  # in another district
        there = await make_organization(
            session, await make_district(session, "231004"), district_code="231004"
        )
        await make_member(session, there, phone=PHONE, district_code="231004")
    if case in {"ended", "suspended"}:
        status = {"ended": "struck_off", "suspended": "membership_suspended"}[case]
        await session.execute(update(Membership).values(status=status))
    if case in {"disabled", "bound elsewhere"}:
        assert (await scene.enter(phone=PHONE)).status_code == 200
    if case == "disabled":
        await session.execute(
            update(Account).values(is_disabled=True, wechat_index=None, wechat_cipher=None)
        )
    refused = await scene.enter("oOther", phone)
    assert refused.content == plain.content
    failed = (await scene.entries())[-1]
    home = "231005" if case in {"disabled", "bound elsewhere"} else "000000"
    assert failed == ("sign_in_with_wechat", "failed", home, {"reason": "no such member"})


@pytest.mark.parametrize("case", ["disabled", "ended"])
async def test_who_is_bound_may_be_refused_later(scene: Scene, case: str) -> None:
    assert (await scene.enter(phone=PHONE)).status_code == 200
    if case == "disabled":
        await scene.session.execute(update(Account).values(is_disabled=True))
    else:
        await scene.session.execute(update(Membership).values(status="expelled"))
    for phone in (None, PHONE):
        assert of(await scene.enter(phone=phone)) == NOBODY
    assert [e[2] for e in (await scene.entries())[-2:]] == ["231005"] * 2


async def test_an_account_that_stands_is_bound(scene: Scene) -> None:
    name = await make_account(scene.session)
    mine = update(Account).where(Account.username_key == name)
    await scene.session.execute(mine.values(member_id=scene.member))
    entered = await scene.enter(phone=PHONE)
    me = (await scene.client.get("/me", headers=bearer(entered))).json()
    assert me["username"] == name
    assert {g["role"] for g in me["grants"]} == {"department_admin", "member"}


async def test_an_openid_is_bound_once(scene: Scene) -> None:
    """The phone of another does not make a WeChat user another member."""
    other = await make_member(scene.session, scene.branch, phone="13700000000")
    assert (await scene.enter(phone=PHONE)).status_code == 200
    entered = await scene.enter(phone="13700000000")
    me = (await scene.client.get("/me", headers=bearer(entered))).json()
    assert me["member_id"] == str(scene.member) != str(other)


async def test_a_code_is_for_one_call(scene: Scene) -> None:
    codes = await scene.codes()
    assert (await scene.enter(phone=PHONE, codes=codes)).status_code == 200
    again = await scene.enter(phone=PHONE, codes=codes)
    assert of(again) == (401, "/problems/code-refused")
    fresh = await scene.codes("oAnother")
    used = await scene.enter(phone=PHONE, codes=fresh | {"phone_code": codes["phone_code"]})
    assert of(used) == (401, "/problems/code-refused")
    refused = ("sign_in_with_wechat", "failed", "000000", {"reason": "code refused"})
    assert (await scene.entries())[-2:] == [refused] * 2
    for openid in ("oAnother", OPENID):  # the name of a user is no code
        made_up = await scene.client.post("/sessions/wechat", json={"code": openid})
        assert of(made_up) == (401, "/problems/code-refused")


async def test_nothing_of_wechats_is_told_or_kept(scene: Scene) -> None:
    with capture_logs() as logs:
        answers = [await scene.enter(phone=PHONE), await scene.enter("oOther", PHONE)]
        answers += [await scene.enter(), await scene.enter("oOther", "13100000000")]
    rows = "SELECT e::text FROM audit_entry e UNION ALL SELECT a::text FROM account a"
    kept = (await scene.session.execute(text(rows))).all()
    shown = f"{[(a.text, a.headers) for a in answers]} {logs} {kept}"
    for told in (OPENID, "oOther", PHONE, "13100000000", SECRET):
        assert told not in shown


async def test_made_up_codes_are_counted_by_address(scene: Scene) -> None:
    async def count() -> int:
        return (await scene.session.scalars(select(Attempts.count))).one()

    for _ in range(2):
        await scene.client.post("/sessions/wechat", json={"code": uuid4().hex})
    assert await count() == 2
    assert of(await scene.enter()) == (401, "/problems/phone-needed")
    assert (await scene.enter(phone=PHONE)).status_code == 200
    await scene.fake.post("/fake/mode", json={"mode": "error500"})
    assert of(await scene.enter()) == (503, "/problems/wechat-unavailable")
    await scene.fake.post("/fake/mode", json={"mode": "ok"})
    assert await count() == 2  # these guessed nothing
    await scene.session.execute(update(Attempts).values(count=100))
    refused = await scene.enter()
    assert of(refused) == (429, "/problems/too-many-attempts")
    assert int(refused.headers["retry-after"]) <= 900
    await scene.session.execute(
        update(Attempts).values(began_at=clock.now() - timedelta(minutes=16))
    )
    assert (await scene.enter()).status_code == 200


async def test_it_ends_in_time_though_wechat_hangs(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.fake.post("/fake/mode", json={"mode": "hang"})
    monkeypatch.setattr(access, "WECHAT_SECONDS", 0.3)
    codes = await scene.codes()
    began = clock.now()
    answer = await scene.enter(codes=codes)
    assert of(answer) == (503, "/problems/wechat-unavailable")
    assert answer.headers["retry-after"]
    assert clock.now() - began < timedelta(seconds=1)


async def test_a_deployment_without_a_mini_program(
    app: FastAPI, anonymous: httpx.AsyncClient, doors: Doors, session: AsyncSession
) -> None:
    app.state.wechat = None
    answer = await anonymous.post("/sessions/wechat", json={"code": "x"})
    assert of(answer) == (503, "/problems/wechat-not-set-up")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": "x" * 129},
        {"code": 1},
        {"code": "x", "phone_code": ""},
        {"code": "x", "phone_code": "x" * 121},
        {"code": "x", "openid": OPENID},
        {"openid": OPENID},
        {"code": "x", "member_id": str(uuid4())},
    ],
)
async def test_what_is_no_code(scene: Scene, body: dict[str, Any]) -> None:
    answer = await scene.client.post("/sessions/wechat", json=body)
    assert answer.status_code == 422
    assert (await scene.fake.get("/fake/calls")).json() == {}


@pytest.mark.parametrize("case", ["disabled", "bound elsewhere"])
async def test_who_is_refused_is_not_bound(scene: Scene, doors: Doors, case: str) -> None:
    assert (await scene.enter(phone=PHONE)).status_code == 200
    if case == "disabled":
        await scene.session.execute(
            update(Account).values(is_disabled=True, wechat_index=None, wechat_cipher=None)
        )
    before = (await scene.session.scalars(select(Account.wechat_index))).all()
    bound = [entry for entry in await scene.entries() if entry[0] == "bind_wechat"]
    assert of(await scene.enter("oOther", PHONE)) == NOBODY
    assert (await scene.session.scalars(select(Account.wechat_index))).all() == before
    assert [entry for entry in await scene.entries() if entry[0] == "bind_wechat"] == bound
    member = SimpleNamespace(id=scene.member, district_code="231005")
    with pytest.raises(NoSuchMember):
        await access._bind(doors, Actor("sign_in_with_wechat"), b"other", "oOther", member)
