"""Reading the members of the demo district, in an order that every run repeats."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.dated import on_day
from app.demo_roster.types import Person
from app.members.models import Member, Membership
from app.members.types import COUNTED
from app.organizations.models import OrganizationState as State


async def people(session: AsyncSession, code: str, day: date) -> list[Person]:
    """List the members who count on `day`, by where they belong and then by name."""
    rows = (
        select(Member.id, State.organization_id, State.sector, Member.joined_on, Member.born_on)
        .join(
            Membership,
            (Membership.district_code == Member.district_code)
            & (Membership.member_id == Member.id)
            & on_day(Membership, day),
        )
        .join(
            State,
            (State.district_code == Membership.district_code)
            & (State.organization_id == Membership.organization_id)
            & on_day(State, day),
        )
        .where(Member.district_code == code, Membership.status.in_(sorted(COUNTED)))
        .order_by(State.path, Member.name_key, Member.id_number_masked, Member.born_on)
    )
    return [Person(r[0], r[1], r[2] or "", r[3], r[4]) for r in await session.execute(rows)]
