"""Tables of restructurings: what is proposed, what it touches, what became of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.organizations.types import OrganizationKind
from app.restructurings.types import RestructuringStatus, RestructuringStep
from app.simulations.types import ActionKind

TITLE_LENGTH, DOCUMENT_LENGTH = 400, 200
_STATES = """CASE status
WHEN 'draft' THEN num_nonnulls(submitted_by, decided_on, applied_on) = 0
WHEN 'submitted' THEN submitted_by IS NOT NULL AND num_nonnulls(decided_on, applied_on) = 0
WHEN 'approved' THEN num_nonnulls(submitted_by, decided_on) = 2 AND applied_on IS NULL
WHEN 'rejected' THEN submitted_by IS NOT NULL AND num_nonnulls(decided_on, applied_on) = 0
WHEN 'withdrawn' THEN applied_on IS NULL
ELSE num_nonnulls(submitted_by, decided_on, applied_on, changed_at, journal) = 5
END"""


class Restructuring(Base):
    """A proposal to change the tree, and what became of it (组织调整)."""

    __tablename__ = "restructuring"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """The lowest organisation that holds all that the proposal names."""
    above_id: Mapped[UUID]
    """The level above all that it changes: it decides."""
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    reason: Mapped[str | None] = mapped_column(String(200))
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """As `simulations.types` has them; new organisations have their ids already."""
    finding_organization_id: Mapped[UUID | None]
    finding_rule: Mapped[str | None] = mapped_column(String(50))
    """The finding that it answers."""
    effective_on: Mapped[date]
    status: Mapped[RestructuringStatus] = mapped_column(String(20))
    document: Mapped[str | None] = mapped_column(String(DOCUMENT_LENGTH))
    """Number of the decision (批复文号)."""
    decided_on: Mapped[date | None]
    applied_on: Mapped[date | None]
    """From which day on it holds; it stays once it was taken back."""
    proposed_by: Mapped[UUID]
    submitted_by: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]
    """Whose account approved it."""
    approved_at: Mapped[datetime | None]
    """By the database's clock, under the lock of the tree, like the next."""
    changed_at: Mapped[datetime | None]
    """When it changed the tree the last time: applied or taken back."""
    journal: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSONB(none_as_null=True), deferred=True
    )
    """Every row that the application wrote, before and after."""
    reminded_on: Mapped[date | None]
    """When it was told that it can be applied."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "above_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "finding_organization_id"],
            ["organization.district_code", "organization.id"],
        ),
        Index("ix_restructuring_effective_on", "district_code", "effective_on", "id"),
        Index("ix_restructuring_organization", "district_code", "organization_id"),
        one_of("status", RestructuringStatus),
        CheckConstraint(_STATES, name="facts_of_status"),
        CheckConstraint(
            "num_nonnulls(document, decided_on, decided_by, approved_at) IN (0, 4)", name="decision"
        ),
        CheckConstraint(
            "decided_by <> proposed_by AND decided_by <> submitted_by", name="two_accounts"
        ),
        CheckConstraint("applied_on >= effective_on", name="applied_on"),
        CheckConstraint(
            "(finding_organization_id IS NULL) = (finding_rule IS NULL)", name="finding"
        ),
    )


class RestructuringSubject(Base):
    """An organisation that a restructuring changes, and how."""

    __tablename__ = "restructuring_subject"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    restructuring_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    action: Mapped[ActionKind] = mapped_column(String(20))
    from_kind: Mapped[OrganizationKind | None] = mapped_column(String(30))
    to_kind: Mapped[OrganizationKind | None] = mapped_column(String(30))

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "restructuring_id"],
            ["restructuring.district_code", "restructuring.id"],
        ),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_restructuring_subject_restructuring", "district_code", "restructuring_id"),
        Index("ix_restructuring_subject_organization", "district_code", "organization_id"),
        one_of("action", ActionKind),
        one_of("from_kind", OrganizationKind),
        one_of("to_kind", OrganizationKind),
        CheckConstraint(
            "(action = 'convert') = (num_nonnulls(from_kind, to_kind) = 2)", name="kinds"
        ),
    )


class RestructuringEvent(Base):
    """What happened to a restructuring, on which day, and by whom; rows are only added."""

    __tablename__ = "restructuring_event"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    restructuring_id: Mapped[UUID]
    step: Mapped[RestructuringStep] = mapped_column(String(20))
    happened_on: Mapped[date]
    document: Mapped[str | None] = mapped_column(String(DOCUMENT_LENGTH))
    note: Mapped[str | None] = mapped_column(String(200))
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "restructuring_id"],
            ["restructuring.district_code", "restructuring.id"],
        ),
        Index("ix_restructuring_event_restructuring", "district_code", "restructuring_id", "id"),
        one_of("step", RestructuringStep),
    )
