"""The token: one for all workers, fetched by one of them, and again when it fails."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update
from starlette.responses import JSONResponse

from app.core import clock, crypto
from app.core.db import Doors
from app.wechat import service
from app.wechat.errors import WechatBusy, WechatUnavailable
from app.wechat.models import WeChatToken
from app.wechat.service import WeChat, close, connect, phone_of
from tests.wechat.conftest import APP_ID, BASE, SECRET, Control, token_of

THEIRS = JSONResponse({"access_token": "theirs", "expires_in": 7200})


async def _row(doors: Doors) -> Any:
    return (await doors.reading([]).execute(select(WeChatToken.__table__))).one()


async def _set(doors: Doors, **values: Any) -> None:
    async with doors.writing() as session:
        changed = await session.execute(update(WeChatToken).values(**values))
        assert changed.rowcount == 1


def _in(seconds: float) -> Any:
    return clock.now() + timedelta(seconds=seconds)


async def _calls(control: Control) -> int:
    return (await control.calls()).get(service.TOKEN, 0)


async def test_the_token_is_kept_encrypted(wechat: WeChat, control: Control, doors: Doors) -> None:
    token = await token_of(wechat, doors)
    assert await token_of(wechat, doors) == token
    assert await _calls(control) == 1
    row = await _row(doors)
    assert token.encode() not in row.token_cipher
    assert crypto.keys().decrypt(row.token_cipher, f"wechat_token:{APP_ID}") == token
    assert timedelta(hours=1, minutes=59) < row.expires_at - clock.now() <= timedelta(hours=2)
    assert row.fetching_until is None


async def test_each_mini_program_has_its_own(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    token = await token_of(wechat, doors)
    other = connect("wx-other", SECRET, BASE, transport=httpx.ASGITransport(THEIRS))
    assert await token_of(other, doors) == "theirs"
    assert await token_of(wechat, doors) == token
    await close(other)


@pytest.mark.parametrize(("left", "calls"), [(310, 1), (290, 2), (-1, 2)])
async def test_a_token_is_fetched_in_the_last_five_minutes(
    wechat: WeChat, control: Control, doors: Doors, left: int, calls: int
) -> None:
    token = await token_of(wechat, doors)
    await _set(doors, expires_at=_in(left))
    await control.spoil(seconds_left=max(left, 0))
    assert (await token_of(wechat, doors) == token) == (calls == 1)
    assert await _calls(control) == calls


async def test_a_token_of_other_keys_counts_as_none(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    token = await token_of(wechat, doors)
    crypto.use(crypto.new_keys())
    assert await token_of(wechat, doors) == token  # WeChat's is the same still
    assert await _calls(control) == 2
    assert await token_of(wechat, doors) == token
    assert await _calls(control) == 2


# ── Refused


async def test_an_expired_token_is_fetched_again(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    old = await token_of(wechat, doors)
    await control.spoil(seconds_left=0)
    assert await phone_of(wechat, doors, await control.phone_code()) == "13800000001"
    assert await token_of(wechat, doors) != old
    assert await control.calls() == {service.TOKEN: 2, service.PHONE: 2}


async def test_a_refused_token_is_forced_anew(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    old = await token_of(wechat, doors)
    await control.spoil(is_refused=True)
    assert await phone_of(wechat, doors, await control.phone_code()) == "13800000001"
    # asked without force first, which gave the same one
    assert await control.calls() == {service.TOKEN: 3, service.PHONE: 2}
    assert await token_of(wechat, doors) != old
    assert (await _row(doors)).fetching_until > _in(25)  # nobody forces again so soon


async def test_another_worker_fetched_meanwhile(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    token = await token_of(wechat, doors)
    assert await token_of(wechat, doors, refused="the one before") == token
    assert await _calls(control) == 1


async def test_a_second_refusal_is_final(
    wechat: WeChat, control: Control, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        answer = THEIRS if scope["path"] == service.TOKEN else JSONResponse({"errcode": 40001})
        await answer(scope, receive, send)

    asked: list[str] = []
    broken = connect(APP_ID, SECRET, BASE, transport=httpx.ASGITransport(refuse))
    with pytest.raises(WechatUnavailable):
        await phone_of(broken, doors, "code")
    assert Counter(asked) == {service.TOKEN: 3, service.PHONE: 2}
    monkeypatch.setattr(service, "WAIT_SECONDS", 0.2)
    with pytest.raises(WechatUnavailable):  # within the half minute WeChat is not forced again
        await phone_of(broken, doors, "code")
    assert Counter(asked) == {service.TOKEN: 3, service.PHONE: 3}
    await close(broken)


async def test_the_quota_of_forced_tokens(wechat: WeChat, fake: FastAPI, doors: Doors) -> None:
    token = await token_of(wechat, doors)
    now = time.monotonic()
    fake.state.wechat.forced = [now - 3600 + n for n in range(20)]
    with pytest.raises(WechatBusy):
        await token_of(wechat, doors, refused=token)


# ── The lease


async def test_the_old_token_serves_while_another_worker_fetches(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    token = await token_of(wechat, doors)
    await _set(doors, expires_at=_in(120), fetching_until=_in(5))
    assert await token_of(wechat, doors) == token
    assert await _calls(control) == 1


async def test_the_wait_for_another_worker_ends(
    wechat: WeChat, control: Control, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await token_of(wechat, doors)
    await _set(doors, fetching_until=_in(6))
    monkeypatch.setattr(service, "WAIT_SECONDS", 0.3)
    before = time.monotonic()
    with pytest.raises(WechatUnavailable):
        await token_of(wechat, doors, refused=token)
    assert 0.15 < time.monotonic() - before < 1
    assert await _calls(control) == 1


async def test_the_lease_of_a_worker_that_died_is_taken_over(
    wechat: WeChat, control: Control, doors: Doors
) -> None:
    lease = await service._lease(wechat, doors, None)
    assert lease is not None
    assert timedelta(seconds=5) < lease - clock.now() <= timedelta(seconds=6)
    assert await service._lease(wechat, doors, None) is None
    await _set(doors, fetching_until=_in(0.5))
    before = time.monotonic()
    await token_of(wechat, doors)
    assert 0.4 < time.monotonic() - before < 2
    assert await _calls(control) == 1
    # the first comes back to life: what it fetched is not kept over what is there
    kept = await _row(doors)
    await service._end(wechat, doors, lease, None, token_cipher=b"late")
    assert await _row(doors) == kept


async def test_a_failure_is_followed_by_a_pause(
    wechat: WeChat, control: Control, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PAUSE_SECONDS", 0.4)
    await control.mode("html", 1)
    with pytest.raises(WechatUnavailable):
        await token_of(wechat, doors)
    before = time.monotonic()
    await token_of(wechat, doors)
    assert 0.2 < time.monotonic() - before < 2
    assert await _calls(control) == 2


async def _together(fake: FastAPI, workers: tuple[Doors, Doors], refused: str | None) -> set[str]:
    async def one(doors: Doors) -> str:
        wechat = connect(APP_ID, SECRET, BASE, transport=httpx.ASGITransport(fake))
        try:
            return await token_of(wechat, doors, refused)
        finally:
            await close(wechat)

    return set(await asyncio.gather(*(one(workers[n % 2]) for n in range(20))))


@pytest.mark.parametrize("mode", ["ok", "slow"])
async def test_twenty_at_once_fetch_once(
    fake: FastAPI, control: Control, two_doors: tuple[Doors, Doors], mode: str
) -> None:
    await control.mode(mode)
    assert len(await _together(fake, two_doors, None)) == 1
    assert await _calls(control) == 1


async def test_twenty_that_were_refused_fetch_once(
    wechat: WeChat, fake: FastAPI, control: Control, two_doors: tuple[Doors, Doors]
) -> None:
    old = await token_of(wechat, two_doors[0])
    await control.spoil(is_refused=True)
    found = await _together(fake, two_doors, old)
    assert len(found) == 1
    assert old not in found
    assert await _calls(control) == 3  # one for the first, two for all who were refused


async def test_no_connection_is_held_while_wechat_is_asked(
    wechat: WeChat, control: Control, url: str, two_doors: tuple[Doors, Doors]
) -> None:
    code = await control.phone_code()
    await control.mode("slow")
    asking = asyncio.create_task(phone_of(wechat, two_doors[0], code))
    states = Counter[str]()
    while not asking.done():
        await asyncio.sleep(0.1)
        held = text(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name = 'hangji'"
        )
        states.update((await two_doors[1].reading([]).execute(held)).scalars())
    assert await asking == "13800000001"
    assert states["idle"] >= 10
    # a short transaction may be seen; one held through the two seconds would be seen twenty times
    assert sum(states[s] for s in states if s != "idle") <= 3
