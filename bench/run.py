"""Measure the service beside the limit: `make bench`. README.md beside this says how to read it."""
# ruff: noqa: S603 (every program run here is our own, or wrk)

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import Any

import asyncpg
import data
import limit
import uvloop
from sqlalchemy.engine import make_url

from app.core import clock, crypto, embedded, migrations
from app.core.settings import settings

HERE = Path(__file__).resolve().parent
CONNECTIONS = 32
UVICORN = [
    "--factory",
    "--host",
    "127.0.0.1",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "warning",
    "--no-server-header",
    "--no-proxy-headers",
]
WRK = """
local requests, i = {}, 0
init = function(args)
  for line in io.lines(os.getenv("BENCH_PATHS")) do
    requests[#requests + 1] = wrk.format("GET", line)
  end
end
request = function() i = i + 1; return requests[i % #requests + 1] end
"""
_REQUESTS = re.compile(r"([0-9]+) requests in ([0-9.]+)s")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: ([0-9]+)")
_LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)


class Client:
    """One connection that is kept; nothing in it but a socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[float, bytes]:
        """Send a request, wait for the whole answer, and give the milliseconds and the body."""
        started = time.perf_counter_ns()
        self.socket.sendall(request)
        answer = self.socket.recv(1 << 18)
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1 << 18)
        head, _, body = answer.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        assert found
        parts, missing = [body], int(found[1]) - len(body)
        while missing > 0:
            parts.append(self.socket.recv(1 << 18))
            missing -= len(parts[-1])
        took = (time.perf_counter_ns() - started) / 1e6
        if not head.startswith(b"HTTP/1.1 2"):
            raise SystemExit(f"{request!r}\n{head!r}\n{b''.join(parts)!r}")
        return took, b"".join(parts)


def write_request(path: str, token: str, body: bytes = b"") -> bytes:
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    if token:
        head += f"authorization: {token}\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


# ── The database


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


# ── The two servers


@contextmanager
def served(target: str, environment: dict[str, str]) -> Iterator[int]:
    """Run an application under uvicorn as in production, one worker, and give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    argv = [sys.executable, "-m", "uvicorn", target, "--port", str(port), *UVICORN]
    process = subprocess.Popen([*argv, "--app-dir", str(HERE)], env=os.environ | environment)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"{target} did not start")
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        process.wait()


def sign_in(port: int) -> str:
    body = json.dumps({"username": data.USERNAME, "password": data.PASSWORD}).encode()
    _, answer = Client(port).ask(write_request("/v1/sessions", "", body))
    return f"Bearer {json.loads(answer)['access_token']}"


# ── Measuring


def latencies(
    requests: Sequence[tuple[bytes, bytes]], ports: tuple[int, int], seconds: float, most: int
) -> tuple[list[float], list[float]]:
    """Ask both servers in turn, one request at a time, for so long; milliseconds of each."""
    clients = [Client(port) for port in ports]
    took: tuple[list[float], list[float]] = ([], [])
    ends = time.monotonic() + seconds
    for number in range(most + 3):
        for side in (0, 1) if number % 2 else (1, 0):
            milliseconds, _ = clients[side].ask(requests[number % len(requests)][side])
            if number >= 3:  # the first few prepare statements and fill caches
                took[side].append(milliseconds)
        if number >= 12 and time.monotonic() > ends:
            break
    return took


def throughput(paths: Sequence[str], token: str, port: int, seconds: int) -> float:
    """Give the good answers per second to 32 connections that ask again when answered."""
    if wrk := shutil.which("wrk"):
        return _wrk(wrk, paths, token, port, seconds)
    return uvloop.run(_closed_loop(paths, token, port, seconds))


