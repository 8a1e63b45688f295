"""JSON of the rules of admissions: a step to be judged, and the verdict."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.admission_rules.types import AdmissionEvent, AdmissionReason, DecisionResult
from app.core.schemas import Day, Flag, Schema, TextOut
from app.members.types import MemberCategory

Heads = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""A count of people or votes."""

Amount = Annotated[int, Field(strict=True, ge=0, le=1000)]
"""Days, class hours or months."""

Sanction = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=50)]


class IntroducerIn(Schema):
    """A member who is to introduce."""

    category: MemberCategory
    sanction: Sanction | None = None
    """`party_probation` (留党察看) and `expelled` bar; others do not."""


class AdmissionCheck(Schema):
    """A step of an admission to be judged; nothing is stored. Each event needs its own facts."""

    engine: Literal["development_stage"]
    event: AdmissionEvent
    on: Day | None = None
    """The day of the step; today when left out."""
    birth: Day | None = None
    expelled_on: Day | None = None
    applied: Day | None = None
    activist_since: Day | None = None
    moved_on: Day | None = None
    records_received: Flag | None = None
    """Whether the records of one who moved were handed on."""
    days: Amount | None = None
    hours: Amount | None = None
    introducers: Annotated[list[IntroducerIn], Field(max_length=20)] | None = None
    leaving_on: Day | None = None
    due: Heads | None = None
    present: Heads | None = None
    yes_present: Heads | None = None
    yes_written: Heads | None = None
    meeting_on: Day | None = None
    approved_on: Day | None = None
    admitted_by_meeting: Day | None = None
    """The day of the branch meeting that admitted."""
    probation_ends: Day | None = None
    conversion_meeting: Day | None = None
    approved_conversion: Flag | None = None
    previous_extensions: Annotated[int, Field(strict=True, ge=0, le=100)] = 0
    months: Annotated[int, Field(strict=True, ge=-1200, le=1200)] | None = None


class AdmissionFindingOut(Schema):
    """Why a verdict says what it says."""

    rule: str
    pack: str
    version: str
    message: TextOut
    source: str


class AdmissionVerdictOut(Schema):
    """The answer of a check of an admission; null is what was not asked or cannot be said."""

    accepted: bool | None
    earliest: date | None
    deadline: date | None
    passed: bool | None
    meeting_valid: bool | None
    votes_needed: int | None
    probation_ends: date | None
    party_standing_from: date | None
    warning: str | None
    result: DecisionResult | None
    reason: AdmissionReason | None
    reasons: list[AdmissionFindingOut]
