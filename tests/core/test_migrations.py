"""The schema: equal to the models, and gone and come again without a trace."""

import asyncio
import os

import asyncpg
import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core import migrations
from tests.conftest import _at, new_database

SNAPSHOT = """
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
  SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT grantee || ' ' || privilege_type || ' ' || table_name
    FROM information_schema.role_table_grants WHERE table_schema = 'public'
) AS lines(line)
"""


@pytest.fixture(scope="module")
def fresh(worker_id: str) -> str:
    name = f"hangji_migrations_{worker_id}"
    asyncio.run(new_database(name))
    return _at(os.environ["HANGJI_TEST_OWNER"], name)


def _snapshot(url: str) -> str:
    async def read() -> str:
        connection = await asyncpg.connect(url)
        try:
            return str(await connection.fetchval(SNAPSHOT))
        finally:
            await connection.close()

    return asyncio.run(read())


def test_models_and_migrations_agree(fresh: str) -> None:
    command.check(migrations.config(fresh, "hangji_application"))


def test_down_and_up_again(fresh: str) -> None:
    config = migrations.config(fresh, "hangji_application")
    before = _snapshot(fresh)
    command.downgrade(config, "base")
    assert "organization" not in _snapshot(fresh)
    command.upgrade(config, "head")
    assert _snapshot(fresh) == before


async def test_the_application_owns_nothing(connection: AsyncConnection) -> None:
    owned = "SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole"
    assert await connection.scalar(text(owned)) == 0
    role = (
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles"
        " WHERE rolname = current_user"
    )
    assert await connection.scalar(text(role)) is False
