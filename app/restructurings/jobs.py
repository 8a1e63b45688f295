"""What the worker tells of decisions whose day has come."""

from sqlalchemy import select, update

from app.core import audit, clock
from app.core.db import Doors
from app.core.errors import Text
from app.messages.service import tell
from app.messages.types import MessageKind
from app.organizations.jobs import in_each_district
from app.restructurings.models import Restructuring
from app.restructurings.types import RestructuringStatus


async def remind_restructurings(doors: Doors) -> None:
    """Tell once of each approved restructuring that can be applied from today on."""
    await in_each_district(doors, _remind, "restructurings wait")


async def _remind(doors: Doors, code: str) -> None:
    due = (
        select(Restructuring.id, Restructuring.title, Restructuring.effective_on)
        .add_columns(Restructuring.organization_id, Restructuring.proposed_by)
        .where(
            Restructuring.district_code == code,
            Restructuring.status == RestructuringStatus.APPROVED,
            Restructuring.effective_on <= clock.today(),
            Restructuring.reminded_on.is_(None),
        )
        .order_by(Restructuring.id)
    )
    async with doors.writing([code]) as session:
        rows = (await session.execute(due.with_for_update(skip_locked=True))).all()
        for row in rows:
            day = row.effective_on
            title = Text(
                f"组织调整自 {day} 起可以执行：{row.title}"[:200],
                f"To be applied from {day}: {row.title}"[:300],
            )
            await tell(
                session,
                code,
                MessageKind.RESTRUCTURING,
                ("restructuring", row.id),
                title,
                organizations=[row.organization_id],
                department=True,
                accounts=[row.proposed_by],
            )
        if rows:
            ids = [row.id for row in rows]
            these = Restructuring.district_code == code, Restructuring.id.in_(ids)
            await session.execute(
                update(Restructuring).where(*these).values(reminded_on=clock.today())
            )
            target, action = ("restructuring", None), "job.remind_restructurings"
            audit.record(session, code, target, action=action, ids=ids)
