"""Ways to tamper with the audit, as somebody would who holds the database but not the keys."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg

from app.core import audit

Do = Callable[[asyncpg.Connection, random.Random, str], Any]
"""Tampers with the chain of a district; what it gives tells what it did."""
OTHER = {"231005": "231004", "231004": "231005"}
EDITS: Mapping[str, str] = {
    "at": "at + interval '1 microsecond'",
    "account_id": "gen_random_uuid()",
    "username": "username || ' '",
    "role": "role || 'x'",
    "action": "'sign_in'",
    "outcome": "CASE outcome WHEN 'done' THEN 'refused' ELSE 'done' END",
    "target_kind": "coalesce(target_kind, '') || 'x'",
    "target_id": "coalesce(target_id, '') || 'x'",
    "before": "coalesce(before, '{}') || '{\"x\": 1}'",
    "after": "coalesce(after, '{}') || '{\"x\": null}'",
    "detail": "CASE WHEN detail IS NULL THEN 'null'::jsonb END",
    "request_id": "coalesce(request_id, '') || '1'",
    "address": "coalesce(address, '') || '1'",
    "hash": "sha256(hash)",
}
COLUMNS = "at, account_id, username, role, action, outcome, target_kind, target_id, before, after,"
COLUMNS += " detail, request_id, address"
AT = "WHERE district_code = $1 AND number = $2"


async def _last(on: asyncpg.Connection, code: str) -> int:
    return int(await on.fetchval("SELECT number FROM audit_head WHERE district_code = $1", code))


async def _any(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    return dice.randint(1, await _last(on, code))


def edit(column: str, value: str) -> Do:
    async def do(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
        number = await _any(on, dice, code)
        await on.execute(f"UPDATE audit_entry SET {column} = {value} {AT}", code, number)
        return number

    do.__name__ = f"edit_{column}"
    return do


async def remove_from_the_middle(on: asyncpg.Connection, dice: random.Random, code: str) -> Any:
    first = dice.randint(2, await _last(on, code) - 4)
    until = first + dice.randint(0, 3)
    between = "DELETE FROM audit_entry WHERE district_code = $1 AND number BETWEEN $2 AND $3"
    await on.execute(between, code, first, until)
    return first, until


async def remove_the_first(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    count = dice.randint(1, 4)
    rows = "DELETE FROM audit_entry WHERE district_code = $1 AND number <= $2"
    await on.execute(rows, code, count)
    return count


async def remove_and_number_anew(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    number = await _any(on, dice, code)
    await on.execute(f"DELETE FROM audit_entry {AT}", code, number)
    rows = await on.fetch(
        "SELECT number FROM audit_entry WHERE district_code = $1 AND number > $2 ORDER BY 1",
        code, number,
    )  # fmt: skip
    for row in rows:
        await on.execute(f"UPDATE audit_entry SET number = $2 - 1 {AT}", code, row[0])
    await _hash_anew(on, code)
    return number


async def cut_the_tail(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    until = await _last(on, code) - dice.randint(1, 5)
    rows = "DELETE FROM audit_entry WHERE district_code = $1 AND number > $2"
    await on.execute(rows, code, until)
    return until


async def _set_head(on: asyncpg.Connection, code: str) -> None:
    await on.execute(
        "UPDATE audit_head AS h SET number = e.number, hash = e.hash FROM audit_entry AS e"
        " WHERE h.district_code = $1 AND e.district_code = $1 AND e.number ="
        " (SELECT max(number) FROM audit_entry WHERE district_code = $1)",
        code,
    )


async def cut_the_tail_and_set_the_head(
    on: asyncpg.Connection, dice: random.Random, code: str
) -> int:
    until = await cut_the_tail(on, dice, code)
    await _set_head(on, code)
    return until


async def _copy(
    on: asyncpg.Connection, source: tuple[str, int], target: tuple[str, int], hashed: bytes
) -> None:
    await on.execute(
        f"INSERT INTO audit_entry (district_code, number, {COLUMNS}, hash)"
        f" SELECT $3, $4, {COLUMNS}, $5 FROM audit_entry {AT}",
        *source, *target, hashed,
    )  # fmt: skip


async def append_a_copy(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    number = await _any(on, dice, code)
    await _copy(on, (code, number), (code, await _last(on, code) + 1), dice.randbytes(32))
    return number


async def append_well_hashed(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    number = await append_a_copy(on, dice, code)
    await _hash_anew(on, code)
    if dice.random() < 0.5:
        await _set_head(on, code)
    return number


async def insert_before_the_first(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    number = -dice.randint(0, 3)
    await _copy(on, (code, 1), (code, number), dice.randbytes(32))
    return number


async def swap_two(on: asyncpg.Connection, dice: random.Random, code: str) -> tuple[int, int]:
    one, two = dice.sample(range(1, await _last(on, code) + 1), 2)
    for old, new in ((one, -1), (two, one), (-1, two)):
        await on.execute(f"UPDATE audit_entry SET number = $3 {AT}", code, old, new)
    return one, two


async def swap_hashes(on: asyncpg.Connection, dice: random.Random, code: str) -> tuple[int, int]:
    one, two = dice.sample(range(1, await _last(on, code) + 1), 2)
    hashes = [await on.fetchval(f"SELECT hash FROM audit_entry {AT}", code, n) for n in (one, two)]
    for number, hashed in zip((two, one), hashes, strict=True):
        await on.execute(f"UPDATE audit_entry SET hash = $3 {AT}", code, number, hashed)
    return one, two


async def move_to_another_chain(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    number = await _any(on, dice, code) if dice.random() < 0.5 else await _last(on, code)
    there = await _last(on, OTHER[code]) + 1
    to = f"UPDATE audit_entry SET district_code = $3, number = $4 {AT}"
    await on.execute(to, code, number, OTHER[code], there)
    return number


async def _hash_anew(on: asyncpg.Connection, code: str) -> None:
    """Recompute every hash, as anybody can: the algorithm is no secret."""
    rows = await on.fetch(
        "SELECT * FROM audit_entry WHERE district_code = $1 ORDER BY number", code
    )
    hashed = b""
    for row in rows:
        read = {n: json.loads(row[n]) for n in ("before", "after", "detail") if row[n] is not None}
        hashed = audit.chain(hashed, dict(row) | read)
        await on.execute(f"UPDATE audit_entry SET hash = $3 {AT}", code, row["number"], hashed)


async def edit_and_hash_anew(on: asyncpg.Connection, dice: random.Random, code: str) -> int:
    number = await _any(on, dice, code)
    await on.execute(f"UPDATE audit_entry SET username = 'other' {AT}", code, number)
    await _hash_anew(on, code)
    if dice.random() < 0.5:
        await _set_head(on, code)
    return number


async def delete_the_head(on: asyncpg.Connection, _: random.Random, code: str) -> None:
    await on.execute("DELETE FROM audit_head WHERE district_code = $1", code)


async def delete_the_chain(on: asyncpg.Connection, _: random.Random, code: str) -> None:
    await on.execute("DELETE FROM audit_entry WHERE district_code = $1", code)
    await on.execute("DELETE FROM audit_head WHERE district_code = $1", code)


async def delete_everything(on: asyncpg.Connection, _: random.Random, code: str) -> None:
    await on.execute("DELETE FROM audit_entry")
    await on.execute("DELETE FROM audit_head")


async def delete_the_beginning(on: asyncpg.Connection, _: random.Random, code: str) -> None:
    """Take a chain away, and what the deployment's chain tells of it."""
    await delete_the_chain(on, _, code)
    begun = "DELETE FROM audit_entry WHERE district_code = '000000' AND target_id = $1"
    await on.execute(begun, code)


