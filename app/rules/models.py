"""Tables of the rules: what a district set for a pack, and from when to when."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, String, func
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, history_of, one_of
from app.organizations.types import OrganizationKind
from app.rules.types import Operator

_KINDS = ", ".join(f"'{kind.value}'" for kind in OrganizationKind)


class RuleSetting(Base):
    """What a district set for a pack, from `valid_from` to the day before `valid_to`.

    Null leaves what the pack says. One setting per district, pack and day. A row that is superseded
    goes, by trigger, to `rule_setting_history`.
    """

    __tablename__ = "rule_setting"

    district_code: Mapped[str] = mapped_column(
        String(6), ForeignKey("district.code"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    pack: Mapped[str] = mapped_column(String(50))
    is_enabled: Mapped[bool]
    upper: Mapped[int | None] = mapped_column(Integer)
    lower: Mapped[int | None] = mapped_column(Integer)
    upper_operator: Mapped[Operator | None] = mapped_column(String(2))
    lower_operator: Mapped[Operator | None] = mapped_column(String(2))
    applies_to: Mapped[list[str] | None] = mapped_column(ARRAY(String(30)))
    """The only kinds to be flagged; null is all that the pack covers."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    valid: Mapped[Range[date]] = mapped_column(
        DATERANGE, Computed("daterange(valid_from, valid_to)", persisted=True)
    )
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ExcludeConstraint(
            ("district_code", "="),
            ("pack", "="),
            ("valid", "&&"),
            name="ex_rule_setting_one_at_a_time",
        ),
        Index("ix_rule_setting_pack", "district_code", "pack", "valid_from"),
        one_of("upper_operator", Operator),
        one_of("lower_operator", Operator),
        CheckConstraint("upper_operator IN ('>', '>=')", name="upper_looks_up"),
        CheckConstraint("lower_operator IN ('<', '<=')", name="lower_looks_down"),
        CheckConstraint("pack ~ '^[a-z][a-z0-9_]*$'", name="pack"),
        CheckConstraint("lower >= 0 AND upper >= 0", name="not_negative"),
        CheckConstraint("upper > lower", name="limits"),
        CheckConstraint(
            f"cardinality(applies_to) > 0 AND applies_to <@ ARRAY[{_KINDS}]::varchar[]",
            name="applies_to",
        ),
        CheckConstraint("valid_from < valid_to", name="valid_range"),
    )


rule_setting_history = history_of(RuleSetting)
