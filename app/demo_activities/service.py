"""Writing the activities: many rows a statement, under every constraint of the database."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.activities.logic import level_of
from app.activities.models import Activity, ActivityAttendance
from app.activities.types import ActivityStatus, AttendanceSource
from app.contests.logic import ranking
from app.contests.models import Contest, ContestEntry, ContestJuror, ContestScore
from app.contests.types import ContestStatus
from app.core import audit
from app.core.clock import add_months
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_activities import logic
from app.demo_activities.types import Body, Held, Judged, Leader
from app.demo_roster.queries import people as listed
from app.leaders.models import LeaderArchive, LeaderRecord
from app.organizations.models import OrganizationState
from app.organizations.types import OrganizationKind

State = OrganizationState


async def fill(session: AsyncSession, district_code: str, clerk: UUID) -> None:
    """Write what the demo district held in 2019; `clerk` recorded it."""
    bodies, people = (
        await _bodies(session, district_code),
        await listed(session, district_code, logic.LAST_DAY),
    )
    root = next(b for b in bodies if b.kind == OrganizationKind.DISTRICT_COMMITTEE)
    judged = logic.micro_lectures(people)
    team = await _contest(session, district_code, judged, root, clerk)
    await _contest(session, district_code, logic.brands(bodies), root, clerk)
    leaders = logic.leaders(bodies, people)
    held = [
        *logic.district_activities(bodies, people, team),
        *logic.meetings(bodies, leaders),
        *(day for leader in leaders for day in leader.months),
    ]
    ids = await _activities(session, district_code, held, clerk)
    await _archives(session, district_code, leaders, ids, clerk)
    audit.record(session, district_code, activities=len(held), contests=2, leaders=len(leaders))


async def _bodies(session: AsyncSession, code: str) -> list[Body]:
    rows = (
        select(State.organization_id, State.name, State.kind, State.sector)
        .where(State.district_code == code, on_day(State, logic.LAST_DAY))
        .order_by(State.path)
    )
    return [
        Body(r[0], r[1], OrganizationKind(r[2]), r[3] or "") for r in await session.execute(rows)
    ]


async def _write(session: AsyncSession, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(table), list(rows))


async def _activities(
    session: AsyncSession, code: str, held: Sequence[Held], clerk: UUID
) -> dict[int, UUID]:
    """Write activities and their lists; give the id of each by its identity."""
    ids = {id(one): new_id() for one in held}
    common = {"district_code": code, "recorded_by": clerk}
    activities = [
        common
        | {
            "id": ids[id(one)],
            "organization_id": one.body.id,
            "kind": one.kind,
            "level": level_of(one.body.kind),
            "title": one.title,
            "held_on": one.held_on,
            "place": one.place,
            "hours": None if one.hours is None else Decimal(one.hours),
            "is_published": one.is_published,
            "status": ActivityStatus.HELD,
        }
        for one in held
    ]
    attendances = [
        common
        | {
            "id": new_id(),
            "activity_id": ids[id(one)],
            "member_id": there.member_id,
            "guest": there.guest,
            "role": there.role,
            "is_present": there.is_present,
            "source": AttendanceSource.RECORDED,
            "note": None if there.is_present else "请假",
        }
        for one in held
        for there in one.people
    ]
    await _write(session, Activity, activities)
    await _write(session, ActivityAttendance, attendances)
    return ids


async def _contest(
    session: AsyncSession, code: str, judged: Judged, root: Body, clerk: UUID
) -> list[UUID]:
    """Write a contest as it was ranked; give the members of its lecture team."""
    of_district, contest_id = {"district_code": code}, new_id()
    is_published = judged.url is not None
    contest = {
        "id": contest_id,
        "organization_id": root.id,
        "kind": judged.kind,
        "title": judged.title,
        "held_on": judged.held_on,
        "places": logic.PLACES,
        "drops_extremes": judged.drops_extremes,
        "status": ContestStatus.PUBLISHED if is_published else ContestStatus.CLOSED,
        "channel": judged.channel,
        "url": judged.url,
        "published_on": judged.published_on,
        "recorded_by": clerk,
    }
    entries = {new_id(): entry for entry in judged.entries}
    given = {entry_id: list(entry.scores) for entry_id, entry in entries.items()}
    placed = {p.entry_id: p for p in ranking(given, drops_extremes=judged.drops_extremes)}
    team = {i for i, p in placed.items() if p.rank is not None and p.rank <= judged.lecturers}
    jurors = [new_id() for _ in range(logic.JURORS)]
    await _write(session, Contest, [of_district | contest])
    await _write(
        session,
        ContestEntry,
        [
            of_district
            | {
                "id": entry_id,
                "contest_id": contest_id,
                "organization_id": entry.organization_id,
                "member_id": entry.member_id,
                "title": entry.title,
                "average": placed[entry_id].average,
                "rank": placed[entry_id].rank,
                "is_lecturer": entry_id in team,
                "recorded_by": clerk,
            }
            for entry_id, entry in entries.items()
        ],
    )
    named = (f"区外评委{number}号" for number in range(1, logic.JURORS + 1))
    common = of_district | {"contest_id": contest_id}
    await _write(
        session,
        ContestJuror,
        [common | {"id": i, "name": name} for i, name in zip(jurors, named, strict=True)],
    )
    await _write(
        session,
        ContestScore,
        [
            of_district
            | {"entry_id": entry_id, "juror_id": juror, "score": score, "recorded_by": clerk}
            for entry_id, entry in entries.items()
            for juror, score in zip(jurors, entry.scores, strict=True)
        ],
    )
    return [m for i, e in entries.items() if i in team and (m := e.member_id) is not None]


async def _archives(
    session: AsyncSession,
    code: str,
    leaders: Sequence[Leader],
    ids: Mapping[int, UUID],
    clerk: UUID,
) -> None:
    common = {"district_code": code, "recorded_by": clerk}
    archives, records = [], []
    for leader in leaders:
        archive = common | {
            "id": new_id(),
            "member_id": leader.person.id,
            "organization_id": leader.person.organization_id,
            "post": leader.post,
            "opened_on": leader.opened_on,
        }
        archives.append(archive)
        for day in leader.months:
            month = day.held_on.replace(day=1)
            records.append(
                common
                | {
                    "id": new_id(),
                    "archive_id": archive["id"],
                    "month": month,
                    "activity_id": ids[id(day)],
                    "note": f"以普通党员身份参加所在支部{day.title}",
                    "recorded_on": min(add_months(month, 1) - timedelta(days=2), logic.LAST_DAY),
                }
            )
    await _write(session, LeaderArchive, archives)
    await _write(session, LeaderRecord, records)
