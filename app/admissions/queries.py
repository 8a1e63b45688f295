"""Reading admissions. Every read starts from `visible`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.admission_rules.queries import pack
from app.admissions import logic
from app.admissions.models import Admission, AdmissionStep
from app.admissions.schemas import AdmissionListParams, AdmissionStepOut, DueListParams
from app.admissions.types import AdmissionStatus, Body, Dates, DueKind
from app.core import clock, crypto
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.pages import Rows, fetch_one, page
from app.members.logic import query_needles
from app.organizations import queries as organizations
from app.organizations.models import OrganizationState
from app.organizations.queries import AnyRow, AnySelect, in_subtrees, stood_as
from app.organizations.types import OrganizationKind, Sector

State, Step = OrganizationState, AdmissionStep
READ = Permission.ADMISSIONS_READ
_KEPT = {
    "search_text",
    "id_number_cipher",
    "id_number_index",
    "id_number_masked",
    "phone_cipher",
    "phone_masked",
    "extended_by",
    "closed_by",
    "recorded_by",
    "reminded",
    "created_at",
}
"""Columns that nobody is shown, and those shown under another name."""


# ── What is due: the same as `logic.due`


def _after(name: str, start: Any) -> ColumnElement[date]:
    """Add the months of a number to a day, by the rule that held then."""
    named = sorted(
        (n for n in pack().numbers if n.name == name), key=lambda n: n.valid_from or date.min
    )
    months: Any = named[0].value
    for n in named[1:]:
        months = case((start >= n.valid_from, n.value), else_=months)
    return cast(start + func.make_interval(0, months), Date)


_checked = func.coalesce(Admission.checked_on, Admission.activist_on)
_DUE: tuple[tuple[DueKind, tuple[int, int], Any], ...] = (
    (DueKind.TALK, (logic.APPLY, logic.APPLY + 1), _after("talk_months", Admission.applied_on)),
    (
        DueKind.HALF_YEARLY_CHECK,
        (logic.CHOSEN, logic.TARGET),
        _after("check_months", _checked),
    ),
    (
        DueKind.COMMITTEE_DECISION,
        (logic.MEETING, logic.APPROVED),
        _after("decision_months", Admission.meeting_on),
    ),
    (
        DueKind.CONVERSION,
        (logic.APPROVED, logic.CONVERSION_MEETING),
        Admission.probation_ends_on,
    ),
    (
        DueKind.CONVERSION_DECISION,
        (logic.CONVERSION_MEETING, logic.CONVERTED),
        _after("conversion_decision_months", Admission.conversion_meeting_on),
    ),
)
_is_open = Admission.status == AdmissionStatus.OPEN


def _cases(value: int) -> ColumnElement[Any]:
    """Choose by the step what is due (0), or by which day (2)."""
    whens = [
        (and_(_is_open, Admission.step >= due[1][0], Admission.step < due[1][1]), due[value])
        for due in _DUE
    ]
    return case(*whens, else_=null())


due_kind = _cases(0).label("due_kind")
due_on: ColumnElement[date] = cast(_cases(2), Date).label("due_on")


# ── Admissions


def visible(places: Sequence[Any], day: date) -> AnySelect:
    """Select the admissions of the organisations in `places`."""
    return (
        select(
            *(c for c in Admission.__table__.c if c.key not in _KEPT),
            Admission.id_number_masked.label("id_number"),
            Admission.phone_masked.label("phone"),
            State.name.label("organization_name"),
            due_kind,
            due_on,
            State.path,
            State.kind,
            on_day(State, day).label("is_standing"),
        )
        .select_from(Admission)
        .join(State, stood_as(Admission.district_code, Admission.organization_id, day))
        .where(in_subtrees(places))
    )


def _steps() -> ColumnElement[Any]:
    """Write the steps of an admission as one JSON list, in the order in which they were taken."""
    names = AdmissionStepOut.model_fields
    pairs = (part for name in names for part in (name, getattr(Step, name)))
    ordered = aggregate_order_by(func.json_build_object(*pairs), Step.done_on, Step.step, Step.id)
    made = func.coalesce(func.json_agg(ordered, type_=JSON), literal([], JSON), type_=JSON)
    mine = Step.district_code == Admission.district_code, Step.admission_id == Admission.id
    return select(made).where(*mine).correlate(Admission).scalar_subquery().label("steps")


async def get(on: Executor, caller: Caller, admission_id: UUID) -> AnyRow:
    """Fetch one admission with its steps, or raise `NotFound`."""
    rows = visible(caller.subtrees(READ), clock.today()).add_columns(_steps())
    return await fetch_one(on, rows.where(Admission.id == admission_id))


async def above(on: Executor, district_code: str, path: str) -> list[Body]:
    """List the bodies above a path, the nearest first."""
    labels = path.split(".")[:-1]
    paths = [".".join(labels[:i]) + "." for i in range(1, len(labels))]
    rows: AnySelect = (
        select(State.organization_id, State.name, State.path, State.kind, State.sector)
        .where(
            State.district_code == district_code,
            State.path.in_(paths),
            on_day(State, clock.today()),
        )
        .order_by(func.length(State.path).desc())
    )
    return [
        Body(r[0], r[1], r[2], OrganizationKind(r[3]), Sector(r[4]) if r[4] else None)
        for r in await on.execute(rows)
    ]


async def steps_of(on: Executor, row: Admission) -> Sequence[AdmissionStep]:
    """List the steps of an admission that hold, the last one first."""
    mine = (
        Step.district_code == row.district_code,
        Step.admission_id == row.id,
        Step.returned_on.is_(None),
    )
    rows = select(Step).where(*mine).order_by(Step.step.desc(), Step.id.desc())
    return (await on.execute(rows)).scalars().all()


_NUMBER, _PHONE = "admission.id_number:{}", "admission.phone:{}"
"""Of what a cipher is."""


def seal_number(admission_id: UUID, number: str) -> bytes:
    """Encrypt an applicant's ID number."""
    return crypto.keys().encrypt(number, _NUMBER.format(admission_id))


