"""Admissions go where their members go, and end with their memberships.

Whoever changes memberships calls `lock` before the members are locked and `follow` afterwards.
Admissions are locked after transfers and organisations, and before members.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.admissions import queries as admissions
from app.admissions.models import Admission, AdmissionStep
from app.admissions.types import AdmissionStatus
from app.core.caller import Caller
from app.core.db import among, new_id
from app.members import queries as members
from app.members import service as people
from app.members.errors import MemberExists
from app.members.schemas import ConversionNew, StatusChangeNew
from app.members.types import FINAL, MemberStatus
from app.organizations.models import OrganizationState
from app.probations import logic, queries
from app.probations.errors import AdmissionOpen, AdmissionsLeft
from app.probations.types import Led


async def lock(
    session: AsyncSession, district_code: str, member_ids: Collection[UUID]
) -> Sequence[Admission]:
    """Lock the open admissions of members, in the order of their ids."""
    if not member_ids:
        return []
    rows = (
        select(Admission)
        .where(queries.is_open(district_code), among(Admission.member_id, member_ids))
        .order_by(Admission.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(rows)).all()


async def follow(session: AsyncSession, held: Sequence[Admission], account_id: UUID | None) -> None:
    """Let admissions that are locked go where their members belong now, or end with them.

    Who calls tells the audit.
    """
    if not held:
        return
    ids = [row.member_id for row in held if row.member_id is not None]
    places = await queries.places(session, held[0].district_code, ids)
    for row in held:
        place: Any = row.member_id and places.get(row.member_id)
        if not place:
            continue
        status = MemberStatus(place.status)
        if status in FINAL:
            is_away = status == MemberStatus.TRANSFERRED_OUT
            row.status = AdmissionStatus.TRANSFERRED if is_away else AdmissionStatus.TERMINATED
            row.reason = None if is_away else logic.why(status, place.reason)
            row.closed_on, row.closed_by = place.valid_from, account_id
            row.is_pending = False
        elif place.branch_id not in {None, row.organization_id}:
            row.organization_id, row.reminded = place.branch_id, None
        else:
            continue
        row.version += 1
    await session.flush()


async def bring(
    session: AsyncSession,
    row: Admission,
    to: tuple[str, UUID],
    member_id: UUID,
) -> None:
    """Write an admission into another district, whose branch carries it on, with all its steps.

    Contacts and introducers are members of the old district: they stay on record there. Raises
    `MemberExists` where the number is in another open admission there.
    """
    code, organization_id = to
    made = new_id()
    number, phone = admissions.numbers_of(row)
    here = {"district_code": code, "id": made, "organization_id": organization_id}
    numbers = {
        "id_number_cipher": admissions.seal_number(made, number),
        "phone_cipher": admissions.seal_phone(made, phone),
    }
    fresh: dict[str, Any] = {"member_id": member_id, "reminded": None, "version": 1}
    session.add(Admission(**_columns(row) | here | numbers | fresh))
    try:
        await session.flush()
    except IntegrityError as error:  # of a new row's keys, only the number can be known
        raise MemberExists from error
    steps = select(AdmissionStep).where(
        AdmissionStep.district_code == row.district_code, AdmissionStep.admission_id == row.id
    )
    nobody = dict.fromkeys(("first_member_id", "second_member_id"))
    for step in await session.scalars(steps.order_by(AdmissionStep.id)):
        there = {"district_code": code, "id": new_id(), "admission_id": made}
        there["came_from"] = step.came_from or row.district_code
        session.add(AdmissionStep(**_columns(step) | there | nobody))
    await session.flush()


def _columns(row: Admission | AdmissionStep) -> dict[str, Any]:
    return {c.key: getattr(row, c.key) for c in row.__table__.c}


async def lead(session: AsyncSession, district_code: str, found: Sequence[Led]) -> None:
    """Let other branches carry on admissions that are locked: a restructuring says which."""
    ids: defaultdict[UUID | None, list[UUID]] = defaultdict(list)
    for one in found:
        ids[one.to_id].append(one.admission_id)
    for to, these in ids.items():
        await session.execute(
            update(Admission)
            .where(Admission.district_code == district_code, among(Admission.id, these))
            .values(organization_id=to, reminded=None)
            .execution_options(synchronize_session=False)
        )


def refuse_left(found: Sequence[Led]) -> None:
    """Raise `AdmissionsLeft` for admissions that nobody would carry on."""
    left = [one for one in found if one.to_id is None]
    if left:
        places = sorted({str(one.from_id) for one in left})
        zh, en = f"涉及 {len(left)} 份发展档案", f"{len(left)} admissions"
        raise AdmissionsLeft(zh, en, organization_ids=places[:20])


# ── What is asked of members and organisations


async def convert(
    session: AsyncSession, caller: Caller, member_id: UUID, version: int, new: ConversionNew
) -> None:
    """Make a probationary member a full one where no admission is open (转正).

    Raises what `people.convert` raises, and `AdmissionOpen`.
    """
    await people.convert(session, caller, member_id, version, new)
    seen = await members.get(session, caller, member_id)
    found = queries.is_open(seen.district_code), Admission.member_id == member_id
    if (admission_id := await session.scalar(select(Admission.id).where(*found))) is not None:
        raise AdmissionOpen(admission_id=str(admission_id))


async def change_status(
    session: AsyncSession, caller: Caller, member_id: UUID, version: int, new: StatusChangeNew
) -> None:
    """Give a member another status from a day on; one that is final ends the admission (变更状态).

    Raises what `people.change_status` raises, and `AdmissionOpen` for a cancellation.
    """
    seen = await members.get(session, caller, member_id)
    held = await lock(session, seen.district_code, [member_id])
    ended = held if new.status in FINAL else []
    more = {"admission_id": ended[0].id} if ended else {}
    await people.change_status(session, caller, member_id, version, new, **more)
    if held and new.status == MemberStatus.PROBATION_CANCELLED:
        raise AdmissionOpen(admission_id=str(held[0].id))
    await follow(session, held, caller.account_id)


async def dissolve_organization(
    session: AsyncSession, caller: Caller, organization_id: UUID, version: int, decision: str | None
) -> OrganizationState:
    """Dissolve an organisation that has neither members, nor open admissions, nor any below (撤销).

    Raises what `people.dissolve_organization` raises, and `AdmissionsLeft`.
    """
    state = await people.dissolve_organization(session, caller, organization_id, version, decision)
    code = state.district_code
    refuse_left(await queries.led(session, code, [organization_id], {}, lambda _: None))
    return state
