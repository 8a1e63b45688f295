"""Tables of spot checks, household visits, duty, talks and quarterly appraisals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.appraisals.types import AppraisalStatus, CheckStatus
from app.core.db import Base, one_of

NAME_LENGTH, TEXT_LENGTH = 100, 200
SCORE = Numeric(5, 2)


def _to(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["district_code", column], [f"{table}.district_code", f"{table}.id"]
    )


class HouseholdCount(Base):
    """How many households a community had in its grids on a day (户数)."""

    __tablename__ = "household_count"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    counted_on: Mapped[date]
    households: Mapped[int] = mapped_column(Integer)
    recorded_by: Mapped[UUID]

    __table_args__ = (
        _to("organization", "organization_id"),
        UniqueConstraint("district_code", "organization_id", "counted_on"),
        Index("ix_household_count_counted_on", "district_code", "counted_on", "id"),
        CheckConstraint("households BETWEEN 1 AND 1000000", name="households"),
    )


class HouseholdVisit(Base):
    """A cadre's visit to a household, which has a number and no name (入户走访)."""

    __tablename__ = "household_visit"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    member_id: Mapped[UUID]
    """The cadre."""
    household: Mapped[str] = mapped_column(String(64))
    """A number or a hash of the community's own."""
    visited_on: Mapped[date]
    recorded_by: Mapped[UUID]

    __table_args__ = (
        _to("organization", "organization_id"),
        _to("member", "member_id"),
        UniqueConstraint(
            "district_code", "organization_id", "household", "member_id", "visited_on"
        ),
        Index("ix_household_visit_visited_on", "district_code", "visited_on", "id"),
        Index("ix_household_visit_member", "district_code", "member_id"),
        CheckConstraint("household ~ '^[0-9A-Za-z-]+$'", name="household"),
    )


class SpotCheck(Base):
    """A spot check: first its pool and its seed stand, then it is drawn, then checked (抽查)."""

    __tablename__ = "spot_check"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    seed: Mapped[str] = mapped_column(String(64))
    published_on: Mapped[date]
    """When pool and seed were put down."""
    pool: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    pool_digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    status: Mapped[CheckStatus] = mapped_column(String(10))
    drawn_on: Mapped[date | None]
    checked_on: Mapped[date | None]
    recorded_by: Mapped[UUID]

    __table_args__ = (
        _to("organization", "organization_id"),
        Index("ix_spot_check_published_on", "district_code", "published_on", "id"),
        Index("ix_spot_check_organization", "district_code", "organization_id"),
        one_of("status", CheckStatus),
        CheckConstraint("size BETWEEN 1 AND cardinality(pool)", name="size"),
        CheckConstraint(
            "num_nonnulls(drawn_on, checked_on) = CASE status WHEN 'published' THEN 0"
            " WHEN 'drawn' THEN 1 ELSE 2 END AND (checked_on IS NULL OR drawn_on IS NOT NULL)",
            name="dates_of_status",
        ),
        CheckConstraint(
            "published_on <= drawn_on AND drawn_on <= checked_on", name="dates_in_order"
        ),
    )


class SpotCheckPerson(Base):
    """A cadre who was drawn, and how well they know the residents (抽查对象)."""

    __tablename__ = "spot_check_person"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    check_id: Mapped[UUID]
    member_id: Mapped[UUID]
    place: Mapped[int] = mapped_column(Integer)
    """Which of those drawn, from 1."""
    is_at_work: Mapped[bool | None]
    asked: Mapped[int | None] = mapped_column(SmallInteger)
    """Questions about residents; neither they nor the residents are kept."""
    correct: Mapped[int | None] = mapped_column(SmallInteger)
    note: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))

    __table_args__ = (
        _to("spot_check", "check_id"),
        _to("member", "member_id"),
        UniqueConstraint("district_code", "check_id", "member_id"),
        Index("ix_spot_check_person_member", "district_code", "member_id"),
        CheckConstraint("num_nonnulls(is_at_work, asked, correct) IN (0, 3)", name="result"),
        CheckConstraint("asked BETWEEN 0 AND 100 AND correct BETWEEN 0 AND asked", name="answers"),
    )


