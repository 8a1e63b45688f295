"""The fake WeChat speaks as the real one is documented to."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from app.core.db import Doors
from app.fake_wechat import logic
from app.fake_wechat.router import create_fake
from app.fake_wechat.types import Answer, State
from app.wechat import service
from app.wechat.errors import WechatUnavailable
from app.wechat.service import close, connect, openid_of, phone_of
from tests.wechat.conftest import APP_ID, SECRET, Control

NOW = 1000.0
ASKED = {"appid": APP_ID, "secret": SECRET}


@pytest.fixture
def state() -> State:
    return State(APP_ID, SECRET)


def _token(state: State, now: float, *, force: bool = False) -> Answer:
    asked = ASKED | {"grant_type": "client_credential", "force_refresh": force}
    return logic.token(state, now, asked)


def test_a_token_stands_until_its_last_five_minutes(state: State) -> None:
    first = _token(state, NOW)
    assert first["expires_in"] == 7200
    assert _token(state, NOW + 6899) == first | {"expires_in": 301}
    second = _token(state, NOW + 6900)
    assert second["access_token"] != first["access_token"]
    code = logic.new_codes(state, NOW + 6901, None, "13800000001")["phone_code"]
    # the one before stands until it ends
    answer = logic.phone(state, NOW + 6901, first["access_token"], {"code": code})
    assert answer["phone_info"]["purePhoneNumber"] == "13800000001"
    late = logic.phone(state, NOW + 7200, first["access_token"], {"code": code})
    assert late["errcode"] == 42001


def test_a_forced_token_ends_the_one_before(state: State) -> None:
    first = _token(state, NOW)
    second = _token(state, NOW + 1, force=True)
    assert second["access_token"] != first["access_token"]
    assert logic.phone(state, NOW + 1, first["access_token"], {"code": "x"})["errcode"] == 40001
    assert logic.phone(state, NOW + 1, second["access_token"], {"code": "x"})["errcode"] == 40029
    assert _token(state, NOW + 30, force=True)["access_token"] == second["access_token"]
    assert _token(state, NOW + 31, force=True)["access_token"] != second["access_token"]


def test_twenty_forced_tokens_a_day(state: State) -> None:
    for n in range(20):
        assert "access_token" in _token(state, NOW + 30 * n, force=True)
    assert _token(state, NOW + 600, force=True)["errcode"] == 45009
    assert "access_token" in _token(state, NOW + 600)
    assert "access_token" in _token(state, NOW + 86400 + 600, force=True)


def test_a_code_stands_for_five_minutes_and_once(state: State) -> None:
    asked = ASKED | {"grant_type": "authorization_code"}
    codes = [logic.new_codes(state, NOW, "o-1", None)["code"] or "" for _ in range(2)]
    answer = logic.session(state, NOW + 299, asked | {"js_code": codes[0]})
    assert answer["openid"] == "o-1"
    assert answer["session_key"]
    again = logic.session(state, NOW + 299, asked | {"js_code": codes[0]})
    late = logic.session(state, NOW + 300, asked | {"js_code": codes[1]})
    never = logic.session(state, NOW, asked | {"js_code": "o-1"})
    assert [a["errcode"] for a in (again, late, never)] == [40163, 40029, 40029]
    assert "openid" not in again | late | never


@pytest.mark.parametrize(
    ("asked", "errcode"),
    [
        ({"appid": "wx-other"}, 40013),
        ({"secret": "other"}, 40125),
        ({"grant_type": "client_credential"}, 40002),
        ({"js_code": ""}, 41008),
    ],
)
async def test_errors_are_plain_text(control: Control, asked: Answer, errcode: int) -> None:
    code, _ = await control.codes()
    params = ASKED | {"js_code": code, "grant_type": "authorization_code"} | asked
    answer = await control.client.get(service.SESSION, params=params)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.json()["errcode"] == errcode
    assert "rid: " in answer.json()["errmsg"]


async def test_the_other_paths(control: Control) -> None:
    body = ASKED | {"grant_type": "client_credential"}
    given = await control.client.post(service.TOKEN, json=body)
    assert given.headers["content-type"].startswith("application/json")
    token = given.json()["access_token"]
    wrong = await control.client.post(service.TOKEN, json=body | {"secret": "x"})
    unread = await control.client.post(service.TOKEN, content=b"{")
    missing = await control.client.post(service.PHONE, json={"code": "x"})
    unknown = await control.client.post(f"{service.PHONE}?access_token=x", json={"code": "x"})
    code = await control.client.post(f"{service.PHONE}?access_token={token}", json={"code": "x"})
    errors = [a.json()["errcode"] for a in (wrong, unread, missing, unknown, code)]
    assert errors == [40125, 47001, 41001, 40001, 40029]
    assert await control.calls() == {service.TOKEN: 3, service.PHONE: 3}


async def test_each_consent_is_good_for_one_message(control: Control) -> None:
    given = await control.client.post(
        service.TOKEN, json=ASKED | {"grant_type": "client_credential"}
    )
    token = given.json()["access_token"]
    body: Answer = {"touser": "o-1", "template_id": "t", "data": {"thing1": {"value": "甲" * 20}}}

    async def send(token: str = token, **other: object) -> int:
        url = f"{service.SEND}?access_token={token}"
        answer = await control.client.post(url, json=body | other)
        return int(answer.json()["errcode"])

    assert await send() == 40037
    consents = {"openid": "o-1", "template_id": "t", "count": 2}
    assert (await control.client.post("/fake/consents", json=consents)).status_code == 204
    assert await send(token="") == 41001
    assert await send(token="x") == 40001
    assert await send(touser="x") == 40003
    assert await send(touser="o-2") == 43101
    for data in (None, {}, {"thing1": {"value": "甲" * 21}}, {"date2": {"value": "明天"}}):
        assert await send(data=data) == 47003
    assert [await send() for _ in range(3)] == [0, 0, 43101]
    assert (await control.client.get("/fake/messages")).json() == [body, body]
    await control.spoil(seconds_left=0)
    assert await send() == 42001


async def test_what_the_control_refuses(control: Control) -> None:
    for path, body in (
        ("/fake/mode", {"mode": "other"}),
        ("/fake/codes", {"phone": "12"}),
        ("/fake/codes", {"name": "x"}),
        ("/fake/token", {"seconds_left": -1}),
    ):
        assert (await control.client.post(path, json=body)).status_code == 422


# ── Through a socket


@pytest.fixture
def served() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_fake(APP_ID, SECRET),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        run = server.serve(sockets=[listening])
        thread = threading.Thread(target=asyncio.run, args=(run,))
        thread.start()
        until = time.monotonic() + 10
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


async def test_through_a_socket(served: str, doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    wechat = connect(APP_ID, SECRET, served)
    async with httpx.AsyncClient(base_url=served, trust_env=False) as client:
        control = Control(client)
        code, phone_code = await control.codes("o-socket", "13800000001")
        assert await openid_of(wechat, code) == "o-socket"
        assert await phone_of(wechat, doors, phone_code) == "13800000001"
        monkeypatch.setattr(service, "SESSION_SECONDS", 0.5)
        for mode in ("huge", "hang", "redirect", "html", "garbage", "error500"):
            await control.mode(mode)
            before = time.monotonic()
            with pytest.raises(WechatUnavailable):
                await openid_of(wechat, (await control.codes())[0])
            assert time.monotonic() - before < 1.5
        await control.mode("ok")  # and it goes on, on the same client
        assert await openid_of(wechat, (await control.codes("o-after"))[0]) == "o-after"
        assert "/redirected" not in await control.calls()
    await close(wechat)
