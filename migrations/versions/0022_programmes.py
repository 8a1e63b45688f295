"""Programmes: plans, their areas, projects and pilots; and the documents issued under them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("programme", "document")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "programme",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column(
            "period",
            postgresql.DATERANGE(),
            sa.Computed("daterange(starts_on, ends_on, '[]')", persisted=True),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("organization_id"), "="),
            (sa.column("family"), "="),
            (sa.column("name"), "="),
            (sa.column("period"), "&&"),
            (sa.column("district_code"), "="),
            using="gist",
            name="ex_programme_name",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("organization_id"), "="),
            (sa.column("family"), "="),
            (sa.column("period"), "&&"),
            (sa.column("district_code"), "="),
            where=sa.text("family IN ('plan', 'integration_pilot')"),
            using="gist",
            name="ex_programme_alone",
        ),
        sa.CheckConstraint(
            "family IN ('plan', 'plan_area', 'red_project', 'net', 'ization', 'link',"
            " 'integration_pilot')",
            name=op.f("ck_programme_family"),
        ),
        sa.CheckConstraint("name <> '' AND name = btrim(name)", name=op.f("ck_programme_name")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_programme_ends_on")),
        sa.CheckConstraint(
            "starts_on >= '1900-01-01' AND starts_on < '2200-01-01'",
            name=op.f("ck_programme_starts_on"),
        ),
        sa.CheckConstraint(
            "CASE family WHEN 'plan' THEN plan_id IS NULL AND ends_on IS NOT NULL"
            " WHEN 'plan_area' THEN plan_id IS NOT NULL ELSE true END",
            name=op.f("ck_programme_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_programme_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "plan_id"],
            ["programme.district_code", "programme.id"],
            name=op.f("fk_programme_district_code_plan_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_programme")),
    )
    op.create_index("ix_programme_starts_on", "programme", ["district_code", "starts_on", "id"])
    op.create_index("ix_programme_organization", "programme", ["district_code", "organization_id"])
    op.create_index("ix_programme_plan", "programme", ["district_code", "plan_id"])
    op.create_table(
        "document",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("issued_by", sa.String(length=200), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("repealed_on", sa.Date(), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('scheme', 'regulation', 'handbook', 'decision', 'replan_decision')",
            name=op.f("ck_document_kind"),
        ),
        sa.CheckConstraint(
            "topic IN ('urban', 'organ', 'two_new', 'rural', 'grassroots', 'other')",
            name=op.f("ck_document_topic"),
        ),
        sa.CheckConstraint("title <> '' AND title = btrim(title)", name=op.f("ck_document_title")),
        sa.CheckConstraint("number <> ''", name=op.f("ck_document_number")),
        sa.CheckConstraint("issued_by <> ''", name=op.f("ck_document_issued_by")),
        sa.CheckConstraint("repealed_on >= issued_on", name=op.f("ck_document_repealed_on")),
        sa.CheckConstraint(
            "issued_on >= '1900-01-01' AND issued_on < '2200-01-01'",
            name=op.f("ck_document_issued_on"),
        ),
        sa.CheckConstraint("url LIKE 'https://_%'", name=op.f("ck_document_url")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_document_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "programme_id"],
            ["programme.district_code", "programme.id"],
            name=op.f("fk_document_district_code_programme_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_issued_on", "document", ["district_code", "issued_on", "id"])
    op.create_index("ix_document_organization", "document", ["district_code", "organization_id"])
    op.create_index("ix_document_programme", "document", ["district_code", "programme_id"])
    standing = sa.text("repealed_on IS NULL")
    op.create_index(
        "uq_document_number",
        "document",
        ["district_code", "organization_id", "number"],
        unique=True,
        postgresql_where=standing,
    )
    op.create_index(
        "uq_document_title",
        "document",
        ["district_code", "organization_id", "title", "issued_on"],
        unique=True,
        postgresql_where=standing,
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
