"""Rotate the keys under load, killed again and again: no number may be lost or stay behind.

One run: members are imported; four writers record, edit and unmask over HTTP while `hangji keys
rotate` is killed with -9 in the middle and run again. At the end every number must open, be what
was last acknowledged, and lie under the current key; no version may have risen by the rotation.
Prints one line of JSON; exit code 0 when nothing is violated.

    python -m tests.long.rotation [--quick] [--members N] [--kills N] [--seed N] [--self-test]
"""
# ruff: noqa: S311, T201 (chance, not secrets; the answer is printed)

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from app.core import clock, crypto, log, migrations
from app.core.crypto import Tampered
from app.core.db import Doors
from app.core.embedded import Cluster, running
from app.imports import service as imports
from tests.conftest import _at
from tests.imports.test_api import members, organizations, workbook
from tests.long.real import serving, token_of
from tests.make.applications import HOSTS
from tests.make.canaries import canary
from tests.make.members import new_member
from tests.make.organizations import make_account, make_district

PROMISE = "keys: a rotation killed at any moment loses no number and ends with none under old keys"
DISTRICT, DAY, WRITERS = "231005", date(2019, 12, 31), 4
OLD = "SELECT count(*) FROM member WHERE get_byte(id_number_cipher, 1) <> %s"


@dataclass
class Known:
    """What was last acknowledged of a member."""

    id_number: str
    phone: str
    version: int = 1


@dataclass
class Run:
    """What one run did and saw."""

    top: Path
    chance: random.Random
    url: str = ""
    token: str = ""
    branch: UUID | None = None
    known: dict[str, Known] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(50_000, 10**6)))
    tries: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    kills_midway: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def keys(self) -> Path:
        """Where the keys lie."""
        return self.top / "keys.json"


def ask(state: Run) -> psycopg.Connection[Any]:
    """Open a connection that sees every row."""
    return psycopg.connect(state.url, autocommit=True)


async def fill(state: Run, cluster: Cluster, count: int) -> None:
    """Make the district and import `count` members."""
    doors = Doors.to(cluster.application_url, pool_size=2)
    async with doors.writing([DISTRICT, "000000"]) as session:
        await make_district(session)
        state.token = await token_of(session, await make_account(session))
        rows = []
        for n in range(count):
            row, (number, phone) = list(members()[0]), canary(n)
            row[1] = "女" if int(number[16]) % 2 == 0 else "男"
            row[3], row[10] = number, phone
            row[4] = date.fromisoformat(number[6:14])
            rows.append(row)
        data = workbook(organizations(), rows)
        report = await imports.take(session, data, DISTRICT, DAY, account_id=None, dry_run=False)
        assert report.status == "taken", report.errors[:3]
    await doors.close()
    with ask(state) as connection:
        found = dict(connection.execute("SELECT id_number_index, id::text FROM member").fetchall())
        branch = connection.execute("SELECT organization_id::text FROM membership").fetchone()
    assert branch
    state.branch = UUID(branch[0])
    for n in range(count):
        number, phone = canary(n)
        member_id = found[crypto.keys().blind_index(f"id_number:{number}")]
        state.known[member_id] = Known(number, phone)


def write(state: Run, port: int, own: list[str], seed: int) -> None:
    """Record, edit and unmask members of one's own until told to stop."""
    chance = random.Random(seed)
    headers = {"authorization": f"Bearer {state.token}", "host": HOSTS[0]}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}/v1", headers=headers, timeout=30
    ) as client:
        while not state.done.is_set():
            kind = chance.choice(["record", "edit", "unmask"])
            answer = {"record": record, "edit": edit, "unmask": unmask}[kind](
                state, client, own, chance
            )
            state.tries[kind] += 1
            if answer.status_code not in {200, 201}:
                state.violations.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
            time.sleep(0.01)


