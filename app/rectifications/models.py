"""Tables of rectification cases, who is responsible, what is done; and of burden items."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
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
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.rectifications.types import BurdenState, CaseStatus, GuarantorLevel

NAME_LENGTH, TEXT_LENGTH, CODE_LENGTH = 100, 200, 40


def _to(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["district_code", column], [f"{table}.district_code", f"{table}.id"]
    )


class RectificationCase(Base):
    """A weak organisation that is put in order (整顿)."""

    __tablename__ = "rectification_case"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    criteria: Mapped[list[str]] = mapped_column(ARRAY(String(CODE_LENGTH)))
    """Codes of the pack of criteria."""
    reason: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    opened_on: Mapped[date]
    status: Mapped[CaseStatus] = mapped_column(String(10))
    reported_on: Mapped[date | None]
    """None again once it was returned."""
    closed_on: Mapped[date | None]
    document: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    """The document of the acceptance."""
    remark: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """Why it was returned the last time."""
    opened_by: Mapped[UUID]
    reported_by: Mapped[UUID | None]
    accepted_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")

    __table_args__ = (
        _to("organization", "organization_id"),
        Index("ix_rectification_case_opened_on", "district_code", "opened_on", "id"),
        Index(
            "uq_rectification_case_open",
            "district_code",
            "organization_id",
            unique=True,
            postgresql_where=text("status <> 'accepted'"),
        ),
        one_of("status", CaseStatus),
        CheckConstraint("cardinality(criteria) >= 1", name="criteria"),
        CheckConstraint(
            "(status = 'open') = (reported_on IS NULL)"
            " AND (status = 'accepted') = (closed_on IS NOT NULL)",
            name="dates_of_status",
        ),
        CheckConstraint(
            "opened_on <= reported_on AND reported_on <= closed_on", name="dates_in_order"
        ),
        CheckConstraint(
            "(reported_on IS NULL) = (reported_by IS NULL)"
            " AND (closed_on IS NULL) = (accepted_by IS NULL)",
            name="accounts",
        ),
        CheckConstraint("reported_by <> accepted_by", name="two_accounts"),
    )


class CaseGuarantor(Base):
    """A leader who answers for a case (包保责任人)."""

    __tablename__ = "case_guarantor"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID]
    level: Mapped[GuarantorLevel] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    post: Mapped[str] = mapped_column(String(NAME_LENGTH))

    __table_args__ = (
        _to("rectification_case", "case_id"),
        UniqueConstraint("district_code", "case_id", "level", "name"),
        one_of("level", GuarantorLevel),
    )


class CaseMeasure(Base):
    """What is done in a case (整顿措施)."""

    __tablename__ = "case_measure"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    due_on: Mapped[date]

    __table_args__ = (
        _to("rectification_case", "case_id"),
        Index("ix_case_measure_case", "district_code", "case_id", "id"),
    )


class MeasureProgress(Base):
    """How far a measure had come on a day; rows are only added (整顿进度)."""

    __tablename__ = "measure_progress"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    measure_id: Mapped[UUID]
    percent: Mapped[int] = mapped_column(SmallInteger)
    noted_on: Mapped[date]
    note: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _to("case_measure", "measure_id"),
        Index("ix_measure_progress_measure", "district_code", "measure_id", "id"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )


class BurdenItem(Base):
    """A task of streets and communities, and since when no longer (减负事项)."""

    __tablename__ = "burden_item"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    title_key: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    source: Mapped[str] = mapped_column(String(NAME_LENGTH))
    """The department that asked for it."""
    listed_on: Mapped[date]
    state: Mapped[BurdenState] = mapped_column(String(10))
    cancelled_on: Mapped[date | None]
    document: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    """The document that cancelled it."""
    recorded_by: Mapped[UUID]

    __table_args__ = (
        UniqueConstraint("district_code", "title_key"),
        Index("ix_burden_item_listed_on", "district_code", "listed_on", "id"),
        one_of("state", BurdenState),
        CheckConstraint("title_key <> ''", name="title_key"),
        CheckConstraint(
            "num_nonnulls(cancelled_on, document) = CASE state WHEN 'cancelled' THEN 2 ELSE 0 END"
            " AND cancelled_on >= listed_on",
            name="cancelled",
        ),
    )
