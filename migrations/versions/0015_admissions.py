"""Admissions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("admission", "admission_step")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "admission",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("sex", sa.String(length=10), nullable=False),
        sa.Column("ethnicity", sa.String(length=2), nullable=False),
        sa.Column("education", sa.String(length=20), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("id_number_cipher", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_masked", sa.String(length=18), nullable=False),
        sa.Column("phone_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("phone_masked", sa.String(length=11), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("is_pending", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("activist_on", sa.Date(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("meeting_on", sa.Date(), nullable=True),
        sa.Column("probation_ends_on", sa.Date(), nullable=True),
        sa.Column("extension_months", sa.Integer(), nullable=True),
        sa.Column("extended_by", sa.Uuid(), nullable=True),
        sa.Column("extension_document", sa.String(length=200), nullable=True),
        sa.Column("conversion_meeting_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("reminded", sa.String(length=60), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'completed') = (step = 25)", name=op.f("ck_admission_completed")
        ),
        sa.CheckConstraint(
            "(status = 'open') = (num_nonnulls(closed_on, closed_by) = 0) AND (status = 'terminated') = (reason IS NOT NULL)",
            name=op.f("ck_admission_closed"),
        ),
        sa.CheckConstraint(
            "education IN ('postgraduate', 'bachelor', 'junior_college', 'vocational', 'senior_high', 'junior_high', 'primary', 'other')",
            name=op.f("ck_admission_education"),
        ),
        sa.CheckConstraint("ethnicity ~ '^[0-9]{2}$'", name=op.f("ck_admission_ethnicity")),
        sa.CheckConstraint("name <> '' AND name = btrim(name)", name=op.f("ck_admission_name")),
        sa.CheckConstraint("sex IN ('male', 'female')", name=op.f("ck_admission_sex")),
        sa.CheckConstraint(
            "stage IN ('applicant', 'activist', 'development_target', 'admission', 'probation', 'converted')",
            name=op.f("ck_admission_stage"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'completed', 'terminated')", name=op.f("ck_admission_status")
        ),
        sa.CheckConstraint(
            "applied_on > born_on AND last_on >= applied_on", name=op.f("ck_admission_dates")
        ),
        sa.CheckConstraint(
            "extension_months BETWEEN 6 AND 12 AND (extension_months IS NULL) = (extended_by IS NULL)",
            name=op.f("ck_admission_extension"),
        ),
        sa.CheckConstraint(
            "step < 17 OR num_nonnulls(member_id, probation_ends_on) = 2",
            name=op.f("ck_admission_member"),
        ),
        sa.CheckConstraint("step BETWEEN 1 AND 25", name=op.f("ck_admission_step")),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_admission_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_admission_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_admission")),
    )
    op.create_index(
        "ix_admission_applied_on", "admission", ["district_code", "applied_on", "id"], unique=False
    )
    op.create_index(
        "ix_admission_member", "admission", ["district_code", "member_id"], unique=False
    )
    op.create_index(
        "ix_admission_organization",
        "admission",
        ["district_code", "organization_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_admission_one_open",
        "admission",
        ["district_code", "id_number_index"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "admission_step",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("admission_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("papers", postgresql.ARRAY(sa.String(length=30)), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("warning", sa.String(length=50), nullable=True),
        sa.Column("first_member_id", sa.Uuid(), nullable=True),
        sa.Column("second_member_id", sa.Uuid(), nullable=True),
        sa.Column("training_days", sa.Integer(), nullable=True),
        sa.Column("training_hours", sa.Integer(), nullable=True),
        sa.Column("leaving_on", sa.Date(), nullable=True),
        sa.Column("votes_due", sa.Integer(), nullable=True),
        sa.Column("present", sa.Integer(), nullable=True),
        sa.Column("yes_present", sa.Integer(), nullable=True),
        sa.Column("yes_written", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.Column("decision_reason", sa.String(length=200), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("returned_by", sa.Uuid(), nullable=True),
        sa.Column("return_reason", sa.String(length=200), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "papers <@ ARRAY['admission_form', 'application', 'approval_request', 'autobiography', 'conversion_application', 'file', 'filing_report', 'meeting_resolution', 'observation_form', 'opinions', 'political_review', 'precheck_report', 'recommendation', 'talk_record', 'training_certificate']::varchar[]",
            name=op.f("ck_admission_step_papers"),
        ),
        sa.CheckConstraint(
            "(decided_on IS NULL) = (decided_by IS NULL) AND decided_on >= done_on AND (decided_on IS NULL OR step IN (4, 8, 13, 17, 18, 24))",
            name=op.f("ck_admission_step_decided"),
        ),
        sa.CheckConstraint(
            "(step = 11) = (num_nonnulls(training_days, training_hours) = 2) AND training_days >= 0 AND training_hours >= 0",
            name=op.f("ck_admission_step_training"),
        ),
        sa.CheckConstraint(
            "(step IN (15, 23)) = (num_nonnulls(votes_due, present, yes_present, yes_written) = 4) AND (step IN (15, 23) OR num_nonnulls(votes_due, present, yes_present, yes_written) = 0) AND present * 2 > votes_due AND present <= votes_due AND yes_present <= present AND (yes_present + yes_written) * 2 > votes_due",
            name=op.f("ck_admission_step_votes"),
        ),
        sa.CheckConstraint(
            "(step IN (5, 9)) = (first_member_id IS NOT NULL) AND (step <> 9 OR second_member_id IS NOT NULL)",
            name=op.f("ck_admission_step_members"),
        ),
        sa.CheckConstraint(
            "decided_by <> recorded_by", name=op.f("ck_admission_step_two_accounts")
        ),
        sa.CheckConstraint(
            "first_member_id <> second_member_id", name=op.f("ck_admission_step_two_members")
        ),
        sa.CheckConstraint(
            "num_nonnulls(returned_on, returned_by, return_reason) IN (0, 3)",
            name=op.f("ck_admission_step_returned"),
        ),
        sa.CheckConstraint("step BETWEEN 1 AND 25", name=op.f("ck_admission_step_step")),
        sa.ForeignKeyConstraint(
            ["district_code", "admission_id"],
            ["admission.district_code", "admission.id"],
            name=op.f("fk_admission_step_district_code_admission_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "first_member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_admission_step_district_code_first_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "second_member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_admission_step_district_code_second_member_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_admission_step")),
    )
    op.create_index(
        "ix_admission_step_admission",
        "admission_step",
        ["district_code", "admission_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_admission_step_once",
        "admission_step",
        ["district_code", "admission_id", "step"],
        unique=True,
        postgresql_where=sa.text("returned_on IS NULL AND step NOT IN (6, 21)"),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
