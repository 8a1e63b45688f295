"""Leaving voters out of those due, and tallies: load, require, decide, write, record."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.ballots import queries as sealed
from app.ballots import service as boxes
from app.ballots import types as ballots
from app.ballots.schemas import BoxNew
from app.core import clock
from app.core.caller import Caller
from app.core.db import new_id
from app.cycles.logic import check_day, check_open, check_order
from app.cycles.models import ElectionCandidate, ElectionCycle
from app.cycles.queries import held_on, known_day, members_on, practice_of
from app.cycles.schemas import StepNew
from app.cycles.service import check_eligible, locked, note, seats_of, step
from app.cycles.types import CycleStatus, ElectingBody
from app.elections.logic import tally
from app.elections.queries import pack
from app.elections.types import Outcome, Position
from app.organizations.queries import AnyRow
from app.tallies import logic, queries
from app.tallies.errors import (
    AlreadyExcluded,
    BoxDecides,
    BoxNotPossible,
    BoxOfAnother,
    ExclusionIncomplete,
    NotAVoter,
)
from app.tallies.models import ElectionTally, VoteExclusion
from app.tallies.schemas import BallotsNew, ConsentNew, ExclusionNew, TallyNew
from app.tallies.types import Counts, Paper, Votes

Status = CycleStatus


async def consent(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ConsentNew) -> None:
    """Consent that a voter is not counted as due, from the level above (同意核减).

    Raises also `NotAVoter` or `AlreadyExcluded`.
    """
    _, cycle = await locked(session, caller, cycle_id, from_above=True)
    check_open(Status(cycle.status), Status.TALLIED)
    on = new.on or clock.today()
    check_day(on, None, clock.today())
    day = await known_day(session, cycle, on)
    each = members_on(cycle.district_code, cycle.organization_id, day).subquery()
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


async def _turn(
    session: AsyncSession, seen: AnyRow, cycle: ElectionCycle
) -> tuple[date, list[AnyRow], logic.Count]:
    """Give the day whose records count, who stands, and whose turn it is, or `OutOfOrder`."""
    practice = await practice_of(session, cycle.district_code)
    check_order(Status(cycle.status), Status.TALLIED, practice)
    held = await known_day(session, cycle, await held_on(session, seen) or clock.today())
    standing = await queries.standing(session, cycle)
    rows = await session.execute(queries.tallies_of(cycle.district_code, cycle.id))
    return held, standing, logic.Count.of(seats_of(cycle), standing, rows.all())


async def open_box(session: AsyncSession, caller: Caller, cycle_id: UUID, new: BallotsNew) -> UUID:
    """Open a ballot box for the vote whose turn it is, among those due to it (开设票箱).

    Its candidates and seats are those of the round. Raises `NotFound`, `Forbidden`, `OutOfOrder`,
    `BoxDecides`, `BoxNotPossible`, `CandidateNotEligible`, `NotStanding` or `VotersNotEntitled`.
    """
    seen, cycle = await locked(session, caller, cycle_id)
    held, standing, count = await _turn(session, seen, cycle)
    position = logic.check_position(None, count.position)
    if await queries.box_of(session, cycle, count) is not None:
        raise BoxDecides
    pool = count.in_order(standing)
    if count.is_plenary:
        count.check_on_committee(pool)
        voters = sorted(count.committee)
    elif seen.body == ElectingBody.DELEGATE_CONGRESS:
        raise BoxNotPossible("没有代表名单", "there is no list of delegates")
    else:
        voters = await queries.due_ids(session, seen, held)
    logic.check_box(len(pool), len(voters))
    labels = logic.labels(await queries.names(session, cycle.district_code, pool))
    box = BoxNew.model_construct(
        organization_id=cycle.organization_id,
        title=logic.title_of(seen.organization_name, position, count.round),
        position=ballots.Position(position),
        seats=count.seats,
        candidates=[labels[one] for one in pool],
        voters=voters,
        allows_write_ins=new.allows_write_ins,
    )
    vote = ballots.Vote(cycle.id, count.round, tuple(pool))
    return await boxes.open_box(session, caller, box, vote)


async def enter(session: AsyncSession, caller: Caller, cycle_id: UUID, new: TallyNew) -> None:
    """Enter the protocol of one vote and keep the verdict; the last one ends the count (计票).

    Without a quorum the cycle returns to the step before the meeting. Raises `NotFound`,
    `Forbidden`, `OutOfOrder`, `Invalid`, `ProtocolContradicts`, `PositionNotOpen`,
    `CandidateNotEligible`, `DueDiffers`, `BoxDecides`, `NameUnclear` or what a box's seal raises.
    """
    seen, cycle = await locked(session, caller, cycle_id)
    held, standing, count = await _turn(session, seen, cycle)
    logic.check_position(new.position, count.position)
    counts = await _counts(session, caller, (seen, cycle), held, (count, standing), new)
    count.check_names(counts)
    await _check_write_ins(session, cycle, held, count, [w.member_id for w in counts.write_ins])
    names = logic.labels(await queries.names(session, cycle.district_code, counts.people()))
    found = tally(pack(), logic.protocol_of(counts, count.seats, names))
    verdict = logic.verdict_of(found, names)
    await _elect(session, cycle, counts.position, standing, verdict["elected"])
    session.add(
        ElectionTally(
            district_code=cycle.district_code,
            id=new_id(),
            cycle_id=cycle.id,
            position=counts.position,
            round=count.round,
            protocol=logic.kept(counts, new.ballot_box_id),
            verdict=verdict,
            outcome=verdict["outcome"],
            account_id=caller.account_id,
        )
    )
    told = {"position": counts.position, "round": count.round, "outcome": verdict["outcome"]}
    if count.is_last(verdict):
        taken = StepNew(on=new.on, document=new.document)
        await step(session, caller, cycle, Status.TALLIED, taken, **told)
        return
    before = {"status": cycle.status}
    if verdict["outcome"] == Outcome.MEETING_INVALID:
        cycle.status = logic.before_meeting(await queries.taken(session, cycle))
    note(session, cycle, before=before, after=told | {"status": cycle.status})
    await session.flush()


async def _counts(
    session: AsyncSession,
    caller: Caller,
    of: tuple[AnyRow, ElectionCycle],
    held: date,
    turn: tuple[logic.Count, list[AnyRow]],
    new: TallyNew,
) -> Counts:
    """Read what a protocol says, from whatever it was entered with."""
    (seen, cycle), (count, standing) = of, turn
    logic.check_way(new.model_dump(exclude_none=True, exclude_defaults=True))
    position = logic.check_position(new.position, count.position)
    box_id = await queries.box_of(session, cycle, count)
    if new.ballot_box_id is None and box_id is not None:
        raise BoxDecides
    told: dict[str, Any] = {"position": position, "present": new.present}
    told |= {"reduce_seats_consent": new.reduce_seats_consent}
    papers: Sequence[Sequence[UUID | str]] = new.ballots or []
    if new.ballot_box_id is not None:
        box, papers = await _of_box(session, caller, new.ballot_box_id, box_id)
        told |= {"due": box.voters_due, "ballots_issued": box.voters_voted}
        told["present"] = box.voters_voted if new.present is None else new.present
    else:
        told["due"] = await _due(session, seen, held, count, new.due)
        told["ballots_issued"] = new.ballots_issued
    if new.votes is not None:
        told["ballots_collected"] = new.ballots_collected
        told["votes"] = [Votes(v.member_id, v.votes) for v in new.votes]
        told["write_ins"] = [Votes(v.member_id, v.votes) for v in new.write_ins]
        return Counts(**told)
    stated = new.ballots_collected
    told["ballots_collected"] = len(papers) if stated is None else stated
    read = await _read(session, cycle, held, count, papers, new)
    votes, write_ins, others = logic.count_papers(read, count.seats, count.in_order(standing))
    return Counts(**told, votes=votes, write_ins=write_ins, papers=read, others=others)


async def _of_box(
    session: AsyncSession, caller: Caller, asked: UUID, wanted: UUID | None
) -> tuple[AnyRow, list[list[UUID | str]]]:
    """Fetch a closed box and its ballots as whom each names, or raise `BoxOfAnother`."""
    box, slips = await sealed.whole(session, caller, asked)
    if asked != wanted:
        raise BoxOfAnother
    who = dict(zip((c["id"] for c in box.candidates), box.candidate_ids, strict=True))
    return box, [[*(who[c] for c in slip.choices), *slip.write_ins] for slip in slips]


async def _read(
    session: AsyncSession,
    cycle: ElectionCycle,
    held: date,
    count: logic.Count,
    papers: Sequence[Sequence[UUID | str]],
    new: TallyNew,
) -> list[Paper]:
    """Find out whom ballots name: a candidate, else somebody who could be elected."""
    written = {one for paper in papers for one in paper if isinstance(one, str)}
    known: dict[str, set[UUID]] = {}
    if written:
        for one, name in (await queries.names(session, cycle.district_code, count.pool)).items():
            known.setdefault(name, set()).add(one)
        others = await queries.eligible(session, cycle, held, written - known.keys())
        known = {name: count.electable(found) for name, found in others.items()} | known
        known |= {one.name: {one.member_id} for one in new.names}
    read = logic.read_papers(papers, known)
    strangers = {one for paper in read for one in paper if isinstance(one, UUID)} - count.pool
    await _check_write_ins(session, cycle, held, count, sorted(strangers), "ballots")
    return read


async def _due(
    session: AsyncSession, seen: AnyRow, held: date, count: logic.Count, given: int | None
) -> int:
    """Count who is due to a vote: the elected committee, the list, or a congress's delegates."""
    if count.is_plenary:
        return logic.due_of(given, len(count.committee), None)
    if seen.body == ElectingBody.DELEGATE_CONGRESS:
        return logic.due_of(given, None, seen.delegates)
    listed = await queries.due_counts(session, seen, held)
    return logic.due_of(given, listed["due"], None)


async def _check_write_ins(
    session: AsyncSession,
    cycle: ElectionCycle,
    held: date,
    count: logic.Count,
    ids: list[UUID],
    field: str = "write_ins",
) -> None:
    if count.is_plenary:
        count.check_on_committee(ids)
    else:
        await check_eligible(session, cycle, held, ids, field)


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
