"""A thousand known numbers go through the service; none may lie anywhere in plain.

Searched: every byte of the data directory (tables, WAL, statistics, the server's log), a dump, all
answers, the service's log lines and the exports, for each number in plain, reversed, base64,
hexadecimal and UTF-16. In the same pass other numbers, planted in each place, must all be found.
"""

import asyncio
import base64
import io
import logging
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import structlog

from app import worker
from app.core import clock, crypto, log, migrations
from app.core.db import Doors
from app.core.embedded import Cluster, running
from app.core.embedded_cluster import find_tools
from app.core.workbooks import Column, NewSheet, write_workbook
from app.members import jobs
from tests.conftest import _at
from tests.imports.test_api import members, organizations, workbook
from tests.long.real import application, token_of
from tests.make.canaries import Search, canary
from tests.make.members import new_member
from tests.make.organizations import make_account, make_district

CANARIES, BY_API, UNMASKED = 1_000, 40, 5
NUMBERS = [canary(n) for n in range(CANARIES)]
PLANTED = [canary(n)[0] for n in range(5_000, 5_009)]


# ── The search


@pytest.mark.parametrize("number", [NUMBERS[3][0], NUMBERS[4][0], *NUMBERS[5]])
def test_every_form_is_found_wherever_it_begins(number: str) -> None:
    forms = {
        "plain": number.encode(),
        "reversed": number[::-1].encode(),
        "hex plain": number.encode().hex().encode(),
        "UTF-16 plain": number.encode("utf-16-le"),
        "UTF-16 reversed": number[::-1].encode("utf-16-be"),
    }
    for form, text in forms.items():
        for before in (b"", b"7", b"a1", b"\0"):
            search = Search([number])
            search.look("here", before + text + before)
            assert form in search.found["here"], (form, before)
    for skipped in range(3):
        search = Search([number])
        search.look("here", base64.b64encode(b"x" * skipped + number.encode() + b"y"))
        assert search.found["here"] == {"base64": {number}}, skipped
    other = Search([canary(7_777)[0]])
    other.look("here", b"".join(forms.values()))
    assert other.found == {}


# ── What the service is asked

WHY = "办理组织关系转接"


class Caller:
    """The department's client; keeps every answer, headers and all."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.answers: list[tuple[str, bytes]] = []
        client.event_hooks["response"].append(self.keep)

    async def keep(self, answer: httpx.Response) -> None:
        body = await answer.aread()
        shows = answer.request.url.path.endswith("/unmaskings") and answer.status_code == 200
        self.answers.append(
            ("unmasked" if shows else "answer", repr(answer.headers).encode() + body)
        )

    async def ask(self, status: int, method: str, path: str, **given: Any) -> httpx.Response:
        answer = await self.client.request(method, path, **given)
        assert answer.status_code == status, (method, path, answer.text)
        return answer


def person(branch: str, n: int, **values: Any) -> dict[str, Any]:
    number, phone = NUMBERS[n]
    sex = "female" if int(number[16]) % 2 == 0 else "male"
    born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    given = {"id_number": number, "phone": phone, "born_on": born, "sex": sex}
    return new_member(branch, **given) | values


async def record(caller: Caller, branch: str) -> list[str]:
    """Record, correct and record twice: by the API."""
    made = []
    for n in range(BY_API // 2):
        key = {"idempotency-key": f"canary-{n}"} if n % 2 else {}
        for _ in range(2 if key else 1):
            answer = await caller.ask(201, "POST", "/members", json=person(branch, n), headers=key)
        made.append(answer.json()["id"])
    for n in range(BY_API // 2):
        other = person(branch, n + BY_API // 2)
        change = {name: other[name] for name in ("id_number", "phone", "born_on", "sex")}
        path, version = f"/members/{made[n]}", {"if-match": '"1"'}
        await caller.ask(200, "PATCH", path, json=change, headers=version)
    again = person(branch, BY_API - 1)
    await caller.ask(409, "POST", "/members", json=again, headers={"idempotency-key": "twice"})
    change = {name: again[name] for name in ("id_number", "born_on", "sex")}
    await caller.ask(409, "PATCH", f"/members/{made[0]}", json=change, headers={"if-match": '"2"'})
    return made


async def mistake(caller: Caller, branch: str, member: str) -> None:
    """Put numbers where they do not belong."""
    number, phone = NUMBERS[0]
    good = person(branch, 50)
    for n, wrong in enumerate(
        [
            *({name: number} for name in good if name != "id_number"),
            {"id_number": number[:17] + ("1" if number[17] != "1" else "2")},
            {"id_number": int(number[:17])},
            {"id_number": [number]},
            {"id_number": f" {number}"},
            {number: phone},
            {"phone": f"+86{phone}"},
        ]
    ):
        key = {"idempotency-key": f"mistake-{n}"}
        await caller.ask(422, "POST", "/members", json=good | wrong, headers=key)
    for text in (f'{{"id_number": "{number}"', f'{{"id_number": {number}}}', f'"{number}"', number):
        kind = {"content-type": "application/json", "idempotency-key": "broken"}
        await caller.ask(422, "POST", "/members", content=text, headers=kind)
    for query in ({"q": number}, {"q": phone}):
        await caller.ask(200, "GET", "/members", params=query)
    for name in (number, "limit", "organization_id", "within", "as_of", "status", "sort"):
        await caller.ask(422, "GET", "/members", params={name: number})
    await caller.ask(400, "GET", "/members", params={"after": number})
    for path in (f"/members/{number}", f"/organizations/{number}", f"/imports/{number}"):
        await caller.ask(422, "GET", path)
    await caller.ask(404, "GET", f"/{number}")
    for reason in (f"核对 {number}", f"电话{phone}"):
        for place, action in (
            (member, "unmaskings"),
            (number, "unmaskings"),
            (number, "status-changes"),
        ):
            body = {"reason": reason} | ({"status": "deceased"} if action[0] == "s" else {})
            headers = {"if-match": '"2"', "idempotency-key": f"{place[:4]}{action}{len(reason)}"}
            await caller.ask(422, "POST", f"/members/{place}/{action}", json=body, headers=headers)
    body = {"status": "rights_suspended", "reason": f"本人 {number}"}
    version = {"if-match": '"2"'}
    await caller.ask(422, "POST", f"/members/{member}/status-changes", json=body, headers=version)


def rows_of(numbers: list[tuple[str, str]]) -> list[list[Any]]:
    """Make a roster's rows of people with these numbers."""
    rows = []
    for number, phone in numbers:
        row = members()[0]
        row[1] = "女" if int(number[16]) % 2 == 0 else "男"
        row[3], row[10] = number, phone
        row[4] = date.fromisoformat(number[6:14])
        rows.append(row)
    return rows


