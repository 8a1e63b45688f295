"""One contract of two stores: a folder, and a bucket on moto's server."""

import errno
import logging
import os
import socket
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from moto.server import ThreadedMotoServer

from app.core.settings import Settings
from app.core.store import Store, StoreUnavailable, open_store

KEY = "231005/01a2053a-0000-7000-8000-000000000001"
OTHER = KEY[:-1] + "2"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    assert httpx.put(f"http://{host}:{port}/evidence").status_code == 200
    yield f"http://{host}:{port}"
    server.stop()


def bucket(endpoint: str, name: str = "evidence") -> Settings:
    return Settings(
        _env_file=None,
        s3_bucket=name,
        s3_endpoint=endpoint,
        s3_access_key="key",
        s3_secret_key="the secret",
    )


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(Settings(_env_file=None, data_dir=tmp_path))
    return open_store(bucket(request.getfixturevalue("endpoint")))


async def test_what_is_put_is_got_until_it_is_deleted(store: Store) -> None:
    assert await store.get(KEY) is None
    await store.put(KEY, b"\x00one")
    assert await store.get(KEY) == b"\x00one"
    await store.put(KEY, b"two")
    assert await store.get(KEY) == b"two"
    await store.delete(KEY)
    assert await store.get(KEY) is None
    await store.delete(KEY)


async def test_keys_do_not_mix(store: Store) -> None:
    await store.put(KEY, b"a" * (1 << 20))
    await store.put(OTHER, b"b")
    assert await store.get(KEY) == b"a" * (1 << 20)
    assert await store.get(OTHER) == b"b"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "231005",
        KEY[7:],
        f"/{KEY}",
        f"{KEY}/",
        f"../{KEY}",
        f"{KEY}/../x",
        "231005/../231005",
        f"231005//{KEY[7:]}",
        "231005/" + "." * 36,
        KEY + "\n",
        KEY.upper(),
        KEY.replace("1", "１"),
    ],
)
async def test_a_key_is_of_our_own_making(store: Store, key: str) -> None:
    for ask in (store.put(key, b"x"), store.get(key), store.delete(key)):
        with pytest.raises(ValueError, match="key"):
            await ask


def modes(path: Path) -> dict[str, int]:
    return {str(p.relative_to(path)): stat.S_IMODE(p.stat().st_mode) for p in path.rglob("*")}


async def test_the_folder_is_made_when_it_is_needed_and_is_nobody_elses(tmp_path: Path) -> None:
    store = open_store(Settings(_env_file=None, data_dir=tmp_path / "data"))
    assert await store.get(KEY) is None
    await store.delete(KEY)
    assert modes(tmp_path) == {}
    before = os.umask(0)
    try:
        await store.put(KEY, b"x")
    finally:
        os.umask(before)
    folders = dict.fromkeys(("data", "data/evidence", "data/evidence/231005"), 0o700)
    assert modes(tmp_path) == folders | {f"data/evidence/{KEY}": 0o600}


async def test_a_file_is_on_the_disk_before_its_name_and_its_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(Settings(_env_file=None, data_dir=tmp_path))
    await store.put(OTHER, b"")
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(number: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file")
        sync(number)

    def replaced(self: Path, target: Path) -> Path:
        assert self.read_bytes() == b"x" * 9
        done.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    await store.put(KEY, b"x" * 9)
    assert done == ["file", "name", "folder"]


async def test_what_cannot_be_kept_leaves_what_was_there_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(Settings(_env_file=None, data_dir=tmp_path))
    await store.put(KEY, b"one")

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable):
        await store.put(KEY, b"two")
    assert await store.get(KEY) == b"one"
    assert len(modes(tmp_path / "evidence" / "231005")) == 1


async def test_a_store_that_is_down_is_told_in_time_and_without_its_secret() -> None:
    store = open_store(bucket("http://127.0.0.1:9"))
    started = time.monotonic()
    with structlog.testing.capture_logs() as logs, pytest.raises(StoreUnavailable) as told:
        await store.put(KEY, b"x")
    assert time.monotonic() - started < 10
    assert "127.0.0.1" not in str(logs) + str(told.value)
    assert "secret" not in str(logs)


async def test_a_store_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.store.PATIENCE", timedelta(seconds=0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_store(bucket(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        for ask in (store.put(KEY, b"x"), store.get(KEY), store.delete(KEY)):
            started = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await ask
            assert time.monotonic() - started < 2


async def test_nothing_is_put_into_a_bucket_that_is_not_there(endpoint: str) -> None:
    store = open_store(bucket(endpoint, "absent"))
    with pytest.raises(StoreUnavailable):
        await store.put(KEY, b"x")


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = open_store(Settings(_env_file=None, evidence_dir=tmp_path / "file" / "under"))
    with pytest.raises(StoreUnavailable):
        await store.put(KEY, b"x")


def test_half_of_the_credentials_is_refused() -> None:
    with pytest.raises(ValueError, match="go together"):
        Settings(_env_file=None, s3_bucket="evidence", s3_access_key="key")


def test_a_bucket_without_credentials_is_refused() -> None:
    with pytest.raises(ValueError, match="needs"):
        Settings(_env_file=None, s3_bucket="evidence")
