"""`hangji audit …`: checking the audit, keeping its heads, signing one anew after an accident."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from app.attach import AsJson, run, say, stop
from app.audit import queries, service
from app.audit.logic import Head
from app.core.db import Doors

commands = typer.Typer(no_args_is_help=True, help="审计 / the audit")
Chain = Annotated[
    str | None,
    typer.Option("--district", help="区划代码，默认全部 / GB/T 2260 code, all by default"),
]


@commands.command("verify")
def verify(
    district: Chain = None,
    heads: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="别处留存的链头 / heads kept elsewhere"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """核验审计链，有任何不符即以 1 退出 / check the chains; exit 1 on any fault."""
    kept = _kept(heads) if heads else []
    codes = [district] if district else None
    started = time.monotonic()
    found = run(lambda doors: service.verify(doors, codes, kept))
    if district and not (found.chains or found.faults):
        stop(f"没有 {district} 的审计链 / there is no chain of {district}")
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        told: dict[str, Any] = {"faults": [f.as_json() for f in found.faults]}
        told |= {"chains": found.chains, "entries": found.entries, "seconds": seconds}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for fault in found.faults:
            place = (
                fault.district_code
                if fault.number is None
                else f"{fault.district_code} #{fault.number}"
            )
            typer.echo(f"{place}：{fault.what.zh} / {fault.what.en}")
        typer.echo(
            f"审计链 chains {found.chains}，记录 entries {found.entries}，"
            f"不符 faults {len(found.faults)}，用时 {seconds} s"
        )
    raise typer.Exit(1 if found.faults else 0)


def _kept(file: Path) -> list[Head]:
    """Read heads as `hangji audit heads` and `GET /v1/audit/heads` write them."""
    try:
        items = json.loads(file.read_text())["items"]
        return [
            Head(
                str(item["district_code"]),
                int(item["number"]),
                bytes.fromhex(item["hash"]),
                bytes.fromhex(item["signature"]),
            )
            for item in items
        ]
    except (KeyError, TypeError, ValueError):
        stop(f"不是链头文件：{file} / not a file of heads: {file}")


@commands.command("heads")
def heads() -> None:
    """输出各链链头，请留存别处 / print the heads of the chains, to be kept elsewhere."""

    async def read(doors: Doors) -> list[Head]:
        codes = await queries.chains(doors)
        return await queries.heads_of(doors.reading(codes), codes)

    items = [queries.head_json(head) for head in run(read)]
    typer.echo(json.dumps({"items": items}, indent=1))


@commands.command("list")
def newest(
    district: Chain = None, limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50
) -> None:
    """列出最近的审计记录 / the newest entries."""

    async def read(doors: Doors) -> Any:
        codes = [district] if district else await queries.chains(doors)
        return await queries.newest(doors.reading(codes), district, limit)

    for row in run(read):
        target = f"{row.target_kind} {row.target_id}" if row.target_kind else ""
        who = f"{row.username} ({row.role})" if row.role else row.username
        place = f"{row.district_code} #{row.number}"
        typer.echo(f"{row.at}  {place}  {who}  {row.action}  {row.outcome}  {target}".rstrip())


@commands.command("reseal")
def reseal(
    district: Annotated[str, typer.Option("--district", help="区划代码 / GB/T 2260 code")],
    reason: Annotated[str, typer.Option("--reason", help="缘由，将写入审计 / why; recorded")],
) -> None:
    """事故后按现有记录重新签章；断处仍会被核验报告 / sign a head anew after an accident.

    While a chain is broken, nothing can be written in it. This makes writing possible again; it
    heals nothing: the entry that it leaves, and the break, are reported by `verify` for ever.
    """
    if not reason.strip():
        stop("请说明缘由 / say why")
    if not run(lambda doors: service.reseal(doors, district, reason.strip())):
        stop(f"{district} 的链头完好，未重新签章 / the head of {district} is whole; left as it is")
    say.print("已重新签章；断处仍会被核验报告 / signed anew; `verify` goes on to report the break")
