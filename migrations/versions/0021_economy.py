"""Villages' collective economy: contracts, land and debts, projects, yearly income."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("village_contract", "village_entry", "village_project", "village_income")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "village_contract",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("finding", sa.String(length=20), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("resolved_on", sa.Date(), nullable=True),
        sa.Column("resolution", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "finding IN ('regular', 'irregular')", name=op.f("ck_village_contract_finding")
        ),
        sa.CheckConstraint(
            "num_nonnulls(resolved_on, resolution) IN (0, 2) AND (resolved_on IS NULL OR finding = 'irregular')",
            name=op.f("ck_village_contract_resolution"),
        ),
        sa.CheckConstraint("number <> ''", name=op.f("ck_village_contract_number")),
        sa.CheckConstraint(
            "reviewed_on >= '1900-01-01' AND reviewed_on < '2200-01-01'",
            name=op.f("ck_village_contract_reviewed_on"),
        ),
        sa.CheckConstraint(
            "resolved_on >= reviewed_on", name=op.f("ck_village_contract_dates_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_village_contract_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_village_contract")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "number",
            name=op.f("uq_village_contract_district_code_organization_id_number"),
        ),
    )
    op.create_index(
        "ix_village_contract_reviewed_on",
        "village_contract",
        ["district_code", "reviewed_on", "id"],
        unique=False,
    )
    op.create_table(
        "village_entry",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("document <> ''", name=op.f("ck_village_entry_document")),
        sa.CheckConstraint(
            "happened_on >= '1900-01-01' AND happened_on < '2200-01-01'",
            name=op.f("ck_village_entry_happened_on"),
        ),
        sa.CheckConstraint(
            "kind IN ('land_recovered', 'debt_resolved', 'claim_recovered')",
            name=op.f("ck_village_entry_kind"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_village_entry_amount")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_village_entry_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_village_entry")),
    )
    op.create_index(
        "ix_village_entry_happened_on",
        "village_entry",
        ["district_code", "happened_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_village_entry_organization",
        "village_entry",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_table(
        "village_project",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "applied_on >= '1900-01-01' AND applied_on < '2200-01-01'",
            name=op.f("ck_village_project_applied_on"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(decided_on, decided_by) = CASE status WHEN 'applied' THEN 0 ELSE 2 END AND (status = 'rejected') = (reason IS NOT NULL)",
            name=op.f("ck_village_project_decision"),
        ),
        sa.CheckConstraint(
            "status IN ('applied', 'approved', 'rejected')", name=op.f("ck_village_project_status")
        ),
        sa.CheckConstraint("title <> ''", name=op.f("ck_village_project_title")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_village_project_amount")),
        sa.CheckConstraint(
            "decided_by <> recorded_by", name=op.f("ck_village_project_two_accounts")
        ),
        sa.CheckConstraint(
            "decided_on >= applied_on", name=op.f("ck_village_project_dates_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_village_project_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_village_project")),
    )
    op.create_index(
        "ix_village_project_applied_on",
        "village_project",
        ["district_code", "applied_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_village_project_organization",
        "village_project",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_table(
        "village_income",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("income", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("income >= 0", name=op.f("ck_village_income_income")),
        sa.CheckConstraint("year BETWEEN 1949 AND 2199", name=op.f("ck_village_income_year")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_village_income_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_village_income")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "year",
            name=op.f("uq_village_income_district_code_organization_id_year"),
        ),
    )
    op.create_index(
        "ix_village_income_year", "village_income", ["district_code", "year", "id"], unique=False
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
