"""Reading who is due. Every read starts from the cycles that the caller may see."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from app.ballots.models import BallotBox
from app.ballots.types import BoxStatus
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor
from app.core.pages import page
from app.cycles.logic import is_eligible
from app.cycles.models import ElectionCandidate, ElectionStep
from app.cycles.queries import get, known_day, members_on
from app.cycles.types import CycleStatus
from app.elections.queries import pack
from app.members.models import Member
from app.organizations.queries import AnyRow, AnySelect
from app.tallies import logic
from app.tallies.models import ElectionTally, VoteExclusion
from app.tallies.schemas import VoterListParams


def _voters(cycle: AnyRow, day: date) -> AnySelect:
    """Select members with what was decided about their being due."""
    exclusion = VoteExclusion
    rows = members_on(cycle.district_code, cycle.organization_id, day).outerjoin(
        exclusion,
        and_(
            exclusion.district_code == Member.district_code,
            exclusion.member_id == Member.id,
            exclusion.cycle_id == cycle.id,
            exclusion.passed_on <= day,
        ),
    )
    return rows.add_columns(
        exclusion.id.is_not(None).label("is_excluded"),
        exclusion.ground,
        exclusion.superior_consent_number,
    )


async def due_counts(on: Executor, cycle: AnyRow, day: date) -> dict[str, Any]:
    """Count who is due to attend on `day`, and who is not and why."""
    each = _voters(cycle, day).subquery()
    keys = (each.c.category, each.c.status, each.c.is_excluded)
    groups = await on.execute(select(*keys, func.count()).group_by(*keys))
    return logic.count_due(pack(), ((*row,) for row in groups))


async def voters(
    on: Executor, caller: Caller, cycle_id: UUID, params: VoterListParams
) -> dict[str, Any]:
    """List who is due to attend and who is not, or raise `NotFound` or `Forbidden`."""
    cycle = await get(on, caller, cycle_id)
    here = Subtree(cycle.district_code, cycle.path)
    caller.require(Permission.MEMBERS_READ, at=here)
    day = params.as_of or clock.today()
    if params.as_of is None and cycle.held_on is not None:
        day = await known_day(on, cycle, cycle.held_on)
    counts = await due_counts(on, cycle, day)
    found = await page(
        on,
        _voters(cycle, day),
        {"name": Member.name_key},
        "name",
        params,
        of=f"voters {cycle_id} {day}",
        tie=Member.id,
    )
    items = []
    for row in found.items:
        reason = logic.not_due(row.category, row.status, is_excluded=row.is_excluded)
        shown = {k: v for k, v in row._mapping.items() if k not in {"name_key", "is_excluded"}}  # noqa: SLF001
        items.append(shown | {"is_due": reason is None, "reason": reason})
    return {"as_of": day, "counts": counts, "items": items, "next": found.next}


async def due_ids(on: Executor, cycle: AnyRow, day: date) -> list[UUID]:
    """List who is due to attend on `day`."""
    each = _voters(cycle, day).subquery()
    rows = select(each.c.id, each.c.category, each.c.status, each.c.is_excluded)
    return [
        row.id
        for row in await on.execute(rows)
        if logic.not_due(row.category, row.status, is_excluded=row.is_excluded) is None
    ]


async def box_of(on: Executor, cycle: Any, count: logic.Count) -> UUID | None:
    """Find the ballot box of the vote whose turn it is, open or closed."""
    box = BallotBox
    rows = select(box.id).where(
        box.district_code == cycle.district_code,
        box.cycle_id == cycle.id,
        box.position == count.position,
        box.round == count.round,
        box.status != BoxStatus.VOIDED,
    )
    found: UUID | None = await on.scalar(rows)
    return found


async def eligible(
    on: Executor, cycle: Any, day: date, names: Collection[str]
) -> dict[str, set[UUID]]:
    """Find by their names who could be elected there on `day`."""
    each = members_on(cycle.district_code, cycle.organization_id, day).subquery()
    rows = select(each.c.id, each.c.name, each.c.category, each.c.status)
    found: dict[str, set[UUID]] = {}
    for row in await on.execute(rows.where(each.c.name.in_(sorted(names)))):
        if is_eligible(row.category, row.status):
            found.setdefault(row.name, set()).add(row.id)
    return found


async def taken(on: Executor, cycle: Any) -> list[CycleStatus]:
    """Name the steps that a cycle took."""
    rows = select(ElectionStep.step).where(
        ElectionStep.district_code == cycle.district_code, ElectionStep.cycle_id == cycle.id
    )
    return [CycleStatus(row.step) for row in await on.execute(rows)]


async def standing(on: Executor, cycle: Any) -> list[AnyRow]:
    """List who stands for what in a cycle, and who was elected, as they were nominated."""
    rows = select(
        ElectionCandidate.member_id,
        ElectionCandidate.position,
        ElectionCandidate.is_write_in,
        ElectionCandidate.is_elected,
    ).where(
        ElectionCandidate.district_code == cycle.district_code,
        ElectionCandidate.cycle_id == cycle.id,
    )
    return list(await on.execute(rows.order_by(ElectionCandidate.id)))


async def names(on: Executor, district_code: str, ids: Collection[UUID]) -> dict[UUID, str]:
    """Read the names of some members."""
    rows = select(Member.id, Member.name).where(
        Member.district_code == district_code, Member.id.in_(ids)
    )
    return {row.id: row.name for row in await on.execute(rows)}


def tallies_of(district_code: str, cycle_id: UUID) -> AnySelect:
    """Select the tallies of a cycle, in the order in which they were entered."""
    tally = ElectionTally
    shown = (tally.id, tally.position, tally.round, tally.outcome, tally.protocol, tally.verdict)
    return (
        select(*shown)
        .where(tally.district_code == district_code, tally.cycle_id == cycle_id)
        .order_by(tally.id)
    )


async def tallies(on: Executor, caller: Caller, cycle_id: UUID) -> list[AnyRow]:
    """List the tallies of a cycle, or raise `NotFound`."""
    cycle = await get(on, caller, cycle_id)
    return list(await on.execute(tallies_of(cycle.district_code, cycle.id)))