async def sign_otherwise(on: asyncpg.Connection, dice: random.Random, code: str) -> None:
    head = "UPDATE audit_head SET signature = $2 WHERE district_code = $1"
    await on.execute(head, code, dice.randbytes(16))


async def take_the_head_of_another(on: asyncpg.Connection, _: random.Random, code: str) -> None:
    await on.execute(
        "UPDATE audit_head AS h SET number = o.number, hash = o.hash, signature = o.signature"
        " FROM audit_head AS o WHERE h.district_code = $1 AND o.district_code = $2",
        code, OTHER[code],
    )  # fmt: skip


async def count_otherwise(on: asyncpg.Connection, dice: random.Random, code: str) -> None:
    head = "UPDATE audit_head SET number = number + $2 WHERE district_code = $1"
    await on.execute(head, code, dice.choice([-1, 1, 1000]))


async def begin_a_chain(on: asyncpg.Connection, _: random.Random, code: str) -> None:
    """Copy a whole chain with its head to a code that has none."""
    await on.execute(
        f"INSERT INTO audit_entry SELECT '231000', number, {COLUMNS}, hash FROM audit_entry"
        " WHERE district_code = $1",
        code,
    )
    await on.execute(
        "INSERT INTO audit_head SELECT '231000', number, hash, signature FROM audit_head"
        " WHERE district_code = $1",
        code,
    )


async def write_what_cannot_be_read(on: asyncpg.Connection, dice: random.Random, code: str) -> Any:
    number = await _any(on, dice, code)
    value = dice.choice(["infinity", "-infinity", "4000-01-01 BC", "20000-01-01"])
    await on.execute(f"UPDATE audit_entry SET at = '{value}' {AT}", code, number)
    return number, value


WAYS: list[Do] = [
    *(edit(column, value) for column, value in EDITS.items()),
    remove_from_the_middle,
    remove_the_first,
    remove_and_number_anew,
    cut_the_tail,
    cut_the_tail_and_set_the_head,
    append_a_copy,
    append_well_hashed,
    insert_before_the_first,
    swap_two,
    swap_hashes,
    move_to_another_chain,
    edit_and_hash_anew,
    delete_the_head,
    delete_the_chain,
    delete_everything,
    delete_the_beginning,
    sign_otherwise,
    take_the_head_of_another,
    count_otherwise,
    begin_a_chain,
    write_what_cannot_be_read,
]
