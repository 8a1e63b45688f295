"""The shape that the project promises to keep."""

import asyncio
import importlib
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

import app as package
from app import cli
from app.access import router as access_router
from app.core import clock
from app.core.errors import AppError
from app.imports.jobs import analyze
from app.main import openapi
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.pledges import make_pledge
from tests.make.residents import (
    make_claim,
    make_community,
    make_post,
    make_record,
    make_wish,
)

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
SOURCES = sorted(APP.rglob("*.py"))
FILES = {"__init__", "router", "jobs", "service", "queries", "schemas", "models"}
FILES |= {"logic", "types", "errors"}
PUBLIC = {"healthz", "readyz", "sign_in", "sign_in_with_wechat", "refresh_session", "read_feed"}
COMMITTERS = {"app/core/db.py", "app/cli.py", "app/worker.py"}
METHODS = {"get", "post", "put", "patch", "delete"}
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = openapi(cli.create_app(cli.Doors.to("postgresql://nowhere/none"), cli.settings()))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield path, method, operation


OPERATIONS = list(_operations())
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]
guarded = pytest.mark.parametrize(
    ("path", "method", "operation"),
    [o for o in OPERATIONS if o[2]["operationId"] not in PUBLIC],
    ids=[n for n in NAMES if n not in PUBLIC],
)


# ── Operations


