"""Leaving voters out of those due, and tallies: load, require, decide, write, record."""

from datetime import date
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Caller
from app.core.db import new_id
from app.cycles.logic import check_day, check_open, check_order
from app.cycles.models import ElectionCandidate, ElectionCycle
from app.cycles.queries import held_on, members_on, practice_of
from app.cycles.schemas import StepNew
from app.cycles.service import check_eligible, locked, note, seats_of, step
from app.cycles.types import CycleStatus, ElectingBody
from app.elections.logic import tally
from app.elections.queries import pack
from app.elections.types import Outcome, Position
from app.organizations.queries import AnyRow
from app.tallies import logic, queries
from app.tallies.errors import AlreadyExcluded, DueDiffers, ExclusionIncomplete, NotAVoter
from app.tallies.models import ElectionTally, VoteExclusion
from app.tallies.schemas import ConsentNew, ExclusionNew, TallyNew

Status = CycleStatus


async def consent(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ConsentNew) -> None:
    """Consent that a voter is not counted as due, from the level above (同意核减).

    Raises also `NotAVoter` or `AlreadyExcluded`.
    """
    _, cycle = await locked(session, caller, cycle_id, from_above=True)
    check_open(Status(cycle.status), Status.TALLIED)
    on = new.on or clock.today()
    check_day(on, None, clock.today())
    each = members_on(cycle.district_code, cycle.organization_id, on).subquery()
    rows = select(each.c.category, each.c.status).where(each.c.id == new.member_id)
    member = (await session.execute(rows)).first()
    if member is None or logic.not_due(*member, is_excluded=False):
        raise NotAVoter
    row = VoteExclusion(
        district_code=cycle.district_code,
        id=new_id(),
        cycle_id=cycle.id,
        **new.model_dump(exclude={"on"}),
        consented_on=on,
        consented_by=caller.account_id,
    )
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:  # the one key that a new row can share
        raise AlreadyExcluded from error
    note(session, cycle, after=new.model_dump() | {"on": on})
    await session.flush()


async def exclude(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ExclusionNew) -> None:
    """Leave out of those due whom the level above and the meeting agreed on (核减应到会).

    Raises also `ExclusionIncomplete` or `AlreadyExcluded`.
    """
    _, cycle = await locked(session, caller, cycle_id)
    check_open(Status(cycle.status), Status.TALLIED)
    row = await session.scalar(
        select(VoteExclusion).where(
            VoteExclusion.district_code == cycle.district_code,
            VoteExclusion.cycle_id == cycle.id,
            VoteExclusion.member_id == new.member_id,
            VoteExclusion.ground == new.ground,
            VoteExclusion.superior_consent_number == new.superior_consent_number,
        )
    )
    number = row.superior_consent_number if row else None
    lacks = logic.lacking(number, meeting_passed=new.meeting_passed)
    if row is None or lacks:
        raise ExclusionIncomplete(lacks=lacks)
    if row.passed_on is not None:
        raise AlreadyExcluded
    row.passed_on = new.on or clock.today()
    check_day(row.passed_on, row.consented_on, clock.today())
    note(session, cycle, after=new.model_dump() | {"on": row.passed_on})
    await session.flush()


async def enter(session: AsyncSession, caller: Caller, cycle_id: UUID, new: TallyNew) -> None:
    """Enter the protocol of one vote and keep the verdict; the last one ends the count (计票).

    Without a quorum the cycle returns to the step before the meeting. Raises `NotFound`,
    `Forbidden`, `OutOfOrder`, `Invalid`, `ProtocolContradicts`, `PositionNotOpen`,
    `CandidateNotEligible` or `DueDiffers`.
    """
    seen, cycle = await locked(session, caller, cycle_id)
    check_order(
        Status(cycle.status), Status.TALLIED, await practice_of(session, cycle.district_code)
    )
    held = await held_on(session, seen) or clock.today()
    standing = await queries.standing(session, cycle)
    rows = await session.execute(queries.tallies_of(cycle.district_code, cycle.id))
    count = logic.Count.of(seats_of(cycle), standing, rows.all())
    logic.check_position(new.position, count.position)
    count.check_names(new)
    await _check_write_ins(session, cycle, held, count, [w.member_id for w in new.write_ins])
    due = await _due(session, seen, held, count)
    if due is not None and new.due != due:
        raise DueDiffers(f"名单应到会 {due} 人", f"the list has {due}", due=due)
    ids = [v.member_id for v in (*new.votes, *new.write_ins)]
    names = logic.labels(await queries.names(session, cycle.district_code, ids))
    found = tally(pack(), logic.protocol_of(new, count.seats, names))
    verdict = logic.verdict_of(found, names)
    await _elect(session, cycle, new.position, standing, verdict["elected"])
    session.add(
        ElectionTally(
            district_code=cycle.district_code,
            id=new_id(),
            cycle_id=cycle.id,
            position=new.position,
            round=count.round,
            protocol=new.model_dump(mode="json", exclude={"on", "document"}),
            verdict=verdict,
            outcome=verdict["outcome"],
            account_id=caller.account_id,
        )
    )
    told = {"position": new.position, "round": count.round, "outcome": verdict["outcome"]}
    if count.is_last(verdict):
        taken = StepNew(on=new.on, document=new.document)
        await step(session, caller, cycle, Status.TALLIED, taken, **told)
        return
    before = {"status": cycle.status}
    if verdict["outcome"] == Outcome.MEETING_INVALID:
        cycle.status = logic.before_meeting(await queries.taken(session, cycle))
    note(session, cycle, before=before, after=told | {"status": cycle.status})
    await session.flush()


async def _due(session: AsyncSession, seen: AnyRow, held: date, count: logic.Count) -> int | None:
    """Count who is due to a vote: the elected committee, or the list; a congress says itself."""
    if count.is_plenary:
        return len(count.committee)
    if seen.body == ElectingBody.DELEGATE_CONGRESS:
        return None
    due: int = (await queries.due_counts(session, seen, held))["due"]
    return due


async def _check_write_ins(
    session: AsyncSession, cycle: ElectionCycle, held: date, count: logic.Count, ids: list[UUID]
) -> None:
    if count.is_plenary:
        count.check_on_committee(ids)
    else:
        await check_eligible(session, cycle, held, ids, "write_ins")


async def _elect(
    session: AsyncSession,
    cycle: ElectionCycle,
    position: Position,
    standing: list[AnyRow],
    elected: list[str],
) -> None:
    """Mark who was elected; somebody who was written in is put down as such."""
    ids = [UUID(one) for one in elected]
    await session.execute(
        update(ElectionCandidate)
        .where(
            ElectionCandidate.district_code == cycle.district_code,
            ElectionCandidate.cycle_id == cycle.id,
            ElectionCandidate.position == position,
            ElectionCandidate.member_id.in_(ids),
        )
        .values(is_elected=True)
    )
    known = {row.member_id for row in standing if row.position == position}
    for one in ids:
        if one not in known:
            session.add(
                ElectionCandidate(
                    district_code=cycle.district_code,
                    id=new_id(),
                    cycle_id=cycle.id,
                    member_id=one,
                    position=position,
                    is_write_in=True,
                    is_elected=True,
                )
            )
