"""Test data of admissions, made through the service."""

from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.admission_rules.logic import probation_end, step_of
from app.admission_rules.queries import pack
from app.admissions import logic, service
from app.admissions.models import Admission, AdmissionStep
from app.admissions.schemas import AdmissionNew
from app.core.clock import add_months
from app.core.db import new_id
from app.members import service as people
from tests.make.members import id_number
from tests.make.organizations import DISTRICT, everything

_n = count(1)
BORN = "19980307"


def new_admission(organization_id: UUID | str, **values: Any) -> dict[str, Any]:
    """Make the JSON of an application that can be recorded."""
    return {
        "organization_id": str(organization_id),
        "name": "陆望舒",
        "sex": "male",
        "ethnicity": "01",
        "education": "bachelor",
        "born_on": "1998-03-07",
        "id_number": id_number(BORN, 400 + next(_n)),
        "phone": "13900005678",
        "applied_on": "2017-03-01",
        "papers": ["application"],
    } | values


def new_step(step: int, day: date, sponsors: list[str], **values: Any) -> dict[str, Any]:
    """Make the JSON of a step that can be recorded."""
    of = next(s for s in pack().steps if s.number == step)
    new: dict[str, Any] = {"step": step, "done_on": str(day), "papers": list(of.papers)}
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
    """Record an application, and write it as far as `upto`; `is_pending` leaves that undecided.

    The steps are written straight into the tables: each by an account of its own, decided by
    another, on the day that `day_of` gives.
    """
    district = values.pop("district_code", DISTRICT)
    new = new_admission(organization_id, **values)
    applied_on = date.fromisoformat(new["applied_on"])
    made = await service.apply(session, everything(district), AdmissionNew(**new))
    if upto == 1:
        return made
    row = await admission_of(session, made)
    reached = upto - is_pending
    for step in range(2, upto + 1):
        day = day_of(step, applied_on)
        given = new_step(step, day, sponsors or [])
        ids = [UUID(s) for s in given.get("contacts") or given.get("introducers") or []]
        taken = AdmissionStep(
            district_code=district,
            id=new_id(),
            admission_id=made,
            step=step,
            done_on=day,
            papers=given["papers"],
            first_member_id=ids[0] if ids else None,
            second_member_id=ids[1] if ids[1:] else None,
            training_days=given.get("days"),
            training_hours=given.get("hours"),
            votes_due=given.get("due"),
            present=given.get("present"),
            yes_present=given.get("yes_present"),
            yes_written=given.get("yes_written"),
            recorded_by=new_id(),
        )
        if step in logic.DECIDED and step <= reached:
            taken.decided_on, taken.decided_by = day, new_id()
        if (named := logic.DAYS.get(step)) is not None:
            setattr(row, named, day)
        session.add(taken)
    if reached >= logic.APPROVED:
        assert row.meeting_on is not None
        facts = {n: new[n] for n in ("name", "sex", "ethnicity", "education")}
        days = {"born_on": row.born_on, "joined_on": row.meeting_on}
        numbers = new["id_number"], new["phone"]
        row.member_id = await people.admit(
            session, district, row.organization_id, facts | days, numbers
        )
        row.probation_ends_on = probation_end(pack(), row.meeting_on)
    row.step, row.is_pending = reached, is_pending
    row.stage = step_of(pack(), reached, applied_on).stage
    row.last_on = day_of(upto, applied_on)
    await session.flush()
    return made


async def admission_of(session: AsyncSession, made: UUID) -> Admission:
    """Read a row as it is in the database."""
    rows = select(Admission).where(Admission.id == made)
    return (await session.execute(rows.execution_options(populate_existing=True))).scalar_one()
