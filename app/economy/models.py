"""Tables of villages' contracts, what they got back, projects and yearly income."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.economy.types import ContractFinding, VillageEntryKind, VillageProjectStatus

NUMBER_LENGTH, TEXT_LENGTH = 100, 200


def _village() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
    )


def _days(column: str) -> Any:
    return CheckConstraint(f"{column} >= '1900-01-01' AND {column} < '2200-01-01'", name=column)


class VillageContract(Base):
    """A land-letting contract of a village, as it was reviewed (发包合同)."""

    __tablename__ = "village_contract"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(String(NUMBER_LENGTH))
    finding: Mapped[ContractFinding] = mapped_column(String(20))
    reviewed_on: Mapped[date]
    resolved_on: Mapped[date | None]
    resolution: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """How an irregular one was put right."""
    recorded_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, server_default="1")

    __table_args__ = (
        _village(),
        UniqueConstraint("district_code", "organization_id", "number"),
        Index("ix_village_contract_reviewed_on", "district_code", "reviewed_on", "id"),
        one_of("finding", ContractFinding),
        _days("reviewed_on"),
        CheckConstraint("number <> ''", name="number"),
        CheckConstraint(
            "num_nonnulls(resolved_on, resolution) IN (0, 2)"
            " AND (resolved_on IS NULL OR finding = 'irregular')",
            name="resolution",
        ),
        CheckConstraint("resolved_on >= reviewed_on", name="dates_in_order"),
    )


class VillageEntry(Base):
    """Land or money that a village got back, or debt that it settled (清收化债)."""

    __tablename__ = "village_entry"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    kind: Mapped[VillageEntryKind] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    """Mu of land, yuan of the others."""
    happened_on: Mapped[date]
    document: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    """The agreement or voucher that says so."""
    recorded_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, server_default="1")

    __table_args__ = (
        _village(),
        Index("ix_village_entry_happened_on", "district_code", "happened_on", "id"),
        Index("ix_village_entry_organization", "district_code", "organization_id"),
        one_of("kind", VillageEntryKind),
        _days("happened_on"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("document <> ''", name="document"),
    )


class VillageProject(Base):
    """An application for funds that support a village's collective economy (扶持资金项目)."""

    __tablename__ = "village_project"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    title: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    """Yuan."""
    applied_on: Mapped[date]
    status: Mapped[VillageProjectStatus] = mapped_column(String(20))
    decided_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    """Why it was rejected."""
    recorded_by: Mapped[UUID]
    decided_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")

    __table_args__ = (
        _village(),
        Index("ix_village_project_applied_on", "district_code", "applied_on", "id"),
        Index("ix_village_project_organization", "district_code", "organization_id"),
        one_of("status", VillageProjectStatus),
        _days("applied_on"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint(
            "num_nonnulls(decided_on, decided_by) = CASE status WHEN 'applied' THEN 0 ELSE 2 END"
            " AND (status = 'rejected') = (reason IS NOT NULL)",
            name="decision",
        ),
        CheckConstraint("decided_on >= applied_on", name="dates_in_order"),
        CheckConstraint("decided_by <> recorded_by", name="two_accounts"),
    )


class VillageIncome(Base):
    """A village's collective income of a year that has ended (村集体收入)."""

    __tablename__ = "village_income"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    year: Mapped[int] = mapped_column(Integer)
    income: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    """Yuan."""
    recorded_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, server_default="1")

    __table_args__ = (
        _village(),
        UniqueConstraint("district_code", "organization_id", "year"),
        Index("ix_village_income_year", "district_code", "year", "id"),
        CheckConstraint("year BETWEEN 1949 AND 2199", name="year"),
        CheckConstraint("income >= 0", name="income"),
    )


Record = VillageContract | VillageEntry | VillageProject | VillageIncome
