"""The table of closings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class FigureClosing(Base):
    """The figures of a period as they were on the day of the closing (数字封存).

    The application can only add to them.
    """

    __tablename__ = "figure_closing"
    __table_args__ = (
        UniqueConstraint("district_code", "first_on", "last_on"),
        CheckConstraint("first_on <= last_on", name="period"),
        CheckConstraint("last_on <= closed_on", name="closed_on"),
        CheckConstraint("entries >= 0", name="entries"),
    )

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    first_on: Mapped[date]
    last_on: Mapped[date]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By id: value, numerator, denominator; numbers as text."""
    rows: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By figure and part: `kind/id`, and the amount that the row adds."""
    entries: Mapped[int] = mapped_column(BigInteger)
    """How many entries the audit of the district had: later ones are edits since."""
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    closed_by: Mapped[UUID]
    closed_on: Mapped[date]
    created_at: Mapped[datetime]
