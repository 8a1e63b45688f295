"""Versions of wishes; who drafted a pledge does not confirm it."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _check(condition: str) -> None:
    name = op.f("ck_pledge_two_accounts")
    op.drop_constraint(name, "pledge", type_="check")
    op.create_check_constraint(name, "pledge", condition)


def upgrade() -> None:
    op.add_column("wish", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    _check("confirmed_by <> completed_by AND confirmed_by <> recorded_by")


def downgrade() -> None:
    _check("completed_by <> confirmed_by")
    op.drop_column("wish", "version")
