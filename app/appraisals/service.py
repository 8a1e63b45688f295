"""Recording visits, drawing spot checks, duty and talks, appraising quarter by quarter."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.appraisals import logic, queries
from app.appraisals.errors import (
    AlreadyRecorded,
    AppraisalExists,
    AppraisalPublished,
    DutyChecked,
    DutyKept,
    NothingScored,
)
from app.appraisals.models import (
    AppraisalCycle,
    AppraisalScore,
    DutyShift,
    HouseholdCount,
    HouseholdVisit,
    SpotCheck,
    SpotCheckPerson,
    Talk,
)
from app.appraisals.schemas import (
    AppraisalCycleNew,
    DutyCheckNew,
    DutyShiftNew,
    HouseholdCountNew,
    HouseholdVisitNew,
    ResultsNew,
    ScoreNew,
    SpotCheckNew,
    TalkNew,
)
from app.appraisals.types import AppraisalStatus, CheckStatus
from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import wrong
from app.members import queries as members
from app.members.models import Member, Membership
from app.members.types import COUNTED
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.types import OrganizationStatus

WRITE = Permission.APPRAISALS_WRITE


async def _at(session: AsyncSession, caller: Caller, organization_id: UUID) -> Subtree:
    """Find where to write, and keep it standing.

    Raises `NotFound`, `Forbidden` or `NotStanding`.
    """
    await tree.hold(session, caller, organization_id)
    found = await organizations.get(session, caller, organization_id)
    here = Subtree(found.district_code, found.path)
    caller.require(WRITE, at=here)
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    return here


async def _inside(
    session: AsyncSession, caller: Caller, here: Subtree, ids: list[UUID], field: str
) -> None:
    """Raise `Invalid` unless all are members in good standing under `here`, in sight today."""
    rows = members.visible(caller, clock.today(), Permission.MEMBERS_READ)
    found = await session.execute(rows.where(Member.id.in_(ids)))
    good = {
        row.id
        for row in found
        if row.status in COUNTED and here.holds(Subtree(row.district_code, row.path))
    }
    if not set(ids) <= good:
        raise wrong(field, "不是此党组织及其下级的党员", "not a member there or under it")


def _past(field: str, day: Any) -> None:
    if day > clock.today():
        raise wrong(field, "日期不能晚于今天", "the day is to come")


async def _add(session: AsyncSession, row: Any, clash: type[Exception] = AlreadyRecorded) -> UUID:
    """Write a new row and tell the audit; `clash` is raised where its one key is taken."""
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise clash from error
    target = row.__tablename__, row.id
    after = {k: v for k, v in audit.columns(row).items() if k != "pool"}
    audit.record(session, row.district_code, target, after=after)
    await session.flush()
    made: UUID = row.id
    return made


async def _lock(session: AsyncSession, caller: Caller, table: Any, row_id: UUID) -> Any:
    """Lock a row for who may write at its organisation. Raises `NotFound` or `Forbidden`."""
    seen = await queries.get(session, caller, table, row_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    locked = (
        select(table)
        .where(table.district_code == seen.district_code, table.id == row_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.execute(locked)).scalar_one()


def _own(caller: Caller, here: Subtree) -> dict[str, Any]:
    return {
        "district_code": here.district_code,
        "id": new_id(),
        "recorded_by": caller.account_id,
    }


# ── Households


async def count_households(session: AsyncSession, caller: Caller, new: HouseholdCountNew) -> UUID:
    """Record how many households a community has (登记户数).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `Invalid` or `AlreadyRecorded`.
    """
    here = await _at(session, caller, new.organization_id)
    _past("counted_on", new.counted_on)
    return await _add(session, HouseholdCount(**_own(caller, here), **new.model_dump()))


async def visit(session: AsyncSession, caller: Caller, new: HouseholdVisitNew) -> UUID:
    """Record a cadre's visit to a household (登记入户).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `Invalid` or `AlreadyRecorded`.
    """
    here = await _at(session, caller, new.organization_id)
    _past("visited_on", new.visited_on)
    await _inside(session, caller, here, [new.member_id], "member_id")
    return await _add(session, HouseholdVisit(**_own(caller, here), **new.model_dump()))


# ── Spot checks


async def publish_check(session: AsyncSession, caller: Caller, new: SpotCheckNew) -> UUID:
    """Put down a pool, and the seed that chance gives it: nobody chooses it (公布抽查种子).

    Raises `NotFound`, `Forbidden`, `NotStanding` or `Invalid`.
    """
    here = await _at(session, caller, new.organization_id)
    if new.member_ids is None:
        rows = members.visible(caller, clock.today(), Permission.MEMBERS_READ).where(
            Membership.organization_id == new.organization_id,
            Membership.status.in_(sorted(COUNTED)),
        )
        pool = sorted(row.id for row in await session.execute(rows))
    else:
        pool = sorted(set(new.member_ids))
        await _inside(session, caller, here, pool, "member_ids")
    if new.size > len(pool):
        raise wrong("size", "抽取人数超过范围人数", "more than the pool holds")
    check = SpotCheck(
        **_own(caller, here),
        organization_id=new.organization_id,
        seed=secrets.token_hex(32),
        published_on=clock.today(),
        pool=pool,
        pool_digest=logic.pool_digest(pool),
        size=new.size,
        status=CheckStatus.PUBLISHED,
    )
    return await _add(session, check)


async def draw(session: AsyncSession, caller: Caller, check_id: UUID) -> None:
    """Draw from the pool by the seed that was published before (抽取).

    Raises `NotFound`, `Forbidden` or `CheckOutOfOrder`.
    """
    check = await _lock(session, caller, SpotCheck, check_id)
    logic.check_status(CheckStatus(check.status), CheckStatus.PUBLISHED)
    drawn = logic.draw(check.seed, check.pool, check.size)
    key = {"district_code": check.district_code, "check_id": check.id}
    session.add_all(
        SpotCheckPerson(**key, id=new_id(), member_id=one, place=place)
        for place, one in enumerate(drawn, 1)
    )
    check.status, check.drawn_on = CheckStatus.DRAWN, clock.today()
    audit.record(session, check.district_code, ("spot_check", check.id), after={"drawn": drawn})
    await session.flush()


async def keep_results(
    session: AsyncSession, caller: Caller, check_id: UUID, new: ResultsNew
) -> None:
    """Keep what the check found of everybody who was drawn (登记抽查结果).

    Raises `NotFound`, `Forbidden`, `CheckOutOfOrder` or `Invalid`.
    """
    check = await _lock(session, caller, SpotCheck, check_id)
    logic.check_status(CheckStatus(check.status), CheckStatus.DRAWN)
    rows = select(SpotCheckPerson).where(
        SpotCheckPerson.district_code == check.district_code,
        SpotCheckPerson.check_id == check.id,
    )
    people = {row.member_id: row for row in await session.scalars(rows)}
    if sorted(people) != sorted(r.member_id for r in new.results):
        raise wrong("results", "须逐一登记所有抽查对象", "each of those drawn, and nobody else")
    if any(r.correct > r.asked for r in new.results):
        raise wrong("results", "答对题数超过提问题数", "more right than asked")
    for result in new.results:
        for name, value in result.model_dump(exclude={"member_id"}).items():
            setattr(people[result.member_id], name, value)
    check.status, check.checked_on = CheckStatus.CHECKED, clock.today()
    told = [r.model_dump(mode="json", exclude={"note"}) for r in new.results]
    audit.record(session, check.district_code, ("spot_check", check.id), after={"results": told})
    await session.flush()


# ── Duty and talks


async def roster(session: AsyncSession, caller: Caller, new: DutyShiftNew) -> UUID:
    """Put a shift on the roster (登记值班).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `Invalid` or `AlreadyRecorded`.
    """
    here = await _at(session, caller, new.organization_id)
    if new.member_id is not None:
        await _inside(session, caller, here, [new.member_id], "member_id")
    return await _add(session, DutyShift(**_own(caller, here), **new.model_dump()))


async def check_duty(
    session: AsyncSession, caller: Caller, shift_id: UUID, new: DutyCheckNew
) -> None:
    """Say whether the cadre was on duty (检查坐班).

    Raises `NotFound`, `Forbidden` or `DutyChecked`.
    """
    shift = await _lock(session, caller, DutyShift, shift_id)
    if shift.is_present is not None or shift.duty_on > clock.today():
        raise DutyChecked
    values = new.model_dump() | {"checked_by": caller.account_id}
    target = "duty_shift", shift.id
    audit.record(session, shift.district_code, target, **audit.changed(shift, values))
    for name, value in values.items():
        setattr(shift, name, value)
    await session.flush()


async def talk(session: AsyncSession, caller: Caller, new: TalkNew) -> UUID:
    """Record a talk with a cadre (登记约谈).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `Invalid` or `DutyKept`.
    """
    here = await _at(session, caller, new.organization_id)
    _past("held_on", new.held_on)
    if new.member_id is not None:
        await _inside(session, caller, here, [new.member_id], "member_id")
    if new.shift_id is not None:
        shift = await queries.get(session, caller, DutyShift, new.shift_id)
        if shift.organization_id != new.organization_id or shift.is_present is not False:
            raise DutyKept
    return await _add(session, Talk(**_own(caller, here), **new.model_dump()))


# ── Quarterly appraisals


async def open_cycle(session: AsyncSession, caller: Caller, new: AppraisalCycleNew) -> UUID:
    """Open a quarter's appraisal with its indicator sheet (启动季度考核).

    Raises `NotFound`, `Forbidden`, `NotStanding`, `Invalid` or `AppraisalExists`.
    """
    here = await _at(session, caller, new.organization_id)
    today = clock.today()
    if (new.year, new.quarter) > (today.year, logic.quarter_of(today)):
        raise wrong("quarter", "该季度尚未开始", "the quarter has not begun")
    cycle = AppraisalCycle(
        **_own(caller, here),
        **new.model_dump(),
        status=AppraisalStatus.OPEN,
        opened_on=today,
    )
    return await _add(session, cycle, AppraisalExists)


async def score(session: AsyncSession, caller: Caller, cycle_id: UUID, new: ScoreNew) -> UUID:
    """Score an organisation; until the publication another score takes its place (考核打分).

    Raises `NotFound`, `Forbidden`, `AppraisalPublished` or `Invalid`.
    """
    seen = await queries.get(session, caller, AppraisalCycle, cycle_id)
    cycle = await _lock(session, caller, AppraisalCycle, cycle_id)
    here = Subtree(seen.district_code, seen.path)
    scored = await organizations.get(session, caller, new.organization_id)
    if cycle.status != AppraisalStatus.OPEN:
        raise AppraisalPublished
    if not here.holds(Subtree(scored.district_code, scored.path)):
        raise wrong("organization_id", "不在考核范围内", "it is not under who appraises")
    if len(new.scores) != len(cycle.items):
        raise wrong("scores", "得分须与指标一一对应", "one score an indicator")
    total = logic.total([item["weight"] for item in cycle.items], new.scores)
    key = {"district_code": cycle.district_code, "cycle_id": cycle.id}
    mine = AppraisalScore.organization_id == new.organization_id
    row = await session.scalar(select(AppraisalScore).filter_by(**key).where(mine))
    values = {"scores": new.scores, "total": total, "recorded_by": caller.account_id}
    if row is None:
        row = AppraisalScore(**key, id=new_id(), organization_id=new.organization_id, **values)
        session.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    after = new.model_dump(mode="json") | {"total": str(total)}
    audit.record(session, cycle.district_code, ("appraisal_cycle", cycle.id), after=after)
    await session.flush()
    return row.id


async def publish(session: AsyncSession, caller: Caller, cycle_id: UUID) -> None:
    """Publish the scores: those who were scored see them, and they stay (公布考核结果).

    Raises `NotFound`, `Forbidden`, `AppraisalPublished` or `NothingScored`.
    """
    cycle = await _lock(session, caller, AppraisalCycle, cycle_id)
    if cycle.status != AppraisalStatus.OPEN:
        raise AppraisalPublished
    mine = select(AppraisalScore.id).where(
        AppraisalScore.district_code == cycle.district_code, AppraisalScore.cycle_id == cycle.id
    )
    if await session.scalar(mine.limit(1)) is None:
        raise NothingScored
    values = {"status": AppraisalStatus.PUBLISHED, "published_on": clock.today()}
    target = "appraisal_cycle", cycle.id
    audit.record(session, cycle.district_code, target, **audit.changed(cycle, values))
    for name, value in values.items():
        setattr(cycle, name, value)
    await session.flush()
