"""The outermost layer (pure ASGI): request ids, host, deadlines, headers, a log line each."""

import asyncio
import re
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import clock
from app.core.errors import AppError, Text
from app.core.problems import MEDIA_TYPE, answer, of_status

BODY_SECONDS = 20
HEAD_BYTES = 32 << 10
"""For the path, the query and all headers together; the server itself sets no limit."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger("request")


class TooSlow(AppError):  # noqa: N818
    """The body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    title = Text("请求超时", "The request took too long to arrive")
    headers = {"Connection": "close"}  # noqa: RUF012 - the parent's ClassVar


class Envelope:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: list[str]) -> None:
        self.app = app
        self.allowed_hosts = {h.lower() for h in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        given = [v.decode("latin-1") for k, v in scope["headers"] if k == b"x-request-id"]
        known = len(given) == 1 and _REQUEST_ID.fullmatch(given[0])
        request_id = given[0] if known else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        scope["state"]["arrived_at"] = clock.now()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status, is_replaced = 0, False

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _mark(scope, message, request_id)
            await send(message)

        async def send_problems(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and _is_no_problem(message):
                is_replaced = True
                await _as_problem(scope, message)(scope, receive, send_marked)
            elif not is_replaced:
                await send_marked(message)

        try:
            if (problem := self._refused(scope)) is not None:
                await problem(scope, receive, send_marked)
                return
            await self.app(scope, _deadline(receive), send_problems)
        finally:
            route = getattr(scope.get("route"), "path", None)
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            _log.info("served", method=scope["method"], route=route, status=status, ms=milliseconds)
            structlog.contextvars.unbind_contextvars("request_id")

    def _refused(self, scope: Scope) -> Response | None:
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size + sum(len(k) + len(v) for k, v in scope["headers"]) > HEAD_BYTES:
            title = Text("请求头过大", "The request's headers are too large")
            return answer(Request({**scope, "headers": []}), 431, "head-too-large", title)
        if not self._host_is_ours(scope):
            title = Text("主机名不符", "This is not that host")
            return answer(Request(scope), 400, "wrong-host", title)
        return None

    def _host_is_ours(self, scope: Scope) -> bool:
        hosts = [v.decode("latin-1").lower() for k, v in scope["headers"] if k == b"host"]
        if len(hosts) != 1:
            return False
        name = re.sub(r":[0-9]{1,5}$", "", hosts[0])
        return "*" in self.allowed_hosts or name in self.allowed_hosts


def _deadline(receive: Receive) -> Receive:
    """Give the body `BODY_SECONDS` in all to arrive, then raise `TooSlow`."""
    ends: float | None = None
    arrived = False

    async def receive_in_time() -> Message:
        nonlocal ends, arrived
        if arrived:
            return await receive()
        ends = ends or time.monotonic() + BODY_SECONDS
        try:
            async with asyncio.timeout(ends - time.monotonic()):
                message = await receive()
        except TimeoutError as error:
            raise TooSlow from error
        arrived = not message.get("more_body", False)
        return message

    return receive_in_time


def _is_no_problem(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type")
    return message["status"] >= HTTPStatus.BAD_REQUEST and kind != MEDIA_TYPE


def _as_problem(scope: Scope, message: Message) -> Response:
    """Say as a problem what the framework said by itself in plain text."""
    kept = Headers(raw=message["headers"]).items()
    headers = {k: v for k, v in kept if k not in {"content-type", "content-length"}}
    return of_status(Request(scope), message["status"], headers)


def _mark(scope: Scope, message: MutableMapping[str, Any], request_id: str) -> None:
    headers = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
    if scope["path"].startswith("/v1"):
        headers.append((b"cache-control", b"no-store"))
    message["headers"] = [*message["headers"], *headers]
