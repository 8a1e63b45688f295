"""Restructurings, what they change, and what happened to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("restructuring", "restructuring_event", "restructuring_subject")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)
KINDS = "('district_committee', 'working_committee', 'party_committee', 'general_branch', 'party_branch', 'joint_branch', 'temporary_branch', 'party_group')"
STATES = """CASE status
WHEN 'draft' THEN num_nonnulls(submitted_by, decided_on, applied_on) = 0
WHEN 'submitted' THEN submitted_by IS NOT NULL AND num_nonnulls(decided_on, applied_on) = 0
WHEN 'approved' THEN num_nonnulls(submitted_by, decided_on) = 2 AND applied_on IS NULL
WHEN 'rejected' THEN submitted_by IS NOT NULL AND num_nonnulls(decided_on, applied_on) = 0
WHEN 'withdrawn' THEN applied_on IS NULL
ELSE num_nonnulls(submitted_by, decided_on, applied_on, changed_at, journal) = 5
END"""


def _to(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["district_code", column],
        ["organization.district_code", "organization.id"],
        name=op.f(f"fk_{table}_district_code_{column}"),
    )


def _to_restructuring(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["district_code", "restructuring_id"],
        ["restructuring.district_code", "restructuring.id"],
        name=op.f(f"fk_{table}_district_code_restructuring_id"),
    )


def upgrade() -> None:
    op.create_table(
        "restructuring",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("above_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=400), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("actions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("finding_organization_id", sa.Uuid(), nullable=True),
        sa.Column("finding_rule", sa.String(length=50), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("applied_on", sa.Date(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "journal", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'submitted', 'approved', 'applied', 'reversed', 'rejected', 'withdrawn')",
            name=op.f("ck_restructuring_status"),
        ),
        sa.CheckConstraint(STATES, name=op.f("ck_restructuring_facts_of_status")),
        sa.CheckConstraint(
            "num_nonnulls(document, decided_on, decided_by, approved_at) IN (0, 4)",
            name=op.f("ck_restructuring_decision"),
        ),
        sa.CheckConstraint(
            "decided_by <> proposed_by AND decided_by <> submitted_by",
            name=op.f("ck_restructuring_two_accounts"),
        ),
        sa.CheckConstraint("applied_on >= effective_on", name=op.f("ck_restructuring_applied_on")),
        sa.CheckConstraint(
            "(finding_organization_id IS NULL) = (finding_rule IS NULL)",
            name=op.f("ck_restructuring_finding"),
        ),
        _to("restructuring", "organization_id"),
        _to("restructuring", "above_id"),
        _to("restructuring", "finding_organization_id"),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_restructuring_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_restructuring")),
    )
    op.create_index(
        "ix_restructuring_effective_on",
        "restructuring",
        ["district_code", "effective_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_restructuring_organization",
        "restructuring",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_table(
        "restructuring_event",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("restructuring_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "step IN ('proposed', 'submitted', 'approved', 'rejected', 'withdrawn', 'applied', 'reversed')",
            name=op.f("ck_restructuring_event_step"),
        ),
        _to_restructuring("restructuring_event"),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_restructuring_event")),
    )
    op.create_index(
        "ix_restructuring_event_restructuring",
        "restructuring_event",
        ["district_code", "restructuring_id", "id"],
        unique=False,
    )
    op.create_table(
        "restructuring_subject",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("restructuring_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_kind", sa.String(length=30), nullable=True),
        sa.Column("to_kind", sa.String(length=30), nullable=True),
        sa.CheckConstraint(
            "action IN ('convert', 'dissolve', 'found', 'merge', 'move', 'redraw', 'split')",
            name=op.f("ck_restructuring_subject_action"),
        ),
        sa.CheckConstraint(
            f"from_kind IN {KINDS}", name=op.f("ck_restructuring_subject_from_kind")
        ),
        sa.CheckConstraint(f"to_kind IN {KINDS}", name=op.f("ck_restructuring_subject_to_kind")),
        sa.CheckConstraint(
            "(action = 'convert') = (num_nonnulls(from_kind, to_kind) = 2)",
            name=op.f("ck_restructuring_subject_kinds"),
        ),
        _to_restructuring("restructuring_subject"),
        _to("restructuring_subject", "organization_id"),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_restructuring_subject")),
    )
    op.create_index(
        "ix_restructuring_subject_restructuring",
        "restructuring_subject",
        ["district_code", "restructuring_id"],
        unique=False,
    )
    op.create_index(
        "ix_restructuring_subject_organization",
        "restructuring_subject",
        ["district_code", "organization_id"],
        unique=False,
    )
    # an organisation may end on the day on which its records begin
    op.drop_constraint(op.f("ck_organization_state_valid_range"), "organization_state")
    op.create_check_constraint(
        op.f("ck_organization_state_valid_range"),
        "organization_state",
        "valid_from < valid_to OR (is_end AND valid_from = valid_to)",
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DELETE FROM organization_state WHERE valid_from = valid_to")
    op.drop_constraint(op.f("ck_organization_state_valid_range"), "organization_state")
    op.create_check_constraint(
        op.f("ck_organization_state_valid_range"), "organization_state", "valid_from < valid_to"
    )
