"""Kill the embedded server and its supervisor again and again: no acknowledged row may be lost.

One run: four writers insert numbered rows; each acknowledged number goes to a journal that is
synced before it counts. Meanwhile the supervisor, the postmaster, both, or one backend process is
killed with -9. At the end every journaled row must be there, none twice, nothing left running and
every page whole. Prints one line of JSON; exit code 0 when nothing is violated.

    python tests/long/embedded_kills.py [--quick] [--kills N] [--seed N] [--self-test]
"""
# ruff: noqa: S311, T201 (fixed commands; chance, not secrets; the answer is printed)

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from app.core.embedded import running
from app.core.embedded_cluster import CannotStart, bound, processes_on, run, server_user
from app.core.embedded_cluster import find_tools as tools

PROMISE = "embedded: an acknowledged row survives kill -9 of supervisor and server"
BACK_SECONDS = 20.0
HOLD = """
import sys
from pathlib import Path
from app.core.embedded import running
with running(Path(sys.argv[1]), serve=True) as cluster:
    print(cluster.owner_url, flush=True)
    sys.stdin.read()
"""


@dataclass
class Run:
    """What one run did and saw."""

    data_dir: Path
    chance: random.Random
    url: str = ""
    done: threading.Event = field(default_factory=threading.Event)
    journaled: list[int] = field(default_factory=list)  # append is atomic: one list for all
    unknown: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    slowest: float = 0.0


def serve(data_dir: Path) -> tuple[subprocess.Popen[str], str]:
    """Start a supervisor; return it and the owner's URL once it is up."""
    argv = [sys.executable, "-c", HOLD, str(data_dir)]
    errors = (data_dir / "supervisor.err").open("a")
    pipe = subprocess.PIPE
    process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=errors, text=True)
    errors.close()
    assert process.stdout
    return process, process.stdout.readline().strip()


def write_rows(state: Run, writer: int) -> None:
    """Insert numbered rows until told to stop, journaling each acknowledged number."""
    number = writer
    with (state.data_dir / f"journal.{writer}").open("ab", buffering=0) as journal:
        while not state.done.is_set():
            with (
                contextlib.suppress(psycopg.Error),
                psycopg.connect(state.url, autocommit=True, connect_timeout=5) as connection,
            ):
                while not state.done.is_set():
                    number += 100  # a number is tried once only, so a row can be there once only
                    state.unknown.append(number)
                    connection.execute("insert into kept values (%s)", [number])
                    journal.write(b"%d\n" % number)
                    os.fsync(journal.fileno())
                    state.journaled.append(number)
                    time.sleep(0.002)
            time.sleep(0.02)


