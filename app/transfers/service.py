"""Requesting transfers, releasing, accepting and ending them."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import PERMISSION_NAMES, Caller, Permission, Subtree
from app.core.db import new_id, reaching
from app.core.errors import Forbidden, NotFound, Text, wrong
from app.members import queries as members
from app.members.errors import HoldsNoMembers
from app.members.types import COUNTED
from app.messages.service import tell
from app.messages.types import MessageKind
from app.organizations import service as tree
from app.organizations.logic import HOLDS_MEMBERS
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationKind
from app.transfers import logic, queries
from app.transfers.errors import (
    AlreadyThere,
    CannotTransfer,
    DestinationGone,
    OwnTransfer,
    TransferOutOfOrder,
    TransferPending,
)
from app.transfers.models import Transfer
from app.transfers.schemas import RejectionNew, ReleaseNew, TransferNew
from app.transfers.types import Step, TransferKind, TransferStatus

WRITE = Permission.MEMBERS_WRITE
_SIDES = ("from_organization_id", "to_organization_id")
_NAMED = (
    *("member_name", "id_number_masked", "category", "from_district_code"),
    *("from_organization_name", "to_district_code", "to_organization_name", "reason"),
    *("requested_on", "requested_by", "release_due_on"),
)


class Pair(NamedTuple):
    """A transfer's row in the old district, and the one in the new if it is another."""

    out: Transfer
    twin: Transfer | None

    @property
    def arrival(self) -> Transfer:
        """The row that knows the new organisation."""
        return self.twin or self.out


def require(caller: Caller, district_code: str, path: str | None) -> None:
    """Hold to who keeps the members at `path`; None stands for the other district's side."""
    if path is None:
        zh, en = f"此处没有“{PERMISSION_NAMES[WRITE]}”权限", f"{WRITE} is not granted here"
        raise Forbidden(zh, en, permission=WRITE.value)
    caller.require(WRITE, at=Subtree(district_code, path))


def set_values(transfer: Transfer, values: Mapping[str, Any]) -> None:
    """Write values and count the version up."""
    for name, value in values.items():
        setattr(transfer, name, value)
    transfer.version += 1


# ── Telling


async def _tell(
    session: AsyncSession, row: Transfer, title: Text, ids: set[Any], **who: Any
) -> None:
    about, kind = ("transfer", row.id), MessageKind.TRANSFER
    places = ids - {None}
    await tell(session, row.district_code, kind, about, title, organizations=places, **who)


async def tell_side(
    session: AsyncSession, row: Transfer, text: Text, *, is_new: bool, day: date | None = None
) -> None:
    """Tell the new organisation and the level above it; of the old, the level above alone."""
    of = row.to_organization_id if is_new else row.from_organization_id
    place = None
    if of is not None:
        place = (await session.execute(queries.standing(row.district_code, of))).first()
    if place is not None:
        above, is_root = await queries.above(session, place)
        ids = {above, of} if is_new else {above}
        await _tell(session, row, logic.title(text, row, day), ids, department=is_root)


async def tell_old(
    session: AsyncSession, out: Transfer, text: Text, day: date | None = None
) -> None:
    """Tell the old organisation, who requested it, and the member."""
    who = {"members": [out.member_id], "accounts": [out.requested_by]}
    await _tell(session, out, logic.title(text, out, day), {out.from_organization_id}, **who)


# ── Requesting


async def request(session: AsyncSession, caller: Caller, member_id: UUID, new: TransferNew) -> UUID:
    """Request a member's transfer, as the old organisation (申请转接).

    Raises `NotFound`, `Forbidden`, `Invalid`, `HoldsNoMembers`, `CannotTransfer`, `AlreadyThere` or
    `TransferPending`.
    """
    seen = await members.get(session, caller, member_id)
    code, today = seen.district_code, clock.today()
    caller.require(WRITE, at=Subtree(code, seen.path))
    to = await _lead(session, caller, code, new)
    if seen.status not in COUNTED:
        raise CannotTransfer("该同志目前不计入党员人数", "the membership has ended or is suspended")
    if to.get("to_organization_id") == seen.organization_id:
        raise AlreadyThere
    for old in await session.scalars(queries.over(code, member_id, today)):  # before the job came
        set_values(old, {"status": TransferStatus.EXPIRED, "ended_on": today})
    transfer = Transfer(
        district_code=code,
        id=new_id(),
        member_id=member_id,
        member_name=seen.name,
        id_number_masked=seen.id_number,
        category=seen.category,
        from_district_code=code,
        from_organization_id=seen.organization_id,
        from_organization_name=seen.organization_name,
        reason=new.reason,
        status=TransferStatus.REQUESTED,
        requested_on=today,
        requested_by=caller.account_id,
        release_due_on=today + timedelta(days=queries.pack().release.days),
        **to,
    )
    session.add(transfer)
    try:
        await session.flush()
    except IntegrityError as error:  # of a new row's keys, only the pending one can be taken
        raise TransferPending from error
    said = {"member_id": member_id, "reason": new.reason} | to
    audit.record(session, code, ("transfer", transfer.id), after=said)
    await tell_side(session, transfer, logic.REQUESTED, is_new=False)
    return transfer.id


