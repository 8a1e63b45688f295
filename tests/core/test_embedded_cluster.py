"""Where the embedded server lies on the machine, and what is said when it cannot be had."""
# ruff: noqa: S607 (fixed commands)

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.core import embedded, embedded_cluster
from app.core.embedded import CannotStart, Cluster, running

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root does")


@pytest.fixture
def empty() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="hangji-test-", dir="/tmp")).resolve()
    path.chmod(0o711)  # pytest's own tmp_path bars the server's user
    yield path
    shutil.rmtree(path)


def one(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("select 1").fetchone()


@as_root
def test_where_its_user_cannot_go_root_puts_it_elsewhere(
    empty: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a clone under /root: neither the data nor the programs can be reached there."""
    monkeypatch.setattr(embedded_cluster, "ELSEWHERE", empty / "elsewhere")
    monkeypatch.setattr(embedded_cluster, "may_use", lambda *_: False)
    data_dir = empty / "root" / "data"
    with running(data_dir) as cluster:
        assert one(cluster.owner_url)
        home = Path((data_dir / "location").read_text())
        pid = int((home / "pgdata" / "postmaster.pid").read_text().split()[0])
        process = Path(f"/proc/{pid}")
        assert (process / "exe").readlink().is_relative_to(empty / "elsewhere")
        assert process.stat().st_uid == (home / "pgdata").stat().st_uid != 0
        assert re.search(r"^Groups:\s*$", (process / "status").read_text(), re.MULTILINE)
    assert home.parent == empty / "elsewhere"
    assert str(home) in capsys.readouterr().err
    assert {p.name for p in home.parent.iterdir()} == {home.name, "postgresql-18.6.3"}
    with running(data_dir) as again:
        assert again == cluster
    assert capsys.readouterr().err == ""
    shutil.rmtree(home)
    with pytest.raises(CannotStart, match="location"), running(data_dir):
        pass


@as_root
def test_root_opens_a_closed_data_directory_for_passing_through_only(empty: Path) -> None:
    empty.chmod(0o700)
    assert embedded_cluster.find_home(empty) == empty
    assert empty.stat().st_mode & 0o777 == 0o711


@as_root
@pytest.mark.parametrize(
    ("mode", "uid", "gid", "may"),
    [
        (0o700, 0, 0, False),
        (0o701, 0, 0, True),
        (0o710, 0, 7, True),
        (0o701, 0, 7, False),
        (0o100, 5, 0, True),
        (0o077, 5, 0, False),
    ],
)
def test_may_use(empty: Path, mode: int, uid: int, gid: int, *, may: bool) -> None:
    path = empty / "directory"
    (path / "below").mkdir(parents=True)
    os.chown(path, uid, gid)
    path.chmod(mode)
    assert embedded_cluster.may_use((5, 7), path) is may
    assert embedded_cluster.may_use((5, 7), path / "below") is may


@pytest.mark.skipif(sys.platform != "linux", reason="uses /proc")
def test_neither_a_zombie_nor_a_stranger_counts_as_a_leftover(empty: Path) -> None:
    pid_file = empty / "postmaster.pid"
    with (
        subprocess.Popen(["true"], cwd=empty) as zombie,
        subprocess.Popen(["sleep", "60"], cwd=empty) as stranger,
    ):
        while " Z " not in Path(f"/proc/{zombie.pid}/stat").read_text():
            time.sleep(0.01)
        for pid in (zombie.pid, stranger.pid):
            pid_file.write_text(f"{pid}\n{empty}\n")
            embedded_cluster.clear_leftovers(empty, (signal.SIGINT, 0), (signal.SIGKILL, 0))
            assert not pid_file.exists()
        assert stranger.poll() is None
        stranger.kill()


def test_what_it_says_without_the_wheel(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_cluster, "WHEEL", "not_installed_here")
    with pytest.raises(CannotStart) as refusal, running(empty):
        pass
    assert re.search("HANGJI_DATABASE_URL.*HANGJI_OWNER_DATABASE_URL", str(refusal.value))


def test_what_it_says_where_nothing_can_be_written(empty: Path) -> None:
    (empty / "file").touch()
    with (
        pytest.raises(CannotStart, match="check that you may write"),
        running(empty / "file" / "x"),
    ):
        pass


def test_the_log_is_bounded(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_BYTES", 10)
    log = empty / "postgresql.log"
    for size, rotated in ((10, False), (11, True)):
        log.write_text("x" * size)
        embedded._rotate(log)
        assert (log.stat().st_size == 0) is rotated
        assert log.with_suffix(".log.1").exists() is rotated


def test_urls_quote_the_socket() -> None:
    passwords = dict.fromkeys(("postgres", "hangji_owner", "hangji_application"), "x")
    cluster = embedded._cluster(passwords, Path("/数据 a/s?b"))
    assert cluster == Cluster(
        "postgresql://hangji_owner:x@/hangji?host=/%E6%95%B0%E6%8D%AE%20a/s%3Fb",
        "postgresql://hangji_application:x@/hangji?host=/%E6%95%B0%E6%8D%AE%20a/s%3Fb",
        "postgresql://postgres:x@/postgres?host=/%E6%95%B0%E6%8D%AE%20a/s%3Fb",
    )
