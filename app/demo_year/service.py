"""Writing the year: many rows a statement, under every constraint of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit
from app.core.dated import on_day
from app.core.db import new_id
from app.demo_roster.queries import people as listed
from app.demo_year import logic
from app.demo_year.types import Body, Claim, Post, Promise, Served
from app.organizations.models import OrganizationState
from app.pledges.models import Pledge, PledgeEvent, PledgeEvidence
from app.pledges.types import PledgerKind, PledgeStatus
from app.residents.models import ServiceClaim, ServicePost, ServiceRecord
from app.residents.types import ClaimStatus, PostStatus, RecordStatus

State = OrganizationState


async def fill(session: AsyncSession, district_code: str, clerk: UUID, department: UUID) -> None:
    """Write what the demo district promised and did in 2019.

    `clerk` recorded it, `department` confirmed it: two accounts, as the rules ask.
    """
    bodies, people = (
        await _bodies(session, district_code),
        await listed(session, district_code, logic.LAST_DAY),
    )
    promises = logic.organization_promises(bodies) + logic.member_promises(people)
    pledges = await _pledges(session, district_code, promises, clerk, department)
    posts = logic.posts(bodies)
    claims = logic.claims(posts, people)
    served = logic.records(posts, claims)
    await _service(session, district_code, posts, claims, served, clerk, department)
    audit.record(
        session,
        district_code,
        pledges=pledges,
        posts=len(posts),
        claims=len(claims),
        records=len(served),
    )


async def _bodies(session: AsyncSession, code: str) -> list[Body]:
    rows = (
        select(State.organization_id, State.name, State.kind, State.sector, State.is_grid)
        .where(State.district_code == code, on_day(State, logic.LAST_DAY))
        .order_by(State.path)
    )
    return [Body(r[0], r[1], r[2], r[3] or "", r[4]) for r in await session.execute(rows)]


async def _write(session: AsyncSession, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(table), list(rows))


async def _pledges(
    session: AsyncSession, code: str, promises: Sequence[Promise], clerk: UUID, department: UUID
) -> int:
    pledges, evidence, events = [], [], []
    for promise in promises:
        pledge = _pledge(promise, code, clerk, department)
        pledges.append(pledge)
        key = {"district_code": code, "pledge_id": pledge["id"]}
        if promise.completed_on is not None:
            text = f"{promise.completed_on:%Y年%m月%d日}已完成：{promise.title}"
            evidence.append(key | {"id": new_id(), "text": text, "recorded_by": clerk})
        events += [key | event for event in _events(pledge, clerk, department)]
    await _write(session, Pledge, pledges)
    await _write(session, PledgeEvidence, evidence)
    await _write(session, PledgeEvent, events)
    return len(pledges)


def _pledge(promise: Promise, code: str, clerk: UUID, department: UUID) -> dict[str, Any]:
    status = PledgeStatus.DRAFT
    for reached, day in (
        (PledgeStatus.PUBLISHED, promise.published_on),
        (PledgeStatus.COMPLETED, promise.completed_on),
        (PledgeStatus.CONFIRMED, promise.confirmed_on),
        (PledgeStatus.WITHDRAWN, promise.withdrawn_on),
    ):
        status = reached if day is not None else status
    kind = PledgerKind.ORGANIZATION if promise.member_id is None else PledgerKind.MEMBER
    return {
        "district_code": code,
        "id": new_id(),
        "pledger_kind": kind,
        "organization_id": promise.organization_id,
        "member_id": promise.member_id,
        "title": promise.title,
        "content": None,
        "category": promise.category,
        "due_on": promise.due_on,
        "status": status,
        "published_on": promise.published_on,
        "completed_on": promise.completed_on,
        "confirmed_on": promise.confirmed_on,
        "withdrawn_on": promise.withdrawn_on,
        "reason": _GAVE_UP if promise.withdrawn_on else None,
        "recorded_by": clerk,
        "completed_by": clerk if promise.completed_on else None,
        "confirmed_by": department if promise.confirmed_on else None,
    }


_GAVE_UP = "条件变化，无法继续实施"


def _events(pledge: Mapping[str, Any], clerk: UUID, department: UUID) -> list[dict[str, Any]]:
    """Tell what happened to a pledge, in order."""
    began = pledge["published_on"] or logic.LAST_DAY
    happened = [
        ("recorded", began - timedelta(days=pledge["published_on"] is not None), clerk),
        ("published", pledge["published_on"], clerk),
        ("completed", pledge["completed_on"], clerk),
        ("confirmed", pledge["confirmed_on"], department),
        ("withdrawn", pledge["withdrawn_on"], clerk),
    ]
    return [
        {
            "id": new_id(),
            "kind": kind,
            "happened_on": day,
            "account_id": by,
            "reason": pledge["reason"] if kind == "withdrawn" else None,
        }
        for kind, day, by in happened
        if day is not None
    ]


async def _service(
    session: AsyncSession,
    code: str,
    posts: Sequence[Post],
    claims: Sequence[Claim],
    served: Sequence[Served],
    clerk: UUID,
    department: UUID,
) -> None:
    post_ids, claim_ids = [new_id() for _ in posts], [new_id() for _ in claims]
    of_district = {"district_code": code}
    await _write(
        session,
        ServicePost,
        [
            of_district | asdict(post) | {"id": post_id, "status": PostStatus.OPEN}
            for post_id, post in zip(post_ids, posts, strict=True)
        ],
    )
    await _write(
        session,
        ServiceClaim,
        [
            of_district
            | {
                "id": claim_id,
                "post_id": post_ids[claim.post],
                "member_id": claim.member_id,
                "status": _claim_status(claim),
                "claimed_on": claim.claimed_on,
                "accepted_on": claim.accepted_on,
                "ended_on": claim.exited_on,
            }
            for claim_id, claim in zip(claim_ids, claims, strict=True)
        ],
    )
    await _write(
        session,
        ServiceRecord,
        [
            of_district
            | {
                "id": new_id(),
                "claim_id": claim_ids[record.claim],
                "served_on": record.served_on,
                "minutes": record.minutes,
                "beneficiaries": record.beneficiaries,
                "content": record.content,
                "status": RecordStatus.CONFIRMED if record.confirmed_on else RecordStatus.RECORDED,
                "recorded_by": clerk,
                "confirmed_by": department if record.confirmed_on else None,
                "confirmed_on": record.confirmed_on,
            }
            for record in served
        ],
    )


def _claim_status(claim: Claim) -> ClaimStatus:
    if claim.exited_on is not None:
        return ClaimStatus.EXITED
    return ClaimStatus.PENDING if claim.accepted_on is None else ClaimStatus.ACTIVE
