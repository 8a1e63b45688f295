"""What a report is made of."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class ReportFormat(StrEnum):
    """As what a report is given (格式)."""

    JSON = "json"
    MARKDOWN = "markdown"
    DOCX = "docx"


class NumberStatus(StrEnum):
    """What is known of a number of a draft (核对结果)."""

    MATCHED = "matched"  # 相符
    DIFFERING = "differing"  # 不符
    UNKNOWN = "unknown"  # 未识别


@dataclass(frozen=True, slots=True)
class Value:
    """A figure as it was computed, and how a sentence writes it."""

    id: str
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal | None
    is_ratio: bool
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph: plain text, or a number with its figure."""

    text: str
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A paragraph whose numbers are filled in."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The paragraph as a reader sees it."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Slot:
    """A number of a draft that a sentence gives to a figure."""

    start: int
    end: int
    figure: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """A number of a draft, and what became of it."""

    start: int
    end: int
    text: str
    status: NumberStatus
    figure: str | None = None
    expected: str | None = None
