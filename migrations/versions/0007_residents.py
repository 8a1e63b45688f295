"""Service posts, claims, records and wishes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OF_A_DISTRICT = ("service_post", "service_claim", "service_record", "wish")
# as in 0004
IN_SCOPE = (
    "district_code = ANY ((SELECT string_to_array(current_setting('hangji.districts', true), ','))"
    "::text[])"
)


def upgrade() -> None:
    op.create_table(
        "service_post",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("hours", sa.String(length=100), nullable=True),
        sa.Column("skills", sa.String(length=200), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column(
            "needs_acceptance", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "category IN ('policy', 'environment', 'care', 'culture', 'safety', 'mediation', 'professional', 'other')",
            name=op.f("ck_service_post_category"),
        ),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_service_post_status")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 1000", name=op.f("ck_service_post_capacity")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_service_post_ends_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_service_post_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_service_post_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_service_post")),
    )
    op.create_index(
        "ix_service_post_organization",
        "service_post",
        ["district_code", "organization_id"],
        unique=False,
    )
    op.create_index(
        "ix_service_post_starts_on",
        "service_post",
        ["district_code", "starts_on", "id"],
        unique=False,
    )
    op.create_table(
        "wish",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("content", sa.String(length=200), nullable=False),
        sa.Column("contact_cipher", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("comment", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("(status = 'rated') = (rating IS NOT NULL)", name=op.f("ck_wish_rated")),
        sa.CheckConstraint(
            "num_nonnulls(member_id, branch_id) = CASE WHEN status IN ('taken', 'done', 'rated') THEN 1 ELSE 0 END",
            name=op.f("ck_wish_one_taker"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'taken', 'done', 'rated', 'withdrawn')", name=op.f("ck_wish_status")
        ),
        sa.CheckConstraint("moved_on >= posted_on", name=op.f("ck_wish_moved_on")),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_wish_rating")),
        sa.ForeignKeyConstraint(
            ["district_code", "branch_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_wish_district_code_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_wish_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "organization_id"],
            ["organization.district_code", "organization.id"],
            name=op.f("fk_wish_district_code_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_wish_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_wish")),
    )
    op.create_index("ix_wish_branch", "wish", ["district_code", "branch_id"], unique=False)
    op.create_index("ix_wish_member", "wish", ["district_code", "member_id"], unique=False)
    op.create_index(
        "ix_wish_organization", "wish", ["district_code", "organization_id"], unique=False
    )
    op.create_index("ix_wish_posted_on", "wish", ["district_code", "posted_on", "id"], unique=False)
    op.create_table(
        "service_claim",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("claimed_on", sa.Date(), nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(ended_on IS NULL) = (status IN ('pending', 'active'))",
            name=op.f("ck_service_claim_ended"),
        ),
        sa.CheckConstraint(
            "CASE status WHEN 'active' THEN accepted_on IS NOT NULL WHEN 'finished' THEN accepted_on IS NOT NULL WHEN 'exited' THEN true ELSE accepted_on IS NULL END",
            name=op.f("ck_service_claim_accepted"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'rejected', 'exited', 'finished')",
            name=op.f("ck_service_claim_status"),
        ),
        sa.CheckConstraint("accepted_on >= claimed_on", name=op.f("ck_service_claim_accepted_on")),
        sa.CheckConstraint("ended_on >= claimed_on", name=op.f("ck_service_claim_ended_on")),
        sa.ForeignKeyConstraint(
            ["district_code", "member_id"],
            ["member.district_code", "member.id"],
            name=op.f("fk_service_claim_district_code_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code", "post_id"],
            ["service_post.district_code", "service_post.id"],
            name=op.f("fk_service_claim_district_code_post_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_service_claim_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_service_claim")),
    )
    op.create_index(
        "ix_service_claim_claimed_on",
        "service_claim",
        ["district_code", "claimed_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_service_claim_member", "service_claim", ["district_code", "member_id"], unique=False
    )
    op.create_index(
        "ix_service_claim_post", "service_claim", ["district_code", "post_id"], unique=False
    )
    op.create_index(
        "ux_service_claim_live",
        "service_claim",
        ["district_code", "post_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('active', 'pending')"),
    )
    op.create_table(
        "service_record",
        sa.Column("district_code", sa.String(length=6), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("beneficiaries", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(status = 'confirmed') = (confirmed_on IS NOT NULL) AND (confirmed_on IS NULL) = (confirmed_by IS NULL)",
            name=op.f("ck_service_record_confirmed"),
        ),
        sa.CheckConstraint(
            "status IN ('recorded', 'confirmed', 'rejected')", name=op.f("ck_service_record_status")
        ),
        sa.CheckConstraint(
            "beneficiaries BETWEEN 0 AND 10000", name=op.f("ck_service_record_beneficiaries")
        ),
        sa.CheckConstraint(
            "confirmed_by <> recorded_by", name=op.f("ck_service_record_two_parties")
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name=op.f("ck_service_record_minutes")),
        sa.ForeignKeyConstraint(
            ["district_code", "claim_id"],
            ["service_claim.district_code", "service_claim.id"],
            name=op.f("fk_service_record_district_code_claim_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_code"], ["district.code"], name=op.f("fk_service_record_district_code")
        ),
        sa.PrimaryKeyConstraint("district_code", "id", name=op.f("pk_service_record")),
    )
    op.create_index(
        "ix_service_record_claim", "service_record", ["district_code", "claim_id"], unique=False
    )
    op.create_index(
        "ix_service_record_served_on",
        "service_record",
        ["district_code", "served_on", "id"],
        unique=False,
    )
    for table in OF_A_DISTRICT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_the_district ON {table} USING ({IN_SCOPE})")
    # many rows come at once: the job that refreshes statistics must be allowed to
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT MAINTAIN ON pledge, service_post, service_claim, service_record TO {quoted}")


def downgrade() -> None:
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"REVOKE MAINTAIN ON pledge FROM {quoted}")
    for table in reversed(OF_A_DISTRICT):
        op.drop_table(table)
