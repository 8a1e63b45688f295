"""Reading posts, claims and records, and the figures that they make."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, filtered, page
from app.members.models import Member, Membership
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood, stood_as
from app.residents.models import ServiceClaim, ServicePost, ServiceRecord
from app.residents.schemas import (
    ServiceClaimListParams,
    ServicePostListParams,
    ServiceRecordListParams,
)
from app.residents.types import LIVE, ClaimStatus, PostStatus, RecordStatus

READ = Permission.SERVICE_READ
Community = aliased(OrganizationState, name="community")
Branch = aliased(OrganizationState, name="branch")
AnyRows = Rows[Row[*tuple[Any, ...]]]


def _own(caller: Caller) -> ColumnElement[bool]:
    """Hold claims to those of the member who asks."""
    if caller.member_id is None:
        return false()
    return and_(
        ServiceClaim.district_code == caller.home_code, ServiceClaim.member_id == caller.member_id
    )


def _of_post() -> ColumnElement[bool]:
    return and_(
        ServiceClaim.district_code == ServicePost.district_code,
        ServiceClaim.post_id == ServicePost.id,
    )


def visible_posts(caller: Caller, day: date) -> AnySelect:
    """Select the posts of the communities that the caller may read.

    A member finds every open post of the district's standing communities besides, and those that
    they ever claimed.
    """
    in_sight: ColumnElement[bool] = in_subtrees(caller.subtrees(READ), Community)
    if caller.member_id is not None:
        mine = select(ServiceClaim.id).where(_of_post(), _own(caller)).exists()
        is_open = and_(ServicePost.status == PostStatus.OPEN, on_day(Community, day))
        published = and_(ServicePost.district_code == caller.home_code, or_(is_open, mine))
        in_sight = or_(in_sight, published)
    taken = select(func.count()).where(_of_post(), ServiceClaim.status.in_(sorted(LIVE)))
    return (
        select(
            *ServicePost.__table__.c,
            Community.name.label("organization_name"),
            Community.path,
            on_day(Community, day).label("stands"),
            taken.correlate(ServicePost).scalar_subquery().label("taken"),
        )
        .join(
            Community,
            stood_as(ServicePost.district_code, ServicePost.organization_id, day, Community),
        )
        .where(in_sight)
    )


async def get_post(on: Executor, caller: Caller, post_id: UUID) -> AnyRow:
    """Fetch one post, or raise `NotFound`."""
    return await fetch_one(
        on, visible_posts(caller, clock.today()).where(ServicePost.id == post_id)
    )


async def find_posts(on: Reader, caller: Caller, params: ServicePostListParams) -> AnyRows:
    """List a page of posts, or raise `NotFound` for `within` out of sight."""
    day = clock.today()
    names = ("organization_id", "category", "status")
    filters = {name: getattr(ServicePost, name) for name in names}
    rows = filtered(visible_posts(caller, day), params, filters)
    if params.within is not None:
        place = await organizations.subtree(on, caller, params.within, day, READ)
        rows = rows.where(in_subtrees([place], Community))
    sorts = {"starts_on": ServicePost.starts_on.expression}
    return await page(
        on, rows, sorts, params.sort, params, of="service posts", tie=ServicePost.id.expression
    )


_OF_POST = ServicePost.title.label("post_title"), ServicePost.organization_id


def _in_sight(rows: AnySelect, caller: Caller, day: date) -> AnySelect:
    """Join to claims their posts, and hold them to those that the caller may see.

    A subtree holds the community or the branch where the member is now; or it is the own claim.
    """
    places = caller.subtrees(READ)
    communities = select(Community.district_code, Community.organization_id).where(
        stood(day, Community), in_subtrees(places, Community)
    )
    members = (
        select(Membership.district_code, Membership.member_id)
        .join(Branch, stood_as(Membership.district_code, Membership.organization_id, day, Branch))
        .where(on_day(Membership, day), in_subtrees(places, Branch))
    )
    key = ServiceClaim.district_code
    return rows.join(ServicePost, _of_post()).where(
        or_(
            tuple_(key, ServicePost.organization_id).in_(communities),
            tuple_(key, ServiceClaim.member_id).in_(members),
            _own(caller),
        )
    )


def _told(rows: AnySelect, day: date) -> AnySelect:
    """Add to claims or their records the names of whom they are about.

    The rows are cut out first: to plan seven joins at once takes thirty milliseconds.
    """
    of = rows.subquery("of")
    code = of.c.district_code
    return (
        select(
            of,
            Community.name.label("organization_name"),
            Member.name.label("member_name"),
            Membership.organization_id.label("branch_id"),
            Branch.name.label("branch_name"),
            Community.path.label("path"),
            Branch.path.label("branch_path"),
        )
        .select_from(of)
        .join(Community, stood_as(code, of.c.organization_id, day, Community))
        .join(Member, and_(Member.district_code == code, Member.id == of.c.member_id))
        .join(
            Membership,
            and_(
                Membership.district_code == code,
                Membership.member_id == of.c.member_id,
                on_day(Membership, day),
            ),
        )
        .join(Branch, stood_as(code, Membership.organization_id, day, Branch))
    )


def visible_claims(caller: Caller, day: date) -> AnySelect:
    """Select the claims that the caller may see; `_told` adds the names."""
    rows = select(*ServiceClaim.__table__.c, *_OF_POST)
    return _in_sight(rows.select_from(ServiceClaim), caller, day)


async def get_claim(on: Executor, caller: Caller, claim_id: UUID) -> AnyRow:
    """Fetch one claim, or raise `NotFound`."""
    day = clock.today()
    rows = visible_claims(caller, day).where(ServiceClaim.id == claim_id)
    return await fetch_one(on, _told(rows, day))


async def claims_of(on: Executor, caller: Caller, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Fetch those of the claims `ids` that the caller may see."""
    day = clock.today()
    rows = visible_claims(caller, day).where(ServiceClaim.id.in_(sorted(ids)))
    return {row.id: row for row in await on.execute(_told(rows, day))}


