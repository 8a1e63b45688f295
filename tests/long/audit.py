"""Count what many writers leave in the audit, and check a chain of a million entries.

    python -m tests.long.audit [--quick]

Prints one line of JSON and fails on any entry too few or too many, on a fault where there is none
and on a planted one that is not found. `--quick` takes a minute, the whole three.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from app.audit import service
from app.core import audit, clock, log
from app.core.db import Doors
from tests import conftest
from tests.long import real

WRITERS, CHUNK = 8, 20_000
CODE = "231083"


class Size(NamedTuple):
    """How much is tried."""

    writes: int
    entries: int


WHOLE, QUICK = Size(2_000, 1_000_000), Size(2_000, 50_000)


async def _write(port: int, world: real.World, count: int) -> int:
    """Have all writers write over HTTP; give how many were told that it is done."""
    left = iter(range(count))

    async def one() -> int:
        done = 0
        base = f"http://127.0.0.1:{port}/v1"
        async with httpx.AsyncClient(base_url=base, headers=world.headers, timeout=20) as client:
            for n in left:
                new = {"name": f"第{n}支部", "kind": "party_branch", "parent_id": str(world.root)}
                answer = await client.post("/organizations", json=new)
                done += answer.status_code == 201
        return done

    return sum(await asyncio.gather(*(one() for _ in range(WRITERS))))


def _entries(count: int) -> Iterator[dict[str, Any]]:
    hashed, began = b"", clock.now() - timedelta(days=300)
    for number in range(1, count + 1):
        row = {
            "district_code": CODE,
            "number": number,
            "at": began + timedelta(seconds=number),
            "account_id": None,
            "username": "王干事",
            "role": "organization_clerk",
            "action": "edit_member",
            "outcome": "done",
            "target_kind": "member",
            "target_id": f"01900000-0000-7000-8000-{number:012}",
            "before": {"education": "bachelor", "is_mobile": False},
            "after": {"education": "postgraduate", "is_mobile": True},
            "detail": None,
            "request_id": f"{number:032x}",
            "address": "10.23.10.5",
        }
        hashed = audit.chain(hashed, row)
        yield row | {"hash": hashed}


async def _fill(on: asyncpg.Connection, count: int) -> None:
    """Write a chain as the service would have written it, past the service."""
    await on.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value).encode(),
        decoder=lambda raw: json.loads(raw[1:]),
    )
    columns: list[str] = []
    part: list[tuple[Any, ...]] = []
    row: dict[str, Any] = {}

    async def load() -> None:
        await on.copy_records_to_table("audit_entry", records=part, columns=columns)
        part.clear()

    for row in _entries(count):
        columns = list(row)
        part.append(tuple(row.values()))
        if len(part) == CHUNK:
            await load()
    await load()
    head = CODE, count, row["hash"], audit.seal(CODE, count, row["hash"])
    await on.execute("INSERT INTO audit_head VALUES ($1, $2, $3, $4)", *head)


async def _try(world: real.World, size: Size) -> dict[str, Any]:
    superuser = conftest._at(os.environ["HANGJI_TEST_SUPERUSER"], str(make_url(world.url).database))
    on, doors = await asyncpg.connect(superuser), Doors.to(world.url, pool_size=2)
    count = "SELECT count(*) FROM audit_entry WHERE district_code = '231005'"
    before = await on.fetchval(count)
    started = time.monotonic()
    with real.serving(world.url) as port:
        done = await _write(port, world, size.writes)
    writing = time.monotonic() - started
    rows = await on.fetchval(count) - before
    written = await service.verify(doors)
    await _fill(on, size.entries)
    await on.execute("ANALYZE audit_entry")
    started = time.monotonic()
    long = await service.verify(doors, [CODE])
    verifying = time.monotonic() - started
    # nobody told the deployment's chain that this one was begun past the service: that is found
    begun = [f for f in long.faults if f.number is None]
    plants = 0
    at = "district_code = $1 AND number = $2"
    for code, number, plant in (
        (CODE, size.entries // 2, f"UPDATE audit_entry SET address = '10.23.10.6' WHERE {at}"),
        ("231005", 1000, f"DELETE FROM audit_entry WHERE {at}"),
    ):
        await on.execute(plant, code, number)
        found = (await service.verify(doors, [code])).faults
        plants += [f.number for f in found if f.number is not None] == [number]
    await on.close()
    await doors.close()
    violations = (
        (done != size.writes)
        + abs(rows - done)
        + len(written.faults)
        + abs(len(begun) - 1)
        + (len(long.faults) - len(begun))
        + (long.entries != size.entries)
        + (plants != 2)
    )
    return {
        "promise": "P9",
        "writes": done,
        "rows": rows,
        "writers": WRITERS,
        "writing_seconds": round(writing, 1),
        "verified": long.entries,
        "verifying_seconds": round(verifying, 1),
        "plants": f"{plants}/2",
        "violations": violations,
    }


def main() -> int:
    """Run it on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    size = QUICK if parser.parse_args().quick else WHOLE
    log.configure("warning")
    conftest.pytest_configure(SimpleNamespace())  # type: ignore[arg-type]
    try:
        with real.world("hangji_audit_long") as world:
            found = asyncio.run(_try(world, size))
    finally:
        conftest.pytest_unconfigure()
    print(json.dumps(found))  # noqa: T201
    return int(found["violations"] > 0)


if __name__ == "__main__":
    sys.exit(main())
