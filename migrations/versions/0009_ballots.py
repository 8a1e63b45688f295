"""Secret ballots."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("ballot_box", "ballot_voter", "ballot")
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def _application() -> str:
    role = op.get_context().config.attributes["application_role"]
    return op.get_bind().dialect.identifier_preparer.quote(role)


def upgrade() -> None:
    op.create_table(
        "ballot_box",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("organization_name", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("position", sa.String(length=20), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("allows_write_ins", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("voters_due", sa.Integer(), nullable=False),
        sa.Column("voters_voted", sa.Integer(), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("head", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "position IN ('committee_member', 'secretary', 'deputy_secretary')",
            name=op.f("ck_ballot_box_position"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'closed', 'voided')", name=op.f("ck_ballot_box_status")
        ),
        sa.CheckConstraint("seats BETWEEN 1 AND 30", name=op.f("ck_ballot_box_seats")),
        sa.CheckConstraint(
            "title <> '' AND title = btrim(title)", name=op.f("ck_ballot_box_title")
        ),
        sa.CheckConstraint(
            "voters_voted BETWEEN 0 AND voters_due", name=op.f("ck_ballot_box_voters")
        ),
        sa.CheckConstraint(
            "(status = 'open') = (num_nonnulls(voters_voted, closed_by, closed_on) = 0)"
            " AND num_nonnulls(voters_voted, closed_by, closed_on) IN (0, 3)",
            name=op.f("ck_ballot_box_ended"),
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (num_nonnulls(head, signature) = 2)"
            " AND num_nonnulls(head, signature) IN (0, 2)",
            name=op.f("ck_ballot_box_sealed"),
        ),
        sa.CheckConstraint(
            "(status = 'voided') = (reason IS NOT NULL)", name=op.f("ck_ballot_box_reason")
        ),
        sa.CheckConstraint("closed_on >= opened_on", name=op.f("ck_ballot_box_closed_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_ballot_box_district_code_organization_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_ballot_box")),
    )
    op.create_index(
        "ix_ballot_box_organization", "ballot_box", ["district_code", "organization_id"]
    )
    op.create_index("ix_ballot_box_opened_on", "ballot_box", ["district_code", "opened_on", "id"])
    op.create_table(
        "ballot_voter",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("box_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("has_voted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_code", "box_id"],
            ["ballot_box.district_code", "ballot_box.id"],
            name=op.f("fk_ballot_voter_district_code_box_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_ballot_voter_district_code_member_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_code", "box_id", "member_id", name=op.f("pk_ballot_voter")
        ),
    )
    op.create_index("ix_ballot_voter_member", "ballot_voter", ["district_code", "member_id"])
    op.create_table(
        "ballot",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("box_id", sa.Uuid(), nullable=False),
        sa.Column("choices", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("write_ins", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_code", "box_id"],
            ["ballot_box.district_code", "ballot_box.id"],
            name=op.f("fk_ballot_district_code_box_id"),
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_ballot")),
    )
    op.create_index("ix_ballot_box", "ballot", ["district_code", "box_id"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")
    # a ballot is put in and taken out, never changed
    op.execute(f"REVOKE UPDATE ON ballot FROM {_application()}")
    op.execute(f"REVOKE DELETE ON ballot_box FROM {_application()}")
    # what the close replaced is swept soon: old rows still know who wrote them
    for table in ("ballot", "ballot_voter"):
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0,"
            " autovacuum_vacuum_threshold = 0)"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