async def find_claims(on: Reader, caller: Caller, params: ServiceClaimListParams) -> AnyRows:
    """List a page of claims."""
    filters = {n: getattr(ServiceClaim, n) for n in ("post_id", "member_id", "status")}
    day = clock.today()
    rows = filtered(visible_claims(caller, day), params, filters)
    sorts = {"claimed_on": ServiceClaim.claimed_on.expression}
    tie = ServiceClaim.id.expression
    told_of = partial(_told, day=day)
    return await page(
        on, rows, sorts, params.sort, params, of="service claims", tie=tie, told=told_of
    )


def _of_claim() -> ColumnElement[bool]:
    return and_(
        ServiceClaim.district_code == ServiceRecord.district_code,
        ServiceClaim.id == ServiceRecord.claim_id,
    )


def visible_records(caller: Caller, day: date) -> AnySelect:
    """Select the records of the claims that the caller may see; `_told` adds the names."""
    rows = select(
        *ServiceRecord.__table__.c, ServiceClaim.post_id, ServiceClaim.member_id, *_OF_POST
    )
    return _in_sight(rows.select_from(ServiceRecord).join(ServiceClaim, _of_claim()), caller, day)


async def get_record(on: Executor, caller: Caller, record_id: UUID) -> AnyRow:
    """Fetch one record, or raise `NotFound`."""
    day = clock.today()
    rows = visible_records(caller, day).where(ServiceRecord.id == record_id)
    return await fetch_one(on, _told(rows, day))


async def records_of(on: Executor, caller: Caller, ids: Collection[UUID]) -> dict[UUID, AnyRow]:
    """Fetch those of the records `ids` that the caller may see."""
    day = clock.today()
    rows = visible_records(caller, day).where(ServiceRecord.id.in_(sorted(set(ids))))
    return {row.id: row for row in await on.execute(_told(rows, day))}