async def _lead(
    session: AsyncSession, caller: Caller, code: str, new: TransferNew
) -> dict[str, Any]:
    """Find where a transfer is to lead, or raise `NotFound`, `Invalid` or `HoldsNoMembers`.

    What is out of the caller's sight is found by its id in the member's own district, and by its
    exact name anywhere: whoever sends a letter can name whom it is for.
    """
    name = new.to_organization_name
    if (new.to_organization_id is None) == (name is None):
        zh = "转入的党组织请填写编号或全称之一"
        raise wrong("to_organization_id", zh, "give either an id or a name")
    if new.to_district_code is not None and (name is None or new.is_outside):
        raise wrong("to_district_code", "此项只与全称同填", "it goes with a name alone")
    if new.is_outside:
        if name is None:
            raise wrong("is_outside", "转往系统外请填写全称", "what is outside has a name")
        return {"to_organization_name": name}
    if name is None:
        assert new.to_organization_id is not None
        rows = queries.reachable(caller, code, new.to_organization_id)
        found = (await session.execute(rows)).first()
    else:
        there = new.to_district_code or code
        async with reaching(session, there):
            found = (await session.execute(queries.named(there, name))).first()
    if found is None:
        raise NotFound
    is_here = found.district_code == code
    if not _takes(found, is_here=is_here):
        raise HoldsNoMembers
    to = {"to_district_code": found.district_code, "to_organization_name": found.name}
    return to | ({"to_organization_id": found.organization_id} if is_here else {})


def _takes(place: AnyRow, *, is_here: bool) -> bool:
    """Tell whether an organisation takes members over: another district's is one with a name."""
    is_group = place.kind == OrganizationKind.PARTY_GROUP
    return place.kind in HOLDS_MEMBERS and (is_here or not is_group)


# ── What becomes of it


@asynccontextmanager
async def locked(session: AsyncSession, seen: Any) -> AsyncIterator[Pair]:
    """Lock a transfer, first in the old district, and reach into both while it is changed.

    Whoever acts may hold rights in one of the two alone; the rows of the other are found by the
    keys that this transfer keeps.
    """

    async def row(code: str, row_id: UUID) -> Transfer:
        rows = select(Transfer).where(Transfer.district_code == code, Transfer.id == row_id)
        rows = rows.with_for_update().execution_options(populate_existing=True)
        return (await session.scalars(rows)).one()

    async with reaching(session, seen.from_district_code, seen.to_district_code):
        is_out = seen.district_code == seen.from_district_code
        out = await row(seen.from_district_code, seen.id if is_out else seen.twin_id)
        if out.twin_id is None or out.to_district_code is None:
            yield Pair(out, None)
        else:
            yield Pair(out, await row(out.to_district_code, out.twin_id))


def now(row: Transfer) -> TransferStatus:
    """Give the state today."""
    return logic.status_on(TransferStatus(row.status), row.valid_until, clock.today())


def step(session: AsyncSession, pair: Pair, what: Step, **values: Any) -> None:
    """Take a step, in each district that keeps the transfer; each audit has its entry.

    Raises `TransferOutOfOrder`.
    """
    values["status"] = logic.moved(now(pair.out), what)
    if what != Step.RELEASE:
        values.setdefault("ended_on", clock.today())
    for row in pair:
        if row is not None:
            change_of = audit.changed(row, values)
            audit.record(session, row.district_code, ("transfer", row.id), **change_of)
            set_values(row, values)


def check_other(caller: Caller, out: Transfer, *, is_above: bool) -> None:
    """Raise `OwnTransfer` for the member; where the level above decides, for who requested it."""
    if caller.is_person(out.district_code, out.member_id):
        raise OwnTransfer("本人不能审批自己的转接", "nobody decides on the own transfer")
    if is_above and caller.account_id == out.requested_by:
        raise OwnTransfer("该转接由此账号申请，须由他人审批", "this account requested it")


def _above(seen: AnyRow) -> str | None:
    return None if seen.old_path is None else logic.release_path(seen.old_kind, seen.old_path)


