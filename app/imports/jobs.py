"""What follows when many rows came at once."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Doors

GROWN = (
    "member, membership, organization, organization_state, pledge, service_post, service_claim,"
    " service_record, activity, activity_attendance"
)


async def analyze(session: AsyncSession) -> None:
    """Tell the planner what came, this transaction's own rows too."""
    await session.execute(text(f"ANALYZE {GROWN}"))


async def refresh_statistics(doors: Doors) -> None:
    """Tell the planner what came, rather than wait for the next autovacuum."""
    async with doors.writing() as session:
        await analyze(session)
