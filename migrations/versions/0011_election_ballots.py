"""Ballot boxes of election cycles, and the delegates of a congress."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OF_CYCLE = ("cycle_id", "round", "candidate_ids")


def upgrade() -> None:
    op.add_column("election_cycle", sa.Column("delegates", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_election_cycle_delegates"),
        "election_cycle",
        "delegates IS NULL OR (delegates BETWEEN 1 AND 1000 AND body = 'delegate_congress')",
    )
    op.add_column("ballot_box", sa.Column("cycle_id", sa.Uuid(), nullable=True))
    op.add_column("ballot_box", sa.Column("round", sa.SmallInteger(), nullable=True))
    op.add_column(
        "ballot_box", sa.Column("candidate_ids", postgresql.ARRAY(sa.Uuid()), nullable=True)
    )
    op.create_check_constraint(
        op.f("ck_ballot_box_of_cycle"),
        "ballot_box",
        "num_nonnulls(cycle_id, round, candidate_ids) IN (0, 3) AND round >= 1"
        " AND cardinality(candidate_ids) = jsonb_array_length(candidates)",
    )
    op.create_foreign_key(
        op.f("fk_ballot_box_district_code_cycle_id"),
        "ballot_box",
        "election_cycle",
        ["district_code", "cycle_id"],
        ["district_code", "id"],
    )
    op.create_index(
        "uq_ballot_box_round",
        "ballot_box",
        ["district_code", "cycle_id", "position", "round"],
        unique=True,
        postgresql_where=sa.text("status <> 'voided'"),
    )


def downgrade() -> None:
    op.drop_index("uq_ballot_box_round", table_name="ballot_box")
    for column in OF_CYCLE:
        op.drop_column("ballot_box", column)
    op.drop_column("election_cycle", "delegates")
