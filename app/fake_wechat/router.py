"""The fake server's HTTP: WeChat's four paths, and under `/fake` what a test tells it."""

import asyncio
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import Field

from app.core.schemas import Count, Flag, Schema
from app.fake_wechat import logic
from app.fake_wechat.types import Answer, Mode, State

HANG_SECONDS, SLOW_SECONDS, HUGE_BYTES = 60, 1, 3_000_000
ELSEWHERE = "/redirected"
router = APIRouter()


class CodesNew(Schema):
    """Whose codes are wanted."""

    openid: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Without one, somebody whom nobody knows."""
    phone: Annotated[str, Field(pattern=r"^([+][0-9]{3})?[0-9]{5,15}$")] | None = None
    """Of the mainland, or `+` and three digits of the country before it."""


class ModeNew(Schema):
    """How it is to answer."""

    mode: Mode
    times: Annotated[Count, Field(ge=1, le=1000)] | None = None


class TokenFault(Schema):
    """What happens to the token that is valid now."""

    seconds_left: Annotated[Count, Field(ge=0, le=7200)] | None = None
    is_refused: Flag = False


class ConsentsNew(Schema):
    """That a user takes so many messages of a template; none is a refusal."""

    openid: Annotated[str, Field(min_length=1, max_length=128)]
    template_id: Annotated[str, Field(min_length=1, max_length=64)]
    count: Annotated[Count, Field(ge=0, le=100)] = 1


def create_fake(app_id: str, secret: str, clock: Callable[[], float] = time.monotonic) -> FastAPI:
    """Build the server for one mini-program."""
    app = FastAPI(title="WeChat, not real", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.wechat, app.state.clock = State(app_id, secret), clock
    app.include_router(router)
    return app


def _state(request: Request) -> tuple[State, float]:
    return request.app.state.wechat, request.app.state.clock()


@router.get("/sns/jscode2session")
async def session(request: Request) -> Response:
    """Tell whose code it is (小程序登录)."""
    return await _answer(request, lambda s, now, _: logic.session(s, now, {**request.query_params}))


@router.post("/cgi-bin/stable_token")
async def stable_token(request: Request) -> Response:
    """Give the token (获取稳定版接口调用凭据)."""
    return await _answer(request, logic.token, takes_code=False)


@router.post("/wxa/business/getuserphonenumber")
async def phone_number(request: Request) -> Response:
    """Tell whose phone number it is (获取手机号)."""
    given = request.query_params.get("access_token", "")
    return await _answer(request, lambda s, now, body: logic.phone(s, now, given, body))


@router.post("/cgi-bin/message/subscribe/send")
async def send(request: Request) -> Response:
    """Send a user a message (发送订阅消息)."""
    given = request.query_params.get("access_token", "")
    return await _answer(
        request, lambda s, now, body: logic.send(s, now, given, body), takes_code=False
    )


@router.get(ELSEWHERE)
@router.post(ELSEWHERE)
async def redirected(request: Request) -> Response:
    """Answer whoever follows a redirect with what would do."""
    _state(request)[0].calls[ELSEWHERE] += 1
    return _written({"openid": "o-redirected", "access_token": "redirected", "expires_in": 7200})


@router.post("/fake/codes")
async def give_codes(request: Request, new: CodesNew) -> dict[str, str | None]:
    """Give out a code of `wx.login`, and one for a phone number where one is named."""
    return logic.new_codes(*_state(request), new.openid, new.phone)


@router.post("/fake/mode", status_code=HTTPStatus.NO_CONTENT)
async def set_mode(request: Request, new: ModeNew) -> None:
    """Answer so from now on, or so many times."""
    state, _ = _state(request)
    state.mode, state.times = new.mode, new.times


@router.post("/fake/token", status_code=HTTPStatus.NO_CONTENT)
async def spoil_token(request: Request, fault: TokenFault) -> None:
    """Age the token, or refuse it from now on."""
    state, now = _state(request)
    logic.age_token(state, now, fault.seconds_left, is_refused=fault.is_refused)


@router.post("/fake/consents", status_code=HTTPStatus.NO_CONTENT)
async def set_consents(request: Request, new: ConsentsNew) -> None:
    """Let a user accept a template so many times, or refuse it."""
    state, _ = _state(request)
    state.templates.add(new.template_id)
    state.consents[new.openid, new.template_id] = new.count


@router.get("/fake/messages")
async def list_sent(request: Request) -> list[Answer]:
    """List the messages that were sent, the oldest first."""
    return _state(request)[0].sent


@router.get("/fake/calls")
async def count_calls(request: Request) -> dict[str, int]:
    """Count what WeChat was asked, by path."""
    return dict(_state(request)[0].calls)


async def _answer(
    request: Request, decide: Callable[[State, float, Answer], Answer], *, takes_code: bool = True
) -> Response:
    state, now = _state(request)
    state.calls[request.url.path] += 1
    mode = logic.mode_of(state)
    if mode is Mode.HANG:
        await asyncio.sleep(HANG_SECONDS)
    if mode is Mode.SLOW:
        await asyncio.sleep(SLOW_SECONDS)
    if mode in logic.OF_MODE and (takes_code or mode is not Mode.RISKY):
        return _written(logic.error(logic.OF_MODE[mode]))
    if mode is Mode.HTML:
        return Response("<html><title>502 Bad Gateway</title></html>", media_type="text/html")
    if mode is Mode.GARBAGE:
        return Response('{"openid": "o-half', media_type="text/plain")
    if mode is Mode.ERROR500:
        return Response("system error", HTTPStatus.INTERNAL_SERVER_ERROR, media_type="text/plain")
    if mode is Mode.REDIRECT:
        return Response(status_code=HTTPStatus.FOUND, headers={"location": ELSEWHERE})
    asked = await _body(request)
    made = logic.error(47001) if asked is None else decide(state, now, asked)
    if mode is Mode.NO_OPENID:
        made = {k: v for k, v in made.items() if k not in {"openid", "access_token", "phone_info"}}
    return _written(made | ({"pad": "x" * HUGE_BYTES} if mode is Mode.HUGE else {}))


async def _body(request: Request) -> Answer | None:
    if request.method == "GET":
        return {}
    try:
        read = json.loads(await request.body())
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _written(made: Answer) -> Response:
    """Write JSON; errors and whatever has a session in it are text/plain, as WeChat sends them."""
    is_plain = made.get("errcode", 0) != 0 or "session_key" in made
    kind = "text/plain" if is_plain else "application/json; charset=UTF-8"
    return Response(json.dumps(made), media_type=kind)
