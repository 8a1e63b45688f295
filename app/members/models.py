"""Tables of members and of their dated membership."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import ALWAYS, Base, history_of, one_of
from app.members.types import NAME_LENGTH, Education, MemberCategory, MemberStatus, Sex


class Member(Base):
    """A person. Where they belong, as what and since when is dated, in `Membership`."""

    __tablename__ = "member"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String(400, collation="C"))
    """Sorts by pinyin: the most likely reading, then the name."""
    search_text: Mapped[str]
    """The name, its readings and its initials, each between bars: `|张晓明|zhangxiaoming|zxm|`."""
    search_tokens: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The fragments under which the index finds it, each led by the district's code."""
    sex: Mapped[Sex] = mapped_column(String(10))
    ethnicity: Mapped[str] = mapped_column(String(2))
    """GB/T 3304: `01` 汉族 … `56` 基诺族, `97` other, `98` naturalised."""
    id_number_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed blind index: equal for equal numbers, and nothing else can be told from it."""
    id_number_masked: Mapped[str] = mapped_column(String(18))
    born_on: Mapped[date]
    education: Mapped[Education] = mapped_column(String(20))
    joined_on: Mapped[date]
    full_on: Mapped[date | None]
    phone_cipher: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_masked: Mapped[str | None] = mapped_column(String(11))
    is_mobile: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("district_code", "id_number_index"),
        Index("ix_member_name_key", "district_code", "name_key", "id"),
        Index("ix_member_search_tokens", "search_tokens", postgresql_using="gin"),
        Index("ix_member_phone_index", "district_code", "phone_index"),
        one_of("sex", Sex),
        one_of("education", Education),
        CheckConstraint("name <> '' AND name = btrim(name)", name="name"),
        CheckConstraint("ethnicity ~ '^[0-9]{2}$'", name="ethnicity"),
        CheckConstraint("born_on >= '1900-01-01'", name="born_on"),
        CheckConstraint("joined_on > born_on", name="joined_on"),
        CheckConstraint("full_on >= joined_on", name="full_on"),
    )


class Membership(Base):
    """Where a member belongs, as what, from `valid_from` to the day before `valid_to`.

    A row that is superseded or corrected goes, by trigger, to `membership_history`.
    """

    __tablename__ = "membership"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    category: Mapped[MemberCategory] = mapped_column(String(20))
    status: Mapped[MemberStatus] = mapped_column(String(30))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_to)", persisted=True)
    )
    reason: Mapped[str | None] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        # The member comes first: with the district first, the index takes twice as long to fill.
        ExcludeConstraint(
            ("member_id", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(ALWAYS),
            name="ex_membership_one_at_a_time",
        ),
        Index("ix_membership_member", "district_code", "member_id", "valid_from"),
        Index("ix_membership_organization", "district_code", "organization_id", "valid_from"),
        one_of("category", MemberCategory),
        one_of("status", MemberStatus),
        CheckConstraint(ALWAYS, name="valid_from"),
        CheckConstraint("valid_from < valid_to", name="valid_range"),
    )


membership_history = history_of(Membership)
_past = membership_history.c
Index("ix_membership_history_superseded_at", _past.district_code, _past.superseded_at)
Index("ix_membership_history_row", _past.district_code, _past.id, _past.superseded_at)
