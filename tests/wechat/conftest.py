"""A fake WeChat, the adapter that asks it, and a database that really commits."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from app.core.db import Doors
from app.core.errors import AppError
from app.fake_wechat.router import create_fake
from app.wechat import service
from app.wechat.errors import CodeRefused, WechatBusy, WechatUnavailable
from app.wechat.service import WeChat, close, connect
from tests.conftest import _at, _sql, new_database

APP_ID, SECRET = "wx0123456789abcdef", "the-app-secret-nobody-may-see"
BASE = "https://wechat.test"
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ01"
MODES: dict[str, type[AppError]] = {
    "busy": WechatUnavailable,
    "limited": WechatBusy,
    "risky": CodeRefused,
    "html": WechatUnavailable,
    "huge": WechatUnavailable,
    "hang": WechatUnavailable,
    "no_openid": WechatUnavailable,
    "garbage": WechatUnavailable,
    "error500": WechatUnavailable,
    "redirect": WechatUnavailable,
}


class Control:
    """Tells the fake what to do, through its own HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def codes(self, openid: str | None = None, phone: str | None = None) -> tuple[str, str]:
        answer = await self.client.post("/fake/codes", json={"openid": openid, "phone": phone})
        assert answer.status_code == 200, answer.text
        return answer.json()["code"], answer.json()["phone_code"]

    async def phone_code(self, phone: str = "13800000001") -> str:
        return (await self.codes(phone=phone))[1]

    async def mode(self, mode: str, times: int | None = None) -> None:
        answer = await self.client.post("/fake/mode", json={"mode": mode, "times": times})
        assert answer.status_code == 204, answer.text

    async def spoil(self, **fault: Any) -> None:
        answer = await self.client.post("/fake/token", json=fault)
        assert answer.status_code == 204, answer.text

    async def calls(self) -> dict[str, int]:
        counted: dict[str, int] = (await self.client.get("/fake/calls")).json()
        return counted


class Answering(NamedTuple):
    """A server that gives one answer to everything."""

    port: int
    heads: list[bytes]
    sent: list[int]


@asynccontextmanager
async def answering(body: bytes, head: bytes = b"", *, repeat: int = 1) -> AsyncIterator[Answering]:
    made = Answering(0, [], [])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.heads.append(await reader.readuntil(b"\r\n\r\n"))
        size = str(len(body) * repeat).encode()
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: " + size + b"\r\n\r\n")
        try:
            for _ in range(repeat):
                writer.write(body)
                await writer.drain()
                made.sent.append(len(body))
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield made._replace(port=server.sockets[0].getsockname()[1])


@asynccontextmanager
async def connected(answer: Response | Exception | int) -> AsyncIterator[WeChat]:
    """Connect to an answer, to a failure, or to a port."""

    def fail(_: httpx.Request) -> httpx.Response:
        assert isinstance(answer, Exception)
        raise answer

    if isinstance(answer, int):
        made = connect(APP_ID, SECRET, f"http://127.0.0.1:{answer}")
    elif isinstance(answer, Response):
        made = connect(APP_ID, SECRET, BASE, transport=httpx.ASGITransport(answer))
    else:
        made = connect(APP_ID, SECRET, BASE, transport=httpx.MockTransport(fail))
    yield made
    await close(made)


@pytest.fixture
def fake() -> FastAPI:
    return create_fake(APP_ID, SECRET)


@pytest.fixture
async def control(fake: FastAPI) -> AsyncIterator[Control]:
    transport = httpx.ASGITransport(fake)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield Control(client)


@pytest.fixture
async def wechat(fake: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WeChat]:
    monkeypatch.setattr(service, "AGAIN_SECONDS", 0.01)
    made = connect(APP_ID, SECRET, BASE, transport=httpx.ASGITransport(fake))
    yield made
    await close(made)


async def token_of(wechat: WeChat, doors: Doors, refused: str | None = None) -> str:
    """Get the token that all workers share, as the question for a phone does."""
    until = service._in(service.PHONE_SECONDS)
    return await service._token(wechat, doors, refused, until)


@pytest.fixture(scope="session")
def url(worker_id: str) -> Iterator[str]:
    """A database of its own, in which what is written is there for every connection."""
    name = f"hangji_wechat_{worker_id}"
    asyncio.run(new_database(name))
    yield _at(os.environ["HANGJI_TEST_APPLICATION"], name)
    asyncio.run(_sql(os.environ["HANGJI_TEST_SUPERUSER"], f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def two_doors(url: str) -> AsyncIterator[tuple[Doors, Doors]]:
    """The doors of two workers."""
    await _sql(url, "DELETE FROM wechat_token", "DELETE FROM wechat_code")
    first, second = Doors.to(url, pool_size=4), Doors.to(url, pool_size=4)
    yield first, second
    await first.close()
    await second.close()


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second at most for a call, so that a test does not wait as long as a user may."""
    monkeypatch.setattr(service, "SESSION_SECONDS", 0.3)
    monkeypatch.setattr(service, "PHONE_SECONDS", 0.6)
