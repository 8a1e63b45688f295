"""Posting wishes, taking, doing and rating them; the contact of the resident."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock, crypto
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Forbidden, Invalid, Stale
from app.members import queries as members
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationStatus
from app.residents.errors import MemberNotCounted
from app.residents.service import CONFIRM, WRITE, community, place_of
from app.wishes import logic, queries
from app.wishes.errors import WishOutOfOrder
from app.wishes.logic import Step
from app.wishes.models import Wish
from app.wishes.schemas import Contact, RatingNew, TakingNew, WishEdit, WishNew
from app.wishes.types import WishStatus

NOBODY = dict.fromkeys(("member_id", "branch_id", "taken_by", "taken_on"))


def context(wish_id: UUID) -> str:
    """Name the place for which a contact is encrypted."""
    return f"wish.contact:{wish_id}"


def _seal(wish_id: UUID, contact: Contact | None) -> bytes | None:
    if contact is None:
        return None
    text = json.dumps(contact.model_dump(), ensure_ascii=False)
    return crypto.keys().encrypt(text, context(wish_id))


async def post(session: AsyncSession, caller: Caller, new: WishNew) -> UUID:
    """Post a resident's wish, for a community (发布微心愿).

    Raises what `residents.service.community` raises. The audit never sees the contact.
    """
    here = await community(session, caller, new.organization_id)
    wish_id, today = new_id(), clock.today()
    sealed = _seal(wish_id, new.contact)
    shown = new.model_dump(exclude={"contact"})
    wish = Wish(
        district_code=here.district_code,
        id=wish_id,
        contact_cipher=sealed,
        status=WishStatus.OPEN,
        posted_on=today,
        moved_on=today,
        **shown,
    )
    session.add(wish)
    await session.flush()
    shown["has_contact"] = sealed is not None
    audit.record(session, here.district_code, ("wish", wish_id), after=shown)
    return wish_id


def _is_taker(caller: Caller, seen: AnyRow) -> bool:
    """Tell whether the caller is the member who took it, or a clerk of the branch that did."""
    if seen.branch_path is not None:
        return caller.may(WRITE, Subtree(seen.district_code, seen.branch_path))
    return caller.is_member(seen.district_code, seen.member_id)


def _require_taker(caller: Caller, seen: AnyRow, *, or_community: Permission | None) -> None:
    """Hold to the taker; with `or_community` also to who holds that at the community."""
    here = place_of(seen)
    if not _is_taker(caller, seen):
        if or_community is None and caller.may(WRITE, here):
            refusal = Forbidden("只有认领方可以办理", "only who took the wish may do this")
            raise refusal.at(here.district_code, here.path)
        caller.require(or_community or WRITE, at=here)


async def _locked(session: AsyncSession, seen: AnyRow) -> Wish:
    wish = await session.scalar(
        select(Wish)
        .where(Wish.district_code == seen.district_code, Wish.id == seen.id)
        .with_for_update()
    )
    assert wish is not None  # wishes are never deleted
    return wish


async def edit(
    session: AsyncSession, caller: Caller, wish_id: UUID, version: int, changes: WishEdit
) -> None:
    """Change a wish that nobody has taken, for the community (修改微心愿).

    Raises `NotFound`, `Forbidden`, `Stale`, `WishOutOfOrder` or `Invalid`. The audit never sees the
    contact, and the time for which it is kept does not begin again.
    """
    seen = await queries.get(session, caller, wish_id)
    caller.require(WRITE, at=place_of(seen))
    wish = await _locked(session, seen)
    if wish.version != version:
        raise Stale
    logic.stepped(WishStatus(wish.status), Step.EDIT)
    values = changes.model_dump(exclude_unset=True, exclude={"contact"})
    for name, value in values.items():
        if value is None:
            raise Invalid(f"{name} 不能为空", f"{name} cannot be null")
    told = audit.changed(wish, values)
    if "contact" in changes.model_fields_set:
        if changes.contact and not logic.is_kept(wish.moved_on, wish.posted_on, clock.today()):
            raise WishOutOfOrder(
                "该心愿的联系方式保存期已满，请重新发布",
                "no contact is kept any longer; post it anew",
            )
        values["contact_cipher"] = _seal(wish.id, changes.contact)
        told["after"]["has_contact"] = changes.contact is not None
    audit.record(session, wish.district_code, ("wish", wish.id), **told)
    await _write(session, wish, values)


async def _write(session: AsyncSession, wish: Wish, values: dict[str, Any]) -> None:
    for column, value in values.items():
        setattr(wish, column, value)
    wish.version += 1
    await session.flush()


async def _step(session: AsyncSession, seen: AnyRow, step: Step, values: dict[str, Any]) -> None:
    """Lock a wish, let `step` happen to it and write `values`, or raise `WishOutOfOrder`."""
    wish = await _locked(session, seen)
    after = logic.stepped(WishStatus(wish.status), step)
    if any(getattr(wish, name) != getattr(seen, name) for name in (*NOBODY, "done_by")):
        raise WishOutOfOrder("刚刚已被他人办理", "somebody else was faster")
    values = values | {"status": after, "moved_on": clock.today()}
    target = "wish", wish.id
    audit.record(session, wish.district_code, target, **audit.changed(wish, values))
    await _write(session, wish, values)


async def take(session: AsyncSession, caller: Caller, wish_id: UUID, new: TakingNew) -> None:
    """Take an open wish, as a member or for a branch (认领微心愿).

    Raises `NotFound`, `Forbidden`, `Invalid`, `MemberNotCounted`, `NotStanding` or
    `WishOutOfOrder`.
    """
    seen = await queries.get(session, caller, wish_id)
    values: dict[str, Any] = {"taken_by": caller.account_id, "taken_on": clock.today()}
    if new.organization_id is not None:
        await tree.hold(session, caller, new.organization_id)
        taker = await organizations.get(session, caller, new.organization_id)
        caller.require(WRITE, at=Subtree(taker.district_code, taker.path))
        if taker.status != OrganizationStatus.ACTIVE:
            raise NotStanding
        values["branch_id"] = taker.id
    elif caller.member_id is not None:
        taker = await members.get(session, caller, caller.member_id)
        if taker.status not in COUNTED:
            raise MemberNotCounted
        values["member_id"] = taker.id
    else:
        raise Invalid("请指明认领的党组织", "say which organisation takes it")
    if taker.district_code != seen.district_code:
        raise Invalid("认领方不属于心愿所在区", "the taker belongs to another district")
    await _step(session, seen, Step.TAKE, values)


async def release(session: AsyncSession, caller: Caller, wish_id: UUID) -> None:
    """Give a taken wish back, or take it from who took it: it is open again (退回微心愿).

    Raises `NotFound`, `Forbidden` or `WishOutOfOrder`.
    """
    seen = await queries.get(session, caller, wish_id)
    _require_taker(caller, seen, or_community=WRITE)
    await _step(session, seen, Step.RELEASE, NOBODY)


async def complete(session: AsyncSession, caller: Caller, wish_id: UUID) -> None:
    """Say that a wish was done, as who took it (完成微心愿).

    Raises `NotFound`, `Forbidden`, `Invalid` or `WishOutOfOrder`.
    """
    seen = await queries.get(session, caller, wish_id)
    _require_taker(caller, seen, or_community=None)
    values = {"done_by": caller.account_id, "done_on": clock.today()}
    await _step(session, seen, Step.COMPLETE, values)


async def rate(session: AsyncSession, caller: Caller, wish_id: UUID, new: RatingNew) -> None:
    """Rate what was done, for the community; never one's own (评价微心愿).

    Raises `NotFound`, `Forbidden`, `OwnWish` or `WishOutOfOrder`.
    """
    seen = await queries.get(session, caller, wish_id)
    caller.require(CONFIRM, at=place_of(seen))
    logic.check_rater(
        parties=(seen.taken_by, seen.done_by, seen.member_id),
        rating=(caller.account_id, caller.person_id),
    )
    await _step(session, seen, Step.RATE, new.model_dump())


async def withdraw(session: AsyncSession, caller: Caller, wish_id: UUID, reason: str) -> None:
    """Withdraw a wish that is not done, for the community (撤回微心愿).

    Raises `NotFound`, `Forbidden` or `WishOutOfOrder`.
    """
    seen = await queries.get(session, caller, wish_id)
    caller.require(WRITE, at=place_of(seen))
    await _step(session, seen, Step.WITHDRAW, NOBODY | {"reason": reason})


async def unmask(session: AsyncSession, caller: Caller, wish_id: UUID) -> dict[str, Any]:
    """Give the contact of a wish to its community, and to who took it until it is done.

    The audit keeps who asked. Raises `NotFound` or `Forbidden`.
    """
    seen = await queries.get(session, caller, wish_id)
    if not (seen.status == WishStatus.TAKEN and _is_taker(caller, seen)):
        caller.require(WRITE, at=place_of(seen))
    stored = None
    if logic.is_kept(seen.moved_on, seen.posted_on, clock.today()):  # should the job be late
        stored = await session.scalar(
            select(Wish.contact_cipher).where(
                Wish.district_code == seen.district_code, Wish.id == wish_id
            )
        )
    audit.record(session, seen.district_code, ("wish", wish_id), has_contact=stored is not None)
    if stored is None:
        return {"contact": None}
    return {"contact": json.loads(crypto.keys().decrypt(stored, context(wish_id)))}