def strike(state: Run, supervisor: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """Kill something, and see that rows are acknowledged again; return the supervisor."""
    kind = state.chance.choice(["supervisor", "postmaster", "both", "backend", "while stopping"])
    pgdata = state.data_dir / "pgdata"
    postmaster = int((pgdata / "postmaster.pid").read_text().split()[0])
    if kind == "backend":
        others = [pid for pid in processes_on(pgdata) if pid != postmaster]
        victims = [state.chance.choice(others)]
    else:
        victims = [postmaster] if kind == "postmaster" else [supervisor.pid]
    if kind == "both":
        victims = state.chance.sample([postmaster, supervisor.pid], 2)
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    if kind == "while stopping":  # the server, too, in the middle of its clean stop
        time.sleep(state.chance.uniform(0, 0.03))
        with contextlib.suppress(ProcessLookupError):
            os.kill(postmaster, signal.SIGKILL)
    state.faults[kind] += 1
    begun, before = time.monotonic(), len(state.journaled)
    if supervisor.pid in victims:
        supervisor.wait()
        supervisor, url = serve(state.data_dir)
        if url != state.url:
            state.violations.append(f"no server after kill of {kind}")
    while len(state.journaled) < before + 20:  # more than may have been under way
        if time.monotonic() > begun + BACK_SECONDS:
            state.violations.append(f"not back {BACK_SECONDS} s after kill of {kind}")
            break
        time.sleep(0.01)
    state.slowest = max(state.slowest, time.monotonic() - begun)
    return supervisor


def check(state: Run) -> None:
    """Read the journals and the table back, and compare."""
    acknowledged = [
        int(line)
        for journal in state.data_dir.glob("journal.*")
        for line in journal.read_text().splitlines()
    ]
    with running(state.data_dir) as cluster, psycopg.connect(cluster.owner_url) as connection:
        found = Counter(row[0] for row in connection.execute("select id from kept"))
    tried = set(state.unknown)
    for name, numbers in {
        "lost": [n for n in acknowledged if n not in found],
        "twice": [n for n, times in found.items() if times > 1],
        "never tried": [n for n in found if n not in tried],
        "left running": processes_on(state.data_dir / "pgdata"),
    }.items():
        state.violations += [f"{name}: {n}" for n in numbers]
    user = server_user(state.data_dir / "pgdata")
    try:
        argv = [f"{tools()}/pg_checksums", "--check", "-D", str(state.data_dir / "pgdata")]
        run(argv, bound(user, signal.SIGKILL))
    except CannotStart as error:
        state.violations.append(str(error))


def kill_and_write(data_dir: Path, kills: int, seconds: float, seed: int) -> Run:
    """Write and kill until enough, or until time is up; then stop all."""
    state = Run(data_dir, random.Random(seed))
    end = time.monotonic() + seconds
    supervisor, state.url = serve(data_dir)
    with psycopg.connect(state.url) as connection:
        connection.execute("create table kept (id bigint)")  # no key: a row twice must be seen
    writers = [threading.Thread(target=write_rows, args=(state, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    while state.faults.total() < kills and time.monotonic() < end and not state.violations:
        time.sleep(state.chance.uniform(0.05, 0.6))
        supervisor = strike(state, supervisor)
    state.done.set()
    for writer in writers:
        writer.join()
    supervisor.communicate(timeout=60)
    return state


def self_test(data_dir: Path) -> dict[str, object]:
    """Plant what must never be, one at a time, and see that `check` finds just that."""
    state = kill_and_write(data_dir, kills=1, seconds=20, seed=1)
    check(state)
    clean, caught = not state.violations, 0
    row = state.journaled[-1]
    plants = {
        "never tried: -1": "insert into kept values (-1)",
        f"lost: {row}": f"delete from kept where id in (-1, {row})",
        f"twice: {row}": f"insert into kept values ({row}), ({row})",
    }
    for violation, statement in plants.items():
        with running(data_dir) as cluster, psycopg.connect(cluster.owner_url) as connection:
            connection.execute(statement)
        state.violations.clear()
        check(state)
        caught += state.violations == [violation]
    return {"plants": len(plants), "caught": caught, "violations": 0 if clean else 1}


def main() -> int:
    """Run it; the exit code is 0 when the promise held and enough was tried."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="15 kills, at most 60 s")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--self-test", action="store_true", help="plant violations; find them all?")
    given = parser.parse_args()
    kills, seconds = (15, 40.0) if given.quick else (given.kills, given.kills * 10.0)
    begun = time.monotonic()
    data_dir = Path(tempfile.mkdtemp(prefix="hangji-kills-", dir="/tmp")).resolve()
    try:
        if given.self_test:
            answer = self_test(data_dir)
            held = answer["caught"] == answer["plants"] and not answer["violations"]
        else:
            state = kill_and_write(data_dir, kills, seconds, given.seed)
            check(state)
            faults = state.faults.total()
            enough = faults >= min(kills, 8) and len(state.journaled) >= 20 * faults
            held = enough and not state.violations
            answer = {
                "tries": len(state.unknown),
                "acknowledged": len(state.journaled),
                "faults": faults,
                "kinds": dict(state.faults),
                "violations": len(state.violations),
                "seen": state.violations[:5],
                "enough": enough,
                "slowest_return_seconds": round(state.slowest, 2),
                "seed": given.seed,
            }
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    took = round(time.monotonic() - begun, 1)
    print(json.dumps({"promise": PROMISE, **answer, "seconds": took}, ensure_ascii=False))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
