"""Test data of villages' collective economy, made through the service."""

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.economy import service
from app.economy.schemas import (
    VillageContractNew,
    VillageEntryNew,
    VillageIncomeNew,
    VillageProjectNew,
)
from tests.make.organizations import DISTRICT, everything, make_organization

_n = count(1)


async def make_village(session: AsyncSession, parent_id: UUID, **values: Any) -> UUID:
    """Found a village's branch."""
    return await make_organization(session, parent_id, **{"sector": "village"} | values)


def new_contract(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of a contract that can be recorded."""
    return {
        "organization_id": str(organization_id),
        "number": f"2016-{next(_n):03}",
        "finding": "irregular",
        "reviewed_on": "2019-05-06",
    } | values


def new_entry(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of an entry that can be recorded."""
    return {
        "organization_id": str(organization_id),
        "kind": "debt_resolved",
        "amount": "12000.50",
        "happened_on": "2019-06-03",
        "document": "债务减免协议",
    } | values


def new_project(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of an application that can be recorded."""
    return {
        "organization_id": str(organization_id),
        "title": "食用菌大棚建设",
        "amount": "500000",
        "applied_on": "2019-03-18",
    } | values


def new_income(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of an income that can be recorded."""
    return {"organization_id": str(organization_id), "year": 2018, "income": "100000"} | values


async def make_contract(
    session: AsyncSession, village: UUID, district: str = DISTRICT, **values: Any
) -> UUID:
    """Record a contract that was reviewed."""
    new = VillageContractNew(**new_contract(village, **values))
    return await service.record_contract(session, everything(district), new)


async def make_entry(
    session: AsyncSession, village: UUID, district: str = DISTRICT, **values: Any
) -> UUID:
    """Record an entry."""
    new = VillageEntryNew(**new_entry(village, **values))
    return await service.record_entry(session, everything(district), new)


async def make_project(
    session: AsyncSession, village: UUID, district: str = DISTRICT, **values: Any
) -> UUID:
    """Record an application."""
    new = VillageProjectNew(**new_project(village, **values))
    return await service.record_project(session, everything(district), new)


async def make_income(
    session: AsyncSession, village: UUID, district: str = DISTRICT, **values: Any
) -> UUID:
    """Record an income."""
    new = VillageIncomeNew(**new_income(village, **values))
    return await service.record_income(session, everything(district), new)
