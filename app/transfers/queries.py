"""Reading transfers. Every read starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, literal, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.packs import read_pack
from app.core.pages import Rows, fetch_one, page
from app.members.models import Membership
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.organizations.types import OrganizationKind
from app.transfers import logic
from app.transfers.models import Transfer
from app.transfers.schemas import TransferListParams
from app.transfers.types import PENDING, TransferKind, TransferPack, TransferStatus

READ = Permission.MEMBERS_READ
From = aliased(OrganizationState, name="old")
To = aliased(OrganizationState, name="new")
_SHOWN = (
    "id",
    "district_code",
    "member_name",
    "id_number_masked",
    "from_district_code",
    "from_organization_name",
    "to_district_code",
    "to_organization_name",
    "reason",
    "requested_on",
    "release_due_on",
    "released_on",
    "letter_number",
    "valid_until",
    "ended_on",
    "ground",
    "end_reason",
    "receipt_number",
    "version",
)


@lru_cache
def pack() -> TransferPack:
    """Read the deadlines that are shipped."""
    return read_pack(TransferPack, "transfers", "transfers")


def status_on(day: date) -> ColumnElement[str]:
    """Give the state on `day`, as `logic.status_on` does."""
    is_over = and_(Transfer.status == TransferStatus.RELEASED, Transfer.valid_until < day)
    return case((is_over, literal(TransferStatus.EXPIRED.value)), else_=Transfer.status)


def is_pending(day: date) -> ColumnElement[bool]:
    """Hold transfers to those that are pending on `day`."""
    return status_on(day).in_(sorted(PENDING))


def visible(caller: Caller, day: date) -> AnySelect:
    """Select the transfers of which the caller sees the old organisation, the new one, or oneself.

    Ids are shown of the side that is seen; of the other, the name is all.
    """
    places = caller.subtrees(READ)
    own: ColumnElement[bool] = false()
    if caller.member_id is not None:
        own = and_(
            Transfer.district_code == caller.home_code, Transfer.member_id == caller.member_id
        )
    sees_old = or_(in_subtrees(places, From), own)
    sees_new = in_subtrees(places, To)
    is_accepted = Transfer.status == TransferStatus.ACCEPTED
    knows = or_(sees_old, and_(sees_new, is_accepted))
    kind = case(
        (Transfer.to_district_code.is_(None), literal(TransferKind.OUTSIDE.value)),
        (
            Transfer.from_district_code == Transfer.to_district_code,
            literal(TransferKind.LOCAL.value),
        ),
        else_=literal(TransferKind.ACROSS.value),
    )
    overdue = and_(Transfer.status == TransferStatus.REQUESTED, Transfer.release_due_on < day)
    return (
        select(
            *(getattr(Transfer, name) for name in _SHOWN),
            kind.label("kind"),
            status_on(day).label("status"),
            overdue.label("is_overdue"),
            case((knows, Transfer.member_id)).label("member_id"),
            case((sees_old, Transfer.from_organization_id)).label("from_organization_id"),
            case((sees_new, Transfer.to_organization_id)).label("to_organization_id"),
            Transfer.category,
            Transfer.requested_by,
            Transfer.twin_id,
            From.path.label("old_path"),
            From.kind.label("old_kind"),
            To.path.label("new_path"),
        )
        .select_from(Transfer)
        .outerjoin(From, stood_as(Transfer.district_code, Transfer.from_organization_id, day, From))
        .outerjoin(To, stood_as(Transfer.district_code, Transfer.to_organization_id, day, To))
        .where(or_(sees_old, sees_new))
    )


def _column(rows: AnySelect, name: str) -> Any:
    return rows.selected_columns[name]


async def get(on: Executor, caller: Caller, transfer_id: UUID) -> AnyRow:
    """Fetch one transfer, or raise `NotFound`."""
    rows = visible(caller, clock.today()).where(Transfer.id == transfer_id)
    return await fetch_one(on, rows)


def detail(row: AnyRow) -> dict[str, Any]:
    """Write a transfer as it is shown alone: with the letter, once it is issued."""
    shown = {**row._mapping}  # noqa: SLF001 - the public name of a row's mapping
    text = None
    if row.released_on is not None:
        text = logic.letter(
            row.letter_number,
            row.to_organization_name,
            row.from_organization_name,
            (row.member_name, row.id_number_masked, row.category),
            (row.released_on, row.valid_until),
        )
    inside = ("category", "requested_by", "twin_id", "old_path", "old_kind", "new_path")
    return {k: v for k, v in shown.items() if k not in inside} | {"letter": text}


async def show(on: Executor, caller: Caller, transfer_id: UUID) -> dict[str, Any]:
    """Give one transfer with its letter, or raise `NotFound`."""
    return detail(await get(on, caller, transfer_id))


async def find(on: Reader, caller: Caller, params: TransferListParams) -> Rows[AnyRow]:
    """List a page of transfers, or raise `NotFound` for `within` out of sight.

    An id of what is not seen is as good as none: filters ask what is shown, not what is kept.
    """
    day = clock.today()
    rows = visible(caller, day)
    if params.status is not None:
        rows = rows.where(status_on(day) == params.status)
    if params.member_id is not None:
        rows = rows.where(_column(rows, "member_id") == params.member_id)
    if params.organization_id is not None:
        sides = ("from_organization_id", "to_organization_id")
        rows = rows.where(or_(*(_column(rows, n) == params.organization_id for n in sides)))
    if params.within is not None:
        place = [await organizations.subtree(on, caller, params.within, day, READ)]
        rows = rows.where(or_(in_subtrees(place, From), in_subtrees(place, To)))
    sorts = {"requested_on": Transfer.requested_on.expression}
    return await page(
        on, rows, sorts, params.sort, params, of="transfers", tie=Transfer.id.expression
    )


def counts(transfer: Transfer) -> Select[UUID]:
    """Select the membership by which the old organisation counts a transfer's member today."""
    return select(Membership.id).where(
        Membership.district_code == transfer.district_code,
        Membership.member_id == transfer.member_id,
        Membership.organization_id == transfer.from_organization_id,
        Membership.status.in_(sorted(COUNTED)),
        on_day(Membership, clock.today()),
    )


