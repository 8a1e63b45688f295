"""Proposing a restructuring, and what becomes of it: load, require, decide, write, record."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Text as SqlText
from sqlalchemy import cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Invalid, Text, wrong
from app.messages import service as messages
from app.messages.types import MessageKind
from app.organizations import service as tree
from app.organizations.models import OrganizationState
from app.organizations.queries import ROOT_PATH, AnyRow, stood_as
from app.restructurings import logic, queries
from app.restructurings.errors import (
    NoSuchFinding,
    NotYetInForce,
    Overtaken,
    OwnRestructuring,
)
from app.restructurings.models import (
    Restructuring,
    RestructuringEvent,
    RestructuringSubject,
)
from app.restructurings.schemas import (
    ApplicationNew,
    FindingNamed,
    RestructuringApprovalNew,
    RestructuringNew,
    RestructuringReversalNew,
    StepOn,
)
from app.restructurings.types import RestructuringStatus as Status
from app.restructurings.types import RestructuringStep as Step
from app.reversals import service as reversals
from app.rules.types import Suggestion
from app.simulations import logic as model
from app.simulations import queries as simulations
from app.simulations import service as writing
from app.simulations.types import ActionKind, Outcome

State = OrganizationState
WRITE, APPROVE = Permission.RESTRUCTURINGS_WRITE, Permission.RESTRUCTURINGS_APPROVE


# ── Proposing


async def propose(session: AsyncSession, caller: Caller, new: RestructuringNew) -> UUID:
    """Propose a restructuring, by hand or from a finding (提出调整).

    Raises `NotFound`, `Forbidden`, `Invalid`, `NoSuchFinding`, `FindingLeavesChoice`, or what
    stands in the way of the actions.
    """
    today = clock.today()
    on = new.on or today
    logic.check_day(on, None, today)
    if not new.actions and new.from_finding is None:
        raise Invalid("请给出调整内容或者规则发现", "give actions or a finding")
    given = [a.model_dump(mode="json") for a in new.actions or ()]
    kept = logic.with_ids(given, new_id)
    actions = queries.ACTIONS.validate_python(kept)
    asked = {i for a in actions for i in a.named} - {i for a in actions for i in a.founded}
    if new.from_finding is not None:
        asked.add(new.from_finding.organization_id)
    place = await queries.place_of(session, caller, asked)
    caller.require(WRITE, at=place)
    code = place.district_code
    if members := model.members_named(actions):
        await queries.see_members(session, caller, code, members)
    if new.from_finding is not None:
        suggested = await _suggested(session, caller, code, new.from_finding, today)
        actions = actions or [logic.answer(suggested, new.from_finding.organization_id)]
    outcome = await simulations.work_out(session, code, actions)
    row = Restructuring(
        district_code=code,
        id=new_id(),
        organization_id=outcome.place.id,
        above_id=outcome.above.id,
        title=logic.title(actions, outcome.before)[:TITLE],
        reason=new.reason,
        actions=queries.ACTIONS.dump_python(actions, mode="json"),
        finding_organization_id=new.from_finding and new.from_finding.organization_id,
        finding_rule=new.from_finding and new.from_finding.rule,
        effective_on=new.effective_on or today,
        status=Status.DRAFT,
        proposed_by=caller.account_id,
    )
    session.add(row)
    await session.flush()
    await _keep_subjects(session, row, outcome)
    _note(session, caller, row, Step.PROPOSED, on, note=new.reason)
    told = {"actions": row.actions, "effective_on": row.effective_on, "on": on}
    audit.record(session, code, ("restructuring", row.id), after=told)
    await session.flush()
    return row.id


TITLE = 200


async def _suggested(
    session: AsyncSession, caller: Caller, code: str, named: FindingNamed, today: date
) -> Suggestion | None:
    """Say what a finding of today suggests."""
    nodes = await simulations.standing(session, code)
    node = nodes[named.organization_id]
    caller.require(Permission.RULES_READ, at=Subtree(code, node.path))
    (listed,) = await simulations.findings(session, code, [nodes], node.path, today)
    for finding in listed:
        if finding.organization_id == node.id and finding.rule == named.rule:
            return finding.suggestion
    raise NoSuchFinding


async def _keep_subjects(session: AsyncSession, row: Restructuring, outcome: Outcome) -> None:
    mine = RestructuringSubject.district_code == row.district_code
    old = delete(RestructuringSubject).where(mine, RestructuringSubject.restructuring_id == row.id)
    await session.execute(old)
    for subject in outcome.subjects:
        session.add(
            RestructuringSubject(
                district_code=row.district_code,
                id=new_id(),
                restructuring_id=row.id,
                organization_id=subject.organization_id,
                action=subject.action,
                from_kind=subject.from_kind,
                to_kind=subject.to_kind,
            )
        )


def _note(
    session: AsyncSession,
    caller: Caller,
    row: Restructuring,
    step: Step,
    on: date,
    document: str | None = None,
    note: str | None = None,
) -> None:
    session.add(
        RestructuringEvent(
            district_code=row.district_code,
            id=new_id(),
            restructuring_id=row.id,
            step=step,
            happened_on=on,
            document=document,
            note=note,
            account_id=caller.account_id,
        )
    )


# ── What becomes of it


async def _locked(
    session: AsyncSession,
    caller: Caller,
    restructuring_id: UUID,
    *,
    from_above: bool = False,
    labels: int | None = None,
) -> tuple[AnyRow, Restructuring, int]:
    """Lock a restructuring for its own side or for the level above; with `labels` the tree first.

    Raises `NotFound`, `Forbidden` or `OwnRestructuring`. Gives the first of the new labels too.
    """
    seen = await queries.get(session, caller, restructuring_id)
    code = seen.district_code
    if from_above:
        caller.require(APPROVE, at=await _above(session, code, seen.above_id))
    else:
        caller.require(WRITE, at=Subtree(code, seen.path))
    label = 0 if labels is None else await tree.take_labels(session, code, labels)
    row = await session.scalar(
        select(Restructuring)
        .where(Restructuring.district_code == code, Restructuring.id == restructuring_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert row is not None
    if from_above and caller.account_id in {row.proposed_by, row.submitted_by}:
        raise OwnRestructuring
    return seen, row, label


async def _above(session: AsyncSession, code: str, organization_id: UUID) -> Subtree:
    path = await session.scalar(
        select(State.path).where(stood_as(code, organization_id, clock.today()))
    )
    return Subtree(code, path or "")


async def _step(
    session: AsyncSession,
    caller: Caller,
    row: Restructuring,
    step: Step,
    values: dict[str, Any],
    on: date,
    document: str | None = None,
    note: str | None = None,
) -> None:
    """Take a step that `logic.moved` allows, and keep it."""
    values["status"] = logic.moved(Status(row.status), step)
    if step not in {Step.APPLIED, Step.REVERSED}:
        last = select(func.max(RestructuringEvent.happened_on)).where(
            RestructuringEvent.district_code == row.district_code,
            RestructuringEvent.restructuring_id == row.id,
        )
        logic.check_day(on, await session.scalar(last), clock.today())
    told = {k: v for k, v in values.items() if k != "journal"}
    before = {k: getattr(row, k) for k in told if k not in {"approved_at", "changed_at"}}
    after = {k: v for k, v in told.items() if k in before} | {"on": on}
    more = {k: v for k, v in (("document", document), ("reason", note)) if v is not None}
    target = "restructuring", row.id
    audit.record(session, row.district_code, target, before=before, after=after | more)
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    _note(session, caller, row, step, on, document, note)
    await session.flush()


async def _tell(session: AsyncSession, row: Restructuring, zh: str, en: str, **whom: Any) -> None:
    title = Text(f"组织调整{zh}：{row.title}"[:200], f"Restructuring {en}: {row.title}"[:300])
    about = "restructuring", row.id
    await messages.tell(session, row.district_code, MessageKind.RESTRUCTURING, about, title, **whom)


async def submit(
    session: AsyncSession, caller: Caller, restructuring_id: UUID, new: StepOn
) -> None:
    """Submit a draft to the level above (上报)."""
    _, row, _ = await _locked(session, caller, restructuring_id)
    on = new.on or clock.today()
    await _step(session, caller, row, Step.SUBMITTED, {"submitted_by": caller.account_id}, on)
    above = await _above(session, row.district_code, row.above_id)
    whom = {"organizations": [row.above_id], "department": above.path == ROOT_PATH}
    await _tell(session, row, "待审批", "awaits approval", **whom)


async def approve(
    session: AsyncSession, caller: Caller, restructuring_id: UUID, new: RestructuringApprovalNew
) -> None:
    """Approve from above, with the number of the decision (批准).

    Raises also what stands in the way of the actions by now.
    """
    seen, row, _ = await _locked(session, caller, restructuring_id, from_above=True, labels=0)
    logic.moved(Status(row.status), Step.APPROVED)
    outcome = await simulations.work_out(
        session, row.district_code, queries.ACTIONS.validate_python(seen.actions)
    )
    # what is above may have come to stand elsewhere since it was proposed
    caller.require(APPROVE, at=Subtree(row.district_code, outcome.above.path))
    on = new.on or clock.today()
    values = {
        "above_id": outcome.above.id,
        "document": new.document,
        "decided_on": on,
        "decided_by": caller.account_id,
        "approved_at": func.clock_timestamp(),
    }
    await _step(session, caller, row, Step.APPROVED, values, on, new.document)
    whom = {"organizations": [row.organization_id], "accounts": [row.proposed_by]}
    await _tell(session, row, "已批准", "approved", **whom)


async def reject(session: AsyncSession, caller: Caller, wanted_id: UUID, reason: str) -> None:
    """Reject from above (不予批准)."""
    _, row, _ = await _locked(session, caller, wanted_id, from_above=True)
    await _step(session, caller, row, Step.REJECTED, {}, clock.today(), note=reason)
    whom = {"organizations": [row.organization_id], "accounts": [row.proposed_by]}
    await _tell(session, row, "未获批准", "rejected", **whom)


async def withdraw(session: AsyncSession, caller: Caller, wanted_id: UUID, reason: str) -> None:
    """Withdraw what is not applied yet (撤回)."""
    _, row, _ = await _locked(session, caller, wanted_id)
    nobody = dict.fromkeys(("document", "decided_on", "decided_by", "approved_at"))
    await _step(session, caller, row, Step.WITHDRAWN, nobody, clock.today(), note=reason)


async def apply(
    session: AsyncSession, caller: Caller, restructuring_id: UUID, new: ApplicationNew
) -> None:
    """Apply a decision, all of it or nothing, from a day on that has come (执行).

    Raises also `NotYetInForce`, `Overtaken`, `ChangedLater`, `BallotRunning`, `AdmissionsLeft`, or
    what stands in the way of the actions by now.
    """
    seen = await queries.get(session, caller, restructuring_id)
    actions = queries.ACTIONS.validate_python(seen.actions)
    new_ones = sum(len(a.founded) for a in actions)
    seen, row, label = await _locked(session, caller, restructuring_id, labels=new_ones)
    logic.moved(Status(row.status), Step.APPLIED)
    day, code = _day(row, new), row.district_code
    outcome = await simulations.work_out(session, code, actions, label, counted=False)
    versions = await writing.lock_all(session, code, outcome)
    is_old = any(outcome.before[i].version != version for i, version in versions.items())
    if is_old or outcome.ended or outcome.converted or outcome.moved:  # now nobody comes or goes
        outcome = await simulations.work_out(session, code, actions, label)
    await _refuse_overtaken(session, row, outcome)
    document, account = str(row.document), caller.account_id
    journal, moved = await writing.write(session, code, outcome, day, document, account)
    await _keep_subjects(session, row, outcome)
    values = {"applied_on": day, "changed_at": func.clock_timestamp()}
    values["journal"] = cast(literal(journal, SqlText()), JSONB)
    await _step(session, caller, row, Step.APPLIED, values, day, row.document)
    whom = {"organizations": _concerned(row, outcome), "members": moved}
    await _tell(session, row, "已执行", "applied", department=True, **whom)


def _day(row: Restructuring, new: ApplicationNew) -> date:
    today = clock.today()
    if row.effective_on > today:
        raise NotYetInForce(
            f"生效日为 {row.effective_on}", f"it takes effect on {row.effective_on}"
        )
    day = new.on or row.effective_on
    if not row.effective_on <= day <= today:
        zh = f"执行日期须在 {row.effective_on} 至 {today} 之间"
        raise wrong("on", zh, f"from {row.effective_on} to {today}", "day")
    return day


def _concerned(row: Restructuring, outcome: Outcome) -> set[UUID]:
    return {row.organization_id, *(s.organization_id for s in outcome.subjects)}


async def _refuse_overtaken(session: AsyncSession, row: Restructuring, outcome: Outcome) -> None:
    """Raise `Overtaken` where another one changed the same organisations since the approval."""
    other, subject = Restructuring, RestructuringSubject
    ids = sorted({s.organization_id for s in outcome.subjects if s.action != ActionKind.FOUND})
    found = await session.execute(
        select(other.id, other.document, subject.organization_id)
        .join(
            subject,
            (subject.district_code == other.district_code) & (subject.restructuring_id == other.id),
        )
        .where(
            other.district_code == row.district_code,
            other.id != row.id,
            other.changed_at > row.approved_at,
            subject.organization_id.in_(ids),
            subject.action != ActionKind.FOUND,
        )
        .order_by(other.changed_at.desc())
        .limit(1)
    )
    if (first := found.first()) is not None:
        raise Overtaken(
            f"批复文号 {first[1]}",
            f"decision {first[1]}",
            restructuring_id=str(first[0]),
            organization_id=str(first[2]),
        )


async def reverse(
    session: AsyncSession, caller: Caller, restructuring_id: UUID, new: RestructuringReversalNew
) -> None:
    """Take back exactly what an application wrote, while nothing later touches it (撤回执行).

    Raises also `ChangedLater`, naming what does.
    """
    _, row, _ = await _locked(session, caller, restructuring_id, from_above=True, labels=0)
    logic.moved(Status(row.status), Step.REVERSED)
    journal = await session.scalar(
        select(Restructuring.journal).where(
            Restructuring.district_code == row.district_code, Restructuring.id == row.id
        )
    )
    assert journal is not None
    mine = RestructuringSubject.district_code == row.district_code
    touched = select(RestructuringSubject.organization_id).where(
        mine, RestructuringSubject.restructuring_id == row.id
    )
    places = set(await session.scalars(touched))
    await reversals.take_back(session, row.district_code, journal)
    values = {"changed_at": func.clock_timestamp()}
    today = clock.today()
    await _step(session, caller, row, Step.REVERSED, values, today, new.document, new.reason)
    whom = {"organizations": {row.organization_id, *places}, "accounts": [row.proposed_by]}
    await _tell(session, row, "已撤回执行", "taken back", department=True, **whom)
