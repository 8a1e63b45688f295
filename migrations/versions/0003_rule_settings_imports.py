"""What a district sets for a rule pack, and the imports that were taken."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_setting_history",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pack", sa.String(length=50), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("upper", sa.Integer(), nullable=True),
        sa.Column("lower", sa.Integer(), nullable=True),
        sa.Column("upper_operator", sa.String(length=2), nullable=True),
        sa.Column("lower_operator", sa.String(length=2), nullable=True),
        sa.Column("applies_to", postgresql.ARRAY(sa.String(length=30)), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    )
    op.create_table(
        "roster_import",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_roster_import_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_roster_import")),
    )
    op.create_table(
        "rule_setting",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pack", sa.String(length=50), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("upper", sa.Integer(), nullable=True),
        sa.Column("lower", sa.Integer(), nullable=True),
        sa.Column("upper_operator", sa.String(length=2), nullable=True),
        sa.Column("lower_operator", sa.String(length=2), nullable=True),
        sa.Column("applies_to", postgresql.ARRAY(sa.String(length=30)), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "valid",
            postgresql.DATERANGE(),
            sa.Computed("daterange(valid_from, valid_to)", persisted=True),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("district_code"), "="),
            (sa.column("pack"), "="),
            (sa.column("valid"), "&&"),
            using="gist",
            name="ex_rule_setting_one_at_a_time",
        ),
        sa.CheckConstraint(
            "cardinality(applies_to) > 0 AND applies_to <@ ARRAY['district_committee', 'working_committee', 'party_committee', 'general_branch', 'party_branch', 'joint_branch', 'temporary_branch', 'party_group']::varchar[]",
            name=op.f("ck_rule_setting_applies_to"),
        ),
        sa.CheckConstraint(
            "lower_operator IN ('<', '<=')", name=op.f("ck_rule_setting_lower_looks_down")
        ),
        sa.CheckConstraint(
            "lower_operator IN ('>', '>=', '<', '<=')", name=op.f("ck_rule_setting_lower_operator")
        ),
        sa.CheckConstraint("pack ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_rule_setting_pack")),
        sa.CheckConstraint(
            "upper_operator IN ('>', '>=')", name=op.f("ck_rule_setting_upper_looks_up")
        ),
        sa.CheckConstraint(
            "upper_operator IN ('>', '>=', '<', '<=')", name=op.f("ck_rule_setting_upper_operator")
        ),
        sa.CheckConstraint("lower >= 0 AND upper >= 0", name=op.f("ck_rule_setting_not_negative")),
        sa.CheckConstraint("upper > lower", name=op.f("ck_rule_setting_limits")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_rule_setting_valid_range")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_rule_setting_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_rule_setting")),
    )
    op.create_index(
        "ix_rule_setting_pack",
        "rule_setting",
        ["district_code", "pack", "valid_from"],
        unique=False,
    )
    op.execute(
        "CREATE TRIGGER keep_history AFTER UPDATE OR DELETE ON rule_setting"
        " FOR EACH ROW EXECUTE FUNCTION keep_history()"
    )
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON rule_setting_history FROM {quoted}")


def downgrade() -> None:
    op.drop_index("ix_rule_setting_pack", table_name="rule_setting")
    op.drop_table("rule_setting")
    op.drop_table("roster_import")
    op.drop_table("rule_setting_history")