async def find_records(on: Reader, caller: Caller, params: ServiceRecordListParams) -> AnyRows:
    """List a page of records."""
    filters = {
        "claim_id": ServiceRecord.claim_id,
        "post_id": ServiceClaim.post_id,
        "member_id": ServiceClaim.member_id,
        "status": ServiceRecord.status,
    }
    day = clock.today()
    rows = filtered(visible_records(caller, day), params, filters)
    rows = rows.where(*_in_period(params.served_from, params.served_to))
    sorts = {"served_on": ServiceRecord.served_on.expression}
    tie = ServiceRecord.id.expression
    told_of = partial(_told, day=day)
    return await page(
        on, rows, sorts, params.sort, params, of="service records", tie=tie, told=told_of
    )


def _in_period(since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Hold records to services from `since` to `until`, both days with them."""
    held = []
    if since is not None:
        held.append(ServiceRecord.served_on >= since)
    if until is not None:
        held.append(ServiceRecord.served_on <= until)
    return held


# ── Figures


def _of_communities(rows: AnySelect, places: Sequence[Any], day: date) -> AnySelect:
    return rows.join(
        Community,
        stood_as(ServicePost.district_code, ServicePost.organization_id, day, Community),
    ).where(in_subtrees(places, Community))


def claimed(places: Sequence[Any], day: date) -> AnySelect:
    """Select the claims that count as posts claimed (认领岗位) on `day`; a claim is one.

    They are those of communities that stood in `places` on `day`, accepted by then and not yet
    exited; `logic.is_claimed_on` says it of one claim.
    """
    rows = (
        select(*ServiceClaim.__table__.c, ServicePost.organization_id)
        .select_from(ServiceClaim)
        .join(ServicePost, _of_post())
        .where(
            ServiceClaim.accepted_on <= day,
            or_(
                ServiceClaim.ended_on.is_(None),
                ServiceClaim.ended_on > day,
                ServiceClaim.status == ClaimStatus.FINISHED,
            ),
        )
    )
    return _of_communities(rows, places, day)


def served(places: Sequence[Any], day: date) -> AnySelect:
    """Select the records that count as person-times served (服务人次) on `day`.

    They are those of communities that stood in `places` on `day` and had confirmed them by then.
    """
    rows = (
        select(*ServiceRecord.__table__.c, ServiceClaim.post_id, ServiceClaim.member_id)
        .select_from(ServiceRecord)
        .join(ServiceClaim, _of_claim())
        .join(ServicePost, _of_post())
        .where(
            ServiceRecord.status == RecordStatus.CONFIRMED,
            ServiceRecord.confirmed_on <= day,
        )
    )
    return _of_communities(rows, places, day)


def _claims(places: Sequence[Subtree], window: Window) -> AnySelect:
    rows, on = claimed(places, window.day), ServiceClaim.accepted_on
    return told(rows, ServiceClaim, Community, ServicePost.title, on, window)


def _served(places: Sequence[Subtree], window: Window) -> AnySelect:
    rows, on = served(places, window.day), ServiceRecord.served_on
    times = ServiceRecord.beneficiaries
    return told(rows, ServiceRecord, Community, ServiceRecord.content, on, window, times)


FIGURES = (
    Figure(
        "service_posts_claimed",
        Text("在职党员认领服务岗位", "Service posts claimed by working members"),
        FigureUnit.POSTS,
        Text(
            "截至当日已认领、未退出的岗位（一次认领计一个岗位）；期间按认领生效日期计",
            "claims that stood on the day; a period is that of their acceptance",
        ),
        READ,
        _claims,
    ),
    Figure(
        "residents_served_person_times",
        Text("服务群众人次", "Residents served, person-times"),
        FigureUnit.PERSON_TIMES,
        Text(
            "截至当日社区已确认的服务记录的服务人次之和，不是不同的人数；期间按服务日期计",
            "the beneficiaries of records that the community confirmed by the day: visits, not"
            " distinct people; a period is that of the service",
        ),
        READ,
        _served,
    ),
    Figure(
        "served_per_post",
        Text("每岗服务人次", "Person-times per claimed post"),
        FigureUnit.PERSON_TIMES_A_POST,
        Text("服务群众人次 ÷ 认领服务岗位", "person-times served ÷ posts claimed"),
        READ,
        _served,
        _claims,
        places=2,
    ),
)
"""Figures of service to residents."""
