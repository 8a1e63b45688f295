"""JSON of activities."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.activities.models import GUEST_LENGTH
from app.activities.types import (
    ActivityKind,
    ActivityLevel,
    ActivityStatus,
    AttendanceRole,
    AttendanceSource,
)
from app.core.schemas import Day, Flag, Id, ListParams, Schema, exactly
from app.members.schemas import Reason
from app.pledges.schemas import LongText

MOST_ROWS = 500


def _decimal(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("decimal_type", "not a number")
    return value


Hours = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(gt=0, le=999, max_digits=4, decimal_places=1),
    exactly(1),
]
"""Class hours (学时)."""
Guest = Annotated[Reason, StringConstraints(max_length=GUEST_LENGTH)]


class ActivityOut(Schema):
    """An activity."""

    id: UUID
    district_code: str
    organization_id: UUID
    """Who holds it."""
    organization_name: str
    kind: ActivityKind
    level: ActivityLevel
    title: str
    held_on: date
    """The day for which it is planned, or on which it was held."""
    place: str | None
    hours: Decimal | None
    content: str | None
    is_published: bool
    """The organiser shows it to its members."""
    status: ActivityStatus
    reason: str | None
    """Why it was cancelled."""
    present: int
    """Who was there: person-times (人次)."""
    listed: int
    """Who is on the list, absent or not."""
    version: int


class ActivityNew(Schema):
    """An activity to plan, or one that was held: then complete it."""

    organization_id: Id
    kind: ActivityKind
    title: Reason
    held_on: Day
    place: Reason | None = None
    hours: Hours | None = None
    content: LongText | None = None
    is_published: Flag = False


class ActivityEdit(Schema):
    """What is changed; a field that is left out stays."""

    kind: ActivityKind | None = None
    title: Reason | None = None
    held_on: Day | None = None
    place: Reason | None = None
    hours: Hours | None = None
    content: LongText | None = None
    is_published: Flag | None = None


class CancellationNew(Schema):
    """Why it does not take place, or was recorded in error."""

    reason: Reason


class ActivityListParams(ListParams):
    """Filters of the list of activities."""

    organization_id: Id | None = None
    within: Id | None = None
    """Only what this organisation and those under it hold."""
    kind: ActivityKind | None = None
    level: ActivityLevel | None = None
    status: ActivityStatus | None = None
    held_from: Day | None = None
    held_to: Day | None = None
    """The last day that is meant."""
    sort: Literal["held_on", "-held_on"] = "-held_on"


class AttendanceNew(Schema):
    """One person on the list: a member, or a guest by unit and office."""

    member_id: Id | None = None
    guest: Guest | None = None
    """非党员参加人，写单位和职务."""
    role: AttendanceRole = AttendanceRole.ATTENDEE
    is_present: Flag = True
    note: Reason | None = None
    """缺席原因等."""

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.member_id is None) == (self.guest is None):
            raise PydanticCustomError("one_person", "either member_id or guest")
        return self


class AttendanceBatchNew(Schema):
    """Rows to record together, all or none; who is on the list already is changed."""

    rows: Annotated[list[AttendanceNew], Field(min_length=1, max_length=MOST_ROWS)]


class AttendanceBatchOut(Schema):
    """What a batch did."""

    recorded: int
    changed: int
    unchanged: int


class AttendanceOut(Schema):
    """Somebody on the list of an activity (出勤)."""

    id: UUID
    activity_id: UUID
    title: str
    kind: ActivityKind
    held_on: date
    status: ActivityStatus
    organization_id: UUID
    organization_name: str
    member_id: UUID | None
    member_name: str | None
    guest: str | None
    role: AttendanceRole
    is_present: bool
    source: AttendanceSource
    note: str | None


class AttendanceListParams(ListParams):
    """Filters of the list of attendances."""

    activity_id: Id | None = None
    member_id: Id | None = None
    within: Id | None = None
    """Only at what this organisation and those under it hold."""
    kind: ActivityKind | None = None
    role: AttendanceRole | None = None
    is_present: bool | None = None
    held_from: Day | None = None
    held_to: Day | None = None
    sort: Literal["held_on", "-held_on"] = "-held_on"


class CheckInCodeOut(Schema):
    """A code to show as a QR code; fetch the next one before it expires."""

    code: str
    expires_at: datetime


class CheckInNew(Schema):
    """The code that a member scanned."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class CheckInOut(Schema):
    """Where the member has checked in."""

    activity_id: UUID
    title: str
    held_on: date
    is_new: bool
    """False where the member was known to be there already."""
