"""What the worker tells of admissions, day by day; what is encrypted anew."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from app.admission_rules.logic import number, step_of
from app.admission_rules.queries import pack
from app.admissions import logic, queries
from app.admissions.models import Admission
from app.admissions.types import DUE, DueKind
from app.core import audit, clock
from app.core.db import Doors
from app.core.errors import Text
from app.members.jobs import Sealed
from app.messages.service import tell
from app.messages.types import MessageKind
from app.organizations.jobs import in_each_district

APPLICANTS = Sealed(
    "admission",
    Admission,
    {"id_number": Admission.id_number_cipher, "phone": Admission.phone_cipher},
)
"""Encrypted anew together with the members' numbers."""


async def remind_admissions(doors: Doors) -> None:
    """Tell those concerned what falls due soon, and once more when it is overdue."""
    await in_each_district(doors, _remind, "reminders not sent")


async def _remind(doors: Doors, code: str) -> None:
    today = clock.today()
    until = today + timedelta(days=number(pack(), "reminder_days", today))
    async with doors.writing([code]) as session:
        due = queries.to_remind(code, until).with_for_update(of=Admission, skip_locked=True)
        told = []
        for row in await session.execute(due):
            key = f"{row.due_kind}:{row.due_on}:{'late' if row.due_on < today else 'soon'}"
            if row.reminded == key:
                continue
            here = Admission.district_code == code, Admission.id == row.id
            await session.execute(update(Admission).where(*here).values(reminded=key))
            organizations = {row.organization_id}
            if row.due_kind in {DueKind.COMMITTEE_DECISION, DueKind.CONVERSION_DECISION}:
                step = step_of(pack(), logic.APPROVED, today)
                body = logic.decider(step.decided_by, await queries.above(session, code, row.path))
                organizations |= {body.organization_id} if body else set()
            subject = "admission", row.id
            title = _title(row, today)
            of = [row.member_id] if row.member_id else []
            kind = MessageKind.ADMISSION
            await tell(session, code, kind, subject, title, organizations=organizations, members=of)
            told.append(row.id)
        if told:
            audit.record(
                session, code, ("admission", None), action="job.remind_admissions", ids=sorted(told)
            )


def _title(row: Any, today: date) -> Text:
    what = DUE[DueKind(row.due_kind)]
    day = row.due_on
    if day < today:
        return Text(f"发展党员：{what.zh}已于 {day} 逾期", f"Overdue since {day}: {what.en}")
    return Text(f"发展党员：{what.zh}应于 {day} 前办理", f"Due by {day}: {what.en}")
