"""Writing what a simulation worked out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    and_,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.admissions.models import Admission
from app.core import clock
from app.core.caller import Caller
from app.core.db import among, new_id
from app.cycles.models import ElectionCycle, ElectionStep
from app.cycles.types import ENDED, CycleStatus
from app.journals import service as journals
from app.members.models import Member, Membership
from app.organizations.errors import NameTaken
from app.organizations.models import Organization, OrganizationState
from app.probations import queries as probations
from app.probations.service import dissolve_organization, lead, refuse_left
from app.probations.types import Led
from app.simulations import queries
from app.simulations.errors import BallotRunning, ChangedLater
from app.simulations.types import Node, Outcome
from app.transfers import queries as transfers
from app.transfers.service import redirect

State = OrganizationState


async def lock_all(session: AsyncSession, code: str, outcome: Outcome) -> dict[UUID, int]:
    """Lock the transfers and the organisations that an outcome touches; give the versions.

    A transfer that is accepted locks itself first and then its organisation.
    """
    pending = await transfers.pending_of(session, code, outcome.left)
    await journals.lock_transfers(session, code, [row.id for row in pending])
    return await journals.lock(session, Organization, code, outcome.touched)


# ── Writing


async def write(
    session: AsyncSession,
    district_code: str,
    outcome: Outcome,
    day: date,
    document: str,
    account_id: UUID,
) -> tuple[str, Collection[UUID]]:
    """Write `outcome` from `day` on; who asks has locked the organisations that it touches.

    Gives the JSON of the `Journal` that takes it back, and the members who moved. Raises
    `ChangedLater`, `BallotRunning`, `AdmissionsLeft` or `NameTaken`.
    """
    moving = await _movers(session, district_code, outcome)
    led = await _led(session, district_code, outcome, moving)
    if led:
        await journals.lock(session, Admission, district_code, [one.admission_id for one in led])
        moving = await _movers(session, district_code, outcome)  # by now nobody is admitted there
        led = await _led(session, district_code, outcome, moving)
        refuse_left(led)
    await journals.lock(session, Member, district_code, moving)
    stopped = [*outcome.ended, *outcome.converted]
    await _refuse_later(session, district_code, outcome, day, moving)
    pending = await transfers.pending_of(session, district_code, outcome.left)
    rows = partial(
        journals.snapshot,
        session,
        district_code,
        day,
        organizations={*outcome.changed, *outcome.ended, *outcome.founded},
        founded=outcome.founded,
        members=moving,
        elections=stopped,
        transfers=[row.id for row in pending],
        admissions=[one.admission_id for one in led],
    )
    kept = await rows()
    try:
        await _write_states(session, district_code, outcome, day, document)
        await _write_memberships(session, district_code, moving, day, document)
    except IntegrityError as error:  # a name, given to another meanwhile
        raise NameTaken from error
    await _lead_transfers(session, district_code, outcome, moving)
    await lead(session, district_code, led)
    await _stop_elections(session, district_code, stopped, document, account_id)
    return journals.journal(kept, await rows()), moving


async def _led(
    session: AsyncSession, code: str, outcome: Outcome, moving: Mapping[UUID, UUID]
) -> list[Led]:
    return await probations.led(session, code, outcome.branches, moving, outcome.branch)


async def _movers(session: AsyncSession, code: str, outcome: Outcome) -> dict[UUID, UUID]:
    """Tell where each member goes who belongs elsewhere afterwards."""
    heirs = {i: heir for i, heir in outcome.ended.items() if heir is not None}
    found = {m: heirs[at] for m, at in await queries.members_of(session, code, heirs)}
    return found | dict(outcome.moved)


async def _refuse_later(
    session: AsyncSession, code: str, outcome: Outcome, day: date, moving: Collection[UUID]
) -> None:
    """Raise `ChangedLater` where something is recorded of later than `day` that would not fit."""
    touched = sorted({*outcome.changed, *outcome.ended})
    heirs = (heir for heir in outcome.ended.values() if heir in outcome.before)
    parents = (outcome.after[i].parent_id for i in (*outcome.changed, *outcome.founded))
    standing = sorted({i for i in (*heirs, *parents) if i is not None and i in outcome.before})
    is_later = or_(State.valid_from > day, State.valid_to > day)
    states = select(State.organization_id, State.valid_from, State.valid_to).where(
        State.district_code == code,
        or_(
            and_(
                or_(
                    among(State.organization_id, touched),
                    among(State.parent_id, touched),
                ),
                is_later,
            ),
            and_(State.organization_id.in_(standing), State.valid_from > day),
        ),
    )
    refuse_later([_told("organization", *row, day) for row in await session.execute(states)])
    places = sorted({*outcome.ended, *outcome.converted})
    memberships = select(Membership.member_id, Membership.valid_from, Membership.valid_to).where(
        Membership.district_code == code,
        or_(Membership.organization_id.in_(places), Membership.member_id.in_(sorted(moving))),
        or_(Membership.valid_from > day, Membership.valid_to > day),
    )
    refuse_later([_told("member", *row, day) for row in await session.execute(memberships)])


def _told(kind: str, subject: UUID, start: date, end: date | None, day: date) -> dict[str, str]:
    is_start = end is None or start > day
    return {"kind": kind, "id": str(subject), "on": str(start if is_start else end)}


def refuse_later(later: Sequence[Mapping[str, str]]) -> None:
    """Raise `ChangedLater` if there is anything later, naming the first twenty."""
    if later:
        what = "、".join(f"{one['kind']} {one['id']}" for one in later[:3])
        raise ChangedLater(f"涉及：{what}", f"touched by {what}", later=list(later[:20]))


_NODES = """WITH n AS (SELECT * FROM jsonb_to_recordset(:rows) AS n (organization_id uuid, id uuid,
 parent_id uuid, path text, name text, kind text, is_grid boolean, term_started_on date,
 due_on date))"""
_IN_PLACE = f"""{_NODES}
UPDATE organization_state s SET (parent_id, path, name, kind, is_grid, term_started_on, due_on,
                                 decision, recorded_at)
  = (n.parent_id, n.path, n.name, n.kind, n.is_grid, n.term_started_on, n.due_on, :document, now())
