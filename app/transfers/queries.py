"""Reading transfers. Every read starts from `visible`."""

import tomllib
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, case, false, literal, or_, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import NotFound
from app.core.pages import Rows, page
from app.members import queries as members
from app.members.models import Membership
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.organizations.types import OrganizationKind
from app.transfers import logic
from app.transfers.models import Transfer
from app.transfers.schemas import TransferListParams
from app.transfers.types import PENDING, TransferKind, TransferPack, TransferStatus

READ = Permission.MEMBERS_READ
NAME = OrganizationState.name
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
    file = resources.files("app.transfers").joinpath("packs", "transfers.toml")
    return TypeAdapter(TransferPack).validate_python(tomllib.loads(file.read_text("utf-8")))


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
    row = (await on.execute(rows)).first()
    if row is None:
        raise NotFound
    return row


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


# ── Where a member belonged


def belonged(district_code: str, member_id: UUID) -> AnySelect:
    """Select where a member belonged in one district, oldest first, with the names of the time."""
    named = and_(
        OrganizationState.district_code == Membership.district_code,
        OrganizationState.organization_id == Membership.organization_id,
        or_(
            on_day(OrganizationState, Membership.valid_from),
            and_(OrganizationState.is_end, OrganizationState.valid_from <= Membership.valid_from),
        ),
    )
    return (
        select(
            Membership.district_code,
            OrganizationState.name.label("organization_name"),
            Membership.category,
            Membership.status,
            Membership.valid_from,
            Membership.valid_to,
        )
        .outerjoin(OrganizationState, named)
        .where(Membership.district_code == district_code, Membership.member_id == member_id)
        .order_by(Membership.valid_from)
    )


def brought(district_code: str, member_id: UUID) -> AnySelect:
    """Select what came along with a member from other districts, the newest first."""
    return (
        select(Transfer.history)
        .where(
            Transfer.district_code == district_code,
            Transfer.member_id == member_id,
            Transfer.history.is_not(None),
        )
        .order_by(Transfer.ended_on.desc(), Transfer.id.desc())
        .limit(1)
    )


async def past(on: Executor, district_code: str, member_id: UUID) -> list[dict[str, Any]]:
    """List where a member belonged, in this district and in those before, oldest first."""
    here = [dict(r) for r in (await on.execute(belonged(district_code, member_id))).mappings()]
    before = await on.scalar(brought(district_code, member_id)) or []
    away = (row for row in before if row["district_code"] != district_code)  # who came back
    return sorted([*away, *map(_dated, here)], key=lambda row: row["valid_from"])


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """Write the days as JSON does."""
    return row | {
        name: None if row[name] is None else row[name].isoformat()
        for name in ("valid_from", "valid_to")
    }


async def memberships(on: Executor, caller: Caller, member_id: UUID) -> list[dict[str, Any]]:
    """List where a member whom the caller sees belonged, or raise `NotFound`."""
    seen = await members.get(on, caller, member_id)
    return await past(on, seen.district_code, member_id)


# ── For a restructuring


async def pending_of(
    on: Executor, district_code: str, organization_ids: Collection[UUID]
) -> list[AnyRow]:
    """List the pending transfers from or to some organisations of a district.

    A restructuring's simulation tells of them; it has checked who asks.
    """
    ids = sorted(organization_ids)
    rows = select(
        Transfer.id,
        status_on(clock.today()).label("status"),
        Transfer.member_id,
        Transfer.from_organization_id,
        Transfer.from_organization_name,
        Transfer.to_organization_id,
        Transfer.to_organization_name,
    ).where(
        Transfer.district_code == district_code,
        is_pending(clock.today()),
        or_(Transfer.from_organization_id.in_(ids), Transfer.to_organization_id.in_(ids)),
    )
    return list(await on.execute(rows.order_by(Transfer.id)))


def standing(district_code: str, organization_id: UUID, day: date) -> AnySelect:
    """Select what an organisation is called on `day`, its kind and its path, while it stands."""
    return select(
        OrganizationState.organization_id,
        OrganizationState.name,
        OrganizationState.kind,
        OrganizationState.path,
    ).where(
        OrganizationState.district_code == district_code,
        OrganizationState.organization_id == organization_id,
        on_day(OrganizationState, day),
    )


def named(district_code: str, name: str, day: date) -> AnySelect:
    """Select the one organisation of a district that is called `name`: groups repeat names."""
    return select(
        OrganizationState.organization_id,
        OrganizationState.name,
        OrganizationState.kind,
        OrganizationState.path,
    ).where(
        OrganizationState.district_code == district_code,
        OrganizationState.name == name,
        OrganizationState.kind != OrganizationKind.PARTY_GROUP,
        on_day(OrganizationState, day),
    )
