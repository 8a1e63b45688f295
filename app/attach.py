"""Reaching the database from the command line: the one the settings name, or the embedded one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, NamedTuple, NoReturn, TypeVar

import asyncpg
import typer
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.core import clock, crypto, log, migrations
from app.core.db import Doors
from app.core.embedded import running
from app.core.errors import AppError
from app.core.settings import settings

T = TypeVar("T")
say = Console(stderr=True, highlight=False)

District = Annotated[str, typer.Option("--district", help="区划代码 / GB/T 2260 code")]
Day = Annotated[
    str | None, typer.Option("--as-of", help="截止日期，默认今天 / YYYY-MM-DD, today by default")
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


class Urls(NamedTuple):
    """How to sign in to the database, as its owner and as the application."""

    owner: str | None
    application: str


@contextmanager
def database(*, serve: bool = False) -> Iterator[Urls]:
    """Reach the database that the settings name, or else the embedded one.

    An empty one is migrated. Sets the clock, the log and the keys as the settings say. Keys are
    made for an empty one alone: new ones would open nothing of what is there.
    """
    chosen = settings()
    clock.pin(chosen.today)
    log.configure(chosen.log_level if serve else "warning")
    if chosen.database_url:
        crypto.use(crypto.load_keys(chosen.keys_path, chosen.cipher, make=False))
        yield _prepared(Urls(chosen.owner_database_url, chosen.database_url))
        return
    with running(chosen.data_dir, serve=serve) as cluster:
        if chosen.keys is None and not chosen.keys_path.exists():
            if asyncio.run(with_doors(cluster.owner_url, _holds_data)):
                raise crypto.NoKeys(KEYS_GONE.format(path=chosen.keys_path))
            say.print(
                f"已生成开发用密钥 / development keys made: {chosen.keys_path}", soft_wrap=True
            )
        crypto.use(crypto.load_keys(chosen.keys_path, chosen.cipher, make=True))
        yield _prepared(Urls(cluster.owner_url, cluster.application_url))


KEYS_GONE = (
    "数据库中已有数据，但密钥文件 {path} 不见了，未生成新密钥。请放回备份的密钥文件；"
    "确已丢失且不再需要旧号码和旧审计时，才运行 hangji keys new / there is data, but no key file at"
    " {path}: put back your copy of it. No keys were made. If it is lost for good: hangji keys new"
)


async def _holds_data(doors: Doors) -> bool:
    """Tell, as the owner whom no policy holds, whether there is what older keys wrote."""
    on = doors.reading([])
    for table in ("member", "audit_head"):
        if await on.scalar(text(f"SELECT to_regclass('{table}') IS NOT NULL")) and (
            await on.scalar(text(f"SELECT EXISTS (SELECT FROM {table})"))  # noqa: S608 - ours
        ):
            return True
    return False


UNREACHABLE = ArgumentError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError


@contextmanager
def reached() -> Iterator[None]:
    """Say in one line that the database cannot be reached."""
    try:
        yield
    except (OSError, *UNREACHABLE) as error:
        why = str(getattr(error, "orig", error)).splitlines()[:1] or [type(error).__name__]
        stop(f"无法连接数据库：{why[0]} / cannot reach the database: {why[0]}")


def _prepared(urls: Urls) -> Urls:
    """Migrate an empty database; refuse one of another revision."""
    with reached():
        revision = asyncio.run(with_doors(urls.application, _revision))
    if revision is None and urls.owner:
        migrations.upgrade(urls.owner, urls.application)
    elif revision != migrations.newest():
        stop(
            f"数据库版本为 {revision}，请先运行 hangji migrate"
            f" / the database stands at {revision}: run `hangji migrate`"
        )
    return urls


async def _revision(doors: Doors) -> str | None:
    return await migrations.current(doors.reading([]))


async def with_doors(url: str, act: Callable[[Doors], Awaitable[T]]) -> T:
    """Do something through doors to `url`, and close them."""
    doors = Doors.to(url, pool_size=2)
    try:
        return await act(doors)
    finally:
        await doors.close()


def run(act: Callable[[Doors], Awaitable[T]]) -> T:
    """Do something with the database, and say a refusal in one line."""
    try:
        with database() as urls:
            return asyncio.run(with_doors(urls.application, act))
    except AppError as refusal:
        stop(f"{refusal.title.zh} / {refusal.title.en} {refusal.detail.zh}".strip())


def stop(message: str) -> NoReturn:
    """End the command with a message."""
    say.print(message, style="red", soft_wrap=True)
    raise typer.Exit(1)


def day(text: str | None) -> date:
    """Read a date; today by default."""
    try:
        return date.fromisoformat(text) if text else clock.today()
    except ValueError:
        stop(f"日期应为 YYYY-MM-DD：{text} / not a date: {text}")
