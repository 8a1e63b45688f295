"""Test data of postings and poor households, made through the service."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.postings import service
from app.postings.schemas import PoorHouseholdNew, PostingNew
from tests.make.organizations import DISTRICT, everything, make_organization


def new_posting(member_id: UUID, organization_id: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of a posting that can be recorded."""
    given = {"member_id": str(member_id), "organization_id": str(organization_id)}
    return given | {"post": "secretary", "valid_from": clock.today().isoformat()} | values


async def make_posting(
    session: AsyncSession, member_id: UUID, organization_id: UUID, **values: Any
) -> UUID:
    """Post a member."""
    district = values.pop("district_code", DISTRICT)
    new = PostingNew(**new_posting(member_id, organization_id, **values))
    return await service.post(session, everything(district), new)


async def make_village(session: AsyncSession, parent_id: UUID, **values: Any) -> UUID:
    """Found a village's branch."""
    return await make_organization(session, parent_id, **{"sector": "village"} | values)


async def make_household(
    session: AsyncSession, village: UUID, number: int = 1, **values: Any
) -> UUID:
    """Record a poor household of a village."""
    given = {"organization_id": str(village), "number": number}
    given |= {"valid_from": clock.today().isoformat()} | values
    return await service.record_household(session, everything(), PoorHouseholdNew(**given))
