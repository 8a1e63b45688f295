"""Test data of programmes and documents, made through the service."""

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.programmes import service
from app.programmes.schemas import DocumentNew, ProgrammeNew
from tests.make.organizations import DISTRICT, everything

_n = count(1)


def new_programme(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of a programme that can be recorded: a plan of three years, if it is one."""
    given = {
        "family": "red_project",
        "name": f"红色工程第{next(_n)}项",
        "organization_id": str(organization_id),
        "starts_on": "2017-01-01",
    } | values
    return {"ends_on": "2019-12-31"} | given if given["family"] == "plan" else given


def new_document(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of a document that can be recorded."""
    serial = next(_n)
    return {
        "kind": "scheme",
        "topic": "urban",
        "title": f"城市基层党建配套方案第{serial}号",
        "number": f"西组发〔2018〕{serial}号",
        "issued_by": "区委组织部",
        "organization_id": str(organization_id),
        "issued_on": "2018-03-12",
    } | values


async def make_programme(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Record a programme."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = ProgrammeNew(**new_programme(organization_id, **values))
    return await service.record_programme(session, caller, new)


async def make_document(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Record a document."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = DocumentNew(**new_document(organization_id, **values))
    return await service.record_document(session, caller, new)
