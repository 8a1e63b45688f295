"""Messages to those whom something concerns."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.messages.types import MessageKind


class Message(Base):
    """What one account is told (站内消息); a copy for each who is told."""

    __tablename__ = "message"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[MessageKind] = mapped_column(String(20))
    subject_kind: Mapped[str] = mapped_column(String(30))
    """What it is about, as the audit names it: `election_cycle`, `transfer`."""
    subject_id: Mapped[UUID]
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(300))
    sent_on: Mapped[date]
    read_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_message_account", "district_code", "account_id", "id"),
        one_of("kind", MessageKind),
        CheckConstraint("title_zh <> '' AND title_en <> ''", name="title"),
    )
