"""Vocabulary of the rules: what is measured, how it is compared, and what a pack holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from app.core.packs import STRICT, Bilingual, Source
from app.organizations.types import OrganizationKind, Sector

OWNER_PACK = "owner_headcount"
ADVISORY_PACK = "regulation_advisories"


class Locale(StrEnum):
    """Where an organisation stands, as far as the regulations tell it apart (所在领域)."""

    COMMUNITY = "community"  # 社区
    VILLAGE = "village"  # 村
    STREET = "street"  # 街道
    TOWNSHIP = "township"  # 乡镇
    ORGAN = "organ"  # 机关
    ENTERPRISE = "enterprise"  # 国有企业
    SCHOOL = "school"  # 学校


LOCALES: dict[Sector, Locale] = {
    Sector.STREET: Locale.STREET,
    Sector.COMMUNITY: Locale.COMMUNITY,
    Sector.TOWNSHIP: Locale.TOWNSHIP,
    Sector.VILLAGE: Locale.VILLAGE,
    Sector.AGENCY: Locale.ORGAN,
    # The numbers of 《中国共产党国有企业基层组织工作条例(试行)》 bind state enterprises only:
    # a private one has none, and neither has an institution or a social organisation.
    Sector.STATE_ENTERPRISE: Locale.ENTERPRISE,
}
"""The locale of a sector; a sector that is not named has no head-counts of its own."""


class Measure(StrEnum):
    """What a rule counts."""

    MEMBERS = "members"  # 党员: full and probationary
    FULL_MEMBERS = "full_members"  # 正式党员
    UNITS_COVERED = "units_covered"  # 覆盖单位


class Operator(StrEnum):
    """How a rule compares: 以上 and 以下 include the number, 超过 and 不足 do not."""

    OVER = ">"  # 超过
    FROM = ">="  # 以上
    UNDER = "<"  # 不足
    UP_TO = "<="  # 以下


class Bound(StrEnum):
    """A limit that a district may set."""

    UPPER = "upper"  # 上限
    LOWER = "lower"  # 下限


class Severity(StrEnum):
    """How much a finding presses."""

    HIGH = "high"  # 重点
    LOW = "low"  # 提示


class Suggestion(StrEnum):
    """What a finding proposes; the superior decides."""

    UPGRADE_TO_COMMITTEE = "upgrade_to_committee"  # 改设党委
    DOWNGRADE_TO_BRANCH = "downgrade_to_branch"  # 改设党支部
    UPGRADE_OR_SPLIT = "upgrade_or_split"  # 改设或拆分
    REVIEW_MERGE_OR_KEEP = "review_merge_or_keep"  # 研判: 合并或保留


class ApprovalLevel(StrEnum):
    """Whose approval a change needs beyond the direct superior's."""

    COUNTY_PARTY_COMMITTEE = "county_party_committee"  # 县级地方党委


class OwnerFlag(StrEnum):
    """The two answers of the owner's rule."""

    OVER_UPPER = "over_upper"  # 超过上限
    UNDER_LOWER = "under_lower"  # 不足下限


@dataclass(frozen=True, slots=True)
class Limits:
    """The two limits of a pack and how they are compared with."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    upper: int
    lower: int
    upper_operator: Operator = Operator.OVER
    lower_operator: Operator = Operator.UNDER


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of a pack: these kinds, there, with this count, are flagged.

    A rule compares either with a `bound` of its pack's limits or with its own `threshold`. The same
    code may stand in several rules, where regulations of several fields say the same thing.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    code: str
    kinds: tuple[OrganizationKind, ...]
    measure: Measure
    severity: Severity
    message: Bilingual
    source: Source
    bound: Bound | None = None
    operator: Operator | None = None
    threshold: int | None = None
    locales: tuple[Locale, ...] | None = None
    """The only locales in which it applies; `None` is everywhere."""
    is_lifted_by_approval: bool = False
    """The superior's approval of a smaller unit (不足人数、因工作需要) answers it."""
    suggestion: Suggestion | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must approve these suggestions in these locales."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    locales: tuple[Locale, ...]
    suggestions: tuple[Suggestion, ...]
    level: ApprovalLevel
    source: Source
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """A named, versioned set of rules; `applies_to` is a district's narrower choice of kinds."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    name: str
    version: str
    title: Bilingual
    summary: Bilingual
    is_enabled_by_default: bool
    rules: tuple[Rule, ...]
    limits: Limits | None = None
    approvals: tuple[Approval, ...] = ()
    applies_to: frozenset[OrganizationKind] | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def kinds(self) -> tuple[OrganizationKind, ...]:
        """The kinds that the pack may flag at all, from the largest down."""
        return tuple(k for k in OrganizationKind if any(k in rule.kinds for rule in self.rules))


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence that a verdict says, and where it stands written."""

    code: str
    message: Bilingual
    source: Source


@dataclass(frozen=True, slots=True)
class Written:
    """The pack of another domain, as it is shown: what it counts with, and what it says.

    No district sets anything of it, and it flags nothing by itself.
    """

    name: str
    version: str
    title: Bilingual
    clauses: tuple[Clause, ...]
    numbers: Mapping[str, Any]
    """Everything else that stands in it, as it stands there."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a district set for a pack; `None` leaves what the pack says."""

    is_enabled: bool
    upper: int | None = None
    lower: int | None = None
    upper_operator: Operator | None = None
    lower_operator: Operator | None = None
    applies_to: frozenset[OrganizationKind] | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """What is known of an organisation when the rules look at it; `None` is not known."""

    kind: OrganizationKind | None = None
    locale: Locale | None = None
    members: int | None = None
    full_members: int | None = None
    """The most full members there can be: nobody is called short of them on a guess."""
    units_covered: int | None = None
    is_approved_small: bool = False
    is_dissolved: bool = False


@dataclass(frozen=True, slots=True)
class SubBranch:
    """Members of one organisation below."""

    full: int = 0
    probationary: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """Members by what became of them; each is in one of these counts and no other."""

    active_full: int = 0
    active_probationary: int = 0
    mobile_out_relation_kept: int = 0
    transfer_out_pending: int = 0
    transferred_out_accepted: int = 0
    membership_suspended: int = 0
    deceased: int = 0
    expelled: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a unit meets, with the comparison as it was made."""

    rule: Rule
    count: int
    operator: Operator
    threshold: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rule of a pack as it is asked on a day: of these kinds, with this number."""

    rule: Rule
    kinds: frozenset[OrganizationKind]
    operator: Operator
    threshold: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict says what it says."""

    rule: str
    pack: str
    version: str
    message: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a check."""

    members: int | None
    owner_flag: OwnerFlag | None
    suggested: Suggestion | None
    advisories: tuple[str, ...]
    approval_level: ApprovalLevel | None
    config_accepted: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """An organisation that a rule flags on a day."""

    district_code: str
    organization_id: UUID
    organization_name: str
    path: str
    kind: OrganizationKind
    headcount: int
    rule: str
    pack: str
    version: str
    severity: Severity
    suggestion: Suggestion | None
    approval_level: ApprovalLevel | None
    source: str
    as_of: date
