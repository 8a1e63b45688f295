"""JSON of restructurings."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.core.schemas import Day, Flag, Id, Line, ListParams, Schema
from app.members.schemas import Reason, numberless
from app.organizations.schemas import Name as PlainName
from app.organizations.types import OrganizationKind, Sector
from app.restructurings.types import RestructuringStatus, RestructuringStep
from app.simulations.schemas import (
    AdmissionFlowOut,
    BallotOut,
    ChangeOut,
    ElectionOut,
    FlowOut,
    GrantOut,
    MoverOut,
    OfficerOut,
    PostOut,
    RequirementOut,
    SimulatedFinding,
    SimulatedNode,
    TermOut,
    TransferOut,
)
from app.simulations.types import Action, ActionKind

_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
Place = Annotated[str, StringConstraints(pattern=f"^({_ID}|new-[1-9][0-9]?)$", max_length=36)]
"""An organisation's id; or `new-1`, the first that this proposal founds, `new-2` and so on."""
Name = Annotated[PlainName, AfterValidator(numberless)]
Document = Annotated[Line, AfterValidator(numberless)]
"""The number of a decision (文号)."""
NewKind = Annotated[OrganizationKind, Field()]
MOST_ACTIONS, MOST_PARTS, MOST_NAMED = 50, 20, 1000


class ConvertNew(Schema):
    """Give an organisation another kind (改设). Its term ends: a new committee is elected.

    The branches of a general branch that becomes a branch merge into it.
    """

    action: Literal[ActionKind.CONVERT]
    organization_id: Place
    kind: NewKind
    name: Name | None = None
    """Left out: the old name, with the new kind's word at its end."""


class MoveNew(Schema):
    """Put an organisation, with all that stands under it, under another parent (划转)."""

    action: Literal[ActionKind.MOVE]
    organization_id: Place
    parent_id: Place


class MergeNew(Schema):
    """Merge an organisation into another: its members and what is under it go there (合并)."""

    action: Literal[ActionKind.MERGE]
    organization_id: Place
    into_id: Place


class PartNew(Schema):
    """What a split makes beside the old organisation."""

    name: Name
    kind: NewKind
    member_ids: Annotated[list[Id], Field(max_length=MOST_NAMED)] = []  # noqa: RUF012 - copied
    organization_ids: Annotated[list[Place], Field(max_length=MOST_NAMED)] = []  # noqa: RUF012
    """Of what stands directly under the old one."""


class SplitNew(Schema):
    """Split members, and what is below, off an organisation into new ones beside it (拆分)."""

    action: Literal[ActionKind.SPLIT]
    organization_id: Place
    parts: Annotated[list[PartNew], Field(min_length=1, max_length=MOST_PARTS)]


class DissolveNew(Schema):
    """Dissolve an organisation of which nothing is left (撤销)."""

    action: Literal[ActionKind.DISSOLVE]
    organization_id: Place


class FoundNew(Schema):
    """Found an organisation (成立)."""

    action: Literal[ActionKind.FOUND]
    parent_id: Place
    name: Name
    kind: NewKind
    sector: Sector | None = None
    is_grid: Flag = False


class CommunityNew(Schema):
    """A community of the street: one that stands, or with a name a new one."""

    organization_id: Place | None = None
    name: Name | None = None
    kind: NewKind | None = None
    organization_ids: Annotated[list[Place], Field(max_length=MOST_NAMED)] = []  # noqa: RUF012
    """What stands directly under it afterwards, besides what stood there and is not named."""


class RedrawNew(Schema):
    """Draw the communities of a street anew (调整街道社区)."""

    action: Literal[ActionKind.REDRAW]
    organization_id: Place
    communities: Annotated[list[CommunityNew], Field(min_length=1, max_length=MOST_PARTS)]
    dissolved_ids: Annotated[list[Place], Field(max_length=MOST_PARTS)] = []  # noqa: RUF012
    """Communities of which nothing is left."""


