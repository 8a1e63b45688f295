"""JSON of what a restructuring would do."""

from datetime import date
from typing import Literal
from uuid import UUID

from app.access.types import Role
from app.core.schemas import Schema, TextOut
from app.elections.types import Position
from app.organizations.types import OrganizationKind, Sector
from app.rules.types import Severity


class HeadsOut(Schema):
    """Members of an organisation, as in the tree."""

    own: int
    subtree: int
    full: int
    probationary: int


class SimulatedNode(Schema):
    """An organisation of the tree after the restructuring."""

    id: UUID
    parent_id: UUID | None
    path: str
    name: str
    kind: OrganizationKind
    sector: Sector | None
    is_grid: bool
    headcount: HeadsOut
    children: list["SimulatedNode"]


class StateOut(Schema):
    """What an organisation is, before or after."""

    parent_id: UUID | None
    path: str
    name: str
    kind: OrganizationKind
    term_started_on: date | None
    due_on: date | None
    headcount: HeadsOut


class ChangeOut(Schema):
    """An organisation that changes: before is null for a new one, after for one that ends."""

    organization_id: UUID
    before: StateOut | None
    after: StateOut | None
    successor_id: UUID | None


class SimulatedFinding(Schema):
    """What the rules find on the day on which it is to hold."""

    organization_id: UUID
    organization_name: str
    rule: str
    pack: str
    severity: Severity
    headcount: int


class FlowOut(Schema):
    """Members who move, and whether their membership is suspended or not."""

    from_id: UUID
    to_id: UUID
    count: int


class MoverOut(Schema):
    """A member who moves."""

    id: UUID
    name: str
    from_id: UUID
    to_id: UUID


class TermOut(Schema):
    """An organisation whose term ends with its kind: a new committee is elected."""

    organization_id: UUID
    term_started_on: date | None
    due_on: date | None


class OfficerOut(Schema):
    """Somebody elected whose post falls vacant."""

    organization_id: UUID
    member_id: UUID | None
    """Nothing unless you may read the member; the name likewise."""
    name: str | None
    position: Position


class ElectionOut(Schema):
    """A running election, and what becomes of it."""

    cycle_id: UUID
    organization_id: UUID
    effect: Literal["cancelled", "continues"]


class BallotOut(Schema):
    """A ballot that is open: it is closed or voided before the organisation can end."""

    box_id: UUID
    organization_id: UUID


class GrantOut(Schema):
    """Grants at an organisation, and what becomes of them.

    They open nothing any more, or they go along with it.
    """

    organization_id: UUID
    role: Role
    count: int
    effect: Literal["lapses", "goes_along"]


class TransferOut(Schema):
    """A pending transfer, and what becomes of it.

    It goes on at the successor, lapses between what becomes one, or has nowhere to arrive.
    """

    transfer_id: UUID
    member_id: UUID | None
    from_organization_id: UUID | None
    to_organization_id: UUID | None
    effect: Literal["redirected", "lapses", "stranded"]


class AdmissionFlowOut(Schema):
    """Open admissions of one branch that another carries on.

    `to_id` is null where nobody would: they are closed before it can be applied.
    """

    from_id: UUID
    to_id: UUID | None
    count: int
    admission_ids: list[UUID]
    """Those whom you may read, a thousand at most."""


class PostOut(Schema):
    """A service post of an organisation that ends: it stays on record there."""

    post_id: UUID
    organization_id: UUID
    title: str


class RequirementOut(Schema):
    """What is asked for: a paper or an approval."""

    code: str
    text: TextOut
    source: str


SimulatedNode.model_rebuild()