def record(state: Run, client: httpx.Client, own: list[str], _: random.Random) -> httpx.Response:
    number, phone = canary(next(state.numbers))
    born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    sex = "female" if int(number[16]) % 2 == 0 else "male"
    given = {"id_number": number, "phone": phone, "born_on": born, "sex": sex}
    assert state.branch
    answer = client.post("/members", json=new_member(state.branch, **given))
    if answer.status_code == 201:
        member_id = answer.json()["id"]
        state.known[member_id] = Known(number, phone)
        own.append(member_id)
    return answer


def edit(state: Run, client: httpx.Client, own: list[str], chance: random.Random) -> httpx.Response:
    member_id = chance.choice(own)
    known = state.known[member_id]
    phone = f"139{chance.randrange(10**8):08}"
    seen = {"if-match": f'"{known.version}"'}
    answer = client.patch(f"/members/{member_id}", json={"phone": phone}, headers=seen)
    if answer.status_code == 200:
        known.phone, known.version = phone, known.version + 1
    return answer


def unmask(
    state: Run, client: httpx.Client, own: list[str], chance: random.Random
) -> httpx.Response:
    member_id = chance.choice(own)
    known = state.known[member_id]
    answer = client.post(f"/members/{member_id}/unmaskings", json={"reason": "核对"})
    if answer.status_code == 200:
        shown = answer.json()
        if shown != {"id_number": known.id_number, "phone": known.phone}:
            state.violations.append(f"unmasked: not what was recorded of {member_id}")
    return answer


