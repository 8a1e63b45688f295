"""Tables of pledges, their evidence and what happened to them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.pledges.types import PledgeCategory, PledgeEventKind, PledgerKind, PledgeStatus

TITLE_LENGTH, TEXT_LENGTH = 200, 2000
_DATES = """CASE status
WHEN 'draft' THEN num_nonnulls(published_on, completed_on, confirmed_on, withdrawn_on) = 0
WHEN 'published' THEN published_on IS NOT NULL
 AND num_nonnulls(completed_on, confirmed_on, withdrawn_on) = 0
WHEN 'completed' THEN num_nonnulls(published_on, completed_on) = 2
 AND num_nonnulls(confirmed_on, withdrawn_on) = 0
WHEN 'confirmed' THEN num_nonnulls(published_on, completed_on, confirmed_on) = 3
 AND withdrawn_on IS NULL
WHEN 'withdrawn' THEN num_nonnulls(withdrawn_on, reason) = 2
 AND num_nonnulls(completed_on, confirmed_on) = 0
END"""
_ORDER = (
    "published_on <= completed_on AND completed_on <= confirmed_on AND published_on <= withdrawn_on"
)


class Pledge(Base):
    """What an organisation or a member promised (承诺)."""

    __tablename__ = "pledge"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pledger_kind: Mapped[PledgerKind] = mapped_column(String(20))
    organization_id: Mapped[UUID]
    """The organisation that pledges, or the one to which the member belonged when pledging."""
    member_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    content: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    category: Mapped[PledgeCategory] = mapped_column(String(20))
    due_on: Mapped[date]
    status: Mapped[PledgeStatus] = mapped_column(String(20))
    published_on: Mapped[date | None]
    completed_on: Mapped[date | None]
    """None again once it was returned."""
    confirmed_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was returned the last time, or withdrawn."""
    recorded_by: Mapped[UUID]
    """The account, as in the two below."""
    completed_by: Mapped[UUID | None]
    confirmed_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index("ix_pledge_due_on", "district_code", "due_on", "id"),
        Index("ix_pledge_organization", "district_code", "organization_id"),
        Index("ix_pledge_member", "district_code", "member_id"),
        one_of("pledger_kind", PledgerKind),
        one_of("category", PledgeCategory),
        one_of("status", PledgeStatus),
        CheckConstraint(
            "(pledger_kind = 'member') = (member_id IS NOT NULL)", name="member_of_its_kind"
        ),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("due_on >= '1900-01-01' AND due_on < '2200-01-01'", name="due_on"),
        CheckConstraint(_DATES, name="dates_of_status"),
        CheckConstraint(_ORDER, name="dates_in_order"),
        CheckConstraint("(completed_on IS NULL) = (completed_by IS NULL)", name="completed_by"),
        CheckConstraint("(confirmed_on IS NULL) = (confirmed_by IS NULL)", name="confirmed_by"),
        CheckConstraint(
            "confirmed_by <> completed_by AND confirmed_by <> recorded_by", name="two_accounts"
        ),
    )


class PledgeEvidence(Base):
    """What shows that a pledge was kept: a text or an image (佐证)."""

    __tablename__ = "pledge_evidence"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pledge_id: Mapped[UUID]
    text: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    image_key: Mapped[str | None] = mapped_column(String(200))
    """Where the store keeps the image."""
    media_type: Mapped[str | None] = mapped_column(String(20))
    size: Mapped[int | None] = mapped_column(Integer)
    """Bytes."""
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["district_code", "pledge_id"], ["pledge.district_code", "pledge.id"]),
        Index("ix_pledge_evidence_pledge", "district_code", "pledge_id", "id"),
        CheckConstraint("(text IS NULL) <> (image_key IS NULL)", name="text_or_image"),
        CheckConstraint(
            "num_nonnulls(image_key, media_type, size) IN (0, 3) AND size > 0", name="image"
        ),
        CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png', 'image/webp')", name="media_type"
        ),
        CheckConstraint("text <> ''", name="text"),
    )


class PledgeEvent(Base):
    """What happened to a pledge, on which day, and by whom; rows are only added."""

    __tablename__ = "pledge_event"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pledge_id: Mapped[UUID]
    kind: Mapped[PledgeEventKind] = mapped_column(String(20))
    happened_on: Mapped[date]
    reason: Mapped[str | None] = mapped_column(String(200))
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["district_code", "pledge_id"], ["pledge.district_code", "pledge.id"]),
        Index("ix_pledge_event_pledge", "district_code", "pledge_id", "id"),
        one_of("kind", PledgeEventKind),
        CheckConstraint(
            "(kind IN ('returned', 'withdrawn')) = (reason IS NOT NULL)", name="reason"
        ),
    )
