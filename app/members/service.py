"""Recording members and what happens to them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock, crypto
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import change, on_day
from app.core.db import new_id
from app.core.errors import Invalid, NotFound, Stale, fault
from app.members import logic, queries
from app.members.errors import HoldsNoMembers, MemberExists, NotProbationary, StatusNotAllowed
from app.members.models import Member, Membership
from app.members.schemas import (
    ConversionNew,
    MemberEdit,
    MemberNew,
    StatusChangeNew,
    UnmaskingNew,
)
from app.members.types import COUNTED, FOLLOWS, ONLY_OF, MemberCategory, MemberStatus, Sex
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotEmpty, NotStanding
from app.organizations.logic import HOLDS_MEMBERS
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationStatus

FACTS = ("sex", "ethnicity", "born_on", "education", "joined_on", "full_on", "is_mobile")


def sealed(member_id: UUID, id_number: str, phone: str | None) -> dict[str, Any]:
    """Encrypt, index and mask what nobody may read in the table."""
    ring = crypto.keys()
    values: dict[str, Any] = {
        "id_number_cipher": ring.encrypt(id_number, f"member.id_number:{member_id}"),
        "id_number_index": ring.blind_index(f"id_number:{id_number}"),
        "id_number_masked": logic.mask_id_number(id_number),
    }
    return values | _sealed_phone(member_id, phone)


def _sealed_phone(member_id: UUID, phone: str | None) -> dict[str, Any]:
    if phone is None:
        return dict.fromkeys(("phone_cipher", "phone_index", "phone_masked"))
    ring = crypto.keys()
    return {
        "phone_cipher": ring.encrypt(phone, f"member.phone:{member_id}"),
        "phone_index": ring.blind_index(f"phone:{phone}"),
        "phone_masked": logic.mask_phone(phone),
    }


def id_number_of(member: Member) -> str:
    """Decrypt a member's ID number, for checks inside the service; never for an answer."""
    return crypto.keys().decrypt(member.id_number_cipher, f"member.id_number:{member.id}")


def searchable(district_code: str, name: str) -> dict[str, Any]:
    """Derive from a name what it is sorted and found by."""
    return {
        "name": name,
        "name_key": logic.name_key(name),
        "search_text": logic.search_text(name),
        "search_tokens": logic.search_tokens(district_code, name),
    }


async def unmask(
    session: AsyncSession, caller: Caller, member_id: UUID, asked: UnmaskingNew
) -> dict[str, str | None]:
    """Give a member's whole numbers; the audit keeps who asked for which and why, never them.

    Raises `NotFound` or `Forbidden`.
    """
    seen = await queries.get(session, caller, member_id)
    caller.require(Permission.MEMBERS_UNMASK, at=Subtree(seen.district_code, seen.path))
    stored = await session.execute(
        select(Member.id_number_cipher, Member.phone_cipher).where(
            Member.district_code == seen.district_code, Member.id == member_id
        )
    )
    ciphers = dict(zip(("id_number", "phone"), stored.one(), strict=True))
    fields = sorted(set(asked.fields))
    audit.record(
        session,
        seen.district_code,
        ("member", member_id),
        reason=asked.reason,
        fields=fields,
    )
    ring = crypto.keys()
    return {
        name: ring.decrypt(cipher, f"member.{name}:{member_id}") if cipher else None
        for name in fields
        for cipher in [ciphers[name]]
    }


def check(facts: logic.MemberFacts) -> None:
    """Raise `Invalid` where facts of a member cannot all be true today."""
    faults = logic.check_facts(facts, clock.today())
    if faults:
        raise Invalid(
            "；".join(f.zh for f in faults),
            "; ".join(f.en for f in faults),
            errors=[fault(f.field, f.zh, f.code) for f in faults],
        )


async def _place(session: AsyncSession, caller: Caller, organization_id: UUID) -> Subtree:
    """Find a standing organisation that holds members, and keep it standing until the COMMIT."""
    await tree.hold(session, caller, organization_id)
    found = await organizations.get(session, caller, organization_id)
    here = Subtree(found.district_code, found.path)
    caller.require(Permission.MEMBERS_WRITE, at=here)
    if found.kind not in HOLDS_MEMBERS:
        raise HoldsNoMembers
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return here


async def hold(session: AsyncSession, caller: Caller, member_id: UUID) -> AnyRow:
    """Find a member, and keep the organisation standing to which the member belongs.

    Raises `NotFound`.
    """
    found = await queries.get(session, caller, member_id)
    await tree.hold(session, caller, found.organization_id)
    return await queries.get(session, caller, member_id)  # as it is under the lock


