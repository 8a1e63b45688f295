"""Signing in and out, and the guard on every other door of `/v1`."""

import re
import time

from fastapi import APIRouter, Request, status
from fastapi.security import HTTPBearer

from app.access import queries, service
from app.access.errors import (
    NoSuchMember,
    PasswordChangeRequired,
    PhoneNeeded,
    TooManyAttempts,
    Unauthenticated,
    WechatNotSetUp,
    WrongCredentials,
    WrongPassword,
)
from app.access.schemas import (
    GrantOut,
    MeOut,
    PasswordChangeNew,
    RefreshNew,
    SessionNew,
    SessionOut,
    WeChatSessionNew,
)
from app.access.types import Role
from app.core import clock
from app.core.caller import Caller
from app.core.http import (
    CallerDep,
    KeylessRoute,
    OpenRoute,
    Route,
    SessionDep,
    actor,
    doors,
)
from app.core.problems import declare
from app.wechat.errors import CodeRefused, WechatBusy, WechatUnavailable

REMEMBERED_SECONDS = 0.5
REMEMBERED = 10_000
_TOKEN = re.compile(r"[Bb]earer ([A-Za-z0-9_-]{43})")
CONFINED = {"show_me", "change_password", "sign_out"}
"""What is open to one whose password was given by somebody else."""
bearer = HTTPBearer(auto_error=False, description="`POST /v1/sessions` gives it")

public = APIRouter(tags=["sessions"], route_class=OpenRoute)
router = APIRouter(tags=["sessions"], route_class=Route)


class Callers:
    """Callers by token, each for half a second: revocation is honoured within a second."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, Caller]] = {}

    def get(self, key: bytes) -> Caller | None:
        """Give the caller behind the token's hash, if it was looked up just now."""
        until, caller = self._known.get(key, (0.0, None))
        return caller if until > time.monotonic() else None

    def put(self, key: bytes, caller: Caller) -> None:
        """Remember a caller."""
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = (time.monotonic() + REMEMBERED_SECONDS, caller)

    def forget(self, key: bytes) -> None:
        """Forget a caller at once."""
        self._known.pop(key, None)


def _token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    found = _TOKEN.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        raise Unauthenticated
    return found[1]


async def authenticate(request: Request) -> None:
    """Put the caller on the request, or raise `Unauthenticated` or `PasswordChangeRequired`."""
    key = service.token_hash(_token(request))
    callers: Callers = request.app.state.callers
    caller = callers.get(key)
    if caller is None:
        caller = await queries.load_caller(doors(request), key, clock.today())
        if caller is None:
            raise Unauthenticated
        callers.put(key, caller)
    request.state.caller = caller
    if caller.is_confined and request.scope["route"].name not in CONFINED:
        raise PasswordChangeRequired


@public.post("/sessions", responses=declare(WrongCredentials, TooManyAttempts))
async def sign_in(request: Request, credentials: SessionNew) -> SessionOut:
    """Sign in with a user name and a password (登录)."""
    return await service.sign_in(
        doors(request), actor(request), credentials.username, credentials.password
    )


@public.post(
    "/sessions/wechat",
    responses=declare(
        CodeRefused,
        PhoneNeeded,
        NoSuchMember,
        TooManyAttempts,
        WechatBusy,
        WechatNotSetUp,
        WechatUnavailable,
    ),
)
async def sign_in_with_wechat(request: Request, codes: WeChatSessionNew) -> SessionOut:
    """Sign in as a member by the mini-program; the phone's code is for first use (微信登录)."""
    return await service.sign_in_with_wechat(
        doors(request),
        actor(request),
        request.app.state.wechat,
        codes.code,
        codes.phone_code,
    )


@public.post("/sessions/refreshes", responses=declare(Unauthenticated))
async def refresh_session(request: Request, spent: RefreshNew) -> SessionOut:
    """Exchange a refresh token, once; used twice, it ends the sign-in (换取新令牌)."""
    arrived_at = request.state.arrived_at
    return await service.refresh(doors(request), actor(request), spent.refresh_token, arrived_at)


@router.delete("/sessions/current", status_code=status.HTTP_204_NO_CONTENT)
async def sign_out(request: Request, session: SessionDep, caller: CallerDep) -> None:
    """Sign out (退出登录)."""
    token = _token(request)
    await service.sign_out(session, caller, token)
    request.app.state.callers.forget(service.token_hash(token))


async def change_password(
    request: Request, caller: CallerDep, passwords: PasswordChangeNew
) -> None:
    """Change the own password; every other sign-in of the account ends (修改密码)."""
    await service.change_password(
        doors(request),
        actor(request),
        caller,
        _token(request),
        passwords.password,
        passwords.new_password,
    )
    request.app.state.callers.forget(service.token_hash(_token(request)))


router.add_api_route(
    "/me/password-changes",
    change_password,
    methods=["POST"],
    route_class_override=KeylessRoute,
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(WrongPassword, TooManyAttempts),
)


@router.get("/me")
async def show_me(caller: CallerDep) -> MeOut:
    """Show who is signed in and what they may do (当前账号)."""
    grants = [
        GrantOut(
            id=g.id,
            role=Role(g.role),
            district_code=g.subtree.district_code,
            path=g.subtree.path,
            permissions=sorted(g.permissions),
        )
        for g in caller.grants
    ]
    return MeOut(
        account_id=caller.account_id,
        username=caller.username,
        home_code=caller.home_code,
        member_id=caller.member_id,
        must_change_password=caller.is_confined,
        grants=grants,
    )
