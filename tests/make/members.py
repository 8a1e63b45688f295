"""Test data of members, made through the services."""

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.members import service
from app.members.logic import _ID_CHECKS, _ID_WEIGHTS
from app.members.schemas import MemberNew
from tests.make.organizations import DISTRICT, everything

_n = count(1)


def id_number(born: str = "19900307", serial: int | None = None, *, male: bool = True) -> str:
    """Make a valid ID number that no other call made."""
    serial = next(_n) if serial is None else serial
    body = f"231005{born}{serial * 2 % 1000 + (1 if male else 0):03}"
    total = sum(int(d) * w for d, w in zip(body, _ID_WEIGHTS, strict=True))
    return body + _ID_CHECKS[total % 11]


def new_member(organization_id: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of a member who can be recorded."""
    return {
        "organization_id": str(organization_id),
        "name": "张晓明",
        "sex": "male",
        "ethnicity": "01",
        "id_number": id_number(),
        "born_on": "1990-03-07",
        "education": "bachelor",
        "category": "full",
        "joined_on": "2015-07-01",
        "full_on": "2016-07-01",
        "phone": "13800001234",
    } | values


async def make_member(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Record a member in an organisation."""
    district = values.pop("district_code", DISTRICT)
    new = MemberNew(**new_member(organization_id, **values))
    return await service.record(session, everything(district), new)
