"""Transfers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)
STATES = """CASE status
WHEN 'requested' THEN num_nonnulls(released_on, ended_on, end_reason, ground) = 0
WHEN 'released' THEN released_on IS NOT NULL AND num_nonnulls(ended_on, end_reason, ground) = 0
WHEN 'accepted' THEN num_nonnulls(released_on, ended_on, ended_by) = 3
 AND num_nonnulls(end_reason, ground) = 0
WHEN 'rejected' THEN num_nonnulls(ended_on, ended_by, end_reason, ground) = 4
WHEN 'withdrawn' THEN num_nonnulls(ended_on, ended_by, end_reason) = 3 AND ground IS NULL
WHEN 'expired' THEN num_nonnulls(released_on, ended_on) = 2
 AND num_nonnulls(end_reason, ground) = 0
WHEN 'lapsed' THEN num_nonnulls(ended_on, end_reason) = 2 AND ground IS NULL
END"""
LETTER = (
    "num_nonnulls(released_on, released_by, valid_until) IN (0, 3) AND valid_until >= released_on"
    " AND valid_until <= (released_on + interval '3 months')::date"
)
CHECKS = {
    "category": "category IN ('full', 'probationary')",
    "status": (
        "status IN ('requested', 'released', 'accepted', 'rejected', 'withdrawn', 'expired',"
        " 'lapsed')"
    ),
    "ground": (
        "ground IN ('not_responsible', 'no_fixed_place', 'facts_differ', 'under_investigation')"
    ),
    "reminder": "reminder IN ('release_soon', 'release_overdue', 'accept_soon')",
    "from_organization": (
        "(from_organization_id IS NOT NULL) = (from_district_code = district_code)"
    ),
    "to_organization": (
        "(to_organization_id IS NOT NULL) = coalesce(to_district_code = district_code, false)"
    ),
    "own_side": "num_nonnulls(from_organization_id, to_organization_id) > 0",
    "two_organizations": "from_organization_id <> to_organization_id",
    "member": (
        "(member_id IS NOT NULL) = (from_organization_id IS NOT NULL OR status = 'accepted')"
    ),
    "twin": (
        "(twin_id IS NOT NULL) = (released_on IS NOT NULL AND"
        " coalesce(from_district_code <> to_district_code, false))"
    ),
    "history": "history IS NULL OR from_organization_id IS NULL",
    "names": "member_name <> '' AND to_organization_name <> ''",
    "dates_of_status": STATES,
    "letter": LETTER,
    "letter_to_outside": (
        "to_district_code IS NOT NULL OR released_on IS NULL OR letter_number IS NOT NULL"
    ),
    "order": "released_on >= requested_on AND ended_on >= requested_on",
    "two_accounts": "released_by <> requested_by",
}


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("twin_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("member_name", sa.String(length=50), nullable=False),
        sa.Column("id_number_masked", sa.String(length=18), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("from_district_code", sa.String(length=6), nullable=False),
        sa.Column("from_organization_id", sa.Uuid(), nullable=True),
        sa.Column("from_organization_name", sa.String(length=100), nullable=False),
        sa.Column("to_district_code", sa.String(length=6), nullable=True),
        sa.Column("to_organization_id", sa.Uuid(), nullable=True),
        sa.Column("to_organization_name", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("release_due_on", sa.Date(), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("letter_number", sa.String(length=50), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ground", sa.String(length=30), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=True),
        sa.Column("receipt_number", sa.String(length=50), nullable=True),
        sa.Column("history", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("reminder", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        *(sa.CheckConstraint(c, name=op.f(f"ck_transfer_{n}")) for n, c in CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_transfer_district_code_member_id"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["district_code", column],
                ["organization.district_code", "organization.id"],
                name=op.f(f"fk_transfer_district_code_{column}"),
            )
            for column in ("from_organization_id", "to_organization_id")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_transfer")),
    )
    op.create_index(
        "uq_transfer_pending",
        "transfer",
        ["district_code", "member_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('requested', 'released')"),
    )
    op.create_index("ix_transfer_member", "transfer", ["district_code", "member_id"])
    op.create_index("ix_transfer_from", "transfer", ["district_code", "from_organization_id"])
    op.create_index("ix_transfer_to", "transfer", ["district_code", "to_organization_id"])
    op.create_index("ix_transfer_requested_on", "transfer", ["district_code", "requested_on", "id"])
    op.execute("ALTER TABLE transfer ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_the_district ON transfer USING ({IN_SCOPE})")


def downgrade() -> None:
    op.drop_table("transfer")
