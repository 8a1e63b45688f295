"""Holding contests: entries, jury, scores, the ranking and its publication."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.activities.service import organizer
from app.contests import logic, queries
from app.contests.errors import ContestFull, NotOnPodium, ScoresRefused
from app.contests.logic import Unit
from app.contests.models import Contest, ContestEntry, ContestJuror, ContestScore
from app.contests.schemas import ContestNew, EntryNew, JurorNew, PublicationNew, ScoreNew, ScoresNew
from app.contests.types import ContestStatus
from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Forbidden, NotFound, fault, wrong
from app.members import queries as members
from app.organizations import queries as organizations
from app.organizations.queries import AnyRow

WRITE = Permission.ACTIVITIES_WRITE
OPEN = ContestStatus.OPEN


async def announce(session: AsyncSession, caller: Caller, new: ContestNew) -> UUID:
    """Announce a contest of an organisation (举办评选).

    Raises `NotFound`, `Forbidden` or `NotStanding`.
    """
    found = await organizer(session, caller, new.organization_id)
    contest = Contest(
        district_code=found.district_code,
        id=new_id(),
        status=OPEN,
        recorded_by=caller.account_id,
        **new.model_dump(),
    )
    session.add(contest)
    target = "contest", contest.id
    audit.record(session, found.district_code, target, after=new.model_dump())
    await session.flush()
    return contest.id


async def _lock(
    session: AsyncSession, caller: Caller, contest_id: UUID, *allowed: ContestStatus
) -> AnyRow:
    """Lock a contest in one of these states for who may write for its organiser.

    Raises `NotFound`, `Forbidden` or `ContestOutOfOrder`.
    """
    seen = await queries.get(session, caller, contest_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    await _hold(session, seen, *allowed)
    return seen


async def _hold(session: AsyncSession, seen: AnyRow, *allowed: ContestStatus) -> Contest:
    contest = await session.scalar(
        select(Contest)
        .where(Contest.district_code == seen.district_code, Contest.id == seen.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert contest is not None  # contests are never deleted
    logic.check_state(ContestStatus(contest.status), *allowed)
    return contest


async def _check_room(
    session: AsyncSession, table: type[ContestEntry] | type[ContestJuror], seen: AnyRow, most: int
) -> None:
    rows = select(func.count()).where(
        table.district_code == seen.district_code, table.contest_id == seen.id
    )
    if int(await session.scalar(rows) or 0) >= most:
        raise ContestFull


async def _unit(
    session: AsyncSession, caller: Caller, seen: AnyRow, new: EntryNew | JurorNew
) -> UUID | None:
    """Find the organisation of an entry or a juror in sight and in the contest's district."""
    organization_id = new.organization_id
    if new.member_id is not None:
        member = await members.get(session, caller, new.member_id)
        if member.district_code != seen.district_code:
            raise NotFound
        organization_id = organization_id or member.organization_id
    if organization_id is not None:
        found = await organizations.get(session, caller, organization_id)
        if found.district_code != seen.district_code:
            raise NotFound
    return organization_id


async def enter(session: AsyncSession, caller: Caller, contest_id: UUID, new: EntryNew) -> UUID:
    """Enter what an organisation or a member competes with (登记参赛作品).

    Raises `NotFound`, `Forbidden`, `ContestOutOfOrder`, `ContestFull` or `Invalid`.
    """
    seen = await _lock(session, caller, contest_id, OPEN)
    await _check_room(session, ContestEntry, seen, logic.MOST_ENTRIES)
    organization_id = await _unit(session, caller, seen, new)
    if organization_id is None:
        zh, en = "请指明参赛的党组织或党员", "say which organisation or member competes"
        raise wrong("organization_id", zh, en)
    values = {"organization_id": organization_id, "member_id": new.member_id, "title": new.title}
    entry = ContestEntry(
        district_code=seen.district_code,
        id=new_id(),
        contest_id=seen.id,
        recorded_by=caller.account_id,
        **values,
    )
    session.add(entry)
    said = values | {"entry_id": entry.id}
    audit.record(session, seen.district_code, ("contest", seen.id), after=said)
    await session.flush()
    return entry.id


