"""Changing the tree. A change is dated: what was stays, and the day on which it ended."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import change, on_day
from app.core.db import new_id
from app.core.errors import Invalid, Stale
from app.core.schemas import FIRST_DAY
from app.organizations import logic, queries
from app.organizations.errors import NameTaken, NotEmpty, NotStanding, RootStays
from app.organizations.models import District, Organization, OrganizationState
from app.organizations.schemas import OrganizationEdit, OrganizationNew
from app.organizations.types import OrganizationKind, OrganizationStatus

State = OrganizationState
FACTS = ("is_grid", "founded_on", "term_started_on", "due_on")


async def take_labels(session: AsyncSession, district_code: str, count: int) -> int:
    """Lock the district's tree until the COMMIT and give the first of `count` new labels."""
    last: int | None = await session.scalar(
        update(District)
        .where(District.code == district_code)
        .values(last_label=District.last_label + count)
        .returning(District.last_label)
    )
    assert last is not None
    return last - count + 1


async def hold(session: AsyncSession, caller: Caller, organization_id: UUID) -> None:
    """Keep an organisation of the caller's districts as it stands: see `share`."""
    await share(session, caller.districts, organization_id)


async def share(session: AsyncSession, codes: Collection[str], organization_id: UUID) -> None:
    """Keep an organisation as it stands until the COMMIT: who would end it waits, or came first.

    It comes before the locks of what hangs on an organisation, and before reading it.
    """
    rows = select(Organization.id).where(
        Organization.district_code.in_(sorted(codes)), Organization.id == organization_id
    )
    await session.execute(rows.with_for_update(read=True))


async def ensure_district(session: AsyncSession, code: str) -> UUID:
    """Make the district `code` and the root of its tree unless they stand; give the root's id.

    Raises `UnknownDivision`.
    """
    name, committee = logic.division(code)
    await session.execute(insert(District).values(code=code, name=name).on_conflict_do_nothing())
    await take_labels(session, code, 0)
    root = select(Organization.id).where(
        Organization.district_code == code, Organization.label == queries.ROOT_LABEL
    )
    if found := await session.scalar(root):
        return found
    await take_labels(session, code, 1)
    organization = Organization(district_code=code, id=new_id(), label=queries.ROOT_LABEL)
    session.add(organization)
    await session.flush()
    session.add(
        State(
            district_code=code,
            id=new_id(),
            organization_id=organization.id,
            path=queries.ROOT_PATH,
            name=committee,
            kind=OrganizationKind.DISTRICT_COMMITTEE,
            valid_from=FIRST_DAY,  # the root stands on every day that can be asked about
        )
    )
    await session.flush()
    made = {"name": name, "root": organization.id}
    audit.record(session, code, ("district", code), after=made, action="cli.district")
    return organization.id


async def found(session: AsyncSession, caller: Caller, new: OrganizationNew) -> UUID:
    """Found an organisation under its parent, from today on (成立).

    Raises `NotFound`, `Forbidden`, `KindNotAllowed`, `NameTaken`, `TreeTooDeep` or `Invalid`.
    """
    today = clock.today()
    parent = await queries.get(session, caller, new.parent_id)
    here = Subtree(parent.district_code, parent.path)
    caller.require(Permission.ORGANIZATIONS_WRITE, at=here)
    label = await take_labels(session, parent.district_code, 1)
    parent = await queries.get(session, caller, new.parent_id)  # as it is under the lock
    if parent.status == OrganizationStatus.DISSOLVED:
        raise NotStanding
    logic.check_child(OrganizationKind(parent.kind), new.kind)
    _check(new.kind, new.model_dump(), today)
    path = logic.child_path(parent.path, label)
    await _refuse_taken(session, parent.district_code, new.name, new.kind, new.parent_id)
    organization = Organization(district_code=parent.district_code, id=new_id(), label=label)
    session.add(organization)
    await session.flush()
    session.add(
        State(
            district_code=parent.district_code,
            id=new_id(),
            organization_id=organization.id,
            path=path,
            valid_from=today,
            **new.model_dump(),
        )
    )
    await session.flush()
    target = "organization", organization.id
    audit.record(session, parent.district_code, target, after=new.model_dump() | {"path": path})
    return organization.id


def _check(kind: OrganizationKind, facts: dict[str, Any], today: date) -> None:
    logic.check_facts(
        kind,
        is_grid=facts["is_grid"],
        founded_on=facts["founded_on"],
        term=(facts["term_started_on"], facts["due_on"]),
        today=today,
    )


async def _refuse_taken(
    session: AsyncSession,
    district_code: str,
    name: str,
    kind: OrganizationKind,
    parent_id: UUID | None,
    but: UUID | None = None,
) -> None:
    rows = select(State.id).where(
        State.district_code == district_code, State.name == name, State.valid_to.is_(None)
    )
    if kind == OrganizationKind.PARTY_GROUP:  # 第一党小组 stands in many branches
        rows = rows.where(State.parent_id == parent_id, State.kind == kind)
    else:
        rows = rows.where(State.kind != OrganizationKind.PARTY_GROUP)
    if but is not None:
        rows = rows.where(State.organization_id != but)
    if await session.scalar(rows.limit(1)):
        raise NameTaken


