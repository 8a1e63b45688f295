"""Tables of service posts, of claims and of records."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.residents.types import (
    MOST_BENEFICIARIES,
    MOST_MINUTES,
    MOST_PLACES,
    ClaimStatus,
    PostStatus,
    RecordStatus,
    ServiceCategory,
)


class ServicePost(Base):
    """What a community asks working members to do (服务岗位)."""

    __tablename__ = "service_post"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """The community's organisation."""
    title: Mapped[str] = mapped_column(String(100))
    category: Mapped[ServiceCategory] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    """The last day."""
    hours: Mapped[str | None] = mapped_column(String(100))
    """In words: 每周六上午."""
    skills: Mapped[str | None] = mapped_column(String(200))
    capacity: Mapped[int] = mapped_column(Integer)
    """How many members at once; the row's lock puts its claims in a row."""
    needs_acceptance: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[PostStatus] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_service_post_starts_on", "district_code", "starts_on", "id"),
        Index("ix_service_post_organization", "district_code", "organization_id"),
        one_of("category", ServiceCategory),
        one_of("status", PostStatus),
        CheckConstraint(f"capacity BETWEEN 1 AND {MOST_PLACES}", name="capacity"),
        CheckConstraint("ends_on >= starts_on", name="ends_on"),
    )


class ServiceClaim(Base):
    """A member's place in a post (岗位认领)."""

    __tablename__ = "service_claim"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID]
    member_id: Mapped[UUID]
    status: Mapped[ClaimStatus] = mapped_column(String(10))
    claimed_on: Mapped[date]
    accepted_on: Mapped[date | None]
    """Since when it counts: the day of the claim where no acceptance is needed."""
    ended_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why the community did not accept it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "post_id"], ["service_post.district_code", "service_post.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index(
            "ux_service_claim_live",
            "district_code",
            "post_id",
            "member_id",
            unique=True,
            postgresql_where=text("status IN ('active', 'pending')"),
        ),
        Index("ix_service_claim_claimed_on", "district_code", "claimed_on", "id"),
        Index("ix_service_claim_post", "district_code", "post_id"),
        Index("ix_service_claim_member", "district_code", "member_id"),
        one_of("status", ClaimStatus),
        CheckConstraint("accepted_on >= claimed_on", name="accepted_on"),
        CheckConstraint("ended_on >= claimed_on", name="ended_on"),
        CheckConstraint("(ended_on IS NULL) = (status IN ('pending', 'active'))", name="ended"),
        CheckConstraint(
            "CASE status WHEN 'active' THEN accepted_on IS NOT NULL"
            " WHEN 'finished' THEN accepted_on IS NOT NULL"
            " WHEN 'exited' THEN true ELSE accepted_on IS NULL END",
            name="accepted",
        ),
    )


class ServiceRecord(Base):
    """A service that was given (服务记录); it counts once the community has confirmed it."""

    __tablename__ = "service_record"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    claim_id: Mapped[UUID]
    served_on: Mapped[date]
    minutes: Mapped[int | None] = mapped_column(Integer)
    beneficiaries: Mapped[int] = mapped_column(Integer)
    """人次: visits, not distinct people."""
    content: Mapped[str] = mapped_column(String(200))
    status: Mapped[RecordStatus] = mapped_column(String(10))
    recorded_by: Mapped[UUID]
    """The account; it never decides on the record."""
    confirmed_by: Mapped[UUID | None]
    confirmed_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why the community rejected it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "claim_id"], ["service_claim.district_code", "service_claim.id"]
        ),
        Index("ix_service_record_served_on", "district_code", "served_on", "id"),
        Index("ix_service_record_claim", "district_code", "claim_id"),
        one_of("status", RecordStatus),
        CheckConstraint(f"minutes BETWEEN 1 AND {MOST_MINUTES}", name="minutes"),
        CheckConstraint(f"beneficiaries BETWEEN 0 AND {MOST_BENEFICIARIES}", name="beneficiaries"),
        CheckConstraint(
            "(status = 'confirmed') = (confirmed_on IS NOT NULL)"
            " AND (confirmed_on IS NULL) = (confirmed_by IS NULL)",
            name="confirmed",
        ),
        CheckConstraint("confirmed_by <> recorded_by", name="two_parties"),
    )
