"""Leaving voters out of those due, and tallies: load, require, decide, write, record."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Turn:
    """The vote whose turn it is in a cycle."""

    seen: AnyRow
    cycle: ElectionCycle
    held: date
    """The day whose records count."""
    standing: list[AnyRow]
    count: logic.Count

    @property
    def pool(self) -> list[UUID]:
        """List the candidates as they were nominated."""
        return self.count.in_order(self.standing)


async def _turn(session: AsyncSession, caller: Caller, cycle_id: UUID) -> Turn:
    """Lock a cycle and tell whose turn it is, or raise what `locked` raises, or `OutOfOrder`."""
    seen, cycle = await locked(session, caller, cycle_id)
    practice = await practice_of(session, cycle.district_code)
    check_order(Status(cycle.status), Status.TALLIED, practice)
    held = await known_day(session, cycle, await held_on(session, seen) or clock.today())
    standing = await queries.standing(session, cycle)
    rows = await session.execute(queries.tallies_of(cycle.district_code, cycle.id))
    count = logic.Count.of(seats_of(cycle), standing, rows.all())
    return Turn(seen, cycle, held, standing, count)


async def open_box(session: AsyncSession, caller: Caller, cycle_id: UUID, new: BallotsNew) -> UUID:
    """Open a ballot box for the vote whose turn it is, among those due to it (开设票箱).

    Its candidates and seats are those of the round. Raises `NotFound`, `Forbidden`, `OutOfOrder`,
    `BoxDecides`, `BoxNotPossible`, `NotStanding` or `VotersNotEntitled`.
    """
    turn = await _turn(session, caller, cycle_id)
    cycle, count = turn.cycle, turn.count
    position = logic.check_position(None, count.position)
    if await queries.box_of(session, cycle, count) is not None:
        raise BoxDecides
    if count.is_plenary:
        voters = sorted(count.committee)
    elif cycle.body == ElectingBody.DELEGATE_CONGRESS:
        raise BoxNotPossible("没有代表名单", "there is no list of delegates")
    else:
        voters = await queries.due_ids(session, turn.seen, turn.held)
    logic.check_box(len(turn.pool), len(voters))
    labels = logic.labels(await queries.names(session, cycle.district_code, turn.pool))
    box = BoxNew.model_construct(
        organization_id=cycle.organization_id,
        title=logic.title_of(turn.seen.organization_name, position, count.round),
        position=ballots.Position(position),
        seats=count.seats,
        candidates=[labels[one] for one in turn.pool],
        voters=voters,
        allows_write_ins=new.allows_write_ins,
    )
    vote = ballots.Vote(cycle.id, count.round, tuple(turn.pool))
    return await boxes.open_box(session, caller, box, vote)


async def enter(session: AsyncSession, caller: Caller, cycle_id: UUID, new: TallyNew) -> None:
    """Enter the protocol of one vote and keep the verdict; the last one ends the count (计票).

    Without a quorum the cycle returns to the step before the meeting. Raises `NotFound`,
    `Forbidden`, `OutOfOrder`, `Invalid`, `ProtocolContradicts`, `PositionNotOpen`,
    `CandidateNotEligible`, `DueDiffers`, `BoxDecides`, `NameUnclear` or what a box's seal raises.
    """
    turn = await _turn(session, caller, cycle_id)
    cycle, count = turn.cycle, turn.count
    logic.check_way(new.model_dump(exclude_none=True, exclude_defaults=True))
    counts = await _counts(session, caller, turn, new)
    count.check_names(counts)
    await _check_write_ins(session, turn, [w.member_id for w in counts.write_ins])
    names = logic.labels(await queries.names(session, cycle.district_code, counts.people()))
    found = tally(pack(), logic.protocol_of(counts, count.seats, names))
    verdict = logic.verdict_of(found, names)
    await _elect(session, cycle, counts.position, turn.standing, verdict["elected"])
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


async def _counts(session: AsyncSession, caller: Caller, turn: Turn, new: TallyNew) -> Counts:
    """Read what a protocol says, from whatever it was entered with."""
    told: dict[str, Any] = {
        "position": logic.check_position(new.position, turn.count.position),
        "present": new.present,
        "ballots_issued": new.ballots_issued,
        "ballots_collected": new.ballots_collected,
        "reduce_seats_consent": new.reduce_seats_consent,
    }
    box_id = await queries.box_of(session, turn.cycle, turn.count)
    papers: Sequence[Sequence[UUID | str]] = new.ballots or []
    if new.ballot_box_id is not None:
        box, papers = await _of_box(session, caller, new.ballot_box_id, box_id)
        told |= {"due": box.voters_due, "ballots_issued": box.voters_voted}
        told["present"] = box.voters_voted if new.present is None else new.present
    elif box_id is not None:
        raise BoxDecides
    else:
        told["due"] = await _due(session, turn, new.due)
    if new.votes is not None:
        told["votes"] = [Votes(v.member_id, v.votes) for v in new.votes]
        told["write_ins"] = [Votes(v.member_id, v.votes) for v in new.write_ins]
        return Counts(**told)
    if new.ballots_collected is None:
        told["ballots_collected"] = len(papers)
    read = await _read(session, turn, papers, new)
    votes, write_ins, others = logic.count_papers(read, turn.count.seats, turn.pool)
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
    session: AsyncSession, turn: Turn, papers: Sequence[Sequence[UUID | str]], new: TallyNew
) -> list[Paper]:
    """Find out whom ballots name: a candidate, else somebody who could be elected."""
    written = {one for paper in papers for one in paper if isinstance(one, str)}
    known: dict[str, set[UUID]] = {}
    if written:
        pool = await queries.names(session, turn.cycle.district_code, turn.pool)
        for one, name in pool.items():
            known.setdefault(name, set()).add(one)
        others = await queries.eligible(session, turn.cycle, turn.held, written - known.keys())
        known = {name: turn.count.electable(found) for name, found in others.items()} | known
        known |= {one.name: {one.member_id} for one in new.names}
    read = logic.read_papers(papers, known)
    strangers = {one for paper in read for one in paper if isinstance(one, UUID)}
    await _check_write_ins(session, turn, sorted(strangers.difference(turn.pool)), "ballots")
    return read


async def _due(session: AsyncSession, turn: Turn, given: int | None) -> int:
    """Count who is due to a vote: the elected committee, the list, or a congress's delegates."""
    if turn.count.is_plenary:
        return logic.due_of(given, len(turn.count.committee), None)
    if turn.cycle.body == ElectingBody.DELEGATE_CONGRESS:
        return logic.due_of(given, None, turn.cycle.delegates)
    listed = await queries.due_counts(session, turn.seen, turn.held)
    return logic.due_of(given, listed["due"], None)


async def _check_write_ins(
    session: AsyncSession, turn: Turn, ids: list[UUID], field: str = "write_ins"
) -> None:
    turn.count.check_not_elected(ids)
    if turn.count.is_plenary:
        turn.count.check_on_committee(ids)
    else:
        await check_eligible(session, turn.cycle, turn.held, ids, field)


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
