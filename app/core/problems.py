"""Every answer of 400 and above: RFC 9457 problem+json, in Chinese or English."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.core.errors import AppError, Forbidden, Text
from app.core.idempotency import Replay

_log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
NO_DETAIL = Text("", "")


class FieldProblem(BaseModel):
    """What is wrong with one field. The value itself is never repeated."""

    field: str
    where: str
    code: str
    message: str
    row: Annotated[int | None, Field(description="Of a batch, from 1")] = None


class Problem(BaseModel):
    """The body of every error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


_TITLES: dict[int, Text] = {
    400: Text("请求无法解析", "The request cannot be read"),
    401: Text("请先登录", "Sign in first"),
    403: Text("没有权限", "Not permitted"),
    404: Text("未找到", "Not found"),
    405: Text("不支持该方法", "Method not allowed"),
    406: Text("无法提供所要的格式", "Not acceptable"),
    408: Text("请求超时", "The request took too long to arrive"),
    409: Text("与现有记录冲突", "In conflict with what is recorded"),
    412: Text("记录已被他人修改，请刷新后重试", "Changed by somebody else since you read it"),
    413: Text("提交的内容过大", "Too large"),
    415: Text("不支持的内容类型", "Unsupported content type"),
    422: Text("提交的内容有误", "Invalid request"),
    428: Text("请在 If-Match 中给出所见的版本", "Send If-Match with the version you saw"),
    429: Text("请求过于频繁", "Too many requests"),
    500: Text("系统内部错误", "Internal error"),
    503: Text("系统暂时不可用，请稍后重试", "Not available now; try again later"),
}
_FIELD_TEXTS: dict[str, Text] = {
    "missing": Text("必填", "required"),
    "extra_forbidden": Text("没有这个字段", "no such field"),
    "blank": Text("不能为空", "must not be blank"),
    "text": Text("含有不可见或不允许的字符", "contains characters that are not allowed"),
    "date": Text("应为 YYYY-MM-DD 格式的真实日期", "must be a real date written YYYY-MM-DD"),
    "date_range": Text("日期超出 1900 至 2199 年", "must lie in the years 1900 to 2199"),
    "uuid": Text("不是有效的标识", "not a valid id"),
    "enum": Text("不在允许的取值之内", "not one of the allowed values"),
    "literal_error": Text("不在允许的取值之内", "not one of the allowed values"),
    "bool_type": Text("应为 true 或 false", "must be true or false"),
    "json_invalid": Text("不是有效的 JSON", "not valid JSON"),
    "holds_number": Text(
        "不得含有公民身份号码或手机号码", "must hold no ID number and no phone number"
    ),
    "password_length": Text("密码须为 8 至 200 个字符", "a password has 8 to 200 characters"),
    "json_depth": Text("JSON 嵌套过深", "JSON nested too deep"),
    "duplicate": Text("参数重复", "given twice"),
}
_FIELD_PREFIXES: dict[str, Text] = {
    "int": Text("应为整数", "must be a whole number"),
    "string": Text("文本的长度或格式不符", "text of the wrong length or form"),
    "greater": Text("数值过小", "too small"),
    "less": Text("数值过大", "too large"),
    "too_": Text("项数不符", "the wrong number of items"),
    "union": Text("不符合任何一种允许的形式", "not of any allowed form"),
    "model": Text("应为 JSON 对象", "must be a JSON object"),
    "dict": Text("应为 JSON 对象", "must be a JSON object"),
    "list": Text("应为数组", "must be a list"),
}
_OTHER = Text("内容有误", "not valid")
_LONG_NUMBER = re.compile("[0-9]{6,}")
"""An unknown field is named as it was sent, and what was sent may be an ID number."""


def language(headers: Mapping[str, str]) -> int:
    """Choose 0 for Chinese or 1 for English by `Accept-Language`; Chinese unless English leads."""
    wanted: list[tuple[float, str]] = []
    for part in headers.get("accept-language", "").split(",")[:10]:
        tag, _, quality = part.strip().lower().partition(";q=")
        try:
            wanted.append((-float(quality or 1), tag))
        except ValueError:
            continue
    ranked = [tag[:2] for _, tag in sorted(wanted, key=lambda w: w[0]) if tag[:2] in {"zh", "en"}]
    return int(ranked[:1] == ["en"])


