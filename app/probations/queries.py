"""Reading open admissions by the members and organisations that they hang on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, select

from app.admissions import queries as admissions
from app.admissions.models import Admission
from app.admissions.types import AdmissionStatus
from app.core import clock
from app.core.caller import Caller
from app.core.db import Executor, among
from app.members.models import Membership
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationKind
from app.probations import logic
from app.probations.types import Heir, Led

State = OrganizationState
MOST = 1000


def is_open(district_code: str) -> ColumnElement[bool]:
    """Hold to the open admissions of a district."""
    return and_(Admission.district_code == district_code, Admission.status == AdmissionStatus.OPEN)


async def places(
    on: Executor, district_code: str, member_ids: Collection[UUID]
) -> dict[UUID, AnyRow]:
    """Say of members which branch they belong to last: of a group, the one above it."""
    is_group = State.kind == OrganizationKind.PARTY_GROUP
    rows: Any = (
        select(
            Membership.member_id,
            case((is_group, State.parent_id), else_=State.organization_id).label("branch_id"),
            Membership.status,
            Membership.reason,
            Membership.valid_from,
        )
        .join(
            State,
            and_(
                State.district_code == Membership.district_code,
                State.organization_id == Membership.organization_id,
                State.valid_to.is_(None),
            ),
            isouter=True,
        )
        .where(
            Membership.district_code == district_code,
            among(Membership.member_id, member_ids),
            Membership.valid_to.is_(None),
        )
    )
    return {row.member_id: row for row in await on.execute(rows)}


async def led(
    on: Executor,
    district_code: str,
    branches: Collection[UUID],
    moving: Mapping[UUID, UUID],
    heir: Heir,
) -> list[Led]:
    """Say which open admissions of `branches` another branch will carry on, or nobody."""
    if not branches:
        return []
    rows = (
        select(
            Admission.id,
            Admission.organization_id,
            Admission.member_id,
            Membership.organization_id.label("place_id"),
        )
        .outerjoin(
            Membership,
            and_(
                Membership.district_code == Admission.district_code,
                Membership.member_id == Admission.member_id,
                Membership.valid_to.is_(None),
            ),
        )
        .where(is_open(district_code), among(Admission.organization_id, branches))
    )
    return logic.led(await on.execute(rows), moving, heir)


async def flows(on: Executor, caller: Caller, found: Sequence[Led]) -> list[dict[str, Any]]:
    """Count admissions by where they go; the ids are told to who may read them, `MOST` of them."""
    if not found:
        return []
    of = {one.admission_id: (one.from_id, one.to_id) for one in found}
    seen = admissions.visible(caller.subtrees(admissions.READ), clock.today())
    listed = await on.execute(
        seen.with_only_columns(Admission.id)
        .where(among(Admission.id, of))
        .order_by(Admission.id)
        .limit(MOST)
    )
    told: dict[tuple[UUID, UUID | None], dict[str, Any]] = {
        (a, b): {"from_id": a, "to_id": b, "count": 0, "admission_ids": []}
        for a, b in sorted(set(of.values()), key=str)
    }
    for ends in of.values():
        told[ends]["count"] += 1
    for row in listed:
        told[of[row[0]]]["admission_ids"].append(row[0])
    return list(told.values())
