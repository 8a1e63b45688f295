"""Accepting members, and letting go who was accepted elsewhere."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.admissions.models import Admission
from app.arrivals import logic, queries
from app.arrivals.schemas import ReceiptNew
from app.core import clock, crypto
from app.core.caller import Caller
from app.core.dated import change, on_day
from app.core.db import new_id
from app.core.errors import wrong
from app.members.errors import MemberExists
from app.members.models import Member, Membership
from app.members.service import FACTS, id_number_of, sealed, searchable
from app.members.types import COUNTED, MemberStatus
from app.probations import service as probations
from app.transfers import queries as transfers
from app.transfers.errors import CannotTransfer, TransferOutOfOrder
from app.transfers.logic import ENDED, LEFT, moved
from app.transfers.models import Transfer
from app.transfers.service import (
    check_other,
    destination,
    locked,
    now,
    require,
    step,
    tell_old,
)
from app.transfers.types import Step, TransferKind, TransferStatus


async def accept(session: AsyncSession, caller: Caller, transfer_id: UUID) -> None:
    """Accept a member, as the new organisation, which counts them from today on (接收).

    Raises `NotFound`, `Forbidden`, `TransferOutOfOrder`, `OwnTransfer`, `CannotTransfer`,
    `DestinationGone` or `MemberExists`.
    """
    seen = await transfers.get(session, caller, transfer_id)
    if seen.new_path is None:
        require(caller, seen.district_code, seen.old_path)
        raise TransferOutOfOrder("由转入方接收；系统外的请登记回执", "the other side accepts it")
    require(caller, seen.district_code, seen.new_path)
    async with locked(session, seen) as pair:
        check_other(caller, pair.out, is_above=False)
        moved(now(pair.out), Step.ACCEPT)
        place = await destination(session, pair.arrival)
        held = await _admissions(session, pair.out)
        member, membership = await _leaving(session, pair.out)
        today, reason = clock.today(), pair.out.reason
        if pair.twin is None:
            values = {"organization_id": place.organization_id, "reason": reason}
            await change(session, membership, today, values)
        else:
            past = await queries.past(session, pair.out.district_code, member.id)
            to = place.district_code, place.organization_id
            made = await settle(session, member, membership, *to, reason)
            await _leave(session, membership, today, reason)
            for admission in held:
                await probations.bring(session, admission, to, made)
            pair.twin.member_id, pair.twin.history = made, logic.ended(past, today)
        step(session, pair, Step.ACCEPT, ended_by=caller.account_id)
        await probations.follow(session, held, caller.account_id)
        await session.flush()
        await tell_old(session, pair.out, ENDED[TransferStatus.ACCEPTED])


async def _admissions(session: AsyncSession, out: Transfer) -> Sequence[Admission]:
    """Lock the open admission of who leaves: before the member."""
    ids = [] if out.member_id is None else [out.member_id]
    return await probations.lock(session, out.district_code, ids)


async def _leaving(session: AsyncSession, out: Transfer) -> Any:
    """Lock the member who leaves, or raise `CannotTransfer` for one who is not there any more."""
    assert out.member_id is not None
    found = await belongs(session, out.district_code, out.member_id)
    if (
        found is None
        or found[1].organization_id != out.from_organization_id
        or found[1].status not in COUNTED
    ):
        raise CannotTransfer(LEFT, "the member does not count there any more")
    return found


async def _leave(session: AsyncSession, membership: Membership, day: date, reason: str) -> None:
    values = {"status": MemberStatus.TRANSFERRED_OUT, "reason": reason}
    await change(session, membership, day, values)


async def record_receipt(
    session: AsyncSession, caller: Caller, transfer_id: UUID, new: ReceiptNew
) -> None:
    """Record that an organisation outside accepted a member, who leaves that day (登记回执).

    Raises `NotFound`, `Forbidden`, `TransferOutOfOrder`, `OwnTransfer`, `Invalid`,
    `CannotTransfer` or `NotYet`.
    """
    seen = await transfers.get(session, caller, transfer_id)
    require(caller, seen.district_code, seen.old_path)
    if seen.kind != TransferKind.OUTSIDE:
        raise TransferOutOfOrder("系统内的转接由转入方接收", "the new organisation accepts it here")
    day = new.received_on or clock.today()
    async with locked(session, seen) as pair:
        out = pair.out
        check_other(caller, out, is_above=False)
        moved(now(out), Step.RECORD_RECEIPT)
        assert out.released_on is not None
        assert out.valid_until is not None
        if not out.released_on <= day <= min(out.valid_until, clock.today()):
            zh = "接收日期须在介绍信开具之日至有效期之内，且不晚于今天"
            raise wrong("received_on", zh, "it lies within the letter's days, today at most")
        held = await _admissions(session, out)
        _, membership = await _leaving(session, out)
        await _leave(session, membership, day, out.reason)
        await probations.follow(session, held, caller.account_id)
        said = {"receipt_number": new.receipt_number, "ended_on": day}
        step(session, pair, Step.RECORD_RECEIPT, ended_by=caller.account_id, **said)


async def belongs(
    session: AsyncSession, district_code: str, member_id: UUID
) -> tuple[Member, Membership] | None:
    """Lock a member with the present membership; none when nothing is recorded today."""
    here = Member.district_code == district_code, Member.id == member_id
    member = await session.scalar(
        update(Member).where(*here).values(version=Member.version + 1).returning(Member)
    )
    membership = await session.scalar(
        select(Membership)
        .where(
            Membership.district_code == district_code,
            Membership.member_id == member_id,
            on_day(Membership, clock.today()),
        )
        .execution_options(populate_existing=True)
    )
    return None if member is None or membership is None else (member, membership)


async def settle(
    session: AsyncSession,
    member: Member,
    membership: Membership,
    district_code: str,
    organization_id: UUID,
    reason: str,
) -> UUID:
    """Record a member of another district here, from today on; give the record's id.

    Who came back gets the old record again. Raises `MemberExists`.
    """
    today, ring = clock.today(), crypto.keys()
    number = id_number_of(member)
    phone = member.phone_cipher and ring.decrypt(member.phone_cipher, f"member.phone:{member.id}")
    standing = {
        "organization_id": organization_id,
        "category": membership.category,
        "status": membership.status,
        "reason": reason,
    }
    known = await session.scalar(
        select(Member.id).where(
            Member.district_code == district_code,
            Member.id_number_index == member.id_number_index,
        )
    )
    made_id = known or new_id()
    values = searchable(district_code, member.name) | sealed(made_id, number, phone or None)
    values |= {name: getattr(member, name) for name in FACTS}
    if known is None:
        session.add(Member(district_code=district_code, id=made_id, **values))
        session.add(
            Membership(
                district_code=district_code,
                id=new_id(),
                member_id=made_id,
                valid_from=today,
                **standing,
            )
        )
        try:
            await session.flush()
        except IntegrityError as error:  # somebody recorded the number meanwhile
            raise MemberExists from error
        return made_id
    found = await belongs(session, district_code, made_id)
    if found is None or found[1].status != MemberStatus.TRANSFERRED_OUT:
        raise MemberExists
    for name, value in values.items():
        setattr(found[0], name, value)
    await change(session, found[1], today, standing)
    return made_id