async def import_all(caller: Caller) -> None:
    """Take the rest by rosters: one that is wrong in many ways, a dry run, the good one."""
    people = rows_of(NUMBERS[BY_API:])
    wrong = [list(row) for row in people]
    for n, row in enumerate(wrong[:120]):
        if (column := n % 12) == 3:
            row[3] = row[3][:17] + ("1" if row[3][17] != "1" else "2")
        else:
            row[column] = row[3]
    wrong[200] = list(wrong[201])
    bad, good = (workbook(organizations(), rows) for rows in (wrong, people))
    for path, status, data in (
        ("&dry_run=false", 422, bad),
        ("&dry_run=true", 200, good),
        ("", 201, good),
        ("", 201, good),
    ):
        query = f"/imports?district_code=231005&as_of=2019-12-31{path}"
        file = {"file": (f"{NUMBERS[99][0]}.xlsx", data)}
        key = {"idempotency-key": f"roster-{status}"}
        await caller.ask(status, "POST", query, files=file, headers=key)


async def read(caller: Caller) -> None:
    """List everybody, export everybody, look at some whole numbers."""
    after: dict[str, str] = {}
    seen = 0
    while True:
        params = {"limit": "200", **after}
        page = (await caller.ask(200, "GET", "/members", params=params)).json()
        seen += len(page["items"])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == CANARIES - BY_API // 2
    listed = (await caller.ask(200, "GET", "/members")).json()["items"]
    for row in listed[:UNMASKED]:
        path = f"/members/{row['id']}/unmaskings"
        shown = await caller.ask(200, "POST", path, json={"reason": WHY})
        assert {number for number, _ in NUMBERS} >= {shown.json()["id_number"]}
    await caller.ask(200, "GET", "/members/export.xlsx")


# ── The places


@contextmanager
def service_log() -> Iterator[io.StringIO]:
    """Keep every line that the service logs, as it would write it, from `debug` up."""
    root, lines = logging.getLogger(), io.StringIO()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    log.configure("debug")
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines)
    structlog.configure(cache_logger_on_first_use=False)  # or they would stay so for other tests
    try:
        yield lines
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**before)


async def plant(cluster: Cluster, caller: Caller) -> None:
    """Leave other numbers in plain where none may be."""
    row, coded, hexed, turned, wide, in_log, logged, answered, exported = PLANTED
    owner = await asyncpg.connect(cluster.owner_url)
    await owner.execute("CREATE TABLE planted (note text, data bytea)")
    for text in (
        row,
        base64.b64encode(f"a{coded}".encode()).decode(),
        hexed.encode().hex(),
        turned[::-1],
    ):
        await owner.execute("INSERT INTO planted VALUES ($1, $2)", text, wide.encode("utf-16-le"))
    with pytest.raises(asyncpg.DataError):
        await owner.execute(f"SELECT '{in_log}'::integer")
    await owner.close()
    structlog.get_logger("planted").debug("planted", value=logged)
    app = caller.client._transport.app  # type: ignore[attr-defined]
    app.add_api_route("/planted", lambda: {"planted": answered})
    await caller.ask(200, "GET", "http://test/planted")
    file = write_workbook(
        [NewSheet(name="党员", columns=[Column(title="号码")], rows=[[exported]])]
    )
    caller.answers.append(("answer", file))


