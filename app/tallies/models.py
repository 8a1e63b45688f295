"""Tables of exclusions and tallies."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, one_of
from app.cycles.models import of_cycle, of_member
from app.elections.types import Position
from app.tallies.types import ExclusionGround


class VoteExclusion(Base):
    """A voter who is not due: the consent of the level above, then the vote of the meeting."""

    __tablename__ = "vote_exclusion"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle_id: Mapped[UUID]
    member_id: Mapped[UUID]
    ground: Mapped[ExclusionGround] = mapped_column(String(60))
    superior_consent_number: Mapped[str] = mapped_column(String(200))
    consented_on: Mapped[date]
    consented_by: Mapped[UUID]
    passed_on: Mapped[date | None]
    """Day on which the meeting passed it; until then the member is due."""
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        of_cycle(),
        of_member(),
        UniqueConstraint("district_code", "cycle_id", "member_id"),
        one_of("ground", ExclusionGround),
        CheckConstraint("passed_on >= consented_on", name="passed_on"),
    )


class ElectionTally(Base):
    """A protocol of votes and the verdict that the rules gave (计票)."""

    __tablename__ = "election_tally"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    cycle_id: Mapped[UUID]
    position: Mapped[Position] = mapped_column(String(20))
    round: Mapped[int] = mapped_column(SmallInteger)
    protocol: Mapped[dict[str, Any]] = mapped_column(JSONB)
    verdict: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        of_cycle(),
        UniqueConstraint("district_code", "cycle_id", "position", "round"),
        one_of("position", Position),
        CheckConstraint("round >= 1", name="round"),
    )
