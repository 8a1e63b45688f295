"""Rectification cases and burden items."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("rectification_case", "case_guarantor", "case_measure", "measure_progress", "burden_item")
# as in 0004
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "burden_item",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("title_key", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("document", sa.String(length=100), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(cancelled_on, document) = CASE state WHEN 'cancelled' THEN 2 ELSE 0 END AND cancelled_on >= listed_on",
            name=op.f("ck_burden_item_cancelled"),
        ),
        sa.CheckConstraint("state IN ('active', 'cancelled')", name=op.f("ck_burden_item_state")),
        sa.CheckConstraint("title_key <> ''", name=op.f("ck_burden_item_title_key")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_burden_item_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_burden_item")),
        sa.UniqueConstraint(
            "district_code", "title_key", name=op.f("uq_burden_item_district_code_title_key")
        ),
    )
    op.create_index(
        "ix_burden_item_listed_on",
        "burden_item",
        ["district_code", "listed_on", "id"],
        unique=False,
    )
    op.create_table(
        "rectification_case",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("criteria", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("document", sa.String(length=100), nullable=True),
        sa.Column("remark", sa.String(length=200), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(status = 'open') = (reported_on IS NULL) AND (status = 'accepted') = (closed_on IS NOT NULL)",
            name=op.f("ck_rectification_case_dates_of_status"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'reported', 'accepted')", name=op.f("ck_rectification_case_status")
        ),
        sa.CheckConstraint(
            "(reported_on IS NULL) = (reported_by IS NULL) AND (closed_on IS NULL) = (accepted_by IS NULL)",
            name=op.f("ck_rectification_case_accounts"),
        ),
        sa.CheckConstraint(
            "cardinality(criteria) >= 1", name=op.f("ck_rectification_case_criteria")
        ),
        sa.CheckConstraint(
            "opened_on <= reported_on AND reported_on <= closed_on",
            name=op.f("ck_rectification_case_dates_in_order"),
        ),
        sa.CheckConstraint(
            "reported_by <> accepted_by", name=op.f("ck_rectification_case_two_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_rectification_case_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_rectification_case")),
    )
    op.create_index(
        "ix_rectification_case_opened_on",
        "rectification_case",
        ["district_code", "opened_on", "id"],
        unique=False,
    )
    op.create_index(
        "uq_rectification_case_open",
        "rectification_case",
        ["district_code", "organization_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'accepted'"),
    )
    op.create_table(
        "case_guarantor",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("post", sa.String(length=100), nullable=False),
        sa.CheckConstraint(
            "level IN ('county', 'township', 'village')", name=op.f("ck_case_guarantor_level")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "case_id"],
            ["rectification_case.district_code", "rectification_case.id"],
            name=op.f("fk_case_guarantor_district_code_case_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_case_guarantor")),
        sa.UniqueConstraint(
            "district_code",
            "case_id",
            "level",
            "name",
            name=op.f("uq_case_guarantor_district_code_case_id_level_name"),
        ),
    )
    op.create_table(
        "case_measure",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_code", "case_id"],
            ["rectification_case.district_code", "rectification_case.id"],
            name=op.f("fk_case_measure_district_code_case_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_case_measure")),
    )
    op.create_index(
        "ix_case_measure_case", "case_measure", ["district_code", "case_id", "id"], unique=False
    )
    op.create_table(
        "measure_progress",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("percent", sa.SmallInteger(), nullable=False),
        sa.Column("noted_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_measure_progress_percent")),
        sa.ForeignKeyConstraint(
            ["district_code", "measure_id"],
            ["case_measure.district_code", "case_measure.id"],
            name=op.f("fk_measure_progress_district_code_measure_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_measure_progress")),
    )
    op.create_index(
        "ix_measure_progress_measure",
        "measure_progress",
        ["district_code", "measure_id", "id"],
        unique=False,
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
