"""Pledging, and what becomes of a pledge."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import NotYet
from app.core.db import Executor, new_id
from app.core.errors import NotFound, Stale, wrong
from app.core.images import clean
from app.core.store import Store
from app.members import queries as members
from app.members import service as people
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationKind, OrganizationStatus
from app.pledges import logic, queries
from app.pledges.errors import (
    CannotPledge,
    DueDatePassed,
    NoEvidence,
    OwnPledge,
    TooMuchEvidence,
)
from app.pledges.models import Pledge, PledgeEvent, PledgeEvidence
from app.pledges.schemas import EvidenceNew, PledgeEdit, PledgeNew
from app.pledges.types import PledgeEventKind, PledgerKind, PledgeStatus

# ── Drafting


def _check_due(new: PledgeNew | PledgeEdit) -> None:
    if new.due_on is not None and new.due_on < clock.today():
        raise wrong("due_on", "完成期限不能早于今天", "due_on lies in the past")


async def _of_organization(session: AsyncSession, caller: Caller, new: PledgeNew) -> dict[str, Any]:
    if new.organization_id is None:
        raise wrong("organization_id", "请指明承诺的党组织", "say which organisation pledges")
    if new.member_id is not None:
        raise wrong("member_id", "党组织的承诺不填党员", "an organisation's pledge has no member")
    await tree.hold(session, caller, new.organization_id)
    found = await organizations.get(session, caller, new.organization_id)
    here = Subtree(found.district_code, found.path)
    caller.require(Permission.PLEDGES_WRITE, at=here)
    _check_organization(found)
    return {"district_code": here.district_code, "organization_id": found.id}


def _check_organization(found: AnyRow) -> None:
    logic.check_pledger(OrganizationKind(found.kind))
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding


def _check_member(found: AnyRow) -> None:
    if found.status not in COUNTED:
        raise CannotPledge("该同志目前不能作出承诺", "the membership has ended or is suspended")


async def _of_member(session: AsyncSession, caller: Caller, new: PledgeNew) -> dict[str, Any]:
    member_id = new.member_id or caller.member_id
    if member_id is None:
        raise wrong("member_id", "请指明承诺的党员", "say which member pledges")
    found = await people.hold(session, caller, member_id)
    if not caller.is_member(found.district_code, member_id):
        here = Subtree(found.district_code, found.path)
        caller.require(Permission.PLEDGES_WRITE, at=here)
    if new.organization_id not in (None, found.organization_id):
        raise wrong(
            "organization_id", "该党员今天不属于此党组织", "the member does not belong there today"
        )
    _check_member(found)
    return {
        "district_code": found.district_code,
        "organization_id": found.organization_id,
        "member_id": member_id,
    }


async def draft(session: AsyncSession, caller: Caller, new: PledgeNew) -> UUID:
    """Draft a pledge of an organisation or of a member (登记承诺).

    Raises `NotFound`, `Forbidden`, `Invalid`, `NotStanding` or `CannotPledge`.
    """
    of_member = new.pledger_kind == PledgerKind.MEMBER
    who = await (_of_member if of_member else _of_organization)(session, caller, new)
    _check_due(new)
    said = new.model_dump(include={"pledger_kind", "title", "content", "category", "due_on"})
    pledge = Pledge(
        id=new_id(), status=PledgeStatus.DRAFT, recorded_by=caller.account_id, **who | said
    )
    session.add(pledge)
    await session.flush()
    _tell(session, caller, pledge, PledgeEventKind.RECORDED)
    target = "pledge", pledge.id
    audit.record(session, pledge.district_code, target, after=who | said)
    await session.flush()
    return pledge.id


def _tell(
    session: AsyncSession,
    caller: Caller,
    pledge: Pledge,
    kind: PledgeEventKind,
    reason: str | None = None,
) -> None:
    """Keep what happens to a pledge today."""
    session.add(
        PledgeEvent(
            district_code=pledge.district_code,
            id=new_id(),
            pledge_id=pledge.id,
            kind=kind,
            happened_on=clock.today(),
            reason=reason,
            account_id=caller.account_id,
        )
    )


async def _allowed(on: Executor, caller: Caller, pledge_id: UUID, *, above: bool = False) -> AnyRow:
    """Fetch a pledge for its own side, or for the unit `above` it.

    Raises `NotFound` or `Forbidden`. The member whose own it is passes: who judges is told why not.
    """
    seen = await queries.get(on, caller, pledge_id)
    path, permission = seen.path, Permission.PLEDGES_WRITE
    if above:
        permission = Permission.PLEDGES_CONFIRM
        path = logic.judged_at(
            path, PledgerKind(seen.pledger_kind), OrganizationKind(seen.organization_kind)
        )
    if not caller.is_member(seen.district_code, seen.member_id):
        caller.require(permission, at=Subtree(seen.district_code, path))
    return seen


async def _lock(
    session: AsyncSession, caller: Caller, pledge_id: UUID, *, above: bool = False
) -> Pledge:
    """Lock a pledge, as `_allowed` allows."""
    seen = await _allowed(session, caller, pledge_id, above=above)
    locked = (
        select(Pledge)
        .where(Pledge.district_code == seen.district_code, Pledge.id == pledge_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def edit(
    session: AsyncSession, caller: Caller, pledge_id: UUID, version: int, changes: PledgeEdit
) -> None:
    """Change a draft.

    Raises `NotFound`, `Forbidden`, `Stale`, `PledgeOutOfOrder` or `Invalid`.
    """
    pledge = await _lock(session, caller, pledge_id)
    if pledge.version != version:
        raise Stale
    logic.check_state(PledgeStatus(pledge.status), {PledgeStatus.DRAFT})
    values = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name != "content":
            raise wrong(name, f"{name} 不能为空", f"{name} cannot be null")
    _check_due(changes)
    target = "pledge", pledge.id
    audit.record(session, pledge.district_code, target, **audit.changed(pledge, values))
    _set(pledge, values)
    await session.flush()


def _set(pledge: Pledge, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(pledge, name, value)
    pledge.version += 1


# ── What becomes of it


async def _step(
    session: AsyncSession,
    caller: Caller,
    pledge: Pledge,
    step: PledgeEventKind,
    values: dict[str, Any],
    reason: str | None = None,
) -> None:
    """Take a step today that `logic.moved` allows, and keep it. Raises `NotYet`."""
    dates = (pledge.published_on, pledge.completed_on)
    if any(day is not None and day > clock.today() for day in dates):
        raise NotYet
    if reason is not None:
        values["reason"] = reason
    values["status"] = logic.moved(PledgeStatus(pledge.status), step)
    target = "pledge", pledge.id
    audit.record(session, pledge.district_code, target, **audit.changed(pledge, values))
    _set(pledge, values)
    _tell(session, caller, pledge, step, reason)
    await session.flush()


async def publish(session: AsyncSession, caller: Caller, pledge_id: UUID) -> None:
    """Publish a draft (公开承诺): who pledged must still be able to.

    Raises `NotFound`, `Forbidden`, `PledgeOutOfOrder`, `NotStanding`, `CannotPledge` or
    `DueDatePassed`.
    """
    pledge = await _lock(session, caller, pledge_id)
    logic.moved(PledgeStatus(pledge.status), PledgeEventKind.PUBLISHED)
    await _check_pledger(session, caller, pledge)
    if pledge.due_on < clock.today():
        raise DueDatePassed
    day = {"published_on": clock.today()}
    await _step(session, caller, pledge, PledgeEventKind.PUBLISHED, day)


async def _check_pledger(session: AsyncSession, caller: Caller, pledge: Pledge) -> None:
    """Ask of who drafted a pledge once what drafting asked."""
    if pledge.member_id is None:
        _check_organization(await organizations.get(session, caller, pledge.organization_id))
        return
    found = None
    with suppress(NotFound):  # who went elsewhere may be out of sight
        found = await members.get(session, caller, pledge.member_id)
    if found is None or found.organization_id != pledge.organization_id:
        raise CannotPledge("该党员已不属于此党组织", "the member belongs there no longer")
    _check_member(found)


async def _count_evidence(session: AsyncSession, pledge: Pledge) -> int:
    rows = _evidence_of(pledge).with_only_columns(func.count())
    return int(await session.scalar(rows) or 0)


def _evidence_of(pledge: Pledge, **values: Any) -> Select[UUID]:
    return select(PledgeEvidence.id).filter_by(
        district_code=pledge.district_code, pledge_id=pledge.id, **values
    )


def _check_room(status: str, count: int) -> None:
    """Raise `PledgeOutOfOrder` or `TooMuchEvidence` unless one more piece can be added."""
    logic.check_state(PledgeStatus(status), {PledgeStatus.PUBLISHED})
    most = logic.MOST_EVIDENCE
    if count >= most:
        raise TooMuchEvidence(f"每项承诺最多 {most} 件佐证", f"at most {most} pieces a pledge")


async def add_evidence(
    session: AsyncSession, caller: Caller, pledge_id: UUID, new: EvidenceNew
) -> PledgeEvidence:
    """Add a text to a published pledge's evidence (提交佐证).

    Raises `NotFound`, `Forbidden`, `PledgeOutOfOrder` or `TooMuchEvidence`.
    """
    return await _add(session, caller, pledge_id, {"id": new_id(), "text": new.text})


async def keep_image(
    on: Executor, store: Store, caller: Caller, pledge_id: UUID, data: bytes
) -> dict[str, Any]:
    """Put an image, made anew, into the store for who may add it; give what its row will hold.

    No transaction is open meanwhile: it takes long. Raises what `add_evidence` raises, and
    `NotAnImage`, `ImageTooLarge` or `StoreUnavailable`.
    """
    seen = await _allowed(on, caller, pledge_id)
    _check_room(seen.status, seen.evidence_count)
    image = await clean(data)
    evidence_id = new_id()
    key = f"{seen.district_code}/{evidence_id}"
    await store.put(key, image.data)
    return {
        "id": evidence_id,
        "image_key": key,
        "media_type": image.media_type,
        "size": len(image.data),
    }


async def add_image(
    session: AsyncSession, caller: Caller, pledge_id: UUID, kept: dict[str, Any]
) -> PledgeEvidence:
    """Add an image that `keep_image` kept to a published pledge's evidence.

    Raises what `add_evidence` raises.
    """
    return await _add(session, caller, pledge_id, kept)


async def _add(
    session: AsyncSession, caller: Caller, pledge_id: UUID, values: dict[str, Any]
) -> PledgeEvidence:
    pledge = await _lock(session, caller, pledge_id)
    _check_room(pledge.status, await _count_evidence(session, pledge))
    evidence = PledgeEvidence(
        district_code=pledge.district_code,
        pledge_id=pledge.id,
        recorded_by=caller.account_id,
        **values,
    )
    session.add(evidence)
    said = {"evidence_id": evidence.id} | {n: v for n, v in values.items() if n != "id"}
    audit.record(session, pledge.district_code, ("pledge", pledge.id), after=said)
    await session.flush()
    await session.refresh(evidence)
    return evidence


async def complete(session: AsyncSession, caller: Caller, pledge_id: UUID) -> None:
    """Say that a pledge was kept (完成承诺).

    Raises `NotFound`, `Forbidden`, `PledgeOutOfOrder`, `NoEvidence` or `NotYet`.
    """
    pledge = await _lock(session, caller, pledge_id)
    logic.moved(PledgeStatus(pledge.status), PledgeEventKind.COMPLETED)
    if not await _count_evidence(session, pledge):
        raise NoEvidence
    values = {"completed_on": clock.today(), "completed_by": caller.account_id}
    await _step(session, caller, pledge, PledgeEventKind.COMPLETED, values)


async def _judge(
    session: AsyncSession, caller: Caller, pledge_id: UUID, step: PledgeEventKind
) -> Pledge:
    """Lock a completed pledge for who is above it: not the pledger, nor who had a part in it.

    Whoever drafted it, gave evidence or said that it was kept would judge the own words.
    """
    pledge = await _lock(session, caller, pledge_id, above=True)
    logic.moved(PledgeStatus(pledge.status), step)
    if caller.is_person(pledge.district_code, pledge.member_id):
        raise OwnPledge("承诺人不能确认或退回自己的承诺", "the pledger cannot judge the own pledge")
    if pledge.completed_by == caller.account_id:
        raise OwnPledge(
            "完成情况由该账号登记，须由他人确认或退回", "this account recorded the completion"
        )
    if pledge.recorded_by == caller.account_id:
        raise OwnPledge("承诺由该账号登记，须由他人确认或退回", "this account drafted the pledge")
    if await session.scalar(select(_evidence_of(pledge, recorded_by=caller.account_id).exists())):
        raise OwnPledge("佐证由该账号提交，须由他人确认或退回", "this account gave evidence")
    return pledge


async def confirm(session: AsyncSession, caller: Caller, pledge_id: UUID) -> None:
    """Confirm from above that a pledge was kept (确认承诺).

    Raises `NotFound`, `Forbidden`, `PledgeOutOfOrder`, `OwnPledge` or `NotYet`.
    """
    pledge = await _judge(session, caller, pledge_id, PledgeEventKind.CONFIRMED)
    values = {"confirmed_on": clock.today(), "confirmed_by": caller.account_id}
    await _step(session, caller, pledge, PledgeEventKind.CONFIRMED, values)


async def send_back(session: AsyncSession, caller: Caller, pledge_id: UUID, reason: str) -> None:
    """Return a completed pledge from above: it is open again (退回承诺).

    Raises `NotFound`, `Forbidden`, `PledgeOutOfOrder`, `OwnPledge` or `NotYet`.
    """
    pledge = await _judge(session, caller, pledge_id, PledgeEventKind.RETURNED)
    values = dict.fromkeys(("completed_on", "completed_by"))
    await _step(session, caller, pledge, PledgeEventKind.RETURNED, values, reason)


async def withdraw(session: AsyncSession, caller: Caller, pledge_id: UUID, reason: str) -> None:
    """Withdraw a draft or a published pledge (撤回承诺).

    Raises `NotFound`, `Forbidden`, `PledgeOutOfOrder` or `NotYet`.
    """
    pledge = await _lock(session, caller, pledge_id)
    day = {"withdrawn_on": clock.today()}
    await _step(session, caller, pledge, PledgeEventKind.WITHDRAWN, day, reason)