def answer(
    request: Request,
    status: int,
    code: str,
    title: Text,
    detail: Text = NO_DETAIL,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Write a problem in the language that the caller asked for."""
    spoken = language(request.headers)
    body = {"type": f"/problems/{code}", "title": title[spoken], "status": int(status)}
    body |= {"detail": detail[spoken], **more}
    return JSONResponse(body, int(status), headers=dict(headers or {}), media_type=MEDIA_TYPE)


def declare(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Declare an endpoint's refusals, for `responses=`."""
    titles: dict[int, list[str]] = {}
    for error in errors:
        titles.setdefault(int(error.status), []).append(f"{error.title.zh} / {error.title.en}")
    return {status: _declared(" · ".join(found)) for status, found in titles.items()}


def _declared(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _declared_all(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {s: _declared(f"{_TITLES[s].zh} / {_TITLES[s].en}") for s in statuses}


ANY_ROUTE = _declared_all(400, 422, 503)
"""What any operation may answer."""

ANY_FORM = _declared_all(408, 413)
"""What an operation that takes a file may answer besides."""

ANY_JSON = _declared_all(408, 413, 415)
"""What an operation that takes JSON may answer besides."""

EVERYWHERE = _declared_all(400, 401, 403, 422, 503)
"""What any guarded operation may answer."""


def schemas() -> dict[str, Any]:
    """Give the OpenAPI schemas of the answers declared here."""
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**made.pop("$defs"), "Problem": made}


def _field_text(code: str) -> Text:
    if code in _FIELD_TEXTS:
        return _FIELD_TEXTS[code]
    return next((t for p, t in _FIELD_PREFIXES.items() if code.startswith(p)), _OTHER)


async def _on_app_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, AppError)
    if isinstance(exc, Forbidden):
        try:
            await request.app.state.note_refusal(request, exc)
        except (DBAPIError, PoolTimeout, OSError, AppError) as lost:  # not told without a trace
            return _on_unavailable(request, lost)
    return answer(
        request, exc.status, exc.code(), exc.title, exc.detail, headers=exc.headers, **exc.more
    )


def _named(loc: Sequence[Any], body: Any) -> list[str]:
    """Name the field as the client wrote it: the tag of a body of several shapes is no field."""
    names, node = [], body
    for part in loc[1:]:
        if isinstance(node, dict) and part not in node and part in node.values():
            continue
        names.append(str(part))
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
    return names


def _on_invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    spoken = language(request.headers)
    errors = [
        {
            "field": _LONG_NUMBER.sub("…", ".".join(_named(e["loc"], exc.body))[:200]),
            "where": str(e["loc"][0]),
            "code": e["type"],
            "message": _field_text(e["type"])[spoken],
        }
        for e in exc.errors()[:50]
    ]
    return answer(request, 422, "invalid", _TITLES[422], errors=errors)


def of_status(
    request: Request, status: int, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Write the problem of a status of which nothing else is known."""
    phrase = HTTPStatus(status).phrase
    title = _TITLES.get(status, Text(phrase, phrase))
    return answer(request, status, phrase.lower().replace(" ", "-"), title, headers=headers)


def _on_http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return of_status(request, exc.status_code, exc.headers)


def _on_replay(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, Replay)
    return Response(exc.body, exc.status, {**exc.headers, "Idempotent-Replayed": "true"})


def unavailable(request: Request) -> Response:
    """Say that the database cannot be reached now."""
    return answer(request, 503, "unavailable", _TITLES[503], headers={"Retry-After": "2"})


_RETRY = {"40001", "40P01", "55P03", "57014", "53300"}


def _on_database(request: Request, exc: Exception) -> Response:
    """Answer what slipped past the schemas: the net, not the place to decide."""
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    state = getattr(cause, "sqlstate", None) or ""
    if not state or state in _RETRY or state.startswith(("08", "57P")):
        _log.warning("database unavailable", sqlstate=state)
        return unavailable(request)
    _log.error("database refused", sqlstate=state, statement=getattr(exc, "statement", None))
    if state.startswith("22"):
        return answer(request, 422, "invalid", _TITLES[422])
    if state in {"23505", "23P01"}:
        return answer(request, 409, "conflict", _TITLES[409])
    return answer(request, 500, "internal-error", _TITLES[500])


def _on_unavailable(request: Request, exc: Exception) -> Response:
    _log.warning("database unavailable", error=type(exc).__name__)
    return unavailable(request)


def _on_gone(request: Request, _: Exception) -> Response:
    """Answer nobody: the client went away before its body had arrived."""
    return of_status(request, HTTPStatus.BAD_REQUEST)


def _on_anything(request: Request, exc: Exception) -> Response:
    _log.error("unhandled", error=type(exc).__name__)
    return answer(request, 500, "internal-error", _TITLES[500])


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Replay, _on_replay)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    for refused in (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError):
        app.add_exception_handler(refused, _on_database)
    for lost in (PoolTimeout, OSError):
        app.add_exception_handler(lost, _on_unavailable)
    app.add_exception_handler(Exception, _on_anything)
