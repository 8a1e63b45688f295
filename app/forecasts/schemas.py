"""JSON of the early warning."""

from datetime import date
from typing import Literal
from uuid import UUID

from app.core.schemas import Day, Id, ListParams, Page, Schema
from app.forecasts.types import Cause
from app.organizations.types import OrganizationKind
from app.rules.types import Operator, Severity, Suggestion


class WarningListParams(ListParams):
    """Filters of the list of warnings."""

    within: Id | None = None
    """Only this organisation and those below it."""
    kind: OrganizationKind = OrganizationKind.GENERAL_BRANCH
    as_of: Day | None = None
    """The day from which twelve months are looked ahead, and back; today when left out."""
    sort: Literal["on"] = "on"


class WarningOut(Schema):
    """A rule that an organisation does not meet yet, and is expected to within twelve months."""

    district_code: str
    organization_id: UUID
    organization_name: str
    kind: OrganizationKind
    headcount: int
    """Members of its whole subtree on the day."""
    rule: str
    pack: str
    version: str
    severity: Severity
    suggestion: Suggestion | None
    operator: Operator
    threshold: int
    cause: Cause
    """`dated`: by changes that are recorded ahead. `trend`: by going on as in the months before."""
    month: int
    """In how many months."""
    on: date
    """The last day of that month of counting."""
    expected: int
    """The head-count then."""
    months_back: int
    """How many whole months of records the trend rests on, twelve at most; a trend needs six."""
    joined: int
    """Who came in those months."""
    left: int
    """Who went in those months."""


class WarningsOut(Page[WarningOut]):
    """Warnings, the nearest first, and of how many organisations nothing can be said of a trend."""

    as_of: date
    judged: int
    """How many organisations of the kind stand in what you may see."""
    without_trend: int
    """Of how many of them fewer than six whole months of head-counts are recorded."""
