"""JSON of admissions: applicants, steps, and what is due."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.admission_rules.schemas import Amount, Heads
from app.admission_rules.types import AdmissionStage, Decider, Paper
from app.admissions.types import AdmissionStatus, DueKind
from app.core.schemas import Count, Day, Id, Line, ListParams, Schema, TextOut
from app.members.schemas import Ethnicity, IdNumber, Name, Phone, Reason
from app.members.types import Education, Sex

StepNumber = Annotated[int, Field(strict=True, ge=1, le=25)]


class AdmissionOut(Schema):
    """An admission as it is today (发展党员)."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    name: str
    sex: Sex
    ethnicity: str
    education: Education
    born_on: date
    id_number: str
    """Masked: 231005********0032."""
    phone: str | None
    """Masked: 138****1234."""
    status: AdmissionStatus
    stage: AdmissionStage
    step: int
    """The last step that was taken and, where another level decides, decided."""
    is_pending: bool
    """The next step was reported and waits for the decision."""
    applied_on: date
    activist_on: date | None
    checked_on: date | None
    meeting_on: date | None
    probation_ends_on: date | None
    extension_months: int | None
    extension_document: str | None
    conversion_meeting_on: date | None
    closed_on: date | None
    reason: str | None
    """Why it was terminated."""
    member_id: UUID | None
    """The member that the applicant became."""
    due_kind: DueKind | None
    due_on: date | None
    """What is due next, and by which day."""
    version: int


class AdmissionStepOut(Schema):
    """A step that was taken (发展环节)."""

    step: int
    done_on: date
    document: str | None
    papers: list[Paper]
    note: str | None
    warning: str | None
    first_member_id: UUID | None
    second_member_id: UUID | None
    came_from: str | None
    """The district that took it, if the member came from there with the admission."""
    training_days: int | None
    training_hours: int | None
    leaving_on: date | None
    votes_due: int | None
    present: int | None
    yes_present: int | None
    yes_written: int | None
    recorded_by: UUID
    decided_on: date | None
    decided_by: UUID | None
    decision: str | None
    """The number or name of the decision."""
    decision_reason: str | None
    returned_on: date | None
    return_reason: str | None
    """Sent back: it holds no more."""
    recorded_at: datetime


class NextStepOut(Schema):
    """What comes next."""

    step: int
    title: TextOut
    earliest_on: date
    """Never before that day."""
    deadline_on: date | None
    decided_by: Decider
    decider_id: UUID | None
    """The organisation above that decides; null where the branch does."""
    decider_name: str | None
    is_pending: bool
    papers: list[Paper]
    """Papers that are missing for it."""
    source: str


class AdmissionDetail(AdmissionOut):
    """An admission with its steps, oldest first, and what comes next; null once it is closed."""

    steps: list[AdmissionStepOut]
    next_step: NextStepOut | None


class AdmissionNew(Schema):
    """An application: the first step."""

    organization_id: Id
    """A branch or joint branch."""
    name: Name
    sex: Sex
    ethnicity: Ethnicity
    education: Education
    born_on: Day
    id_number: IdNumber
    phone: Phone | None = None
    applied_on: Day
    expelled_on: Day | None = None
    """If the applicant was expelled from the Party once."""
    papers: Annotated[list[Paper], Field(max_length=15)] = [Paper.APPLICATION]  # noqa: RUF012 - copied
    document: Reason | None = None
    note: Reason | None = None


class AdmissionEdit(Schema):
    """What was written wrong of an applicant; the ID number is not corrected but applied anew."""

    name: Name | None = None
    ethnicity: Ethnicity | None = None
    education: Education | None = None
    phone: Phone | None = None
    """Null clears it."""


class AdmissionStepNew(Schema):
    """The next step, with what it needs; steps 6 and 21 may be recorded again and again."""

    step: StepNumber
    done_on: Day
    document: Reason | None = None
    papers: Annotated[list[Paper], Field(max_length=15)] = []  # noqa: RUF012 - copied
    note: Reason | None = None
    contacts: Annotated[list[Id], Field(max_length=20)] | None = None
    """Step 5: one or two full members."""
    introducers: Annotated[list[Id], Field(max_length=20)] | None = None
    """Step 9: two full members."""
    days: Amount | None = None
    hours: Amount | None = None
    """Step 11."""
    leaving_on: Day | None = None
    """Step 12: when the target will leave the unit, if that is known."""
    due: Heads | None = None
    present: Heads | None = None
    yes_present: Heads | None = None
    yes_written: Heads | None = None
    """Steps 15 and 23: the vote of the branch meeting."""


class AdmissionApprovalNew(Schema):
    """The decision of the level above on the step that waits for it."""

    step: StepNumber
    decided_on: Day
    document: Reason | None = None
    reason: Reason | None = None
    """Why it comes late; needed where the rules ask for it."""


class AdmissionReturnNew(Schema):
    """Steps sent back by the level above: they are taken again from `to_step` on."""

    to_step: StepNumber
    reason: Reason


class AdmissionExtensionNew(Schema):
    """An extension of the probation (延长预备期)."""

    months: Annotated[int, Field(strict=True, ge=-1200, le=1200)]
    document: Reason | None = None


class AdmissionTerminationNew(Schema):
    """Why an admission is not carried on."""

    reason: Reason


class AdmissionListParams(ListParams):
    """Filters of the list of admissions."""

    within: Id | None = None
    """Only this organisation and those below it."""
    organization_id: Id | None = None
    stage: AdmissionStage | None = None
    status: AdmissionStatus | None = None
    due_before: Day | None = None
    """Only open ones of which something is due before that day."""
    q: Annotated[Line, StringConstraints(max_length=50)] | None = None
    """A part of the name, its pinyin or its initials."""
    sort: Literal["applied_on", "-applied_on"] = "applied_on"


class DueListParams(ListParams):
    """Filters of the list of what is due."""

    within: Id | None = None
    kind: DueKind | None = None
    as_of: Day | None = None
    """By which it is judged what is overdue; today when left out."""
    days: Annotated[Count, Field(ge=0, le=3660)] = 60
    """How far ahead it looks."""


class AdmissionDueOut(Schema):
    """What is due in an admission (到期提醒)."""

    id: UUID
    district_code: str
    organization_id: UUID
    organization_name: str
    name: str
    stage: AdmissionStage
    step: int
    is_pending: bool
    due_kind: DueKind
    due_on: date
    days: int
    """Until then; negative once it is overdue."""
    is_overdue: bool
    version: int
