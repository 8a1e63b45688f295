"""PostgreSQL 18 out of an installed wheel: started, watched, shared by commands, and stopped.

One process supervises the server of a data directory and holds `supervisor.lock`; the others
attach, each holding `attached.lock` shared, which the supervisor takes alone before it stops the
server. `serve.lock` makes a second `serve` fail at once. The kernel drops all three with their
holder, however it ends. The server ends with its supervisor, even with one that was killed.
"""
# ruff: noqa: S603 (every program run here is the wheel's)

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from tempfile import mkdtemp
from threading import Event, Thread
from typing import TextIO
from urllib.parse import quote

from app.core.embedded_cluster import (
    OURSELVES,
    CannotStart,
    User,
    bound,
    clear_leftovers,
    die_with_parent,
    find_home,
    find_tools,
    make_cluster,
    open_private,
    read_passwords,
    run,
    server_tools,
    server_user,
    until,
    write,
)

__all__ = ["AlreadyServed", "CannotStart", "Cluster", "die_with_parent", "running"]

START_SECONDS = 180  # the recovery of a full WAL included
COMMAND_SECONDS = 600  # the longest that another command may keep us waiting
# A dead supervisor's server stops by itself; else: (signal, seconds to wait for its effect).
ORPHAN = ((0, 20), (SIGINT, 10), (SIGQUIT, 5), (SIGKILL, 10))
LOG_BYTES = 8 << 20
SOCKET_DIR_BYTES = 107 - len("/.s.PGSQL.5432")  # sun_path ends with a NUL
# A member's data must not reach the log: no parameters, no "Key (…)=(…) already exists".
SETTINGS = """listen_addresses= unix_socket_permissions=0700 max_connections=100
    shared_buffers=256MB password_encryption=scram-sha-256 timezone=UTC log_timezone=UTC
    log_parameter_max_length=0 log_parameter_max_length_on_error=0 log_error_verbosity=terse"""
SET_UP = """
SET log_min_error_statement = panic;  -- the log must not show these passwords
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['hangji_owner', 'hangji_application']) name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE hangji_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
      PASSWORD :'hangji_owner';
ALTER ROLE hangji_application LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
      PASSWORD :'hangji_application';
SELECT 'CREATE DATABASE hangji OWNER hangji_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hangji') \\gexec
\\connect hangji
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
"""
BUSY = """另一条命令正在使用该数据目录，等待其结束。
Another command uses the data directory; waiting for it to end."""
ATTACHED = """还有命令在使用数据库，等待其结束后再停止（再按一次 Ctrl-C 立即停止）。
Other commands still use the database; it stops when they have ended (Ctrl-C again: now)."""
DIED = "PostgreSQL 意外停止，正在重新启动。\nPostgreSQL died and is being started again."


class AlreadyServed(RuntimeError):  # noqa: N818
    """Another `serve` holds this data directory."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """How to reach the server, as libpq URLs; the superuser's is for set-up and tests only."""

    owner_url: str
    application_url: str
    superuser_url: str


@dataclass(slots=True)
class Server:
    """One supervised server; its process belongs to the thread of `_keep_up` alone."""

    tools: Path
    argv: list[str]
    user: User
    pgdata: Path
    socket: Path
    log: Path
    settled: Event = field(default_factory=Event)  # ready for the first time, or never will be
    stopping: Event = field(default_factory=Event)
    ready: bool = False
    trouble: str = ""


@contextmanager
def running(data_dir: Path, *, serve: bool = False) -> Iterator[Cluster]:
    """Keep the data directory's server up and yield how to reach it.

    One `serve` at a time; any other command attaches to the server that is up, or starts one
    for as long as it runs. Raises AlreadyServed or CannotStart.
    """
    with ExitStack() as stack:
        try:
            cluster = _join(stack, data_dir.resolve(), serve=serve)
        except OSError as error:
            raise CannotStart(
                f"无法使用数据目录 {data_dir}：请检查它是否可写，",
                f"Cannot use the data directory {data_dir}: check that you may write there.",
                str(error),
            ) from error
        yield cluster


