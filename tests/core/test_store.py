"""One contract of two stores: a folder, and a bucket on moto's server."""

import logging
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from moto.server import ThreadedMotoServer

from app.core.settings import Settings
from app.core.store import Store, StoreUnavailable, open_store

KEY = "231005/01a2053a-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    assert httpx.put(f"http://{host}:{port}/evidence").status_code == 200
    yield f"http://{host}:{port}"
    server.stop()


def bucket(endpoint: str) -> Settings:
    return Settings(
        _env_file=None,
        s3_bucket="evidence",
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
    await store.put(f"{KEY}1", b"a" * (1 << 20))
    await store.put(f"{KEY}2", b"b")
    assert await store.get(f"{KEY}1") == b"a" * (1 << 20)
    assert await store.get(f"{KEY}2") == b"b"


async def test_the_folder_is_made_when_it_is_needed_and_is_nobody_elses(tmp_path: Path) -> None:
    store = open_store(Settings(_env_file=None, data_dir=tmp_path))
    assert not list(tmp_path.iterdir())
    await store.put(KEY, b"x")
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700
    assert [p.name for p in (tmp_path / "evidence" / "231005").iterdir()] == [KEY[7:]]


async def test_a_store_that_is_down_is_told_in_time_and_without_its_secret() -> None:
    store = open_store(bucket("http://127.0.0.1:9"))
    started = time.monotonic()
    with structlog.testing.capture_logs() as logs, pytest.raises(StoreUnavailable) as told:
        await store.put(KEY, b"x")
    assert time.monotonic() - started < 10
    assert "127.0.0.1" not in str(logs) + str(told.value)
    assert "secret" not in str(logs)


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = open_store(Settings(_env_file=None, evidence_dir=tmp_path / "file" / "under"))
    with pytest.raises(StoreUnavailable):
        await store.put(KEY, b"x")


def test_half_of_the_credentials_is_refused() -> None:
    with pytest.raises(ValueError, match="go together"):
        Settings(_env_file=None, s3_bucket="evidence", s3_access_key="key")