ActionNew = Annotated[
    ConvertNew | MoveNew | MergeNew | SplitNew | DissolveNew | FoundNew | RedrawNew,
    Field(discriminator="action"),
]


class FindingNamed(Schema):
    """A finding of today that the proposal answers."""

    organization_id: Id
    rule: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=50)]


class RestructuringNew(Schema):
    """A proposal: actions, a finding that it answers, or both.

    From a finding alone comes what it suggests, where that is one thing only.
    """

    actions: Annotated[list[ActionNew], Field(min_length=1, max_length=MOST_ACTIONS)] | None = None
    from_finding: FindingNamed | None = None
    reason: Reason | None = None
    effective_on: Day | None = None
    """From which day on it is to hold; today when left out."""
    on: Day | None = None
    """When it was proposed; today when left out."""


class StepOn(Schema):
    """When a step was taken; today when left out."""

    on: Day | None = None


class RestructuringApprovalNew(StepOn):
    """The decision from above."""

    document: Document
    """Its number (批复文号)."""


class ApplicationNew(Schema):
    """From which day on it is to hold; when left out from the decision's own day."""

    on: Day | None = None


class RestructuringReversalNew(Schema):
    """The decision to take it back."""

    document: Document
    reason: Reason


class RestructuringReason(Schema):
    """Why it is withdrawn or rejected."""

    reason: Reason


class SubjectOut(Schema):
    """An organisation that is changed, and how."""

    organization_id: UUID
    organization_name: str
    action: ActionKind
    from_kind: OrganizationKind | None
    to_kind: OrganizationKind | None


class RestructuringEventOut(Schema):
    """What happened to a restructuring (调整步骤)."""

    step: RestructuringStep
    happened_on: date
    document: str | None
    note: str | None
    account_id: UUID
    """Whose account did it."""
    recorded_at: datetime


class RestructuringOut(Schema):
    """A restructuring as it is today."""

    id: UUID
    district_code: str
    organization_id: UUID
    """The lowest organisation that holds all that the proposal names."""
    organization_name: str
    title: str
    reason: str | None
    finding_organization_id: UUID | None
    finding_rule: str | None
    effective_on: date
    status: RestructuringStatus
    document: str | None
    decided_on: date | None
    applied_on: date | None
    version: int


class RestructuringDetail(RestructuringOut):
    """A restructuring with its actions, what it changes, and what happened to it."""

    actions: list[Annotated[Action, Field(discriminator="action")]]
    subjects: list[SubjectOut]
    events: list[RestructuringEventOut]


class RestructuringListParams(ListParams):
    """Filters of the list of restructurings."""

    within: Id | None = None
    """Only those of this organisation and of what is under it."""
    organization_id: Id | None = None
    """Only those that change this organisation."""
    status: RestructuringStatus | None = None
    sort: Literal["effective_on", "-effective_on"] = "-effective_on"


# ── The simulation


class ConflictOut(Schema):
    """Another open proposal that changes the same organisations."""

    id: UUID
    title: str
    status: RestructuringStatus
    effective_on: date


class SimulationOut(Schema):
    """What a restructuring would make of the tree as it stands now; nothing is written."""

    id: UUID
    effective_on: date
    tree: SimulatedNode | None
    """What is under the proposal's organisation afterwards; null where that itself ends."""
    changes: list[ChangeOut]
    findings_closed: list[SimulatedFinding]
    findings_opened: list[SimulatedFinding]
    findings_kept: list[SimulatedFinding]
    member_flows: list[FlowOut]
    members: list[MoverOut]
    """Those whom you may read, a thousand at most."""
    terms_ended: list[TermOut]
    officers: list[OfficerOut]
    elections: list[ElectionOut]
    ballots: list[BallotOut]
    grants: list[GrantOut]
    transfers: list[TransferOut]
    admissions: list[AdmissionFlowOut]
    service_posts: list[PostOut]
    requirements: list[RequirementOut]
    conflicts: list[ConflictOut]
    approving_organization_id: UUID
    """The level above all that changes."""
