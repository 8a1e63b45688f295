"""Messages to those whom something concerns, reminders of elections, feeds of the calendar."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("message", "wechat_notice", "election_reminder")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=300), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('admission', 'election', 'restructuring', 'transfer')",
            name=op.f("ck_message_kind"),
        ),
        sa.CheckConstraint("title_zh <> '' AND title_en <> ''", name=op.f("ck_message_title")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_message_account_id")),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_message_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_account", "message", ["account_id", "id"])
    op.add_column("account", sa.Column("wechat_cipher", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(
        op.f("ck_account_wechat_cipher"),
        "account",
        "wechat_cipher IS NULL OR wechat_index IS NOT NULL",
    )
    op.create_table(
        "wechat_consent",
        sa.Column("wechat_index", sa.LargeBinary(), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.CheckConstraint("remaining BETWEEN 0 AND 20", name=op.f("ck_wechat_consent_remaining")),
        sa.PrimaryKeyConstraint("wechat_index", "template_id", name=op.f("pk_wechat_consent")),
    )
    op.create_table(
        "wechat_notice",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("wechat_index", sa.LargeBinary(), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'sending', 'sent', 'refused', 'failed', 'unknown')",
            name=op.f("ck_wechat_notice_status"),
        ),
        sa.CheckConstraint("(tries = 0) = (tried_at IS NULL)", name=op.f("ck_wechat_notice_tries")),
        sa.ForeignKeyConstraint(
            ["district_code", "message_id"],
            ["message.district_code", "message.id"],
            name=op.f("fk_wechat_notice_district_code_message_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "message_id", name=op.f("pk_wechat_notice")),
    )
    op.create_index(
        "ix_wechat_notice_left",
        "wechat_notice",
        ["district_code", "message_id"],
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.create_table(
        "election_reminder",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("falls_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('due', 'overdue', 'soon')", name=op.f("ck_election_reminder_kind")
        ),
        sa.CheckConstraint("sent_on >= falls_on", name=op.f("ck_election_reminder_sent_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_election_reminder_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_code",
            "organization_id",
            "due_on",
            "falls_on",
            name=op.f("pk_election_reminder"),
        ),
    )
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("district_code", sa.String(length=6), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "num_nonnulls(district_code, organization_id) IN (0, 2)",
            name=op.f("ck_calendar_feed_place"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_calendar_feed_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    op.create_index(op.f("ix_calendar_feed_account_id"), "calendar_feed", ["account_id"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    op.drop_table("calendar_feed")
    op.drop_table("election_reminder")
    op.drop_table("wechat_notice")
    op.drop_table("wechat_consent")
    op.drop_constraint(op.f("ck_account_wechat_cipher"), "account")
    op.drop_column("account", "wechat_cipher")
    op.drop_table("message")
