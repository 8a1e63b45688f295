"""What comes of each answer that WeChat can give, and of none."""

import time

import pytest
from starlette.responses import Response

from app.core.db import Doors
from app.core.errors import AppError
from app.wechat import logic, service
from app.wechat.errors import CodeRefused, WechatBusy, WechatUnavailable
from app.wechat.service import WeChat, openid_of, phone_of
from tests.wechat.conftest import MODES, OPENID, Control, connected, token_of

# ── Who it is


async def test_whose_code_it_is(wechat: WeChat, control: Control) -> None:
    code, _ = await control.codes(OPENID)
    assert await openid_of(wechat, code) == OPENID
    with pytest.raises(CodeRefused):  # used
        await openid_of(wechat, code)
    with pytest.raises(CodeRefused):  # unknown; nor is an openid ever a code
        await openid_of(wechat, OPENID)
    assert await control.calls() == {service.SESSION: 3}


@pytest.mark.parametrize(
    "code", ["", "a b", "a\0b", "a\nb", "码", "x" * 129, "\ud800", "１２", "a\x7f"]
)
async def test_what_cannot_be_a_code_is_not_asked_about(
    wechat: WeChat, control: Control, doors: Doors, code: str
) -> None:
    for refused in (openid_of(wechat, code), phone_of(wechat, doors, code)):
        with pytest.raises(CodeRefused):
            await refused
    with pytest.raises(CodeRefused):
        await service.first_use(doors, code)
    assert await control.calls() == {}


async def test_the_longest_code_is_asked_about(wechat: WeChat, control: Control) -> None:
    with pytest.raises(CodeRefused):
        await openid_of(wechat, "x" * 128)
    assert await control.calls() == {service.SESSION: 1}


async def test_phone(wechat: WeChat, control: Control, doors: Doors) -> None:
    code = await control.phone_code("13800000001")
    assert await phone_of(wechat, doors, code) == "13800000001"
    with pytest.raises(CodeRefused):
        await phone_of(wechat, doors, code)
    with pytest.raises(CodeRefused):
        await phone_of(wechat, doors, "0" * 64)
    assert (await control.calls())[service.TOKEN] == 1


async def test_a_phone_of_elsewhere(wechat: WeChat, control: Control, doors: Doors) -> None:
    with pytest.raises(CodeRefused, match="mainland"):
        await phone_of(wechat, doors, await control.phone_code("+85291234567"))


@pytest.mark.parametrize(
    ("country", "is_taken"),
    [("86", True), (86, True), ("+1", False), (1, False)],
    ids=["text", "number", "abroad", "abroad, a number"],
)
def test_the_country_of_a_phone(country: str | int, is_taken: bool) -> None:
    if is_taken:
        assert logic.mainland_number(country, "13800000001") == "13800000001"
    else:
        with pytest.raises(CodeRefused):
            logic.mainland_number(country, "13800000001")


# ── Refusals

STATUS = {CodeRefused: (401, None), WechatBusy: (429, "60"), WechatUnavailable: (503, "2")}


def test_what_each_refusal_answers() -> None:
    for refusal, (status, retry) in STATUS.items():
        assert (refusal.status, refusal.headers.get("Retry-After")) == (status, retry)


@pytest.mark.parametrize(("mode", "refusal"), MODES.items(), ids=MODES)
async def test_modes(
    wechat: WeChat,
    control: Control,
    doors: Doors,
    brief: None,
    mode: str,
    refusal: type[AppError],
) -> None:
    code, phone_code = await control.codes(OPENID, "13800000001")
    await token_of(wechat, doors)
    await control.mode(mode)
    for asked in (openid_of(wechat, code), phone_of(wechat, doors, phone_code)):
        before = time.monotonic()
        with pytest.raises(refusal) as raised:
            await asked
        assert type(raised.value) is refusal
        assert time.monotonic() - before < 1
    assert "/redirected" not in await control.calls()


@pytest.mark.parametrize("mode", MODES)
async def test_modes_while_there_is_no_token(
    wechat: WeChat, control: Control, doors: Doors, brief: None, mode: str
) -> None:
    code = await control.phone_code()
    await control.mode(mode)
    with pytest.raises(MODES[mode]):
        await phone_of(wechat, doors, code)
    calls = await control.calls()
    assert calls.pop(service.TOKEN) == (2 if mode == "busy" else 1)
    assert calls == ({service.PHONE: 1} if mode == "risky" else {})


@pytest.mark.parametrize(("times", "is_answered"), [(1, True), (2, False)])
async def test_busy_is_asked_once_more(
    wechat: WeChat, control: Control, times: int, is_answered: bool
) -> None:
    code, _ = await control.codes(OPENID)
    await control.mode("busy", times)
    if is_answered:
        assert await openid_of(wechat, code) == OPENID
    else:
        with pytest.raises(WechatUnavailable):
            await openid_of(wechat, code)
    assert await control.calls() == {service.SESSION: 2}


async def test_slow_is_waited_for(wechat: WeChat, control: Control) -> None:
    code, _ = await control.codes(OPENID)
    await control.mode("slow")
    before = time.monotonic()
    assert await openid_of(wechat, code) == OPENID
    assert time.monotonic() - before >= 1


@pytest.mark.parametrize(
    ("errcode", "refusal"),
    [
        (40029, CodeRefused),
        (40163, CodeRefused),
        (40226, CodeRefused),
        (41008, CodeRefused),
        (42003, CodeRefused),
        (45009, WechatBusy),
        (45011, WechatBusy),
        (-1, WechatUnavailable),
        (40001, WechatUnavailable),
        (40013, WechatUnavailable),
        (40125, WechatUnavailable),
        (40164, WechatUnavailable),
        (1, WechatUnavailable),
        (0, None),
    ],
)
def test_errcodes(errcode: int, refusal: type[AppError] | None) -> None:
    assert logic.refusal(errcode) is refusal


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"o"',
        b'{"openid":""}',
        b'{"openid":null}',
        b'{"openid":1}',
        b'{"openid":["o"]}',
        b'{"openid":"a b"}',
        b'{"openid":"\\u0000"}',
        b'{"openid":"\xff"}',
        b'{"openid":"o","errcode":"0"}',
        b'{"openid":"o","errcode":true}',
        b'{"openid":"o","errcode":0.5}',
        b'{"openid":"o","errcode":99999999999999999999}',
        b'{"openid":"' + b"o" * 129 + b'"}',
        b"[" * 60_000,
    ],
)
async def test_an_answer_that_cannot_be_read(body: bytes) -> None:
    async with connected(Response(body)) as wechat:
        with pytest.raises(WechatUnavailable):
            await openid_of(wechat, "code")


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/json", "image/png"])
async def test_whatever_type_it_says_it_has(kind: str) -> None:
    body = b'{"session_key":"k","openid":"o","unionid":"u","errcode":0,"more":[1]}'
    answer = Response(body, media_type=kind)
    async with connected(answer) as wechat:
        assert await openid_of(wechat, "code") == "o"


@pytest.mark.parametrize("status", [201, 204, 301, 400, 403, 404, 429, 500, 502, 503])
async def test_another_status(status: int) -> None:
    async with connected(Response(b'{"openid":"o"}', status)) as wechat:
        with pytest.raises(WechatUnavailable):
            await openid_of(wechat, "code")
