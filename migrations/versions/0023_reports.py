"""Reports: templates of the annual report."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = ("report_template",)
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "report_template",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("sections", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_by", sa.Uuid(), nullable=False),
        sa.Column(
            "edited_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "title <> '' AND title = btrim(title)", name=op.f("ck_report_template_title")
        ),
        sa.CheckConstraint(
            "(title IS NULL) = (sections IS NULL)", name=op.f("ck_report_template_whole")
        ),
        sa.CheckConstraint("version > 1", name=op.f("ck_report_template_version")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_report_template_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", name=op.f("pk_report_template")),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