def _wrk(wrk: str, paths: Sequence[str], token: str, port: int, seconds: int) -> float:
    with tempfile.TemporaryDirectory(prefix="hangji-") as directory:
        script, lines = Path(directory, "ask.lua"), Path(directory, "paths")
        script.write_text(WRK)
        lines.write_text("\n".join(paths))
        argv = [
            wrk,
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--timeout",
            "30s",
            "-s",
            str(script),
        ]
        argv += ["-H", f"authorization: {token}", f"http://127.0.0.1:{port}"]
        said = subprocess.run(
            argv,
            env=os.environ | {"BENCH_PATHS": str(lines)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    total, refused = _REQUESTS.search(said), _REFUSED.search(said)
    if total is None or "Socket errors" in said:
        raise SystemExit(said)
    return (int(total[1]) - (int(refused[1]) if refused else 0)) / float(total[2])


async def _closed_loop(paths: Sequence[str], token: str, port: int, seconds: int) -> float:
    requests = [write_request(path, token) for path in paths]
    ends, done = time.monotonic() + seconds, 0

    async def ask(offset: int) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        while time.monotonic() < ends:
            writer.write(requests[offset % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            assert found
            await reader.readexactly(int(found[1]))
            done += head.startswith(b"HTTP/1.1 2")
            offset += 1
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(ask(number * 7) for number in range(CONNECTIONS)))
    return done / (time.monotonic() - started)


def measure(
    tasks: list[data.Task],
    post: Iterator[dict[str, Any]],
    token: str,
    ports: tuple[int, int],
    *,
    quick: bool,
) -> None:
    """Measure every task on both servers and print the table."""
    print(
        "| task | service, ms (p95) | limit, ms (p95) | ratio | target, ms | met "
        "| service, requests/s | limit, requests/s | ratio |\n"
        "|---|--:|--:|--:|--:|:-:|--:|--:|--:|"
    )
    single, loaded = [], []
    for task in tasks:
        requests = [write_request(path, token) for path in task.paths]
        if not requests:
            bodies = [json.dumps(next(post)).encode() for _ in range(403)]
            requests = [write_request("/v1/members", token, body) for body in bodies]
        both = [(request, request) for request in requests]
        ours, best = latencies(both, ports, 1 if quick else 4, 100 if quick else 400)
        single.append(median(best) / median(ours))
        met = "" if task.target is None else "yes" if median(ours) < task.target else "**no**"
        line = (
            f"| {task.name} | {shown(ours)} | {shown(best)} | {single[-1]:.2f} "
            f"| {task.target or ''} | {met} |"
        )
        if task.paths:
            rates = [throughput(task.paths, token, port, 1 if quick else 5) for port in ports]
            loaded.append(rates[0] / rates[1])
            line += f" {rates[0]:,.0f} | {rates[1]:,.0f} | {loaded[-1]:.2f} |"
        else:
            line += " | | |"
        print(line, flush=True)
    print(f"| mean of the ratios | | | {fmean(single):.2f} | | | | | {fmean(loaded):.2f} |")


def shown(milliseconds: list[float]) -> str:
    return f"{median(milliseconds):.2f} ({quantiles(milliseconds, n=20)[-1]:.2f})"


async def explain(url: str, plan: dict[str, Any], tasks: list[data.Task]) -> None:
    """Print how PostgreSQL runs the last statement of every list."""
    recorded = await limit.record(plan)
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    for task in tasks:
        for path in task.paths[:1]:
            sql, values = recorded[path][-1]
            print(f"\n## {task.name}\n{path}\n")
            explained = f"EXPLAIN (ANALYZE, BUFFERS) {sql}"
            print("\n".join(row[0] for row in await connection.fetch(explained, *values)))
    await connection.close()


# ── The import


def time_import(cluster: embedded.Cluster, file: Path, keys: Path, target: str) -> None:
    """Time `hangji import` into a database of its own, and its memory without PostgreSQL's."""
    name = f"bench_{time.time_ns()}"
    create = f"CREATE DATABASE {name} OWNER hangji_owner"
    asyncio.run(execute(cluster.superuser_url, create))
    owner, application = (at(u, name) for u in (cluster.owner_url, cluster.application_url))
    migrations.upgrade(owner, application)
    argv = [sys.executable, "-m", "app.cli", "import", str(file), "--district", data.DISTRICT]
    environment = {
        "HANGJI_DATABASE_URL": application,
        "HANGJI_OWNER_DATABASE_URL": owner,
        "HANGJI_KEYS_FILE": str(keys),
    }
    started, peak = time.monotonic(), 0
    process = subprocess.Popen(
        [*argv, "--as-of", str(data.AS_OF)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None:
        with suppress(OSError, ValueError, IndexError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]))
        time.sleep(0.02)
    took = time.monotonic() - started
    if process.returncode:
        raise SystemExit(process.stdout and process.stdout.read())
    print(
        f"| {file.stem} | {file.stat().st_size / 1e6:.1f} | {took:.1f} | {peak / 1024:.0f} "
        f"| {target} |",
        flush=True,
    )
    asyncio.run(execute(cluster.superuser_url, f"DROP DATABASE {name} WITH (FORCE)"))


def at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def measure_imports(cluster: embedded.Cluster, home: Path, keys: Path, *, quick: bool) -> None:
    print("\n| import | file, MB | s | peak, MiB | target |\n|---|--:|--:|--:|---|")
    data.write_workbook(home / "7,719 members.xlsx", data.demo_sheets())
    time_import(cluster, home / "7,719 members.xlsx", keys, "10 s")
    size = (200, 10_000) if quick else (2_000, 100_000)
    name = f"{size[1]:,} members.xlsx"
    data.write_workbook(home / name, data.sheets(data.DISTRICT, *size))
    time_import(cluster, home / name, keys, "60 s, 600 MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the data, short runs")
    parser.add_argument("--twenty", action="store_true", help="nineteen smaller districts as well")
    parser.add_argument("--plans", action="store_true", help="only print the lists' plans")
    parser.add_argument("--import", dest="imports", action="store_true", help="time imports too")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hangji-bench-")))
        home.chmod(0o755)  # PostgreSQL may run as another user, when we are root
        cluster = stack.enter_context(embedded.running(home / "data"))
        keys = home / "keys.json"
        crypto.use(crypto.load_keys(keys, "sm4-gcm", make=True))
        clock.pin(data.AS_OF)
        migrations.upgrade(cluster.owner_url, cluster.application_url)
        scale = 10 if chosen.quick else 1
        districts = {data.DISTRICT: (2_000 // scale, 100_000 // scale)}
        if chosen.twenty:
            districts |= dict.fromkeys(data.SMALLER, (474 // scale, 7_719 // scale))
        asyncio.run(data.fill(cluster.application_url, districts))
        asyncio.run(execute(cluster.owner_url, "VACUUM ANALYZE"))  # as autovacuum will have done
        environment = {
            "HANGJI_DATABASE_URL": cluster.application_url,
            "HANGJI_OWNER_DATABASE_URL": cluster.owner_url,
            "HANGJI_KEYS_FILE": str(keys),
            "HANGJI_LOG_LEVEL": "warning",
            "HANGJI_TODAY": str(data.AS_OF),
            "HANGJI_ACCESS_MINUTES": "60",
            "HANGJI_BENCH_PLAN": str(home / "plan.json"),
        }
        os.environ.update(environment)
        settings.cache_clear()
        picked = asyncio.run(data.choose(cluster.application_url))
        tasks, post = data.tasks_of(picked), data.new_members(picked["branches"][0])
        ours = stack.enter_context(served("app.cli:application", environment))
        token = sign_in(ours)
        plan = {
            "authorization": token,
            "paths": [path for task in tasks for path in task.paths],
            "post_path": "/v1/members",
            "post": next(post),
        }
        (home / "plan.json").write_text(json.dumps(plan))
        if chosen.plans:
            asyncio.run(explain(cluster.application_url, plan, tasks))
            return
        best = stack.enter_context(served("limit:application", environment))
        tasks.append(data.Task("one member created"))
        measure(tasks, post, token, (ours, best), quick=chosen.quick)
        if chosen.imports:
            measure_imports(cluster, home, keys, quick=chosen.quick)


if __name__ == "__main__":
    main()
