"""Errors: one form, two languages, nothing given away."""

import json
from typing import Any

import asyncpg
import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import problems
from app.core.errors import AppError, Forbidden, NotFound
from app.core.http import OpenRoute, doors
from app.core.problems import MEDIA_TYPE, declare, language
from tests.make.members import id_number


class Sqlstate(Exception):  # noqa: N818
    """What the driver raised."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("DETAIL: Key (id_number)=(231005199003070000) already exists")
        self.sqlstate = sqlstate


@pytest.fixture
async def trials(app: FastAPI) -> httpx.AsyncClient:
    router = APIRouter(route_class=OpenRoute)

    @router.get("/raises")
    async def raises(what: str) -> None:
        raised: dict[str, Exception] = {
            "any": RuntimeError("password=secret"),
            "connection": ConnectionRefusedError("/run/postgresql"),
            "none": DBAPIError("SELECT secret", None, Sqlstate(None)),
            "driver": asyncpg.InterfaceError("connection is closed"),
            "driver gone": asyncpg.AdminShutdownError("secret"),
            "driver late": asyncpg.QueryCanceledError("secret"),
            "driver data": asyncpg.CharacterNotInRepertoireError("secret"),
            "driver bug": asyncpg.UndefinedTableError("secret"),
        }
        raise raised.get(what) or DBAPIError("SELECT secret", None, Sqlstate(what))

    @router.get("/overflow")
    async def overflow(request: Request) -> None:
        await doors(request).reading([]).execute(text("SELECT 1 / 0"))

    app.include_router(router, prefix="/trials")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("any", 500),
        ("connection", 503),
        ("none", 503),
        ("driver", 503),
        ("driver gone", 503),
        ("driver late", 503),
        ("driver data", 422),
        ("driver bug", 500),
        ("40001", 503),
        ("40P01", 503),
        ("55P03", 503),
        ("57014", 503),
        ("53300", 503),
        ("08006", 503),
        ("57P01", 503),
        ("22001", 422),
        ("22P05", 422),
        ("23505", 409),
        ("23P01", 409),
        ("23503", 500),
        ("23514", 500),
        ("25006", 500),
        ("42P01", 500),
    ],
)
async def test_what_slips_past_the_schemas(
    trials: httpx.AsyncClient, what: str, status: int
) -> None:
    answer = await trials.get("/trials/raises", params={"what": what})
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["status"] == status
    assert ("retry-after" in answer.headers) == (status == 503)
    for secret in ("secret", "231005", "SELECT", "Error", "postgresql"):
        assert secret not in answer.text


async def test_a_division_by_zero(trials: httpx.AsyncClient) -> None:
    assert (await trials.get("/trials/overflow")).status_code == 422


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", 0),
        ("zh-CN", 0),
        ("en", 1),
        ("en-GB,zh;q=0.5", 1),
        ("zh;q=0.5,en;q=0.9", 1),
        ("en;q=0.5,zh;q=0.9", 0),
        ("fr", 0),
        ("fr,en;q=0.1", 1),
        ("*", 0),
        ("en;q=x", 0),
        ("en;q=nan", 1),
        ("," * 5000 + "en", 0),
        ("EN-us", 1),
        ("号", 0),
    ],
)
def test_language(accepted: str, spoken: int) -> None:
    assert language({"accept-language": accepted}) == spoken


async def test_both_languages_say_the_same(client: httpx.AsyncClient) -> None:
    chinese = (await client.get("/nothing")).json()
    english = (await client.get("/nothing", headers={"accept-language": "en"})).json()
    assert (chinese.pop("title"), english.pop("title")) == ("未找到", "Not found")
    assert chinese == english == {"type": "/problems/not-found", "status": 404, "detail": ""}


async def test_what_the_framework_refuses_is_a_problem_too(client: httpx.AsyncClient) -> None:
    for method, url, status in (
        ("GET", "/nothing", 404),
        ("PUT", "/members", 405),
        ("TRACE", "/members", 405),
        ("GET", "http://test/docs/assets/nothing.js", 404),
        ("GET", "http://test/docs/assets/../main.py", 404),
        ("POST", "http://test/docs/assets/favicon.png", 405),
        ("GET", "/members/", 404),
    ):
        answer = await client.request(method, url)
        assert answer.status_code == status, url
        assert answer.headers["content-type"] == MEDIA_TYPE, url
        assert answer.json()["type"].startswith("/problems/")
        assert answer.headers["x-request-id"]
        assert ("allow" in answer.headers) == (status == 405)


async def test_a_wrong_field_is_named_and_not_repeated(client: httpx.AsyncClient) -> None:
    number = id_number()
    new = {"id_number": number + "0", number: 1, "full_on": {"x": number}, "sex": number}
    answer = await client.post("/members", json=new)
    errors = {e["field"]: e for e in answer.json()["errors"]}
    assert errors["name"] == {
        "field": "name",
        "where": "body",
        "code": "missing",
        "message": "必填",
    }
    assert errors["…"]["code"] == "extra_forbidden"
    assert not any(number[i : i + 6] in answer.text for i in range(len(number) - 5))
    english = await client.post("/members", json=new, headers={"accept-language": "en"})
    assert {e["field"]: e["message"] for e in english.json()["errors"]}["name"] == "required"


async def test_a_client_that_goes_away_is_no_error(app: FastAPI, client: httpx.AsyncClient) -> None:
    headers = {"host": "test", "content-type": "application/json"} | dict(client.headers)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/members",
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None: ...

    with structlog.testing.capture_logs() as logs:
        await app(scope, receive, send)
    assert [entry["event"] for entry in logs] == ["served"]


async def test_many_wrong_fields(client: httpx.AsyncClient) -> None:
    answer = await client.post("/members", json={f"x{n}": n for n in range(1000)})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 50
    long = await client.post("/members", json={"x" * 100_000: 1})
    assert len(long.text) < 5000


def test_declared_refusals_name_themselves() -> None:
    declared = declare(NotFound, Forbidden)
    assert set(declared) == {404, 403}
    assert declared[404]["description"] == "未找到 / Not found"
    assert list(declared[404]["content"]) == [MEDIA_TYPE]


def test_a_refusal_in_one_language_is_told_in_both() -> None:
    class OnlyChinese(AppError):  # noqa: N818
        pass

    assert OnlyChinese.code() == "only-chinese"
    assert OnlyChinese("原因").detail == ("原因", "原因")
    assert OnlyChinese(en="why").detail == ("why", "why")


def test_the_schema_of_a_problem() -> None:
    made: dict[str, Any] = problems.schemas()
    assert set(made) == {"Problem", "FieldProblem"}
    assert "$defs" not in json.dumps(made)