FROM n WHERE s.district_code = :code AND s.organization_id = n.organization_id
  AND s.valid_to IS NULL AND s.valid_from = :day"""  # noqa: S608 - a constant
_FROM_THEN_ON = f"""{_NODES}
INSERT INTO organization_state (district_code, id, organization_id, parent_id, path, name, kind,
  sector, is_grid, founded_on, term_started_on, due_on, decision, valid_from)
SELECT s.district_code, n.id, n.organization_id, n.parent_id, n.path, n.name, n.kind,
  s.sector, n.is_grid, s.founded_on, n.term_started_on, n.due_on, :document, :day
FROM n JOIN organization_state s ON s.district_code = :code
  AND s.organization_id = n.organization_id AND s.valid_to = :day"""  # noqa: S608 - a constant
_MOVES = (
    "WITH n AS (SELECT * FROM jsonb_to_recordset(:rows) AS n (member_id uuid, place uuid, id uuid))"
)
_MOVE_IN_PLACE = f"""{_MOVES}
UPDATE membership m SET (organization_id, reason, recorded_at) = (n.place, :reason, now())
FROM n WHERE m.district_code = :code AND m.member_id = n.member_id
  AND m.valid_to IS NULL AND m.valid_from = :day"""  # noqa: S608 - a constant
_MOVE_FROM_THEN_ON = f"""{_MOVES}
INSERT INTO membership (district_code, id, member_id, organization_id, category, status, valid_from,
                        reason)
