"""Tables of the reminders that were sent, and of the feeds."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    String,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.reminders.types import ReminderKind


class ElectionReminder(Base):
    """A reminder that was sent; its key lets none be sent twice (换届提醒)."""

    __tablename__ = "election_reminder"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    """The end of the term, or of its extension, of which it reminds."""
    falls_on: Mapped[date] = mapped_column(primary_key=True)
    """The day on which it was due to be sent."""
    kind: Mapped[ReminderKind] = mapped_column(String(10))
    sent_on: Mapped[date]

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        one_of("kind", ReminderKind),
        CheckConstraint("sent_on >= falls_on", name="sent_on"),
    )


class CalendarFeed(Base):
    """A secret address under which a calendar program reads due dates (日历订阅).

    It belongs to an account, and so to the deployment: it is found before anybody is known.
    """

    __tablename__ = "calendar_feed"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """SHA-256 of the token, which its holder alone knows."""
    district_code: Mapped[str | None] = mapped_column(String(6))
    organization_id: Mapped[UUID | None]
    """Only this organisation and those below it; none for all that the account may see."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        CheckConstraint("num_nonnulls(district_code, organization_id) IN (0, 2)", name="place"),
    )
