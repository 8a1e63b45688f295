"""The embedded server: made once, shared by commands, kept up, and never left half-done."""
# ruff: noqa: S607 (fixed commands)

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.core import embedded
from app.core.embedded import AlreadyServed, CannotStart, running
from app.core.embedded_cluster import processes_on

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="uses /proc and prctl")
KEEP = "create table if not exists kept as select 7 as n"
# Keeps a server up until its standard input ends; prints the owner's URL when it is up.
HOLD = """
import os, sys, time
from pathlib import Path
from app.core.embedded import running
with running(Path(sys.argv[1]), serve=sys.argv[2] == "serve") as cluster:
    print(cluster.owner_url, flush=True)
    sys.stdin.read()
"""
# The same as an unprivileged user: Python itself may lie where that user cannot read it.
AS_NOBODY = """
import os, pwd
import app.core.embedded, encodings.idna
nobody = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    with new_directory() as path:
        with running(path):
            pass
        yield path


@pytest.fixture
def data_dir(made: Path) -> Iterator[Path]:
    """A directory whose cluster is made; a test must leave no server in it."""
    (made / "postgresql.log").write_text("")
    yield made
    assert processes_on(made / "pgdata") == []


@pytest.fixture
def empty() -> Iterator[Path]:
    with new_directory() as path:
        yield path


@contextlib.contextmanager
def new_directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="hangji-test-", dir="/tmp")).resolve()
    path.chmod(0o711)  # pytest's own tmp_path bars the server's user
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def holder(
    data_dir: Path, mode: str = "serve", code: str = HOLD
) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", code, str(data_dir), mode]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def close(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.close()


def ask(url: str, sql: str = "select 1") -> object:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def eventually(done: Callable[[], object]) -> None:
    begun = time.monotonic()
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            if done():
                return
        assert time.monotonic() < begun + 10, "never came true"
        time.sleep(0.02)


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "pgdata" / "postmaster.pid").read_text().split()[0])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_roles_can_do_no_more_than_they_need(data_dir: Path) -> None:
    with running(data_dir) as cluster:
        roles = """select string_agg(concat_ws(' ', rolname, rolcanlogin, rolsuper, rolbypassrls,
            rolcreatedb, rolcreaterole, rolreplication), ', ' order by rolname)
            from pg_roles where rolname like 'hangji%'"""
        found = "hangji_application t f f f f f, hangji_owner t f f f f f"
        assert ask(cluster.superuser_url, roles) == found
        owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'hangji'"
        assert ask(cluster.superuser_url, owner) == "hangji_owner"
        for extension in ("pg_trgm", "btree_gist", "ltree"):
            ask(cluster.owner_url, f"create extension {extension}")
        assert ask(cluster.owner_url, "select cardinality(show_trgm('张三丰'))") == 4
        ask(cluster.owner_url, "create table members (name text)")
        forbidden = """select * from members; create table mine (); create schema mine;
            create role other; create extension unaccent; alter role hangji_application superuser"""
        for statement in forbidden.split(";"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(cluster.application_url, statement)
        for password in ("wrong", ""):
            url = re.sub(r":[0-9a-f]{48}@", f":{password}@", cluster.superuser_url)
            with pytest.raises(psycopg.OperationalError):
                ask(url)


def test_settings_and_file_modes(data_dir: Path) -> None:
    with running(data_dir) as cluster:
        settings = """listen_addresses= fsync=on data_checksums=on server_encoding=UTF8 timezone=UTC
            password_encryption=scram-sha-256 log_parameter_max_length_on_error=0"""
        for name, _, value in (setting.partition("=") for setting in settings.split()):
            assert ask(cluster.superuser_url, f"show {name}") == value
        assert mode_of(data_dir / "socket") == mode_of(data_dir / "pgdata") == 0o700
        files = [p for p in data_dir.iterdir() if p.is_file()]
        assert {mode_of(p) for p in files} == {0o600}
        assert {p.name for p in files} >= {"passwords.json", "postgresql.log", "address"}


def test_the_log_holds_neither_data_nor_passwords(data_dir: Path) -> None:
    with running(data_dir) as cluster, psycopg.connect(cluster.owner_url) as connection:
        connection.autocommit = True
        connection.execute("create table people (id_number text unique)")
        connection.execute("insert into people values (%s)", ["23100519900101001X"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into people values (%s)", ["23100519900101001X"])
    log = (data_dir / "postgresql.log").read_text()
    assert "duplicate key" in log
    assert "23100519900101001X" not in log
    for password in json.loads((data_dir / "passwords.json").read_text()).values():
        assert password not in log


def test_rows_and_passwords_outlive_a_restart(data_dir: Path) -> None:
    with running(data_dir) as before:
        ask(before.owner_url, KEEP)
    assert not (data_dir / "pgdata" / "postmaster.pid").exists()
    with running(data_dir, serve=True) as after:
        assert after == before
        assert ask(after.owner_url, "select n from kept") == 7


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_an_exception_stops_the_server(data_dir: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), running(data_dir):
        raise error
    assert processes_on(data_dir / "pgdata") == []
    assert not (data_dir / "address").exists()


def test_a_second_serve_is_told_who_serves(data_dir: Path) -> None:
    with running(data_dir, serve=True):
        begun = time.monotonic()
        with (
            pytest.raises(AlreadyServed, match="已在运行") as refusal,
            running(data_dir, serve=True),
        ):
            pass
        assert time.monotonic() - begun < 1
    assert f"{data_dir} is already being served (process {os.getpid()})" in str(refusal.value)


def test_a_short_command_attaches_and_leaves_the_server_up(data_dir: Path) -> None:
    with running(data_dir, serve=True) as serving:
        pid = postmaster(data_dir)
        with running(data_dir) as attached:
            assert attached == serving
        assert postmaster(data_dir) == pid
        assert ask(serving.application_url) == 1


@pytest.mark.parametrize("serve", [True, False])
def test_the_owner_waits_for_those_attached(
    data_dir: Path, capsys: pytest.CaptureFixture[str], *, serve: bool
) -> None:
    attached, leave, seen = threading.Event(), threading.Event(), []

    def command() -> None:
        with running(data_dir) as cluster:
            attached.set()
            leave.wait(10)
            seen.append(ask(cluster.owner_url))

    thread = threading.Thread(target=command)
    with running(data_dir, serve=serve):
        thread.start()
        assert attached.wait(10)
        threading.Timer(0.2, leave.set).start()
    thread.join(10)
    assert seen == [1]
    assert "Other commands still use the database" in capsys.readouterr().err


def test_serve_waits_for_a_short_command_and_takes_over(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with holder(data_dir, "command") as command:
        url = url_of(command)
        threading.Timer(0.2, close, [command]).start()
        with running(data_dir, serve=True):
            assert command.wait(10) == 0
            assert ask(url) == 1
    assert "等待其结束" in capsys.readouterr().err


def test_many_commands_at_once_share_one_server(data_dir: Path) -> None:
    answers: list[object] = []

    def command() -> None:
        with running(data_dir) as cluster:
            answers.append(ask(cluster.owner_url))

    threads = [threading.Thread(target=command) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [1] * 6


def test_a_killed_postmaster_is_soon_back_on_the_same_socket(data_dir: Path) -> None:
    with running(data_dir, serve=True) as cluster:
        ask(cluster.owner_url, KEEP)
        for _ in range(2):
            pid = postmaster(data_dir)
            busy = psycopg.connect(cluster.owner_url)  # must not hold up the restart
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: ask(cluster.owner_url, "select n from kept") == 7)
            busy.close()
            assert postmaster(data_dir) != pid


@on_linux
def test_a_killed_supervisor_takes_the_server_with_it(data_dir: Path) -> None:
    with holder(data_dir) as serving:
        ask(url_of(serving), KEEP)
        serving.kill()
        with running(data_dir, serve=True) as cluster:
            assert ask(cluster.owner_url, "select n from kept") == 7
    log = (data_dir / "postgresql.log").read_text()
    assert "database system was not properly shut down" not in log


@on_linux
@pytest.mark.parametrize("wakes", [True, False])
def test_an_orphan_that_does_not_stop_is_ended(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, *, wakes: bool
) -> None:
    steps = ((0, 0.1), (signal.SIGINT, 2.0 if wakes else 0.1), (signal.SIGKILL, 10.0))
    monkeypatch.setattr(embedded, "ORPHAN", steps)
    with holder(data_dir) as serving:
        url_of(serving)
        orphan = postmaster(data_dir)
        os.kill(orphan, signal.SIGSTOP)
        serving.kill()
        serving.wait()
        if wakes:
            threading.Timer(0.3, os.kill, (orphan, signal.SIGCONT)).start()
        with running(data_dir) as cluster:
            assert postmaster(data_dir) != orphan
            assert ask(cluster.owner_url) == 1


def test_a_stale_pid_file_naming_a_stranger_harms_neither(data_dir: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=data_dir / "pgdata") as stranger:
        for name in ("pgdata/postmaster.pid", "socket/.s.PGSQL.5432.lock"):
            (data_dir / name).write_text(f"{stranger.pid}\n{data_dir}/pgdata\n")
        (data_dir / "address").write_text(f"{data_dir}/nowhere")
        with running(data_dir) as cluster:
            assert ask(cluster.owner_url) == 1
        assert stranger.poll() is None
        stranger.kill()


@on_linux
def test_a_forked_child_does_not_keep_the_locks(data_dir: Path) -> None:
    forking = HOLD.replace("    print", "    os.fork() or time.sleep(60)\n    print")
    with holder(data_dir, code=forking) as serving:
        url_of(serving)
        children = Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split()
        serving.kill()
        with running(data_dir, serve=True) as cluster:
            assert ask(cluster.owner_url) == 1
        for child in children:
            os.kill(int(child), signal.SIGKILL)


@pytest.mark.parametrize("over", [0, 1])
def test_a_deep_directory_gets_a_short_socket(data_dir: Path, over: int) -> None:
    with new_directory() as top:
        room = 107 - len("/socket/.s.PGSQL.5432") - len(os.fsencode(top / "深深" / "_")) + 1
        deep = top / "深深" / ("d" * (room + over))
        deep.parent.mkdir()
        data_dir.rename(deep)
        try:
            with running(deep) as cluster:
                socket = Path((deep / "address").read_text())
                assert (socket.parent == deep) is not bool(over)
                assert len(os.fsencode(socket / ".s.PGSQL.5432")) <= 107
                assert mode_of(socket) == 0o700
                assert ask(cluster.owner_url) == 1
            assert socket.exists() is not bool(over)
        finally:
            deep.rename(data_dir)


def test_initdb_killed_half_way_leaves_nothing_half_made(empty: Path) -> None:
    """Run by an ordinary user, too: then everything is in the data directory, and the user's."""
    uid, code = os.geteuid(), HOLD
    if uid == 0:
        uid, code = pwd.getpwnam("nobody").pw_uid, AS_NOBODY + HOLD
        os.chown(empty, uid, -1)
    with holder(empty, code=code) as starting:
        eventually(lambda: list(empty.glob("initdb.*/pgdata/base")))
        starting.kill()
        starting.wait()
        assert not (empty / "pgdata").exists()
    with holder(empty, code=code) as serving:
        assert ask(url_of(serving), "select current_user") == "hangji_owner"
        assert not list(empty.glob("initdb.*"))
        assert {p.stat().st_uid for p in empty.iterdir()} == {uid}
        close(serving)
        assert serving.wait(10) == 0
    with running(empty) as cluster:  # root later: as the cluster's owner, whose it stays
        assert ask(cluster.application_url) == 1
        assert {p.stat().st_uid for p in empty.iterdir()} == {uid}


def test_set_up_is_finished_after_a_kill_in_the_middle(data_dir: Path) -> None:
    with running(data_dir) as cluster:
        ask(cluster.superuser_url, "drop database hangji")
        ask(cluster.superuser_url, "drop role hangji_application")
        ask(cluster.superuser_url, "alter role hangji_owner superuser nologin")
    with running(data_dir) as cluster:
        assert ask(cluster.application_url) == 1
        assert ask(cluster.owner_url, "select rolsuper from pg_roles where rolname = user") is False


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("pgdata/postgresql.conf", "max_wal_size = 'nonsense'", "无法启动(.|\n)*nonsense"),
        ("passwords.json", None, "缺少.*passwords"),
    ],
)
def test_what_it_says_when_it_does_not_start(
    data_dir: Path, name: str, text: str | None, says: str
) -> None:
    path = data_dir / name
    kept = path.rename(path.with_name("aside"))
    if text is not None:
        path.write_text(text)
        path.chmod(0o644)
    with pytest.raises(CannotStart, match=says) as refusal, running(data_dir):
        pass
    kept.rename(path)
    assert "HANGJI_OWNER_DATABASE_URL" in str(refusal.value)