def over(district_code: str, member_id: UUID, day: date) -> Select[Transfer]:
    """Select, locked, what of a member's was released and is over on `day`."""
    rows = select(Transfer).where(
        Transfer.district_code == district_code,
        Transfer.member_id == member_id,
        Transfer.status == TransferStatus.RELEASED,
        Transfer.valid_until < day,
    )
    return rows.with_for_update()


# ── For a restructuring


def concerns(district_code: str, ids: Sequence[UUID], day: date) -> ColumnElement[bool]:
    """Hold transfers to those pending on `day` that lead from or to some organisations."""
    sides = Transfer.from_organization_id.in_(ids), Transfer.to_organization_id.in_(ids)
    return and_(Transfer.district_code == district_code, is_pending(day), or_(*sides))


def now_in(district_code: str, organization_id: UUID, ids: Sequence[UUID]) -> Select[UUID]:
    """Select which of some members belong to an organisation today."""
    return select(Membership.member_id).where(
        Membership.district_code == district_code,
        Membership.organization_id == organization_id,
        Membership.member_id.in_(ids),
        on_day(Membership, clock.today()),
    )


async def pending_of(
    on: Executor, district_code: str, organization_ids: Collection[UUID]
) -> list[AnyRow]:
    """List the pending transfers from or to some organisations of a district.

    A restructuring's simulation tells of them; it has checked who asks.
    """
    rows = select(
        Transfer.id,
        status_on(clock.today()).label("status"),
        Transfer.member_id,
        Transfer.from_organization_id,
        Transfer.from_organization_name,
        Transfer.to_organization_id,
        Transfer.to_organization_name,
    ).where(concerns(district_code, sorted(organization_ids), clock.today()))
    return list(await on.execute(rows.order_by(Transfer.id)))


# ── Where a transfer leads

STATE = OrganizationState


def _standing(day: date) -> AnySelect:
    return select(
        STATE.district_code, STATE.organization_id, STATE.name, STATE.kind, STATE.path
    ).where(on_day(STATE, day))


def standing(code: str, organization_id: UUID) -> AnySelect:
    """Select an organisation as it stands today."""
    return _standing(clock.today()).where(
        STATE.district_code == code, STATE.organization_id == organization_id
    )


def named(code: str, name: str) -> AnySelect:
    """Select the one organisation of a district that is called `name`; groups repeat names."""
    return _standing(clock.today()).where(
        STATE.district_code == code,
        STATE.name == name,
        STATE.kind != OrganizationKind.PARTY_GROUP,
    )


def reachable(caller: Caller, code: str, organization_id: UUID) -> AnySelect:
    """Select where a transfer out of district `code` may lead: there, or in the caller's sight."""
    in_sight = in_subtrees(caller.subtrees(Permission.ORGANIZATIONS_READ))
    return _standing(clock.today()).where(
        STATE.organization_id == organization_id, or_(STATE.district_code == code, in_sight)
    )


async def above(on: Executor, place: Any) -> tuple[UUID | None, bool]:
    """Find the level that releases the members of `place`, and tell whether it is the root."""
    up = logic.release_path(OrganizationKind(place.kind), place.path)
    rows = select(STATE.organization_id).where(
        STATE.district_code == place.district_code,
        STATE.path == up,
        on_day(STATE, clock.today()),
    )
    return await on.scalar(rows), up == organizations.ROOT_PATH
