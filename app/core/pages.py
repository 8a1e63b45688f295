"""Lists: keyset pages, one sort key, no OFFSET and no COUNT; cursors are signed."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, literal, tuple_

from app.core import crypto
from app.core.db import Executor
from app.core.errors import AppError, NotFound, Text
from app.core.schemas import ListParams

Item = TypeVar("Item")
_SIGNATURE = 16


class BadCursor(AppError):  # noqa: N818
    """The `after` parameter was not made by this list."""

    title = Text("分页标记无效", "Bad cursor")


@dataclass(frozen=True, slots=True)
class Rows(Generic[Item]):
    """One page of rows, before they become JSON."""

    items: list[Item]
    next: str | None = None


def seal(of: str, sort: str, *key: object) -> str:
    """Write the cursor that stands behind the row with `key`, for the list `of` in order `sort`."""
    body = json.dumps([of, sort, *(str(part) for part in key)], ensure_ascii=False).encode()
    return _encoded(crypto.keys().sign(body) + body)


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unseal(after: str, of: str, sort: str) -> list[str]:
    """Read the key out of a cursor, or raise `BadCursor`."""
    try:
        raw = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    signature, body = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if _encoded(raw) != after or not crypto.keys().is_signed(body, signature):
        raise BadCursor("after 不是本系统给出的分页标记", "`after` is not a cursor of this service")
    made_for, made_sort, *key = json.loads(body)
    if (made_for, made_sort) != (of, sort):
        raise BadCursor(
            "该分页标记属于另一个列表或排序", "this cursor belongs to another list or sort"
        )
    return list(key)


def after_mark(params: ListParams, of: str, sort: str) -> tuple[str, UUID] | None:
    """Read where the page before left off: the sort's value and the id; None on the first page."""
    if params.after is None:
        return None
    value, last_id = unseal(params.after, of, sort)
    return value, UUID(last_id)


def page_json(found: Sequence[Any], limit: int, of: str, sort: str) -> str:
    """Write a page out of rows of (json, the sort's value, the id), one more than `limit` read."""
    end = found[limit - 1] if len(found) > limit else None
    following = "null" if end is None else f'"{seal(of, sort, end[1], end[2])}"'
    return f'{{"items":[{",".join(row[0] for row in found[:limit])}],"next":{following}}}'


_READS: dict[type, Callable[[str], Any]] = {
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    int: int,
    Decimal: Decimal,
}
"""How a cursor's value is read back; what is not named is text."""


async def page(
    on: Executor,
    rows: Select[*tuple[Any, ...]],
    sorts: Mapping[str, Any],
    sort: str,
    params: ListParams,
    *,
    of: str,
    tie: Any,
    told: Callable[[Select[*tuple[Any, ...]]], Select[*tuple[Any, ...]]] | None = None,
) -> Rows[Row[*tuple[Any, ...]]]:
    """Run `rows` in the order `sort` (a leading `-` reverses), from where `params.after` left off.

    `of` names the list. The sort's column must be selected under its own name and never null; `tie`
    must be selected as `id` and breaks ties, so no row is skipped or repeated. `told` adds columns
    to the rows of the page alone, and keeps their number.
    """
    name, down = sort.removeprefix("-"), sort.startswith("-")
    key = (sorts[name], tie)
    if params.after:
        value, last_id = unseal(params.after, of, sort)
        typed = _READS.get(key[0].type.python_type, str)(value)
        mark = tuple_(literal(typed, key[0].type), literal(UUID(last_id), tie.type))
        rows = rows.where(tuple_(*key) < mark if down else tuple_(*key) > mark)
    rows = rows.order_by(*(part.desc() if down else part for part in key)).limit(params.limit + 1)
    if told is not None:
        rows = told(rows)
        told_by = (rows.selected_columns[name] for name in (key[0].key, "id"))
        rows = rows.order_by(*(part.desc() if down else part for part in told_by))
    found = list(await on.execute(rows))
    if len(found) <= params.limit:
        return Rows(found)
    end = found[params.limit - 1]._mapping  # noqa: SLF001 - the public name of a row's mapping
    return Rows(found[: params.limit], seal(of, sort, end[key[0].key], end["id"]))


async def fetch_one(on: Executor, rows: Select[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]]:
    """Fetch the one row of a selection that starts from `visible`, or raise `NotFound`."""
    row = (await on.execute(rows)).first()
    if row is None:
        raise NotFound
    return row


def filtered(
    rows: Select[*tuple[Any, ...]], params: Any, filters: Mapping[str, Any]
) -> Select[*tuple[Any, ...]]:
    """Hold `rows` to the filters of `params` that are set: each a column that equals its value."""
    given = {name: getattr(params, name) for name in filters}
    return rows.where(*(filters[n] == value for n, value in given.items() if value is not None))
