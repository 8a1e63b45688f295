"""What every route does: strict JSON, known parameters, versions, headers."""

import re
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import envelope
from app.core.db import Doors
from app.core.schemas import plain_text
from app.core.settings import Settings
from app.fake_wechat.router import create_fake
from app.main import create_app, openapi
from app.wechat import service as wechat
from tests.make.organizations import make_organization

CHECK = '{"engine": "restructuring_rules", "members": 20%s}'


def _json(content: str | bytes) -> dict[str, object]:
    return {"content": content, "headers": {"content-type": "application/json"}}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (CHECK % "", 200),
        (CHECK % ', "members": 21', 422),  # the key stands twice
        (CHECK % ', "config": {"upper": 1, "upper": 2}', 422),
        (CHECK % "e1", 422),
        (CHECK % "1e999", 422),
        (CHECK % ("0" * 5000), 422),
        (CHECK % ', "x": ' + "1", 422),
        (CHECK % ", ", 422),
        ("", 422),
        ("null", 422),
        ('"x"', 422),
        ("1", 422),
        (b"\xff\xfe", 400),
        (b"\xef\xbb\xbf" + (CHECK % "").encode(), 400),
        ((CHECK % "").encode("utf-16"), 400),
        ('{"engine": "restructuring_rules", "children": ' + "[" * 31 + "]" * 31 + "}", 422),
        ("[" * 3000 + "]" * 3000, 422),
        ("{" * 100_000, 422),
    ],
)
async def test_json_is_read_strictly(
    client: httpx.AsyncClient, content: str | bytes, status: int
) -> None:
    answer = await client.post("/rules/checks", **_json(content))
    assert answer.status_code == status, answer.text


ODD = [None, True, 1, -1, 1e300, 10**30, "", " ", "\u202e", [], {}, [{}], {"": []}, "9" * 5000]


@pytest.mark.parametrize("odd", ODD, ids=[repr(o)[:12] for o in ODD])
async def test_no_field_trips_over_any_value(
    app: FastAPI, client: httpx.AsyncClient, odd: object
) -> None:
    document = openapi(app)
    fake = httpx.ASGITransport(create_fake("wx", "secret"))
    app.state.wechat = wechat.connect("wx", "secret", "http://wechat", fake)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            taken = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if taken is None:
                continue
            names = re.findall(r"schemas/([A-Za-z0-9_-]+)'", str(taken["schema"]))
            schemas = [document["components"]["schemas"][name]["properties"] for name in names]
            fields = {field for properties in schemas for field in properties}
            assert fields
            url = re.sub(r"\{[^}]*\}", str(UUID(int=0)), path.removeprefix("/v1"))
            answer = await client.request(
                method, url, json=dict.fromkeys(fields, odd), headers={"if-match": '"1"'}
            )
            if odd is None and path == "/v1/feeds":  # nothing given is all that one sees
                assert answer.status_code == 201
                continue
            assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.text}"


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_only_json_is_taken(
    client: httpx.AsyncClient, declared: str | None, status: int
) -> None:
    headers = {} if declared is None else {"content-type": declared}
    answer = await client.post("/rules/checks", content=CHECK % "", headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limits=1", "limits"),
        ("limit=1&limit=2", "limit"),
        ("LIMIT=1", "LIMIT"),
        ("=1", ""),
        ("params=1", "params"),
        ("limit[]=1", "limit[]"),
    ],
)
async def test_parameters_are_known_and_stand_once(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await client.get(f"/organizations?{query}")
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [field]


async def test_parameters_where_none_are_taken(client: httpx.AsyncClient) -> None:
    for url in ("/me?x=1", "/districts?limit=1", "http://test/healthz?x=1"):
        assert (await client.get(url)).status_code == 422, url


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"1"', 200),
        (' "1" ', 200),
        ('"2"', 412),
        ('"0"', 412),
        ('"01"', 412),
        ("1", 412),
        ("*", 412),
        ('W/"1"', 412),
        ('"1", "2"', 412),
        ("", 412),
        ('"9999999999"', 412),
        (None, 428),
    ],
)
async def test_versions(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, tag: str | None, status: int
) -> None:
    branch = await make_organization(session, root)
    headers = {} if tag is None else {"if-match": tag}
    answer = await client.patch(f"/organizations/{branch}", json={"name": "改名"}, headers=headers)
    assert answer.status_code == status
    shown = await client.get(f"/organizations/{branch}")
    assert (shown.json()["name"] == "改名") == (status == 200)
    assert shown.headers["etag"] == ('"2"' if status == 200 else '"1"')