def _join(stack: ExitStack, data_dir: Path, *, serve: bool) -> Cluster:
    """Become the supervisor, or attach to the server of the one there is."""
    tools, home = find_tools(), find_home(data_dir)
    if serve:
        _claim(_lock_file(stack, home / "serve.lock"), data_dir)
    attached = _lock_file(stack, home / "attached.lock")
    supervisor = _lock_file(stack, home / "supervisor.lock")

    def joined() -> Cluster | bool:
        if _locks(supervisor, fcntl.LOCK_EX):
            return True
        if not serve and _locks(attached, fcntl.LOCK_SH):
            with suppress(FileNotFoundError):
                socket = Path((home / "address").read_text())
                if _answers(tools, socket):
                    return _cluster(read_passwords(home), socket)
            fcntl.flock(attached, fcntl.LOCK_UN)
        return False

    result = until(joined, *((COMMAND_SECONDS, BUSY) if serve else (START_SECONDS, "")))
    if not result:
        raise CannotStart(
            f"{data_dir} 一直被另一条命令占用，或其数据库没有响应。请结束该命令后重试，",
            "Another command holds it, or its database does not answer: end that command.",
        )
    return result if isinstance(result, Cluster) else _supervise(stack, home, tools, attached)


def _claim(lock: TextIO, data_dir: Path) -> None:
    """Be the one `serve` of this data directory, or raise AlreadyServed."""
    if not until(lambda: _locks(lock, fcntl.LOCK_EX), 0.3):  # one just killed takes a moment to go
        pid = os.pread(lock.fileno(), 32, 0).decode()
        raise AlreadyServed(
            f"数据目录 {data_dir} 已在运行服务（进程 {pid}）。\n"
            f"The data directory {data_dir} is already being served (process {pid})."
        )
    os.ftruncate(lock.fileno(), 0)
    os.pwrite(lock.fileno(), str(os.getpid()).encode(), 0)


def _supervise(stack: ExitStack, home: Path, tools: Path, attached: TextIO) -> Cluster:
    """Start the server, watch over it, and stop it when the stack unwinds."""
    pgdata, address = home / "pgdata", home / "address"
    address.unlink(missing_ok=True)  # nobody may attach to what a dead supervisor left
    clear_leftovers(pgdata, *ORPHAN)
    user, passwords = server_user(pgdata), read_passwords(home)
    programs = server_tools(tools, user)
    if not pgdata.exists():
        make_cluster(home, programs, user, passwords["postgres"])
    socket = _socket_dir(stack, home, user)
    argv = [f"{programs}/postgres", "-D", str(pgdata), "-k", str(socket)]
    argv += [f"--{setting}" for setting in SETTINGS.split()]
    server = Server(tools, argv, user, pgdata, socket, home / "postgresql.log")
    thread = Thread(target=_keep_up, args=(server,), name="postgresql", daemon=True)
    thread.start()
    stack.callback(thread.join, 60)
    stack.callback(server.stopping.set)
    server.settled.wait()
    if not server.ready:
        raise CannotStart(
            f"PostgreSQL 无法启动（日志 {server.log}）：",
            "PostgreSQL does not start; its log says:",
            server.trouble,
        )
    _set_up(tools, socket, passwords)
    write(address, str(socket))
    stack.callback(address.unlink, missing_ok=True)
    stack.callback(until, lambda: _locks(attached, fcntl.LOCK_EX), COMMAND_SECONDS, ATTACHED)
    return _cluster(passwords, socket)


def _set_up(tools: Path, socket: Path, passwords: dict[str, str]) -> None:
    """Make the roles and the database, or bring them back to what they should be."""
    argv = [f"{tools}/psql", "-Xqd", "postgres", "-U", "postgres", "-h", str(socket)]
    variables = "".join(f"\\set {role} {password}\n" for role, password in passwords.items())
    given = {"env": {"PGPASSWORD": passwords["postgres"]}, "input": variables + SET_UP}
    run([*argv, "-v", "ON_ERROR_STOP=1"], bound(OURSELVES, SIGKILL) | given)


