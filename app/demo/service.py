"""Filling a new database with the demo district (演示区), through the ordinary import."""

import asyncio
import hashlib

from sqlalchemy import select

from app.access.types import Role
from app.accounts import service as accounts
from app.core.db import Doors
from app.core.workbooks import Sheet
from app.demo import logic
from app.demo_activities import service as demo_activities
from app.demo_appraisals import service as demo_appraisals
from app.demo_economy import service as demo_economy
from app.demo_elections import service as demo_elections
from app.demo_partners import service as demo_partners
from app.demo_postings import service as demo_postings
from app.demo_programmes import service as demo_programmes
from app.demo_restructurings import service as demo_restructurings
from app.demo_tree import service as demo_tree
from app.demo_year import service as demo_year
from app.imports import service as imports
from app.imports.jobs import analyze
from app.organizations import service as organizations
from app.organizations.models import District

DISTRICT = "231005"
USERNAME = "demo"
CLERK = "demo-clerk"
"""Who recorded what the department confirmed: nobody confirms their own."""


async def is_empty(doors: Doors) -> bool:
    """Tell whether the database holds no district yet."""
    return await doors.reading([]).scalar(select(District.code).limit(1)) is None


async def fill(doors: Doors, password: str) -> None:
    """Make the district, its roster as of `logic.AS_OF`, two accounts, the year, the decisions."""
    sheets = await asyncio.to_thread(_sheets)
    async with doors.writing([DISTRICT]) as session:
        await organizations.ensure_district(session, DISTRICT)
        report = await imports.take_sheets(
            session, sheets, DISTRICT, logic.AS_OF, digest=hashlib.sha256(b"demo").digest()
        )
        assert report.status == "taken", report.errors[:3]
        department = await accounts.create_account(
            session, USERNAME, password, Role.DEPARTMENT_ADMIN, DISTRICT
        )
        clerk = await accounts.create_account(
            session, CLERK, password, Role.ORGANIZATION_CLERK, DISTRICT
        )
        await analyze(session)  # the year is drawn from rows that the planner knows nothing of
        await demo_year.fill(session, DISTRICT, clerk, department)
        await demo_tree.fill(session, DISTRICT)
        await demo_postings.fill(session, DISTRICT)
        await demo_elections.fill(session, DISTRICT, clerk, department)
        await demo_activities.fill(session, DISTRICT, clerk)
        await demo_restructurings.fill(session, DISTRICT, clerk, department)
        await demo_partners.fill(session, DISTRICT, clerk, department)
        await demo_economy.fill(session, DISTRICT, clerk, department)
        await demo_programmes.fill(session, DISTRICT)
        await demo_appraisals.fill(session, DISTRICT, clerk, department)
        await analyze(session)


def _sheets() -> list[Sheet]:
    return [
        Sheet(name="党组织", rows=logic.organization_rows()),
        Sheet(name="党员", rows=logic.member_rows()),
    ]
