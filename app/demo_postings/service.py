"""Writing who serves where: many rows a statement, under every constraint of the database."""

from dataclasses import asdict

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_postings import logic
from app.demo_postings.logic import Body
from app.demo_roster.queries import people as listed
from app.organizations.models import OrganizationState
from app.postings.models import PoorHousehold, Posting
from app.postings.types import Post

State = OrganizationState


async def fill(session: AsyncSession, district_code: str) -> None:
    """Write the postings and the poor households of the demo district."""
    bodies = await _bodies(session, district_code)
    people = await listed(session, district_code, logic.LAST_DAY)
    posted, poor = logic.draw(bodies, people)
    of_district = {"district_code": district_code}
    rows = [of_district | asdict(p) | {"id": new_id()} for p in posted]
    serving = {
        (r["organization_id"], r["member_id"]): r["id"]
        for r in rows
        if r["post"] == Post.FIRST_SECRETARY
    }
    await session.execute(insert(Posting), rows)
    households = [
        of_district
        | {
            "id": new_id(),
            "organization_id": p.organization_id,
            "number": p.number,
            "posting_id": serving[p.organization_id, p.helper],
            "paired_on": p.paired_on,
            "valid_from": p.valid_from,
            "valid_to": p.valid_to,
        }
        for p in poor
    ]
    await session.execute(insert(PoorHousehold), households)
    audit.record(session, district_code, postings=len(rows), households=len(households))


async def _bodies(session: AsyncSession, code: str) -> list[Body]:
    rows = (
        select(State.organization_id, State.parent_id, State.kind, State.sector, State.is_grid)
        .where(State.district_code == code, on_day(State, logic.LAST_DAY))
        .order_by(State.path)
    )
    return [Body(r[0], r[1], r[2], r[3] or "", r[4]) for r in await session.execute(rows)]
