"""Passwords that somebody else gave."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (("account", "is_password_given"), ("sign_in", "is_confined"))


def upgrade() -> None:
    for table, name in COLUMNS:
        never = sa.text("false")
        op.add_column(table, sa.Column(name, sa.Boolean(), server_default=never, nullable=False))


def downgrade() -> None:
    for table, name in COLUMNS:
        op.drop_column(table, name)
