"""Tables of admissions and of the steps that were taken."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.admission_rules.types import AdmissionStage, Paper
from app.admissions.types import AdmissionStatus
from app.core.db import Base, one_of
from app.members.types import NAME_LENGTH, Education, Sex

_PAPERS = ", ".join(f"'{paper.value}'" for paper in Paper)
_VOTES = "num_nonnulls(votes_due, present, yes_present, yes_written)"


class Admission(Base):
    """Somebody's way from the application to the conversion (发展党员).

    `step` is the last that holds: taken, and where a level above decides, decided.
    """

    __tablename__ = "admission"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """The branch."""
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    search_text: Mapped[str]
    sex: Mapped[Sex] = mapped_column(String(10))
    ethnicity: Mapped[str] = mapped_column(String(2))
    education: Mapped[Education] = mapped_column(String(20))
    born_on: Mapped[date]
    id_number_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_index: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_masked: Mapped[str] = mapped_column(String(18))
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_masked: Mapped[str | None] = mapped_column(String(11))
    status: Mapped[AdmissionStatus] = mapped_column(String(20))
    stage: Mapped[AdmissionStage] = mapped_column(String(20))
    step: Mapped[int] = mapped_column(Integer)
    is_pending: Mapped[bool] = mapped_column(server_default=text("false"))
    """The next step was reported and waits for the decision above."""
    applied_on: Mapped[date]
    last_on: Mapped[date]
    """The day of the last step, or of its decision."""
    activist_on: Mapped[date | None]
    checked_on: Mapped[date | None]
    meeting_on: Mapped[date | None]
    """The branch meeting that admitted: the probation counts from it."""
    probation_ends_on: Mapped[date | None]
    extension_months: Mapped[int | None] = mapped_column(Integer)
    extended_by: Mapped[UUID | None]
    extension_document: Mapped[str | None] = mapped_column(String(200))
    conversion_meeting_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    closed_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was terminated."""
    member_id: Mapped[UUID | None]
    """Whom the applicant became."""
    reminded: Mapped[str | None] = mapped_column(String(60))
    """What was reminded of last, so that nothing is told twice."""
    recorded_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index("ix_admission_organization", "district_code", "organization_id", "id"),
        Index("ix_admission_applied_on", "district_code", "applied_on", "id"),
        Index("ix_admission_member", "district_code", "member_id"),
        Index(
            "uq_admission_one_open",
            "district_code",
            "id_number_index",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        one_of("status", AdmissionStatus),
        one_of("stage", AdmissionStage),
        one_of("sex", Sex),
        one_of("education", Education),
        CheckConstraint("name <> '' AND name = btrim(name)", name="name"),
        CheckConstraint("ethnicity ~ '^[0-9]{2}$'", name="ethnicity"),
        CheckConstraint("applied_on > born_on AND last_on >= applied_on", name="dates"),
        CheckConstraint("step BETWEEN 1 AND 25", name="step"),
        CheckConstraint("(status = 'completed') = (step = 25)", name="completed"),
        CheckConstraint(
            "step < 17 OR num_nonnulls(member_id, probation_ends_on) = 2", name="member"
        ),
        CheckConstraint(
            "(status = 'open') = (num_nonnulls(closed_on, closed_by) = 0)"
            " AND (status = 'terminated') = (reason IS NOT NULL)",
            name="closed",
        ),
        CheckConstraint(
            "extension_months BETWEEN 6 AND 12"
            " AND (extension_months IS NULL) = (extended_by IS NULL)",
            name="extension",
        ),
    )


class AdmissionStep(Base):
    """A step that was taken, on which day and with which facts (发展党员环节)."""

    __tablename__ = "admission_step"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    admission_id: Mapped[UUID]
    step: Mapped[int] = mapped_column(Integer)
    done_on: Mapped[date]
    document: Mapped[str | None] = mapped_column(String(200))
    """The number or name of what it rests on."""
    papers: Mapped[list[str]] = mapped_column(ARRAY(String(30)))
    note: Mapped[str | None] = mapped_column(String(200))
    warning: Mapped[str | None] = mapped_column(String(50))
    """The rule that it was late by."""
    first_member_id: Mapped[UUID | None]
    second_member_id: Mapped[UUID | None]
    """Contacts, or introducers."""
    training_days: Mapped[int | None] = mapped_column(Integer)
    training_hours: Mapped[int | None] = mapped_column(Integer)
    leaving_on: Mapped[date | None]
    votes_due: Mapped[int | None] = mapped_column(Integer)
    present: Mapped[int | None] = mapped_column(Integer)
    yes_present: Mapped[int | None] = mapped_column(Integer)
    yes_written: Mapped[int | None] = mapped_column(Integer)
    recorded_by: Mapped[UUID]
    came_from: Mapped[str | None] = mapped_column(String(6))
    """The district that took it, if it came along from there; who stood for it is on record there.
    """
    decided_on: Mapped[date | None]
    decided_by: Mapped[UUID | None]
    decision: Mapped[str | None] = mapped_column(String(200))
    """The number or name of the decision."""
    decision_reason: Mapped[str | None] = mapped_column(String(200))
    """Why it came late."""
    returned_on: Mapped[date | None]
    returned_by: Mapped[UUID | None]
    return_reason: Mapped[str | None] = mapped_column(String(200))
    """It was sent back, and holds no more."""
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "admission_id"], ["admission.district_code", "admission.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "first_member_id"], ["member.district_code", "member.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "second_member_id"], ["member.district_code", "member.id"]
        ),
        Index("ix_admission_step_admission", "district_code", "admission_id", "id"),
        Index(
            "uq_admission_step_once",
            "district_code",
            "admission_id",
            "step",
            unique=True,
            postgresql_where=text("returned_on IS NULL AND step NOT IN (6, 21)"),
        ),
        CheckConstraint("step BETWEEN 1 AND 25", name="step"),
        CheckConstraint(f"papers <@ ARRAY[{_PAPERS}]::varchar[]", name="papers"),
        CheckConstraint("first_member_id <> second_member_id", name="two_members"),
        CheckConstraint(
            "(step IN (5, 9) AND came_from IS NULL) = (first_member_id IS NOT NULL)"
            " AND (step <> 9 OR came_from IS NOT NULL OR second_member_id IS NOT NULL)",
            name="members",
        ),
        CheckConstraint(
            "(step = 11) = (num_nonnulls(training_days, training_hours) = 2)"
            " AND training_days >= 0 AND training_hours >= 0",
            name="training",
        ),
        CheckConstraint(
            f"(step IN (15, 23)) = ({_VOTES} = 4) AND (step IN (15, 23) OR {_VOTES} = 0)"
            " AND present * 2 > votes_due AND present <= votes_due"
            " AND yes_present <= present AND (yes_present + yes_written) * 2 > votes_due",
            name="votes",
        ),
        CheckConstraint(
            "(decided_on IS NULL) = (decided_by IS NULL) AND decided_on >= done_on"
            " AND (decided_on IS NULL OR step IN (4, 8, 13, 17, 18, 24))",
            name="decided",
        ),
        CheckConstraint("decided_by <> recorded_by", name="two_accounts"),
        CheckConstraint(
            "num_nonnulls(returned_on, returned_by, return_reason) IN (0, 3)", name="returned"
        ),
    )
