"""JSON of leaders' archives."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.schemas import Day, Id, ListParams, Schema
from app.leaders.models import NOTE_LENGTH, POST_LENGTH
from app.members.schemas import Reason
from app.pledges.schemas import LongText


def _first(value: date) -> date:
    if value.day != 1:
        raise PydanticCustomError("month", "a month is written as its first day")
    return value


def _day_of(value: Any) -> Any:
    """Read `2019-11` as the month's first day."""
    return f"{value}-01" if isinstance(value, str) and len(value) == len("2019-11") else value


Month = Annotated[Day, BeforeValidator(_day_of), AfterValidator(_first)]
"""A month, written `2019-11` or as its first day."""


class LeaderArchiveOut(Schema):
    """A leader's archive, and what it lacks on the day that was asked about."""

    id: UUID
    district_code: str
    member_id: UUID
    member_name: str
    organization_id: UUID
    organization_name: str
    post: str
    opened_on: date
    closed_on: date | None
    """The first day on which none is kept any more."""
    months_due: int
    """Whole months of the archive that were over at the end of the day."""
    missing: list[date]
    """The first days of those of them without a record."""


class LeaderArchiveNew(Schema):
    """A leader of whom records are kept from a day on; the first whole month is the first due."""

    member_id: Id
    post: Annotated[Reason, StringConstraints(max_length=POST_LENGTH)]
    """职务."""
    opened_on: Day


class LeaderArchiveEnd(Schema):
    """From which day on none is kept any more."""

    closed_on: Day


class LeaderArchiveListParams(ListParams):
    """Filters of the list of archives."""

    member_id: Id | None = None
    within: Id | None = None
    """Only of leaders who belonged to this organisation or to what is under it."""
    is_open: bool | None = None
    as_of: Day | None = None
    """The archives of this day, their `months_due` and `missing` judged on it; else of today."""
    sort: Literal["opened_on", "-opened_on"] = "opened_on"


class LeaderRecordOut(Schema):
    """What a leader took part in or studied in a month."""

    id: UUID
    archive_id: UUID
    member_id: UUID
    member_name: str
    month: date
    activity_id: UUID | None
    activity_title: str | None
    note: str
    recorded_on: date


class LeaderRecordNew(Schema):
    """A record of a month; with an activity, the leader is on its list as present."""

    month: Month
    activity_id: Id | None = None
    note: Annotated[LongText, StringConstraints(max_length=NOTE_LENGTH)]


class LeaderRecordListParams(ListParams):
    """Filters of the list of records."""

    archive_id: Id | None = None
    member_id: Id | None = None
    month: Month | None = None
    sort: Literal["month", "-month"] = "-month"
