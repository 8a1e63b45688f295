"""What follows an import."""

from sqlalchemy import text

from app.core.db import Doors


async def refresh_statistics(doors: Doors) -> None:
    """Tell the planner what an import brought in, rather than wait for the next autovacuum."""
    async with doors.writing() as session:
        await session.execute(text("ANALYZE member, membership, organization, organization_state"))
