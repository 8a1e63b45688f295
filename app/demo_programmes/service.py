"""Writing the plan, the programmes and the documents of the demo district."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_programmes import logic
from app.organizations.models import OrganizationState as State
from app.organizations.types import OrganizationKind, Sector
from app.programmes.models import Document, Programme
from app.programmes.types import ProgrammeFamily

_PLACES = (Sector.STREET, Sector.TOWNSHIP)


async def fill(session: AsyncSession, district_code: str) -> None:
    """Write what the district planned, tried and issued from 2017 to 2019."""
    places = await _places(session, district_code)
    of_district: dict[str, Any] = {"district_code": district_code}
    plan: dict[str, Any] = of_district | {
        "id": new_id(),
        "family": ProgrammeFamily.PLAN,
        "name": logic.PLAN,
        "organization_id": places[logic.ROOT],
        "plan_id": None,
        "starts_on": logic.PLAN_STARTS_ON,
        "ends_on": logic.PLAN_ENDS_ON,
    }
    programmes: list[dict[str, Any]] = [plan] + [
        of_district
        | {
            "id": new_id(),
            "family": project.family,
            "name": project.name,
            "organization_id": places[project.place],
            "plan_id": plan["id"],
            "starts_on": project.starts_on,
            "ends_on": None,
        }
        for project in logic.projects()
    ]
    documents: list[dict[str, Any]] = [
        of_district
        | {
            "id": new_id(),
            "kind": paper.kind,
            "topic": paper.topic,
            "title": paper.title,
            "number": paper.number,
            "issued_by": paper.issued_by,
            "organization_id": places[paper.place],
            "programme_id": plan["id"],
            "issued_on": paper.issued_on,
            "repealed_on": paper.repealed_on,
            "url": paper.url,
        }
        for paper in logic.papers()
    ]
    await session.execute(insert(Programme), programmes)
    await session.execute(insert(Document), documents)
    audit.record(session, district_code, programmes=len(programmes), documents=len(documents))


async def _places(session: AsyncSession, code: str) -> dict[str, UUID]:
    """Find the root, and the streets and towns that the article names, by their names."""
    rows = select(State.organization_id, State.name, State.kind, State.sector).where(
        State.district_code == code, on_day(State, logic.PLAN_ENDS_ON)
    )
    found = (await session.execute(rows)).all()
    root = next(r[0] for r in found if r[2] == OrganizationKind.DISTRICT_COMMITTEE)
    committees = [(r[0], r[1]) for r in found if r[3] in _PLACES]
    named = {
        name: next(id_ for id_, written in committees if name in written)
        for name in (*logic.PILOTS, *logic.STREETS)
    }
    return {logic.ROOT: root} | named
