"""Files that belong to records (佐证): in a folder, or in an S3-compatible store by setting."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from app.core.errors import AppError, Text
from app.core.settings import Settings

_log = structlog.get_logger(__name__)
T = TypeVar("T")
PATIENCE = timedelta(seconds=5)
"""How long a store may keep us waiting, retries included."""


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


class ObjectStore:
    """A folder or a bucket, through the one library that knows both."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    @cached_property
    def _objects(self) -> Any:
        return self._connect()  # at the first use: a service without files needs no folder

    async def put(self, key: str, data: bytes) -> None:
        """Keep `data`, whole or not at all."""
        await self._ask("put", lambda: self._objects.put_async(key, data))

    async def get(self, key: str) -> bytes | None:
        """Fetch what is kept, or nothing."""

        async def fetch() -> bytes:
            found = await self._objects.get_async(key)
            return bytes(await found.bytes_async())

        return await self._ask("get", fetch)

    async def delete(self, key: str) -> None:
        """Forget what is kept, if anything."""
        await self._ask("delete", lambda: self._objects.delete_async(key))

    async def _ask(self, what: str, act: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await act()
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            # its text holds the address asked and what was answered: the log gets the kind alone
            _log.warning("store unavailable", action=what, error=type(error).__name__)
            raise StoreUnavailable from error


def open_store(settings: Settings) -> Store:
    """Name the store that the settings ask for; it is reached for when it is first used."""
    if settings.s3_bucket is None:
        return ObjectStore(lambda: _folder(settings.evidence_path))
    return ObjectStore(lambda: _bucket(settings))


def _folder(path: Path) -> LocalStore:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalStore(path)


def _bucket(settings: Settings) -> S3Store:
    assert settings.s3_bucket is not None
    secret = settings.s3_secret_key
    endpoint = settings.s3_endpoint
    return S3Store(
        settings.s3_bucket,
        endpoint=endpoint,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key,
        secret_access_key=secret and secret.get_secret_value(),
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": PATIENCE / 2,
            "timeout": PATIENCE,
        },
        retry_config={"max_retries": 2, "retry_timeout": PATIENCE},
    )
