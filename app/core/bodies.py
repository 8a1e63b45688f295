"""JSON bodies, read strictly: what two parsers could read in two ways is refused."""

import json
import math
import re
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from app.core.errors import AppError, Text

DEPTH = 32
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class NotJson(AppError):  # noqa: N818
    """The body is declared as something else than JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = Text("请以 application/json 提交", "Send application/json")


class BadEncoding(AppError):  # noqa: N818
    """The body is not UTF-8."""

    title = Text("请以 UTF-8 编码提交", "Send UTF-8")


def _invalid(kind: str, message: str, *where: str | int) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body", *where), "msg": message}])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _refused(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _check(root: Any) -> None:
    rest: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while rest:
        value, where = rest.pop()
        if len(where) > DEPTH:
            raise _invalid("json_depth", f"nested deeper than {DEPTH}")
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                raise _invalid("text", "contains characters that cannot be stored", *where)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if _UNSTORABLE.search(key):
                    raise _invalid("text", "a key contains characters that cannot be stored")
                rest.append((inner, (*where, key)))
        elif isinstance(value, list):
            rest += [(inner, (*where, i)) for i, inner in enumerate(value)]


async def read_json(request: Request) -> Any:
    """Parse the body of `request`: UTF-8, no key twice, finite numbers, at most 32 deep.

    Raises `NotJson` (415), `BadEncoding` (400) or a validation error (422).
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise NotJson
    raw = await request.body()
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise BadEncoding from error
    if text.startswith("\ufeff"):
        raise BadEncoding
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refused
        )
    except RecursionError as error:
        raise _invalid("json_depth", f"nested deeper than {DEPTH}") from error
    except ValueError as error:
        raise _invalid("json_invalid", "not valid JSON") from error
    _check(value)
    return value
