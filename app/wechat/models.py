"""Tables that all workers share: the app's token, and the codes that were used."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class WeChatToken(Base):
    """The mini-program's `stable_token`, one for all workers (接口调用凭据)."""

    __tablename__ = "wechat_token"

    app_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    fetching_until: Mapped[datetime | None]
    """One worker fetches a new token; until then the others leave it to that one."""


class WeChatCode(Base):
    """The digest of a code that came here: WeChat takes each once, and so do we."""

    __tablename__ = "wechat_code"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - never changed

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    seen_at: Mapped[datetime]
