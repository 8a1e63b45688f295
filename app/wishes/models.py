"""The table of wishes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.wishes.types import WishStatus


class Wish(Base):
    """A resident's small wish (微心愿). Who the resident is lies sealed, and goes."""

    __tablename__ = "wish"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """The community's organisation."""
    title: Mapped[str] = mapped_column(String(100))
    content: Mapped[str] = mapped_column(String(200))
    contact_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Name, address and telephone for the delivery, as JSON; it goes, as `logic.last_kept` says."""
    status: Mapped[WishStatus] = mapped_column(String(10))
    posted_on: Mapped[date]
    moved_on: Mapped[date]
    """When it last changed its status."""
    member_id: Mapped[UUID | None]
    """The member who took it."""
    branch_id: Mapped[UUID | None]
    """The organisation that took it."""
    taken_by: Mapped[UUID | None]
    """The account."""
    taken_on: Mapped[date | None]
    done_by: Mapped[UUID | None]
    """The account."""
    done_on: Mapped[date | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was withdrawn."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        ForeignKeyConstraint(
            ["district_code", "branch_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_wish_posted_on", "district_code", "posted_on", "id"),
        Index("ix_wish_organization", "district_code", "organization_id"),
        Index("ix_wish_member", "district_code", "member_id"),
        Index("ix_wish_branch", "district_code", "branch_id"),
        one_of("status", WishStatus),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("(status = 'rated') = (rating IS NOT NULL)", name="rated"),
        CheckConstraint("moved_on >= posted_on", name="moved_on"),
        CheckConstraint(
            "num_nonnulls(member_id, branch_id)"
            " = CASE WHEN status IN ('taken', 'done', 'rated') THEN 1 ELSE 0 END",
            name="one_taker",
        ),
    )
