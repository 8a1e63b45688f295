"""Pure decisions about appraisals: the draw that anybody re-runs, and the total of a sheet."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from app.appraisals.errors import CheckOutOfOrder
from app.appraisals.types import CheckStatus
from app.core.errors import Text

WEIGHTS = 100
"""What the weights of an indicator sheet add up to."""
_TERMS = {
    CheckStatus.PUBLISHED: Text("种子已公布", "its seed published"),
    CheckStatus.DRAWN: Text("已抽取", "drawn"),
    CheckStatus.CHECKED: Text("已抽查", "checked"),
}


def pool_digest(pool: Iterable[UUID]) -> str:
    """Give the SHA-256 of a pool, in hex: its ids as text in ascending order, a line each."""
    lines = "".join(f"{one}\n" for one in sorted(map(str, pool)))
    return hashlib.sha256(lines.encode()).hexdigest()


def draw(seed: str, pool: Iterable[UUID], size: int) -> list[UUID]:
    """Draw `size` of a pool: those whose SHA-256 of seed, colon and id comes first.

    `printf '%s:%s' SEED ID | sha256sum` of every id, sorted, gives the same: neither the order of
    the pool nor who draws it matters.
    """
    return sorted(set(pool), key=lambda one: _ticket(seed, one))[:size]


def _ticket(seed: str, one: UUID) -> str:
    return hashlib.sha256(f"{seed}:{one}".encode()).hexdigest()


def check_status(status: CheckStatus, wanted: CheckStatus) -> None:
    """Raise `CheckOutOfOrder` unless a spot check is in the state `wanted`."""
    if status != wanted:
        told, asked = _TERMS[status], _TERMS[wanted]
        raise CheckOutOfOrder(
            f"该抽查为“{told.zh}”，此操作只适用于“{asked.zh}”的抽查",
            f"the spot check is {told.en}; it must be {asked.en}",
            state=status.value,
        )


def total(weights: Sequence[int], scores: Sequence[Decimal]) -> Decimal:
    """Weigh the scores of a sheet (each of 100), half up to two places."""
    weighed = sum((w * s for w, s in zip(weights, scores, strict=True)), Decimal(0))
    return (weighed / WEIGHTS).quantize(Decimal("0.01"), ROUND_HALF_UP)


def quarter_of(day: date) -> int:
    """Give the quarter in which a day lies."""
    return (day.month + 2) // 3