async def release(
    session: AsyncSession, caller: Caller, transfer_id: UUID, new: ReleaseNew
) -> None:
    """Release a member with an introduction letter, as the level above (转出审批).

    Raises `NotFound`, `Forbidden`, `TransferOutOfOrder`, `OwnTransfer`, `Invalid` or
    `DestinationGone`.
    """
    seen = await queries.get(session, caller, transfer_id)
    require(caller, seen.district_code, _above(seen))
    async with locked(session, seen) as pair:
        out, today = pair.out, clock.today()
        logic.moved(now(out), Step.RELEASE)
        check_other(caller, out, is_above=True)
        if out.to_district_code is None and new.letter_number is None:
            raise wrong("letter_number", "转往系统外须填介绍信编号", "a letter has a number")
        districts = out.from_district_code, out.to_district_code
        letter = {
            "released_on": today,
            "released_by": caller.account_id,
            "letter_number": new.letter_number,
            "valid_until": logic.last_day(queries.pack(), new.valid_until, districts, today),
        }
        twin = None
        place = None if out.to_district_code is None else await destination(session, out)
        if place is None or out.to_organization_id is not None:
            step(session, pair, Step.RELEASE, **letter)
        else:
            twin = Transfer(
                district_code=place.district_code,
                id=new_id(),
                twin_id=out.id,
                to_organization_id=place.organization_id,
                status=out.status,
                version=0,
                **{name: getattr(out, name) for name in _NAMED},
            )
            session.add(twin)
            step(session, Pair(out, twin), Step.RELEASE, **letter)
            out.twin_id = twin.id
        await session.flush()
        await tell_side(session, twin or out, logic.RELEASED, is_new=True)


async def destination(session: AsyncSession, row: Transfer) -> Any:
    """Find the destination, locked against being dissolved, or raise `DestinationGone`."""
    code = str(row.to_district_code)
    rows = queries.named(code, row.to_organization_name)
    if row.to_organization_id is not None:
        rows = queries.standing(code, row.to_organization_id)
    for _ in range(2):  # what was read before the lock may be over by now
        found = (await session.execute(rows)).first()
        if found is None or not _takes(found, is_here=row.district_code == code):
            raise DestinationGone
        await tree.share(session, [code], found.organization_id)
    return found


async def reject(
    session: AsyncSession, caller: Caller, transfer_id: UUID, new: RejectionNew
) -> None:
    """Reject a transfer on a ground: the level above before, the new side after the release (退回).

    What outside sent back, the level above records. Raises `NotFound`, `Forbidden`,
    `TransferOutOfOrder` or `OwnTransfer`.
    """
    seen = await queries.get(session, caller, transfer_id)
    is_above = seen.released_on is None or seen.kind == TransferKind.OUTSIDE
    path = _above(seen) if is_above else seen.new_path
    if path is None and seen.old_path is not None:
        require(caller, seen.district_code, _above(seen))
        raise TransferOutOfOrder("已转出，由转入方决定", "released: the other side decides")
    require(caller, seen.district_code, path)
    async with locked(session, seen) as pair:
        if (pair.out.released_on is None) != (seen.released_on is None):
            raise TransferOutOfOrder("刚刚已转出", "it was released meanwhile")
        check_other(caller, pair.out, is_above=is_above)
        ended = {"ended_by": caller.account_id, "end_reason": new.reason, "ground": new.ground}
        step(session, pair, Step.REJECT, **ended)
        await session.flush()
        await tell_old(session, pair.out, logic.ENDED[TransferStatus.REJECTED])


async def withdraw(session: AsyncSession, caller: Caller, transfer_id: UUID, reason: str) -> None:
    """Withdraw a pending transfer, as the old organisation (撤回转接).

    Raises `NotFound`, `Forbidden` or `TransferOutOfOrder`.
    """
    seen = await queries.get(session, caller, transfer_id)
    require(caller, seen.district_code, seen.old_path)
    async with locked(session, seen) as pair:
        step(session, pair, Step.WITHDRAW, ended_by=caller.account_id, end_reason=reason)
        await session.flush()
        if pair.out.released_on is not None:
            text = logic.ENDED[TransferStatus.WITHDRAWN]
            await tell_side(session, pair.arrival, text, is_new=True)


# ── For a restructuring


async def redirect(
    session: AsyncSession,
    district_code: str,
    from_organization_id: UUID,
    to_organization_id: UUID,
    *,
    only: Collection[UUID] | None = None,
) -> list[UUID]:
    """Lead the pending transfers of one organisation on to another; give the ids of those changed.

    Call it once the members were moved: what leaves follows its member, what arrives goes to
    `to_organization_id`. A transfer between the two has come to its end: it lapses. `only` narrows
    it, so that a reversal redirects what was redirected. The caller has checked the right and
    records the audit.
    """
    today, of, to = clock.today(), from_organization_id, to_organization_id
    rows = select(Transfer).where(queries.concerns(district_code, [of], today))
    if only is not None:
        rows = rows.where(Transfer.id.in_(sorted(only)))
    rows = rows.order_by(Transfer.id).with_for_update().execution_options(populate_existing=True)
    found = (await session.scalars(rows)).all()
    place = (await session.execute(queries.standing(district_code, to))).first()
    if not found or place is None:
        return []
    ids = [t.member_id for t in found if t.member_id is not None]
    there, changed = set(await session.scalars(queries.now_in(district_code, to, ids))), []
    for transfer in found:
        values = logic.redirected(
            {name: getattr(transfer, name) for name in _SIDES},
            of,
            (to, place.name),
            today,
            is_moved=transfer.member_id in there,
        )
        if not values:
            continue
        set_values(transfer, values)
        changed.append(transfer.id)
    await session.flush()
    return changed
