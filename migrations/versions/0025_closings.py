"""Closings: figures of a period, frozen with their rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def _application() -> str:
    role = op.get_context().config.attributes["application_role"]
    return op.get_bind().dialect.identifier_preparer.quote(role)


def upgrade() -> None:
    op.create_table(
        "figure_closing",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_figure_closing_period")),
        sa.CheckConstraint("last_on <= closed_on", name=op.f("ck_figure_closing_closed_on")),
        sa.CheckConstraint("entries >= 0", name=op.f("ck_figure_closing_entries")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_figure_closing_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_figure_closing")),
        sa.UniqueConstraint(
            "district_code",
            "first_on",
            "last_on",
            name=op.f("uq_figure_closing_district_code_first_on_last_on"),
        ),
    )
    op.execute("ALTER TABLE figure_closing ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_district ON figure_closing USING ({IN_SCOPE})")
    # what is frozen is neither changed nor taken back
    op.execute(f"REVOKE UPDATE, DELETE ON figure_closing FROM {_application()}")


def downgrade() -> None:
    op.drop_table("figure_closing")