async def lock(session: AsyncSession, caller: Caller, organization_id: UUID, version: int) -> State:
    """Lock an organisation that the caller may change, at `version`, and give its present state.

    Raises `NotFound`, `Forbidden`, `Stale` or `NotStanding`.
    """
    seen = await queries.get(session, caller, organization_id)
    caller.require(Permission.ORGANIZATIONS_WRITE, at=Subtree(seen.district_code, seen.path))
    await bump(session, seen.district_code, organization_id, version)
    state = await session.scalar(
        select(State).where(
            State.district_code == seen.district_code,
            State.organization_id == organization_id,
            on_day(State, clock.today()),
        )
    )
    if state is None:
        raise NotStanding
    return state


async def bump(
    session: AsyncSession, district_code: str, organization_id: UUID, version: int
) -> None:
    """Lock an organisation and raise its version, or raise `Stale` if it is not `version`."""
    changed = await session.scalar(
        update(Organization)
        .where(
            Organization.district_code == district_code,
            Organization.id == organization_id,
            Organization.version == version,
        )
        .values(version=version + 1)
        .returning(Organization.version)
    )
    if changed is None:
        raise Stale


async def edit(
    session: AsyncSession,
    caller: Caller,
    organization_id: UUID,
    version: int,
    changes: OrganizationEdit,
) -> None:
    """Change an organisation from today on.

    Raises `NotFound`, `Forbidden`, `Stale`, `NotStanding`, `NameTaken` or `Invalid`.
    """
    state = await lock(session, caller, organization_id, version)
    values = changes.model_dump(exclude_unset=True)
    for name in ("name", "is_grid"):
        if values.get(name, "") is None:
            raise Invalid(f"{name} 不能为空", f"{name} cannot be null")
    today = clock.today()
    _check(state.kind, {n: values.get(n, getattr(state, n)) for n in FACTS}, today)
    if "name" in values and values["name"] != state.name:
        await _refuse_taken(
            session,
            state.district_code,
            values["name"],
            OrganizationKind(state.kind),
            state.parent_id,
            organization_id,
        )
    values = {n: v for n, v in values.items() if n == "decision" or v != getattr(state, n)}
    target = "organization", organization_id
    audit.record(session, state.district_code, target, **audit.changed(state, values))
    if values:
        # a document decides on one change; it says nothing about the next
        await change(session, state, today, {"decision": None} | values)


async def renew_term(
    session: AsyncSession,
    district_code: str,
    organization_id: UUID,
    term: tuple[date, date],
    decision: str | None,
) -> None:
    """Give an organisation a new term, from today on; who asks has checked the right to it.

    Tells the audit nothing: the election's entry does. Raises `NotStanding`.
    """
    raised = update(Organization).where(
        Organization.district_code == district_code, Organization.id == organization_id
    )
    await session.execute(raised.values(version=Organization.version + 1))
    state = await session.scalar(
        select(State).where(
            State.district_code == district_code,
            State.organization_id == organization_id,
            on_day(State, clock.today()),
        )
    )
    if state is None:
        raise NotStanding
    values = {"term_started_on": term[0], "due_on": term[1], "decision": decision}
    await change(session, state, clock.today(), values)


async def dissolve(
    session: AsyncSession,
    caller: Caller,
    organization_id: UUID,
    version: int,
    decision: str | None,
) -> State:
    """Dissolve an organisation without organisations under it, from today on (撤销).

    Raises `NotFound`, `Forbidden`, `Stale`, `NotStanding`, `RootStays` or `NotEmpty`.
    """
    seen = await queries.get(session, caller, organization_id)
    await take_labels(session, seen.district_code, 0)  # no child appears meanwhile
    state = await lock(session, caller, organization_id, version)
    if state.parent_id is None:
        raise RootStays
    child = select(State.id).where(
        State.district_code == state.district_code,
        State.parent_id == organization_id,
        State.valid_to.is_(None),
    )
    if await session.scalar(child.limit(1)):
        raise NotEmpty("请先调整或撤销下级组织", "organisations stand under it")
    today = clock.today()
    target = "organization", organization_id
    ended = {"status": OrganizationStatus.DISSOLVED, "end_decision": decision}
    before = {"name": state.name, "status": OrganizationStatus.ACTIVE}
    audit.record(session, state.district_code, target, before=before, after=ended)
    if state.valid_from == today:  # what was decided today never came to hold
        await session.delete(state)
        last_one = update(State).where(
            State.district_code == state.district_code,
            State.organization_id == organization_id,
            State.valid_to == today,
        )
        await session.execute(last_one.values(is_end=True, end_decision=decision))
    else:
        state.valid_to, state.is_end, state.end_decision = today, True, decision
    await session.flush()
    return state
