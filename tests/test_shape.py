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
from tests.make.admissions import make_admission
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
from tests.make.restructurings import make_restructuring, merge
from tests.make.transfers import make_transfer

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


MANY_POSTINGS = text("""
WITH made AS (
  INSERT INTO posting (district_code, id, member_id, organization_id, post, valid_from)
  SELECT '231005', gen_random_uuid(), id, :organization, 'committee_member', '2019-12-31'
  FROM member WHERE district_code = '231005'
  RETURNING id)
INSERT INTO poor_household (district_code, id, organization_id, number, posting_id, paired_on,
                            valid_from)
SELECT '231005', gen_random_uuid(), :organization, row_number() OVER (), id, '2019-12-31',
       '2019-12-31' FROM made
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

MANY_PROGRAMMES = text("""
WITH made AS (
  INSERT INTO programme (district_code, id, family, name, organization_id, starts_on)
  SELECT '231005', gen_random_uuid(), 'red_project', 'x' || n, :organization, '2019-12-31'
  FROM generate_series(1, :count) AS n RETURNING id)
INSERT INTO document (district_code, id, kind, topic, title, issued_by, organization_id,
                      programme_id, issued_on)
SELECT '231005', gen_random_uuid(), 'scheme', 'urban', id::text, 'x', :organization, id,
       '2019-12-31' FROM made
""")

BOX = text("""
INSERT INTO ballot_box (district_code, id, organization_id, organization_name, title, position,
                        seats, candidates, allows_write_ins, status, voters_due, opened_by,
                        opened_on)
SELECT '231005', gen_random_uuid(), :organization, '测试', '换届', 'secretary', 1, '[]', true,
       'open', 3, gen_random_uuid(), '2019-12-31' FROM generate_series(1, :count)
""")
VILLAGE_RECORDS = tuple(
    text(
        f"INSERT INTO {table} (district_code, id, organization_id, recorded_by, {columns})"
        f" SELECT '231005', gen_random_uuid(), :organization, gen_random_uuid(), {values}"
        " FROM generate_series(cast(:first AS integer), cast(:last AS integer)) AS n"
    )
    for table, columns, values in (
        ("village_contract", "number, finding, reviewed_on", "n::text, 'regular', '2019-12-31'"),
        (
            "village_entry",
            "kind, amount, happened_on, document",
            "'debt_resolved', n, '2019-12-31', '协议'",
        ),
        ("village_project", "title, amount, applied_on, status", "'x', n, '2019-12-31', 'applied'"),
        ("village_income", "year, income", "1949 + n, n"),
    )
)

UNITS = text("""
WITH made AS (
  INSERT INTO partner_unit (district_code, id, organization_id, name, kind, opened_on)
  SELECT '231005', gen_random_uuid(), :organization, '超市', 'private_enterprise', '2018-01-02'
  FROM generate_series(1, :count)
  RETURNING id),
signed AS (
  INSERT INTO co_building_agreement (district_code, id, unit_id, organization_id, title, valid_from)
  SELECT '231005', gen_random_uuid(), id, :organization, '协议', '2018-01-02' FROM made),
covered AS (
  INSERT INTO unit_coverage (district_code, id, unit_id, mode, covering_id, valid_from)
  SELECT '231005', gen_random_uuid(), id, 'own', :organization, '2018-01-02' FROM made)
INSERT INTO unit_problem (district_code, id, unit_id, content, status, reported_by, reported_on)
SELECT '231005', gen_random_uuid(), id, '场地', 'open', gen_random_uuid(), '2019-12-31' FROM made
""")


MANY_ACTIVITIES = text("""
WITH made AS (
  INSERT INTO activity (district_code, id, organization_id, kind, level, title, held_on, status,
                        recorded_by)
  SELECT '231005', gen_random_uuid(), :organization, 'lecture', 'branch', '党课', '2019-12-30',
         'held', gen_random_uuid() FROM generate_series(1, :count)
  RETURNING id),
there AS (
  INSERT INTO activity_attendance (district_code, id, activity_id, guest, role, is_present, source,
                                   recorded_by)
  SELECT '231005', gen_random_uuid(), id, '来宾', 'attendee', true, 'recorded', gen_random_uuid()
  FROM made),
led AS (
  INSERT INTO leader_archive (district_code, id, member_id, organization_id, post, opened_on,
                              closed_on, recorded_by)
  SELECT '231005', id, :member, :organization, '职务', '2019-01-01', '2019-12-31', id FROM made
  RETURNING id),
recorded AS (
  INSERT INTO leader_record (district_code, id, archive_id, month, note, recorded_on, recorded_by)
  SELECT '231005', id, id, '2019-11-01', '自学', '2019-12-01', id FROM led)
INSERT INTO contest (district_code, id, organization_id, kind, title, held_on, places,
                     drops_extremes, status, recorded_by)
SELECT '231005', id, :organization, 'brand', '评选', '2019-12-30', 10, false, 'open', id FROM made
""")
MANY_RESTRUCTURINGS = text("""
WITH made AS (
  INSERT INTO restructuring (district_code, id, organization_id, above_id, title, actions,
                             effective_on, status, proposed_by)
  SELECT district_code, gen_random_uuid(), organization_id, above_id, title, actions, effective_on,
         'draft', proposed_by
  FROM restructuring, generate_series(1, 99) WHERE id = :restructuring
  RETURNING id, organization_id, district_code)
INSERT INTO restructuring_subject (district_code, id, restructuring_id, organization_id, action)
SELECT district_code, gen_random_uuid(), id, organization_id, 'merge' FROM made
""")


READS = {
    "/activities?limit=200": 1,
    "/activities?limit=200&within={root}": 2,
    "/activities/due?limit=200": 1,
    "/activities/due?limit=200&within={root}": 2,
    "/attendances?limit=200": 1,
    "/contests?limit=200": 1,
    "/leader-archives?limit=200": 1,
    "/leader-archives?limit=200&within={root}": 2,
    "/leader-records?limit=200": 1,
    "/ballot-boxes?limit=200": 1,
    "/grants?limit=200": 1,
    "/grants?limit=200&within={root}": 2,
    "/ballot-boxes?limit=200&within={root}": 2,
    "/members?limit=200": 1,
    "/members?limit=200&within={root}": 2,
    "/organizations?limit=200": 1,
    "/organizations?limit=200&within={root}": 2,
    "/organizations/{root}/tree": 2,
    "/organizations/{root}/tree?known_at=2100-01-01T00:00:00Z": 3,
    "/organizations/{root}/tree/diff?from=2019-12-30": 3,
    "/corrections?limit=200": 1,
    "/corrections?limit=200&within={root}": 2,
    "/rules/warnings?limit=200": 3,
    "/rules/warnings?limit=200&within={root}": 4,
    "/organizations/{root}/history": 2,
    "/organizations/{branch}/ancestors": 2,
    "/rules/findings?limit=200": 2,
    "/service-claims?limit=200": 1,
    "/service-posts?limit=200": 1,
    "/service-posts?limit=200&within={root}": 2,
    "/service-records?limit=200": 1,
    "/transfers?limit=200": 1,
    "/transfers?limit=200&within={root}": 2,
    "/transfers/{transfer}": 1,
    "/members/{member}/memberships": 3,
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
    "/figure-closings?limit=200": 1,
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
    "/partner-units?limit=200": 1,
    "/partner-units?limit=200&within={root}": 2,
    "/co-building-agreements?limit=200": 1,
    "/unit-coverages?limit=200": 1,
    "/unit-problems?limit=200": 1,
    "/figures/two_new_org_coverage/rows?part=gaps&limit=200": 1,
    "/village-contracts?limit=200": 1,
    "/village-entries?limit=200&within={root}": 2,
    "/village-projects?limit=200": 1,
    "/village-incomes?limit=200": 1,
    "/figures/debt_credit_total_wan/rows?limit=200": 1,
    "/programmes?limit=200": 1,
    "/programmes?limit=200&within={root}": 2,
    "/documents?limit=200": 1,
    "/documents?limit=200&within={root}": 2,
    "/messages?limit=200": 1,
    "/feeds?limit=200": 1,
    "/wechat/subscriptions": 1,
    "/admissions?limit=200": 1,
    "/admissions?limit=200&within={root}": 2,
    "/admissions/due?limit=200": 1,
    "/admissions/due?limit=200&within={root}": 2,
    "/admissions/{admission}": 2,
    "/restructurings?limit=200": 1,
    "/restructurings?limit=200&within={root}": 2,
    "/restructurings/{restructuring}": 1,
    "/restructurings/{restructuring}/simulation": 14,
    "/postings?limit=200": 1,
    "/postings?limit=200&within={root}": 2,
    "/postings/vacancies?limit=200": 1,
    "/postings/vacancies?limit=200&within={root}": 2,
    "/poor-households?limit=200": 1,
    "/poor-households?limit=200&within={root}": 2,
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


MANY_ADMISSIONS = text("""
WITH made AS (
  INSERT INTO admission (district_code, id, organization_id, name, search_text, sex, ethnicity,
                         education, born_on, id_number_cipher, id_number_index, id_number_masked,
                         status, stage, step, applied_on, last_on, recorded_by)
  SELECT '231005', gen_random_uuid(), :organization, '测试', '', 'male', '01', 'other',
         '1970-01-01', '', uuid_send(gen_random_uuid()), '*', 'open', 'applicant', 1, '2019-12-31',
         '2019-12-31', gen_random_uuid() FROM generate_series(1, 99)
  RETURNING id)
INSERT INTO admission_step (district_code, id, admission_id, step, done_on, papers, recorded_by)
SELECT '231005', gen_random_uuid(), i, n, date '2019-12-31', '{}'::varchar[], gen_random_uuid()
FROM (SELECT id, 1 FROM made UNION ALL SELECT :admission, 6 FROM made) AS each (i, n)
""")
MANY_TRANSFERS = text("""
INSERT INTO transfer (district_code, id, member_id, member_name, id_number_masked, category,
                      from_district_code, from_organization_id, from_organization_name,
                      to_organization_name, reason, status, requested_on, requested_by,
                      release_due_on, ended_on, ended_by, end_reason)
SELECT '231005', gen_random_uuid(), :member, '测试', '*', 'full', '231005', :organization, '测试',
       '某支部', '变动', 'withdrawn', '2019-12-31', gen_random_uuid(), '2020-01-10', '2019-12-31',
       gen_random_uuid(), '变动' FROM generate_series(1, 99)
""")


MANY_CLOSINGS = text("""
INSERT INTO figure_closing (district_code, id, first_on, last_on, figures, rows, entries, signature,
                            closed_by, closed_on, created_at)
SELECT '231005', gen_random_uuid(), date '2018-01-01' + n, '2019-12-31', '{}', '{}', 0, '',
       gen_random_uuid(), '2019-12-31', now()
FROM generate_series(cast(:first AS integer), cast(:last AS integer)) AS n
""")


async def new_cycle(client: httpx.AsyncClient, branch: UUID) -> str:
    new = {"organization_id": str(branch), "seats": 0, "due_on": "2019-12-31"}
    made: str = (await client.post("/election-cycles", json=new)).json()["id"]
    return made


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
    cycle = await new_cycle(client, branch)
    await session.execute(BOX, {"organization": branch, "count": 1})
    admission = await make_admission(session, branch)
    transfer = await make_transfer(session, member, "某支部", is_outside=True)
    held = {"organization": branch, "member": member, "count": 1}
    await session.execute(MANY_ACTIVITIES, held)
    merged = merge(branch, await make_organization(session, root))
    restructuring = await make_restructuring(session, "draft", merged)
    await session.execute(UNITS, {"organization": branch, "count": 1})
    for records in (MANY_CLOSINGS, *VILLAGE_RECORDS):
        await session.execute(records, {"organization": community, "first": 1, "last": 1})
    await session.execute(MANY_PROGRAMMES, {"organization": root, "count": 1})
    await session.execute(MANY_POSTINGS, {"organization": community})

    more = {"member": member, "transfer": transfer, "admission": admission}
    more |= {"restructuring": restructuring}

    async def counted() -> dict[str, int]:
        counts = {}
        for url in READS:
            await client.get("/me")  # the caller is remembered from here on
            async with statements(connection) as seen:
                made = {"root": root, "branch": branch, "pledge": pledge, "cycle": cycle} | more
                answer = await client.get(url.format(**made))
            assert answer.status_code == 200, answer.text
            counts[url] = len(seen)
        return counts

    await counted()  # on a new connection the driver first asks for the types it does not know
    one = await counted()
    await session.execute(MANY, {"organization": branch})
    await session.execute(MANY_PLEDGES, {"organization": branch, "pledge": pledge})
    await session.execute(BOX, {"organization": branch, "count": 99})
    await session.execute(MANY_ADMISSIONS, {"organization": branch, "admission": admission})
    await session.execute(MANY_ACTIVITIES, held | {"count": 99})
    await session.execute(UNITS, {"organization": branch, "count": 99})
    for records in (MANY_CLOSINGS, *VILLAGE_RECORDS):
        await session.execute(records, {"organization": community, "first": 2, "last": 100})
    await session.execute(MANY_PROGRAMMES, {"organization": branch, "count": 99})
    for _ in range(99):
        await make_organization(session, root)
        await serve(session, community, member)
    await session.execute(MANY_CYCLES, {"organization": branch})
    await session.execute(MANY_RESTRUCTURINGS, {"restructuring": restructuring})
    await session.execute(MANY_TRANSFERS, {"organization": branch, "member": member})
    await session.execute(MANY_POSTINGS, {"organization": branch})
    await analyze(session)  # rolled-back tests leave the planner with sizes of no sense
    assert await counted() == one
    assert {url: n for url, n in one.items() if n > READS[url]} == {}
