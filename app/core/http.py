"""What every domain's HTTP shares: the route class, the transaction, the caller, versions."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, cast
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, crypto, idempotency, problems
from app.core.audit import Actor
from app.core.bodies import read_json
from app.core.caller import Caller
from app.core.db import Doors, Reader
from app.core.errors import AppError, Forbidden, Stale, Text
from app.core.store import Store

KEPT_HEADERS = ("content-type", "etag", "location")
_ETAG = re.compile(r'"([1-9][0-9]{0,8})"')


class PreconditionRequired(AppError):  # noqa: N818
    """A change came without the version that it was made on."""

    status = HTTPStatus.PRECONDITION_REQUIRED
    title = Text("请在 If-Match 中给出所见的版本", "Send If-Match with the version you saw")


class _Parsed(Request):
    """A request whose JSON was read strictly before the endpoint saw it."""

    parsed: Any = None

    async def json(self) -> Any:
        return self.parsed


class Route(APIRoute):
    """A route that asks the guard first, reads JSON strictly and keeps idempotent answers.

    The guard comes before the body: nobody unknown is read more than a head.
    """

    is_guarded: ClassVar[bool] = True
    takes_key: ClassVar[bool] = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        taken: dict[int | str, dict[str, Any]] = {}
        if self.body_field is not None:
            taken = problems.ANY_FORM if _takes_form(self) else problems.ANY_JSON
        self.responses = problems.ANY_ROUTE | taken | self.responses

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the framework's handler."""
        handle = super().get_route_handler()
        known = _query_names(self.dependant)
        takes_json = self.body_field is not None and not _takes_form(self)

        async def run(request: Request) -> Response:
            if self.is_guarded:
                await request.app.state.guard(request)
            names = [name for name, _ in request.query_params.multi_items()]
            wrong = [
                {"type": kind, "loc": ("query", name), "msg": ""}
                for name in dict.fromkeys(names)
                for kind, bad in (
                    ("extra_forbidden", name not in known),
                    ("duplicate", names.count(name) > 1),
                )
                if bad
            ]
            if wrong:
                raise RequestValidationError(wrong)
            request = _Parsed(request.scope, request.receive)
            if self.body_field is not None:
                await request.body()  # here, where a body that is late or too large is answered
            if takes_json:
                request.parsed = await read_json(request)
            response = await handle(request)
            await _keep(request, response)
            return response

        return run


class KeylessRoute(Route):
    """A route that keeps no answer, since the answer is nobody else's to read."""

    takes_key = False


class OpenRoute(Route):
    """A route that anybody may ask."""

    is_guarded = False


def _takes_form(route: APIRoute) -> bool:
    assert route.body_field is not None
    return "multipart/form-data" in str(getattr(route.body_field.field_info, "media_type", ""))


def _query_names(dependant: Dependant) -> set[str]:
    """Name the query parameters that an endpoint and its dependencies declare."""
    names = set()
    for param in dependant.query_params:
        fields = getattr(param.field_info.annotation, "model_fields", None)
        if fields is None:
            names.add(param.alias)
        else:
            names |= {field.alias or name for name, field in fields.items()}
    return names.union(*(_query_names(d) for d in dependant.dependencies))


def doors(request: Request) -> Doors:
    """Find the application's doors to the database."""
    return cast("Doors", request.app.state.doors)


def actor(request: Request) -> Actor:
    """Tell who acts, for the audit."""
    return Actor(
        operation=request.scope["route"].name,
        caller=getattr(request.state, "caller", None),
        request_id=request.state.request_id,
        address=request.client.host if request.client else None,
    )


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """Open the request's only transaction, and commit it before the answer leaves.

    A write that the audit does not know is not committed.
    """
    caller: Caller = request.state.caller
    async with doors(request).writing(caller.districts, actor(request)) as session:
        await _claim(request, session)
        yield session
        if not (audit.is_recorded(session) or getattr(request.state, "is_dry", False)):
            raise RuntimeError("this write recorded nothing in the audit")


def is_dry(request: Request) -> None:
    """Say that this request wrote nothing, so the audit has nothing to tell."""
    request.state.is_dry = True


