"""Election cycles, their steps, candidates, tallies; exclusions, extensions, notices, practices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OF_A_DISTRICT = (
    "election_practice",
    "election_cycle",
    "criticism_notice",
    "election_candidate",
    "election_step",
    "election_tally",
    "term_extension",
    "vote_exclusion",
)
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "election_practice",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("needs_precheck", sa.Boolean(), nullable=False),
        sa.Column("needs_publication", sa.Boolean(), nullable=False),
        sa.Column("publication_days", sa.SmallInteger(), nullable=False),
        sa.Column("request_lead_months", sa.SmallInteger(), nullable=False),
        sa.Column("report_within_months", sa.SmallInteger(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "publication_days BETWEEN 0 AND 60 AND request_lead_months BETWEEN 0 AND 12 AND report_within_months BETWEEN 0 AND 12",
            name=op.f("ck_election_practice_limits"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_election_practice_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_election_practice")),
    )
    op.create_table(
        "election_cycle",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("term_started_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("body", sa.String(length=20), nullable=False),
        sa.Column("seats", sa.SmallInteger(), nullable=False),
        sa.Column("secretary_seats", sa.SmallInteger(), nullable=False),
        sa.Column("deputy_seats", sa.SmallInteger(), nullable=False),
        sa.Column("is_scattered", sa.Boolean(), nullable=False),
        sa.Column("term_years", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("allows_early", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "body IN ('member_meeting', 'delegate_congress')", name=op.f("ck_election_cycle_body")
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'requested', 'replied', 'nominated', 'prechecked', 'published', 'held', 'tallied', 'reported', 'approved', 'cancelled')",
            name=op.f("ck_election_cycle_status"),
        ),
        sa.CheckConstraint(
            "seats BETWEEN 0 AND 11 AND secretary_seats = 1 AND deputy_seats BETWEEN 0 AND 5",
            name=op.f("ck_election_cycle_seats"),
        ),
        sa.CheckConstraint("term_started_on < due_on", name=op.f("ck_election_cycle_term")),
        sa.CheckConstraint("term_years BETWEEN 3 AND 5", name=op.f("ck_election_cycle_term_years")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_election_cycle_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_election_cycle_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_election_cycle")),
    )
    op.create_index(
        "ix_election_cycle_due_on",
        "election_cycle",
        ["district_code", "due_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_election_cycle_organization",
        "election_cycle",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_index(
        "uq_election_cycle_open",
        "election_cycle",
        ["district_code", "organization_id"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('approved', 'cancelled')"),
    )
    op.create_table(
        "criticism_notice",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=200), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.String(length=200)), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "cardinality(recipients) BETWEEN 1 AND 20", name=op.f("ck_criticism_notice_recipients")
        ),
        sa.CheckConstraint("cleared_on >= issued_on", name=op.f("ck_criticism_notice_cleared_on")),
        sa.CheckConstraint("issued_on > due_on", name=op.f("ck_criticism_notice_overdue")),
        sa.ForeignKeyConstraint(
            ["district_code", "cycle_id"],
            ["election_cycle.district_code", "election_cycle.id"],
            name=op.f("fk_criticism_notice_district_code_cycle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_criticism_notice_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_criticism_notice")),
    )
    op.create_index(
        "ix_criticism_notice_cycle", "criticism_notice", ["district_code", "cycle_id"], unique=False
    )
    op.create_index(
        "ix_criticism_notice_issued_on",
        "criticism_notice",
        ["district_code", "issued_on", "id"],
        unique=False,
    )
    op.create_index(
        "uq_criticism_notice_open",
        "criticism_notice",
        ["district_code", "organization_id", "due_on"],
        unique=True,
        postgresql_where=sa.text("cleared_on IS NULL"),
    )
    op.create_table(
        "election_candidate",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.String(length=20), nullable=False),
        sa.Column("is_write_in", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_elected", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "position IN ('committee_member', 'secretary', 'deputy_secretary')",
            name=op.f("ck_election_candidate_position"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "cycle_id"],
            ["election_cycle.district_code", "election_cycle.id"],
            name=op.f("fk_election_candidate_district_code_cycle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_election_candidate_district_code_member_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_election_candidate")),
        sa.UniqueConstraint(
            "district_code",
            "cycle_id",
            "position",
            "member_id",
            name=op.f("uq_election_candidate_district_code_cycle_id_position_member_id"),
        ),
    )
    op.create_table(
        "election_step",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("step <> 'planned'", name=op.f("ck_election_step_no_plan")),
        sa.CheckConstraint(
            "step IN ('planned', 'requested', 'replied', 'nominated', 'prechecked', 'published', 'held', 'tallied', 'reported', 'approved', 'cancelled')",
            name=op.f("ck_election_step_step"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "cycle_id"],
            ["election_cycle.district_code", "election_cycle.id"],
            name=op.f("fk_election_step_district_code_cycle_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_election_step")),
    )
    op.create_index(
        "ix_election_step_cycle", "election_step", ["district_code", "cycle_id"], unique=False
    )
    op.create_table(
        "election_tally",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.String(length=20), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("protocol", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("verdict", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "position IN ('committee_member', 'secretary', 'deputy_secretary')",
            name=op.f("ck_election_tally_position"),
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_election_tally_round")),
        sa.ForeignKeyConstraint(
            ["district_code", "cycle_id"],
            ["election_cycle.district_code", "election_cycle.id"],
            name=op.f("fk_election_tally_district_code_cycle_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_election_tally")),
        sa.UniqueConstraint(
            "district_code",
            "cycle_id",
            "position",
            "round",
            name=op.f("uq_election_tally_district_code_cycle_id_position_round"),
        ),
    )
    op.create_table(
        "term_extension",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "until > due_on AND until <= due_on + interval '1 year'",
            name=op.f("ck_term_extension_one_year_at_most"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_term_extension_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_term_extension")),
        sa.UniqueConstraint(
            "district_code",
            "organization_id",
            "due_on",
            name=op.f("uq_term_extension_district_code_organization_id_due_on"),
        ),
    )
    op.create_table(
        "vote_exclusion",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cycle_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.String(length=60), nullable=False),
        sa.Column("superior_consent_number", sa.String(length=200), nullable=False),
        sa.Column("consented_on", sa.Date(), nullable=False),
        sa.Column("consented_by", sa.Uuid(), nullable=False),
        sa.Column("passed_on", sa.Date(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "ground IN ('cannot_express_will', 'self_funded_abroad_over_6_months', 'serving_sentence', 'bedridden_cannot_care_for_self', 'moved_over_6_months_relation_not_transferred', 'retired_returned_home_relation_not_transferred')",
            name=op.f("ck_vote_exclusion_ground"),
        ),
        sa.CheckConstraint("passed_on >= consented_on", name=op.f("ck_vote_exclusion_passed_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "cycle_id"],
            ["election_cycle.district_code", "election_cycle.id"],
            name=op.f("fk_vote_exclusion_district_code_cycle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_vote_exclusion_district_code_member_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_vote_exclusion")),
        sa.UniqueConstraint(
            "district_code",
            "cycle_id",
            "member_id",
            name=op.f("uq_vote_exclusion_district_code_cycle_id_member_id"),
        ),
    )
    for table in OF_A_DISTRICT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(OF_A_DISTRICT):
        op.drop_table(table)
