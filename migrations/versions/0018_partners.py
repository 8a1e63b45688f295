"""Units, co-building agreements, what covers 两新 units, and their problems."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("partner_unit", "co_building_agreement", "unit_coverage", "unit_problem")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "partner_unit",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('agency', 'public_institution', 'school', 'state_enterprise',"
            " 'private_enterprise', 'social_organization')",
            name=op.f("ck_partner_unit_kind"),
        ),
        sa.CheckConstraint("name <> '' AND name = btrim(name)", name=op.f("ck_partner_unit_name")),
        sa.CheckConstraint("closed_on >= opened_on", name=op.f("ck_partner_unit_closed_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_partner_unit_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_partner_unit_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_partner_unit")),
    )
    op.create_index(
        "ix_partner_unit_opened_on",
        "partner_unit",
        ["district_code", "opened_on", "id"],
    )
    op.create_index(
        "ix_partner_unit_organization",
        "partner_unit",
        ["district_code", "organization_id"],
    )
    op.create_table(
        "co_building_agreement",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "title <> '' AND title = btrim(title)", name=op.f("ck_co_building_agreement_title")
        ),
        sa.CheckConstraint(
            "valid_to >= valid_from", name=op.f("ck_co_building_agreement_valid_to")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_co_building_agreement_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "unit_id"],
            ["partner_unit.district_code", "partner_unit.id"],
            name=op.f("fk_co_building_agreement_district_code_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"],
            ["district.code"],
            name=op.f("fk_co_building_agreement_district_code"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_co_building_agreement")),
    )
    op.create_index(
        "ix_co_building_agreement_organization",
        "co_building_agreement",
        ["district_code", "organization_id"],
    )
    op.create_index(
        "ix_co_building_agreement_unit",
        "co_building_agreement",
        ["district_code", "unit_id"],
    )
    op.create_index(
        "ix_co_building_agreement_valid_from",
        "co_building_agreement",
        ["district_code", "valid_from", "id"],
    )
    op.create_table(
        "unit_coverage",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("covering_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(mode IN ('own', 'joint', 'regional')) = (covering_id IS NOT NULL) AND (mode ="
            " 'instructor') = (member_id IS NOT NULL)",
            name=op.f("ck_unit_coverage_by_whom"),
        ),
        sa.CheckConstraint(
            "mode IN ('own', 'joint', 'regional', 'instructor', 'liaison', 'union',"
            " 'youth_league')",
            name=op.f("ck_unit_coverage_mode"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_unit_coverage_valid_to")),
        sa.ForeignKeyConstraint(
            ["district_code", "covering_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_unit_coverage_district_code_covering_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_unit_coverage_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "unit_id"],
            ["partner_unit.district_code", "partner_unit.id"],
            name=op.f("fk_unit_coverage_district_code_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_unit_coverage_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_unit_coverage")),
    )
    op.create_index(
        "ix_unit_coverage_covering", "unit_coverage", ["district_code", "covering_id"], unique=False
    )
    op.create_index(
        "ix_unit_coverage_member", "unit_coverage", ["district_code", "member_id"], unique=False
    )
    op.create_index(
        "ix_unit_coverage_unit", "unit_coverage", ["district_code", "unit_id"], unique=False
    )
    op.create_index(
        "ix_unit_coverage_valid_from",
        "unit_coverage",
        ["district_code", "valid_from", "id"],
    )
    op.create_table(
        "unit_problem",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reported_by", sa.Uuid(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("solved_by", sa.Uuid(), nullable=True),
        sa.Column("solved_on", sa.Date(), nullable=True),
        sa.Column("solution", sa.String(length=200), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "CASE status WHEN 'open' THEN num_nonnulls(solved_by, solved_on, solution) = 0"
            " ELSE num_nonnulls(solved_by, solved_on, solution) = 3 END",
            name=op.f("ck_unit_problem_solved"),
        ),
        sa.CheckConstraint("content <> ''", name=op.f("ck_unit_problem_content")),
        sa.CheckConstraint(
            "num_nonnulls(confirmed_by, confirmed_on) = CASE status WHEN 'confirmed' THEN 2"
            " ELSE 0 END",
            name=op.f("ck_unit_problem_confirmed"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'solved', 'confirmed')", name=op.f("ck_unit_problem_status")
        ),
        sa.CheckConstraint(
            "confirmed_by = reported_by", name=op.f("ck_unit_problem_reporter_confirms")
        ),
        sa.CheckConstraint(
            "reported_on <= solved_on AND solved_on <= confirmed_on",
            name=op.f("ck_unit_problem_in_order"),
        ),
        sa.CheckConstraint("solved_by <> reported_by", name=op.f("ck_unit_problem_two_parties")),
        sa.ForeignKeyConstraint(
            ["district_code", "unit_id"],
            ["partner_unit.district_code", "partner_unit.id"],
            name=op.f("fk_unit_problem_district_code_unit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_unit_problem_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_unit_problem")),
    )
    op.create_index(
        "ix_unit_problem_reported_on",
        "unit_problem",
        ["district_code", "reported_on", "id"],
    )
    op.create_index(
        "ix_unit_problem_unit", "unit_problem", ["district_code", "unit_id"], unique=False
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
