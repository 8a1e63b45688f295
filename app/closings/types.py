"""Values of closings."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

Amounts = dict[str, Decimal]
"""The rows of one part of a figure: `kind/id`, and what each adds."""
Opened = dict[str, dict[str, Amounts]]
"""The rows of figures by the figures' ids and their parts."""


class RowChange(StrEnum):
    """What became of a row since the closing (变动)."""

    ADDED = "added"  # 新增
    GONE = "gone"  # 消失
    CHANGED = "changed"  # 改变


@dataclass(frozen=True, slots=True)
class RowDrift:
    """A row that counts otherwise than it did at the closing."""

    part: str
    change: RowChange
    kind: str
    id: str
    old: Decimal | None
    new: Decimal | None