async def note_refusal(request: Request, refusal: Forbidden) -> None:
    """Record that a right was missing; the request's own transaction is gone by now."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        return
    code, path = refusal.place or (caller.home_code, None)
    named = [(kind.removesuffix("_id"), value) for kind, value in request.path_params.items()]
    async with doors(request).writing(caller.districts, actor(request)) as session:
        audit.record(
            session,
            code,
            named[0] if named else None,
            outcome=audit.Outcome.REFUSED,
            path=path,
            **refusal.more,
        )


async def note(request: Request, rows: Mapping[str, int], **detail: Any) -> None:
    """Record, before the answer leaves, how many rows of which district a read gives away."""
    caller: Caller = request.state.caller
    async with doors(request).writing(caller.districts, actor(request)) as session:
        for code, count in (rows or {caller.home_code: 0}).items():
            audit.record(session, code, rows=count, **detail)


def _store(request: Request) -> Store:
    """Find the store of files."""
    return cast("Store", request.app.state.store)


StoreDep = Annotated[Store, Depends(_store)]


async def _reader(request: Request) -> Reader:
    """Give what reads in the caller's districts: PostgreSQL refuses its writes."""
    return doors(request).reading(request.state.caller.districts)


SessionDep = Annotated[AsyncSession, Depends(_transaction, scope="function")]
ReadDep = Annotated[Reader, Depends(_reader)]


async def _key_of(request: Request) -> tuple[UUID, str, str, bytes] | None:
    """Tell by which account, path, key and digest a request's answer is kept; None if it is not."""
    key = request.headers.get("idempotency-key")
    caller: Caller | None = getattr(request.state, "caller", None)
    takes_key = request.method == "POST" and request.scope["route"].takes_key
    if key is None or caller is None or not takes_key:
        return None
    body = await request.body()
    _, options = parse_options_header(request.headers.get("content-type"))
    if boundary := options.get(b"boundary"):  # another one each time a client sends a file
        body = body.replace(boundary, b"")
    # keyed: a body may hold a password, a path an ID number, and the row stands for a day
    sign = crypto.keys().sign
    digest = sign(b"idempotency\0" + request.url.query.encode() + b"\n" + body)
    path = sign(b"path\0" + request.url.path.encode()).hex()
    return caller.account_id, path, idempotency.checked(key), digest


async def _claim(request: Request, session: AsyncSession) -> None:
    if found := await _key_of(request):
        await idempotency.claim(session, *found)
        request.state.claimed = (session, *found[:3])


async def _first(request: Request, on: ReadDep) -> None:
    """Replay an answer before anything is looked at: for what comes before the transaction."""
    if found := await _key_of(request):
        await idempotency.check_first(on, *found)


FirstDep = Annotated[None, Depends(_first)]


async def _keep(request: Request, response: Response) -> None:
    claimed = getattr(request.state, "claimed", None)
    if claimed is not None:
        session, account_id, path, key = claimed
        headers = {k: v for k in KEPT_HEADERS if (v := response.headers.get(k)) is not None}
        answer = idempotency.Replay(response.status_code, headers, bytes(response.body))
        await idempotency.keep(session, account_id, path, key, answer)


async def current_caller(request: Request) -> Caller:
    """Read the caller that the guard put on the request."""
    return cast("Caller", request.state.caller)


CallerDep = Annotated[Caller, Depends(current_caller)]


async def _if_match(if_match: Annotated[str | None, Header()] = None) -> int:
    """Read the version on which the change was made.

    Raises `PreconditionRequired` (428) without the header, `Stale` (412) when it cannot match.
    """
    if if_match is None:
        raise PreconditionRequired
    found = _ETAG.fullmatch(if_match.strip())
    if not found:
        raise Stale
    return int(found[1])


IfMatch = Annotated[int, Depends(_if_match)]


def written(json: str | bytes, *, version: int | None = None) -> Response:
    """Send JSON that PostgreSQL wrote, as it is; its shape is checked in a test."""
    headers = {} if version is None else {"ETag": f'"{version}"'}
    return Response(json, media_type="application/json", headers=headers)


def tag(response: Response, version: int) -> None:
    """Send `version` as the answer's `ETag`."""
    response.headers["ETag"] = f'"{version}"'
