"""Reading ballot boxes, and the ballots of those that were closed. Starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Uuid,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.ballots import logic
from app.ballots.errors import BallotsDamaged, BoxNotClosed
from app.ballots.models import Ballot, BallotBox, BallotVoter
from app.ballots.schemas import BoxListParams
from app.ballots.types import BoxStatus, Slip
from app.core import clock, crypto
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.pages import Rows, fetch_one, page
from app.members.models import Membership
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees

State = OrganizationState
READ = Permission.ELECTIONS_READ


def _own(caller: Caller) -> ColumnElement[bool]:
    """Hold voters to the caller's own entry in the list of the box that is selected."""
    return and_(
        BallotVoter.district_code == BallotBox.district_code,
        BallotVoter.district_code == caller.home_code,
        BallotVoter.box_id == BallotBox.id,
        BallotVoter.member_id == caller.member_id,
    )


def visible(caller: Caller, subtrees: Sequence[Subtree], day: date, *, own: bool) -> AnySelect:
    """Select the boxes of `subtrees`, and with `own` those in which the caller may vote."""
    in_sight = in_subtrees(subtrees)
    mine: Any = cast(null(), Boolean())
    if caller.member_id is not None:
        mine = select(BallotVoter.has_voted).where(_own(caller)).scalar_subquery()
        if own:
            in_sight = or_(in_sight, exists().where(_own(caller)))
    counted = (
        select(cast(func.count(), Integer))
        .where(
            BallotVoter.district_code == BallotBox.district_code,
            BallotVoter.box_id == BallotBox.id,
            BallotVoter.has_voted,
        )
        .scalar_subquery()
    )
    shown = (
        "id",
        "district_code",
        "organization_id",
        "organization_name",
        "title",
        "position",
        "seats",
        "candidates",
        "allows_write_ins",
        "status",
        "voters_due",
        "opened_on",
        "closed_on",
        "reason",
        "version",
        "cycle_id",
        "round",
        "candidate_ids",
    )
    return (
        select(
            *(getattr(BallotBox, name) for name in shown),
            func.coalesce(BallotBox.voters_voted, counted).label("voters_voted"),
            mine.label("has_voted"),
            func.encode(BallotBox.head, "hex").label("head"),
            BallotBox.head.label("head_bytes"),
            BallotBox.signature,
            State.path,
        )
        .join(
            State,
            and_(
                State.district_code == BallotBox.district_code,
                State.organization_id == BallotBox.organization_id,
                or_(on_day(State, day), and_(State.is_end, State.valid_from <= day)),
            ),
        )
        .where(in_sight)
    )


async def get(on: Executor, caller: Caller, box_id: UUID) -> AnyRow:
    """Fetch one box, or raise `NotFound`."""
    rows = visible(caller, caller.subtrees(READ), clock.today(), own=True)
    return await fetch_one(on, rows.where(BallotBox.id == box_id))


async def find(on: Reader, caller: Caller, params: BoxListParams) -> Rows[AnyRow]:
    """List a page of boxes; raises `NotFound` for `within` out of sight."""
    day = clock.today()
    subtrees = await organizations.asked(on, caller, params.within, day, READ)
    rows = visible(caller, subtrees, day, own=params.within is None)
    if params.organization_id:
        rows = rows.where(BallotBox.organization_id == params.organization_id)
    if params.cycle_id:
        rows = rows.where(BallotBox.cycle_id == params.cycle_id)
    if params.status:
        rows = rows.where(BallotBox.status == params.status)
    sorts = {"opened_on": BallotBox.opened_on}
    return await page(on, rows, sorts, params.sort, params, of="ballot boxes", tie=BallotBox.id)


async def electors(
    on: Executor, here: Subtree, member_ids: Collection[UUID], day: date
) -> set[UUID]:
    """Tell who of `member_ids` has a vote in the subtree `here` on `day`."""
    given = literal(list(member_ids), ARRAY(Uuid()))  # one parameter, however many
    rows = (
        select(Membership.member_id)
        .join(
            State,
            and_(
                State.district_code == Membership.district_code,
                State.organization_id == Membership.organization_id,
                on_day(State, day),
            ),
        )
        .where(
            in_subtrees([here]),
            on_day(Membership, day),
            Membership.member_id == func.any(given),
            Membership.category == logic.VOTING_CATEGORY,
            Membership.status.in_(sorted(logic.VOTES)),
        )
    )
    return {row[0] for row in await on.execute(rows)}


async def sealed(on: Executor, caller: Caller, box_id: UUID) -> tuple[AnyRow, list[Slip]]:
    """Fetch a closed box and its ballots. Raises `NotFound` or `BoxNotClosed`."""
    box = await get(on, caller, box_id)
    if box.status != BoxStatus.CLOSED:
        raise BoxNotClosed
    rows = (
        select(Ballot.id, Ballot.choices, Ballot.write_ins)
        .where(Ballot.district_code == box.district_code, Ballot.box_id == box.id)
        .order_by(Ballot.id)
    )
    return box, [Slip(*row) for row in await on.execute(rows)]


async def tally(on: Executor, caller: Caller, box_id: UUID) -> dict[str, Any]:
    """Count a closed box, or raise what `whole` raises."""
    return _counted(*await whole(on, caller, box_id))


async def whole(on: Executor, caller: Caller, box_id: UUID) -> tuple[AnyRow, list[Slip]]:
    """Fetch what `sealed` gives and hold it to the seal, or raise also `BallotsDamaged`."""
    box, slips = await sealed(on, caller, box_id)
    head = logic.chain(logic.facts(box), slips)[-1]
    signed = crypto.keys().sign_for_all(logic.sealed_text(box.id, len(slips), head))
    if (head, signed) != (box.head_bytes, box.signature):
        raise BallotsDamaged
    return box, slips


def _counted(box: AnyRow, slips: list[Slip]) -> dict[str, Any]:
    found = logic.tally(box.candidates, slips)
    return {
        "box_id": box.id,
        "voters_due": box.voters_due,
        "voters_voted": box.voters_voted,
        "turnout": logic.rate(box.voters_voted, box.voters_due),
        "valid": found.valid,
        "abstentions": found.abstentions,
        "votes": [{"id": v.id, "name": v.name, "votes": v.votes} for v in found.votes],
        "write_ins": [{"name": v.name, "votes": v.votes} for v in found.write_ins],
    }


async def export(on: Executor, caller: Caller, box_id: UUID) -> dict[str, Any]:
    """Give a closed box as it lies in the database, beside what was sealed at its close.

    Raises what `sealed` raises. Damage is not refused here: the verifier shows where it is.
    """
    box, slips = await sealed(on, caller, box_id)
    facts = logic.facts(box)
    return {
        "format": logic.FORMAT,
        "box": facts,
        "ballots": [logic.written(slip) for slip in slips],
        "chain": [link.hex() for link in logic.chain(facts, slips)[1:]],
        "head": box.head,
        "count": box.voters_voted,
        "key": crypto.keys().public_key.hex(),
        "signature": box.signature.hex(),
        "tally": _counted(box, slips),
    }
