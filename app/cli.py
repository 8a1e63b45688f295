"""The command line: `hangji …`."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from alembic import command
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app import attach
from app import worker as jobs
from app.attach import AsJson, Day, District, database, say, stop, with_doors
from app.commands import account, audit, keys
from app.core import clock, crypto, log, migrations
from app.core.caller import Subtree
from app.core.db import Doors
from app.core.embedded import AlreadyServed, CannotStart, die_with_parent, running
from app.core.settings import ROOT, settings
from app.demo import service as demo_district
from app.fake_wechat.router import create_fake
from app.imports import service as imports
from app.main import create_app, openapi
from app.organizations import service as organizations
from app.organizations.queries import ROOT_PATH
from app.rules import queries as rules

main = typer.Typer(add_completion=False, no_args_is_help=True, help="夯基 Hangji")
main.add_typer(account.commands, name="account")
main.add_typer(audit.commands, name="audit")
main.add_typer(keys.commands, name="keys")


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
            asyncio.run(with_doors(urls.application, _fill_if_empty))
        os.environ["HANGJI_DATABASE_URL"] = urls.application
        os.environ["HANGJI_KEYS_FILE"] = str(settings().keys_path)
        os.environ["HANGJI_SUPERVISOR"] = str(os.getpid())
        children = []
        if demo and settings().wechat_app_id is None:  # before the worker, which asks it too
            children.append(_fake_wechat())
        if worker:
            children.append(_beside("worker"))
        settings.cache_clear()
        trusted = settings().trusted_proxies
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
                proxy_headers=bool(trusted),
                forwarded_allow_ips=trusted,
                timeout_graceful_shutdown=10,
            )
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(15)


def _beside(*arguments: str) -> subprocess.Popen[bytes]:
    """Run another command beside this one, for as long as this one runs."""
    command_line = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.Popen(command_line, preexec_fn=die_with_parent)  # noqa: PLW1509, S603


def _fake_wechat() -> subprocess.Popen[bytes]:
    """Let a server of our own stand in for WeChat, so that signing in by it can be tried."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    os.environ["HANGJI_WECHAT_APP_ID"] = "wx-demo"
    os.environ["HANGJI_WECHAT_APP_SECRET"] = secrets.token_hex(16)
    os.environ["HANGJI_WECHAT_BASE_URL"] = f"http://127.0.0.1:{port}"
    os.environ.setdefault("HANGJI_WECHAT_ELECTION_TEMPLATE", "demo-election-reminder")
    return _beside("fake-wechat", "--port", str(port))


@main.command("fake-wechat", hidden=True)
def fake_wechat(port: Annotated[int, typer.Option(min=1, max=65535)]) -> None:
    """模拟的微信接口，仅供演示和测试 / what stands in for WeChat."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    secret = os.environ["HANGJI_WECHAT_APP_SECRET"]
    fake = create_fake(os.environ["HANGJI_WECHAT_APP_ID"], secret)
    uvicorn.run(fake, host="127.0.0.1", port=port, log_config=None, access_log=False)


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
            stop(f"无法监听 {host}:{port}：{error} / cannot listen on {host}:{port}: {error}")


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
        if settings().wechat_app_id == "wx-demo":
            lines.append(f"  模拟微信 WeChat    {settings().wechat_base_url}/fake/codes")
    if today := settings().today:
        lines.append(f"  系统日期 today     {today} (HANGJI_TODAY)")
    say.print("\n".join([*lines, "  停止 stop          Ctrl+C", ""]), soft_wrap=True)


async def _fill_if_empty(doors: Doors) -> None:
    if await demo_district.is_empty(doors):
        say.print("正在装入演示区 231005 / filling the demo district 231005 …")
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
            stop("请设置 HANGJI_OWNER_DATABASE_URL / set HANGJI_OWNER_DATABASE_URL")
        else:
            with attach.reached():
                migrations.upgrade(chosen.owner_database_url, chosen.database_url)
    else:
        with running(chosen.data_dir) as cluster:
            migrations.upgrade(cluster.owner_url, cluster.application_url)
    say.print(f"数据库版本 / the database stands at {migrations.newest()}")


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
            stop("数据库中已有区县，未装入演示区 / the database is not empty")
        await demo_district.fill(doors, _demo_password())

    attach.run(fill)
    say.print(f"用户名 user demo   密码 password {_demo_password()}")


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
        with Progress(*columns, console=say, transient=True) as progress:
            task = progress.add_task("读取 reading", total=None)

            def show(stage: str, done: int, total: int | None) -> None:
                progress.update(task, description=stage, completed=done, total=total)

            async with doors.writing([district]) as session:
                unless_refused = await session.begin_nested()
                await organizations.ensure_district(session, district)
                report = await imports.take(
                    session,
                    data,
                    district,
                    attach.day(as_of),
                    account_id=None,
                    dry_run=dry_run,
                    show=show,
                )
                if report.status != "taken":  # not even the district, where it was missing
                    await unless_refused.rollback()
            return report

    report = attach.run(take)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        typer.echo(report.as_text())
    raise typer.Exit(1 if report.errors else 0)


@main.command()
def findings(district: District, as_of: Day = None, as_json: AsJson = False) -> None:
    """列出需要调整的党组织 / what the rules find."""

    async def find(doors: Doors) -> list[dict[str, Any]]:
        whole, on = Subtree(district, ROOT_PATH), doors.reading([district])
        return [asdict(f) for f in await rules.findings(on, [whole], attach.day(as_of))]

    found = attach.run(find)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    for f in found:
        line = f"{f['severity']:6} {f['headcount']:5} {f['organization_name']} {f['suggestion']}"
        typer.echo(line)


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
        say.print(str(reason), style="red", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