async def record(session: AsyncSession, caller: Caller, new: MemberNew) -> UUID:
    """Record a member in an organisation, from today on.

    Raises `NotFound`, `Forbidden`, `Invalid`, `HoldsNoMembers`, `NotStanding` or `MemberExists`.
    """
    here = await _place(session, caller, new.organization_id)
    check(
        logic.MemberFacts(
            new.id_number, new.born_on, new.sex, new.category, new.joined_on, new.full_on
        )
    )
    facts = new.model_dump(include={"name", *FACTS})
    where = {"organization_id": new.organization_id, "category": new.category}
    numbers = new.id_number, new.phone
    member_id, secret = await _add(session, here.district_code, facts, numbers, where)
    audit.record(session, here.district_code, ("member", member_id), after=facts | secret | where)
    return member_id


async def _add(
    session: AsyncSession,
    district_code: str,
    facts: dict[str, Any],
    numbers: tuple[str, str | None],
    where: dict[str, Any],
) -> tuple[UUID, dict[str, Any]]:
    member_id = new_id()
    secret = sealed(member_id, *numbers)
    found = searchable(district_code, facts["name"])
    session.add(Member(district_code=district_code, id=member_id, **facts | found | secret))
    session.add(
        Membership(
            district_code=district_code,
            id=new_id(),
            member_id=member_id,
            status=MemberStatus.ACTIVE,
            valid_from=clock.today(),
            **where,
        )
    )
    try:
        await session.flush()
    except IntegrityError as error:  # of the keys that a new row has, only the index can be known
        raise MemberExists from error
    return member_id, secret


async def admit(
    session: AsyncSession,
    district_code: str,
    organization_id: UUID,
    facts: dict[str, Any],
    numbers: tuple[str, str | None],
) -> UUID:
    """Record whom a committee admitted as a probationary member, from today on (接收预备党员).

    Who calls judged it and tells the audit. `facts` are a name and `FACTS`, `numbers` the ID number
    and the phone. Raises `MemberExists`.
    """
    where = {"organization_id": organization_id, "category": MemberCategory.PROBATIONARY}
    return (await _add(session, district_code, facts, numbers, where))[0]


async def end_probation(
    session: AsyncSession, district_code: str, member_id: UUID, full_on: date | None, reason: str
) -> None:
    """Make a probationary member a full one from `full_on`, or cancel the probation from today.

    Who calls judged it and tells the audit. Raises `NotProbationary`.
    """
    key = Member.district_code == district_code, Member.id == member_id
    member = await session.scalar(
        update(Member).where(*key).values(version=Member.version + 1).returning(Member)
    )
    of_today = select(Membership).where(
        Membership.district_code == district_code,
        Membership.member_id == member_id,
        Membership.category == MemberCategory.PROBATIONARY,
        Membership.status.in_(sorted(COUNTED)),
        on_day(Membership, clock.today()),
    )
    membership = await session.scalar(of_today)
    if member is None or membership is None:
        raise NotProbationary
    if full_on is None:
        values = {"status": MemberStatus.PROBATION_CANCELLED, "reason": reason}
        await change(session, membership, clock.today(), values)
    else:
        member.full_on = full_on
        day = max(full_on, membership.valid_from)
        await change(session, membership, day, {"category": MemberCategory.FULL})


async def refuse_known(session: AsyncSession, district_code: str, id_number: str) -> None:
    """Raise `MemberExists` where the number is recorded in the district, whoever may see it."""
    index = crypto.keys().blind_index(f"id_number:{id_number}")
    await _refuse_known(session, district_code, index)


async def _refuse_known(session: AsyncSession, district_code: str, index: bytes) -> None:
    known = select(Member.id).where(
        Member.district_code == district_code, Member.id_number_index == index
    )
    if await session.scalar(known):
        raise MemberExists


async def _lock(
    session: AsyncSession, caller: Caller, member_id: UUID, version: int
) -> tuple[Member, Membership]:
    """Lock a member whom the caller may change, at `version`, with the present membership."""
    seen = await queries.get(session, caller, member_id)
    caller.require(Permission.MEMBERS_WRITE, at=Subtree(seen.district_code, seen.path))
    member = await session.scalar(
        update(Member)
        .where(
            Member.district_code == seen.district_code,
            Member.id == member_id,
            Member.version == version,
        )
        .values(version=version + 1)
        .returning(Member)
    )
    if member is None:
        raise Stale
    membership = await session.scalar(
        select(Membership).where(
            Membership.district_code == seen.district_code,
            Membership.member_id == member_id,
            on_day(Membership, clock.today()),
        )
    )
    if membership is None:
        raise NotFound
    return member, membership


