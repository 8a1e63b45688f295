"""Tables of election cycles, and of what a term leaves behind: extensions and notices."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.cycles.types import CycleStatus, ElectingBody
from app.elections.types import Position

OPEN = "status NOT IN ('approved', 'cancelled')"


def _of_organization() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
    )


def of_cycle() -> ForeignKeyConstraint:
    """Point at a cycle."""
    return ForeignKeyConstraint(
        ["district_code", "cycle_id"], ["election_cycle.district_code", "election_cycle.id"]
    )


def of_member() -> ForeignKeyConstraint:
    """Point at a member."""
    return ForeignKeyConstraint(
        ["district_code", "member_id"], ["member.district_code", "member.id"]
    )


class ElectionCycle(Base):
    """An organisation's way to its next term (换届周期)."""

    __tablename__ = "election_cycle"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    term_started_on: Mapped[date | None]
    due_on: Mapped[date]
    """Day on which the term ends that is to be renewed."""
    body: Mapped[ElectingBody] = mapped_column(String(20))
    seats: Mapped[int] = mapped_column(SmallInteger)
    secretary_seats: Mapped[int] = mapped_column(SmallInteger)
    deputy_seats: Mapped[int] = mapped_column(SmallInteger)
    is_scattered: Mapped[bool]
    term_years: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[CycleStatus] = mapped_column(String(20))
    allows_early: Mapped[bool] = mapped_column(server_default=text("false"))
    """The reply allows an election before the due date (同意提前换届)."""
    delegates: Mapped[int | None] = mapped_column(SmallInteger)
    """How many delegates the reply allows a congress (代表名额)."""
    opened_by: Mapped[UUID]
    requested_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _of_organization(),
        Index(
            "uq_election_cycle_open",
            "district_code",
            "organization_id",
            unique=True,
            postgresql_where=text(OPEN),
        ),
        Index("ix_election_cycle_due_on", "district_code", "due_on", "id"),
        Index("ix_election_cycle_organization", "district_code", "organization_id"),
        one_of("body", ElectingBody),
        one_of("status", CycleStatus),
        CheckConstraint("term_started_on < due_on", name="term"),
        CheckConstraint(
            "seats BETWEEN 0 AND 11 AND secretary_seats = 1 AND deputy_seats BETWEEN 0 AND 5",
            name="seats",
        ),
        CheckConstraint("term_years BETWEEN 3 AND 5", name="term_years"),
        CheckConstraint(
            "delegates IS NULL OR (delegates BETWEEN 1 AND 1000 AND body = 'delegate_congress')",
            name="delegates",
        ),
    )


class ElectionStep(Base):
    """A step that was taken, with its day and its paper (换届步骤)."""

    __tablename__ = "election_step"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle_id: Mapped[UUID]
    step: Mapped[CycleStatus] = mapped_column(String(20))
    done_on: Mapped[date]
    document: Mapped[str | None] = mapped_column(String(200))
    """Number of its paper (文号)."""
    note: Mapped[str | None] = mapped_column(String(200))
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        of_cycle(),
        Index("ix_election_step_cycle", "district_code", "cycle_id"),
        one_of("step", CycleStatus),
        CheckConstraint("step <> 'planned'", name="no_plan"),
    )


class ElectionCandidate(Base):
    """Somebody who stands for a position, or was written in, and what came of it (候选人)."""

    __tablename__ = "election_candidate"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle_id: Mapped[UUID]
    member_id: Mapped[UUID]
    position: Mapped[Position] = mapped_column(String(20))
    is_write_in: Mapped[bool] = mapped_column(server_default=text("false"))
    is_elected: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        of_cycle(),
        of_member(),
        UniqueConstraint("district_code", "cycle_id", "position", "member_id"),
        one_of("position", Position),
    )


class CriticismNotice(Base):
    """A criticism of an overdue organisation, until it has elected (通报批评)."""

    __tablename__ = "criticism_notice"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    cycle_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(String(200))
    issued_on: Mapped[date]
    recipients: Mapped[list[str]] = mapped_column(ARRAY(String(200)))
    due_on: Mapped[date]
    """The due date that was missed."""
    cleared_on: Mapped[date | None]
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _of_organization(),
        of_cycle(),
        Index(
            "uq_criticism_notice_open",
            "district_code",
            "organization_id",
            "due_on",
            unique=True,
            postgresql_where=text("cleared_on IS NULL"),
        ),
        Index("ix_criticism_notice_cycle", "district_code", "cycle_id"),
        Index("ix_criticism_notice_issued_on", "district_code", "issued_on", "id"),
        CheckConstraint("cardinality(recipients) BETWEEN 1 AND 20", name="recipients"),
        CheckConstraint("issued_on > due_on", name="overdue"),
        CheckConstraint("cleared_on >= issued_on", name="cleared_on"),
    )


class ElectionPractice(Base):
    """What a district does by local practice; the newest row holds (当地换届做法)."""

    __tablename__ = "election_practice"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    needs_precheck: Mapped[bool]
    needs_publication: Mapped[bool]
    publication_days: Mapped[int] = mapped_column(SmallInteger)
    request_lead_months: Mapped[int] = mapped_column(SmallInteger)
    report_within_months: Mapped[int] = mapped_column(SmallInteger)
    document: Mapped[str | None] = mapped_column(String(200))
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            "publication_days BETWEEN 0 AND 60 AND request_lead_months BETWEEN 0 AND 12"
            " AND report_within_months BETWEEN 0 AND 12",
            name="limits",
        ),
    )
