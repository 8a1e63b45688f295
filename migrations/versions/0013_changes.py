"""Changes: what was superseded is found by its row, and by when."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("organization_state_history", "membership_history")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(
            f"ix_{table}_superseded_at", table, ["district_code", "superseded_at"], unique=False
        )
        op.create_index(
            f"ix_{table}_row", table, ["district_code", "id", "superseded_at"], unique=False
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_row", table_name=table)
        op.drop_index(f"ix_{table}_superseded_at", table_name=table)
