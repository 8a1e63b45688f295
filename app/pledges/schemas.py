"""JSON of pledges."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.schemas import Day, Id, ListParams, Schema, plain_text
from app.members.schemas import Reason, numberless
from app.pledges.models import TEXT_LENGTH
from app.pledges.types import (
    PledgeCategory,
    PledgeEventKind,
    PledgerKind,
    PledgeStatus,
)


def _lines(text: str) -> str:
    cleaned = "\n".join(map(plain_text, text.replace("\r\n", "\n").split("\n"))).strip()
    if not cleaned:
        raise PydanticCustomError("blank", "must not be blank")
    return cleaned


LongText = Annotated[
    str,
    StringConstraints(max_length=TEXT_LENGTH),
    AfterValidator(_lines),
    AfterValidator(numberless),
]
"""A text of several lines. It is kept in plain: neither an ID number nor a mobile phone."""


class PledgeOut(Schema):
    """A pledge as it is today."""

    id: UUID
    district_code: str
    pledger_kind: PledgerKind
    organization_id: UUID
    """The organisation that pledges, or the one to which the member belonged when pledging."""
    organization_name: str
    member_id: UUID | None
    member_name: str | None
    title: str
    content: str | None
    category: PledgeCategory
    due_on: date
    """完成期限."""
    status: PledgeStatus
    is_overdue: bool
    """Published, and neither completed nor withdrawn when the day `due_on` was over (逾期)."""
    published_on: date | None
    completed_on: date | None
    confirmed_on: date | None
    withdrawn_on: date | None
    reason: str | None
    """Why it was returned the last time, or withdrawn."""
    evidence_count: int
    version: int


class EvidenceOut(Schema):
    """A piece of evidence (佐证): a text, or an image that is fetched on its own."""

    id: UUID
    text: str | None
    media_type: str | None
    """Of the image."""
    size: int | None
    """Of the image, in bytes."""
    recorded_at: datetime


class PledgeEventOut(Schema):
    """What happened to a pledge (承诺事件)."""

    kind: PledgeEventKind
    happened_on: date
    reason: str | None
    account_id: UUID
    """Whose account did it."""


class PledgeDetail(PledgeOut):
    """A pledge with its evidence and all that happened to it, oldest first."""

    evidence: list[EvidenceOut]
    events: list[PledgeEventOut]


class PledgeNew(Schema):
    """A pledge to draft.

    An organisation's names `organization_id`. A member's names `member_id`, or nobody: it is the
    caller's own; the organisation is then where the member belongs today.
    """

    pledger_kind: PledgerKind
    organization_id: Id | None = None
    member_id: Id | None = None
    title: Reason
    content: LongText | None = None
    category: PledgeCategory
    due_on: Day
    """Today or later."""


class PledgeEdit(Schema):
    """What is changed of a draft; a field that is left out stays."""

    title: Reason | None = None
    content: LongText | None = None
    category: PledgeCategory | None = None
    due_on: Day | None = None


class EvidenceNew(Schema):
    """Evidence in words."""

    text: LongText


class ReasonGiven(Schema):
    """Why a pledge is returned or withdrawn."""

    reason: Reason


class PledgeFilters(Schema):
    """Filters of the list and of the export."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only pledges of this organisation and of what is under it."""
    member_id: Id | None = None
    pledger_kind: PledgerKind | None = None
    category: PledgeCategory | None = None
    status: PledgeStatus | None = None
    overdue: bool | None = None
    due_from: Day | None = None
    due_to: Day | None = None
    """The last day that is meant."""
    as_of: Day | None = None
    """The day whose tree is meant and by which `overdue` is judged; today when left out."""


class PledgeListParams(ListParams, PledgeFilters):
    """Filters of the list of pledges."""

    sort: Literal["due_on", "-due_on", "created", "-created"] = "due_on"
