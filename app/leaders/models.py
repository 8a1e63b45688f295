"""Tables of leaders' archives and what is recorded in them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

POST_LENGTH, NOTE_LENGTH = 100, 500


class LeaderArchive(Base):
    """From when to when records are kept of a county-level leader (处级领导干部纪实档案).

    The day `closed_on` is the first on which none is kept any more.
    """

    __tablename__ = "leader_archive"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    """Where the leader belonged when it was opened: who writes there keeps it."""
    post: Mapped[str] = mapped_column(String(POST_LENGTH))
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    recorded_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_leader_archive_opened_on", "district_code", "opened_on", "id"),
        Index("ix_leader_archive_organization", "district_code", "organization_id"),
        Index("ix_leader_archive_member", "district_code", "member_id"),
        Index(
            "uq_leader_archive_open",
            "district_code",
            "member_id",
            unique=True,
            postgresql_where=text("closed_on IS NULL"),
        ),
        CheckConstraint("post <> '' AND post = btrim(post)", name="post"),
        CheckConstraint("closed_on > opened_on", name="closed_on"),
        CheckConstraint("opened_on >= '1900-01-01' AND opened_on < '2200-01-01'", name="opened_on"),
    )


class LeaderRecord(Base):
    """What a leader took part in or studied in a month (纪实)."""

    __tablename__ = "leader_record"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    archive_id: Mapped[UUID]
    month: Mapped[date]
    """The month's first day."""
    activity_id: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH))
    recorded_on: Mapped[date]
    recorded_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "archive_id"], ["leader_archive.district_code", "leader_archive.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "activity_id"], ["activity.district_code", "activity.id"]
        ),
        Index("ix_leader_record_archive", "district_code", "archive_id", "month"),
        Index("ix_leader_record_month", "district_code", "month", "id"),
        CheckConstraint("extract(day FROM month) = 1", name="month"),
        CheckConstraint("note <> ''", name="note"),
        CheckConstraint("recorded_on >= month", name="recorded_on"),
    )
