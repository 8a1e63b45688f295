"""The table of transfers: each district keeps its own row of what leaves or reaches it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.members.types import NAME_LENGTH as PERSON_LENGTH
from app.members.types import MemberCategory
from app.organizations.models import NAME_LENGTH
from app.transfers.types import RejectionGround, Reminder, TransferStatus

NUMBER_LENGTH, REASON_LENGTH = 50, 200
_STATES = """CASE status
WHEN 'requested' THEN num_nonnulls(released_on, ended_on, end_reason, ground) = 0
WHEN 'released' THEN released_on IS NOT NULL AND num_nonnulls(ended_on, end_reason, ground) = 0
WHEN 'accepted' THEN num_nonnulls(released_on, ended_on, ended_by) = 3
 AND num_nonnulls(end_reason, ground) = 0
WHEN 'rejected' THEN num_nonnulls(ended_on, ended_by, end_reason, ground) = 4
WHEN 'withdrawn' THEN num_nonnulls(ended_on, ended_by, end_reason) = 3 AND ground IS NULL
WHEN 'expired' THEN num_nonnulls(released_on, ended_on) = 2
 AND num_nonnulls(end_reason, ground) = 0
WHEN 'lapsed' THEN num_nonnulls(ended_on, end_reason) = 2 AND ground IS NULL
END"""
_LETTER = (
    "num_nonnulls(released_on, released_by, valid_until) IN (0, 3) AND valid_until >= released_on"
    " AND valid_until <= (released_on + interval '3 months')::date"
)
_IS_AWAY = "coalesce(from_district_code <> to_district_code, false)"


class Transfer(Base):
    """A member's transfer (组织关系转接).

    A row names the organisations and the member of its own district alone, by id; of the other
    side it knows the name. What goes to another district has a row in each, once it is released.
    """

    __tablename__ = "transfer"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    twin_id: Mapped[UUID | None]
    """The row that the other district keeps of it."""
    member_id: Mapped[UUID | None]
    """In the row of the new district: once it is accepted."""
    member_name: Mapped[str] = mapped_column(String(PERSON_LENGTH))
    """As it was when the transfer was requested, like the next two."""
    id_number_masked: Mapped[str] = mapped_column(String(18))
    category: Mapped[MemberCategory] = mapped_column(String(20))
    from_district_code: Mapped[str] = mapped_column(String(6))
    from_organization_id: Mapped[UUID | None]
    from_organization_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    to_district_code: Mapped[str | None] = mapped_column(String(6))
    """None: it leaves this deployment."""
    to_organization_id: Mapped[UUID | None]
    to_organization_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    status: Mapped[TransferStatus] = mapped_column(String(20))
    """`expired` is also what is released when the letter's last day is over."""
    requested_on: Mapped[date]
    requested_by: Mapped[UUID]
    """The account, as in the two below."""
    release_due_on: Mapped[date]
    """By when it is to be released or rejected (审批期限)."""
    released_on: Mapped[date | None]
    released_by: Mapped[UUID | None]
    letter_number: Mapped[str | None] = mapped_column(String(NUMBER_LENGTH))
    """Of the introduction letter (介绍信编号)."""
    valid_until: Mapped[date | None]
    """The last day on which it can be accepted (介绍信有效期)."""
    ended_on: Mapped[date | None]
    """Accepted: the first day on which the new organisation counts the member."""
    ended_by: Mapped[UUID | None]
    """None when it ended by itself."""
    ground: Mapped[RejectionGround | None] = mapped_column(String(30))
    end_reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH))
    receipt_number: Mapped[str | None] = mapped_column(String(NUMBER_LENGTH))
    """Of the receipt that came from outside (回执编号)."""
    history: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    """Where the member belonged before, in other districts: it goes along with the record."""
    reminder: Mapped[Reminder | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        ForeignKeyConstraint(
            ["district_code", "from_organization_id"],
            ["organization.district_code", "organization.id"],
        ),
        ForeignKeyConstraint(
            ["district_code", "to_organization_id"],
            ["organization.district_code", "organization.id"],
        ),
        Index(
            "uq_transfer_pending",
            "district_code",
            "member_id",
            unique=True,
            postgresql_where=text("status IN ('requested', 'released')"),
        ),
        Index("ix_transfer_member", "district_code", "member_id"),
        Index("ix_transfer_from", "district_code", "from_organization_id"),
        Index("ix_transfer_to", "district_code", "to_organization_id"),
        Index("ix_transfer_requested_on", "district_code", "requested_on", "id"),
        one_of("category", MemberCategory),
        one_of("status", TransferStatus),
        one_of("ground", RejectionGround),
        one_of("reminder", Reminder),
        CheckConstraint(
            "(from_organization_id IS NOT NULL) = (from_district_code = district_code)",
            name="from_organization",
        ),
        CheckConstraint(
            "(to_organization_id IS NOT NULL) = coalesce(to_district_code = district_code, false)",
            name="to_organization",
        ),
        CheckConstraint(
            "num_nonnulls(from_organization_id, to_organization_id) > 0", name="own_side"
        ),
        CheckConstraint("from_organization_id <> to_organization_id", name="two_organizations"),
        CheckConstraint(
            "(member_id IS NOT NULL) = (from_organization_id IS NOT NULL OR status = 'accepted')",
            name="member",
        ),
        CheckConstraint(
            f"(twin_id IS NOT NULL) = (released_on IS NOT NULL AND {_IS_AWAY})", name="twin"
        ),
        CheckConstraint("history IS NULL OR from_organization_id IS NULL", name="history"),
        CheckConstraint("member_name <> '' AND to_organization_name <> ''", name="names"),
        CheckConstraint(_STATES, name="dates_of_status"),
        CheckConstraint(_LETTER, name="letter"),
        CheckConstraint(
            "to_district_code IS NOT NULL OR released_on IS NULL OR letter_number IS NOT NULL",
            name="letter_to_outside",
        ),
        CheckConstraint("released_on >= requested_on AND ended_on >= requested_on", name="order"),
        CheckConstraint("released_by <> requested_by", name="two_accounts"),
    )
