"""Table of the extensions of terms."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class TermExtension(Base):
    """A term that the level above let last longer, one year at most (延期换届)."""

    __tablename__ = "term_extension"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    due_on: Mapped[date]
    """Day on which the term would have ended."""
    until: Mapped[date]
    document: Mapped[str] = mapped_column(String(200))
    approved_on: Mapped[date]
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        UniqueConstraint("district_code", "organization_id", "due_on"),
        CheckConstraint(
            "until > due_on AND until <= due_on + interval '1 year'", name="one_year_at_most"
        ),
    )
