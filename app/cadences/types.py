"""Vocabulary of what is due when."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from app.activities.types import ActivityKind
from app.core.packs import STRICT, Bilingual, Source
from app.organizations.types import OrganizationKind


class Period(StrEnum):
    """In what span of the calendar something is due (周期)."""

    MONTH = "month"  # 每月
    QUARTER = "quarter"  # 每季度
    YEAR = "year"  # 每年


@dataclass(frozen=True, slots=True)
class CadenceRule:
    """How often bodies of these kinds hold an activity of one kind, and where that is written."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    code: str
    kind: ActivityKind
    period: Period
    times: int
    bodies: tuple[OrganizationKind, ...]
    message: Bilingual
    source: str
    valid_from: date
    valid_to: date | None = None
    """The first day on which it holds no more."""
    counts_below: bool = False
    """An activity of any organisation under the body counts, too."""
    full_members_from: int = 0
    """Only bodies with as many full members have it: fewer elect no committee."""


@dataclass(frozen=True, slots=True)
class CadencePack:
    """The rules of what is due how often."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    version: str
    title: Bilingual
    sources: dict[str, Source]
    rules: tuple[CadenceRule, ...]
