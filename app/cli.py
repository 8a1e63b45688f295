"""The command line: `hangji …`."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn, TypeVar
from uuid import UUID

import typer
import uvicorn
from alembic import command
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app import worker as jobs
from app.access import service as access
from app.access.types import Role
from app.core import clock, crypto, log, migrations
from app.core.caller import Subtree
from app.core.db import Doors
from app.core.embedded import AlreadyServed, CannotStart, die_with_parent, running
from app.core.errors import AppError
from app.core.settings import ROOT, settings
from app.demo import service as demo_district
from app.imports import service as imports
from app.main import create_app, openapi
from app.organizations import service as organizations
from app.organizations.queries import ROOT_PATH
from app.rules import queries as rules

T = TypeVar("T")
main = typer.Typer(add_completion=False, no_args_is_help=True, help="夯基 Hangji")
account = typer.Typer(no_args_is_help=True, help="账号 / accounts")
main.add_typer(account, name="account")
keys = typer.Typer(no_args_is_help=True, help="密钥 / keys")
main.add_typer(keys, name="keys")
PASSWORD_LENGTHS = (8, 200)
_say = Console(stderr=True, highlight=False)

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

    An empty one is migrated. Sets the clock, the log and the keys as the settings say.
    """
    chosen = settings()
    clock.pin(chosen.today)
    log.configure(chosen.log_level if serve else "warning")
    if chosen.database_url:
        crypto.use(crypto.load_keys(chosen.keys_path, chosen.cipher, make=False))
        yield _prepared(Urls(chosen.owner_database_url, chosen.database_url))
        return
    with running(chosen.data_dir, serve=serve) as cluster:
        if not chosen.keys_path.exists():
            _say.print(
                f"已生成开发用密钥 / development keys made: {chosen.keys_path}", soft_wrap=True
            )
        crypto.use(crypto.load_keys(chosen.keys_path, chosen.cipher, make=True))
        yield _prepared(Urls(cluster.owner_url, cluster.application_url))


def _prepared(urls: Urls) -> Urls:
    """Migrate an empty database; refuse one of another revision."""
    revision = asyncio.run(_with_doors(urls.application, _revision))
    if revision is None and urls.owner:
        migrations.upgrade(urls.owner, urls.application)
    elif revision != migrations.newest():
        _stop(
            f"数据库版本为 {revision}，请先运行 hangji migrate"
            f" / the database stands at {revision}: run `hangji migrate`"
        )
    return urls


async def _revision(doors: Doors) -> str | None:
    async with doors.reading() as on:
        return await migrations.current(on)


async def _with_doors(url: str, act: Callable[[Doors], Awaitable[T]]) -> T:
    doors = Doors.to(url, pool_size=2)
    try:
        return await act(doors)
    finally:
        await doors.close()


def _run(act: Callable[[Doors], Awaitable[T]]) -> T:
    """Do something with the database, and say a refusal in one line."""
    try:
        with database() as urls:
            return asyncio.run(_with_doors(urls.application, act))
    except AppError as refusal:
        _stop(f"{refusal.title.zh} / {refusal.title.en} {refusal.detail.zh}".strip())


def _stop(message: str) -> NoReturn:
    _say.print(message, style="red", soft_wrap=True)
    raise typer.Exit(1)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else clock.today()
    except ValueError:
        _stop(f"日期应为 YYYY-MM-DD：{text} / not a date: {text}")


@main.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    host: str = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, max=64, help="API 进程数 / API processes")] = 1,
    worker: Annotated[bool, typer.Option(help="同时运行后台任务 / run the jobs as well")] = True,
    demo: Annotated[bool, typer.Option(help="空库装入演示区 / demo district if empty")] = False,
) -> None:
    """启动 API 与后台任务 / the API and the jobs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with database(serve=True) as urls:
        _refuse_taken_port(host, port)
        if demo:
            asyncio.run(_with_doors(urls.application, _fill_if_empty))
        os.environ["HANGJI_DATABASE_URL"] = urls.application
        os.environ["HANGJI_KEYS_FILE"] = str(settings().keys_path)
        os.environ["HANGJI_SUPERVISOR"] = str(os.getpid())
        settings.cache_clear()
        child = None
        if worker:
            here = [sys.executable, "-m", "app.cli", "worker"]
            child = subprocess.Popen(here, preexec_fn=die_with_parent)  # noqa: PLW1509, S603
        _greet(f"http://{host}:{port}", demo=demo)
        try:
            uvicorn.run(
                "app.cli:application",
                factory=True,
                host=host,
                port=port,
                workers=workers if workers > 1 else None,
                loop="uvloop",
                http="httptools",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=10,
            )
        finally:
            if child is not None:
                child.terminate()
                child.wait(15)


def application() -> Any:
    """Build the application that uvicorn serves, out of the environment."""
    chosen = settings()
    supervisor = int(os.environ.get("HANGJI_SUPERVISOR", "0"))
    if supervisor not in (0, os.getpid()):  # one of several API processes
        die_with_parent(parent=supervisor)
    if chosen.database_url is None:
        raise SystemExit("set HANGJI_DATABASE_URL")
    clock.pin(chosen.today)
    log.configure(chosen.log_level)
    crypto.use(crypto.load_keys(chosen.keys_path, chosen.cipher, make=False))
    return create_app(Doors.to(chosen.database_url, pool_size=chosen.pool_size), chosen)


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            _stop(f"无法监听 {host}:{port}：{error} / cannot listen on {host}:{port}: {error}")


def _demo_password() -> str:
    """Read the demo account's password, which is made with the account."""
    kept = settings().data_dir / "demo-password"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9))
    return kept.read_text().strip()


