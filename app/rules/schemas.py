"""JSON of the rules."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.admission_rules.schemas import AdmissionCheck, AdmissionVerdictOut
from app.core.schemas import Day, DistrictCode, Flag, Id, ListParams, Schema, TextOut
from app.organizations.types import OrganizationKind
from app.rules.types import (
    ApprovalLevel,
    Locale,
    Measure,
    Operator,
    OwnerFlag,
    Severity,
    Suggestion,
)

MOST = 10_000_000
Heads = Annotated[int, Field(strict=True, ge=0, le=MOST)]
"""A head-count."""

Limit = Annotated[int, Field(strict=True, ge=-MOST, le=MOST)]
"""A limit as somebody typed it; the verdict says whether it can stand."""

PackName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)]
"""The name of a pack: `owner_headcount`."""

RuleCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=50)]
"""The code of a rule: `over_upper`, `REG_BRANCH_OVER_50`."""

UpperOperator = Literal[Operator.OVER, Operator.FROM]
LowerOperator = Literal[Operator.UNDER, Operator.UP_TO]


class SourceOut(Schema):
    """Where a rule stands written."""

    document: str
    article: str
    text: str
    """What the article says, in short."""


class LimitsOut(Schema):
    """The limits of a pack and how they are compared with."""

    upper: int
    lower: int
    upper_operator: Operator
    lower_operator: Operator


class RuleOut(Schema):
    """One rule of a pack."""

    code: str
    kinds: list[OrganizationKind]
    locales: list[Locale] | None
    """The only locales in which it applies; null is everywhere."""
    measure: Measure
    bound: Literal["upper", "lower"] | None
    """The limit with which it compares; null where the rule has a number of its own."""
    operator: Operator | None
    threshold: int | None
    is_lifted_by_approval: bool
    severity: Severity
    suggestion: Suggestion | None
    message: TextOut
    source: SourceOut
    valid_from: date | None
    valid_to: date | None


class ApprovalOut(Schema):
    """Who must approve these suggestions in these locales."""

    locales: list[Locale]
    suggestions: list[Suggestion]
    level: ApprovalLevel
    source: SourceOut
    valid_from: date | None
    valid_to: date | None


class PackOut(Schema):
    """A pack, without its rules."""

    name: str
    version: str
    title: TextOut
    summary: TextOut | None = None
    is_enabled_by_default: bool = True
    limits: LimitsOut | None = None
    kinds: list[OrganizationKind] = []  # noqa: RUF012 - copied
    """The kinds that it may flag; a pack that judges terms or elections flags none by itself."""
    valid_from: date | None = None
    valid_to: date | None = None


class SettingOut(Schema):
    """What a district set for a pack; null leaves what the pack says."""

    id: UUID
    district_code: str
    pack: str
    is_enabled: bool
    upper: int | None
    lower: int | None
    upper_operator: Operator | None
    lower_operator: Operator | None
    applies_to: list[OrganizationKind] | None
    valid_from: date
    valid_to: date | None
    """The first day on which it no longer holds."""
    version: int
    recorded_at: datetime


class ClauseOut(Schema):
    """A sentence that a verdict says, and where it stands written."""

    code: str
    message: TextOut
    """With the places of its values: `{due}`."""
    source: SourceOut


class PackDetail(PackOut):
    """A pack with its rules."""

    rules: list[RuleOut] = []  # noqa: RUF012 - copied
    approvals: list[ApprovalOut] = []  # noqa: RUF012 - copied
    clauses: list[ClauseOut] = []  # noqa: RUF012 - copied
    """What a pack of terms or elections says, clause by clause."""
    numbers: dict[str, Any] = {}  # noqa: RUF012 - copied
    """What a pack of terms or elections counts with, as it stands in its file."""


class PackDetailOut(PackDetail):
    """A pack with its rules, and what the caller's districts set for it."""

    settings: list[SettingOut]
    """The settings in force on `as_of`, by district; a district without one follows the pack."""


class PackParams(Schema):
    """On which day the settings are read."""

    as_of: Day | None = None


class SettingListParams(ListParams):
    """Filters of the list of settings."""

    district_code: DistrictCode | None = None
    as_of: Day | None = None
    """Only what is in force on that day; otherwise everything."""


class SettingNew(Schema):
    """A district's setting for a pack, from `valid_from` on."""

    district_code: DistrictCode
    is_enabled: Flag
    upper: Heads | None = None
    lower: Heads | None = None
    upper_operator: UpperOperator | None = None
    lower_operator: LowerOperator | None = None
    applies_to: Annotated[list[OrganizationKind], Field(min_length=1, max_length=8)] | None = None
    valid_from: Day
    valid_to: Day | None = None
    """The first day on which it no longer holds."""


class ConfigIn(Schema):
    """Limits to try; one that is left out is the pack's."""

    upper: Limit | None = None
    lower: Limit | None = None


class ChildIn(Schema):
    """Members of one sub-branch."""

    full: Heads = 0
    probationary: Heads = 0


class RecordsIn(Schema):
    """Members by what became of them; nobody stands in two of these counts."""

    active_full: Heads = 0
    active_probationary: Heads = 0
    mobile_out_relation_kept: Heads = 0
    transfer_out_pending: Heads = 0
    transferred_out_accepted: Heads = 0
    membership_suspended: Heads = 0
    deceased: Heads = 0
    expelled: Heads = 0


class RestructuringCheck(Schema):
    """A unit to be judged by the head-count rules; nothing is stored."""

    engine: Literal["restructuring_rules"]
    unit_type: OrganizationKind | None = None
    locale: Locale | None = None
    unit_status: Literal["active", "dissolved"] = "active"
    members: Heads | None = None
    """Members of the whole subtree."""
    full_members: Heads | None = None
    children: Annotated[list[ChildIn], Field(max_length=1000)] | None = None
    records: RecordsIn | None = None
    units_covered: Heads | None = None
    small_unit_approval: Flag = False
    """The superior approved a smaller unit because the work needs it."""
    config: ConfigIn | None = None
    as_of: Day | None = None
    """The day whose regulations apply; today when left out."""


Check = Annotated[RestructuringCheck | AdmissionCheck, Field(discriminator="engine")]
"""Told apart by `engine`."""


class ReasonOut(Schema):
    """Why the verdict says what it says."""

    rule: str
    pack: str
    version: str
    message: TextOut
    source: str


class VerdictOut(Schema):
    """The answer of a check by the head-count rules."""

    members: int | None
    owner_flag: OwnerFlag | None
    suggested: Suggestion | None
    advisories: list[str]
    approval_level: ApprovalLevel | None
    config_accepted: bool
    reasons: list[ReasonOut]


CheckVerdict = VerdictOut | AdmissionVerdictOut


class FindingOut(Schema):
    """An organisation that a rule flags."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    headcount: int
    """Members of its whole subtree."""
    rule: str
    pack: str
    version: str
    severity: Severity
    suggestion: Suggestion | None
    approval_level: ApprovalLevel | None
    source: str
    as_of: date


class FindingListParams(ListParams):
    """Filters of the list of findings."""

    within: Id | None = None
    """Only this organisation and those below it."""
    kind: OrganizationKind | None = None
    rule: RuleCode | None = None
    severity: Severity | None = None
    pack: PackName | None = None
    as_of: Day | None = None
    """The day on which the records are read; today when left out."""
    sort: Literal["path", "severity"] = "path"
