"""Tables of secret ballots: what was chosen knows neither who nor when."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.ballots.types import MOST_SEATS, TITLE_LENGTH, BoxStatus, Position
from app.core.db import Base, one_of
from app.organizations.models import NAME_LENGTH


class BallotBox(Base):
    """A ballot: for what, among whom, open or sealed (票箱)."""

    __tablename__ = "ballot_box"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    organization_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    """As it was when the box was opened: the seal holds it."""
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    position: Mapped[Position] = mapped_column(String(20))
    seats: Mapped[int] = mapped_column(Integer)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`[{id, name}]`, in the order of the ballot paper."""
    allows_write_ins: Mapped[bool]
    status: Mapped[BoxStatus] = mapped_column(String(10))
    voters_due: Mapped[int] = mapped_column(Integer)
    voters_voted: Mapped[int | None] = mapped_column(Integer)
    """Set when the box is closed; until then the voters are counted."""
    opened_by: Mapped[UUID]
    opened_on: Mapped[date]
    closed_by: Mapped[UUID | None]
    closed_on: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was voided."""
    head: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The last hash of the chain of ballots."""
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Ed25519, of the box, the count and the head."""
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    cycle_id: Mapped[UUID | None]
    """The election cycle whose vote it is; None for a ballot of its own."""
    round: Mapped[int | None] = mapped_column(SmallInteger)
    """Which vote on the position it is in the cycle (轮次)."""
    candidate_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    """The members that the candidates are, in their order."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "cycle_id"], ["election_cycle.district_code", "election_cycle.id"]
        ),
        Index(
            "uq_ballot_box_round",
            "district_code",
            "cycle_id",
            "position",
            "round",
            unique=True,
            postgresql_where=text("status <> 'voided'"),
        ),
        Index("ix_ballot_box_organization", "district_code", "organization_id"),
        Index("ix_ballot_box_opened_on", "district_code", "opened_on", "id"),
        one_of("position", Position),
        one_of("status", BoxStatus),
        CheckConstraint(f"seats BETWEEN 1 AND {MOST_SEATS}", name="seats"),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("voters_voted BETWEEN 0 AND voters_due", name="voters"),
        CheckConstraint(
            "(status = 'open') = (num_nonnulls(voters_voted, closed_by, closed_on) = 0)"
            " AND num_nonnulls(voters_voted, closed_by, closed_on) IN (0, 3)",
            name="ended",
        ),
        CheckConstraint(
            "(status = 'closed') = (num_nonnulls(head, signature) = 2)"
            " AND num_nonnulls(head, signature) IN (0, 2)",
            name="sealed",
        ),
        CheckConstraint("(status = 'voided') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("closed_on >= opened_on", name="closed_on"),
        CheckConstraint(
            "num_nonnulls(cycle_id, round, candidate_ids) IN (0, 3) AND round >= 1"
            " AND cardinality(candidate_ids) = jsonb_array_length(candidates)",
            name="of_cycle",
        ),
    )


class BallotVoter(Base):
    """Who may put a ballot in, and whether they did; neither when nor which (选民)."""

    __tablename__ = "ballot_voter"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    box_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    has_voted: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "box_id"], ["ballot_box.district_code", "ballot_box.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index("ix_ballot_voter_member", "district_code", "member_id"),
    )


class Ballot(Base):
    """What somebody chose (选票). The id is random: it tells of no time and of no order."""

    __tablename__ = "ballot"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    box_id: Mapped[UUID]
    choices: Mapped[list[str]] = mapped_column(ARRAY(Text))
    write_ins: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "box_id"], ["ballot_box.district_code", "ballot_box.id"]
        ),
        Index("ix_ballot_box", "district_code", "box_id"),
    )