def rotate(state: Run) -> subprocess.Popen[bytes]:
    """Start `hangji keys rotate` as an operator does."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HANGJI_")}
    given = clean | {"HANGJI_DATA_DIR": str(state.top), "HANGJI_TODAY": str(DAY)}
    argv = [sys.executable, "-m", "app.cli", "keys", "rotate"]
    return subprocess.Popen(argv, env=given, stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def old_rows(state: Run, connection: psycopg.Connection[Any]) -> int:
    """Count the members who are not under the current key of the file."""
    current = json.loads(state.keys.read_text())["current"]
    row = connection.execute(OLD, [current]).fetchone()
    assert row
    return int(row[0])


def kill_again_and_again(state: Run, kills: int) -> None:
    """Run the rotation and kill it with some of the work done; at last let it end."""
    share = len(state.known) // (kills + 2)
    with ask(state) as connection:
        while state.kills < kills:
            process = rotate(state)
            current = json.loads(state.keys.read_text())["current"]
            before = old_rows(state, connection) if state.kills else len(state.known)
            enough = state.chance.randrange(share)
            while process.poll() is None:
                changed = current != json.loads(state.keys.read_text())["current"]
                left = old_rows(state, connection)
                if (changed or state.kills) and left <= before - enough:
                    break
                time.sleep(0.01)
            process.kill()
            process.communicate()
            state.kills += 1
            state.kills_midway += old_rows(state, connection) > 0
    process = rotate(state)
    _, said = process.communicate(timeout=240)
    if process.returncode:
        state.violations.append(f"rotate ended with {process.returncode}: {said[-300:]!r}")


def check(state: Run) -> list[str]:
    """Read every row back and compare it with what was acknowledged; say what is wrong."""
    wrong = []
    ring = crypto.load_keys(state.keys, "sm4-gcm", make=False)
    rows = "SELECT id::text, id_number_cipher, id_number_index, phone_cipher, version FROM member"
    seen = set()
    with ask(state) as connection:
        for member_id, number, index, phone, version in connection.execute(rows):
            seen.add(member_id)
            known = state.known.get(member_id)
            if known is None:
                wrong.append(f"never acknowledged: {member_id}")
                continue
            if {number[:2], phone[:2]} != {ring.head}:
                wrong.append(f"under an old key: {member_id}")
            try:
                opened = ring.decrypt(number, f"member.id_number:{member_id}")
                found = Known(opened, ring.decrypt(phone, f"member.phone:{member_id}"), version)
            except Tampered:
                wrong.append(f"unreadable: {member_id}")
                continue
            if found != known or ring.blind_index(f"id_number:{opened}") != index:
                wrong.append(f"not as acknowledged: {member_id}")
    return wrong + [f"lost: {member_id}" for member_id in state.known.keys() - seen]


def self_test(state: Run) -> int:
    """Plant what must never be, one at a time, and see that `check` finds just that."""
    ids = list(state.known)[:6]
    spoil = "overlay(id_number_cipher placing '\\x00' from 40)"
    plants = {
        f"unreadable: {ids[0]}": f"UPDATE member SET id_number_cipher = {spoil} WHERE id = %s",
        f"not as acknowledged: {ids[1]}": "UPDATE member SET version = version + 1 WHERE id = %s",
        f"not as acknowledged: {ids[2]}": "UPDATE member SET id_number_index = '' WHERE id = %s",
        f"lost: {ids[3]}": "UPDATE member SET id = gen_random_uuid() WHERE id = %s",
    }
    caught = 0
    for expected, statement in plants.items():
        with psycopg.connect(state.url) as connection:
            connection.execute("SET session_replication_role = replica")  # no foreign keys
            connection.execute(statement, [expected.split()[-1]])
            connection.commit()
            caught += expected in check(state)
    crypto.add_master(crypto.load_keys(state.keys, "sm4-gcm", make=False))
    caught += f"under an old key: {ids[4]}" in check(state)
    return len(plants) + 1 - caught


def go(state: Run, members: int, kills: int, *, plants: bool) -> dict[str, Any]:
    """Make the database, serve it while four writers write, rotate; then check, or plant."""
    with running(state.top) as cluster:
        state.url = _at(cluster.superuser_url, "hangji")
        crypto.use(crypto.load_keys(state.keys, "sm4-gcm", make=True))
        clock.pin(DAY)
        migrations.upgrade(cluster.owner_url, cluster.application_url)
        asyncio.run(fill(state, cluster, members))
        with serving(cluster.application_url) as port:
            ids = list(state.known)
            writers = [
                threading.Thread(target=write, args=(state, port, ids[n::WRITERS], n))
                for n in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            begun = time.monotonic()
            try:
                kill_again_and_again(state, kills)
            finally:
                took = time.monotonic() - begun
                state.done.set()
                for writer in writers:
                    writer.join()
        state.violations += check(state)
        missed = self_test(state) if plants else 0
        with ask(state) as connection:
            told = "SELECT count(*) FROM audit_entry WHERE action = 'cli.keys_rotate'"
            entries = connection.execute(f"{told} AND district_code = '{DISTRICT}'").fetchone()
    return {
        "tries": members,
        "faults": state.kills,
        "faults_with_rows_left": state.kills_midway,
        "writes": dict(state.tries),
        "members_at_the_end": len(state.known),
        "rotation_seconds": round(took, 1),
        "audit_entries": entries and entries[0],
        "current_key": json.loads(state.keys.read_text())["current"],
        "plants_missed": missed,
        "violations": len(state.violations),
        "seen": state.violations[:5],
    }


def main() -> int:
    """Run it; the exit code is 0 when the promise held and enough was tried."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="4,000 members, at most 90 s")
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--self-test", action="store_true", help="plant violations; find them all?")
    given = parser.parse_args()
    count = 4_000 if given.quick or given.self_test else given.members
    kills = 1 if given.self_test else given.kills
    begun = time.monotonic()
    log.configure("warning")
    top = Path(tempfile.mkdtemp(prefix="hangji-rotation-", dir="/tmp")).resolve()
    top.chmod(0o711)  # the server's user passes through
    state = Run(top, random.Random(given.seed))
    try:
        answer = go(state, count, kills, plants=given.self_test)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    enough = state.kills_midway >= kills - 1 and state.tries.total() >= 20 * kills
    took = round(time.monotonic() - begun, 1)
    answer |= {"enough": enough, "seed": given.seed, "seconds": took}
    print(json.dumps({"promise": PROMISE, **answer}, ensure_ascii=False))
    return 0 if enough and not state.violations and not answer["plants_missed"] else 1


if __name__ == "__main__":
    sys.exit(main())
