"""Tables of accounts, grants and tokens; they belong to the deployment, not to a district."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.types import Role, TokenKind
from app.core.db import Base, one_of


class Account(Base):
    """Somebody who can sign in (账号)."""

    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(50))
    username_key: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    is_disabled: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountGrant(Base):
    """A role over an organisation's subtree; without an organisation, over the whole district."""

    __tablename__ = "account_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        one_of("role", Role),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[Role] = mapped_column(String(30))
    district_code: Mapped[str] = mapped_column(String(6), ForeignKey("district.code"))
    organization_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SignIn(Base):
    """One sign-in and all tokens that came of it; revoked as a whole (会话)."""

    __tablename__ = "sign_in"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Token(Base):
    """The SHA-256 of a token; the token itself is known to its holder alone."""

    __tablename__ = "token"
    __table_args__ = (one_of("kind", TokenKind), Index("ix_token_sign_in_id", "sign_in_id"))

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    sign_in_id: Mapped[UUID] = mapped_column(ForeignKey("sign_in.id", ondelete="CASCADE"))
    kind: Mapped[TokenKind] = mapped_column(String(10))
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]
