"""Vocabulary of figures."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.caller import Permission
from app.core.errors import Text


class FigureUnit(StrEnum):
    """What a figure counts (单位)."""

    ITEMS = "items"  # 件
    PERSON_TIMES = "person_times"  # 人次
    PERSON_TIMES_A_POST = "person_times_a_post"  # 人次每岗位
    POSTS = "posts"  # 个岗位
    RATIO = "ratio"  # 比率, as a fraction


class Part(StrEnum):
    """Which rows of a figure (分子, 分母)."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"


@dataclass(frozen=True, slots=True)
class Window:
    """What a figure counts up to, and from: dates in Asia/Shanghai, both days included."""

    day: date
    """What was recorded up to the end of this day."""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of a figure before it is computed (数字)."""

    id: str
    name: Text
    unit: FigureUnit
    definition: Text
    permission: Permission
    """The right to read the records behind it."""
    places: int | None = None
    """Decimals of a quotient, HALF_UP; a plain sum has none."""