async def withdraw_entry(
    session: AsyncSession, caller: Caller, contest_id: UUID, entry_id: UUID
) -> None:
    """Withdraw an entry; it is scored and ranked no more (撤回参赛作品).

    Raises `NotFound`, `Forbidden` or `ContestOutOfOrder`.
    """
    seen = await _lock(session, caller, contest_id, OPEN)
    entry = await session.scalar(
        select(ContestEntry).where(
            ContestEntry.district_code == seen.district_code,
            ContestEntry.contest_id == seen.id,
            ContestEntry.id == entry_id,
        )
    )
    if entry is None:
        raise NotFound
    audit.record(session, seen.district_code, ("contest", seen.id), withdrawn=entry_id)
    entry.is_withdrawn = True
    await session.flush()


async def appoint(session: AsyncSession, caller: Caller, contest_id: UUID, new: JurorNew) -> UUID:
    """Put somebody on the jury (登记评委).

    Raises `NotFound`, `Forbidden`, `ContestOutOfOrder` or `ContestFull`.
    """
    seen = await _lock(session, caller, contest_id, OPEN)
    await _check_room(session, ContestJuror, seen, logic.MOST_JURORS)
    juror = ContestJuror(
        district_code=seen.district_code,
        id=new_id(),
        contest_id=seen.id,
        member_id=new.member_id,
        name=new.name,
        organization_id=await _unit(session, caller, seen, new),
    )
    session.add(juror)
    said = {"juror_id": juror.id, "organization_id": juror.organization_id}
    audit.record(session, seen.district_code, ("contest", seen.id), after=said)
    await session.flush()
    return juror.id


# ── Scores


async def score(session: AsyncSession, caller: Caller, contest_id: UUID, new: ScoresNew) -> int:
    """Record scores, all or none: for the organiser any, for a juror the own (登记评分).

    Raises `NotFound`, `Forbidden`, `ContestOutOfOrder`, or `ScoresRefused` with all that is wrong
    with any row.
    """
    seen = await queries.get(session, caller, contest_id)
    jurors = {r.id: r for r in await queries.jurors_of(session, seen)}
    own = {i for i, r in jurors.items() if caller.is_member(seen.district_code, r.member_id)}
    if not own.issuperset(row.juror_id for row in new.rows):
        here = Subtree(seen.district_code, seen.path)
        if own and not caller.may(WRITE, here):
            refusal = Forbidden("评委只能登记本人的评分", "a juror records the own scores alone")
            raise refusal.at(here.district_code, here.path)
        caller.require(WRITE, at=here)
    await _hold(session, seen, OPEN)
    entries = {r.id: r for r in await queries.entries_of(session, seen)}
    if faults := list(_faults(caller, new.rows, entries, jurors)):
        raise ScoresRefused(f"共 {len(faults)} 处错误", f"{len(faults)} errors", errors=faults)
    put = insert(ContestScore).values(
        [
            row.model_dump()
            | {"district_code": seen.district_code, "recorded_by": caller.account_id}
            for row in new.rows
        ]
    )
    values = {"score": put.excluded.score, "recorded_by": put.excluded.recorded_by}
    key = ["district_code", "entry_id", "juror_id"]
    await session.execute(put.on_conflict_do_update(index_elements=key, set_=values))
    said = [row.model_dump() | {"score": str(row.score)} for row in new.rows]
    audit.record(session, seen.district_code, ("contest", seen.id), scores=said)
    return len(new.rows)


def _faults(
    caller: Caller,
    rows: Sequence[ScoreNew],
    entries: Mapping[UUID, Any],
    jurors: Mapping[UUID, Any],
) -> Iterator[dict[str, Any]]:
    pairs = Counter((row.entry_id, row.juror_id) for row in rows)
    for number, row in enumerate(rows, 1):
        entry, juror = entries.get(row.entry_id), jurors.get(row.juror_id)
        if entry is None or entry.is_withdrawn:
            yield fault("entry_id", "没有这件参赛作品", "not_found", row=number)
        elif juror is None:
            yield fault("juror_id", "没有这名评委", "not_found", row=number)
        elif pairs[row.entry_id, row.juror_id] > 1:
            yield fault("score", "同一评委对同一作品重复评分", "duplicate", row=number)
        elif _is_own(caller, entry, juror):
            yield fault("juror_id", "评委不能为本人或本单位的作品评分", "own_unit", row=number)


