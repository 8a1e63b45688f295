"""Tables of postings and of poor households."""

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

from app.core.db import ALWAYS, Base, history_of, one_of
from app.postings.types import SINGLE, Post

LONGEST_EXTENSION = 60
"""Months; the pack says less."""
_SINGLE = ", ".join(f"'{post.value}'" for post in sorted(SINGLE))


class Posting(Base):
    """Who serves where, in which post, from `valid_from` to the day before `valid_to` (任职).

    What it was before a change goes, by trigger, to `posting_history`.
    """

    __tablename__ = "posting"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    post: Mapped[Post] = mapped_column(String(30))
    decision: Mapped[str | None] = mapped_column(String(200))
    """Number of the document that decided on it (任职文号)."""
    due_on: Mapped[date | None]
    """When it is to end; an extension moves it."""
    extended_months: Mapped[int | None] = mapped_column(Integer)
    extended_on: Mapped[date | None]
    extension_decision: Mapped[str | None] = mapped_column(String(200))
    end_reason: Mapped[str | None] = mapped_column(String(200))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_to)", persisted=True)
    )
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ExcludeConstraint(
            ("member_id", "="),
            ("organization_id", "="),
            ("post", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(ALWAYS),
            name="ex_posting_once_at_a_time",
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("post", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(f"{ALWAYS} AND post IN ({_SINGLE})"),
            name="ex_posting_single_post",
        ),
        ExcludeConstraint(
            ("member_id", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(f"{ALWAYS} AND post = 'first_secretary'"),
            name="ex_posting_one_village",
        ),
        Index("ix_posting_organization", "district_code", "organization_id", "post", "valid_from"),
        Index("ix_posting_member", "district_code", "member_id", "valid_from"),
        Index("ix_posting_valid_from", "district_code", "valid_from", "id"),
        one_of("post", Post),
        CheckConstraint(ALWAYS, name="valid_from"),
        CheckConstraint("valid_from < valid_to", name="valid_range"),
        CheckConstraint("valid_from < due_on", name="due_on"),
        CheckConstraint(
            "num_nonnulls(extended_months, extended_on, extension_decision) IN (0, 3)"
            " AND (extended_on IS NULL OR due_on IS NOT NULL)",
            name="extension",
        ),
        CheckConstraint("extended_on >= valid_from", name="extended_on"),
        CheckConstraint(
            f"extended_months BETWEEN 1 AND {LONGEST_EXTENSION}", name="extended_months"
        ),
        CheckConstraint("(end_reason IS NULL) = (valid_to IS NULL)", name="end_reason"),
    )


posting_history = history_of(Posting)


class PoorHousehold(Base):
    """A poor household of a village, by its number there and nothing else (贫困户).

    `valid_to` is the day from which it is poor no longer; what was before a change goes, by
    trigger, to `poor_household_history`.
    """

    __tablename__ = "poor_household"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(Integer)
    """Given by the village; who lives there is not kept here."""
    posting_id: Mapped[UUID | None]
    """The first secretary with whom it is paired for help (结对帮扶)."""
    paired_on: Mapped[date | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_to)", persisted=True)
    )
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "posting_id"], ["posting.district_code", "posting.id"]
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("number", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(ALWAYS),
            name="ex_poor_household_number",
        ),
        Index("ix_poor_household_organization", "district_code", "organization_id", "number"),
        Index("ix_poor_household_valid_from", "district_code", "valid_from", "id"),
        Index("ix_poor_household_posting", "district_code", "posting_id"),
        CheckConstraint(ALWAYS, name="valid_from"),
        CheckConstraint("valid_from < valid_to", name="valid_range"),
        CheckConstraint("number BETWEEN 1 AND 9999", name="number"),
        CheckConstraint("(posting_id IS NULL) = (paired_on IS NULL)", name="paired_on"),
        CheckConstraint("paired_on >= valid_from", name="paired_in_time"),
    )


poor_household_history = history_of(PoorHousehold)
