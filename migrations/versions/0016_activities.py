"""Activities, attendance, contests and leaders' archives."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = (
    "activity",
    "contest",
    "leader_archive",
    "activity_attendance",
    "contest_entry",
    "contest_juror",
    "leader_record",
    "contest_score",
)
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "activity",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("hours", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("content", sa.String(length=2000), nullable=True),
        sa.Column("is_published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (reason IS NOT NULL)", name=op.f("ck_activity_reason")
        ),
        sa.CheckConstraint(
            "held_on >= '1900-01-01' AND held_on < '2200-01-01'", name=op.f("ck_activity_held_on")
        ),
        sa.CheckConstraint(
            "kind IN ('member_meeting', 'committee_meeting', 'group_meeting', 'lecture', 'theme_day', 'organization_life_meeting', 'centralized_training', 'village_training', 'two_new_training', 'study_trip', 'lecture_session', 'sports_day', 'charity_visit', 'award_evening', 'other')",
            name=op.f("ck_activity_kind"),
        ),
        sa.CheckConstraint(
            "level IN ('district', 'committee', 'branch')", name=op.f("ck_activity_level")
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'held', 'cancelled')", name=op.f("ck_activity_status")
        ),
        sa.CheckConstraint("title <> '' AND title = btrim(title)", name=op.f("ck_activity_title")),
        sa.CheckConstraint("hours > 0", name=op.f("ck_activity_hours")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_activity_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_activity")),
    )
    op.create_index(
        "ix_activity_held_on", "activity", ["district_code", "held_on", "id"], unique=False
    )
    op.create_index(
        "ix_activity_organization",
        "activity",
        ["district_code", "organization_id", "held_on"],
        unique=False,
    )
    op.create_table(
        "contest",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("drops_extremes", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=50), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "held_on >= '1900-01-01' AND held_on < '2200-01-01'", name=op.f("ck_contest_held_on")
        ),
        sa.CheckConstraint(
            "kind IN ('micro_lecture', 'brand', 'other')", name=op.f("ck_contest_kind")
        ),
        sa.CheckConstraint(
            "num_nonnulls(channel, url, published_on) = CASE WHEN status = 'published' THEN 3 ELSE 0 END",
            name=op.f("ck_contest_published"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'closed', 'published')", name=op.f("ck_contest_status")
        ),
        sa.CheckConstraint("title <> '' AND title = btrim(title)", name=op.f("ck_contest_title")),
        sa.CheckConstraint("url LIKE 'https://%'", name=op.f("ck_contest_url")),
        sa.CheckConstraint("places BETWEEN 1 AND 100", name=op.f("ck_contest_places")),
        sa.CheckConstraint("published_on >= held_on", name=op.f("ck_contest_published_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_contest_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_contest")),
    )
    op.create_index(
        "ix_contest_held_on", "contest", ["district_code", "held_on", "id"], unique=False
    )
    op.create_index(
        "ix_contest_organization", "contest", ["district_code", "organization_id"], unique=False
    )
    op.create_table(
        "leader_archive",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("post", sa.String(length=100), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "opened_on >= '1900-01-01' AND opened_on < '2200-01-01'",
            name=op.f("ck_leader_archive_opened_on"),
        ),
        sa.CheckConstraint(
            "post <> '' AND post = btrim(post)", name=op.f("ck_leader_archive_post")
        ),
        sa.CheckConstraint("closed_on > opened_on", name=op.f("ck_leader_archive_closed_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_leader_archive_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_leader_archive_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_leader_archive")),
    )
    op.create_index(
        "ix_leader_archive_member", "leader_archive", ["district_code", "member_id"], unique=False
    )
    op.create_index(
        "ix_leader_archive_opened_on",
        "leader_archive",
        ["district_code", "opened_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_leader_archive_organization",
        "leader_archive",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_index(
        "uq_leader_archive_open",
        "leader_archive",
        ["district_code", "member_id"],
        unique=True,
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_table(
        "activity_attendance",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("guest", sa.String(length=100), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("is_present", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "guest <> '' AND guest = btrim(guest)", name=op.f("ck_activity_attendance_guest")
        ),
        sa.CheckConstraint(
            "role IN ('attendee', 'speaker', 'leader')", name=op.f("ck_activity_attendance_role")
        ),
        sa.CheckConstraint(
            "source = 'recorded' OR (is_present AND member_id IS NOT NULL)",
            name=op.f("ck_activity_attendance_scanned"),
        ),
        sa.CheckConstraint(
            "source IN ('recorded', 'qr')", name=op.f("ck_activity_attendance_source")
        ),
        sa.CheckConstraint(
            "num_nonnulls(member_id, guest) = 1", name=op.f("ck_activity_attendance_who")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "activity_id"],
            ["activity.district_code", "activity.id"],
            name=op.f("fk_activity_attendance_district_code_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_activity_attendance_district_code_member_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_activity_attendance")),
    )
    op.create_index(
        "ix_activity_attendance_activity",
        "activity_attendance",
        ["district_code", "activity_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_activity_attendance_person",
        "activity_attendance",
        ["district_code", "member_id"],
        unique=False,
    )
    op.create_index(
        "uq_activity_attendance_guest",
        "activity_attendance",
        ["district_code", "activity_id", "guest"],
        unique=True,
        postgresql_where=sa.text("guest IS NOT NULL"),
    )
    op.create_index(
        "uq_activity_attendance_member",
        "activity_attendance",
        ["district_code", "activity_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_table(
        "contest_entry",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("average", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("is_lecturer", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "title <> '' AND title = btrim(title)", name=op.f("ck_contest_entry_title")
        ),
        sa.CheckConstraint(
            "NOT (is_withdrawn AND rank IS NOT NULL)", name=op.f("ck_contest_entry_withdrawn")
        ),
        sa.CheckConstraint(
            "NOT is_lecturer OR num_nonnulls(rank, member_id) = 2",
            name=op.f("ck_contest_entry_lecturer"),
        ),
        sa.CheckConstraint(
            "rank >= 1 AND num_nonnulls(rank, average) <> 1", name=op.f("ck_contest_entry_rank")
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "contest_id"],
            ["contest.district_code", "contest.id"],
            name=op.f("fk_contest_entry_district_code_contest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_contest_entry_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_contest_entry_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_contest_entry")),
    )
    op.create_index(
        "ix_contest_entry_contest",
        "contest_entry",
        ["district_code", "contest_id", "id"],
        unique=False,
    )
    op.create_table(
        "contest_juror",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contest_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("num_nonnulls(member_id, name) = 1", name=op.f("ck_contest_juror_who")),
        sa.ForeignKeyConstraint(
            ["district_code", "contest_id"],
            ["contest.district_code", "contest.id"],
            name=op.f("fk_contest_juror_district_code_contest_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_contest_juror_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_contest_juror_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_contest_juror")),
    )
    op.create_index(
        "ix_contest_juror_contest",
        "contest_juror",
        ["district_code", "contest_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_contest_juror_member", "contest_juror", ["district_code", "member_id"], unique=False
    )
    op.create_table(
        "leader_record",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("archive_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("note <> ''", name=op.f("ck_leader_record_note")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_leader_record_month")),
        sa.CheckConstraint("recorded_on >= month", name=op.f("ck_leader_record_recorded_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "activity_id"],
            ["activity.district_code", "activity.id"],
            name=op.f("fk_leader_record_district_code_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "archive_id"],
            ["leader_archive.district_code", "leader_archive.id"],
            name=op.f("fk_leader_record_district_code_archive_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_leader_record")),
    )
    op.create_index(
        "ix_leader_record_archive",
        "leader_record",
        ["district_code", "archive_id", "month"],
        unique=False,
    )
    op.create_index(
        "ix_leader_record_month", "leader_record", ["district_code", "month", "id"], unique=False
    )
    op.create_table(
        "contest_score",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("juror_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_contest_score_score")),
        sa.ForeignKeyConstraint(
            ["district_code", "entry_id"],
            ["contest_entry.district_code", "contest_entry.id"],
            name=op.f("fk_contest_score_district_code_entry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "juror_id"],
            ["contest_juror.district_code", "contest_juror.id"],
            name=op.f("fk_contest_score_district_code_juror_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_code", "entry_id", "juror_id", name=op.f("pk_contest_score")
        ),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")
    # many rows come at once: whoever fills a district may tell the planner
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT MAINTAIN ON activity, activity_attendance TO {quoted}")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
