"""JSON of changes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.schemas import Day, Schema
from app.organizations.types import OrganizationKind


class DiffParams(Schema):
    """Between which two days."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day | None, Field(alias="to")] = None
    """Today when left out."""


class PartyOut(Schema):
    """An organisation, by what it was called."""

    id: UUID
    name: str


class ChangeOut(Schema):
    """An organisation of which something changed, when and by which document."""

    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    on: date | None
    """The day from which the change holds; the last one where it changed more than once."""
    decision: str | None
    """Number of the document that decided so (文号)."""


class FoundedOut(ChangeOut):
    """An organisation that was founded (成立)."""

    parent: PartyOut | None


class DissolvedOut(ChangeOut):
    """An organisation that was dissolved (撤销)."""

    parent: PartyOut | None


class MovedOut(ChangeOut):
    """An organisation that stands under another one (隶属调整); null is out of sight."""

    from_parent: PartyOut | None
    to_parent: PartyOut | None


class RenamedOut(ChangeOut):
    """An organisation that has another name (更名)."""

    from_name: str
    to_name: str


class ConvertedOut(ChangeOut):
    """An organisation that is of another kind (改设)."""

    from_kind: OrganizationKind
    to_kind: OrganizationKind


class FlowOut(Schema):
    """A head-count then and now: `delta` is `joined - left + moved_in - moved_out`."""

    before: int
    after: int
    delta: int
    joined: int
    """Who count in the district now and did not then: admitted, transferred in, restored."""
    left: int
    """Who counted then and do not now: transferred out, dead, expelled, suspended."""
    moved_in: int
    """Who counted elsewhere in the district; they may have come with their organisation."""
    moved_out: int
    """Who count elsewhere in the district now."""


class HeadcountChangeOut(Schema):
    """An organisation whose members changed, its own and those of its subtree."""

    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    own: FlowOut
    subtree: FlowOut


class DiffOut(Schema):
    """What differs between two days, in the order of the tree; each organisation once a list."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    founded: list[FoundedOut]
    dissolved: list[DissolvedOut]
    moved: list[MovedOut]
    renamed: list[RenamedOut]
    converted: list[ConvertedOut]
    headcounts: list[HeadcountChangeOut]
