"""What an import finds in the database."""

from datetime import date
from uuid import UUID

from sqlalchemy import LargeBinary, and_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.admissions.models import Admission
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor
from app.core.errors import NotFound
from app.core.pages import fetch_one
from app.imports.models import RosterImport
from app.members.models import Member, Membership
from app.organizations.models import District, Organization, OrganizationState
from app.organizations.queries import ROOT_PATH, AnyRow
from app.probations.queries import is_open

State = OrganizationState


async def organizations(on: Executor, district_code: str) -> list[AnyRow]:
    """List the newest state of every standing organisation of a district."""
    first = aliased(State)
    stands_from = (
        select(func.min(first.valid_from))
        .where(
            first.district_code == State.district_code,
            first.organization_id == State.organization_id,
        )
        .scalar_subquery()
    )
    rows = select(
        State.organization_id,
        Organization.version,
        State.parent_id,
        State.path,
        State.name,
        State.kind,
        State.sector,
        State.is_grid,
        State.term_started_on,
        State.due_on,
        State.valid_from,
        stands_from.label("stands_from"),
    ).join(
        Organization,
        and_(
            Organization.district_code == State.district_code,
            Organization.id == State.organization_id,
        ),
    )
    rows = rows.where(State.district_code == district_code, State.valid_to.is_(None))
    return list(await on.execute(rows.order_by(State.path)))


async def members_by_index(
    on: Executor, district_code: str, indexes: list[bytes]
) -> dict[bytes, AnyRow]:
    """Find the recorded members with these ID numbers, with their newest membership."""
    given = literal(indexes, ARRAY(LargeBinary))  # one parameter, however many numbers
    in_admission = (
        select(Admission.id)
        .where(is_open(district_code), Admission.member_id == Member.id)
        .correlate(Member)
        .exists()
    )
    rows = (
        select(
            Member.id,
            Member.version,
            Member.id_number_index,
            Member.name,
            Member.sex,
            Member.ethnicity,
            Member.born_on,
            Member.education,
            Member.joined_on,
            Member.full_on,
            Member.phone_index,
            Member.is_mobile,
            Membership.id.label("membership_id"),
            Membership.organization_id,
            Membership.category,
            Membership.status,
            Membership.valid_from,
            in_admission.label("is_in_admission"),
        )
        .join(
            Membership,
            and_(
                Membership.district_code == Member.district_code,
                Membership.member_id == Member.id,
                Membership.valid_to.is_(None),
            ),
        )
        .where(Member.district_code == district_code, Member.id_number_index == func.any(given))
    )
    return {row.id_number_index: row for row in await on.execute(rows)}


async def imports_so_far(
    on: Executor, district_code: str, digest: bytes, as_of: date
) -> tuple[date | None, bool]:
    """Give the newest day of a roster that was taken, and whether this very file was."""
    same = and_(RosterImport.digest == digest, RosterImport.as_of == as_of)
    asked = select(func.max(RosterImport.as_of), func.bool_or(same)).where(
        RosterImport.district_code == district_code
    )
    newest, is_known = (await on.execute(asked)).one()
    return newest, bool(is_known)


async def require_district(on: Executor, caller: Caller, district_code: str) -> None:
    """Raise `NotFound` unless the caller may see the district, `Forbidden` without the right."""
    whole = Subtree(district_code, ROOT_PATH)
    seen = {s.district_code for s in caller.subtrees(Permission.ORGANIZATIONS_READ)}
    known = await on.scalar(select(District.code).where(District.code == district_code))
    if district_code not in seen or known is None:
        raise NotFound
    caller.require(Permission.IMPORTS_WRITE, at=whole)


async def get_import(on: Executor, caller: Caller, import_id: UUID) -> AnyRow:
    """Fetch an import that was taken, or raise `NotFound`."""
    whole = [
        s.district_code for s in caller.subtrees(Permission.IMPORTS_READ) if s.path == ROOT_PATH
    ]
    rows = select(RosterImport.id, RosterImport.counts).where(
        RosterImport.id == import_id, RosterImport.district_code.in_(whole)
    )
    return await fetch_one(on, rows)
