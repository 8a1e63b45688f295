"""Spot checks, household visits, duty, talks and quarterly appraisals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = (
    "household_count",
    "household_visit",
    "spot_check",
    "spot_check_person",
    "duty_shift",
    "talk",
    "appraisal_cycle",
    "appraisal_score",
)
# as in 0004
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "appraisal_cycle",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("quarter", sa.SmallInteger(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'published') = (published_on IS NOT NULL) AND published_on >= opened_on",
            name=op.f("ck_appraisal_cycle_published_on"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'published')", name=op.f("ck_appraisal_cycle_status")
        ),
        sa.CheckConstraint(
            "year BETWEEN 1900 AND 2199 AND quarter BETWEEN 1 AND 4",
            name=op.f("ck_appraisal_cycle_quarter"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_appraisal_cycle_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_appraisal_cycle")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "year",
            "quarter",
            name=op.f("uq_appraisal_cycle_district_code_organization_id_year_quarter"),
        ),
    )
    op.create_index(
        "ix_appraisal_cycle_opened_on",
        "appraisal_cycle",
        ["district_code", "opened_on", "id"],
        unique=False,
    )
    op.create_table(
        "duty_shift",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("cadre", sa.String(length=100), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("duty_on", sa.Date(), nullable=False),
        sa.Column("is_present", sa.Boolean(), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(is_present IS NULL) = (checked_by IS NULL)", name=op.f("ck_duty_shift_checked")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_duty_shift_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_duty_shift_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_duty_shift")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "cadre",
            "duty_on",
            name=op.f("uq_duty_shift_district_code_organization_id_cadre_duty_on"),
        ),
    )
    op.create_index(
        "ix_duty_shift_duty_on", "duty_shift", ["district_code", "duty_on", "id"], unique=False
    )
    op.create_index(
        "ix_duty_shift_member", "duty_shift", ["district_code", "member_id"], unique=False
    )
    op.create_table(
        "household_count",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "households BETWEEN 1 AND 1000000", name=op.f("ck_household_count_households")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_household_count_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_household_count")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "counted_on",
            name=op.f("uq_household_count_district_code_organization_id_counted_on"),
        ),
    )
    op.create_index(
        "ix_household_count_counted_on",
        "household_count",
        ["district_code", "counted_on", "id"],
        unique=False,
    )
    op.create_table(
        "household_visit",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("household", sa.String(length=64), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "household ~ '^[0-9A-Za-z-]+$'", name=op.f("ck_household_visit_household")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_household_visit_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_household_visit_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_household_visit")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "household",
            "member_id",
            "visited_on",
            name=op.f(
                "uq_household_visit_district_code_organization_id_household_member_id_visited_on"
            ),
        ),
    )
    op.create_index(
        "ix_household_visit_member", "household_visit", ["district_code", "member_id"], unique=False
    )
    op.create_index(
        "ix_household_visit_visited_on",
        "household_visit",
        ["district_code", "visited_on", "id"],
        unique=False,
    )
    op.create_table(
        "spot_check",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("pool", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("pool_digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("drawn_on", sa.Date(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(drawn_on, checked_on) = CASE status WHEN 'published' THEN 0 WHEN 'drawn' THEN 1 ELSE 2 END AND (checked_on IS NULL OR drawn_on IS NOT NULL)",
            name=op.f("ck_spot_check_dates_of_status"),
        ),
        sa.CheckConstraint(
            "status IN ('published', 'drawn', 'checked')", name=op.f("ck_spot_check_status")
        ),
        sa.CheckConstraint(
            "published_on <= drawn_on AND drawn_on <= checked_on",
            name=op.f("ck_spot_check_dates_in_order"),
        ),
        sa.CheckConstraint("size BETWEEN 1 AND cardinality(pool)", name=op.f("ck_spot_check_size")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_spot_check_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_spot_check")),
    )
    op.create_index(
        "ix_spot_check_organization",
        "spot_check",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_index(
        "ix_spot_check_published_on",
        "spot_check",
        ["district_code", "published_on", "id"],
        unique=False,
    )
    op.create_table(
        "appraisal_score",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("scores", sa.ARRAY(sa.Numeric(precision=5, scale=2)), nullable=False),
        sa.Column("total", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "total BETWEEN 0 AND 100 AND 0 <= ALL (scores) AND 100 >= ALL (scores)",
            name=op.f("ck_appraisal_score_scores"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "cycle_id"],
            ["appraisal_cycle.district_code", "appraisal_cycle.id"],
            name=op.f("fk_appraisal_score_district_code_cycle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_appraisal_score_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_appraisal_score")),
        sa.UniqueConstraint(
            "district_code",
            "cycle_id",
            "organization_id",
            name=op.f("uq_appraisal_score_district_code_cycle_id_organization_id"),
        ),
    )
    op.create_index(
        "ix_appraisal_score_organization",
        "appraisal_score",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_index(
        "ix_appraisal_score_total",
        "appraisal_score",
        ["district_code", "total", "id"],
        unique=False,
    )
    op.create_table(
        "spot_check_person",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("is_at_work", sa.Boolean(), nullable=True),
        sa.Column("asked", sa.SmallInteger(), nullable=True),
        sa.Column("correct", sa.SmallInteger(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "asked BETWEEN 0 AND 100 AND correct BETWEEN 0 AND asked",
            name=op.f("ck_spot_check_person_answers"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(is_at_work, asked, correct) IN (0, 3)",
            name=op.f("ck_spot_check_person_result"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "check_id"],
            ["spot_check.district_code", "spot_check.id"],
            name=op.f("fk_spot_check_person_district_code_check_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_spot_check_person_district_code_member_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_spot_check_person")),
        sa.UniqueConstraint(
            "district_code",
            "check_id",
            "member_id",
            name=op.f("uq_spot_check_person_district_code_check_id_member_id"),
        ),
    )
    op.create_index(
        "ix_spot_check_person_member",
        "spot_check_person",
        ["district_code", "member_id"],
        unique=False,
    )
    op.create_table(
        "talk",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("cadre", sa.String(length=100), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("talked_by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_talk_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_talk_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "shift_id"],
            ["duty_shift.district_code", "duty_shift.id"],
            name=op.f("fk_talk_district_code_shift_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_talk")),
    )
    op.create_index("ix_talk_held_on", "talk", ["district_code", "held_on", "id"], unique=False)
    op.create_index("ix_talk_member", "talk", ["district_code", "member_id"], unique=False)
    op.create_index(
        "ix_talk_organization", "talk", ["district_code", "organization_id"], unique=False
    )
    op.create_index("ix_talk_shift", "talk", ["district_code", "shift_id"], unique=False)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
