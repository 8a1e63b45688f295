"""Publishing posts, claiming them, recording what was done and confirming it."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Invalid, Stale
from app.members import queries as members
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationStatus
from app.residents import logic, queries
from app.residents.errors import (
    AlreadyClaimed,
    ClaimOutOfOrder,
    MemberNotCounted,
    NotACommunity,
    OwnRecord,
    RecordDecided,
)
from app.residents.logic import Fault, Move
from app.residents.models import ServiceClaim, ServicePost, ServiceRecord
from app.residents.schemas import (
    Misread,
    ServiceClaimNew,
    ServicePostEdit,
    ServicePostNew,
    ServiceRecordBatchNew,
    ServiceRecordNew,
)
from app.residents.types import COMMUNITIES, LIVE, ClaimStatus, PostStatus, RecordStatus

WRITE, CONFIRM = Permission.SERVICE_WRITE, Permission.SERVICE_CONFIRM
NULLABLE = frozenset({"ends_on", "hours", "skills"})


async def community(session: AsyncSession, caller: Caller, organization_id: UUID) -> Subtree:
    """Find a standing community for which the caller may write, and keep it standing.

    Raises `NotFound`, `Forbidden`, `NotACommunity` or `NotStanding`.
    """
    await tree.hold(session, caller, organization_id)
    found = await organizations.get(session, caller, organization_id)
    here = Subtree(found.district_code, found.path)
    caller.require(WRITE, at=here)
    if found.sector not in COMMUNITIES:
        raise NotACommunity
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return here


def place_of(row: AnyRow) -> Subtree:
    """Tell where the community of a post, a claim, a record or a wish stands."""
    return Subtree(row.district_code, row.path)


def require_either(caller: Caller, permission: Permission, *places: Subtree) -> None:
    """Raise `Forbidden` unless the caller holds `permission` at one of `places`."""
    if not any(caller.may(permission, place) for place in places):
        caller.require(permission, at=places[0])


# ── Posts


async def publish(session: AsyncSession, caller: Caller, new: ServicePostNew) -> UUID:
    """Publish a post of a community (发布服务岗位).

    Raises what `community` raises, and `Invalid`.
    """
    here = await community(session, caller, new.organization_id)
    logic.check_period(new.starts_on, new.ends_on)
    post = ServicePost(
        district_code=here.district_code, id=new_id(), status=PostStatus.OPEN, **new.model_dump()
    )
    session.add(post)
    await session.flush()
    audit.record(session, here.district_code, ("service_post", post.id), after=new.model_dump())
    return post.id


async def _taken(session: AsyncSession, post: ServicePost, *by: ColumnElement[bool]) -> int:
    """Count the places that are taken, or taken `by` somebody; the caller holds the post's lock."""
    rows = select(func.count()).where(
        ServiceClaim.district_code == post.district_code,
        ServiceClaim.post_id == post.id,
        ServiceClaim.status.in_(sorted(LIVE)),
        *by,
    )
    return int(await session.scalar(rows) or 0)


async def edit_post(
    session: AsyncSession, caller: Caller, post_id: UUID, version: int, changes: ServicePostEdit
) -> None:
    """Change an open post.

    Raises `NotFound`, `Forbidden`, `Stale`, `PostClosed`, `CapacityTaken` or `Invalid`.
    """
    seen = await queries.get_post(session, caller, post_id)
    caller.require(WRITE, at=place_of(seen))
    post = await _locked(session, ServicePost, seen)
    if post.version != version:
        raise Stale
    values = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name not in NULLABLE:
            raise Invalid(f"{name} 不能为空", f"{name} cannot be null")
    logic.check_open(PostStatus(post.status), None, clock.today())
    dates = {n: values.get(n, getattr(post, n)) for n in ("starts_on", "ends_on")}
    logic.check_period(**dates)
    if "capacity" in values:
        logic.check_capacity(values["capacity"], await _taken(session, post))
    post.version += 1
    await _write(session, post, values)


Row = TypeVar("Row", ServicePost, ServiceClaim, ServiceRecord)


async def _locked(session: AsyncSession, table: type[Row], seen: AnyRow) -> Row:
    found = await session.scalar(
        select(table)
        .where(table.district_code == seen.district_code, table.id == seen.id)
        .with_for_update()
    )
    assert found is not None  # none of them is ever deleted
    return found


async def _write(
    session: AsyncSession, row: ServicePost | ServiceClaim | ServiceRecord, values: dict[str, Any]
) -> None:
    """Write `values` to a row, and tell the audit what they change."""
    target = row.__tablename__, row.id
    audit.record(session, row.district_code, target, **audit.changed(row, values))
    for column, value in values.items():
        setattr(row, column, value)
    await session.flush()


