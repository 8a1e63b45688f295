"""Sign-ins that should be refused: by password, by token, by WeChat."""

import asyncio
from typing import Any

import httpx
from sqlalchemy import select, update

from app.access.models import Account, Attempts
from app.fake_wechat.router import create_fake
from app.wechat import service as wechats
from tests.bad.shots import Shot, World, get, post_json
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import make_account

PASSWORD, PHONE = "correct horse battery", "13912345678"


def _application(w: World) -> Any:
    transport = w.anonymous._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app


def more_rights(w: World) -> list[Shot]:
    """Give oneself a role beside a new password: nothing is changed, the password neither."""
    change = {"password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    more = {"role": "admin", "scopes": ["*"]}
    return [
        post_json("/me/password-changes", more),
        post_json("/me/password-changes", change | more),
        post_json("/me/password-changes", change | {"grants": [], "is_disabled": False}),
    ]


async def revoked(w: World) -> list[Shot]:
    leaver, changer, disabled = [await make_account(w.session) for _ in range(3)]
    names = leaver, changer, changer, disabled
    tokens = [await real.token_of(w.session, name) for name in names]
    out, kept, other, gone = ({"authorization": f"Bearer {token}"} for token in tokens)
    for headers in (out, kept, other, gone):
        assert (await w.anonymous.get("/me", headers=headers)).status_code == 200
    await w.anonymous.delete("/sessions/current", headers=out)
    change = {"password": PASSWORD, "new_password": f"{PASSWORD} 2"}
    answer = await w.anonymous.post("/me/password-changes", json=change, headers=kept)
    assert answer.status_code == 204
    mine = update(Account).where(Account.username_key == disabled)
    await w.session.execute(mine.values(is_disabled=True))
    await w.session.flush()
    await asyncio.sleep(0.6)  # within a second on every worker
    assert (await w.anonymous.get("/me", headers=kept)).status_code == 200
    return [get("/me", headers=h) for h in (out, other, gone)]


async def wrong(w: World) -> list[Shot]:
    """Names and passwords that are wrong; how long each takes: `tests/long/sign_in.py`."""
    name, gone, without = [await make_account(w.session) for _ in range(3)]
    for who, values in ((gone, {"is_disabled": True}), (without, {"password_hash": None})):
        mine = update(Account).where(Account.username_key == who)
        await w.session.execute(mine.values(**values))
    seen: list[bytes] = []

    def same(answer: httpx.Response) -> None:
        seen.append(answer.content)
        assert len(set(seen)) == 1

    tried = [("nobody", PASSWORD), (name, "wrong"), (gone, PASSWORD), (without, PASSWORD)]
    return [
        post_json("/sessions", {"username": u, "password": p})._replace(check=same)
        for u, p in tried
    ]


class _Fake:
    """WeChat, and a member whom it knows."""

    def __init__(self, w: World) -> None:
        self.transport = httpx.ASGITransport(create_fake("wx1", "s3cret"))
        made = wechats.connect("wx1", "s3cret", "http://wechat.test", self.transport)
        _application(w).state.wechat = made

    async def post(self, path: str, **given: Any) -> Any:
        async with httpx.AsyncClient(
            transport=self.transport, base_url="http://wechat.test"
        ) as client:
            answer = await client.post(path, json=given)
            return answer.json() if answer.content else None

    async def codes(self) -> dict[str, str]:
        made: dict[str, str] = await self.post("/fake/codes", openid="oWhoever", phone=PHONE)
        return made


async def replayed(w: World) -> list[Shot]:
    """Use codes twice; ten at once: `test_ten_copies_of_a_code_are_one_sign_in`."""
    await make_member(w.session, w.mine, phone=PHONE)
    fake = _Fake(w)
    codes = await fake.codes()
    first = await w.anonymous.post("/sessions/wechat", json=codes)
    assert first.status_code == 200, first.text
    only = {"code": codes["code"]}
    return [post_json("/sessions/wechat", each)._replace(check=refused) for each in (codes, only)]


def refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/code-refused")


MODES = ("busy", "limited", "risky", "html", "huge", "no_openid", "garbage", "error500", "redirect")


async def upstream(w: World) -> list[Shot]:
    """Make WeChat answer badly; while it hangs: `tests/access`."""
    await make_member(w.session, w.mine, phone=PHONE)
    fake = _Fake(w)
    for mode in MODES:
        codes = await fake.codes()
        await fake.post("/fake/mode", mode=mode)
        answer = await w.anonymous.post("/sessions/wechat", json=codes)
        assert answer.status_code in w.entry["expect"]["status"], f"{mode}: {answer.text}"
        assert answer.status_code == {"limited": 429, "risky": 401}.get(mode, 503), mode
        assert (answer.status_code == 401) == ("retry-after" not in answer.headers), mode
        await fake.post("/fake/mode", mode="ok")
    counted = select(Attempts.count).order_by(Attempts.count.desc())
    assert (await w.session.scalars(counted)).first() == 1  # WeChat's failures are nobody's guesses
    unknown = post_json("/sessions/wechat", {"code": "0a1b2c"})._replace(check=refused)
    unseen = post_json("/sessions/wechat", {"code": "微信\u200b"})._replace(check=refused)
    return [unknown, unseen]
