"""Opening a box, casting a ballot, closing the box.

Nothing here keeps who chose whom. A ballot and the mark that its voter voted are written by one
transaction, and PostgreSQL remembers with each row which transaction wrote it: the close therefore
writes all rows of a box anew, in one transaction and in an order of chance.
"""

import secrets
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.ballots import logic, queries
from app.ballots.errors import (
    AlreadyVoted,
    BallotsDamaged,
    BoxNotOpen,
    HoldsNoBallots,
    TooManyNames,
    VotersNotEntitled,
)
from app.ballots.models import Ballot, BallotBox, BallotVoter
from app.ballots.schemas import BallotNew, BoxNew, VoidingNew
from app.ballots.types import BoxStatus, Vote
from app.core import audit, clock, crypto
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Forbidden, Invalid, fault
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.types import OrganizationStatus

Cast = tuple[list[str], list[str]]
"""What somebody chose: ids of candidates, and write-ins."""


async def open_box(
    session: AsyncSession, caller: Caller, new: BoxNew, vote: Vote | None = None
) -> UUID:
    """Open a ballot box among the voters that are named; `vote` says for which of a cycle.

    Raises `NotFound`, `Forbidden`, `HoldsNoBallots`, `NotStanding`, `Invalid` or
    `VotersNotEntitled`.
    """
    if vote is None:  # a cycle's lock keeps its organisation as well
        await tree.hold(session, caller, new.organization_id)
    place = await organizations.get(session, caller, new.organization_id)
    here = Subtree(place.district_code, place.path)
    caller.require(Permission.ELECTIONS_WRITE, at=here)
    if place.kind in logic.ELECTS_NOBODY:
        raise HoldsNoBallots
    if place.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    if fault := logic.box_fault(new.position, new.seats, new.candidates):
        raise Invalid(*fault)
    await _check_voters(session, here, new.voters)
    row = BallotBox(
        district_code=here.district_code,
        id=new_id(),
        organization_id=place.id,
        organization_name=place.name,
        title=new.title,
        position=new.position,
        seats=new.seats,
        candidates=[
            {"id": key, "name": n} for key, n in zip(_ids(new), new.candidates, strict=True)
        ],
        allows_write_ins=new.allows_write_ins,
        status=BoxStatus.OPEN,
        voters_due=len(new.voters),
        opened_by=caller.account_id,
        opened_on=clock.today(),
    )
    if vote:
        row.cycle_id, row.round = vote.cycle_id, vote.round
        row.candidate_ids = list(vote.candidate_ids)
    session.add(row)
    await session.flush()
    voters = [(member_id, False) for member_id in new.voters]
    await _write_voters(session, row, voters)
    shown = new.model_dump(exclude={"voters"}) | {"candidates": row.candidates}
    after = shown | {"voters": sorted(new.voters), "cycle_id": row.cycle_id, "round": row.round}
    audit.record(session, row.district_code, ("ballot_box", row.id), after=after)
    return row.id


def _ids(new: BoxNew) -> list[str]:
    """Make a random id for each candidate, none twice."""
    made: dict[str, None] = {}
    while len(made) < len(new.candidates):
        made[secrets.token_hex(4)] = None
    return list(made)


async def _check_voters(session: AsyncSession, here: Subtree, voters: list[UUID]) -> None:
    """Refuse a list with somebody twice or without a vote; why not is told of nobody."""
    if len(set(voters)) < len(voters):
        raise Invalid("选民名单中有人重复", "somebody is on the list twice")
    entitled = await queries.electors(session, here, voters, clock.today())
    if others := [n for n, member_id in enumerate(voters) if member_id not in entitled]:
        raise VotersNotEntitled(
            f"共 {len(others)} 人",
            f"{len(others)} of them",
            errors=[
                fault(f"voters.{n}", "不是该党组织有选举权的正式党员", "not_entitled")
                for n in others[:50]
            ],
        )


async def _lock(
    session: AsyncSession, district_code: str, box_id: UUID, *, share: bool
) -> BallotBox:
    """Lock an open box: for a ballot beside other ballots, for its end alone.

    The end waits for every ballot that is on its way, and a ballot that comes later finds the box
    no longer open. Raises `BoxNotOpen`.
    """
    rows = select(BallotBox).where(BallotBox.district_code == district_code, BallotBox.id == box_id)
    box = (await session.scalars(rows.with_for_update(read=share))).one()
    if box.status != BoxStatus.OPEN:
        raise BoxNotOpen
    return box


