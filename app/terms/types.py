"""Vocabulary of terms: statuses, the calendar's buckets, what the pack of rules holds."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from app.core.packs import STRICT, Bilingual, Source
from app.organizations.types import OrganizationKind, Sector
from app.rules.types import Locale

LOCALES: dict[Sector, Locale] = {
    Sector.STREET: Locale.STREET,
    Sector.COMMUNITY: Locale.COMMUNITY,
    Sector.TOWNSHIP: Locale.TOWNSHIP,
    Sector.VILLAGE: Locale.VILLAGE,
    Sector.AGENCY: Locale.ORGAN,
    Sector.STATE_ENTERPRISE: Locale.ENTERPRISE,
    Sector.PRIVATE_ENTERPRISE: Locale.ENTERPRISE,
}
"""The locale of a sector as the rules of terms read it: private enterprises are enterprises."""


class TermStatus(StrEnum):
    """Where a body stands in its term (任期状态)."""

    IN_TERM = "in_term"  # 任期内
    REMIND = "remind"  # 应提醒
    DUE = "due"  # 当日届满
    OVERDUE = "overdue"  # 逾期
    EXTENDED = "extended"  # 延期中


class Bucket(StrEnum):
    """How near a due date is; each body stands in one."""

    OVERDUE = "overdue"  # 逾期
    DUE_6M = "due_6m"  # 6个月内届满
    DUE_12M = "due_12m"  # 6个月以上、12个月内届满
    IN_TERM = "in_term"  # 12个月以上
    UNDATED = "undated"  # 有任期而无届满日期


class DueSource(StrEnum):
    """Where a due date comes from."""

    RECORDED = "recorded"  # 登记
    COMPUTED = "computed"  # 按规定推算


class TermReason(StrEnum):
    """Why an extension or an early election is not accepted."""

    EXTENSION_OVER_1_YEAR = "extension_over_1_year"
    EARLY_OVER_1_YEAR = "early_over_1_year"
    NO_SUPERIOR_APPROVAL = "no_superior_approval"


@dataclass(frozen=True, slots=True)
class Clause:
    """What a verdict says, and the name of the source where that stands written."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    message: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class Cited:
    """What every pack of dated numbers holds: its name, and what is said with which source."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    version: str
    title: Bilingual
    sources: dict[str, Source]
    clauses: dict[str, Clause]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict says what it says."""

    code: str
    pack: str
    version: str
    message: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class TermRule:
    """The term of these kinds, there, when elected within these days; no `years` is no term."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    kinds: tuple[OrganizationKind, ...]
    clause: str
    years: int | None = None
    locales: tuple[Locale, ...] | None = None
    """The only locales in which it applies; `None` is everywhere."""
    is_old: bool = False
    """The term is the old one, and `years` only what is assumed where nobody says."""
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class TermPack(Cited):
    """The rules of terms, and the months of reminders, extensions and early elections."""

    reminder_months: int
    horizon_months: int
    extension_months: int
    early_months: int
    rules: tuple[TermRule, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension that somebody asks for (延期)."""

    until: date
    superior_approved: bool


@dataclass(frozen=True, slots=True)
class NextElection:
    """The election that follows (换届)."""

    held_on: date
    superior_approved: bool


@dataclass(frozen=True, slots=True)
class TermVerdict:
    """The answer of a check of a term; `None` is what was not asked or cannot be said."""

    applicable: bool
    term_years: int | None = None
    due_on: date | None = None
    remind_on: date | None = None
    status: TermStatus | None = None
    extension_accepted: bool | None = None
    extended_due_on: date | None = None
    early_accepted: bool | None = None
    next_due_on: date | None = None
    reason: TermReason | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the records of a day say of a body."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    sector: Sector | None
    term_started_on: date | None
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A body in the calendar of a day."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    sector: Sector | None
    term_started_on: date | None
    due_on: date | None
    source: DueSource | None
    computed_due_on: date | None
    agrees: bool | None
    remind_on: date | None
    status: TermStatus | None
    bucket: Bucket
    days: int | None
    as_of: date


@dataclass(frozen=True, slots=True)
class Overview:
    """How many bodies stand where on a day."""

    checked: int
    without_term: int
    undated: int
    in_term: int
    due_12m: int
    due_6m: int
    overdue: int
    disagreeing: int
    as_of: date
