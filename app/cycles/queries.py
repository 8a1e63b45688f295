"""Reading cycles, notices and practices. Every read starts from `visible`."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.elements import ColumnElement

from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor
from app.core.errors import NotFound, Text
from app.core.figures import Figure, FigureUnit, Window, told
from app.core.pages import Rows, fetch_one, page
from app.cycles import logic
from app.cycles.models import (
    CriticismNotice,
    ElectionCandidate,
    ElectionCycle,
    ElectionPractice,
    ElectionStep,
)
from app.cycles.schemas import (
    CycleListParams,
    NoticeListParams,
    PracticeListParams,
)
from app.cycles.types import ENDED, CycleStatus, Practice
from app.members.models import Member, Membership
from app.members.types import COUNTED
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.terms.models import TermExtension

State, Cycle = OrganizationState, ElectionCycle
READ = Permission.ELECTIONS_READ
PRACTICE = (
    "needs_precheck",
    "needs_publication",
    "publication_days",
    "request_lead_months",
    "report_within_months",
)


def _stands(of: Any, day: date) -> ColumnElement[bool]:
    """Join what belongs to an organisation with its state, or with the last one it had."""
    return and_(
        State.district_code == of.district_code,
        State.organization_id == of.organization_id,
        or_(on_day(State, day), and_(State.is_end, State.valid_from <= day)),
    )


_until = (
    select(TermExtension.until)
    .where(
        TermExtension.district_code == Cycle.district_code,
        TermExtension.organization_id == Cycle.organization_id,
        TermExtension.due_on == Cycle.due_on,
    )
    .correlate(Cycle)
    .scalar_subquery()
)


_held = (
    select(func.max(ElectionStep.done_on))
    .where(
        ElectionStep.district_code == Cycle.district_code,
        ElectionStep.cycle_id == Cycle.id,
        ElectionStep.step == CycleStatus.HELD,
    )
    .correlate(Cycle)
    .scalar_subquery()
)


def visible(places: Sequence[Any], day: date) -> AnySelect:
    """Select the cycles of the organisations in `places`."""
    return (
        select(
            Cycle.id,
            Cycle.district_code,
            Cycle.organization_id,
            State.name.label("organization_name"),
            State.kind,
            Cycle.term_started_on,
            Cycle.due_on,
            _until.label("extended_until"),
            Cycle.body,
            Cycle.seats,
            Cycle.secretary_seats,
            Cycle.deputy_seats,
            Cycle.is_scattered,
            Cycle.term_years,
            Cycle.allows_early,
            Cycle.delegates,
            _held.label("held_on"),
            Cycle.status,
            Cycle.version,
            State.path,
            State.sector,
        )
        .join(State, _stands(Cycle, day))
        .where(in_subtrees(places))
    )


async def get(on: Executor, caller: Caller, cycle_id: UUID) -> AnyRow:
    """Fetch one cycle, or raise `NotFound`."""
    rows = visible(caller.subtrees(READ), clock.today()).where(Cycle.id == cycle_id)
    return await fetch_one(on, rows)


def _listed(rows: AnySelect, names: Collection[str], *order: Any) -> ColumnElement[Any]:
    """Gather the rows that belong to a cycle as one JSON list."""
    columns = [part for c in rows.selected_columns if c.key in names for part in (c.key, c)]
    made = func.json_agg(aggregate_order_by(func.json_build_object(*columns), *order), type_=JSON)
    listed = rows.with_only_columns(func.coalesce(made, literal([], JSON), type_=JSON))
    return listed.correlate(Cycle).scalar_subquery()


def _of(model: Any, *names: str, order: Sequence[Any]) -> ColumnElement[Any]:
    mine = (model.district_code == Cycle.district_code, model.cycle_id == Cycle.id)
    rows: AnySelect = select(*(getattr(model, name) for name in names)).where(*mine)
    return _listed(rows, names, *order)


def _candidates() -> ColumnElement[Any]:
    rows: AnySelect = (
        select(
            ElectionCandidate.member_id,
            Member.name,
            ElectionCandidate.position,
            ElectionCandidate.is_write_in,
            ElectionCandidate.is_elected,
        )
        .join(
            Member,
            and_(
                Member.district_code == ElectionCandidate.district_code,
                Member.id == ElectionCandidate.member_id,
            ),
        )
        .where(
            ElectionCandidate.district_code == Cycle.district_code,
            ElectionCandidate.cycle_id == Cycle.id,
        )
    )
    names = {c.key for c in rows.selected_columns if c.key}
    return _listed(rows, names, ElectionCandidate.position, Member.name_key, Member.id)


async def show(on: Executor, caller: Caller, cycle_id: UUID) -> dict[str, Any]:
    """Give a cycle with its steps, candidates and notices, or raise `NotFound`."""
    step, notice = ElectionStep, CriticismNotice
    rows = visible(caller.subtrees(READ), clock.today()).where(Cycle.id == cycle_id)
    rows = rows.add_columns(
        _of(step, "step", "done_on", "document", "note", order=(step.id,)).label("steps"),
        _candidates().label("candidates"),
        _of(notice, "number", "issued_on", "recipients", "cleared_on", order=(notice.id,)).label(
            "notices"
        ),
    )
    found = (await on.execute(rows)).mappings().first()
    if found is None:
        raise NotFound
    row = {name: value for name, value in found.items() if name not in {"path", "sector"}}
    practice = await practice_of(on, row["district_code"])
    taken = {
        CycleStatus(step["step"]): date.fromisoformat(step["done_on"]) for step in row["steps"]
    }
    late = logic.warnings(row["due_on"], row["extended_until"], taken, practice)
    return row | {
        "next_step": logic.following(CycleStatus(row["status"]), practice),
        "warnings": late,
    }


async def practice_of(on: Executor, district_code: str) -> Practice:
    """Read what a district does by local practice; the usual where it said nothing."""
    newest = (
        select(*(getattr(ElectionPractice, name) for name in PRACTICE))
        .where(ElectionPractice.district_code == district_code)
        .order_by(ElectionPractice.id.desc())
        .limit(1)
    )
    row = (await on.execute(newest)).first()
    return Practice() if row is None else Practice(*row)


async def places(on: Executor, caller: Caller, within: UUID | None) -> list[Subtree]:
    """Give the subtrees in which the caller reads elections, or raise `NotFound` for `within`."""
    subtrees = caller.subtrees(READ)
    if within is None:
        return subtrees
    rows = select(State.district_code, State.path).where(
        State.organization_id == within, on_day(State, clock.today()), in_subtrees(subtrees)
    )
    found = (await on.execute(rows)).first()
    if found is None:
        raise NotFound
    return [Subtree(*found)]


async def find(on: Executor, caller: Caller, params: CycleListParams) -> Rows[AnyRow]:
    """List cycles by the day on which their term ends."""
    rows = visible(await places(on, caller, params.within), clock.today())
    if params.organization_id is not None:
        rows = rows.where(Cycle.organization_id == params.organization_id)
    if params.status is not None:
        rows = rows.where(Cycle.status == params.status)
    if params.is_open is not None:
        ended = Cycle.status.in_(sorted(ENDED))
        rows = rows.where(~ended if params.is_open else ended)
    sorts = {"due_on": Cycle.due_on}
    return await page(on, rows, sorts, params.sort, params, of="cycles", tie=Cycle.id)


async def find_notices(on: Executor, caller: Caller, params: NoticeListParams) -> Rows[AnyRow]:
    """List notices by the day on which they were issued."""
    notice = CriticismNotice
    shown = (
        notice.id,
        notice.district_code,
        notice.organization_id,
        State.name.label("organization_name"),
        notice.cycle_id,
        notice.number,
        notice.issued_on,
        notice.recipients,
        notice.due_on,
        notice.cleared_on,
    )
    rows: AnySelect = select(*shown).join(State, _stands(notice, clock.today()))
    rows = rows.where(in_subtrees(await places(on, caller, params.within)))
    if params.is_open is not None:
        is_open = and_(notice.cleared_on.is_(None), on_day(State, clock.today()))
        rows = rows.where(is_open if params.is_open else ~is_open)
    sorts = {"issued_on": notice.issued_on}
    return await page(on, rows, sorts, params.sort, params, of="notices", tie=notice.id)


def noticed(places: Sequence[Any], day: date) -> AnySelect:
    """Select, for a figure, the notices that were issued by `day`, cleared or not."""
    notice = CriticismNotice
    stands = stood_as(notice.district_code, notice.organization_id, day)
    rows = select().select_from(notice).join(State, stands)
    return rows.where(notice.issued_on <= day, in_subtrees(places))


async def find_practices(on: Executor, caller: Caller, params: PracticeListParams) -> Rows[AnyRow]:
    """List what districts set as their practice, newest first."""
    codes = {s.district_code for s in caller.subtrees(READ)}
    if params.district_code is not None:
        codes &= {params.district_code}
    practice = ElectionPractice
    names = ("id", "district_code", *PRACTICE, "document")
    rows: AnySelect = select(*(getattr(practice, name) for name in names))
    rows = rows.where(practice.district_code.in_(sorted(codes)))
    return await page(
        on,
        rows,
        {"district_code": practice.district_code},
        "-district_code",
        params,
        of="practices",
        tie=practice.id,
    )


def members_on(district_code: str, organization_id: UUID, day: date) -> AnySelect:
    """Select the counted members of an organisation and of what was under it on `day`."""
    top = (
        select(State.path)
        .where(
            State.district_code == district_code,
            State.organization_id == organization_id,
            on_day(State, day),
        )
        .scalar_subquery()
    )
    here = State.__table__.alias("here")
    return (
        select(
            Member.id,
            Member.name,
            Member.name_key,
            Membership.organization_id,
            Membership.category,
            Membership.status,
        )
        .join(
            Membership,
            and_(
                Membership.district_code == Member.district_code,
                Membership.member_id == Member.id,
            ),
        )
        .join(
            here,
            and_(
                here.c.district_code == Membership.district_code,
                here.c.organization_id == Membership.organization_id,
            ),
        )
        .where(
            Member.district_code == district_code,
            on_day(Membership, day),
            on_day(here.c, day),
            Membership.status.in_(sorted(COUNTED)),
            here.c.path >= top,
            here.c.path < func.rtrim(top, ".") + "/",
        )
    )


async def known_day(on: Executor, cycle: Any, day: date) -> date:
    """Give the day on which records tell of `day`: the first there is, where they begin later.

    A roster is taken over in the middle of an election whose first steps came before it.
    """
    first = select(func.min(State.valid_from)).where(
        State.district_code == cycle.district_code, State.organization_id == cycle.organization_id
    )
    return max(day, await on.scalar(first) or day)


async def held_on(on: Executor, cycle: AnyRow) -> date | None:
    """Read the day of the meeting, the last one if there were several."""
    rows = select(func.max(ElectionStep.done_on)).where(
        ElectionStep.district_code == cycle.district_code,
        ElectionStep.cycle_id == cycle.id,
        ElectionStep.step == CycleStatus.HELD,
    )
    day: date | None = await on.scalar(rows)
    return day


# ── Figures


def _criticised(places: Sequence[Any], window: Window) -> AnySelect:
    rows, notice = noticed(places, window.day), CriticismNotice
    return told(rows, notice, State, notice.number, notice.issued_on, window)


FIGURES = (
    Figure(
        "orgs_overdue_criticised",
        Text("未按时换届被通报的党组织", "Organisations overdue and criticised in a notice"),
        FigureUnit.ORGANIZATIONS,
        Text(
            "截至当日因未按时换届发出的通报批评；期间按发出日期计",
            "criticism notices issued by the day, one an organisation and term; a period is that of"
            " the issue",
        ),
        READ,
        _criticised,
    ),
)
"""Figures of criticism notices."""
