"""Putting weak organisations in order; taking tasks off streets and communities."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import Executor, new_id
from app.core.errors import Invalid, NotFound, Stale, wrong
from app.cycles.logic import above
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import ROOT_PATH
from app.organizations.types import OrganizationKind, OrganizationStatus
from app.rectifications import logic, queries
from app.rectifications.errors import (
    AlreadyCancelled,
    CaseOpen,
    CaseOutOfOrder,
    GuarantorsMissing,
    MeasuresUnfinished,
    OwnReport,
    TaskListed,
    TaskOnList,
)
from app.rectifications.models import (
    BurdenItem,
    CaseGuarantor,
    CaseMeasure,
    MeasureProgress,
    RectificationCase,
)
from app.rectifications.schemas import (
    AcceptanceNew,
    BurdenCheckNew,
    BurdenItemNew,
    BurdenMatch,
    CancellationNew,
    CaseEdit,
    CaseNew,
    Guarantor,
    MeasureNew,
    ProgressNew,
)
from app.rectifications.types import BurdenState, CaseStatus, Verdict

WRITE = Permission.RECTIFICATIONS_WRITE
MOST_MATCHES = 10


def _past(day: Any, field: str) -> Any:
    """Give the day, today when none; raise `Invalid` for one to come."""
    if day is not None and day > clock.today():
        raise wrong(field, "日期不能晚于今天", "the day is to come", "future")
    return day or clock.today()


async def _add(session: AsyncSession, row: Any, clash: type[Exception]) -> None:
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:  # the one key a new row can share
        raise clash from error


# ── Cases


def _people(session: AsyncSession, case: RectificationCase, new: list[Guarantor]) -> None:
    if len({(g.level, g.name) for g in new}) < len(new):
        raise Invalid("包保责任人重复", "a guarantor is named twice")
    key = {"district_code": case.district_code, "case_id": case.id}
    session.add_all(CaseGuarantor(**key, id=new_id(), **one.model_dump()) for one in new)


async def open_case(session: AsyncSession, caller: Caller, new: CaseNew) -> UUID:
    """Open a case of an organisation (立项整顿).

    Raises `NotFound`, `Forbidden`, `CannotRectify`, `NotStanding`, `Invalid` or `CaseOpen`.
    """
    await tree.hold(session, caller, new.organization_id)
    found = await organizations.get(session, caller, new.organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    logic.check_kind(OrganizationKind(found.kind))
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    logic.check_criteria(new.criteria, {c.code for c in queries.pack().criteria})
    case = RectificationCase(
        district_code=found.district_code,
        id=new_id(),
        organization_id=found.id,
        criteria=list(dict.fromkeys(new.criteria)),
        reason=new.reason,
        opened_on=_past(new.opened_on, "opened_on"),
        status=CaseStatus.OPEN,
        opened_by=caller.account_id,
    )
    await _add(session, case, CaseOpen)
    _people(session, case, new.guarantors)
    _note(session, case, after=new.model_dump(mode="json"))
    await session.flush()
    return case.id


def _note(session: AsyncSession, case: RectificationCase, **what: Any) -> None:
    audit.record(session, case.district_code, ("rectification_case", case.id), **what)


async def _lock(
    session: AsyncSession, caller: Caller, case_id: UUID, *, from_above: bool = False
) -> RectificationCase:
    """Lock a case for its own side, or for the level above. Raises `NotFound` or `Forbidden`."""
    seen = await queries.get(session, caller, case_id)
    here = Subtree(seen.district_code, seen.path)
    caller.require(WRITE, at=above(here) if from_above else here)
    locked = (
        select(RectificationCase)
        .where(
            RectificationCase.district_code == seen.district_code, RectificationCase.id == case_id
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


async def edit(
    session: AsyncSession, caller: Caller, case_id: UUID, version: int, changes: CaseEdit
) -> None:
    """Change who is responsible, or the reason, of a case that is not closed.

    Raises `NotFound`, `Forbidden`, `Stale`, `CaseOutOfOrder` or `Invalid`.
    """
    case = await _lock(session, caller, case_id)
    if case.version != version:
        raise Stale
    if case.status != CaseStatus.OPEN:
        raise CaseOutOfOrder
    if changes.reason is not None:
        case.reason = changes.reason
    if changes.guarantors is not None:
        gone = delete(CaseGuarantor).where(
            CaseGuarantor.district_code == case.district_code, CaseGuarantor.case_id == case.id
        )
        await session.execute(gone)
        _people(session, case, changes.guarantors)
    case.version += 1
    _note(session, case, after=changes.model_dump(mode="json", exclude_none=True))
    await session.flush()


async def add_measure(
    session: AsyncSession, caller: Caller, case_id: UUID, new: MeasureNew
) -> None:
    """Add a measure to an open case (制定整顿措施).

    Raises `NotFound`, `Forbidden` or `CaseOutOfOrder`.
    """
    case = await _lock(session, caller, case_id)
    logic.check_status(CaseStatus(case.status), CaseStatus.OPEN)
    key = {"district_code": case.district_code, "case_id": case.id}
    session.add(CaseMeasure(**key, id=new_id(), **new.model_dump()))
    case.version += 1
    _note(session, case, after=new.model_dump(mode="json"))
    await session.flush()


async def progress(
    session: AsyncSession, caller: Caller, case_id: UUID, measure_id: UUID, new: ProgressNew
) -> None:
    """Note how far a measure of an open case has come (登记整顿进度).

    Raises `NotFound`, `Forbidden` or `CaseOutOfOrder`.
    """
    case = await _lock(session, caller, case_id)
    mine = select(CaseMeasure.id).where(
        CaseMeasure.district_code == case.district_code,
        CaseMeasure.case_id == case.id,
        CaseMeasure.id == measure_id,
    )
    if await session.scalar(mine) is None:
        raise NotFound
    logic.check_status(CaseStatus(case.status), CaseStatus.OPEN)
    row = MeasureProgress(
        district_code=case.district_code,
        id=new_id(),
        measure_id=measure_id,
        noted_on=clock.today(),
        account_id=caller.account_id,
        **new.model_dump(),
    )
    session.add(row)
    case.version += 1
    _note(session, case, after={"measure_id": measure_id} | new.model_dump())
    await session.flush()


def _move(session: AsyncSession, case: RectificationCase, values: dict[str, Any]) -> None:
    _note(session, case, **audit.changed(case, values))
    for name, value in values.items():
        setattr(case, name, value)
    case.version += 1


async def report(session: AsyncSession, caller: Caller, case_id: UUID) -> None:
    """Report that a case is done: every measure is finished (报告整顿完成).

    Raises `NotFound`, `Forbidden`, `CaseOutOfOrder` or `MeasuresUnfinished`.
    """
    case = await _lock(session, caller, case_id)
    logic.check_status(CaseStatus(case.status), CaseStatus.OPEN)
    seen = await queries.get(session, caller, case_id)
    if not seen.measures or any(m["percent"] < logic.DONE for m in seen.measures):
        raise MeasuresUnfinished
    values = {"status": CaseStatus.REPORTED, "reported_on": clock.today()}
    _move(session, case, values | {"reported_by": caller.account_id})
    await session.flush()


async def _judged(session: AsyncSession, caller: Caller, case_id: UUID) -> RectificationCase:
    case = await _lock(session, caller, case_id, from_above=True)
    logic.check_status(CaseStatus(case.status), CaseStatus.REPORTED)
    noted = (
        select(MeasureProgress.id)
        .join(
            CaseMeasure,
            (CaseMeasure.district_code == MeasureProgress.district_code)
            & (CaseMeasure.id == MeasureProgress.measure_id),
        )
        .where(
            MeasureProgress.district_code == case.district_code,
            CaseMeasure.case_id == case_id,
            MeasureProgress.account_id == caller.account_id,
        )
    )
    if case.reported_by == caller.account_id or await session.scalar(noted.limit(1)):
        raise OwnReport
    return case


async def accept(session: AsyncSession, caller: Caller, case_id: UUID, new: AcceptanceNew) -> None:
    """Accept and close a case, from the level above (验收销号).

    Raises `NotFound`, `Forbidden`, `CaseOutOfOrder`, `OwnReport` or `GuarantorsMissing`.
    """
    case = await _judged(session, caller, case_id)
    seen = await queries.get(session, caller, case_id)
    if lacking := logic.missing({g["level"] for g in seen.guarantors}):
        names = ", ".join(lacking)
        raise GuarantorsMissing(f"缺少包保层级：{names}", f"nobody on the levels {names}")
    values = {"status": CaseStatus.ACCEPTED, "closed_on": clock.today()}
    _move(session, case, values | {"accepted_by": caller.account_id, "document": new.document})
    await session.flush()


async def send_back(session: AsyncSession, caller: Caller, case_id: UUID, reason: str) -> None:
    """Return a case from the level above: it is open again (退回整顿).

    Raises `NotFound`, `Forbidden`, `CaseOutOfOrder` or `OwnReport`.
    """
    case = await _judged(session, caller, case_id)
    values = {"status": CaseStatus.OPEN, "remark": reason}
    _move(session, case, values | dict.fromkeys(("reported_on", "reported_by")))
    await session.flush()


# ── Burden items


def _district(caller: Caller, code: str) -> None:
    """Raise `NotFound` for a district of which the caller reads nothing."""
    if all(s.district_code != code for s in caller.subtrees(queries.READ)):
        raise NotFound


async def check(
    on: Executor, caller: Caller, new: BurdenCheckNew | BurdenItemNew
) -> tuple[Verdict, list[BurdenMatch]]:
    """Judge a new task by the list of cancelled ones (准入检查). Raises `NotFound`."""
    _district(caller, new.district_code)
    listed = await queries.cancelled(on, new.district_code)
    found, close = logic.verdict(new.title, {one: key for one, (key, _) in listed.items()})
    matches = [
        BurdenMatch(id=one, title=listed[one][1], similarity=round(alike, 3))
        for one, alike in close[:MOST_MATCHES]
    ]
    return found, matches


async def list_item(session: AsyncSession, caller: Caller, new: BurdenItemNew) -> UUID:
    """Lay a task on streets and communities, for the district (事项准入).

    Raises `NotFound`, `Forbidden`, `Invalid`, `TaskOnList` or `TaskListed`.
    """
    _district(caller, new.district_code)
    caller.require(WRITE, at=Subtree(new.district_code, ROOT_PATH))
    found, matches = await check(session, caller, new)
    if found is Verdict.REFUSED:
        title = matches[0].title
        raise TaskOnList(f"已取消：{title}", f"cancelled: {title}", item_id=str(matches[0].id))
    row = BurdenItem(
        id=new_id(),
        state=BurdenState.ACTIVE,
        title_key=logic.title_key(new.title),
        recorded_by=caller.account_id,
        **new.model_dump() | {"listed_on": _past(new.listed_on, "listed_on")},
    )
    await _add(session, row, TaskListed)
    audit.record(session, row.district_code, ("burden_item", row.id), after=audit.columns(row))
    await session.flush()
    return row.id


async def cancel_item(
    session: AsyncSession, caller: Caller, item_id: UUID, new: CancellationNew
) -> None:
    """Take a task off streets and communities (取消事项).

    Raises `NotFound`, `Forbidden`, `Invalid` or `AlreadyCancelled`.
    """
    seen = await queries.get_item(session, caller, item_id)
    caller.require(WRITE, at=Subtree(seen.district_code, ROOT_PATH))
    mine = BurdenItem.district_code == seen.district_code, BurdenItem.id == item_id
    locked = select(BurdenItem).where(*mine).with_for_update()
    item = (await session.execute(locked)).scalar_one()
    if item.state == BurdenState.CANCELLED:
        raise AlreadyCancelled
    day = _past(new.cancelled_on, "cancelled_on")
    if day < item.listed_on:
        raise Invalid("取消日期早于登记日期", "cancelled before it was listed")
    values = {"state": BurdenState.CANCELLED, "cancelled_on": day, "document": new.document}
    target = "burden_item", item.id
    audit.record(session, item.district_code, target, **audit.changed(item, values))
    for name, value in values.items():
        setattr(item, name, value)
    await session.flush()
