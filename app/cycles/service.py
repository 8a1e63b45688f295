"""Taking the steps of a cycle: load, require, decide, write, record."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Invalid, NotFound
from app.cycles import logic, queries
from app.cycles.errors import (
    AlreadyExtended,
    CandidateNotEligible,
    CycleOpen,
    NoticeOpen,
    SameAccount,
)
from app.cycles.models import (
    CriticismNotice,
    ElectionCandidate,
    ElectionCycle,
    ElectionPractice,
    ElectionStep,
)
from app.cycles.schemas import (
    CycleNew,
    ExtensionNew,
    NominationNew,
    NoticeNew,
    PracticeNew,
    ReplyNew,
    StepNew,
)
from app.cycles.types import CycleStatus, ElectingBody, Seats
from app.elections import queries as elections
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import ROOT_PATH, AnyRow
from app.organizations.types import OrganizationKind, OrganizationStatus, Sector
from app.terms import queries as terms
from app.terms.logic import due_after
from app.terms.models import TermExtension

Cycle, Status = ElectionCycle, CycleStatus
WRITE, APPROVE = Permission.ELECTIONS_WRITE, Permission.ELECTIONS_APPROVE


async def open_cycle(session: AsyncSession, caller: Caller, new: CycleNew) -> UUID:
    """Open a cycle for an organisation that elects (立项).

    Raises `NotFound`, `Forbidden`, `HoldsNoElection`, `NotStanding`, `Invalid`, `SeatsNotAllowed`,
    `CongressNotAllowed` or `CycleOpen`.
    """
    await tree.hold(session, caller, new.organization_id)
    found = await organizations.get(session, caller, new.organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    kind = OrganizationKind(found.kind)
    logic.check_kind(kind)
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    sector = Sector(found.sector) if found.sector else None
    rules = elections.pack()
    years = partial(logic.term_years, terms.pack(), kind, sector)
    started, due = logic.term_of(
        (found.term_started_on, found.due_on), (new.term_started_on, new.due_on), years
    )
    heads = await _heads(session, found)
    logic.check_seats(rules, kind, heads["full"], seats_of(new))
    logic.check_body(rules, kind, new.body, heads.total(), is_scattered=new.is_scattered)
    term: dict[str, Any] = {"term_started_on": started, "due_on": due}
    term["term_years"] = new.term_years or years(clock.today())
    row = Cycle(
        district_code=found.district_code,
        id=new_id(),
        **new.model_dump() | term,
        status=Status.PLANNED,
        opened_by=caller.account_id,
    )
    await _add(session, row, CycleOpen)
    target = "election_cycle", row.id
    audit.record(session, row.district_code, target, after=audit.columns(row))
    return row.id


async def _heads(session: AsyncSession, found: AnyRow) -> Counter[str]:
    """Count the full and the probationary members of an organisation today."""
    each = queries.members_on(found.district_code, found.id, clock.today()).subquery()
    counted = select(each.c.category, func.count()).group_by(each.c.category)
    return Counter({row[0]: row[1] for row in await session.execute(counted)})


async def locked(
    session: AsyncSession, caller: Caller, cycle_id: UUID, *, from_above: bool = False
) -> tuple[AnyRow, ElectionCycle]:
    """Lock a cycle for a step of its organisation, or of the level above.

    Raises `NotFound`, `Forbidden`, or `SameAccount` where the one who requested would approve.
    """
    seen = await queries.get(session, caller, cycle_id)
    here = Subtree(seen.district_code, seen.path)
    if from_above:
        caller.require(APPROVE, at=logic.above(here))
    else:
        caller.require(WRITE, at=here)
    cycle = await session.scalar(
        select(Cycle)
        .where(Cycle.district_code == seen.district_code, Cycle.id == cycle_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert cycle is not None
    if from_above and caller.account_id == cycle.requested_by:
        raise SameAccount
    return seen, cycle


async def step(
    session: AsyncSession,
    caller: Caller,
    cycle: ElectionCycle,
    to: CycleStatus,
    new: StepNew,
    **more: Any,
) -> date:
    """Take the step `to`: check its order and its day, keep it, and tell the audit.

    Gives the day. Raises `OutOfOrder` or `Invalid`.
    """
    practice = await queries.practice_of(session, cycle.district_code)
    logic.check_order(Status(cycle.status), to, practice)
    on = new.on or clock.today()
    logic.check_day(on, await last_day(session, cycle), clock.today())
    _keep(session, caller, cycle, to, new, on, **more)
    await session.flush()
    return on


def _keep(
    session: AsyncSession,
    caller: Caller,
    cycle: ElectionCycle,
    to: CycleStatus,
    new: StepNew,
    on: date,
    **more: Any,
) -> None:
    row = ElectionStep(
        district_code=cycle.district_code,
        id=new_id(),
        cycle_id=cycle.id,
        step=to,
        done_on=on,
        document=new.document,
        note=new.note,
        account_id=caller.account_id,
    )
    session.add(row)
    after = {"status": to, "on": on, "document": new.document} | more
    note(session, cycle, before={"status": cycle.status}, after=after)
    cycle.status = to


def note(session: AsyncSession, cycle: ElectionCycle, **what: Any) -> None:
    """Tell the audit what happens to a cycle, and raise its version."""
    audit.record(session, cycle.district_code, ("election_cycle", cycle.id), **what)
    cycle.version += 1


async def last_day(session: AsyncSession, cycle: ElectionCycle) -> date | None:
    """Read the day of the step that came last."""
    days = select(func.max(ElectionStep.done_on)).where(
        ElectionStep.district_code == cycle.district_code, ElectionStep.cycle_id == cycle.id
    )
    day: date | None = await session.scalar(days)
    return day


async def request(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """Ask the level above for the election (请示)."""
    _, cycle = await locked(session, caller, cycle_id)
    cycle.requested_by = caller.account_id
    await step(session, caller, cycle, Status.REQUESTED, new)


async def reply(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ReplyNew) -> None:
    """Agree to the request, from the level above (批复). Raises also `DelegatesNotAllowed`."""
    _, cycle = await locked(session, caller, cycle_id, from_above=True)
    logic.check_delegates(elections.pack(), ElectingBody(cycle.body), new.delegates)
    allowed = {"allows_early": new.allows_early, "delegates": new.delegates}
    cycle.allows_early, cycle.delegates = new.allows_early, new.delegates
    await step(session, caller, cycle, Status.REPLIED, new, **allowed)


async def nominate(
    session: AsyncSession, caller: Caller, cycle_id: UUID, new: NominationNew
) -> None:
    """Nominate candidates; until the pre-check another list takes the place of the first (提名).

    Raises also `TooFewCandidates` or `CandidateNotEligible`.
    """
    _, cycle = await locked(session, caller, cycle_id)
    listed = [(c.position, c.member_id) for c in new.candidates]
    on = await step(session, caller, cycle, Status.NOMINATED, new, candidates=listed)
    if faults := logic.listed_twice(listed):
        raise Invalid("候选人重复", "a candidate is listed twice", errors=faults)
    logic.check_candidates(elections.pack(), seats_of(cycle), (c.position for c in new.candidates))
    await check_eligible(session, cycle, on, [c.member_id for c in new.candidates], "candidates")
    mine = ElectionCandidate.district_code == cycle.district_code
    old = delete(ElectionCandidate).where(mine, ElectionCandidate.cycle_id == cycle.id)
    await session.execute(old)
    ids = sorted(new_id() for _ in listed)  # the order of the list is that of the ballot paper
    for one, (position, member_id) in zip(ids, listed, strict=True):
        session.add(
            ElectionCandidate(
                district_code=cycle.district_code,
                id=one,
                cycle_id=cycle.id,
                member_id=member_id,
                position=position,
            )
        )
    await session.flush()


def seats_of(cycle: ElectionCycle | CycleNew) -> Seats:
    """Give the seats of a cycle."""
    return Seats(cycle.seats, cycle.secretary_seats, cycle.deputy_seats)


async def check_eligible(
    session: AsyncSession, cycle: ElectionCycle, on: date, ids: list[UUID], field: str
) -> None:
    """Raise `CandidateNotEligible` unless all are full members in good standing there, that day."""
    on = await queries.known_day(session, cycle, on)
    each = queries.members_on(cycle.district_code, cycle.organization_id, on).subquery()
    rows = await session.execute(
        select(each.c.id, each.c.category, each.c.status).where(each.c.id.in_(ids))
    )
    eligible = {row.id for row in rows if logic.is_eligible(row.category, row.status)}
    if wrong := [n for n, one in enumerate(ids) if one not in eligible]:
        raise CandidateNotEligible(
            "候选人须为本党组织的正式党员且状态正常",
            "candidates are full members in good standing of the organisation",
            errors=logic.faults(field, "member_id", wrong, "not_eligible", "不具备资格"),
        )


async def precheck(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """Agree to the candidates, from the level above (预审)."""
    _, cycle = await locked(session, caller, cycle_id, from_above=True)
    await step(session, caller, cycle, Status.PRECHECKED, new)


async def publish(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """Publish the candidates (公示)."""
    _, cycle = await locked(session, caller, cycle_id)
    await step(session, caller, cycle, Status.PUBLISHED, new)


async def hold(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """Record the meeting (召开会议); a tally without a quorum lets it be held again.

    Raises also `TooEarly` or `PublishedTooShortly`.
    """
    _, cycle = await locked(session, caller, cycle_id)
    on = await step(session, caller, cycle, Status.HELD, new)
    published = select(func.max(ElectionStep.done_on)).where(
        ElectionStep.district_code == cycle.district_code,
        ElectionStep.cycle_id == cycle.id,
        ElectionStep.step == Status.PUBLISHED,
    )
    logic.check_meeting_day(
        terms.pack(),
        on,
        cycle.due_on,
        allows_early=cycle.allows_early,
        published_on=await session.scalar(published),
        practice=await queries.practice_of(session, cycle.district_code),
    )


async def report(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """Report the result to the level above (报告)."""
    _, cycle = await locked(session, caller, cycle_id)
    await step(session, caller, cycle, Status.REPORTED, new)


async def approve(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """Approve the result: the new term runs from the meeting, and notices are cleared (批准)."""
    seen, cycle = await locked(session, caller, cycle_id, from_above=True)
    held = await queries.held_on(session, seen) or clock.today()  # before it, `step` refuses
    term = held, due_after(held, cycle.term_years)
    more = {"organization_id": cycle.organization_id, "term_started_on": term[0], "due_on": term[1]}
    await step(session, caller, cycle, Status.APPROVED, new, **more)
    await tree.renew_term(session, cycle.district_code, cycle.organization_id, term, new.document)
    notice = CriticismNotice
    cleared = update(notice).where(
        notice.district_code == cycle.district_code,
        notice.organization_id == cycle.organization_id,
        notice.cleared_on.is_(None),
    )
    await session.execute(cleared.values(cleared_on=func.greatest(notice.issued_on, held)))


async def cancel(session: AsyncSession, caller: Caller, cycle_id: UUID, new: StepNew) -> None:
    """End a cycle that will not go on, so that another can be opened (取消)."""
    _, cycle = await locked(session, caller, cycle_id)
    logic.check_open(Status(cycle.status), Status.APPROVED)
    on = new.on or clock.today()
    logic.check_day(on, await last_day(session, cycle), clock.today())
    _keep(session, caller, cycle, Status.CANCELLED, new, on)
    await session.flush()


async def extend(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ExtensionNew) -> None:
    """Let the term last longer, one year at most, from the level above (延期).

    Raises also `ExtensionTooLong` or `AlreadyExtended`.
    """
    seen, cycle = await locked(session, caller, cycle_id, from_above=True)
    logic.check_open(Status(cycle.status), Status.HELD)
    if seen.extended_until is not None:
        raise AlreadyExtended(f"已延期至 {seen.extended_until}", f"until {seen.extended_until}")
    logic.check_extension(terms.pack(), cycle.due_on, new.until)
    on = new.on or clock.today()
    logic.check_day(on, None, clock.today())
    row = TermExtension(
        district_code=cycle.district_code,
        id=new_id(),
        organization_id=cycle.organization_id,
        due_on=cycle.due_on,
        until=new.until,
        document=new.document,
        approved_on=on,
        account_id=caller.account_id,
    )
    await _add(session, row, AlreadyExtended)
    note(session, cycle, after={"until": new.until, "document": new.document, "on": on})
    await session.flush()


async def _add(session: AsyncSession, row: Any, clash: type[Exception]) -> None:
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:  # the one key a new row can share
        raise clash from error


async def criticise(session: AsyncSession, caller: Caller, cycle_id: UUID, new: NoticeNew) -> None:
    """Criticise an overdue organisation, from the level above (通报批评).

    Raises also `NotOverdue` or `NoticeOpen`.
    """
    seen, cycle = await locked(session, caller, cycle_id, from_above=True)
    logic.check_open(Status(cycle.status), Status.HELD)
    issued = new.issued_on or clock.today()
    logic.check_day(issued, None, clock.today(), "issued_on")
    logic.check_overdue(cycle.due_on, seen.extended_until, issued)
    row = CriticismNotice(
        district_code=cycle.district_code,
        id=new_id(),
        organization_id=cycle.organization_id,
        cycle_id=cycle.id,
        number=new.number,
        issued_on=issued,
        recipients=new.recipients,
        due_on=cycle.due_on,
        account_id=caller.account_id,
    )
    await _add(session, row, NoticeOpen)
    note(session, cycle, after={"notice": new.number, "recipients": new.recipients, "on": issued})
    await session.flush()


async def set_practice(session: AsyncSession, caller: Caller, new: PracticeNew) -> ElectionPractice:
    """Set a district's local practice, from now on (设置当地做法)."""
    if all(s.district_code != new.district_code for s in caller.subtrees(queries.READ)):
        raise NotFound
    caller.require(Permission.RULES_CONFIGURE, at=Subtree(new.district_code, ROOT_PATH))
    row = ElectionPractice(id=new_id(), account_id=caller.account_id, **new.model_dump())
    session.add(row)
    await session.flush()
    target = "election_practice", row.id
    audit.record(session, row.district_code, target, after=audit.columns(row))
    return row
