"""What is asked of WeChat: who sent a code, which phone is theirs, and the token that it takes.

The parameters of a call hold the secret, a token or a code. They are put on below the client, so
no log line and no exception of it knows them. No transaction is open while WeChat is asked.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx
import structlog
from pydantic import ValidationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core import crypto
from app.core.db import Doors
from app.core.errors import AppError
from app.core.settings import Settings
from app.wechat import logic
from app.wechat.errors import CodeRefused, WechatUnavailable
from app.wechat.models import WeChatCode, WeChatToken
from app.wechat.schemas import PhoneReply, Reply, SessionReply, TokenReply
from app.wechat.types import Sending

R = TypeVar("R", bound=Reply)
T = TypeVar("T")
_log = structlog.get_logger(__name__)
_HIDDEN = "hangji.hidden"

SESSION, TOKEN = "/sns/jscode2session", "/cgi-bin/stable_token"
PHONE, SEND = "/wxa/business/getuserphonenumber", "/cgi-bin/message/subscribe/send"
CONNECT_SECONDS = 2.0
SESSION_SECONDS, PHONE_SECONDS, SEND_SECONDS = 3.5, 4.5, 4.5
"""Whole calls, with what is asked again."""
AGAIN_SECONDS = 0.2
MAX_BYTES = 64 << 10
LEASE_SECONDS = 6.0
"""Longer than any call, so nobody takes the fetching over from one that still asks."""
WAIT_SECONDS, POLL_SECONDS = 3.0, 0.1
PAUSE_SECONDS = 1.0
"""After a failure: those who wait do not all ask WeChat at once."""
FORCED_SECONDS = 30.0
"""WeChat gives no other token sooner, and 20 a day."""
FRESH = timedelta(minutes=5)
KEPT = timedelta(minutes=10)
"""Twice as long as WeChat takes a code."""


class _Hiding(httpx.AsyncBaseTransport):
    """Puts the hidden parameters on a request after the client has seen it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on."""
        whole = httpx.Request(
            request.method,
            request.url.copy_merge_params(request.extensions[_HIDDEN]),
            headers=request.headers,
            stream=request.stream,
            extensions={"timeout": request.extensions["timeout"]},
        )
        return await self._inner.handle_async_request(whole)

    async def aclose(self) -> None:
        """Close it."""
        await self._inner.aclose()


@dataclass(frozen=True)
class WeChat:
    """A mini-program (小程序), and the way to WeChat."""

    app_id: str
    secret: str = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)


def connect(
    app_id: str, secret: str, base_url: str, transport: httpx.AsyncBaseTransport | None = None
) -> WeChat:
    """Prepare calls to WeChat at `base_url`, or to what stands in for it; nothing is sent yet.

    No redirect and no proxy of the environment is followed: calls go there and nowhere else.
    """
    client = httpx.AsyncClient(
        base_url=base_url,
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(PHONE_SECONDS, connect=CONNECT_SECONDS),
        # unpacked, a small body may be a large one
        headers={"accept": "application/json", "accept-encoding": "identity"},
        transport=_Hiding(transport or httpx.AsyncHTTPTransport(trust_env=False)),
    )
    return WeChat(app_id, secret, client)


def of_settings(chosen: Settings) -> WeChat | None:
    """Prepare calls for the mini-program that is set, if one is."""
    if chosen.wechat_app_id is None or chosen.wechat_app_secret is None:
        return None
    secret = chosen.wechat_app_secret.get_secret_value()
    return connect(chosen.wechat_app_id, secret, chosen.wechat_base_url)


async def close(wechat: WeChat) -> None:
    """Close the connections."""
    await wechat.client.aclose()


async def openid_of(wechat: WeChat, code: str) -> str:
    """Ask whose code of `wx.login` this is; the `session_key` beside the answer is dropped.

    Raises `CodeRefused`, `WechatBusy` or `WechatUnavailable`.
    """
    params = {
        "appid": wechat.app_id,
        "secret": wechat.secret,
        "js_code": logic.checked(code),
        "grant_type": "authorization_code",
    }
    until = _in(SESSION_SECONDS)
    reply = await _ask(wechat, SessionReply, SESSION, until, params)
    _accept(SESSION, reply)
    return _there(SESSION, reply.openid)


async def phone_of(wechat: WeChat, doors: Doors, code: str) -> str:
    """Ask for the mainland phone number that the user gave with this code, without +86.

    Raises `CodeRefused`, `WechatBusy` or `WechatUnavailable`.
    """
    body, until = {"code": logic.checked(code)}, _in(PHONE_SECONDS)
    token = await _token(wechat, doors, None, until)
    reply = await _phone(wechat, token, body, until)
    if reply.errcode in logic.TOKEN_REFUSED:
        token = await _token(wechat, doors, token, until)
        reply = await _phone(wechat, token, body, until)
    _accept(PHONE, reply)
    found = _there(PHONE, reply.phone_info)
    return logic.mainland_number(found.country_code, found.pure_phone_number)


async def send(
    wechat: WeChat, doors: Doors, openid: str, template_id: str, data: dict[str, Any]
) -> Sending:
    """Send a user one subscription message, and tell what came of it (发送订阅消息).

    `LATER` is said only where nothing can have been sent.
    """
    body = {"touser": openid, "template_id": template_id, "data": data}
    until, token, errcode = _in(SEND_SECONDS), None, logic.SYSTEM_BUSY
    for _ in range(2):
        try:
            token = await _token(wechat, doors, token, until)
        except AppError:
            return Sending.LATER
        try:
            reply = await _ask(wechat, Reply, SEND, until, {"access_token": token}, body)
        except WechatUnavailable as lost:
            return Sending.LATER if lost.is_unsent else Sending.UNKNOWN
        errcode = reply.errcode
        if errcode not in logic.TOKEN_REFUSED:
            break
    outcome = logic.sending(errcode)
    if outcome is not Sending.SENT:
        log = _log.error if outcome is Sending.FAILED else _log.info
        log("wechat sent no message", errcode=errcode)
    return outcome


async def first_use(doors: Doors, code: str) -> None:
    """Note that a code came here; of all who bring the same one, the first passes.

    Raises `CodeRefused`.
    """
    digest = crypto.keys().sign(b"wechat code\0" + logic.checked(code).encode())
    row = insert(WeChatCode).values(hash=digest, seen_at=func.clock_timestamp())
    async with doors.writing() as session:
        noted = await session.scalar(row.on_conflict_do_nothing().returning(WeChatCode.hash))
    if noted is None:
        raise CodeRefused


async def forget_codes(doors: Doors) -> None:
    """Forget the codes that WeChat would not take any more."""
    old = WeChatCode.seen_at < func.clock_timestamp() - KEPT
    async with doors.writing() as session:
        await session.execute(delete(WeChatCode).where(old))


# ── The token


@dataclass(frozen=True)
class _Kept:
    """The stored token: `token` is None where there is none that can be used at all."""

    cipher: bytes | None
    token: str | None
    is_fresh: bool


async def _token(wechat: WeChat, doors: Doors, refused: str | None, until: float) -> str:
    """Give the token that all workers share, or another one than `refused`, which failed."""
    give_up = min(_in(WAIT_SECONDS), until)
    while True:
        kept = await _kept(wechat, doors)
        usable = kept.token if kept.token != refused else None
        if usable and kept.is_fresh:
            return usable
        lease = await _lease(wechat, doors, kept.cipher)
        if lease is not None:
            return await _fetch(wechat, doors, lease, refused, until)
        if usable:
            return usable
        if _in(POLL_SECONDS) > give_up:
            _log.warning("wechat token is being fetched elsewhere")
            raise WechatUnavailable
        await asyncio.sleep(POLL_SECONDS)


async def _kept(wechat: WeChat, doors: Doors) -> _Kept:
    now = func.clock_timestamp()
    row = select(
        WeChatToken.token_cipher,
        (WeChatToken.expires_at > now).label("is_valid"),
        (WeChatToken.expires_at > now + FRESH).label("is_fresh"),
    ).where(WeChatToken.app_id == wechat.app_id)
    found = (await doors.reading([]).execute(row)).one_or_none()
    if found is None:
        return _Kept(None, None, is_fresh=False)
    token = None
    if found.token_cipher is not None and found.is_valid:
        try:
            token = crypto.keys().decrypt(found.token_cipher, _context(wechat))
        except crypto.Tampered:  # written with other keys
            _log.warning("wechat token cannot be decrypted")
    return _Kept(found.token_cipher, token, is_fresh=bool(found.is_fresh))


async def _lease(wechat: WeChat, doors: Doors, seen: bytes | None) -> datetime | None:
    """Become the one that fetches, unless somebody is it or the token is not the one `seen`."""
    ends = func.clock_timestamp() + timedelta(seconds=LEASE_SECONDS)
    row = insert(WeChatToken).values(app_id=wechat.app_id, fetching_until=ends)
    is_free = WeChatToken.fetching_until.is_(None) | (
        WeChatToken.fetching_until <= func.clock_timestamp()
    )
    taken = row.on_conflict_do_update(
        index_elements=[WeChatToken.app_id],
        set_={"fetching_until": row.excluded.fetching_until},
        where=is_free & WeChatToken.token_cipher.is_not_distinct_from(seen),
    ).returning(WeChatToken.fetching_until)
    async with doors.writing() as session:
        lease: datetime | None = await session.scalar(taken)
    return lease


async def _fetch(
    wechat: WeChat, doors: Doors, lease: datetime, refused: str | None, until: float
) -> str:
    """Get a token from WeChat and keep it; the lease ends with that, or runs out after a crash."""
    try:
        token, seconds = await _stable_token(wechat, until, is_forced=False)
        is_forced = token == refused
        if is_forced:
            token, seconds = await _stable_token(wechat, until, is_forced=True)
    except AppError:
        await _end(wechat, doors, lease, PAUSE_SECONDS)
        raise
    cipher = crypto.keys().encrypt(token, _context(wechat))
    expires = func.clock_timestamp() + timedelta(seconds=seconds)
    pause = FORCED_SECONDS if is_forced else None
    await _end(wechat, doors, lease, pause, token_cipher=cipher, expires_at=expires)
    return token


async def _end(
    wechat: WeChat, doors: Doors, lease: datetime, pause: float | None, **values: Any
) -> None:
    """End the lease, but let nobody take one for `pause` seconds; one that was lost stays so."""
    free = func.clock_timestamp() + timedelta(seconds=pause) if pause is not None else None
    mine = WeChatToken.app_id == wechat.app_id, WeChatToken.fetching_until == lease
    row = update(WeChatToken).where(*mine).values(fetching_until=free, **values)
    async with doors.writing() as session:
        await session.execute(row)


def _context(wechat: WeChat) -> str:
    return f"wechat_token:{wechat.app_id}"


# ── Calls


async def _stable_token(wechat: WeChat, until: float, *, is_forced: bool) -> tuple[str, int]:
    body = {
        "grant_type": "client_credential",
        "appid": wechat.app_id,
        "secret": wechat.secret,
        "force_refresh": is_forced,
    }
    reply = await _ask(wechat, TokenReply, TOKEN, until, {}, body)
    _accept(TOKEN, reply)
    return _there(TOKEN, reply.access_token), _there(TOKEN, reply.expires_in)


async def _phone(wechat: WeChat, token: str, body: dict[str, str], until: float) -> PhoneReply:
    return await _ask(wechat, PhoneReply, PHONE, until, {"access_token": token}, body)


async def _ask(
    wechat: WeChat,
    kind: type[R],
    path: str,
    until: float,
    params: dict[str, str],
    body: dict[str, Any] | None = None,
) -> R:
    """Ask, and once more where WeChat was busy."""
    reply = await _reply(wechat, kind, path, until, params, body)
    if reply.errcode == logic.SYSTEM_BUSY:
        await asyncio.sleep(AGAIN_SECONDS)
        reply = await _reply(wechat, kind, path, until, params, body)
    return reply


async def _reply(
    wechat: WeChat,
    kind: type[R],
    path: str,
    until: float,
    params: dict[str, str],
    body: dict[str, Any] | None,
) -> R:
    """Read one answer, whatever type it says it has: WeChat sends its errors as text/plain."""
    method = "GET" if body is None else "POST"
    call = wechat.client.stream(method, path, json=body, extensions={_HIDDEN: params})
    read = bytearray()
    try:
        async with asyncio.timeout_at(until), call as response:
            if response.status_code != httpx.codes.OK:
                is_unsent = response.status_code >= httpx.codes.BAD_REQUEST
                raise _unavailable(path, is_unsent=is_unsent, status=response.status_code)
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > MAX_BYTES:
                    raise _unavailable(path, reason="too large")
        return kind.model_validate_json(read)
    except ValidationError:
        raise _unavailable(path, reason="cannot be read") from None
    except (httpx.HTTPError, TimeoutError) as lost:
        is_unsent = isinstance(lost, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
        raise _unavailable(path, is_unsent=is_unsent, reason=type(lost).__name__) from None


def _accept(path: str, reply: Reply) -> None:
    refusal = logic.refusal(reply.errcode)
    if refusal is None:
        return
    if refusal is WechatUnavailable and reply.errcode != logic.SYSTEM_BUSY:
        # the app id, the secret or a setting at WeChat is wrong: somebody has to put it right
        _log.error("wechat refuses this mini-program", path=path, errcode=reply.errcode)
    else:
        _log.info("wechat refused", path=path, errcode=reply.errcode)
    raise refusal


def _there(path: str, value: T | None) -> T:
    if value is None:
        raise _unavailable(path, reason="incomplete")
    return value


def _unavailable(path: str, *, is_unsent: bool = False, **reason: Any) -> WechatUnavailable:
    _log.warning("wechat unavailable", path=path, **reason)
    refusal = WechatUnavailable()
    refusal.is_unsent = is_unsent
    return refusal


def _in(seconds: float) -> float:
    """Say when `seconds` from now is, by the event loop's clock."""
    return asyncio.get_running_loop().time() + seconds
