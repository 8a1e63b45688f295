"""Messages to those whom something concerns, and what of them goes out through WeChat."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.messages.types import MessageKind, NoticeStatus


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
        Index("ix_message_account", "account_id", "id"),
        one_of("kind", MessageKind),
        CheckConstraint("title_zh <> '' AND title_en <> ''", name="title"),
    )


class WeChatConsent(Base):
    """How many messages of a template a WeChat user still takes (订阅授权).

    It is the WeChat user's and not the account's: another one who is bound later gave none.
    """

    __tablename__ = "wechat_consent"

    wechat_index: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    template_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    remaining: Mapped[int]

    __table_args__ = (CheckConstraint("remaining BETWEEN 0 AND 20", name="remaining"),)


class WeChatNotice(Base):
    """A message that goes out through WeChat too (订阅消息); it has taken one consent."""

    __tablename__ = "wechat_notice"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    wechat_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Whose consent it has taken."""
    template_id: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[NoticeStatus] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    tried_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "message_id"], ["message.district_code", "message.id"]
        ),
        Index(
            "ix_wechat_notice_left",
            "district_code",
            "message_id",
            postgresql_where=text("status IN ('queued', 'sending')"),
        ),
        one_of("status", NoticeStatus),
        CheckConstraint("(tries = 0) = (tried_at IS NULL)", name="tries"),
    )
