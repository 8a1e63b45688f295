"""Large moves: a plain unique index keeps paths apart, and history is kept by the statement."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

DATED = ("organization_state", "membership", "rule_setting", "posting", "poor_household")
BY_ROW = "INSERT INTO %I SELECT ($1).*', TG_TABLE_NAME || '_history') USING OLD"
BY_STATEMENT = "INSERT INTO %I SELECT * FROM superseded', TG_TABLE_NAME || '_history')"


def _keep_history(how: str) -> None:
    for table in DATED:
        op.execute(f"DROP TRIGGER IF EXISTS keep_history ON {table}")
        op.execute(f"DROP TRIGGER IF EXISTS keep_deleted ON {table}")
    op.execute(
        "CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql"
        " SECURITY DEFINER SET search_path = pg_catalog, public AS $$ BEGIN"
        f" EXECUTE format('{how}; RETURN NULL; END $$"
    )


def upgrade() -> None:
    _keep_history(BY_STATEMENT)
    for table in DATED:
        for name, event in (("keep_history", "UPDATE"), ("keep_deleted", "DELETE")):
            op.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {table}"
                " REFERENCING OLD TABLE AS superseded"
                " FOR EACH STATEMENT EXECUTE FUNCTION keep_history()"
            )
    op.drop_constraint("ex_organization_state_path", "organization_state")
    op.create_index(
        "uq_organization_state_path",
        "organization_state",
        ["district_code", "path"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_organization_state_path", table_name="organization_state")
    op.execute(
        "ALTER TABLE organization_state ADD CONSTRAINT ex_organization_state_path EXCLUDE USING"
        " gist (path WITH =, valid WITH &&, district_code WITH =)"
        " WHERE (valid_from > '-infinity')"
    )
    _keep_history(BY_ROW)
    for table in DATED:
        op.execute(
            f"CREATE TRIGGER keep_history AFTER UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION keep_history()"
        )
