"""Filling a new database with the demo district (演示区), through the ordinary import."""

import asyncio
import hashlib

from sqlalchemy import select

from app.access.types import Role
from app.accounts import service as accounts
from app.core.db import Doors
from app.core.workbooks import Sheet
from app.demo import logic
from app.imports import service as imports
from app.organizations import service as organizations
from app.organizations.models import District

DISTRICT = "231005"
USERNAME = "demo"


async def is_empty(doors: Doors) -> bool:
    """Tell whether the database holds no district yet."""
    return await doors.reading([]).scalar(select(District.code).limit(1)) is None


async def fill(doors: Doors, password: str) -> None:
    """Make the district, take its roster as of `logic.AS_OF`, and make the account `demo`."""
    sheets = await asyncio.to_thread(_sheets)
    async with doors.writing([DISTRICT]) as session:
        await organizations.ensure_district(session, DISTRICT)
        report = await imports.take_sheets(
            session, sheets, DISTRICT, logic.AS_OF, digest=hashlib.sha256(b"demo").digest()
        )
        assert report.status == "taken", report.errors[:3]
        await accounts.create_account(session, USERNAME, password, Role.DEPARTMENT_ADMIN, DISTRICT)


def _sheets() -> list[Sheet]:
    return [
        Sheet(name="党组织", rows=logic.organization_rows()),
        Sheet(name="党员", rows=logic.member_rows()),
    ]