async def test_every_answer_is_marked(client: httpx.AsyncClient) -> None:
    for url in ("/members", "/nothing", "/members?x=1", "http://elsewhere/v1/members"):
        answer = await client.get(url)
        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
    given = await client.get("/members", headers={"x-request-id": "Ab-1._"})
    assert given.headers["x-request-id"] == "Ab-1._"


@pytest.mark.parametrize("given", ["a b", "a" * 65, "", "号", "a\tb", "<script>"])
async def test_a_request_id_that_is_not_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/members", headers={"x-request-id": given.encode()})
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("test", 200),
        ("TEST:80", 200),
        ("test.evil", 400),
        ("eviltest", 400),
        ("test@evil", 400),
        ("test:999999", 400),
        ("test:8a", 400),
        ("", 400),
    ],
)
async def test_only_our_host_is_served(client: httpx.AsyncClient, host: str, status: int) -> None:
    assert (await client.get("/members", headers={"host": host})).status_code == status


async def test_the_head_of_a_request_is_bounded(client: httpx.AsyncClient) -> None:
    fits = await client.get("/members", headers={"x-a": "a" * (envelope.HEAD_BYTES - 2000)})
    assert fits.status_code == 200
    large = await client.get("/members", headers={"x-a": "a" * envelope.HEAD_BYTES})
    assert (large.status_code, large.json()["type"]) == (431, "/problems/head-too-large")
    assert (await client.get("/members?q=" + "a" * envelope.HEAD_BYTES)).status_code == 431


async def test_a_body_that_is_too_large_is_refused_as_a_problem(client: httpx.AsyncClient) -> None:
    large = b'"' + b"x" * (1 << 20)
    answer = await client.post("/members", **_json(large))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/request-entity-too-large"
    assert answer.headers["x-request-id"]


PREFLIGHT = {"access-control-request-method": "PATCH", "access-control-request-headers": "if-match"}


@pytest.mark.parametrize(
    ("allowed", "origin", "status", "echoed"),
    [
        ([], "https://a.example", 405, None),
        (["https://a.example"], "https://a.example", 200, "https://a.example"),
        (["https://a.example"], "https://a.example.evil", 400, None),
        (["https://a.example"], "null", 400, None),
    ],
)
async def test_frontends_are_let_in_by_name(
    doors: Doors, allowed: list[str], origin: str, status: int, echoed: str | None
) -> None:
    settings = Settings(_env_file=None, allowed_hosts=["test"], cors_origins=allowed)
    transport = httpx.ASGITransport(create_app(doors, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asked = await client.options("/v1/members", headers={"origin": origin} | PREFLIGHT)
        plain = await client.get("/healthz", headers={"origin": origin})
    assert asked.status_code == status
    if status >= 400:
        assert asked.headers["content-type"] == "application/problem+json"
    for answer in (asked, plain):
        assert answer.headers.get("access-control-allow-origin") == echoed
        assert "access-control-allow-credentials" not in answer.headers


async def test_health_needs_no_token(anonymous: httpx.AsyncClient) -> None:
    for url in ("http://test/healthz", "http://test/readyz"):
        assert (await anonymous.get(url)).json() == {"status": "ok"}


def test_a_text_that_grows_when_it_is_normalised_is_refused() -> None:
    """Its length was checked as it was sent; the column would be too short for the rest."""
    with pytest.raises(PydanticCustomError):
        plain_text("\ufb2c" * 200)
    assert plain_text("e\u0301") == "é"
