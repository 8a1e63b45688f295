"""Tables of activities and of who took part."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.activities.types import (
    ActivityKind,
    ActivityLevel,
    ActivityStatus,
    AttendanceRole,
    AttendanceSource,
)
from app.core.db import Base, one_of

TITLE_LENGTH, TEXT_LENGTH, GUEST_LENGTH = 200, 2000, 100


class Activity(Base):
    """A meeting, a lesson, a training, a trip: what an organisation holds on a day (活动)."""

    __tablename__ = "activity"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """Who holds it."""
    kind: Mapped[ActivityKind] = mapped_column(String(30))
    level: Mapped[ActivityLevel] = mapped_column(String(10))
    """The organiser's, as it was when the activity was recorded."""
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    held_on: Mapped[date]
    """The day for which it is planned, or on which it was held."""
    place: Mapped[str | None] = mapped_column(String(200))
    hours: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    content: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """What it is about, and what came of it (议程、纪要)."""
    is_published: Mapped[bool] = mapped_column(server_default=text("false"))
    """The organiser shows it to its members."""
    status: Mapped[ActivityStatus] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was cancelled."""
    recorded_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_activity_held_on", "district_code", "held_on", "id"),
        Index("ix_activity_organization", "district_code", "organization_id", "held_on"),
        one_of("kind", ActivityKind),
        one_of("level", ActivityLevel),
        one_of("status", ActivityStatus),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("held_on >= '1900-01-01' AND held_on < '2200-01-01'", name="held_on"),
        CheckConstraint("hours > 0", name="hours"),
        CheckConstraint("(status = 'cancelled') = (reason IS NOT NULL)", name="reason"),
    )


class ActivityAttendance(Base):
    """Who was to take part in an activity, and whether they did (出勤)."""

    __tablename__ = "activity_attendance"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    guest: Mapped[str | None] = mapped_column(String(GUEST_LENGTH))
    """Who is no member, by unit and office: no personal data beyond a name (非党员参加人)."""
    role: Mapped[AttendanceRole] = mapped_column(String(10))
    is_present: Mapped[bool]
    source: Mapped[AttendanceSource] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(String(200))
    """Why somebody was absent, say."""
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "activity_id"], ["activity.district_code", "activity.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index(
            "uq_activity_attendance_member",
            "district_code",
            "activity_id",
            "member_id",
            unique=True,
            postgresql_where=text("member_id IS NOT NULL"),
        ),
        Index(
            "uq_activity_attendance_guest",
            "district_code",
            "activity_id",
            "guest",
            unique=True,
            postgresql_where=text("guest IS NOT NULL"),
        ),
        Index("ix_activity_attendance_activity", "district_code", "activity_id", "id"),
        Index("ix_activity_attendance_person", "district_code", "member_id"),
        one_of("role", AttendanceRole),
        one_of("source", AttendanceSource),
        CheckConstraint("num_nonnulls(member_id, guest) = 1", name="who"),
        CheckConstraint("guest <> '' AND guest = btrim(guest)", name="guest"),
        CheckConstraint(
            "source = 'recorded' OR (is_present AND member_id IS NOT NULL)", name="scanned"
        ),
    )
