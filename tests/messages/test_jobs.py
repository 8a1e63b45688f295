"""Each consent is one message, and no message goes out twice."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from app.access.jobs import OPENIDS
from app.core import crypto
from app.core.audit import AuditBroken
from app.core.db import Doors
from app.core.errors import Text
from app.members import jobs as rotation
from app.messages import jobs as sending
from app.messages.jobs import deliver, send_notices
from app.messages.logic import MOST_TRIES
from app.messages.service import tell
from app.messages.types import MessageKind, Notice
from app.wechat import service as wechats
from app.wechat.service import WeChat
from tests.make.messages import TEMPLATE, Taker, make_taker
from tests.make.organizations import make_district, make_organization
from tests.messages.conftest import APP, BASE, SECRET, Fake

NOTICE = Notice("测试第一党支部", date(2020, 1, 5), "任期将届满，请筹备换届")
DATA = {
    "thing1": {"value": "测试第一党支部"},
    "date2": {"value": "2020年1月5日"},
    "thing3": {"value": "任期将届满，请筹备换届"},
}


async def remind(session: AsyncSession, *takers: Taker, district_code: str = "231005") -> None:
    """Tell each of `takers` once, through WeChat as well."""
    await tell(
        session,
        district_code,
        MessageKind.ELECTION,
        ("organization", takers[0].member),
        Text("换届", "Election"),
        accounts=[taker.account for taker in takers],
        notice=NOTICE,
    )


async def notices(session: AsyncSession) -> list[tuple[str, int]]:
    rows = text("SELECT status, tries FROM wechat_notice ORDER BY message_id")
    return [tuple(row) for row in await session.execute(rows)]


async def left(session: AsyncSession, taker: Taker) -> int:
    rows = text("SELECT remaining FROM wechat_consent WHERE wechat_index = :index")
    return int(await session.scalar(rows, {"index": taker.index}) or 0)


async def told(session: AsyncSession) -> list[Any]:
    rows = "SELECT district_code, detail FROM audit_entry WHERE action = 'job.send_notices'"
    return [tuple(row) for row in await session.execute(text(f"{rows} ORDER BY number"))]


async def wait(session: AsyncSession) -> None:
    """Let an hour and more go by for what was tried."""
    later = "UPDATE wechat_notice SET tried_at = tried_at - interval '65 minutes'"
    await session.execute(text(later))


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root)


@pytest.fixture
async def taker(session: AsyncSession, branch: UUID, fake: Fake) -> Taker:
    made = await make_taker(session, branch, 2)
    await fake.accept(made, 2)
    return made


async def test_one_consent_is_one_message(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker, branch: UUID
) -> None:
    never = await make_taker(session, branch, None)
    spent = await make_taker(session, branch, 0)
    await remind(session, taker, never, spent)
    assert await left(session, taker) == 1
    for _ in range(2):
        await deliver(doors, wechat)
    assert await fake.sent() == [{"touser": taker.openid, "template_id": TEMPLATE, "data": DATA}]
    await remind(session, taker)
    await remind(session, taker)  # nothing is left for a third one
    await deliver(doors, wechat)
    assert len(await fake.sent()) == 2
    assert await left(session, taker) == 0
    assert await notices(session) == [("sent", 1), ("sent", 1)]
    assert await told(session) == [("231005", {"due": 1, "lost": 0})] * 2


async def test_a_job_is_queued_with_them(session: AsyncSession, doors: Doors, taker: Taker) -> None:
    async with doors.writing(["231005"]) as writing:
        await remind(writing, taker)
        await remind(writing, taker)
    queued = text("SELECT task_name, lock FROM procrastinate_jobs")
    assert [tuple(r) for r in await session.execute(queued)] == [("send_notices", "send_notices")]
    await send_notices(doors)  # there is no mini-program: they stay
    assert await notices(session) == [("queued", 0)] * 2


async def test_a_refusal_ends_the_other_consents(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker, branch: UUID
) -> None:
    other = await make_taker(session, branch, 1)
    await fake.accept(other)
    await fake.accept(taker, 0)
    await remind(session, taker, other)
    await deliver(doors, wechat)
    assert sorted(await notices(session)) == [("refused", 1), ("sent", 1)]
    assert await left(session, taker) == 0
    assert [m["touser"] for m in await fake.sent()] == [other.openid]
    await remind(session, taker)
    assert len(await notices(session)) == 2


async def test_a_token_that_is_refused_is_fetched_anew(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker
) -> None:
    await remind(session, taker)
    await deliver(doors, wechat)
    await fake.spoil_token()
    await remind(session, taker)
    await deliver(doors, wechat)
    assert await notices(session) == [("sent", 1), ("sent", 1)]
    assert await fake.asked() == 3


@pytest.mark.parametrize("mode", ["busy", "limited", "error500"])
async def test_what_was_surely_not_sent_is_tried_again(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker, mode: str
) -> None:
    await wechats._token(wechat, doors, None, wechats._in(1))
    await fake.mode(mode)
    await remind(session, taker)
    await deliver(doors, wechat)
    assert await notices(session) == [("queued", 1)]
    assert await left(session, taker) == 1
    await fake.mode("ok")
    await deliver(doors, wechat)  # not at once
    assert await notices(session) == [("queued", 1)]
    await wait(session)
    await deliver(doors, wechat)
    assert await notices(session) == [("sent", 2)]
    assert len(await fake.sent()) == 1
    assert await left(session, taker) == 1


async def test_not_for_ever(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker
) -> None:
    await wechats._token(wechat, doors, None, wechats._in(1))
    await fake.mode("limited")
    await remind(session, taker)
    for tries in range(1, MOST_TRIES):
        await deliver(doors, wechat)
        assert await notices(session) == [("queued", tries)]
        await wait(session)
    await deliver(doors, wechat)
    assert await notices(session) == [("failed", MOST_TRIES)]
    assert await left(session, taker) == 2  # WeChat used none up
    await fake.mode("ok")
    await wait(session)
    await deliver(doors, wechat)
    assert await fake.sent() == []


@pytest.mark.parametrize("mode", ["garbage", "html", "huge", "hang"])
async def test_what_may_have_arrived_is_not_sent_again(
    session: AsyncSession,
    doors: Doors,
    wechat: WeChat,
    fake: Fake,
    taker: Taker,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    monkeypatch.setattr(wechats, "SEND_SECONDS", 0.3)
    await wechats._token(wechat, doors, None, wechats._in(1))
    await fake.mode(mode)
    await remind(session, taker)
    await deliver(doors, wechat)
    await fake.mode("ok")
    await wait(session)
    await deliver(doors, wechat)
    assert await notices(session) == [("unknown", 1)]
    assert await fake.asked() == 1
    assert await left(session, taker) == 1


async def test_no_token_no_message(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker
) -> None:
    await fake.mode("html", 1)
    await remind(session, taker)
    await deliver(doors, wechat)
    assert await notices(session) == [("queued", 1)]
    assert await fake.asked() == 0


async def test_a_run_ends_and_the_next_goes_on(
    session: AsyncSession,
    doors: Doors,
    wechat: WeChat,
    fake: Fake,
    taker: Taker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "RUN_SECONDS", -1)
    for _ in range(2):
        await remind(session, taker)
    for n in (1, 2, 2):
        await deliver(doors, wechat)
        assert len(await fake.sent()) == n


async def test_whoever_died_at_it_is_not_repeated(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker
) -> None:
    await remind(session, taker)
    started = "UPDATE wechat_notice SET status = 'sending', tries = 1, tried_at = now() - {} * "
    for minutes, status in ((9, "sending"), (11, "unknown")):
        await session.execute(text(f"{started.format(minutes)} interval '1 minute'"))
        await deliver(doors, wechat)
        assert await notices(session) == [(status, 1)]
    assert await fake.sent() == []
    assert await told(session) == [("231005", {"due": 0, "lost": 1})]


@pytest.mark.parametrize(
    "change",
    ["is_disabled = true", "wechat_index = NULL, wechat_cipher = NULL", "wechat_index = 'another'"],
)
async def test_whoever_is_it_no_longer_is_not_told(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker, change: str
) -> None:
    await remind(session, taker)
    await session.execute(
        text(f"UPDATE account SET {change} WHERE id = :id"), {"id": taker.account}
    )
    await deliver(doors, wechat)
    assert await notices(session) == [("failed", 1)]
    assert await fake.asked() == 0
    assert await left(session, taker) == 2


async def test_a_district_holds_up_no_other(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker
) -> None:
    there = await make_organization(
        session, await make_district(session, "231004"), district_code="231004"
    )
    near = await make_taker(session, there, district_code="231004")
    await fake.accept(near)
    await remind(session, near, district_code="231004")
    await remind(session, taker)
    async with doors.writing(["231004"]) as writing:
        bad = "INSERT INTO audit_head VALUES ('231004', 1, 'x', 'x')"
        await writing.execute(text(bad))
    with pytest.raises(AuditBroken):
        await deliver(doors, wechat)
    assert [m["touser"] for m in await fake.sent()] == [taker.openid]


async def test_nothing_secret_is_logged(
    session: AsyncSession, doors: Doors, wechat: WeChat, fake: Fake, taker: Taker
) -> None:
    with capture_logs() as logs:
        for mode in ("ok", "limited", "garbage"):
            await session.execute(text("UPDATE wechat_consent SET remaining = 9"))
            await fake.mode(mode)
            await remind(session, taker)
            await deliver(doors, wechat)
    stored = text("SELECT token_cipher FROM wechat_token")
    assert await session.scalar(stored) is not None
    kept = await wechats._kept(wechat, doors)
    audited = text("SELECT string_agg(coalesce(detail::text, ''), ' ') FROM audit_entry")
    whole = f"{logs} {await session.scalar(audited)}"
    assert logs
    for secret in (taker.openid, SECRET, kept.token):
        assert secret
        assert secret not in whole


async def test_openids_are_encrypted_and_again_when_keys_rotate(
    session: AsyncSession,
    doors: Doors,
    wechat: WeChat,
    fake: Fake,
    branch: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crypto, "LOOK_SECONDS", -0.5)
    ring = crypto.load_keys(tmp_path / "keys.json", "sm4-gcm", make=True)
    crypto.use(ring)
    taker = await make_taker(session, branch)
    await fake.accept(taker)
    await remind(session, taker)
    newer = crypto.add_master(ring)
    crypto.use(newer)
    assert await rotation.heads(doors, (OPENIDS,)) == {"account.wechat": {ring.head: 1}}
    done = await rotation.encrypt_anew(doors, lambda *_: None, (OPENIDS,))
    assert (done.rows, done.left, done.unreadable) == (1, 0, set())
    assert await rotation.heads(doors, (OPENIDS,)) == {"account.wechat": {newer.head: 1}}
    await deliver(doors, wechat)
    assert [m["touser"] for m in await fake.sent()] == [taker.openid]
    stored = text("SELECT wechat_cipher FROM account WHERE id = :id")
    assert taker.openid.encode() not in await session.scalar(stored, {"id": taker.account})


async def test_through_the_settings(
    session: AsyncSession,
    doors: Doors,
    fake: Fake,
    taker: Taker,
    transport: httpx.ASGITransport,
    app: FastAPI,
) -> None:
    """A sign-in through WeChat keeps the openid of an account that was bound before."""
    forget = text("UPDATE account SET wechat_cipher = NULL WHERE id = :id")
    await session.execute(forget, {"id": taker.account})
    await remind(session, taker)
    assert await notices(session) == []  # nobody knows to whom
    app.state.wechat = wechats.connect(APP, SECRET, BASE, transport)
    codes = await fake.client.post("/fake/codes", json={"openid": taker.openid})
    code = {"code": codes.json()["code"]}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test/v1"
    ) as client:
        assert (await client.post("/sessions/wechat", json=code)).status_code == 200
    await remind(session, taker)
    await deliver(doors, app.state.wechat)
    assert [m["touser"] for m in await fake.sent()] == [taker.openid]
    await wechats.close(app.state.wechat)
