"""Tables of contests, their entries, juries and scores."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.contests.types import ContestKind, ContestStatus
from app.core.db import Base, one_of

TITLE_LENGTH, NAME_LENGTH, CHANNEL_LENGTH, URL_LENGTH = 200, 50, 50, 500
MOST_PLACES = 100


class Contest(Base):
    """A contest that an organisation holds (评选比赛)."""

    __tablename__ = "contest"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    """Who holds it."""
    kind: Mapped[ContestKind] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    held_on: Mapped[date]
    """The day of the final, or of the jury's decision."""
    places: Mapped[int] = mapped_column(Integer)
    """How many are awarded: ten of the top ten (十佳)."""
    drops_extremes: Mapped[bool]
    """Of three scores or more the highest and the lowest do not count."""
    status: Mapped[ContestStatus] = mapped_column(String(10))
    channel: Mapped[str | None] = mapped_column(String(CHANNEL_LENGTH))
    """Where the ranking was published: the name of an official account, say."""
    url: Mapped[str | None] = mapped_column(String(URL_LENGTH))
    published_on: Mapped[date | None]
    recorded_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        Index("ix_contest_held_on", "district_code", "held_on", "id"),
        Index("ix_contest_organization", "district_code", "organization_id"),
        one_of("kind", ContestKind),
        one_of("status", ContestStatus),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint(f"places BETWEEN 1 AND {MOST_PLACES}", name="places"),
        CheckConstraint("held_on >= '1900-01-01' AND held_on < '2200-01-01'", name="held_on"),
        CheckConstraint(
            "num_nonnulls(channel, url, published_on)"
            " = CASE WHEN status = 'published' THEN 3 ELSE 0 END",
            name="published",
        ),
        CheckConstraint("url LIKE 'https://%'", name="url"),
        CheckConstraint("published_on >= held_on", name="published_on"),
    )


class ContestEntry(Base):
    """What an organisation, or a member of it, enters (参赛作品)."""

    __tablename__ = "contest_entry"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contest_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    is_withdrawn: Mapped[bool] = mapped_column(server_default=text("false"))
    average: Mapped[Decimal | None] = mapped_column(Numeric(6, 3))
    rank: Mapped[int | None] = mapped_column(Integer)
    """Set when the contest is closed."""
    is_lecturer: Mapped[bool] = mapped_column(server_default=text("false"))
    """Its member joined the lecture team (党课宣讲团)."""
    recorded_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "contest_id"], ["contest.district_code", "contest.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index("ix_contest_entry_contest", "district_code", "contest_id", "id"),
        CheckConstraint("title <> '' AND title = btrim(title)", name="title"),
        CheckConstraint("rank >= 1 AND num_nonnulls(rank, average) <> 1", name="rank"),
        CheckConstraint("NOT (is_withdrawn AND rank IS NOT NULL)", name="withdrawn"),
        CheckConstraint("NOT is_lecturer OR num_nonnulls(rank, member_id) = 2", name="lecturer"),
    )


class ContestJuror(Base):
    """Who scores the entries of a contest, but for those of the own unit (评委)."""

    __tablename__ = "contest_juror"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contest_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    """A member scores by their own account, too."""
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    """Who is no member."""
    organization_id: Mapped[UUID | None]
    """The own unit; none for who comes from outside."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "contest_id"], ["contest.district_code", "contest.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "organization_id"], ["organization.district_code", "organization.id"]
        ),
        ForeignKeyConstraint(["district_code", "member_id"], ["member.district_code", "member.id"]),
        Index("ix_contest_juror_contest", "district_code", "contest_id", "id"),
        Index("ix_contest_juror_member", "district_code", "member_id"),
        CheckConstraint("num_nonnulls(member_id, name) = 1", name="who"),
    )


class ContestScore(Base):
    """What a juror gave an entry, from 0 to 100 (评分)."""

    __tablename__ = "contest_score"

    district_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    juror_id: Mapped[UUID] = mapped_column(primary_key=True)
    score: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    recorded_by: Mapped[UUID]

    __table_args__ = (
        ForeignKeyConstraint(
            ["district_code", "entry_id"], ["contest_entry.district_code", "contest_entry.id"]
        ),
        ForeignKeyConstraint(
            ["district_code", "juror_id"], ["contest_juror.district_code", "contest_juror.id"]
        ),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
    )
