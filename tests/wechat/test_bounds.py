"""How long and how large a call may be, and what nobody may see of it."""

import asyncio
import gzip
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.responses import Response

from app.core.db import Doors
from app.core.errors import AppError
from app.wechat import service
from app.wechat.errors import WechatUnavailable
from app.wechat.service import close, connect, openid_of, phone_of
from tests.wechat.conftest import (
    APP_ID,
    BASE,
    MODES,
    OPENID,
    SECRET,
    Control,
    answering,
    connected,
    token_of,
)


async def test_the_limits_leave_a_sign_in_six_seconds() -> None:
    assert service.SESSION_SECONDS + service.AGAIN_SECONDS <= 4
    assert service.PHONE_SECONDS + service.AGAIN_SECONDS <= 5
    assert service.WAIT_SECONDS <= 3
    assert service.LEASE_SECONDS > service.PHONE_SECONDS + service.AGAIN_SECONDS


@pytest.mark.parametrize(("size", "is_read"), [(64 << 10, True), ((64 << 10) + 1, False)])
async def test_how_large_an_answer_may_be(size: int, is_read: bool) -> None:
    body = b'{"openid":"o","pad":"' + b"x" * (size - 23) + b'"}'
    assert len(body) == size
    async with connected(Response(body)) as wechat:
        if is_read:
            assert await openid_of(wechat, "code") == "o"
        else:
            with pytest.raises(WechatUnavailable):
                await openid_of(wechat, "code")


async def test_a_large_answer_is_not_read_to_its_end() -> None:
    async with answering(b" " * 65536, repeat=4096) as server, connected(server.port) as wechat:
        with pytest.raises(WechatUnavailable):
            await openid_of(wechat, "code")
        await asyncio.sleep(0.05)
        assert sum(server.sent) < 64 << 20


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(b'{"openid":"o"}')
    head = b"Content-Encoding: gzip\r\n"
    async with answering(packed, head) as server, connected(server.port) as wechat:
        with pytest.raises(WechatUnavailable):
            await openid_of(wechat, "code")
        assert b"accept-encoding: identity" in server.heads[0].lower()


async def test_an_answer_that_trickles(brief: None) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    async with server, connected(server.sockets[0].getsockname()[1]) as wechat:
        before = time.monotonic()
        with pytest.raises(WechatUnavailable):
            await openid_of(wechat, "code")
        assert time.monotonic() - before < 1


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with connected(taken.getsockname()[1]) as wechat:
            with pytest.raises(WechatUnavailable):
                await openid_of(wechat, "code")


async def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(b'{"openid":"o-proxy"}') as proxy, answering(b'{"openid":"o"}') as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        async with connected(server.port) as wechat:
            assert await openid_of(wechat, "code") == "o"
        assert proxy.heads == []


# ── What nobody may see


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Everything that was logged, by us and by the libraries at their most talkative."""
    for name in ("", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    with structlog.testing.capture_logs() as ours:
        yield lambda: f"{ours} {caplog.text}"


def _everything(error: BaseException | None) -> str:
    """Write an exception with all that hangs on it."""
    found = ""
    while error is not None:
        found += f"{error!r} {error} {vars(error)} {getattr(error, '_request', None)} "
        error = error.__cause__ or error.__context__
    return found


async def test_no_secret_is_told(
    fake: FastAPI, control: Control, doors: Doors, brief: None, told: Callable[[], str]
) -> None:
    wechat = connect(APP_ID, SECRET, BASE, transport=httpx.ASGITransport(fake))
    seen, hidden = repr(wechat), {SECRET, "session_key"}
    for mode in ("ok", *MODES):
        await control.mode("ok")
        code, phone_code = await control.codes(OPENID, "13800000001")
        hidden |= {code, phone_code, await token_of(wechat, doors)}
        await control.mode(mode)
        asked: list[Awaitable[Any]] = [
            openid_of(wechat, code),
            openid_of(wechat, code),
            phone_of(wechat, doors, phone_code),
        ]
        for one in asked:
            try:
                await one
            except AppError as refused:
                seen += _everything(refused)
    await close(wechat)
    seen += told()
    assert "HTTP Request: GET https://wechat.test/sns/jscode2session" in seen  # httpx did log
    assert [h for h in hidden if h in seen] == []
    assert [n for n in (OPENID, "13800000001") if n in seen] == []


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError]
)
async def test_no_secret_is_told_by_a_failure(
    error: type[httpx.HTTPError], told: Callable[[], str]
) -> None:
    async with connected(error("lost")) as wechat:
        with pytest.raises(WechatUnavailable) as raised:
            await openid_of(wechat, "the-code")
    seen = _everything(raised.value) + told()
    assert error.__name__ in seen
    assert SECRET not in seen
    assert "the-code" not in seen


@pytest.mark.parametrize(("app_id", "secret"), [(APP_ID, "wrong-secret"), ("wx-wrong", SECRET)])
async def test_a_wrong_secret_is_told_by_its_errcode(
    fake: FastAPI,
    control: Control,
    doors: Doors,
    told: Callable[[], str],
    app_id: str,
    secret: str,
) -> None:
    code, phone_code = await control.codes(OPENID, "13800000001")
    wechat = connect(app_id, secret, BASE, transport=httpx.ASGITransport(fake))
    for asked in (openid_of(wechat, code), phone_of(wechat, doors, phone_code)):
        with pytest.raises(WechatUnavailable):
            await asked
    await close(wechat)
    errcode = 40125 if app_id == APP_ID else 40013
    seen = told()
    assert f"'errcode': {errcode}, 'event': 'wechat refuses this mini-program'" in seen
    assert "'log_level': 'error'" in seen
    assert secret not in seen
