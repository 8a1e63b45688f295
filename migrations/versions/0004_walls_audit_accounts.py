"""Row-level security by district, the audit, what accounts need, WeChat's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_A_DISTRICT = (
    "organization",
    "organization_state",
    "organization_state_history",
    "member",
    "membership",
    "membership_history",
    "rule_setting",
    "rule_setting_history",
    "roster_import",
    "audit_entry",
    "audit_head",
)
# in a sub-select: asked once a statement, and usable by an index
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)
# The operator of arrays is not leakproof, so below a policy the planner may not use its index.
MEMBERS_NAMED = f"""
CREATE FUNCTION members_named(tokens text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, public AS $$
  SELECT id FROM member WHERE search_tokens @> tokens AND {IN_SCOPE}
$$
"""
ADMINISTRATORS = "role IN ('system_admin', 'security_admin', 'audit_admin')"


def _application() -> str:
    role = op.get_context().config.attributes["application_role"]
    return op.get_bind().dialect.identifier_preparer.quote(role)


def upgrade() -> None:
    _audit()
    _accounts()
    op.create_table(
        "wechat_token",
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("token_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetching_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_wechat_token")),
    )
    op.create_table(
        "wechat_code",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_wechat_code")),
        prefixes=["UNLOGGED"],
    )
    for table in OF_A_DISTRICT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")
    op.execute(MEMBERS_NAMED)
    op.execute("REVOKE EXECUTE ON FUNCTION members_named(text[]) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION members_named(text[]) TO {_application()}")


def _audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("username", sa.String(length=50), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=50), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("target_kind", sa.String(length=30), nullable=True),
        sa.Column("target_id", sa.String(length=60), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'refused', 'failed')", name=op.f("ck_audit_entry_outcome")
        ),
        sa.PrimaryKeyConstraint("district_code", "number", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["district_code", "at"])
    op.create_index("ix_audit_entry_target", "audit_entry", ["district_code", "target_id"])
    op.create_table(
        "audit_head",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("district_code", name=op.f("pk_audit_head")),
    )
    op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM {_application()}")
    op.execute(f"REVOKE DELETE, TRUNCATE ON audit_head FROM {_application()}")


def _accounts() -> None:
    op.add_column("account", sa.Column("home_code", sa.String(length=6), nullable=True))
    op.execute(
        "UPDATE account SET home_code = coalesce((SELECT min(district_code) FROM account_grant"
        " WHERE account_id = account.id), '000000')"
    )
    op.alter_column("account", "home_code", nullable=False)
    op.add_column("account", sa.Column("member_id", sa.Uuid(), nullable=True))
    op.add_column("account", sa.Column("wechat_index", sa.LargeBinary(), nullable=True))
    op.alter_column("account", "password_hash", nullable=True)
    op.create_index(op.f("ix_account_home_code"), "account", ["home_code"])
    op.create_unique_constraint(
        op.f("uq_account_home_code_member_id"), "account", ["home_code", "member_id"]
    )
    op.create_unique_constraint(op.f("uq_account_wechat_index"), "account", ["wechat_index"])
    op.create_check_constraint(op.f("ck_account_home_code"), "account", "home_code ~ '^[0-9]{6}$'")
    op.create_foreign_key(
        op.f("fk_account_home_code_member_id"),
        "account",
        "member",
        ["home_code", "member_id"],
        ["district_code", "id"],
    )
    grant = "account_grant"
    op.alter_column(grant, "district_code", nullable=True)
    op.add_column(grant, sa.Column("prefix", sa.String(length=4), nullable=True))
    op.execute(  # the same grant twice says nothing more
        "DELETE FROM account_grant AS a USING account_grant AS b WHERE a.id > b.id"
        " AND (a.account_id, a.role, a.district_code) = (b.account_id, b.role, b.district_code)"
        " AND a.organization_id IS NOT DISTINCT FROM b.organization_id"
    )
    op.create_unique_constraint(
        "uq_account_grant_once",
        grant,
        ["account_id", "role", "district_code", "organization_id", "prefix"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_exclude_constraint(
        "ex_account_grant_one_administrator",
        grant,
        (sa.column("account_id"), "="),
        (sa.column("role"), "<>"),
        where=sa.text(ADMINISTRATORS),
        using="gist",
    )
    for name, rule in (
        ("place", "num_nonnulls(district_code, prefix) = 1"),
        ("prefix", "prefix ~ '^[0-9]{2}([0-9]{2})?$'"),
        ("district", "organization_id IS NULL OR district_code IS NOT NULL"),
        ("whole_district", f"organization_id IS NULL OR NOT {ADMINISTRATORS}"),
    ):
        op.create_check_constraint(op.f(f"ck_account_grant_{name}"), grant, rule)
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_attempts")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION members_named(text[])")
    for table in OF_A_DISTRICT:
        op.execute(f"DROP POLICY of_the_district ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in ("wechat_code", "wechat_token", "sign_in_attempts", "audit_head", "audit_entry"):
        op.drop_table(table)
    grant = "account_grant"
    op.execute("DELETE FROM account_grant WHERE prefix IS NOT NULL")
    for name in ("place", "prefix", "district", "whole_district"):
        op.drop_constraint(op.f(f"ck_account_grant_{name}"), grant)
    op.drop_constraint("ex_account_grant_one_administrator", grant)
    op.drop_constraint("uq_account_grant_once", grant)
    op.drop_column(grant, "prefix")
    op.alter_column(grant, "district_code", nullable=False)
    op.drop_constraint(op.f("fk_account_home_code_member_id"), "account")
    op.drop_constraint(op.f("ck_account_home_code"), "account")
    op.drop_constraint(op.f("uq_account_wechat_index"), "account")
    op.drop_constraint(op.f("uq_account_home_code_member_id"), "account")
    op.drop_index(op.f("ix_account_home_code"), table_name="account")
    op.execute("UPDATE account SET password_hash = '' WHERE password_hash IS NULL")
    op.alter_column("account", "password_hash", nullable=False)
    for column in ("wechat_index", "member_id", "home_code"):
        op.drop_column("account", column)