def look_in_answers(search: Search, answers: list[tuple[str, bytes]]) -> None:
    for place, data in answers:
        search.look(place, data)
        if (begins := data.find(b"PK\x03\x04")) >= 0:
            with zipfile.ZipFile(io.BytesIO(data[begins:])) as package:
                for name in package.namelist():
                    search.look("export", package.read(name))


@asynccontextmanager
async def department(cluster: Cluster) -> AsyncIterator[tuple[Doors, Caller, str]]:
    """Serve a new database to the department of 231005, which has one branch."""
    doors = Doors.to(cluster.application_url, pool_size=4)
    async with doors.writing(["231005", "000000"]) as session:
        root = await make_district(session)
        token = await token_of(session, await make_account(session))
    transport = httpx.ASGITransport(application(doors), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://test/v1",
        headers={"authorization": f"Bearer {token}"},
    ) as client:
        caller = Caller(client)
        branch = {"parent_id": str(root), "name": "登记支部", "kind": "party_branch"}
        made = await caller.ask(201, "POST", "/organizations", json=branch)
        yield doors, caller, made.json()["id"]
    await doors.close()


async def use_all(cluster: Cluster) -> Caller:
    """Record, import, read, rotate the keys, run the jobs; plant; write everything to the disk."""
    async with department(cluster) as (doors, caller, branch):
        made = await record(caller, branch)
        await mistake(caller, branch, made[0])
        await import_all(caller)
        await read(caller)
        crypto.use(crypto.add_master(crypto.keys()))
        rotated = await jobs.encrypt_anew(doors, lambda *_: None)
        assert (rotated.rows, rotated.left) == (CANARIES - BY_API // 2, 0)
        await read(caller)
        await plant(cluster, caller)
    await worker.work(cluster.application_url, until_empty=True)  # statistics of what is there
    superuser = await asyncpg.connect(_at(cluster.superuser_url, "hangji"))
    audited = await superuser.fetchval("SELECT count(*) FROM audit_entry")
    assert audited > BY_API
    await superuser.execute("CHECKPOINT")
    await superuser.close()
    return caller


@pytest.mark.timeout(180)  # a cluster of its own, all of which is read
def test_no_number_lies_anywhere_in_plain() -> None:
    top = Path(tempfile.mkdtemp(prefix="hangji-canaries-", dir="/tmp")).resolve()
    top.chmod(0o711)  # the server's user passes through
    clock.pin(date(2020, 6, 1))
    search = Search([*(text for pair in NUMBERS for text in pair), *PLANTED])
    try:
        with service_log() as lines, running(top) as cluster:
            crypto.use(crypto.load_keys(top / "keys.json", "sm4-gcm", make=True))
            migrations.upgrade(cluster.owner_url, cluster.application_url)
            caller = asyncio.run(use_all(cluster))
            dump = [f"{find_tools()}/pg_dump", "-d", _at(cluster.superuser_url, "hangji")]
            search.look("dump", subprocess.run(dump, capture_output=True, check=True).stdout)
        search.look("log", lines.getvalue().encode())
        look_in_answers(search, caller.answers)
        looked = search.look_in_files("data", top)
    finally:
        shutil.rmtree(top)
    assert looked > 30 << 20
    found = {
        (place, form, number)
        for place, forms in search.found.items()
        for form, numbers in forms.items()
        for number in numbers
    }
    assert {f for f in found if f[2] not in PLANTED and f[0] != "unmasked"} == set()
    assert len({f for f in found if f[0] == "unmasked"}) == 2 * UNMASKED
    assert_all_plants(found)


def assert_all_plants(found: set[tuple[str, str, str]]) -> None:
    row, coded, hexed, turned, wide, in_log, logged, answered, exported = PLANTED
    stored = {
        ("plain", row),
        ("base64", coded),
        ("hex plain", hexed),
        ("reversed", turned),
        ("UTF-16 plain", wide),
    }
    expected = {
        *((f"data/pgdata/{place}", *plant) for place in ("base", "pg_wal") for plant in stored),
        *(("dump", *plant) for plant in stored if plant[0] != "UTF-16 plain"),
        ("data/postgresql.log", "plain", in_log),
        ("log", "plain", logged),
        ("answer", "plain", answered),
        ("export", "plain", exported),
    }
    assert {f for f in found if f[2] in PLANTED} == expected
