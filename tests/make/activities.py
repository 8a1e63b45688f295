"""Test data of activities, contests and leaders' archives, made through the services."""

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.activities import service
from app.activities.schemas import ActivityNew, AttendanceBatchNew
from app.contests import service as contests
from app.contests.schemas import ContestNew, EntryNew, JurorNew
from app.core import clock
from app.leaders import service as leaders
from app.leaders.schemas import LeaderArchiveNew
from tests.make.organizations import DISTRICT, everything

_n = count(1)


def new_activity(organization_id: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of an activity that can be planned."""
    return {
        "organization_id": str(organization_id),
        "kind": "theme_day",
        "title": f"主题党日第{next(_n)}次",
        "held_on": str(clock.today()),
    } | values


async def make_activity(
    session: AsyncSession, organization_id: UUID, status: str = "planned", **values: Any
) -> UUID:
    """Plan an activity, and take it as far as `status`."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = ActivityNew.model_validate(new_activity(organization_id, **values))
    made = await service.plan(session, caller, new)
    if status == "held":
        await service.complete(session, caller, made)
    elif status == "cancelled":
        await service.cancel(session, caller, made, "天气原因")
    return made


async def make_attendance(session: AsyncSession, activity_id: UUID, **values: Any) -> None:
    """Put somebody on an activity's list."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = AttendanceBatchNew.model_validate({"rows": [values]})
    await service.record_attendances(session, caller, activity_id, new)


async def make_contest(session: AsyncSession, organization_id: UUID, **values: Any) -> UUID:
    """Announce a contest."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = {"organization_id": str(organization_id), "kind": "brand", "title": "十佳品牌评选"}
    new |= {"held_on": str(clock.today())} | values
    return await contests.announce(session, caller, ContestNew.model_validate(new))


async def make_entry(session: AsyncSession, contest_id: UUID, **values: Any) -> UUID:
    """Enter an organisation or a member."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = EntryNew.model_validate({"title": f"品牌{next(_n)}"} | values)
    return await contests.enter(session, caller, contest_id, new)


async def make_juror(session: AsyncSession, contest_id: UUID, **values: Any) -> UUID:
    """Put somebody on the jury."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = JurorNew.model_validate(values)
    return await contests.appoint(session, caller, contest_id, new)


async def make_archive(session: AsyncSession, member_id: UUID, **values: Any) -> UUID:
    """Open a leader's archive."""
    caller = everything(values.pop("district_code", DISTRICT))
    new = {"member_id": str(member_id), "post": "区委常委", "opened_on": "2019-01-01"} | values
    return await leaders.open_archive(session, caller, LeaderArchiveNew.model_validate(new))