async def close_post(session: AsyncSession, caller: Caller, post_id: UUID) -> None:
    """Take no more claims; those that there are go on (关闭服务岗位).

    Raises `NotFound`, `Forbidden` or `PostClosed`.
    """
    seen = await queries.get_post(session, caller, post_id)
    caller.require(WRITE, at=place_of(seen))
    post = await _locked(session, ServicePost, seen)
    logic.check_open(PostStatus(post.status), None, clock.today())
    post.version += 1
    await _write(session, post, {"status": PostStatus.CLOSED})


# ── Claims


async def claim(session: AsyncSession, caller: Caller, post_id: UUID, new: ServiceClaimNew) -> UUID:
    """Claim a place of a post, for oneself or for a member (认领岗位).

    Raises `NotFound`, `Forbidden`, `Invalid`, `MemberNotCounted`, `PostClosed`, `AlreadyClaimed`
    or `PostFull`. Claims of one post come one after another.
    """
    today = clock.today()
    seen = await queries.get_post(session, caller, post_id)
    who = await _claimant(session, caller, seen, new.member_id)
    post = await _locked(session, ServicePost, seen)
    logic.check_open(PostStatus(post.status), post.ends_on, today, stands=seen.stands)
    if await _taken(session, post, ServiceClaim.member_id == who):
        raise AlreadyClaimed
    logic.check_place(post.capacity, await _taken(session, post))
    made = ServiceClaim(
        district_code=post.district_code,
        id=new_id(),
        post_id=post.id,
        member_id=who,
        status=ClaimStatus.PENDING if post.needs_acceptance else ClaimStatus.ACTIVE,
        claimed_on=today,
        accepted_on=None if post.needs_acceptance else today,
    )
    session.add(made)
    await session.flush()
    shown = {"post_id": post.id, "member_id": who, "status": made.status}
    audit.record(session, post.district_code, ("service_claim", made.id), after=shown)
    return made.id


async def _claimant(
    session: AsyncSession, caller: Caller, post: AnyRow, member_id: UUID | None
) -> UUID:
    """Find the member who is to claim, whom the caller may act for."""
    member_id = member_id or caller.member_id
    if member_id is None:
        raise Invalid(
            "请指明认领的党员",
            "say which member claims",
            errors=[logic.fault_of("member_id", "missing").as_json()],
        )
    who = await members.get(session, caller, member_id)
    if not caller.is_member(who.district_code, who.id):
        branch = Subtree(who.district_code, who.path)
        require_either(caller, WRITE, branch, place_of(post))
    if who.district_code != post.district_code:
        raise Invalid("该党员不属于岗位所在区", "the member belongs to another district")
    if who.status not in COUNTED:
        raise MemberNotCounted
    found: UUID = who.id
    return found


def _require_side(caller: Caller, seen: AnyRow) -> None:
    """Hold to the member, and to clerks of the community or of the member's branch."""
    if not caller.is_member(seen.district_code, seen.member_id):
        require_either(caller, WRITE, place_of(seen), Subtree(seen.district_code, seen.branch_path))


async def move(
    session: AsyncSession, caller: Caller, claim_id: UUID, move: Move, reason: str | None = None
) -> None:
    """Accept, reject, end or leave a claim.

    Raises `NotFound`, `Forbidden` or `ClaimOutOfOrder`.
    """
    seen = await queries.get_claim(session, caller, claim_id)
    if move == Move.EXIT:
        _require_side(caller, seen)
    else:
        caller.require(WRITE, at=place_of(seen))
    found = await _locked(session, ServiceClaim, seen)
    after = logic.moved(ClaimStatus(found.status), move)
    values: dict[str, Any] = {"status": after, "reason": reason}
    values["accepted_on" if move == Move.ACCEPT else "ended_on"] = clock.today()
    await _write(session, found, values)


# ── Records


def _fault_of(found: ServiceClaim, new: ServiceRecordNew) -> Fault | None:
    first = logic.check_serving(found.accepted_on, ClaimStatus(found.status))
    return logic.served_fault(new.served_on, first, found.ended_on, clock.today())


def _values(caller: Caller, district_code: str, new: ServiceRecordNew) -> dict[str, Any]:
    return {
        "district_code": district_code,
        "id": new_id(),
        "status": RecordStatus.RECORDED,
        "recorded_by": caller.account_id,
        **new.model_dump(),
    }


async def record(session: AsyncSession, caller: Caller, new: ServiceRecordNew) -> UUID:
    """Record a service that was given (登记服务记录).

    Raises `NotFound`, `Forbidden`, `ClaimOutOfOrder` or `Invalid`.
    """
    seen = await queries.get_claim(session, caller, new.claim_id)
    _require_side(caller, seen)
    found = await _locked(session, ServiceClaim, seen)
    if fault := _fault_of(found, new):
        raise Invalid(fault.zh, fault.en, errors=[fault.as_json()])
    values = _values(caller, seen.district_code, new)
    session.add(ServiceRecord(**values))
    await session.flush()
    target = "service_record", values["id"]
    audit.record(session, seen.district_code, target, after=new.model_dump())
    made: UUID = values["id"]
    return made