SELECT m.district_code, n.id, m.member_id, n.place, m.category, m.status, :day, :reason
FROM n JOIN membership m ON m.district_code = :code AND m.member_id = n.member_id
  AND m.valid_to = :day"""  # noqa: S608 - a constant


def _row(node: Node) -> dict[str, Any]:
    return {
        "organization_id": str(node.id),
        "id": str(new_id()),
        "parent_id": str(node.parent_id),
        "path": node.path,
        "name": node.name,
        "kind": node.kind,
        "is_grid": node.is_grid,
        "term_started_on": node.term_started_on and str(node.term_started_on),
        "due_on": node.due_on and str(node.due_on),
    }


async def _write_states(
    session: AsyncSession, code: str, outcome: Outcome, day: date, document: str
) -> None:
    here = State.district_code == code
    for new in outcome.founded:
        label = outcome.after[new].label
        session.add(Organization(district_code=code, id=new, label=label))
    await session.flush()
    open_ = here, State.valid_to.is_(None)
    ending = State.organization_id.in_(sorted(outcome.ended))
    over = {"is_end": True, "end_decision": document}
    quick = {"synchronize_session": False}
    # what was decided that day and never came to hold leaves the state before it as the last;
    # where there is none, an empty stretch tells that the organisation ended
    earlier = aliased(State)
    has_earlier = (
        select(earlier.id)
        .where(
            earlier.district_code == code,
            earlier.organization_id == State.organization_id,
            earlier.valid_to == day,
        )
        .exists()
    )
    never = delete(State).where(*open_, ending, State.valid_from == day, has_earlier)
    await session.execute(never.execution_options(**quick))
    await session.execute(
        update(State)
        .where(here, ending, State.valid_to == day)
        .values(over)
        .execution_options(**quick)
    )
    await session.execute(
        update(State)
        .where(*open_, ending)
        .values(over | {"valid_to": day})
        .execution_options(**quick)
    )
    changed = set(outcome.changed)
    ended = await session.scalars(
        update(State)
        .where(*open_, among(State.organization_id, changed), State.valid_from < day)
        .values(valid_to=day)
        .returning(State.organization_id)
        .execution_options(**quick)
    )
    later = set(ended)
    more = {"code": code, "day": day, "document": document}
    rows = {i: _row(outcome.after[i]) for i in sorted(changed)}
    await journals.run(session, _IN_PLACE, [rows[i] for i in rows if i not in later], **more)
    await journals.run(session, _FROM_THEN_ON, [rows[i] for i in rows if i in later], **more)
    for new in outcome.founded:
        node = outcome.after[new]
        session.add(
            State(
                district_code=code,
                id=new_id(),
                organization_id=new,
                parent_id=node.parent_id,
                path=node.path,
                name=node.name,
                kind=node.kind,
                sector=node.sector,
                is_grid=node.is_grid,
                founded_on=day,
                decision=document,
                valid_from=day,
            )
        )
    await session.flush()


async def _write_memberships(
    session: AsyncSession, code: str, moving: Mapping[UUID, UUID], day: date, document: str
) -> None:
    ended = await session.scalars(
        update(Membership)
        .where(
            Membership.district_code == code,
            Membership.member_id.in_(sorted(moving)),
            Membership.valid_to.is_(None),
            Membership.valid_from < day,
        )
        .values(valid_to=day)
        .returning(Membership.member_id)
        .execution_options(synchronize_session=False)
    )
    later = set(ended)
    rows = {
        m: {"member_id": str(m), "place": str(place), "id": str(new_id())}
        for m, place in moving.items()
    }
    more = {"code": code, "day": day, "reason": f"组织调整 {document}"[:200]}
    await journals.run(session, _MOVE_IN_PLACE, [rows[m] for m in rows if m not in later], **more)
    await journals.run(session, _MOVE_FROM_THEN_ON, [rows[m] for m in rows if m in later], **more)


async def _lead_transfers(
    session: AsyncSession, code: str, outcome: Outcome, moving: Mapping[UUID, UUID]
) -> None:
    """Lead pending transfers to the successor, and those of members split off along with them."""
    for place, heir in outcome.ended.items():
        if heir is not None:
            await redirect(session, code, place, heir)
    if outcome.moved:
        for row in await transfers.pending_of(session, code, outcome.left):
            if row.member_id in outcome.moved and row.from_organization_id in outcome.after:
                place, to = row.from_organization_id, moving[row.member_id]
                await redirect(session, code, place, to, only=[row.id])


async def dissolve(
    session: AsyncSession, caller: Caller, organization_id: UUID, version: int, decision: str | None
) -> None:
    """Dissolve an empty organisation; a running election stops.

    Raises what `probations.service.dissolve_organization` raises, and `BallotRunning`.
    """
    given = organization_id, version, decision
    code = (await dissolve_organization(session, caller, *given)).district_code
    await _stop_elections(session, code, [organization_id], decision, caller.account_id)


async def _stop_elections(
    session: AsyncSession,
    code: str,
    places: Collection[UUID],
    document: str | None,
    account_id: UUID,
) -> None:
    """Cancel the open cycles of organisations that end or get another kind.

    Raises `BallotRunning` while a box is open there.
    """
    stopped = await session.scalars(
        update(ElectionCycle)
        .where(
            ElectionCycle.district_code == code,
            ElectionCycle.organization_id.in_(sorted(places)),
            ElectionCycle.status.not_in(sorted(ENDED)),
        )
        .values(status=CycleStatus.CANCELLED, version=ElectionCycle.version + 1)
        .returning(ElectionCycle.id)
        .execution_options(synchronize_session=False)
    )
    for cycle_id in sorted(stopped):
        session.add(
            ElectionStep(
                district_code=code,
                id=new_id(),
                cycle_id=cycle_id,
                step=CycleStatus.CANCELLED,
                done_on=clock.today(),
                document=document,
                note="组织调整，本次换届终止",
                account_id=account_id,
            )
        )
    await session.flush()
    if await queries.open_boxes(session, code, places):  # the cycles' locks are held
        raise BallotRunning
