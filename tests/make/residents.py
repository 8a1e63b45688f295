"""Test data of posts, claims, records and wishes, made through the services."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.core import clock
from app.core.db import new_id
from app.residents import service
from app.residents.schemas import ServiceClaimNew, ServicePostNew, ServiceRecordNew
from app.residents.types import RecordStatus
from app.wishes import service as wishes
from app.wishes.schemas import WishNew
from tests.make.organizations import DISTRICT, everything, make_organization

CONTACT = {"name": "赵秀兰", "address": "先锋小区3号楼2单元401", "phone": "13900005678"}


async def make_community(session: AsyncSession, parent_id: UUID, **values: Any) -> UUID:
    """Found a community's general branch."""
    kind = {"kind": "general_branch", "sector": "community"}
    return await make_organization(session, parent_id, **kind | values)


async def make_member_account(
    session: AsyncSession, member_id: UUID, district: str = DISTRICT
) -> str:
    """Make a member's own account and give its user name."""
    name = f"member-{member_id}"
    account = Account(
        id=new_id(), username=name, username_key=name, home_code=district, member_id=member_id
    )
    session.add(account)
    await session.flush()
    return name


def new_post(organization_id: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of a post that can be published."""
    return {
        "organization_id": str(organization_id),
        "title": "楼道清洁",
        "category": "environment",
        "place": "先锋社区3号楼",
        "starts_on": "2019-12-01",
        "hours": "每周六上午",
        "capacity": 2,
    } | values


async def make_post(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Publish a post of a community."""
    district = values.pop("district_code", DISTRICT)
    new = ServicePostNew(**new_post(organization_id, **values))
    return await service.publish(session, everything(district), new)


async def make_claim(
    session: AsyncSession, post_id: UUID, member_id: UUID, district: str = DISTRICT
) -> UUID:
    """Claim a place of a post for a member."""
    new = ServiceClaimNew(member_id=str(member_id))  # type: ignore[arg-type]
    return await service.claim(session, everything(district), post_id, new)


def new_record(claim_id: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of a service that can be recorded."""
    today = clock.today().isoformat()
    given = {"claim_id": str(claim_id), "served_on": today, "minutes": 90, "beneficiaries": 12}
    return given | {"content": "清扫楼道三层"} | values


async def make_record(
    session: AsyncSession,
    claim_id: UUID,
    *,
    confirmed: bool = False,
    district: str = DISTRICT,
    **values: Any,
) -> UUID:
    """Record a service, and have somebody else confirm it."""
    new = ServiceRecordNew(**new_record(claim_id, **values))
    made = await service.record(session, everything(district), new)
    if confirmed:
        await service.decide(session, everything(district), made, RecordStatus.CONFIRMED)
    return made


def new_wish(organization_id: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of a wish that can be posted."""
    return {
        "organization_id": str(organization_id),
        "title": "一台收音机",
        "content": "独居老人想听评书",
        "contact": CONTACT,
    } | values


async def make_wish(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Post a wish of a community."""
    district = values.pop("district_code", DISTRICT)
    new = WishNew(**new_wish(organization_id, **values))
    return await wishes.post(session, everything(district), new)
