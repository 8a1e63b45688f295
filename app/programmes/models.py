"""Tables of programmes and of documents."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.programmes.types import DocumentKind, DocumentTopic, ProgrammeFamily

NAME_LENGTH, NUMBER_LENGTH, URL_LENGTH = 200, 60, 500


class Programme(Base):
    """A plan, one of its areas, a project, a tag of a system or a pilot (工作项目)."""

    __tablename__ = "programme"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    family: Mapped[ProgrammeFamily] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    organization_id: Mapped[UUID]
    """Whose it is; of a pilot, where it is tried."""
    plan_id: Mapped[UUID | None]
    """The plan of which it is a part."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """The last day."""
    period: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(starts_on, ends_on, '[]')", persisted=True)
    )
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "plan_id"], ["programme.district_code", "programme.id"]
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("family", "="),
            ("name", "="),
            ("period", "&&"),
            ("district_code", "="),
            name="ex_programme_name",
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("family", "="),
            ("period", "&&"),
            ("district_code", "="),
            where=text("family IN ('plan', 'integration_pilot')"),
            name="ex_programme_alone",
        ),
        Index("ix_programme_starts_on", "district_code", "starts_on", "id"),
        Index("ix_programme_organization", "district_code", "organization_id"),
        Index("ix_programme_plan", "district_code", "plan_id"),
        one_of("family", ProgrammeFamily),
        CheckConstraint("name <> '' AND name = btrim(name)", name="name"),
        CheckConstraint("ends_on >= starts_on", name="ends_on"),
        CheckConstraint("starts_on >= '1900-01-01' AND starts_on < '2200-01-01'", name="starts_on"),
        CheckConstraint(
            "CASE family WHEN 'plan' THEN plan_id IS NULL AND ends_on IS NOT NULL"
            " WHEN 'plan_area' THEN plan_id IS NOT NULL ELSE true END",
            name="plan",
        ),
    )


class Document(Base):
    """A scheme, regulation, handbook or decision that was issued (文件)."""

    __tablename__ = "document"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[DocumentKind] = mapped_column(String(20))
    topic: Mapped[DocumentTopic] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(NAME_LENGTH))
    number: Mapped[str | None] = mapped_column(String(NUMBER_LENGTH))
    """文号."""
    issued_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    """The organ that issued it, in words: not each is in the tree (发文机关)."""
    organization_id: Mapped[UUID]
    """For which organisation and what is under it; of a decision to plan anew, the street."""
    programme_id: Mapped[UUID | None]
    issued_on: Mapped[date]
    repealed_on: Mapped[date | None]
    """The first day on which it no longer holds."""
    url: Mapped[str | None] = mapped_column(String(URL_LENGTH))
    """Where it can be read; this service never fetches it."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "programme_id"], ["programme.district_code", "programme.id"]
        ),
        Index("ix_document_issued_on", "district_code", "issued_on", "id"),
        Index("ix_document_organization", "district_code", "organization_id"),
        Index("ix_document_programme", "district_code", "programme_id"),
        Index(
            "uq_document_number",
            "district_code",
            "organization_id",
            "number",
            unique=True,
            postgresql_where=text("repealed_on IS NULL"),
        ),
        Index(
            "uq_document_title",
            "district_code",
            "organization_id",
            "title",
            "issued_on",
            unique=True,
            postgresql_where=text("repealed_on IS NULL"),
        ),
        one_of("kind", DocumentKind),
        one_of("topic", DocumentTopic),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("number <> ''", name="number"),
        CheckConstraint("issued_by <> ''", name="issued_by"),
        CheckConstraint("repealed_on >= issued_on", name="repealed_on"),
        CheckConstraint("issued_on >= '1900-01-01' AND issued_on < '2200-01-01'", name="issued_on"),
        CheckConstraint("url LIKE 'https://_%'", name="url"),
    )