def _greet(address: str, *, demo: bool) -> None:
    lines = ["", "夯基 Hangji", f"  接口文档 docs      {address}/docs"]
    if demo:
        lines.append(f"  演示账号 sign-in   用户名 user demo   密码 password {_demo_password()}")
    if day := settings().today:
        lines.append(f"  系统日期 today     {day} (HANGJI_TODAY)")
    _say.print("\n".join([*lines, "  停止 stop          Ctrl+C", ""]), soft_wrap=True)


async def _fill_if_empty(doors: Doors) -> None:
    if await demo_district.is_empty(doors):
        _say.print("正在装入演示区 231005 / filling the demo district 231005 …")
        await demo_district.fill(doors, _demo_password())


@main.command()
def worker() -> None:
    """只运行后台任务 / the jobs alone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with database() as urls:
        log.configure(settings().log_level)
        jobs.run(urls.application)


@main.command()
def migrate() -> None:
    """把数据库升级到最新版本 / bring the database to the newest revision."""
    chosen = settings()
    if chosen.database_url:
        if not chosen.owner_database_url:
            _stop("请设置 HANGJI_OWNER_DATABASE_URL / set HANGJI_OWNER_DATABASE_URL")
        else:
            migrations.upgrade(chosen.owner_database_url, chosen.database_url)
    else:
        with running(chosen.data_dir) as cluster:
            migrations.upgrade(cluster.owner_url, cluster.application_url)
    _say.print(f"数据库版本 / the database stands at {migrations.newest()}")


@main.command(hidden=True)
def migration(message: str) -> None:
    """由模型起草迁移 / draft a revision from the models."""
    with running(settings().data_dir) as cluster:
        config = migrations.config(cluster.owner_url, "hangji_application")
        number = f"{int(migrations.newest()) + 1:04}"
        command.revision(config, message, autogenerate=True, rev_id=number)


@main.command()
def demo() -> None:
    """装入演示区 231005（2019-12-31）/ fill a new database with the demo district."""

    async def fill(doors: Doors) -> None:
        if not await demo_district.is_empty(doors):
            _stop("数据库中已有区县，未装入演示区 / the database is not empty")
        await demo_district.fill(doors, _demo_password())

    _run(fill)
    _say.print(f"用户名 user demo   密码 password {_demo_password()}")


@main.command("import")
def import_roster(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    district: District,
    as_of: Day = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只检查，不写入 / write nothing")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """导入花名册，全部正确才写入 / import a roster, all of it or nothing."""
    data = file.read_bytes()

    async def take(doors: Doors) -> imports.Report:
        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        with Progress(*columns, console=_say, transient=True) as progress:
            task = progress.add_task("读取 reading", total=None)

            def show(stage: str, done: int, total: int | None) -> None:
                progress.update(task, description=stage, completed=done, total=total)

            async with doors.writing() as session:
                unless_refused = await session.begin_nested()
                await organizations.ensure_district(session, district)
                report = await imports.take(
                    session,
                    data,
                    district,
                    _day(as_of),
                    account_id=None,
                    dry_run=dry_run,
                    show=show,
                )
                if report.status != "taken":  # not even the district, where it was missing
                    await unless_refused.rollback()
            return report

    report = _run(take)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        typer.echo(report.as_text())
    raise typer.Exit(1 if report.errors else 0)


@main.command()
def findings(district: District, as_of: Day = None, as_json: AsJson = False) -> None:
    """列出需要调整的党组织 / what the rules find."""

    async def find(doors: Doors) -> list[dict[str, Any]]:
        async with doors.reading() as on:
            whole = Subtree(district, ROOT_PATH)
            return [asdict(f) for f in await rules.findings(on, [whole], _day(as_of))]

    found = _run(find)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    for f in found:
        line = f"{f['severity']:6} {f['headcount']:5} {f['organization_name']} {f['suggestion']}"
        typer.echo(line)


@account.command("create")
def create_account(
    username: Annotated[str, typer.Option("--username")],
    role: Annotated[Role, typer.Option("--role")],
    district: District,
    organization: Annotated[str | None, typer.Option("--organization")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """建立账号 / make an account; the district too when it is missing."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ""
    if not password_stdin:
        password = typer.prompt("密码 password", hide_input=True, confirmation_prompt=True)

    if not PASSWORD_LENGTHS[0] <= len(password) <= PASSWORD_LENGTHS[1]:
        _stop("密码须为 8 到 200 个字符 / a password takes 8 to 200 characters")

    async def make(doors: Doors) -> UUID:
        async with doors.writing() as session:
            await organizations.ensure_district(session, district)
            scope = UUID(organization) if organization else None
            return await access.create_account(session, username, password, role, district, scope)

    typer.echo(_run(make))


@keys.command("new")
def make_keys() -> None:
    """生成密钥文件 / make the keys of a deployment, once."""
    path = settings().keys_path
    crypto.write_new_keys(path)
    typer.echo(path)


@main.command("openapi")
def write_openapi() -> None:
    """生成 openapi/openapi.json / write the OpenAPI document."""
    target = ROOT / "openapi" / "openapi.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(document())


def document() -> str:
    """Write the OpenAPI document as it is committed."""
    app = create_app(Doors.to("postgresql://nowhere/none"), settings())
    return json.dumps(openapi(app), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def run() -> None:
    """Run a command; what cannot start says why in one line."""
    try:
        main()
    except (AlreadyServed, CannotStart, crypto.NoKeys) as reason:
        _say.print(str(reason), style="red", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
