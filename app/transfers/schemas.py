"""JSON of transfers."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from app.core.schemas import Day, DistrictCode, Flag, Id, ListParams, Schema
from app.members.schemas import Reason
from app.organizations.models import NAME_LENGTH
from app.transfers.models import NUMBER_LENGTH
from app.transfers.types import RejectionGround, TransferKind, TransferStatus

OrganizationName = Annotated[Reason, StringConstraints(max_length=NAME_LENGTH)]
LetterNumber = Annotated[Reason, StringConstraints(max_length=NUMBER_LENGTH)]


class TransferOut(Schema):
    """A transfer as it is today. Ids are shown of the side that you see; of the other, its name."""

    id: UUID
    district_code: str
    """Whose record this is: a transfer to another district has one in each."""
    kind: TransferKind
    status: TransferStatus
    member_id: UUID | None
    """For who sees the old organisation, and for the new one once it accepted."""
    member_name: str
    id_number_masked: str
    from_district_code: str
    from_organization_id: UUID | None
    from_organization_name: str
    to_district_code: str | None
    to_organization_id: UUID | None
    to_organization_name: str
    reason: str
    requested_on: date
    release_due_on: date
    """审批期限."""
    is_overdue: bool
    """Not released when the day `release_due_on` was over."""
    released_on: date | None
    letter_number: str | None
    """介绍信编号."""
    valid_until: date | None
    """The last day on which it can be accepted (介绍信有效期)."""
    ended_on: date | None
    """Accepted: the first day on which the new organisation counts the member."""
    ground: RejectionGround | None
    end_reason: str | None
    receipt_number: str | None
    version: int


class TransferDetail(TransferOut):
    """A transfer with its introduction letter."""

    letter: str | None
    """The text of the introduction letter (介绍信), to be printed; once it is released."""


class TransferNew(Schema):
    """Where a member is to be transferred, and why.

    The organisation is named by its id, where you see it or it is of the member's district; or by
    its exact name, in the member's district or in `to_district_code`. With `is_outside` the name is
    that of an organisation outside this deployment.
    """

    to_organization_id: Id | None = None
    to_organization_name: OrganizationName | None = None
    to_district_code: DistrictCode | None = None
    is_outside: Flag = False
    reason: Reason


class ReleaseNew(Schema):
    """The introduction letter (介绍信) with which a member is released."""

    letter_number: LetterNumber | None = None
    """Needed where the letter goes outside this deployment."""
    valid_until: Day | None = None
    """Within three months; the usual days when left out: 10 in the prefecture, else 30."""


class RejectionNew(Schema):
    """Why a transfer is rejected: on which ground, and in words."""

    ground: RejectionGround
    reason: Reason


class WithdrawalNew(Schema):
    """Why a transfer is withdrawn."""

    reason: Reason


class TransferListParams(ListParams):
    """Filters of the list of transfers."""

    status: TransferStatus | None = None
    within: Id | None = None
    """Only transfers from or to this organisation and what is under it."""
    organization_id: Id | None = None
    """From or to it."""
    member_id: Id | None = None
    sort: Literal["requested_on", "-requested_on"] = "-requested_on"
