"""Test data of admissions, made through the service."""

from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.admission_rules.queries import pack
from app.admissions import logic, service
from app.admissions.models import Admission
from app.admissions.schemas import AdmissionApprovalNew, AdmissionNew, AdmissionStepNew
from app.core.clock import add_months
from tests.make.members import id_number
from tests.make.organizations import DISTRICT, everything

_n = count(1)
BORN = "19990307"


def new_admission(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of an application that can be recorded."""
    return {
        "organization_id": str(organization_id),
        "name": "陆望舒",
        "sex": "male",
        "ethnicity": "01",
        "education": "bachelor",
        "born_on": "1999-03-07",
        "id_number": id_number(BORN, 400 + next(_n)),
        "phone": "13900005678",
        "applied_on": "2017-03-01",
        "papers": ["application"],
    } | values


def new_step(step: int, done_on: date, sponsors: list[str], **values: Any) -> dict[str, Any]:
    """Make the JSON of a step that can be recorded."""
    of = next(s for s in pack().steps if s.number == step)
    new: dict[str, Any] = {"step": step, "done_on": str(done_on), "papers": list(of.papers)}
    if step == logic.CONTACTS:
        new["contacts"] = sponsors[:1]
    elif step == logic.INTRODUCED:
        new["introducers"] = sponsors[:2]
    elif step == logic.TRAINED:
        new |= {"days": 3, "hours": 0}
    elif step in logic.VOTED:
        new |= {"due": 5, "present": 4, "yes_present": 3, "yes_written": 0}
    return new | values


def day_of(step: int, applied_on: date) -> date:
    """Give a day on which a step can be taken: each at its earliest, a day after the one before."""
    day = applied_on + timedelta(days=step)
    if step >= logic.TARGET:
        day = add_months(applied_on + timedelta(days=logic.CHOSEN), 12) + timedelta(days=step)
    if step >= logic.CONVERSION_MEETING:
        day = add_months(day_of(logic.MEETING, applied_on), 12) + timedelta(days=step)
    return day


async def make_admission(
    session: AsyncSession,
    organization_id: UUID,
    upto: int = 1,
    sponsors: list[str] | None = None,
    *,
    is_pending: bool = False,
    **values: Any,
) -> UUID:
    """Record an application and take it as far as `upto`; `is_pending` leaves that undecided."""
    district = values.pop("district_code", DISTRICT)
    branch, committee = everything(district), everything(district)
    new = new_admission(organization_id, **values)
    applied_on = date.fromisoformat(new["applied_on"])
    made = await service.apply(session, branch, AdmissionNew(**new))
    for step in range(2, upto + 1):
        day = day_of(step, applied_on)
        asked = new_step(step, day, sponsors or [])
        await service.record(session, branch, made, AdmissionStepNew(**asked))
        if step in logic.DECIDED and not (is_pending and step == upto):
            decision = AdmissionApprovalNew(step=step, decided_on=str(day), document="批复")
            await service.approve(session, committee, made, decision)
    return made


async def admission_of(session: AsyncSession, made: UUID) -> Admission:
    """Read a row as it is in the database."""
    rows = select(Admission).where(Admission.id == made)
    return (await session.execute(rows.execution_options(populate_existing=True))).scalar_one()