async def cast(session: AsyncSession, caller: Caller, box_id: UUID, new: BallotNew) -> None:
    """Put the caller's ballot in; the audit keeps that they voted, and nothing of what.

    Raises `NotFound`, `Forbidden`, `BoxNotOpen`, `Invalid`, `TooManyNames` or `AlreadyVoted`.
    """
    seen = await queries.get(session, caller, box_id)
    here, voter_id = Subtree(seen.district_code, seen.path), caller.member_id
    if voter_id is None or seen.has_voted is None:
        raise Forbidden("您不在选民名单上", "you are not on the list of voters").at(
            here.district_code, here.path
        )
    if not await queries.electors(session, here, [voter_id], clock.today()):
        raise Forbidden("您目前没有选举权", "you have no vote at present").at(
            here.district_code, here.path
        )
    box = await _lock(session, seen.district_code, box_id, share=True)
    fault = logic.ballot_fault(
        box.candidates, new.choices, new.write_ins, allows_write_ins=box.allows_write_ins
    )
    if fault:
        raise Invalid(*fault)
    if len(new.choices) + len(new.write_ins) > box.seats:
        raise TooManyNames
    marked = await session.scalar(
        update(BallotVoter)
        .where(
            BallotVoter.district_code == box.district_code,
            BallotVoter.box_id == box_id,
            BallotVoter.member_id == voter_id,
            BallotVoter.has_voted.is_(False),
        )
        .values(has_voted=True)
        .returning(BallotVoter.member_id)
    )
    if marked is None:
        raise AlreadyVoted
    chosen = logic.in_order(box.candidates, new.choices), sorted(new.write_ins)
    await _write_ballots(session, box, [(uuid4(), *chosen)])
    audit.record(session, box.district_code, ("ballot_box", box_id), member_id=marked)


async def close(session: AsyncSession, caller: Caller, box_id: UUID) -> None:
    """Close a box: shuffle and write anew what lies in it, chain it, sign head and count.

    Raises `NotFound`, `Forbidden`, `BoxNotOpen` or `BallotsDamaged`.
    """
    box, ballots, voted = await _emptied(session, caller, box_id)
    if len(ballots) != voted:
        raise BallotsDamaged
    slips = logic.shuffled(ballots, [uuid4() for _ in ballots])
    await _write_ballots(session, box, [(s.id, s.choices, s.write_ins) for s in slips])
    _end(box, caller, BoxStatus.CLOSED, voted)
    head = logic.chain(logic.facts(box), slips)[-1]
    box.head = head
    box.signature = crypto.keys().sign_for_all(logic.sealed_text(box.id, voted, head))
    await session.flush()
    told = {"status": box.status, "voters_voted": voted, "head": head}
    audit.record(session, box.district_code, ("ballot_box", box_id), after=told)


async def void(session: AsyncSession, caller: Caller, box_id: UUID, new: VoidingNew) -> None:
    """Void an open box; the ballots in it are destroyed, and nobody has counted them.

    Raises `NotFound`, `Forbidden` or `BoxNotOpen`.
    """
    box, _, voted = await _emptied(session, caller, box_id)
    _end(box, caller, BoxStatus.VOIDED, voted)
    box.reason = new.reason
    await session.flush()
    told = {"status": box.status, "voters_voted": voted, "reason": new.reason}
    audit.record(session, box.district_code, ("ballot_box", box_id), after=told)


async def _emptied(
    session: AsyncSession, caller: Caller, box_id: UUID
) -> tuple[BallotBox, list[Cast], int]:
    """Lock a box that the caller may end and take its ballots out; count who voted.

    The voters' rows are written anew too, by id: they lay in the order in which people voted.
    """
    seen = await queries.get(session, caller, box_id)
    caller.require(Permission.ELECTIONS_WRITE, at=Subtree(seen.district_code, seen.path))
    box = await _lock(session, seen.district_code, box_id, share=False)
    out = delete(Ballot).where(Ballot.district_code == box.district_code, Ballot.box_id == box_id)
    taken = await session.execute(out.returning(Ballot.choices, Ballot.write_ins))
    ballots: list[Cast] = [(row.choices, row.write_ins) for row in taken]
    gone = delete(BallotVoter).where(
        BallotVoter.district_code == box.district_code, BallotVoter.box_id == box_id
    )
    found = await session.execute(gone.returning(BallotVoter.member_id, BallotVoter.has_voted))
    voters = [(row.member_id, row.has_voted) for row in found]
    await _write_voters(session, box, voters)
    return box, ballots, sum(has_voted for _, has_voted in voters)


def _end(box: BallotBox, caller: Caller, status: BoxStatus, voted: int) -> None:
    box.status, box.voters_voted = status, voted
    box.closed_by, box.closed_on = caller.account_id, clock.today()
    box.version += 1


async def _write_voters(
    session: AsyncSession, box: BallotBox, voters: list[tuple[UUID, bool]]
) -> None:
    rows = [
        {
            "district_code": box.district_code,
            "box_id": box.id,
            "member_id": member_id,
            "has_voted": has_voted,
        }
        for member_id, has_voted in sorted(voters)
    ]
    await session.execute(insert(BallotVoter), rows)


async def _write_ballots(
    session: AsyncSession, box: BallotBox, ballots: list[tuple[UUID, list[str], list[str]]]
) -> None:
    rows = [
        {
            "district_code": box.district_code,
            "id": ballot_id,
            "box_id": box.id,
            "choices": choices,
            "write_ins": write_ins,
        }
        for ballot_id, choices, write_ins in ballots
    ]
    if rows:
        await session.execute(insert(Ballot), rows)
