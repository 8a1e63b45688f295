"""Tables of accounts, grants and tokens; they belong to the deployment, not to a district."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.types import Role, TokenKind
from app.core.db import Base, one_of


class Account(Base):
    """Somebody who can sign in (账号)."""

    __tablename__ = "account"
    __table_args__ = (
        ForeignKeyConstraint(["home_code", "member_id"], ["member.district_code", "member.id"]),
        UniqueConstraint("home_code", "member_id"),
        CheckConstraint("home_code ~ '^[0-9]{6}$'", name="home_code"),
        CheckConstraint("wechat_cipher IS NULL OR wechat_index IS NOT NULL", name="wechat_cipher"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(50))
    username_key: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """Null for one who signs in through WeChat alone."""
    is_password_given: Mapped[bool] = mapped_column(server_default=text("false"))
    """Somebody else set the password by API, and the holder has not changed it yet."""
    home_code: Mapped[str] = mapped_column(String(6), index=True)
    """GB/T 2260: the district that keeps the account, or the prefecture or province."""
    member_id: Mapped[UUID | None]
    """The member whose own account this is; a member has one at most."""
    wechat_index: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    """Blind index of the openid to which the account is bound."""
    wechat_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    """That openid, encrypted: whoever is sent a subscription message is named by it."""
    is_disabled: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


ADMINISTRATORS = "role IN ('system_admin', 'security_admin', 'audit_admin')"


class AccountGrant(Base):
    """A role over an organisation's subtree, a whole district, or every district of a prefix."""

    __tablename__ = "account_grant"
    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        UniqueConstraint(
            "account_id",
            "role",
            "district_code",
            "organization_id",
            "prefix",
            postgresql_nulls_not_distinct=True,
            name="uq_account_grant_once",
        ),
        ExcludeConstraint(
            ("account_id", "="),
            ("role", "<>"),
            where=text(ADMINISTRATORS),
            name="ex_account_grant_one_administrator",
        ),
        CheckConstraint("num_nonnulls(district_code, prefix) = 1", name="place"),
        CheckConstraint("prefix ~ '^[0-9]{2}([0-9]{2})?$'", name="prefix"),
        CheckConstraint("organization_id IS NULL OR district_code IS NOT NULL", name="district"),
        CheckConstraint(f"organization_id IS NULL OR NOT {ADMINISTRATORS}", name="whole_district"),
        one_of("role", Role),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[Role] = mapped_column(String(30))
    district_code: Mapped[str | None] = mapped_column(String(6), ForeignKey("district.code"))
    organization_id: Mapped[UUID | None]
    """None for the whole district."""
    prefix: Mapped[str | None] = mapped_column(String(4))
    """A prefecture (`2310`) or a province (`23`): every district whose code begins with it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Attempts(Base):
    """Sign-ins that failed, by name and by address; not logged, since they count for minutes."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - never changed

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """A digest: names that nobody has are not kept in plain."""
    count: Mapped[int]
    began_at: Mapped[datetime]


class SignIn(Base):
    """One sign-in and all tokens that came of it; revoked as a whole (会话)."""

    __tablename__ = "sign_in"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    is_confined: Mapped[bool] = mapped_column(server_default=text("false"))
    """It began with a password that somebody else gave: it opens nothing but the change of it."""
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
