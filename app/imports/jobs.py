"""What follows when many rows came at once."""

from sqlalchemy import text

from app.core.db import Doors

GROWN = (
    "member, membership, organization, organization_state, pledge, service_post, service_claim,"
    " service_record"
)


async def refresh_statistics(doors: Doors) -> None:
    """Tell the planner what came, rather than wait for the next autovacuum."""
    async with doors.writing() as session:
        await session.execute(text(f"ANALYZE {GROWN}"))
