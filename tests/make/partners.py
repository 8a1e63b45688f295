"""Test data of units, agreements and coverages."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.partners import service
from app.partners.schemas import PartnerUnitNew, UnitCoverageNew
from tests.make.organizations import everything


def new_unit(organization_id: object, **values: Any) -> dict[str, Any]:
    """Make the JSON of a 两新 unit."""
    return {
        "organization_id": str(organization_id),
        "name": "兴达超市",
        "kind": "private_enterprise",
        "opened_on": "2018-05-02",
    } | values


def new_agreement(unit_id: object, organization_id: object, **values: Any) -> dict[str, Any]:
    """Make the JSON of an agreement."""
    named = {"unit_id": str(unit_id), "organization_id": str(organization_id)}
    return named | {"title": "党建共建协议书", "valid_from": "2019-01-02"} | values


def new_coverage(unit_id: object, **values: Any) -> dict[str, Any]:
    """Make the JSON of a coverage: by an organisation of its own, if nothing else is said."""
    return {"unit_id": str(unit_id), "mode": "own", "valid_from": "2019-12-02"} | values


async def make_unit(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Record a unit of an organisation."""
    new = PartnerUnitNew(**new_unit(organization_id, **values))
    return await service.record_unit(session, everything(), new)


async def make_coverage(session: AsyncSession, unit_id: UUID, **values: Any) -> UUID:
    """Record what covers a unit."""
    new = UnitCoverageNew(**new_coverage(unit_id, **values))
    return await service.cover(session, everything(), new)
