"""Table of imports that were taken."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class RosterImport(Base):
    """A roster that was taken: who, when, which file, and what it brought (导入记录)."""

    __tablename__ = "roster_import"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None]
    """Null for an operator at the command line."""
    as_of: Mapped[date]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the file."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
