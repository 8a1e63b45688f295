"""A fake WeChat that takes messages, and the template that the deployment has."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.core.settings import settings
from app.fake_wechat.router import create_fake
from app.wechat import service as wechats
from app.wechat.service import WeChat
from tests.make.messages import TEMPLATE, Taker

APP, SECRET, BASE = "wx0123456789abcdef", "s3cret-of-the-app", "http://wechat.test"


class Fake:
    """Tells the fake what to do, through its own HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def accept(self, taker: Taker, count: int = 1) -> None:
        body = {"openid": taker.openid, "template_id": TEMPLATE, "count": count}
        assert (await self.client.post("/fake/consents", json=body)).status_code == 204

    async def mode(self, mode: str, times: int | None = None) -> None:
        body = {"mode": mode, "times": times}
        assert (await self.client.post("/fake/mode", json=body)).status_code == 204

    async def spoil_token(self) -> None:
        await self.client.post("/fake/token", json={"is_refused": True})

    async def sent(self) -> list[Any]:
        found: list[Any] = (await self.client.get("/fake/messages")).json()
        return found

    async def asked(self) -> int:
        calls: dict[str, int] = (await self.client.get("/fake/calls")).json()
        return calls.get(wechats.SEND, 0)


@pytest.fixture(autouse=True)
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "wechat_election_template", TEMPLATE)
    monkeypatch.setattr(wechats, "AGAIN_SECONDS", 0.01)


@pytest.fixture
def transport() -> httpx.ASGITransport:
    return httpx.ASGITransport(create_fake(APP, SECRET))


@pytest.fixture
async def fake(transport: httpx.ASGITransport) -> AsyncIterator[Fake]:
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield Fake(client)


@pytest.fixture
async def wechat(transport: httpx.ASGITransport) -> AsyncIterator[WeChat]:
    made = wechats.connect(APP, SECRET, BASE, transport)
    yield made
    await wechats.close(made)
