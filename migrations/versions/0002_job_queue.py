"""The job queue's own tables, as the pinned release of the library ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # several statements in one string: the driver takes them only without preparing them
    op.get_bind().connection.dbapi_connection.run_async(
        lambda driver: driver.execute(SchemaManager.get_schema())
    )
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    # the worker brings the planner's statistics up to date after an import
    op.execute(
        f"GRANT MAINTAIN ON member, membership, organization, organization_state TO {quoted}"
    )


def downgrade() -> None:
    role = op.get_context().config.attributes["application_role"]
    quoted = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(
        f"REVOKE MAINTAIN ON member, membership, organization, organization_state FROM {quoted}"
    )
    op.execute(
        """
        DO $$ DECLARE found record; BEGIN
          FOR found IN SELECT oid::regclass AS name FROM pg_class
            WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%'
              AND relnamespace = 'public'::regnamespace
          LOOP EXECUTE format('DROP TABLE %s CASCADE', found.name); END LOOP;
          FOR found IN SELECT oid::regprocedure AS name FROM pg_proc
            WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = 'public'::regnamespace
          LOOP EXECUTE format('DROP FUNCTION %s CASCADE', found.name); END LOOP;
          FOR found IN SELECT oid::regtype AS name FROM pg_type
            WHERE typname LIKE 'procrastinate\\_%' AND typnamespace = 'public'::regnamespace
          LOOP EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', found.name); END LOOP;
        END $$
        """
    )