async def edit(
    session: AsyncSession, caller: Caller, member_id: UUID, version: int, changes: MemberEdit
) -> None:
    """Correct what is recorded of a member.

    Raises `NotFound`, `Forbidden`, `Stale`, `Invalid` or `MemberExists`.
    """
    member, membership = await _lock(session, caller, member_id, version)
    values = changes.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name not in {"full_on", "phone"}:
            raise Invalid(f"{name} 不能为空", f"{name} cannot be null")
    id_number = values.pop("id_number", None)
    phone = values.pop("phone", "")
    name = values.pop("name", None)
    facts = {n: values.get(n, getattr(member, n)) for n in ("born_on", "joined_on", "full_on")}
    check(
        logic.MemberFacts(
            id_number or id_number_of(member),
            facts["born_on"],
            Sex(values.get("sex", member.sex)),
            MemberCategory(membership.category),
            facts["joined_on"],
            facts["full_on"],
        )
    )
    if id_number is not None:
        secret = sealed(member.id, id_number, None)
        if secret["id_number_index"] != member.id_number_index:
            await _refuse_known(session, member.district_code, secret["id_number_index"])
        values |= {k: v for k, v in secret.items() if k.startswith("id_number")}
    if phone != "":
        values |= _sealed_phone(member.id, phone)
    if name is not None:
        values |= searchable(member.district_code, name)
    audit.record(
        session,
        member.district_code,
        ("member", member.id),
        **audit.changed(member, values),
        fields=changes.model_fields_set,  # another number may be masked alike
    )
    for column, value in values.items():
        setattr(member, column, value)
    await session.flush()


async def convert(
    session: AsyncSession, caller: Caller, member_id: UUID, version: int, new: ConversionNew
) -> None:
    """Make a probationary member a full one (转正; 党章 第七条).

    Raises `NotFound`, `Forbidden`, `Stale`, `NotProbationary`, `Invalid` or `NotYet`.
    """
    member, membership = await _lock(session, caller, member_id, version)
    if membership.category != MemberCategory.PROBATIONARY or membership.status not in COUNTED:
        raise NotProbationary
    check(logic.MemberFacts(None, None, None, MemberCategory.FULL, member.joined_on, new.full_on))
    day = max(new.full_on, membership.valid_from)
    _note(session, membership, day, {"category": MemberCategory.FULL})
    member.full_on = new.full_on
    await change(session, membership, day, {"category": MemberCategory.FULL})


def _note(
    session: AsyncSession, row: Membership, day: date, values: dict[str, Any], **more: Any
) -> None:
    """Tell the audit what a member's membership becomes, and from which day."""
    target = "member", row.member_id
    audit.record(session, row.district_code, target, **audit.changed(row, values), on=day, **more)


async def change_status(
    session: AsyncSession,
    caller: Caller,
    member_id: UUID,
    version: int,
    new: StatusChangeNew,
    **more: Any,
) -> None:
    """Give a member another status from a day on; `more` is for the audit.

    Raises `NotFound`, `Forbidden`, `Stale`, `StatusNotAllowed`, `Invalid` or `NotYet`.
    """
    _, membership = await _lock(session, caller, member_id, version)
    day = new.on or clock.today()
    if day > clock.today():
        raise Invalid("日期不能晚于今天", "`on` lies in the future")
    category = MemberCategory(membership.category)
    if (
        new.status not in FOLLOWS[MemberStatus(membership.status)]
        or ONLY_OF.get(new.status, category) != category
    ):
        raise StatusNotAllowed
    values = {"status": new.status, "reason": new.reason}
    _note(session, membership, day, values, **more)
    await change(session, membership, day, values)


async def dissolve_organization(
    session: AsyncSession, caller: Caller, organization_id: UUID, version: int, decision: str | None
) -> OrganizationState:
    """Dissolve an organisation that has neither members nor organisations under it (撤销).

    Raises what `organizations.service.dissolve` raises, and `NotEmpty`.
    """
    state = await tree.dissolve(session, caller, organization_id, version, decision)
    today: date = clock.today()
    member = select(Membership.id).where(
        Membership.district_code == state.district_code,
        Membership.organization_id == organization_id,
        Membership.status.in_(sorted(COUNTED | {MemberStatus.MEMBERSHIP_SUSPENDED})),
        on_day(Membership, today),
    )
    if await session.scalar(member.limit(1)):
        raise NotEmpty("请先转移或调整其党员", "members belong to it")
    return state
