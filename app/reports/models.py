"""The table of report templates."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ReportTemplate(Base):
    """How a district's department writes its annual report (报告模板).

    Without title and sections the district went back to the template that is shipped, whose
    version is 1 where there is no row.
    """

    __tablename__ = "report_template"
    __table_args__ = (
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("(title IS NULL) = (sections IS NULL)", name="whole"),
        CheckConstraint("version > 1", name="version"),
    )

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    title: Mapped[str | None] = mapped_column(String(200))
    sections: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(Integer)
    edited_by: Mapped[UUID]
    edited_at: Mapped[datetime] = mapped_column(server_default=func.now())