def seal_phone(admission_id: UUID, phone: str | None) -> bytes | None:
    """Encrypt an applicant's telephone, if there is one."""
    return None if phone is None else crypto.keys().encrypt(phone, _PHONE.format(admission_id))


def numbers_of(row: Admission) -> tuple[str, str | None]:
    """Decrypt an applicant's numbers, for the service alone; never for an answer."""
    open_ = crypto.keys().decrypt
    phone = open_(row.phone_cipher, _PHONE.format(row.id)) if row.phone_cipher else None
    return open_(row.id_number_cipher, _NUMBER.format(row.id)), phone


def dates_of(row: Any) -> Dates:
    """Read the days of an admission out of its row."""
    return Dates(
        step=row.step,
        is_pending=row.is_pending,
        applied_on=row.applied_on,
        last_on=row.last_on,
        activist_on=row.activist_on,
        checked_on=row.checked_on,
        meeting_on=row.meeting_on,
        probation_ends_on=row.probation_ends_on,
        conversion_meeting_on=row.conversion_meeting_on,
    )


async def show(on: Executor, caller: Caller, admission_id: UUID) -> dict[str, Any]:
    """Fetch one admission, its steps and what comes next, or raise `NotFound`.

    The name of a body above is told to those only who see that body.
    """
    row = await get(on, caller, admission_id)
    shown = {name: getattr(row, name) for name in row._fields if name not in _INSIDE}
    following = None
    if row.status == AdmissionStatus.OPEN:
        bodies = await above(on, row.district_code, row.path)
        given = [
            paper
            for step in row.steps
            if step["returned_on"] is None and step["step"] == row.step + 1
            for paper in step["papers"]
        ]
        following = logic.following(pack(), dates_of(row), given, clock.today())
        body = following and logic.decider(following.decided_by, bodies)
        if (
            following
            and body
            and caller.may(Permission.ORGANIZATIONS_READ, Subtree(row.district_code, body.path))
        ):
            following = replace(following, decider_id=body.organization_id, decider_name=body.name)
    return shown | {"next_step": following}


_INSIDE = ("path", "kind", "is_standing", "last_on")
_SORTS = {"applied_on": Admission.applied_on}


async def find(on: Reader, caller: Caller, params: AdmissionListParams) -> Rows[AnyRow]:
    """List admissions, or raise `NotFound` for a `within` out of sight."""
    day = clock.today()
    rows = visible(await organizations.asked(on, caller, params.within, day, READ), day)
    for name in ("organization_id", "stage", "status"):
        if (value := getattr(params, name)) is not None:
            rows = rows.where(getattr(Admission, name) == value)
    if params.due_before is not None:
        rows = rows.where(due_on < params.due_before)
    if params.q is not None:
        needles = query_needles(params.q)
        named = (Admission.search_text.like(f"%{needle}%") for needle in needles)
        rows = rows.where(and_(*named) if needles else false())
    return await page(on, rows, _SORTS, params.sort, params, of="admissions", tie=Admission.id)


async def find_due(on: Reader, caller: Caller, params: DueListParams) -> Rows[AnyRow]:
    """List what is due, overdue first, or raise `NotFound` for a `within` out of sight."""
    day = params.as_of or clock.today()
    last = min(day, date.max - timedelta(days=params.days)) + timedelta(days=params.days)
    today = clock.today()
    places = await organizations.asked(on, caller, params.within, today, READ)
    rows = visible(places, today).where(due_on <= last)
    if params.kind is not None:
        rows = rows.where(due_kind == params.kind)
    left = due_on - literal(day, Date)
    rows = rows.add_columns(left.label("days"), (due_on < day).label("is_overdue"))
    return await page(
        on, rows, {"due_on": due_on}, "due_on", params, of="admissions_due", tie=Admission.id
    )


def to_remind(district_code: str, until: date) -> AnySelect:
    """Select the open admissions of a district of which something is due by `until`."""
    return (
        select(
            Admission.id,
            Admission.organization_id,
            Admission.member_id,
            Admission.reminded,
            due_kind,
            due_on,
            State.path,
        )
        .join(State, stood_as(Admission.district_code, Admission.organization_id, clock.today()))
        .where(Admission.district_code == district_code, due_on <= until)
        .order_by(Admission.id)
    )
