"""Reading restructurings, and simulating them. Every read starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, TypeAdapter
from sqlalchemy import JSON, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import Invalid, NotFound, Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, page
from app.members.models import Member
from app.members.queries import visible as visible_members
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.organizations.types import OrganizationKind
from app.restructurings import logic
from app.restructurings.models import (
    Restructuring,
    RestructuringEvent,
    RestructuringSubject,
)
from app.restructurings.schemas import RestructuringDetail, RestructuringListParams
from app.restructurings.types import RestructuringStatus
from app.simulations import logic as model
from app.simulations import queries as simulations
from app.simulations.types import Action, ActionKind, Outcome

State = OrganizationState
READ = Permission.RESTRUCTURINGS_READ
ACTIONS: TypeAdapter[list[Action]] = TypeAdapter(
    list[Annotated[Action, Field(discriminator="action")]]
)
SHOWN = (
    "id",
    "district_code",
    "organization_id",
    "title",
    "reason",
    "finding_organization_id",
    "finding_rule",
    "effective_on",
    "status",
    "document",
    "decided_on",
    "applied_on",
    "version",
)


def visible(places: Sequence[Any], day: date) -> AnySelect:
    """Select the restructurings of what lies in `places`."""
    rows: AnySelect = select(*(getattr(Restructuring, name) for name in SHOWN))
    return (
        rows.add_columns(State.name.label("organization_name"), State.path)
        .join(State, stood_as(Restructuring.district_code, Restructuring.organization_id, day))
        .where(in_subtrees(places))
    )


def _of(table: Any) -> Any:
    return and_(
        table.district_code == Restructuring.district_code,
        table.restructuring_id == Restructuring.id,
    )


def _gathered(rows: AnySelect, *names: str, order: Any) -> Any:
    """Gather what belongs to a restructuring as one JSON list."""
    columns = {c.key: c for c in rows.selected_columns}
    pairs = (part for name in names for part in (name, columns[name]))
    ordered = aggregate_order_by(func.json_build_object(*pairs), order)
    listed = rows.with_only_columns(
        func.coalesce(func.json_agg(ordered, type_=JSON), literal([], JSON), type_=JSON)
    )
    return listed.correlate(Restructuring).scalar_subquery()


def _subjects(day: date) -> Any:
    subject, state = RestructuringSubject, aliased(State)
    rows: AnySelect = (
        select(
            subject.organization_id,
            state.name.label("organization_name"),
            subject.action,
            subject.from_kind,
            subject.to_kind,
        )
        .outerjoin(state, stood_as(subject.district_code, subject.organization_id, day, state))
        .where(_of(subject))
    )
    names = ("organization_id", "organization_name", "action", "from_kind", "to_kind")
    return _gathered(rows, *names, order=subject.id)


def _events() -> Any:
    event = RestructuringEvent
    names = ("step", "happened_on", "document", "note", "account_id", "recorded_at")
    rows: AnySelect = select(*(getattr(event, name) for name in names)).where(_of(event))
    return _gathered(rows, *names, order=event.id)


async def get(on: Executor, caller: Caller, restructuring_id: UUID) -> AnyRow:
    """Fetch one restructuring, whole, or raise `NotFound`."""
    today = clock.today()
    rows = visible(caller.subtrees(READ), today).add_columns(
        Restructuring.actions,
        Restructuring.above_id,
        _subjects(today).label("subjects"),
        _events().label("events"),
    )
    return await fetch_one(on, rows.where(Restructuring.id == restructuring_id))


def detail(row: AnyRow) -> dict[str, Any]:
    """Write a restructuring that `get` fetched: its actions as the model has them."""
    shown = {name: getattr(row, name) for name in RestructuringDetail.model_fields}
    return shown | {"actions": ACTIONS.validate_python(row.actions)}


async def find(on: Reader, caller: Caller, params: RestructuringListParams) -> Rows[AnyRow]:
    """List the restructurings that the caller may see; raises `NotFound` for `within`."""
    today = clock.today()
    places = await organizations.asked(on, caller, params.within, today, READ)
    rows = visible(places, today)
    if params.status is not None:
        rows = rows.where(Restructuring.status == params.status)
    if params.organization_id is not None:
        touched = select(RestructuringSubject.id).where(
            _of(RestructuringSubject),
            RestructuringSubject.organization_id == params.organization_id,
        )
        rows = rows.where(touched.exists())
    sorts: dict[str, Any] = {"effective_on": Restructuring.effective_on}
    return await page(
        on, rows, sorts, params.sort, params, of="restructurings", tie=Restructuring.id
    )


async def place_of(on: Executor, caller: Caller, asked: Collection[UUID]) -> Subtree:
    """Find the lowest place that holds all that is asked for; `NotFound` if any is out of sight."""
    rows = select(State.district_code, State.path).where(
        State.organization_id.in_(sorted(asked)),
        on_day(State, clock.today()),
        in_subtrees(caller.subtrees(Permission.ORGANIZATIONS_READ)),
    )
    found: Any = (await on.execute(rows)).all()
    if not asked or len(found) != len(asked):
        raise NotFound
    codes = {row[0] for row in found}
    if len(codes) > 1:
        raise Invalid("一项调整只能涉及一个区县", "a restructuring lies in one district")
    return Subtree(codes.pop(), model.common([row[1] for row in found]))


async def see_members(on: Executor, caller: Caller, code: str, wanted: Collection[UUID]) -> None:
    """Raise `NotFound` unless the caller may read all of these members of the district."""
    seen = visible_members(caller, clock.today(), Permission.MEMBERS_READ)
    rows = seen.where(Member.district_code == code, Member.id.in_(sorted(wanted)))
    listed: Any = await on.execute(rows.with_only_columns(Member.id))
    if {row[0] for row in listed} != set(wanted):
        raise NotFound


# ── Figures


def _decided(places: Sequence[Any], day: date) -> AnySelect:
    subject = RestructuringSubject
    decided = RestructuringStatus.APPROVED, RestructuringStatus.APPLIED
    rows: AnySelect = select(
        subject.id,
        subject.district_code,
        subject.organization_id,
        Restructuring.title,
        Restructuring.decided_on,
    ).select_from(subject)
    return (
        rows.join(Restructuring, _of(subject))
        .join(
            State,
            stood_as(subject.district_code, subject.organization_id, day),
        )
        .where(Restructuring.status.in_(decided), in_subtrees(places))
    )


def _converted(
    to_kinds: tuple[OrganizationKind, ...], places: Sequence[Any], window: Window
) -> AnySelect:
    general = OrganizationKind.GENERAL_BRANCH
    subject, decided_on = RestructuringSubject, Restructuring.decided_on
    rows = _decided(places, window.day).where(
        subject.action == ActionKind.CONVERT,
        subject.from_kind == general,
        subject.to_kind.in_(to_kinds),
        decided_on <= window.day,
    )
    return told(rows, subject, State, Restructuring.title, decided_on, window)


def _conversions(figure_id: str, name: Text, *to_kinds: OrganizationKind) -> Figure:
    definition = Text(
        "截至当日已批准、未撤销的调整决定，每个党组织计一个；期间按批准日期计；"
        "决定一经撤销，以前各日也不再计入，当时所载以组织树的 known_at 查看",
        "decisions approved by the day and not taken back, one an organisation; a period is that of"
        " the decision; once taken back, one counts on no past day either: what was told then is"
        " the tree's with known_at",
    )
    source = partial(_converted, to_kinds)
    return Figure(figure_id, name, FigureUnit.ORGANIZATIONS, definition, READ, source)


_UP, _DOWN = OrganizationKind.PARTY_COMMITTEE, OrganizationKind.PARTY_BRANCH
FIGURES = (
    _conversions(
        "general_branches_upgraded",
        Text("党总支调整为党委", "General branches made committees"),
        _UP,
    ),
    _conversions(
        "general_branches_downgraded",
        Text("党总支调整为党支部", "General branches made branches"),
        _DOWN,
    ),
    _conversions(
        "restructured_total", Text("党总支调整合计", "General branches restructured"), _UP, _DOWN
    ),
)
"""Figures of decisions."""


# ── The simulation


async def simulate(on: Reader, caller: Caller, restructuring_id: UUID) -> dict[str, Any]:
    """Say what a restructuring would do; nothing is written.

    Raises `NotFound`, `RestructuringOutOfOrder`, or what stands in the way of its actions.
    """
    seen = await get(on, caller, restructuring_id)
    logic.check_state(RestructuringStatus(seen.status), logic.OPEN)
    code = seen.district_code
    outcome = await simulations.work_out(on, code, ACTIONS.validate_python(seen.actions))
    day = max(seen.effective_on, clock.today())
    old, new = await simulations.findings(
        on, code, (outcome.before, outcome.after), outcome.place.path, day
    )
    said = await simulations.told(on, caller, code, outcome)
    moving = sum(flow["count"] for flow in said["member_flows"])
    asked = {s.organization_id for s in outcome.subjects if s.action == ActionKind.CONVERT}
    county = {f.source for f in old if f.approval_level and f.organization_id in asked}
    said |= {"id": seen.id, "effective_on": seen.effective_on}
    said |= logic.compared(old, new)
    said["requirements"] = logic.requirements(outcome, moving, county)
    said["conflicts"] = await _conflicts(on, caller, seen, outcome)
    return said | {"approving_organization_id": outcome.above.id}


async def _conflicts(
    on: Executor, caller: Caller, seen: AnyRow, outcome: Outcome
) -> Sequence[AnyRow]:
    """List other proposals that are on their way and change the same organisations."""
    ids = sorted({s.organization_id for s in outcome.subjects if s.action != ActionKind.FOUND})
    subject = RestructuringSubject
    touched = select(subject.id).where(
        _of(subject), subject.organization_id.in_(ids), subject.action != ActionKind.FOUND
    )
    rows = visible(caller.subtrees(READ), clock.today()).where(
        Restructuring.district_code == seen.district_code,
        Restructuring.id != seen.id,
        or_(
            Restructuring.status == RestructuringStatus.SUBMITTED,
            Restructuring.status == RestructuringStatus.APPROVED,
        ),
        touched.exists(),
    )
    return (await on.execute(rows.order_by(Restructuring.id).limit(100))).all()
