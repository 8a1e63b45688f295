"""Tables of units, of agreements, of what covers a unit and of problems."""

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
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.partners.types import CoverageMode, ProblemStatus, UnitKind

NAME_LENGTH, TEXT_LENGTH = 100, 200


class PartnerUnit(Base):
    """A unit that stands in the district (驻区单位、两新组织)."""

    __tablename__ = "partner_unit"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """The Party organisation that looks after it."""
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    kind: Mapped[UnitKind] = mapped_column(String(20))
    address: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    """The first day on which it no longer operates."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_partner_unit_opened_on", "district_code", "opened_on", "id"),
        Index("ix_partner_unit_organization", "district_code", "organization_id"),
        one_of("kind", UnitKind),
        CheckConstraint("name <> '' AND name = btrim(name)", name="name"),
        CheckConstraint("closed_on >= opened_on", name="closed_on"),
    )


class CoBuildingAgreement(Base):
    """What a unit and a Party organisation agreed to build together (共建协议)."""

    __tablename__ = "co_building_agreement"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    """The Party organisation that signed it."""
    title: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """The first day on which it no longer holds; one that ends as it begins never held."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "unit_id"], ["partner_unit.district_code", "partner_unit.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_co_building_agreement_valid_from", "district_code", "valid_from", "id"),
        Index("ix_co_building_agreement_unit", "district_code", "unit_id"),
        Index("ix_co_building_agreement_organization", "district_code", "organization_id"),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("valid_to >= valid_from", name="valid_to"),
    )


class UnitCoverage(Base):
    """What covers a 两新 unit, from which day to which (组织覆盖、工作覆盖)."""

    __tablename__ = "unit_coverage"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID]
    mode: Mapped[CoverageMode] = mapped_column(String(20))
    covering_id: Mapped[UUID | None]
    """The Party organisation, of a coverage by one."""
    member_id: Mapped[UUID | None]
    """The instructor, who may serve several units."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """The first day on which it no longer covers; one that ends as it begins never did."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "unit_id"], ["partner_unit.district_code", "partner_unit.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "covering_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index("ix_unit_coverage_valid_from", "district_code", "valid_from", "id"),
        Index("ix_unit_coverage_unit", "district_code", "unit_id"),
        Index("ix_unit_coverage_covering", "district_code", "covering_id"),
        Index("ix_unit_coverage_member", "district_code", "member_id"),
        one_of("mode", CoverageMode),
        CheckConstraint(
            "(mode IN ('own', 'joint', 'regional')) = (covering_id IS NOT NULL)"
            " AND (mode = 'instructor') = (member_id IS NOT NULL)",
            name="by_whom",
        ),
        CheckConstraint("valid_to >= valid_from", name="valid_to"),
    )


class UnitProblem(Base):
    """A problem of a 两新 unit (问题): solved once who reported it says so."""

    __tablename__ = "unit_problem"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID]
    content: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    status: Mapped[ProblemStatus] = mapped_column(String(10))
    reported_by: Mapped[UUID]
    """The account, as in the two below."""
    reported_on: Mapped[date]
    solved_by: Mapped[UUID | None]
    solved_on: Mapped[date | None]
    solution: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    confirmed_by: Mapped[UUID | None]
    confirmed_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """Why it was returned the last time."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "unit_id"], ["partner_unit.district_code", "partner_unit.id"]
        ),
        Index("ix_unit_problem_reported_on", "district_code", "reported_on", "id"),
        Index("ix_unit_problem_unit", "district_code", "unit_id"),
        one_of("status", ProblemStatus),
        CheckConstraint("content <> ''", name="content"),
        CheckConstraint(
            "CASE status WHEN 'open' THEN num_nonnulls(solved_by, solved_on, solution) = 0"
            " ELSE num_nonnulls(solved_by, solved_on, solution) = 3 END",
            name="solved",
        ),
        CheckConstraint(
            "num_nonnulls(confirmed_by, confirmed_on) ="
            " CASE status WHEN 'confirmed' THEN 2 ELSE 0 END",
            name="confirmed",
        ),
        CheckConstraint("reported_on <= solved_on AND solved_on <= confirmed_on", name="in_order"),
        CheckConstraint("confirmed_by = reported_by", name="reporter_confirms"),
        CheckConstraint("solved_by <> reported_by", name="two_parties"),
    )
