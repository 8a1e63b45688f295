"""Files that belong to records (佐证): in a folder, or in an S3-compatible store by setting."""

import asyncio
import os
import re
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.core.errors import AppError, Text
from app.core.settings import Settings

_log = structlog.get_logger(__name__)
T = TypeVar("T")
PATIENCE = timedelta(seconds=5)
"""How long a bucket may keep us waiting, retries included."""
_KEY = re.compile(r"[0-9]{6}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StoreUnavailable(AppError):  # noqa: N818
    """The store of files does not answer, or refuses: try again later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = Text(
        "文件存储暂不可用，请稍后再试", "The store of files is unavailable; try again later"
    )
    headers = {"Retry-After": "5"}  # noqa: RUF012 - the parent's ClassVar


class Store(Protocol):
    """Keeps bytes under a key `<district>/<id>` of our own making."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep `data`, whole or not at all; raise `StoreUnavailable`."""

    async def get(self, key: str) -> bytes | None:
        """Fetch what is kept, or nothing; raise `StoreUnavailable`."""

    async def delete(self, key: str) -> None:
        """Forget what is kept, if anything; raise `StoreUnavailable`."""


class FolderStore:
    """A folder on a disk. What `put` has kept outlives a power cut; nobody else may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path  # made at the first `put`: a service without files needs no folder

    async def put(self, key: str, data: bytes) -> None:
        """Keep `data`, whole or not at all."""
        await _ask("put", asyncio.to_thread(_write, self._path / _checked(key), data))

    async def get(self, key: str) -> bytes | None:
        """Fetch what is kept, or nothing."""
        with suppress(FileNotFoundError):
            return await _ask("get", asyncio.to_thread((self._path / _checked(key)).read_bytes))
        return None

    async def delete(self, key: str) -> None:
        """Forget what is kept, if anything."""
        with suppress(FileNotFoundError):
            await _ask("delete", asyncio.to_thread(_remove, self._path / _checked(key)))


class ObjectStore:
    """A bucket, or whatever else the library of object stores knows."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    @cached_property
    def _objects(self) -> Any:
        return self._connect()

    async def put(self, key: str, data: bytes) -> None:
        """Keep `data`, whole or not at all."""
        await _in_time("put", self._objects.put_async(_checked(key), data))

    async def get(self, key: str) -> bytes | None:
        """Fetch what is kept, or nothing."""
        with suppress(FileNotFoundError):
            return await _in_time("get", self._fetch(_checked(key)))
        return None

    async def delete(self, key: str) -> None:
        """Forget what is kept, if anything."""
        with suppress(FileNotFoundError):
            await _in_time("delete", self._objects.delete_async(_checked(key)))

    async def _fetch(self, key: str) -> bytes:
        found = await self._objects.get_async(key)
        return bytes(await found.bytes_async())


def _checked(key: str) -> str:
    """Let through what `<district>/<id>` looks like; anything else is a slip of ours."""
    if not _KEY.fullmatch(key):
        raise ValueError("a key of the store is <district>/<id>")
    return key


async def _in_time(what: str, act: Awaitable[T]) -> T:
    async def timed() -> T:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await act

    return await _ask(what, timed())


async def _ask(what: str, act: Awaitable[T]) -> T:
    try:
        return await act
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError) and what != "put":
            raise
        # its text holds the address asked and what was answered: the log gets the kind alone
        _log.warning("store unavailable", action=what, error=type(error).__name__)
        raise StoreUnavailable from error


def _write(place: Path, data: bytes) -> None:
    """Write a file of ours alone, which stands whole on the disk when this returns."""
    _make(place.parent)
    number, name = tempfile.mkstemp(dir=place.parent, prefix=".")  # 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(place.parent)


def _remove(place: Path) -> None:
    place.unlink()
    _sync(place.parent)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Have the disk remember which names are in a folder."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def open_store(settings: Settings) -> Store:
    """Name the store that the settings ask for; it is reached for when it is first used."""
    if settings.s3_bucket is None:
        return FolderStore(settings.evidence_path)
    return ObjectStore(lambda: _bucket(settings))


def _bucket(settings: Settings) -> S3Store:
    assert settings.s3_bucket is not None
    assert settings.s3_access_key is not None
    assert settings.s3_secret_key is not None
    endpoint = settings.s3_endpoint or f"https://s3.{settings.s3_region}.amazonaws.com"
    return S3Store(
        settings.s3_bucket,
        endpoint=endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key,
        secret_access_key=settings.s3_secret_key.get_secret_value(),
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": PATIENCE / 2,
            "timeout": PATIENCE,
        },
        retry_config={"max_retries": 2, "retry_timeout": PATIENCE},
    )