async def record_batch(
    session: AsyncSession, caller: Caller, new: ServiceRecordBatchNew
) -> list[UUID]:
    """Record many services, all or none; rows are counted from 1.

    Raises `Forbidden`, or `BatchRefused` with all that is wrong with any row.
    """
    rows = {n: r for n, r in enumerate(new.rows, 1) if not isinstance(r, Misread)}
    faults = [
        (n, logic.fault_of(field, code))
        for n, row in enumerate(new.rows, 1)
        if isinstance(row, Misread)
        for field, code in row.faults
    ]
    seen = await queries.claims_of(session, caller, {row.claim_id for row in rows.values()})
    for claimed in seen.values():
        _require_side(caller, claimed)
    locked = await _locked_all(session, ServiceClaim, seen)
    for n, row in rows.items():
        if row.claim_id not in seen:
            faults.append((n, logic.fault_of("claim_id", "not_found")))
            continue
        try:
            fault = _fault_of(locked[row.claim_id], row)
        except ClaimOutOfOrder as refused:
            fault = logic.fault_in("claim_id", refused)
        if fault is not None:
            faults.append((n, fault))
    logic.check_rows(faults)
    made = [_values(caller, seen[row.claim_id].district_code, row) for row in rows.values()]
    await session.execute(insert(ServiceRecord), made)
    _tell(session, [(values["district_code"], values["id"]) for values in made])
    return [values["id"] for values in made]


def _tell(session: AsyncSession, written: list[tuple[str, UUID]]) -> None:
    """Tell the audit of each district which of its records were written together."""
    for code in sorted({code for code, _ in written}):
        ids = [record_id for of, record_id in written if of == code]
        audit.record(session, code, ("service_record", None), rows=len(ids), ids=ids)


async def _locked_all(
    session: AsyncSession, table: type[Row], seen: dict[UUID, AnyRow]
) -> dict[UUID, Row]:
    """Lock rows in the order of their ids, so that no two batches wait for each other."""
    codes = {row.district_code for row in seen.values()}
    found = await session.scalars(
        select(table)
        .where(table.district_code.in_(sorted(codes)), table.id.in_(sorted(seen)))
        .order_by(table.id)
        .with_for_update()
    )
    return {row.id: row for row in found}


async def decide(
    session: AsyncSession,
    caller: Caller,
    record_id: UUID,
    decision: RecordStatus,
    reason: str | None = None,
) -> None:
    """Confirm or reject a record, for the community (确认服务记录).

    Raises `NotFound`, `Forbidden`, `OwnRecord` or `RecordDecided`.
    """
    seen = await queries.get_record(session, caller, record_id)
    caller.require(CONFIRM, at=place_of(seen))
    found = await _locked(session, ServiceRecord, seen)
    _check_decision(caller, found, seen.member_id)
    values: dict[str, Any] = {"status": decision, "reason": reason}
    if decision == RecordStatus.CONFIRMED:
        values |= _confirmed(caller)
    await _write(session, found, values)


def _check_decision(caller: Caller, found: ServiceRecord, member_id: UUID) -> None:
    parties, deciding = (found.recorded_by, member_id), (caller.account_id, caller.person_id)
    logic.check_decision(RecordStatus(found.status), parties=parties, deciding=deciding)


def _confirmed(caller: Caller) -> dict[str, Any]:
    return {"confirmed_by": caller.account_id, "confirmed_on": clock.today()}


async def confirm_all(session: AsyncSession, caller: Caller, ids: list[UUID]) -> None:
    """Confirm many records for their communities, all or none; rows are counted from 1.

    Raises `Forbidden`, or `BatchRefused` with what is wrong with each row.
    """
    seen = await queries.records_of(session, caller, ids)
    for row in seen.values():
        caller.require(CONFIRM, at=place_of(row))
    locked = await _locked_all(session, ServiceRecord, seen)
    faults = []
    for n, record_id in enumerate(ids, 1):
        if record_id not in seen or record_id in ids[: n - 1]:
            code = "not_found" if record_id not in seen else "duplicate"
            faults.append((n, logic.fault_of("ids", code)))
            continue
        try:
            _check_decision(caller, locked[record_id], seen[record_id].member_id)
        except (OwnRecord, RecordDecided) as refused:
            faults.append((n, logic.fault_in("ids", refused)))
    logic.check_rows(faults)
    for found in locked.values():
        for column, value in ({"status": RecordStatus.CONFIRMED} | _confirmed(caller)).items():
            setattr(found, column, value)
    await session.flush()
    _tell(session, [(found.district_code, found.id) for found in locked.values()])
