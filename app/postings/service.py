"""Posting people, extending and ending it; poor households and who helps them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import new_id
from app.core.errors import Stale, wrong
from app.members import queries as members
from app.members.models import Member
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations.errors import NotStanding
from app.organizations.models import Organization, OrganizationState
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationStatus, Sector
from app.postings import logic, queries
from app.postings.errors import (
    CannotPair,
    CannotServe,
    HouseholdEnded,
    HouseholdTaken,
    NoHouseholdsThere,
    PostingEnded,
    PostTaken,
)
from app.postings.models import PoorHousehold, Posting
from app.postings.schemas import (
    ExtensionNew,
    PoorHouseholdNew,
    PostingEdit,
    PostingEndNew,
    PostingNew,
)
from app.postings.types import SINGLE, Place, Post

WRITE = Permission.POSTINGS_WRITE


def _not_later(field: str, day: date) -> None:
    if day > clock.today():
        raise wrong(field, f"{field} 不能晚于今天", f"{field} lies in the future")


async def _standing(
    session: AsyncSession, caller: Caller, organization_id: UUID
) -> tuple[AnyRow, Place]:
    """Lock a standing organisation for which the caller may write: its posts are filled in a row.

    Raises `NotFound`, `Forbidden` or `NotStanding`.
    """
    found = await organizations.get(session, caller, organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    await session.execute(
        select(Organization.id)
        .where(
            Organization.district_code == found.district_code, Organization.id == organization_id
        )
        .with_for_update(key_share=True)
    )
    found = await organizations.get(session, caller, organization_id)  # as it is under the lock
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    parent = select(OrganizationState.is_grid).where(
        OrganizationState.district_code == found.district_code,
        OrganizationState.organization_id == found.parent_id,
        on_day(OrganizationState, clock.today()),
    )
    return found, logic.place_of(found, in_grid=bool(await session.scalar(parent)))


async def _refuse_taken(
    session: AsyncSession, code: str, wanted: dict[str, Any], but: UUID | None = None
) -> None:
    """Raise `PostTaken` where the posting would overlap one that excludes it.

    The organisation and the member are locked; the database says the same again.
    """
    own = Posting.member_id == wanted["member_id"], Posting.post == wanted["post"]
    here = Posting.organization_id == wanted["organization_id"]
    clash = and_(*own, here)
    if wanted["post"] in SINGLE:
        clash = or_(clash, and_(here, Posting.post == wanted["post"]))
    if wanted["post"] == Post.FIRST_SECRETARY:
        clash = or_(clash, and_(*own))
    rows = select(Posting.id).where(
        Posting.district_code == code,
        clash,
        or_(Posting.valid_to.is_(None), Posting.valid_to > wanted["valid_from"]),
    )
    if wanted.get("valid_to") is not None:
        rows = rows.where(Posting.valid_from < wanted["valid_to"])
    if but is not None:
        rows = rows.where(Posting.id != but)
    if await session.scalar(rows.limit(1)):
        raise PostTaken


async def _hold_member(session: AsyncSession, code: str, member_id: UUID) -> None:
    held = select(Member.id).where(Member.district_code == code, Member.id == member_id)
    await session.execute(held.with_for_update(key_share=True))


def _check_days(posted: dict[str, Any], joined_on: date | None) -> None:
    _not_later("valid_from", posted["valid_from"])
    if joined_on is not None and posted["valid_from"] < joined_on:
        raise wrong("valid_from", "任职早于入党", "posted before joining the Party")
    if posted["due_on"] is not None and posted["due_on"] <= posted["valid_from"]:
        raise wrong("due_on", "期满日期须晚于任职日期", "due_on must be after valid_from")


async def post(session: AsyncSession, caller: Caller, new: PostingNew) -> UUID:
    """Post a member to an organisation (任职).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `Invalid`, `PostDoesNotFit`, `CannotServe` or
    `PostTaken`.
    """
    found, place = await _standing(session, caller, new.organization_id)
    member = await members.get(session, caller, new.member_id)
    if member.district_code != found.district_code:
        raise wrong("member_id", "该党员不属于本区", "the member is of another district")
    logic.check_place(new.post, place)
    if member.status not in COUNTED:
        raise CannotServe
    values = new.model_dump()
    _check_days(values, member.joined_on)
    await _hold_member(session, found.district_code, new.member_id)
    await _refuse_taken(session, found.district_code, values)
    made = Posting(district_code=found.district_code, id=new_id(), **values)
    session.add(made)
    await session.flush()
    audit.record(session, found.district_code, ("posting", made.id), after=values)
    return made.id


async def _lock(session: AsyncSession, caller: Caller, posting_id: UUID) -> Posting:
    """Lock a posting to an organisation for which the caller may write.

    Raises `NotFound` or `Forbidden`.
    """
    seen = await queries.get(session, caller, posting_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    locked = (
        select(Posting)
        .where(Posting.district_code == seen.district_code, Posting.id == posting_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def _set(session: AsyncSession, row: Posting | PoorHousehold, values: dict[str, Any]) -> None:
    """Change a row and tell the audit; what was goes, by trigger, to the history."""
    target = row.__tablename__, row.id
    audit.record(session, row.district_code, target, **audit.changed(row, values))
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.recorded_at = func.now()
    await session.flush()


async def edit(
    session: AsyncSession, caller: Caller, posting_id: UUID, version: int, changes: PostingEdit
) -> None:
    """Correct a posting that has not ended.

    Raises `NotFound`, `Forbidden`, `Stale`, `PostingEnded`, `Invalid` or `PostTaken`.
    """
    seen = await queries.get(session, caller, posting_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    await session.execute(  # the organisation first, as `post` locks
        select(Organization.id)
        .where(
            Organization.district_code == seen.district_code,
            Organization.id == seen.organization_id,
        )
        .with_for_update(key_share=True)
    )
    await _hold_member(session, seen.district_code, seen.member_id)
    row = await _lock(session, caller, posting_id)
    if row.version != version:
        raise Stale
    if row.valid_to is not None:
        raise PostingEnded
    values = changes.model_dump(exclude_unset=True)
    if values.get("valid_from", row.valid_from) is None:
        raise wrong("valid_from", "valid_from 不能为空", "valid_from cannot be null")
    whole = {
        n: values.get(n, getattr(row, n))
        for n in ("member_id", "organization_id", "post", "valid_from", "due_on")
    }
    if row.extended_on is not None:
        if whole["due_on"] != row.due_on:
            zh = "已延长的任职，期满日期由延长决定确定"
            raise wrong("due_on", zh, "the extension decided when it is due")
        if row.extended_on < whole["valid_from"]:
            raise wrong("valid_from", "任职晚于延长决定", "begins after it was extended")
    joined = select(Member.joined_on).where(
        Member.district_code == row.district_code, Member.id == row.member_id
    )
    _check_days(whole, await session.scalar(joined))
    await _refuse_taken(session, row.district_code, whole, row.id)
    await _set(session, row, values)


async def extend(
    session: AsyncSession, caller: Caller, posting_id: UUID, new: ExtensionNew
) -> None:
    """Extend a posting, once and by no more than the pack says (延长派驻).

    Raises `NotFound`, `Forbidden`, `PostingEnded`, `PostingExtended`, `CannotExtend` or `Invalid`.
    """
    row = await _lock(session, caller, posting_id)
    due_on = logic.extended_due(queries.pack(), row, new.months)
    decided_on = new.decided_on or clock.today()
    _not_later("decided_on", decided_on)
    if decided_on < row.valid_from:
        raise wrong("decided_on", "延长决定早于任职", "decided before the posting began")
    values = {
        "due_on": due_on,
        "extended_months": new.months,
        "extended_on": decided_on,
        "extension_decision": new.decision,
    }
    await _set(session, row, values)


async def end(session: AsyncSession, caller: Caller, posting_id: UUID, new: PostingEndNew) -> None:
    """End a posting (免职、离任).

    Raises `NotFound`, `Forbidden`, `PostingEnded` or `Invalid`.
    """
    row = await _lock(session, caller, posting_id)
    if row.valid_to is not None:
        raise PostingEnded
    _not_later("on", new.on)
    if new.on <= row.valid_from:
        raise wrong("on", "离任日期须晚于任职日期", "it ends after it began")
    await _set(session, row, {"valid_to": new.on, "end_reason": new.reason})


# ── Poor households


async def record_household(session: AsyncSession, caller: Caller, new: PoorHouseholdNew) -> UUID:
    """Record a poor household of a village, by its number (登记贫困户).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `NoHouseholdsThere`, `Invalid` or
    `HouseholdTaken`.
    """
    found, place = await _standing(session, caller, new.organization_id)
    if not logic.is_own(place, Sector.VILLAGE):
        raise NoHouseholdsThere
    _not_later("valid_from", new.valid_from)
    taken = select(PoorHousehold.id).where(
        PoorHousehold.district_code == found.district_code,
        PoorHousehold.organization_id == new.organization_id,
        PoorHousehold.number == new.number,
        or_(PoorHousehold.valid_to.is_(None), PoorHousehold.valid_to > new.valid_from),
    )
    if await session.scalar(taken.limit(1)):
        raise HouseholdTaken
    made = PoorHousehold(district_code=found.district_code, id=new_id(), **new.model_dump())
    session.add(made)
    await session.flush()
    target = "poor_household", made.id
    audit.record(session, found.district_code, target, after=new.model_dump())
    return made.id


async def _household(session: AsyncSession, caller: Caller, household_id: UUID) -> PoorHousehold:
    """Lock a household that is poor still. Raises `NotFound`, `Forbidden` or `HouseholdEnded`."""
    seen = await queries.get_household(session, caller, household_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    locked = (
        select(PoorHousehold)
        .where(PoorHousehold.district_code == seen.district_code, PoorHousehold.id == household_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(locked)).scalar_one()
    if row.valid_to is not None:
        raise HouseholdEnded
    return row


async def pair(session: AsyncSession, caller: Caller, household_id: UUID, posting_id: UUID) -> None:
    """Pair a household with its village's first secretary, from today on (结对帮扶).

    Raises `NotFound`, `Forbidden`, `HouseholdEnded` or `CannotPair`.
    """
    row = await _household(session, caller, household_id)
    posting = await queries.get(session, caller, posting_id)
    today = clock.today()
    serves = posting.valid_from <= today and (posting.valid_to is None or posting.valid_to > today)
    own = posting.organization_id == row.organization_id and posting.post == Post.FIRST_SECRETARY
    if not (serves and own):
        raise CannotPair
    await _set(session, row, {"posting_id": posting_id, "paired_on": today})


async def lift(session: AsyncSession, caller: Caller, household_id: UUID, on: date) -> None:
    """Say from which day on a household is poor no longer (脱贫).

    Raises `NotFound`, `Forbidden`, `HouseholdEnded` or `Invalid`.
    """
    row = await _household(session, caller, household_id)
    _not_later("on", on)
    if on <= row.valid_from:
        raise wrong("on", "脱贫日期须晚于登记日期", "it ends after it began")
    await _set(session, row, {"valid_to": on})
