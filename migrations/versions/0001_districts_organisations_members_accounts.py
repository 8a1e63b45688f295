"""Districts, organisations, members, accounts; the application's role and what it may do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


KEEP_HISTORY = """
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
  EXECUTE format('INSERT INTO %I SELECT ($1).*', TG_TABLE_NAME || '_history') USING OLD;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {quoted}"
    )
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {quoted}")
    op.execute(f"GRANT SELECT ON alembic_version TO {quoted}")
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=50), nullable=False),
        sa.Column("username_key", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username_key", name=op.f("uq_account_username_key")),
    )
    op.create_table(
        "district",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("last_label", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name=op.f("ck_district_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_district")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("account_id", "path", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(
        op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False
    )
    op.create_table(
        "membership_history",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    )
    op.create_table(
        "organization_state_history",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(length=200, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("sector", sa.String(length=30), nullable=True),
        sa.Column("is_grid", sa.Boolean(), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("term_started_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.Column("is_end", sa.Boolean(), nullable=False),
        sa.Column("end_decision", sa.String(length=200), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
    )
    op.create_table(
        "member",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("name_key", sa.String(length=400, collation="C"), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("search_tokens", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("ethnicity", sa.String(length=2), nullable=False),
        sa.Column("id_number_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_masked", sa.String(length=18), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("education", sa.String(length=20), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("full_on", sa.Date(), nullable=True),
        sa.Column("phone_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_masked", sa.String(length=11), nullable=True),
        sa.Column("is_mobile", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("born_on >= '1900-01-01'", name=op.f("ck_member_born_on")),
        sa.CheckConstraint(
            "education IN ('postgraduate', 'bachelor', 'junior_college', 'vocational', 'senior_high', 'junior_high', 'primary', 'other')",
            name=op.f("ck_member_education"),
        ),
        sa.CheckConstraint("ethnicity ~ '^[0-9]{2}$'", name=op.f("ck_member_ethnicity")),
        sa.CheckConstraint("name <> '' AND name = btrim(name)", name=op.f("ck_member_name")),
        sa.CheckConstraint("sex IN ('male', 'female')", name=op.f("ck_member_sex")),
        sa.CheckConstraint("full_on >= joined_on", name=op.f("ck_member_full_on")),
        sa.CheckConstraint("joined_on > born_on", name=op.f("ck_member_joined_on")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_member_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_member")),
        sa.UniqueConstraint(
            "district_code", "id_number_index", name=op.f("uq_member_district_code_id_number_index")
        ),
    )
    op.create_index(
        "ix_member_name_key", "member", ["district_code", "name_key", "id"], unique=False
    )
    op.create_index(
        "ix_member_phone_index", "member", ["district_code", "phone_index"], unique=False
    )
    op.create_index(
        "ix_member_search_tokens", "member", ["search_tokens"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "organization",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_organization_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_organization")),
        sa.UniqueConstraint(
            "district_code", "label", name=op.f("uq_organization_district_code_label")
        ),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"], unique=False)
    op.create_index(op.f("ix_sign_in_expires_at"), "sign_in", ["expires_at"], unique=False)
    op.create_table(
        "account_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('system_admin', 'security_admin', 'audit_admin', 'department_admin', 'organization_clerk', 'organization_reader', 'member')",
            name=op.f("ck_account_grant_role"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_grant_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_account_grant_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_account_grant_district_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_grant")),
    )
    op.create_index(
        op.f("ix_account_grant_account_id"), "account_grant", ["account_id"], unique=False
    )
    op.create_table(
        "membership",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "valid",
            postgresql.DATERANGE(),
            sa.Computed("daterange(valid_from, valid_to)", persisted=True),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("member_id"), "="),
            (sa.column("valid"), "&&"),
            (sa.column("district_code"), "="),
            where=sa.text("valid_from > '-infinity'"),
            using="gist",
            name="ex_membership_one_at_a_time",
        ),
        sa.CheckConstraint(
            "category IN ('full', 'probationary')", name=op.f("ck_membership_category")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'rights_suspended', 'under_party_probation', 'rectifying', 'membership_suspended', 'transferred_out', 'deceased', 'withdrawn', 'struck_off', 'expelled', 'probation_cancelled')",
            name=op.f("ck_membership_status"),
        ),
        sa.CheckConstraint("valid_from > '-infinity'", name=op.f("ck_membership_valid_from")),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_membership_valid_range")),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_membership_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_membership_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_membership")),
    )
    op.create_index(
        "ix_membership_member",
        "membership",
        ["district_code", "member_id", "valid_from"],
        unique=False,
    )
    op.create_index(
        "ix_membership_organization",
        "membership",
        ["district_code", "organization_id", "valid_from"],
        unique=False,
    )
    op.create_table(
        "organization_state",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(length=200, collation="C"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("sector", sa.String(length=30), nullable=True),
        sa.Column("is_grid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("term_started_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.Column("is_end", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("end_decision", sa.String(length=200), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "valid",
            postgresql.DATERANGE(),
            sa.Computed("daterange(valid_from, valid_to)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("name"), "="),
            (sa.column("valid"), "&&"),
            (sa.column("district_code"), "="),
            where=sa.text("valid_from > '-infinity' AND kind <> 'party_group'"),
            using="gist",
            name="ex_organization_state_name",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("organization_id"), "="),
            (sa.column("valid"), "&&"),
            (sa.column("district_code"), "="),
            where=sa.text("valid_from > '-infinity'"),
            using="gist",
            name="ex_organization_state_one_at_a_time",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("parent_id"), "="),
            (sa.column("name"), "="),
            (sa.column("valid"), "&&"),
            (sa.column("district_code"), "="),
            where=sa.text("valid_from > '-infinity' AND kind = 'party_group'"),
            using="gist",
            name="ex_organization_state_group_name",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("path"), "="),
            (sa.column("valid"), "&&"),
            (sa.column("district_code"), "="),
            where=sa.text("valid_from > '-infinity'"),
            using="gist",
            name="ex_organization_state_path",
        ),
        sa.CheckConstraint(
            "(kind = 'district_committee') = (parent_id IS NULL)",
            name=op.f("ck_organization_state_only_the_root_is_parentless"),
        ),
        sa.CheckConstraint(
            "NOT is_grid OR kind IN ('party_branch', 'joint_branch')",
            name=op.f("ck_organization_state_grid"),
        ),
        sa.CheckConstraint(
            "kind IN ('district_committee', 'working_committee', 'party_committee', 'general_branch', 'party_branch', 'joint_branch', 'temporary_branch', 'party_group')",
            name=op.f("ck_organization_state_kind"),
        ),
        sa.CheckConstraint(
            "name <> '' AND name = btrim(name)", name=op.f("ck_organization_state_name")
        ),
        sa.CheckConstraint("path ~ '^([1-9][0-9]*\\.)+$'", name=op.f("ck_organization_state_path")),
        sa.CheckConstraint(
            "sector IN ('street', 'community', 'township', 'village', 'agency', 'public_institution', 'state_enterprise', 'private_enterprise', 'social_organization', 'new_sector')",
            name=op.f("ck_organization_state_sector"),
        ),
        sa.CheckConstraint("term_started_on < due_on", name=op.f("ck_organization_state_term")),
        sa.CheckConstraint(
            "valid_from > '-infinity'", name=op.f("ck_organization_state_valid_from")
        ),
        sa.CheckConstraint("valid_from < valid_to", name=op.f("ck_organization_state_valid_range")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_organization_state_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "parent_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_organization_state_district_code_parent_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_organization_state")),
    )
    op.create_index(
        "ix_organization_state_parent",
        "organization_state",
        ["district_code", "parent_id"],
        unique=False,
    )
    op.create_index(
        "ix_organization_state_path", "organization_state", ["district_code", "path"], unique=False
    )
    op.create_index(
        "ix_organization_state_subject",
        "organization_state",
        ["district_code", "organization_id", "valid_from"],
        unique=False,
    )
    op.create_table(
        "token",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('access', 'refresh')", name=op.f("ck_token_kind")),
        sa.ForeignKeyConstraint(
            ["sign_in_id"], ["sign_in.id"], name=op.f("fk_token_sign_in_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_token")),
    )
    op.create_index("ix_token_sign_in_id", "token", ["sign_in_id"], unique=False)
    op.execute(KEEP_HISTORY)
    for table in ("organization_state", "membership"):
        op.execute(
            f"CREATE TRIGGER keep_history AFTER UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
        # history is written by the trigger, which runs as the owner, and by nobody else
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table}_history FROM {quoted}")


def downgrade() -> None:
    op.drop_index("ix_token_sign_in_id", table_name="token")
    op.drop_table("token")
    op.drop_index("ix_organization_state_subject", table_name="organization_state")
    op.drop_index("ix_organization_state_path", table_name="organization_state")
    op.drop_index("ix_organization_state_parent", table_name="organization_state")
    op.drop_table("organization_state")
    op.drop_index("ix_membership_organization", table_name="membership")
    op.drop_index("ix_membership_member", table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_account_grant_account_id"), table_name="account_grant")
    op.drop_table("account_grant")
    op.drop_index(op.f("ix_sign_in_expires_at"), table_name="sign_in")
    op.drop_index(op.f("ix_sign_in_account_id"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("organization")
    op.drop_index("ix_member_search_tokens", table_name="member", postgresql_using="gin")
    op.drop_index("ix_member_phone_index", table_name="member")
    op.drop_index("ix_member_name_key", table_name="member")
    op.drop_table("member")
    op.drop_table("organization_state_history")
    op.drop_table("membership_history")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("district")
    op.drop_table("account")
    op.execute("DROP FUNCTION keep_history()")
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
        f" REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM {quoted}"
    )
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM {quoted}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {quoted}")
    op.execute("DROP EXTENSION btree_gist")