def _is_own(caller: Caller, entry: Any, juror: Any) -> bool:
    """Tell whether a score would be of the juror's own unit, or of who records it."""
    entrant = entry.member_id
    return (
        logic.is_own(Unit(juror.path), Unit(entry.path))
        or (entrant is not None and entrant == juror.member_id)
        or caller.is_person(entry.district_code, entrant)
    )


# ── What comes of it


async def close(session: AsyncSession, caller: Caller, contest_id: UUID) -> None:
    """Rank the entries once every juror has scored; the ranking stands from then on (评选排名).

    Raises `NotFound`, `Forbidden`, `ContestOutOfOrder`, `ScoresMissing` or `TieAtTheCut`.
    """
    seen = await _lock(session, caller, contest_id, OPEN)
    entries = [r for r in await queries.entries_of(session, seen) if not r.is_withdrawn]
    jurors = await queries.jurors_of(session, seen)
    scores = await queries.scores_of(session, seen)
    logic.check_complete(
        {r.id: Unit(r.path) for r in entries},
        {r.id: Unit(r.path) for r in jurors if not _enters(r, entries)},
        {(s.entry_id, s.juror_id) for s in scores},
    )
    given = queries.by_entry(entries, scores)
    placings = logic.ranking(given, drops_extremes=seen.drops_extremes)
    logic.check_cut(placings, seen.places)
    key = {"district_code": seen.district_code}
    ranks = [key | {"id": p.entry_id, "average": p.average, "rank": p.rank} for p in placings]
    await session.execute(update(ContestEntry), ranks)
    await _move(session, seen, {"status": ContestStatus.CLOSED}, entries=len(placings))


def _enters(juror: Any, entries: Collection[Any]) -> bool:
    """Tell whether a juror competes: then no score of the own entry is waited for."""
    own = juror.member_id
    return own is not None and any(r.member_id == own for r in entries)


async def _move(session: AsyncSession, seen: AnyRow, values: dict[str, Any], **detail: Any) -> None:
    contest = await session.get_one(Contest, (seen.district_code, seen.id))
    target = "contest", contest.id
    audit.record(session, contest.district_code, target, **audit.changed(contest, values), **detail)
    for name, value in values.items():
        setattr(contest, name, value)
    await session.flush()


async def publish(
    session: AsyncSession, caller: Caller, contest_id: UUID, new: PublicationNew
) -> None:
    """Say where and when the ranking was published; nothing is fetched from there (发布评选结果).

    Raises `NotFound`, `Forbidden`, `ContestOutOfOrder` or `Invalid`.
    """
    seen = await _lock(session, caller, contest_id, ContestStatus.CLOSED)
    if not seen.held_on <= new.published_on <= clock.today():
        zh, en = "发布日期须在评选之后、今天或以前", "before the contest, or after today"
        raise wrong("published_on", zh, en)
    await _move(session, seen, new.model_dump() | {"status": ContestStatus.PUBLISHED})


async def form_team(
    session: AsyncSession, caller: Caller, contest_id: UUID, entry_ids: Collection[UUID]
) -> None:
    """Make up the lecture team of the members of ranked entries, and of no others (组建宣讲团).

    Raises `NotFound`, `Forbidden`, `ContestOutOfOrder` or `NotOnPodium`.
    """
    seen = await _lock(session, caller, contest_id, ContestStatus.CLOSED, ContestStatus.PUBLISHED)
    entries = {r.id: r for r in await queries.entries_of(session, seen)}
    if any(
        i not in entries or entries[i].rank is None or entries[i].member_id is None
        for i in entry_ids
    ):
        raise NotOnPodium
    team = update(ContestEntry).where(
        ContestEntry.district_code == seen.district_code, ContestEntry.contest_id == seen.id
    )
    await session.execute(team.values(is_lecturer=ContestEntry.id.in_(entry_ids)))
    audit.record(
        session, seen.district_code, ("contest", seen.id), lecturers=sorted(set(entry_ids))
    )
    await session.flush()