def _socket_dir(stack: ExitStack, home: Path, user: User) -> Path:
    """Make the directory of the Unix socket, whose whole path may not exceed 107 bytes."""
    path = home / "socket"
    if len(os.fsencode(path)) > SOCKET_DIR_BYTES:
        path = Path(mkdtemp(prefix="hangji-", dir="/tmp"))
        stack.callback(shutil.rmtree, path, ignore_errors=True)
    path.mkdir(mode=0o700, exist_ok=True)
    os.chown(path, *user)
    return path


def _cluster(passwords: dict[str, str], socket: Path) -> Cluster:
    def url(role: str, database: str = "hangji") -> str:
        return f"postgresql://{role}:{passwords[role]}@/{database}?host={quote(str(socket))}"

    return Cluster(url("hangji_owner"), url("hangji_application"), url("postgres", "postgres"))


def _keep_up(server: Server) -> None:
    """Run the server, and again whenever it dies, until told to stop.

    The kernel's parent-death signal follows the thread that started a process, not the process:
    so the thread that runs this lives as long as the server.
    """
    pause, said = 0.0, float("-inf")
    try:
        while not server.stopping.wait(pause):
            up = False
            try:
                up = _run_once(server)
            except (OSError, subprocess.SubprocessError, CannotStart) as error:
                server.trouble = str(error)
            if server.stopping.is_set() or not server.ready:
                break
            if time.monotonic() > said + 60:
                said = time.monotonic()
                sys.stderr.write(f"{DIED}\n{server.trouble}\n")
            # A full disk is emptied some day: never give up, and never race.
            pause = 0.1 if up else min(5.0, pause * 2 + 0.1)
    finally:
        server.settled.set()


def _run_once(server: Server) -> bool:
    """Run the server until it dies or is told to stop; tell whether it took connections."""
    deadline, up = time.monotonic() + START_SECONDS, False
    process = _launch(server)
    try:
        while process.poll() is None and not server.stopping.wait(0.1 if up else 0.03):
            if up:
                _rotate(server.log)
            elif _answers(server.tools, server.socket):
                server.ready = up = True
                server.settled.set()
            elif not server.ready and time.monotonic() > deadline:
                break
    finally:
        _end(process)
    server.trouble = "\n".join(server.log.read_text(errors="replace").splitlines()[-12:])
    # Orphaned backends would keep the shared memory, and so the next server out.
    clear_leftovers(server.pgdata, (SIGKILL, 10))
    return up


def _launch(server: Server) -> subprocess.Popen[bytes]:
    for stale in server.socket.glob(".s.PGSQL.*"):
        stale.unlink()
    with os.fdopen(open_private(server.log, os.O_WRONLY | os.O_APPEND), "ab") as log:
        options = bound(server.user, SIGINT)
        options |= {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        options["start_new_session"] = True  # Ctrl-C is for us: we stop it when we are done
        process: subprocess.Popen[bytes] = subprocess.Popen(server.argv, **options)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the postmaster: fast, then at once, then by force."""
    for number, seconds in ((SIGINT, 30), (SIGQUIT, 10), (SIGKILL, 10)):
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


def _answers(tools: Path, socket: Path) -> bool:
    argv = [f"{tools}/pg_isready", "-q", "-t", "3", "-h", str(socket), "-U", "postgres"]
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(argv, env={}, check=False, timeout=30).returncode == 0
    return False


def _rotate(log: Path) -> None:
    """Keep the log and the one before it bounded; the server goes on appending."""
    with suppress(OSError):
        if log.stat().st_size > LOG_BYTES:
            with suppress(OSError):
                shutil.copy(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def _lock_file(stack: ExitStack, path: Path) -> TextIO:
    file = stack.enter_context(os.fdopen(open_private(path, os.O_RDWR), "r+"))
    # A forked child would keep the lock when we are killed.
    os.register_at_fork(after_in_child=file.close)
    return file


def _locks(file: TextIO, kind: int) -> bool:
    """Try to take the lock; it goes with this process, however that ends."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
