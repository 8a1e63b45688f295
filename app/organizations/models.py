"""Tables of districts and of the organisation tree."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import ALWAYS, Base, history_of, one_of
from app.organizations.types import OrganizationKind, Sector

MAX_DEPTH = 16
NAME_LENGTH = 100


class District(Base):
    """A county-level division: the unit of tenancy (区县)."""

    __tablename__ = "district"
    __table_args__ = (CheckConstraint("code ~ '^[0-9]{6}$'", name="code"),)

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    last_label: Mapped[int] = mapped_column(Integer, server_default="0")
    """The last label given out for a path; its row lock puts changes of the tree in a row."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Organization(Base):
    """What never changes about an organisation; the rest is dated, in `OrganizationState`."""

    __tablename__ = "organization"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    label: Mapped[int] = mapped_column(Integer)
    """Number in the path, unique in the district and never given out twice."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("district_code", "label"),)


class OrganizationState(Base):
    """What an organisation was, from `valid_from` to the day before `valid_to`.

    A row that is superseded or corrected goes, by trigger, to `organization_state_history`.
    """

    __tablename__ = "organization_state"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(String(200, collation="C"))
    """Labels from the root down, each ended by a dot: `1.17.204.`."""
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    kind: Mapped[OrganizationKind] = mapped_column(String(30))
    sector: Mapped[Sector | None] = mapped_column(String(30))
    is_grid: Mapped[bool] = mapped_column(server_default=text("false"))
    founded_on: Mapped[date | None]
    term_started_on: Mapped[date | None]
    due_on: Mapped[date | None]
    decision: Mapped[str | None] = mapped_column(String(200))
    """Number of the document that decided on this state (文号)."""
    is_end: Mapped[bool] = mapped_column(server_default=text("false"))
    """The organisation was dissolved at the end of this state (撤销)."""
    end_decision: Mapped[str | None] = mapped_column(String(200))
    """Number of the document that dissolved it."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_to)", persisted=True)
    )
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "parent_id"], ["organization.district_code", "organization.id"]
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(ALWAYS),
            name="ex_organization_state_one_at_a_time",
        ),
        ExcludeConstraint(
            ("name", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(f"{ALWAYS} AND kind <> 'party_group'"),
            name="ex_organization_state_name",
        ),
        ExcludeConstraint(
            ("parent_id", "="),
            ("name", "="),
            ("valid", "&&"),
            ("district_code", "="),
            where=text(f"{ALWAYS} AND kind = 'party_group'"),
            name="ex_organization_state_group_name",
        ),
        # a path ends with the label, which is given out once: two can only be equal by a fault
        Index(
            "uq_organization_state_path",
            "district_code",
            "path",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
        Index("ix_organization_state_path", "district_code", "path"),
        Index("ix_organization_state_parent", "district_code", "parent_id"),
        Index("ix_organization_state_subject", "district_code", "organization_id", "valid_from"),
        one_of("kind", OrganizationKind),
        one_of("sector", Sector),
        CheckConstraint(ALWAYS, name="valid_from"),
        # an empty stretch tells of what ended on the day on which its records begin
        CheckConstraint(
            "valid_from < valid_to OR (is_end AND valid_from = valid_to)", name="valid_range"
        ),
        CheckConstraint("path ~ '^([1-9][0-9]*\\.)+$'", name="path"),
        CheckConstraint("name <> '' AND name = btrim(name)", name="name"),
        CheckConstraint("term_started_on < due_on", name="term"),
        CheckConstraint("NOT is_grid OR kind IN ('party_branch', 'joint_branch')", name="grid"),
        CheckConstraint(
            "(kind = 'district_committee') = (parent_id IS NULL)",
            name="only_the_root_is_parentless",
        ),
    )


organization_state_history = history_of(OrganizationState)
_past = organization_state_history.c
Index("ix_organization_state_history_superseded_at", _past.district_code, _past.superseded_at)
Index("ix_organization_state_history_row", _past.district_code, _past.id, _past.superseded_at)
