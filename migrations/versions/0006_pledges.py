"""Pledges, their evidence and what happened to them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OF_A_DISTRICT = ("pledge", "pledge_evidence", "pledge_event")
# in a sub-select: asked once a statement, and usable by an index
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)
DATES = """CASE status
WHEN 'draft' THEN num_nonnulls(published_on, completed_on, confirmed_on, withdrawn_on) = 0
WHEN 'published' THEN published_on IS NOT NULL
 AND num_nonnulls(completed_on, confirmed_on, withdrawn_on) = 0
WHEN 'completed' THEN num_nonnulls(published_on, completed_on) = 2
 AND num_nonnulls(confirmed_on, withdrawn_on) = 0
WHEN 'confirmed' THEN num_nonnulls(published_on, completed_on, confirmed_on) = 3
 AND withdrawn_on IS NULL
WHEN 'withdrawn' THEN num_nonnulls(withdrawn_on, reason) = 2
 AND num_nonnulls(completed_on, confirmed_on) = 0
END"""


def upgrade() -> None:
    op.create_table(
        "pledge",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pledger_kind", sa.String(length=20), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("content", sa.String(length=2000), nullable=True),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("completed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(pledger_kind = 'member') = (member_id IS NOT NULL)",
            name=op.f("ck_pledge_member_of_its_kind"),
        ),
        sa.CheckConstraint(DATES, name=op.f("ck_pledge_dates_of_status")),
        sa.CheckConstraint(
            "category IN ('services', 'party_building', 'development', 'livelihood', 'other')",
            name=op.f("ck_pledge_category"),
        ),
        sa.CheckConstraint(
            "due_on >= '1900-01-01' AND due_on < '2200-01-01'", name=op.f("ck_pledge_due_on")
        ),
        sa.CheckConstraint(
            "pledger_kind IN ('organization', 'member')", name=op.f("ck_pledge_pledger_kind")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'completed', 'confirmed', 'withdrawn')",
            name=op.f("ck_pledge_status"),
        ),
        sa.CheckConstraint("title <> '' AND title = btrim(title)", name=op.f("ck_pledge_title")),
        sa.CheckConstraint(
            "(completed_on IS NULL) = (completed_by IS NULL)", name=op.f("ck_pledge_completed_by")
        ),
        sa.CheckConstraint(
            "(confirmed_on IS NULL) = (confirmed_by IS NULL)", name=op.f("ck_pledge_confirmed_by")
        ),
        sa.CheckConstraint("completed_by <> confirmed_by", name=op.f("ck_pledge_two_accounts")),
        sa.CheckConstraint(
            "published_on <= completed_on AND completed_on <= confirmed_on AND published_on <= withdrawn_on",
            name=op.f("ck_pledge_dates_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_pledge_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_pledge_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_pledge")),
    )
    op.create_index("ix_pledge_due_on", "pledge", ["district_code", "due_on", "id"], unique=False)
    op.create_index("ix_pledge_member", "pledge", ["district_code", "member_id"], unique=False)
    op.create_index(
        "ix_pledge_organization", "pledge", ["district_code", "organization_id"], unique=False
    )
    op.create_table(
        "pledge_event",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind IN ('returned', 'withdrawn')) = (reason IS NOT NULL)",
            name=op.f("ck_pledge_event_reason"),
        ),
        sa.CheckConstraint(
            "kind IN ('recorded', 'published', 'completed', 'returned', 'confirmed', 'withdrawn')",
            name=op.f("ck_pledge_event_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "pledge_id"],
            ["pledge.district_code", "pledge.id"],
            name=op.f("fk_pledge_event_district_code_pledge_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_pledge_event")),
    )
    op.create_index(
        "ix_pledge_event_pledge", "pledge_event", ["district_code", "pledge_id", "id"], unique=False
    )
    op.create_table(
        "pledge_evidence",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=True),
        sa.Column("image_key", sa.String(length=200), nullable=True),
        sa.Column("media_type", sa.String(length=20), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png', 'image/webp')",
            name=op.f("ck_pledge_evidence_media_type"),
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_pledge_evidence_text")),
        sa.CheckConstraint(
            "(text IS NULL) <> (image_key IS NULL)", name=op.f("ck_pledge_evidence_text_or_image")
        ),
        sa.CheckConstraint(
            "num_nonnulls(image_key, media_type, size) IN (0, 3) AND size > 0",
            name=op.f("ck_pledge_evidence_image"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "pledge_id"],
            ["pledge.district_code", "pledge.id"],
            name=op.f("fk_pledge_evidence_district_code_pledge_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_pledge_evidence")),
    )
    op.create_index(
        "ix_pledge_evidence_pledge",
        "pledge_evidence",
        ["district_code", "pledge_id", "id"],
        unique=False,
    )
    for table in OF_A_DISTRICT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"REVOKE UPDATE, DELETE ON pledge_event FROM {quoted}")


def downgrade() -> None:
    op.drop_table("pledge_event")
    op.drop_table("pledge_evidence")
    op.drop_table("pledge")
