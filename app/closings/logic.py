"""What a closing says, and how two states of a figure's rows differ."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.closings.types import Amounts, Opened, RowChange, RowDrift
from app.core.errors import wrong

SIGNED = (
    "district_code",
    "id",
    "first_on",
    "last_on",
    "figures",
    "rows",
    "entries",
    "closed_by",
    "closed_on",
    "created_at",
)
"""What the signature holds: every column but itself."""


def check_period(first: date, last: date, today: date) -> None:
    """Raise `Invalid` for a period that is none, or that ends after today."""
    if first > last:
        message = "起始日期晚于截止日期", "first_on lies after last_on"
    elif last > today:
        message = "日期不能晚于今天", "last_on lies in the future"
    else:
        return
    raise wrong("last_on", *message, "period")


def content(row: Mapping[str, Any]) -> bytes:
    """Write what is signed of a closing, the same whenever it is read again."""
    signed = {name: _plain(row[name]) for name in SIGNED}
    text = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return b"hangji figure closing\0" + text.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value if isinstance(value, dict | int | str) else str(value)


def stored(opened: Opened) -> dict[str, Any]:
    """Write rows as JSON, each amount as text in its one form."""
    return {
        figure: {
            str(part): {key: number(amount) for key, amount in amounts.items()}
            for part, amounts in parts.items()
        }
        for figure, parts in opened.items()
    }


def told(values: Mapping[str, Decimal | None]) -> dict[str, str | None]:
    """Write what a figure comes to as JSON."""
    return {name: None if value is None else number(value) for name, value in values.items()}


def number(value: Decimal) -> str:
    """Write a number without the zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read(parts: Mapping[str, Mapping[str, str]]) -> dict[str, Amounts]:
    """Read a figure's rows back."""
    return {
        part: {key: Decimal(amount) for key, amount in amounts.items()}
        for part, amounts in parts.items()
    }


def drift(old: Mapping[str, Amounts], new: Mapping[str, Amounts]) -> list[RowDrift]:
    """List the rows that were added, are gone or add another amount, by part, kind and id."""
    found = []
    for part in sorted(old.keys() | new.keys()):
        was, now = old.get(part, {}), new.get(part, {})
        for key in sorted(was.keys() | now.keys()):
            before, after = was.get(key), now.get(key)
            if before == after:
                continue
            change = RowChange.CHANGED
            if before is None:
                change = RowChange.ADDED
            elif after is None:
                change = RowChange.GONE
            kind, row_id = key.split("/")
            found.append(RowDrift(part, change, kind, row_id, before, after))
    return found