def test_names_are_unique_and_the_public_ones_are_named() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) > PUBLIC


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_operations_are_documented(path: str, method: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    functions = [s for s in SOURCES if re.search(rf"(?m)^async def {name}\(", s.read_text())]
    assert functions, f"{name} is no function"
    assert operation["summary"]
    assert re.search("[\u4e00-\u9fff]", operation["description"]), "say it in Chinese too"
    assert operation["tags"]
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if int(status) >= 400:
            assert answer["content"] == PROBLEM, status
    always = {"400", "422", "503"}
    if body := operation.get("requestBody"):
        always |= {"408", "413"} | ({"415"} if "application/json" in body["content"] else set())
    assert always <= set(operation["responses"])


@guarded
def test_guarded_operations_declare_it(path: str, method: str, operation: dict[str, Any]) -> None:
    assert path.startswith("/v1/")
    assert operation["security"] == [{"HTTPBearer": []}]
    assert {"400", "401", "403", "422", "503"} <= set(operation["responses"])
    names = {p["name"] for p in operation.get("parameters", [])}
    assert ("if-match" in names) == ("428" in operation["responses"])
    assert ("412" in operation["responses"]) == ("428" in operation["responses"])
    if method in {"patch", "put", "delete"} and operation["operationId"] not in {
        "sign_out",
        "revoke_grant",  # a grant never changes: there is no version to match
        "revoke_feed",  # neither does a feed
    }:
        assert "428" in operation["responses"]


@guarded
async def test_guarded_operations_want_a_token(
    anonymous: httpx.AsyncClient, path: str, method: str, operation: dict[str, Any]
) -> None:
    url = re.sub(r"\{[^}]*\}", str(UUID(int=0)), path.removeprefix("/v1"))
    more: dict[str, Any] = {"json": {}} if operation.get("requestBody") else {}
    if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
        more = {"files": {"file": b""}}
    answer = await anonymous.request(method, url, **more)
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_committed_document_is_current() -> None:
    kept = ROOT / "openapi" / "openapi.json"
    assert kept.read_text() == cli.document(), "run `make openapi`"


class _Links(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v for k, v in attrs if k in {"href", "src"} and v]


async def test_the_docs_load_nothing_from_outside(anonymous: httpx.AsyncClient) -> None:
    page = await anonymous.get("http://test/docs")
    assert page.status_code == 200
    assert not re.search(r"(?i)(https?:)?//[a-z0-9]", page.text)
    links = _Links()
    links.feed(page.text)
    assert len(links.found) >= 3
    for url in [*links.found, "/openapi.json"]:
        assert url.startswith("/")
        assert (await anonymous.get(f"http://test{url}")).status_code == 200, url
    for name in ("/redoc", "/docs/oauth2-redirect", "/v1/openapi.json"):
        assert (await anonymous.get(f"http://test{name}")).status_code == 404


# ── Source


def test_only_core_the_worker_and_the_command_line_commit() -> None:
    commits = re.compile(r"\.commit\(|sessions\.begin\(|\.begin\(\)")
    found = {str(s.relative_to(ROOT)) for s in SOURCES if commits.search(s.read_text())}
    assert found <= COMMITTERS


@pytest.mark.parametrize("source", SOURCES, ids=[str(s.relative_to(APP)) for s in SOURCES])
def test_sources(source: Path) -> None:
    code = source.read_text()
    assert len(code.splitlines()) <= 400
    assert not re.search(r"\\d|\.isdigit\(|\.isnumeric\(", code)
    assert not re.search(r"date\.today\(|datetime\.now\(\)|utcnow\(", code), "ask core.clock"
    assert source.name not in {"utils.py", "helpers.py", "base.py", "deps.py", "constants.py"}


@pytest.mark.parametrize(
    "domain",
    [p for p in APP.iterdir() if p.is_dir() and p.name not in {"core", "commands", "__pycache__"}],
)
def test_a_domain_has_at_most_nine_files(domain: Path) -> None:
    assert {p.stem for p in domain.glob("*.py")} <= FILES
    assert len((domain / "__init__.py").read_text().splitlines()) == 1


def _refusals() -> list[type[AppError]]:
    for module in pkgutil.walk_packages(package.__path__, "app."):
        importlib.import_module(module.name)
    found, rest = [], [AppError]
    while rest:
        rest += (below := rest.pop().__subclasses__())
        found += [c for c in below if c.__module__.startswith("app.")]
    return found


REFUSALS = _refusals()


@pytest.mark.parametrize("refusal", REFUSALS, ids=[r.__name__ for r in REFUSALS])
def test_refusals(refusal: type[AppError]) -> None:
    assert re.search("[\u4e00-\u9fff]", refusal.title.zh)
    assert re.fullmatch("[ -~]+", refusal.title.en)
    assert refusal.__doc__
    assert 400 <= refusal.status < 600
    told = f"{refusal.title.zh} / {refusal.title.en}"
    declared = {
        a["description"]
        for _, _, o in OPERATIONS
        for s, a in o["responses"].items()
        if int(s) == refusal.status
    }
    if refusal.__name__ not in UNDECLARED:
        assert any(told in d for d in declared), "no operation declares it"


UNDECLARED = {
    "AuditBroken": "told under 503 of every operation that writes",
    "PasswordChangeRequired": "any guarded operation may answer it",
    "TooSlow": "told under 408 of every operation with a body",
    "NotJson": "told under 415 of every operation that takes JSON",
    "BadEncoding": "told under 400",
    "BadCursor": "told under 400 of every list",
    "KeyReused": "told under 422 of every POST",
    "StillRunning": "any POST may answer it",
    "UnknownDivision": "of the command line",
}


def test_each_name_of_a_refusal_is_unique() -> None:
    codes = [r.code() for r in REFUSALS]
    assert len(set(codes)) == len(codes)


# ── Statements


@asynccontextmanager
async def statements(connection: AsyncConnection) -> AsyncIterator[list[str]]:
    """Collect what reaches the database, through SQLAlchemy or past it."""
    seen: list[str] = []
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None

    def note(logged: asyncpg.connection.LoggedQuery) -> None:
        seen.append(logged.query)

    def note_prepared(_: Any, __: Any, sql: str, *___: Any) -> None:
        if not sql.startswith("SELECT set_config("):  # outside of tests a transaction sets it once
            seen.append(sql)

    driver.add_query_logger(note)
    event.listen(connection.sync_connection, "before_cursor_execute", note_prepared)
    yield seen
    await asyncio.sleep(0)  # the driver tells a turn later
    driver.remove_query_logger(note)
    event.remove(connection.sync_connection, "before_cursor_execute", note_prepared)


MANY = text("""
WITH made AS (
  INSERT INTO member (district_code, id, name, name_key, search_text, search_tokens, sex, ethnicity,
                      id_number_cipher, id_number_index, id_number_masked, born_on, education,
                      joined_on)
  SELECT '231005', gen_random_uuid(), '测试', 'ceshi', '', '{}', 'male', '01', '', uuid_send(i),
         '*', '1970-01-01', 'other', '2000-01-01'
  FROM (SELECT gen_random_uuid() AS i FROM generate_series(1, 99)) AS each
  RETURNING id)
INSERT INTO membership (district_code, id, member_id, organization_id, category, status, valid_from)
SELECT '231005', gen_random_uuid(), id, :organization, 'full', 'active', '2019-12-31' FROM made
""")
MANY_PLEDGES = text("""
WITH made AS (
  INSERT INTO pledge (district_code, id, pledger_kind, organization_id, title, category, due_on,
                      status, published_on, recorded_by)
  SELECT '231005', gen_random_uuid(), 'organization', :organization, '承诺', 'other', '2020-01-01',
         'published', '2019-12-31', gen_random_uuid() FROM generate_series(1, 99)
  RETURNING id)
INSERT INTO pledge_evidence (district_code, id, pledge_id, text, recorded_by)
SELECT '231005', gen_random_uuid(), id, '佐证', gen_random_uuid() FROM made
UNION ALL SELECT '231005', gen_random_uuid(), :pledge, '佐证', gen_random_uuid() FROM made
""")


async def serve(session: AsyncSession, community: UUID, member: UUID) -> None:
    """Make one more row of each list of service to residents."""
    claim = await make_claim(session, await make_post(session, community), member)
    await make_record(session, claim)
    await make_wish(session, community, contact=None)


MANY_CYCLES = text("""
WITH made AS (
  INSERT INTO election_cycle (district_code, id, organization_id, due_on, body, seats,
                              secretary_seats, deputy_seats, is_scattered, term_years, status,
                              opened_by)
  SELECT district_code, gen_random_uuid(), organization_id, '2019-12-30', 'member_meeting', 0, 1, 0,
         false, 3, 'planned', gen_random_uuid()
  FROM organization_state WHERE kind = 'party_branch' AND organization_id <> :organization
  RETURNING id, organization_id, district_code)
INSERT INTO criticism_notice (district_code, id, organization_id, cycle_id, number, issued_on,
                              recipients, due_on, account_id)
SELECT district_code, gen_random_uuid(), organization_id, id, '1', '2019-12-31', '{x}',
       '2019-12-30', gen_random_uuid() FROM made
""")

BOX = text("""
INSERT INTO ballot_box (district_code, id, organization_id, organization_name, title, position,
                        seats, candidates, allows_write_ins, status, voters_due, opened_by,
                        opened_on)
SELECT '231005', gen_random_uuid(), :organization, '测试', '换届', 'secretary', 1, '[]', true,
       'open', 3, gen_random_uuid(), '2019-12-31' FROM generate_series(1, :count)
""")


READS = {
    "/ballot-boxes?limit=200": 1,
    "/ballot-boxes?limit=200&within={root}": 2,
    "/members?limit=200": 1,
    "/members?limit=200&within={root}": 2,
    "/organizations?limit=200": 1,
    "/organizations?limit=200&within={root}": 2,
    "/organizations/{root}/tree": 2,
    "/organizations/{root}/history": 2,
    "/organizations/{branch}/ancestors": 2,
    "/rules/findings?limit=200": 2,
    "/service-claims?limit=200": 1,
    "/service-posts?limit=200": 1,
    "/service-posts?limit=200&within={root}": 2,
    "/service-records?limit=200": 1,
    "/wishes?limit=200": 1,
    "/rules/findings?limit=200&within={root}": 3,
    "/pledges?limit=200": 1,
    "/pledges?limit=200&within={root}": 2,
    "/pledges/{pledge}": 1,
    "/pledges/rates?limit=200": 1,
    "/pledges/rates?by=month&within={root}": 2,
    "/pledges/rankings?limit=200": 1,
    "/figures": 1,
    "/figures?within={root}": 2,
    "/figures/org_pledge_rate?within={root}": 2,
    "/figures/org_pledges_total/rows?limit=200": 1,
    "/figures/service_posts_claimed/rows?limit=200&within={root}": 2,
    "/reports/annual": 2,
    "/reports/annual?within={root}": 3,
    "/elections/calendar?limit=200": 1,
    "/elections/calendar?limit=200&within={root}": 2,
    "/elections/overview": 1,
    "/election-cycles?limit=200": 1,
    "/election-cycles?limit=200&within={root}": 2,
    "/election-cycles/{cycle}": 2,
    "/election-cycles/{cycle}/voters?limit=200": 3,
    "/election-cycles/{cycle}/tallies": 2,
    "/election-notices?limit=200": 1,
    "/election-practices?limit=200": 1,
    "/messages?limit=200": 1,
    "/feeds?limit=200": 1,
    "/wechat/subscriptions": 1,
    "/household-counts?limit=200": 1,
    "/household-visits?limit=200": 1,
    "/spot-checks?limit=200&within={root}": 2,
    "/duty-shifts?limit=200": 1,
    "/talks?limit=200": 1,
    "/appraisal-cycles?limit=200": 1,
    "/appraisal-scores?limit=200": 1,
    "/rectification-cases?limit=200": 1,
    "/rectification-cases?limit=200&within={root}": 2,
    "/burden-items?limit=200": 1,
}
"""How many statements each read takes at most, of however many rows."""


async def test_reads_take_as_many_statements_for_one_row_as_for_many(
    client: httpx.AsyncClient,
    session: AsyncSession,
    connection: AsyncConnection,
    root: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.pin(date(2019, 12, 31))
    monkeypatch.setattr(access_router, "REMEMBERED_SECONDS", 60)  # a busy machine is slow
    branch = await make_organization(session, root)
    pledge = await make_pledge(session, "published", organization_id=branch)
    member = await make_member(session, branch)
    community = await make_community(session, root)
    await serve(session, community, member)
    new = {"organization_id": str(branch), "seats": 0, "due_on": "2019-12-31"}
    cycle = (await client.post("/election-cycles", json=new)).json()["id"]
    await session.execute(BOX, {"organization": branch, "count": 1})

    async def counted() -> dict[str, int]:
        counts = {}
        for url in READS:
            await client.get("/me")  # the caller is remembered from here on
            async with statements(connection) as seen:
                made = {"root": root, "branch": branch, "pledge": pledge, "cycle": cycle}
                answer = await client.get(url.format(**made))
            assert answer.status_code == 200, answer.text
            counts[url] = len(seen)
        return counts

    await counted()  # on a new connection the driver first asks for the types it does not know
    one = await counted()
    await session.execute(MANY, {"organization": branch})
    await session.execute(MANY_PLEDGES, {"organization": branch, "pledge": pledge})
    await session.execute(BOX, {"organization": branch, "count": 99})
    for _ in range(99):
        await make_organization(session, root)
        await serve(session, community, member)
    await session.execute(MANY_CYCLES, {"organization": branch})
    await analyze(session)  # rolled-back tests leave the planner with sizes of no sense
    assert await counted() == one
    assert {url: n for url, n in one.items() if n > READS[url]} == {}
