"""Taking the steps of an admission: load, require, decide, write, record."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.admission_rules import logic as rules
from app.admission_rules.queries import pack
from app.admission_rules.service import needed, votes_of
from app.admission_rules.types import AdmissionStage, Decider, Introducer
from app.admissions import logic, queries
from app.admissions.errors import AdmissionClosed, AdmissionOutOfOrder, OwnAdmissionStep
from app.admissions.models import Admission, AdmissionStep
from app.admissions.schemas import (
    AdmissionApprovalNew,
    AdmissionEdit,
    AdmissionExtensionNew,
    AdmissionNew,
    AdmissionReturnNew,
    AdmissionStepNew,
)
from app.admissions.types import AdmissionStatus
from app.core import audit, clock
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import NotFound, Stale
from app.members import queries as members
from app.members import service as people
from app.members.errors import MemberExists
from app.members.logic import MemberFacts, mask_phone, search_text
from app.members.types import MemberCategory, MemberStatus
from app.organizations import queries as organizations
from app.organizations import service as tree
from app.organizations.errors import NotStanding
from app.organizations.queries import AnyRow
from app.organizations.types import OrganizationKind, OrganizationStatus

Status = AdmissionStatus
WRITE, APPROVE = Permission.ADMISSIONS_WRITE, Permission.ADMISSIONS_APPROVE
_CAST = "present", "yes_present", "yes_written"
_PERSON = ("name", "sex", "ethnicity", "education", "born_on")


async def apply(session: AsyncSession, caller: Caller, new: AdmissionNew) -> UUID:
    """Record an application at a branch: step 1 (登记入党申请).

    Raises `NotFound`, `Forbidden`, `CannotAdmit`, `NotStanding`, `Invalid`, `AdmissionRefused`,
    `AdmissionPaperMissing`, or `MemberExists` for a number recorded in the district in any way.
    """
    await tree.hold(session, caller, new.organization_id)
    found = await organizations.get(session, caller, new.organization_id)
    caller.require(WRITE, at=Subtree(found.district_code, found.path))
    logic.check_kind(pack(), OrganizationKind(found.kind))
    if found.status != OrganizationStatus.ACTIVE:
        raise NotStanding
    people.check(MemberFacts(new.id_number, new.born_on, new.sex, None, None, None))
    logic.check_day("applied_on", new.applied_on, clock.today())
    day = new.applied_on
    rules.accept(rules.judge_application(pack(), new.born_on, new.expelled_on, day))
    logic.check_papers(pack(), rules.step_of(pack(), logic.APPLY, day), new.papers)
    await people.refuse_known(session, found.district_code, new.id_number)
    row = _applicant(found.district_code, caller.account_id, new)
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:  # of the keys of a new row only the number can be known
        raise MemberExists from error
    _keep(session, caller, row, logic.APPLY, day, new)
    await session.flush()
    kept = new.model_dump(include={"organization_id", "applied_on", "expelled_on", "papers"})
    audit.record(session, row.district_code, ("admission", row.id), after=kept)
    return row.id


def _applicant(district_code: str, account_id: UUID, new: AdmissionNew) -> Admission:
    made = new_id()
    secret = people.sealed(made, new.id_number, None)
    kept = {n: secret[n] for n in ("id_number_index", "id_number_masked")}
    return Admission(
        district_code=district_code,
        id=made,
        organization_id=new.organization_id,
        search_text=search_text(new.name),
        id_number_cipher=queries.seal_number(made, new.id_number),
        status=Status.OPEN,
        stage=AdmissionStage.APPLICANT,
        step=logic.APPLY,
        applied_on=new.applied_on,
        last_on=new.applied_on,
        recorded_by=account_id,
        **kept | _sealed_phone(made, new.phone),
        **{name: getattr(new, name) for name in _PERSON},
    )


def _sealed_phone(admission_id: UUID, phone: str | None) -> dict[str, Any]:
    masked = None if phone is None else mask_phone(phone)
    return {"phone_cipher": queries.seal_phone(admission_id, phone), "phone_masked": masked}


def _keep(
    session: AsyncSession,
    caller: Caller,
    row: Admission,
    step: int,
    day: date,
    new: AdmissionNew | AdmissionStepNew,
    facts: Mapping[str, Any] | None = None,
) -> None:
    session.add(
        AdmissionStep(
            district_code=row.district_code,
            id=new_id(),
            admission_id=row.id,
            step=step,
            done_on=day,
            document=new.document,
            papers=list(new.papers),
            note=new.note,
            recorded_by=caller.account_id,
            **facts or {},
        )
    )


async def _locked(session: AsyncSession, seen: AnyRow) -> Admission:
    row = await session.scalar(
        select(Admission)
        .where(Admission.district_code == seen.district_code, Admission.id == seen.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert row is not None
    if row.status != Status.OPEN:
        raise AdmissionClosed
    if row.organization_id != seen.organization_id:
        raise AdmissionOutOfOrder("档案刚刚转到其他党支部", "it went to another branch meanwhile")
    return row


async def edit(
    session: AsyncSession, caller: Caller, admission_id: UUID, version: int, changes: AdmissionEdit
) -> None:
    """Correct what is recorded of an applicant who is no member yet (更正).

    Raises `NotFound`, `Forbidden`, `AdmissionClosed`, `Stale`, `AdmissionOutOfOrder` or `Invalid`.
    """
    seen = await queries.get(session, caller, admission_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    row = await _locked(session, seen)
    if row.version != version:
        raise Stale
    if row.member_id is not None:
        raise AdmissionOutOfOrder("已是党员，请更正党员信息", "correct the member")
    values = changes.model_dump(exclude_unset=True)
    logic.check_given(values)
    if "phone" in values:
        values |= _sealed_phone(row.id, values.pop("phone"))
    if "name" in values:
        values["search_text"] = search_text(values["name"])
    await _change(session, row, values, fields=changes.model_fields_set)


async def _above(session: AsyncSession, caller: Caller, seen: AnyRow, who: Decider) -> None:
    """Raise `Forbidden` unless the caller approves for the body above that decides."""
    bodies = await queries.above(session, seen.district_code, seen.path)
    body = logic.decider(who, bodies)
    path = body.path if body else organizations.ROOT_PATH
    caller.require(APPROVE, at=Subtree(seen.district_code, path))


def _not_own(caller: Caller, row: Admission, recorded_by: UUID) -> None:
    if recorded_by == caller.account_id or caller.is_person(row.district_code, row.member_id):
        raise OwnAdmissionStep


async def record(
    session: AsyncSession, caller: Caller, admission_id: UUID, new: AdmissionStepNew
) -> None:
    """Record the next step; one that a level above decides on waits for it (登记环节).

    Raises `NotFound`, `Forbidden`, `AdmissionClosed`, `AdmissionOutOfOrder`, `AdmissionRefused`,
    `AdmissionPaperMissing`, `NotStanding`, `VotesContradict` or `Invalid`.
    """
    seen = await queries.get(session, caller, admission_id)
    caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
    row = await _locked(session, seen)
    if not seen.is_standing:
        raise NotStanding
    logic.check_fields(new.step, {f for f in logic.FIELDS if getattr(new, f) is not None})
    dates = queries.dates_of(row)
    logic.check_next(pack(), dates, new.step, new.done_on)
    logic.check_day("done_on", new.done_on, clock.today())
    logic.check_not_early(pack(), dates, new.step, new.done_on)
    step = rules.step_of(pack(), new.step, new.done_on)
    logic.check_papers(pack(), step, new.papers)
    facts = await _facts(session, caller, row, new)
    _keep(session, caller, row, new.step, new.done_on, new, facts)
    values = logic.taken(new.step, step.stage, new.done_on)
    if new.step == logic.LAST:
        values |= {"status": Status.COMPLETED} | logic.closed(clock.today(), caller.account_id)
    await _change(session, row, values, step=new.step)


async def _change(
    session: AsyncSession, row: Admission, values: dict[str, Any], **more: Any
) -> None:
    target = "admission", row.id
    audit.record(session, row.district_code, target, **audit.changed(row, values), **more)
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    await session.flush()


async def _facts(
    session: AsyncSession, caller: Caller, row: Admission, new: AdmissionStepNew
) -> dict[str, Any]:
    """Judge the facts of a step by its own rule, and give what is kept of them."""
    on = new.done_on
    if new.step == logic.APPLY + 1:
        return {"warning": rules.judge_talk(pack(), row.applied_on, on).warning}
    if new.step in {logic.CONTACTS, logic.INTRODUCED}:
        return await _sponsors(session, caller, row, new)
    if new.step == logic.TRAINED:
        days, hours = new.days or 0, new.hours or 0
        rules.accept(rules.judge_training(pack(), days, hours, on))
        return {"training_days": days, "training_hours": hours}
    if new.step == logic.EXAMINED:
        rules.accept(rules.judge_start(pack(), on, new.leaving_on))
        return {"leaving_on": new.leaving_on}
    if new.step in logic.VOTED:
        votes = votes_of(new)
        rules.accept(rules.judge_vote(pack(), votes))
        return {"votes_due": votes.due} | {n: getattr(votes, n) for n in _CAST}
    return {}


async def _sponsors(
    session: AsyncSession, caller: Caller, row: Admission, new: AdmissionStepNew
) -> dict[str, Any]:
    """Find the contacts (第九条) or the introducers (第十四条): full members without a sanction."""
    is_introduced = new.step == logic.INTRODUCED
    field = "introducers" if is_introduced else "contacts"
    ids = list(dict.fromkeys(needed(getattr(new, field), field)))
    given = []
    for member_id in ids[:3]:
        found = await members.get(session, caller, member_id)
        if found.district_code != row.district_code:
            raise NotFound
        is_barred = found.status != MemberStatus.ACTIVE
        given.append(Introducer(found.category == MemberCategory.FULL, is_barred))
    judge = rules.judge_introducers if is_introduced else rules.judge_contacts
    rules.accept(judge(pack(), given, new.done_on))
    return dict(zip(("first_member_id", "second_member_id"), ids, strict=False))


async def approve(
    session: AsyncSession, caller: Caller, admission_id: UUID, new: AdmissionApprovalNew
) -> None:
    """Decide, from the level above, on the step that waits for it (审批、备案).

    Step 17 makes the applicant a probationary member, step 24 a full one. Raises `NotFound`,
    `Forbidden`, `AdmissionClosed`, `AdmissionOutOfOrder`, `OwnAdmissionStep`, `AdmissionRefused`,
    `MemberExists`, `NotProbationary`, `NotStanding`, `CannotAdmit` or `Invalid`.
    """
    seen = await queries.get(session, caller, admission_id)
    asked = rules.step_of(pack(), min(seen.step + 1, logic.LAST), clock.today())
    is_asked = seen.is_pending and asked.number == new.step
    await _above(session, caller, seen, asked.decided_by if is_asked else Decider.COMMITTEE)
    row = await _locked(session, seen)
    if not (row.is_pending and is_asked and row.step + 1 == new.step):
        raise AdmissionOutOfOrder("没有待审批的该环节", "no such step waits for a decision")
    if not seen.is_standing:
        raise NotStanding
    step = (await queries.steps_of(session, row))[0]
    _not_own(caller, row, step.recorded_by)
    logic.check_day("decided_on", new.decided_on, clock.today())
    if new.decided_on < step.done_on:
        raise rules.refused(rules.cite(pack(), "before_it_began"))
    values: dict[str, Any] = {"step": new.step, "stage": asked.stage}
    values |= {"is_pending": False, "last_on": new.decided_on}
    if new.step == logic.APPROVED:
        values |= await _admit(session, seen, row, new)
    elif new.step == logic.CONVERTED:
        await _convert(session, row, new)
    step.decided_on, step.decided_by = new.decided_on, caller.account_id
    step.decision, step.decision_reason = new.document, new.reason
    await _change(session, row, values)


async def _admit(
    session: AsyncSession, seen: AnyRow, row: Admission, new: AdmissionApprovalNew
) -> dict[str, Any]:
    """Make the applicant a probationary member: the probation began with the branch meeting."""
    meeting_on = row.meeting_on
    assert meeting_on is not None
    logic.check_kind(pack(), OrganizationKind(seen.kind))
    logic.check_timely(rules.judge_decision(pack(), meeting_on, new.decided_on), new.reason)
    facts = {name: getattr(row, name) for name in _PERSON} | {"joined_on": meeting_on}
    numbers = queries.numbers_of(row)
    made = await people.admit(session, row.district_code, row.organization_id, facts, numbers)
    return {"member_id": made, "probation_ends_on": rules.probation_end(pack(), meeting_on)}


async def _convert(session: AsyncSession, row: Admission, new: AdmissionApprovalNew) -> None:
    """Make the probationer a full member from the end of the probation (第三十四条)."""
    meeting_on, ends_on = row.conversion_meeting_on, row.probation_ends_on
    assert row.member_id is not None
    assert meeting_on is not None
    logic.check_timely(
        rules.judge_conversion_decision(pack(), meeting_on, new.decided_on), new.reason
    )
    await people.end_probation(session, row.district_code, row.member_id, ends_on, "")


async def send_back(
    session: AsyncSession, caller: Caller, admission_id: UUID, new: AdmissionReturnNew
) -> None:
    """Send steps back from the level above: they are taken again from `to_step` on (退回重办).

    Nothing goes back behind what made a member. Raises `NotFound`, `Forbidden`, `AdmissionClosed`
    or `AdmissionOutOfOrder`.
    """
    seen = await queries.get(session, caller, admission_id)
    await _above(session, caller, seen, Decider.COMMITTEE)
    row = await _locked(session, seen)
    least = logic.APPROVED if row.step >= logic.APPROVED else logic.APPLY
    if not least < new.to_step <= row.step + row.is_pending or row.step >= logic.CONVERTED:
        raise AdmissionOutOfOrder("不能退回到该环节", "cannot be sent back to this step")
    steps = await queries.steps_of(session, row)
    for step in (s for s in steps if s.step >= new.to_step):
        step.returned_on, step.returned_by = clock.today(), caller.account_id
        step.return_reason = new.reason
    last_on = max(s.decided_on or s.done_on for s in steps if s.step < new.to_step)
    stage = rules.step_of(pack(), new.to_step - 1, clock.today()).stage
    values = logic.sent_back(new.to_step, stage, last_on)
    await _change(session, row, values, reason=new.reason)


async def _of_probation(session: AsyncSession, caller: Caller, seen: AnyRow) -> Admission:
    """Lock an admission for a decision of the committee on the probation."""
    await _above(session, caller, seen, Decider.COMMITTEE)
    row = await _locked(session, seen)
    _not_own(caller, row, (await queries.steps_of(session, row))[0].recorded_by)
    return row


async def extend(
    session: AsyncSession, caller: Caller, admission_id: UUID, new: AdmissionExtensionNew
) -> None:
    """Extend a probation once, as the committee decided (延长预备期; 第三十二条).

    Raises `NotFound`, `Forbidden`, `AdmissionClosed`, `OwnAdmissionStep`, `AdmissionOutOfOrder` or
    `AdmissionRefused`.
    """
    seen = await queries.get(session, caller, admission_id)
    row = await _of_probation(session, caller, seen)
    ends = row.probation_ends_on
    if ends is None or not logic.APPROVED <= row.step < logic.CONVERSION_MEETING:
        raise AdmissionOutOfOrder("只有预备期内可以延长", "only a probation is extended")
    previous = int(row.extension_months is not None)
    judged = rules.accept(rules.judge_extension(pack(), ends, new.months, previous))
    values: dict[str, Any] = {"extension_months": new.months, "extended_by": caller.account_id}
    values |= {"probation_ends_on": judged.probation_ends, "extension_document": new.document}
    await _change(session, row, values)


async def terminate(session: AsyncSession, caller: Caller, admission_id: UUID, reason: str) -> None:
    """End an admission: the branch an application, the committee a probation (终止、取消资格).

    Raises `NotFound`, `Forbidden`, `AdmissionClosed`, `OwnAdmissionStep`, `NotProbationary` or
    `AdmissionOutOfOrder` once the conversion was approved.
    """
    seen = await queries.get(session, caller, admission_id)
    is_probation = seen.step >= logic.APPROVED
    if is_probation:
        row = await _of_probation(session, caller, seen)
    else:
        caller.require(WRITE, at=Subtree(seen.district_code, seen.path))
        row = await _locked(session, seen)
    if row.step >= (logic.CONVERTED if is_probation else logic.APPROVED):
        raise AdmissionOutOfOrder("该环节之后不能终止", "it went on meanwhile, or was converted")
    if row.member_id is not None:
        await people.end_probation(session, row.district_code, row.member_id, None, reason)
    values = {"status": Status.TERMINATED, "reason": reason, "is_pending": False}
    await _change(session, row, values | logic.closed(clock.today(), caller.account_id))
