"""Pure decisions about what goes along with a member."""

from collections.abc import Iterable
from datetime import date
from typing import Any


def ended(past: Iterable[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    """Close what went before `day`, on which a member leaves the district; days are ISO text."""
    until = day.isoformat()
    return [row | {"valid_to": row["valid_to"] or until} for row in past]
