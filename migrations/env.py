"""Runs the migrations as the owner: one at a time, and never waiting long for a lock."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.core.db import async_url
from app.core.migrations import metadata, ours
from app.core.settings import settings

LOCK = 7_230_500_518


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_lock(:k)"), {"k": LOCK})
    connection.commit()
    try:
        context.configure(
            connection=connection,
            target_metadata=metadata(),
            include_object=ours,
            transaction_per_migration=True,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": LOCK})
        connection.commit()


async def main() -> None:
    url = context.config.attributes.get("url") or settings().owner_database_url
    if url is None:
        raise SystemExit("set HANGJI_OWNER_DATABASE_URL, or run `hangji migrate`")
    engine = create_async_engine(async_url(url), poolclass=NullPool, hide_parameters=True)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(main())
