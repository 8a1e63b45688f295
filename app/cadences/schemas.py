"""JSON of what is due."""

from datetime import date
from uuid import UUID

from app.activities.types import ActivityKind
from app.cadences.types import Period
from app.core.schemas import Day, Id, ListParams, Schema, TextOut


class DueParams(ListParams):
    """Filters of what is due."""

    within: Id | None = None
    """Only of this organisation and of what is under it."""
    kind: ActivityKind | None = None
    period: Period | None = None
    as_of: Day | None = None
    """The day whose month, quarter and year are meant; today when left out."""


class DueOut(Schema):
    """What an organisation still has to hold in a period."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: ActivityKind
    period: Period
    first_on: date
    last_on: date
    """The period's last day: by then it is to be held."""
    times: int
    """How often the rule asks for it."""
    held: int
    planned: int
    """What is planned for a day of the period and was not held yet."""
    missing: int
    rule: str
    pack: str
    version: str
    message: TextOut
    source: str