class DutyShift(Base):
    """Whose turn it is to sit in the office, and what a check found (轮流坐班)."""

    __tablename__ = "duty_shift"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    cadre: Mapped[str] = mapped_column(String(NAME_LENGTH))
    """Who, as the village names the post; a cadre need not be a member."""
    member_id: Mapped[UUID | None]
    duty_on: Mapped[date]
    is_present: Mapped[bool | None]
    """None until it is checked."""
    checked_by: Mapped[UUID | None]
    note: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    recorded_by: Mapped[UUID]

    __table_args__ = (
        _to("organization", "organization_id"),
        _to("member", "member_id"),
        UniqueConstraint("district_code", "organization_id", "cadre", "duty_on"),
        Index("ix_duty_shift_duty_on", "district_code", "duty_on", "id"),
        Index("ix_duty_shift_member", "district_code", "member_id"),
        CheckConstraint("(is_present IS NULL) = (checked_by IS NULL)", name="checked"),
    )


class Talk(Base):
    """A talk to which a cadre was called in (约谈)."""

    __tablename__ = "talk"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    cadre: Mapped[str] = mapped_column(String(NAME_LENGTH))
    member_id: Mapped[UUID | None]
    held_on: Mapped[date]
    talked_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    """Who held it, by post."""
    reason: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    shift_id: Mapped[UUID | None]
    """The shift whose check failed."""
    recorded_by: Mapped[UUID]

    __table_args__ = (
        _to("organization", "organization_id"),
        _to("member", "member_id"),
        _to("duty_shift", "shift_id"),
        Index("ix_talk_held_on", "district_code", "held_on", "id"),
        Index("ix_talk_organization", "district_code", "organization_id"),
        Index("ix_talk_member", "district_code", "member_id"),
        Index("ix_talk_shift", "district_code", "shift_id"),
    )


class AppraisalCycle(Base):
    """A quarter's appraisal of organisations by one indicator sheet (季度考核)."""

    __tablename__ = "appraisal_cycle"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """Who appraises what is under it."""
    year: Mapped[int] = mapped_column(SmallInteger)
    quarter: Mapped[int] = mapped_column(SmallInteger)
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The indicators: title and weight."""
    status: Mapped[AppraisalStatus] = mapped_column(String(10))
    opened_on: Mapped[date]
    published_on: Mapped[date | None]
    recorded_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _to("organization", "organization_id"),
        UniqueConstraint("district_code", "organization_id", "year", "quarter"),
        Index("ix_appraisal_cycle_opened_on", "district_code", "opened_on", "id"),
        one_of("status", AppraisalStatus),
        CheckConstraint("year BETWEEN 1900 AND 2199 AND quarter BETWEEN 1 AND 4", name="quarter"),
        CheckConstraint(
            "(status = 'published') = (published_on IS NOT NULL) AND published_on >= opened_on",
            name="published_on",
        ),
    )


class AppraisalScore(Base):
    """What an organisation scored, an indicator each (考核得分)."""

    __tablename__ = "appraisal_score"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    scores: Mapped[list[Decimal]] = mapped_column(ARRAY(SCORE))
    """In the order of the cycle's items, each of 100."""
    total: Mapped[Decimal] = mapped_column(SCORE)
    """`logic.total` of them: nobody types it."""
    recorded_by: Mapped[UUID]

    __table_args__ = (
        _to("appraisal_cycle", "cycle_id"),
        _to("organization", "organization_id"),
        UniqueConstraint("district_code", "cycle_id", "organization_id"),
        Index("ix_appraisal_score_total", "district_code", "total", "id"),
        Index("ix_appraisal_score_organization", "district_code", "organization_id"),
        CheckConstraint(
            text("total BETWEEN 0 AND 100 AND 0 <= ALL (scores) AND 100 >= ALL (scores)"),
            name="scores",
        ),
    )
