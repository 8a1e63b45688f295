"""`hangji keys …`: the keys of a deployment."""

import json
from collections import Counter
from typing import Annotated, Any

import typer
from sqlalchemy import LargeBinary, delete, func, select

from app.access.jobs import OPENIDS
from app.admissions.jobs import APPLICANTS
from app.attach import AsJson, run, say, stop
from app.core import audit, crypto
from app.core.caller import DEPLOYMENT
from app.core.db import Doors
from app.core.settings import settings
from app.members import jobs as members
from app.wechat.models import WeChatToken
from app.wishes.jobs import CONTACTS

commands = typer.Typer(no_args_is_help=True, help="密钥 / keys")
SEALED = (members.MEMBERS, CONTACTS, OPENIDS, APPLICANTS)
"""Every table of districts in which something is encrypted."""
BY_HAND = """密钥来自环境变量 HANGJI_KEYS，不能由本命令改写。
请在 masters 下加入编号 {id} 的新密钥（openssl rand -hex 32），把 current 和 newest 改为 {id}，
重启所有进程，再运行本命令。
The keys come from HANGJI_KEYS, which no command can write. Add a key {id} under `masters` there
(openssl rand -hex 32), set `current` and `newest` to {id}, restart everything, run this again."""
BACKUPS = """旧备份仍需要这些密钥，原文件保存为 {copy}，请移到安全处另存。
Older backups need these keys: the file as it was is {copy}; keep it somewhere safe."""


@commands.command("new")
def make_keys() -> None:
    """生成密钥文件 / make the keys of a deployment, once."""
    path = settings().keys_path
    crypto.write_new_keys(path)
    typer.echo(path)


@commands.command("rotate")
def rotate_keys() -> None:
    """换新密钥并全部重新加密，可随时中断后再运行 / a new key, all encrypted anew; may be killed."""
    done = run(_rotate)
    say.print(
        f"重新加密记录 rows encrypted anew: {done.rows}；当前密钥 current key:"
        f" {crypto.keys().current} ({crypto.keys().cipher})"
    )
    if done.unreadable:
        listed = " ".join(sorted(map(str, done.unreadable))[:20])
        say.print(f"无法解密，未改动 cannot be decrypted, left: {len(done.unreadable)}  {listed}")
    if done.left:
        stop(f"仍有 {done.left} 条记录在旧密钥下，请再运行一次 / {done.left} left: run it again")


async def _rotate(doors: Doors) -> members.Rotation:
    ring = crypto.keys()
    goes_on = await members.count_old(doors, SEALED) > 0
    if not goes_on:
        if ring.source is None:
            stop(BY_HAND.format(id=ring.newest + 1))
        crypto.use(crypto.add_master(ring))
    async with doors.writing([DEPLOYMENT]) as session:
        await session.execute(delete(WeChatToken))  # fetched anew when one is needed
        key = "key", crypto.keys().current
        audit.record(session, DEPLOYMENT, key, action="cli.keys_rotate", goes_on=goes_on)
    return await members.encrypt_anew(doors, _show, SEALED)


def _show(district_code: str, members: int) -> None:
    if say.is_terminal:
        say.print(f"{district_code}  {members}", end="\r")


@commands.command("status")
def show_keys(as_json: AsJson = False) -> None:
    """各密钥下的记录数，缺密钥即以 1 退出 / values under each key; exit 1 if a key is missing."""
    found = run(_rows)
    ring = crypto.keys()
    status: dict[str, Any] = {
        "current": ring.current,
        "cipher": ring.cipher,
        "keys": sorted(ring.masters),
        "source": str(ring.source.path) if ring.source else "HANGJI_KEYS",
        "rows": {
            column: [
                dict(zip(("cipher", "key", "rows"), (*crypto.cipher_of(head), rows), strict=True))
                for head, rows in sorted(heads.items())
            ]
            for column, heads in found.items()
        },
    }
    used = {group["key"] for groups in status["rows"].values() for group in groups}
    status["missing"] = missing = sorted(used - ring.masters.keys())
    if as_json:
        typer.echo(json.dumps(status, ensure_ascii=False, indent=1))
    else:
        typer.echo(f"当前密钥 current: {ring.current} ({ring.cipher})   {status['source']}")
        for column, groups in status["rows"].items():
            for group in groups:
                facts = f"{group['cipher']:12} {group['key']:4} {group['rows']:10}"
                typer.echo(f"  {column:20} {facts}")
    if missing:
        stop(f"缺少密钥 {missing}，其下的值无法读取 / keys {missing} are missing: not readable")


async def _rows(doors: Doors) -> members.Heads:
    """Count the values under each cipher and key, wherever something is encrypted."""
    found = await members.heads(doors, SEALED)
    head = func.substring(WeChatToken.token_cipher, 1, 2, type_=LargeBinary)
    tokens = select(head.label("head"), func.count().label("tokens")).where(head.is_not(None))
    rows = await doors.reading([]).execute(tokens.group_by(head))
    return found | {"wechat_token.token": Counter({row.head: row.tokens for row in rows})}


@commands.command("retire")
def retire_keys(
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask")] = False,
) -> None:
    """移除已无记录使用的旧密钥 / remove the keys under which nothing lies."""

    async def retire(doors: Doors) -> None:
        await members.settled(doors)
        ring = crypto.keys()
        used = {
            crypto.cipher_of(head)[1] for heads in (await _rows(doors)).values() for head in heads
        }
        unused = sorted({*ring.masters} - used - {ring.current})
        if not unused:
            stop("没有可移除的密钥 / there is no key to remove")
        if not yes and not typer.confirm(f"移除密钥 remove keys {unused}?", err=True):
            raise typer.Exit(1)
        left, copy = crypto.retire_masters(ring, unused)
        crypto.use(left)
        async with doors.writing([DEPLOYMENT]) as session:
            kept = sorted(left.masters)
            audit.record(session, DEPLOYMENT, action="cli.keys_retire", gone=unused, kept=kept)
        typer.echo(f"已移除 removed: {unused}")
        say.print(BACKUPS.format(copy=copy), soft_wrap=True)

    run(retire)
