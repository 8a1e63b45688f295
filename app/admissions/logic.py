"""Pure decisions about admissions: what comes next, from when, until when, who decides."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.admission_rules.logic import (
    accept,
    after,
    cite,
    judge_conversion,
    judge_target,
    refused,
    step_of,
)
from app.admission_rules.types import (
    PAPERS,
    AdmissionPack,
    AdmissionStage,
    Decider,
    DecisionResult,
    Paper,
    Step,
    Verdict,
)
from app.admissions.errors import AdmissionOutOfOrder, AdmissionPaperMissing, CannotAdmit
from app.admissions.types import Body, Dates, Due, DueKind, Next
from app.core.errors import wrong
from app.organizations.types import OrganizationKind, Sector

APPLY, CHOSEN, CONTACTS, CHECK, TARGET, INTRODUCED, TRAINED = 1, 3, 5, 6, 7, 9, 11
EXAMINED, MEETING, APPROVED, OBSERVED, CONVERSION_MEETING, CONVERTED, LAST = (
    12,
    15,
    17,
    21,
    23,
    24,
    25,
)
REPEATED = frozenset({CHECK, OBSERVED})
"""Steps that are taken again while they last: an activist is checked every half year."""
DECIDED = frozenset({4, 8, 13, 17, 18, 24})
"""Steps that a branch reports and a level above decides on."""
VOTED = frozenset({MEETING, CONVERSION_MEETING})
DAYS = {
    CHOSEN: "activist_on",
    CHECK: "checked_on",
    MEETING: "meeting_on",
    CONVERSION_MEETING: "conversion_meeting_on",
}
"""Under which name an admission keeps the day of a step."""
FIELDS: dict[str, frozenset[int]] = {
    "contacts": frozenset({CONTACTS}),
    "introducers": frozenset({INTRODUCED}),
    "days": frozenset({TRAINED}),
    "hours": frozenset({TRAINED}),
    "leaving_on": frozenset({EXAMINED}),
    **dict.fromkeys(("due", "present", "yes_present", "yes_written"), VOTED),
}
"""Which facts belong to which steps."""
ADMITS = frozenset({OrganizationKind.PARTY_BRANCH, OrganizationKind.JOINT_BRANCH})
_COMMITTEES = frozenset(
    {
        OrganizationKind.DISTRICT_COMMITTEE,
        OrganizationKind.WORKING_COMMITTEE,
        OrganizationKind.PARTY_COMMITTEE,
    }
)
_OF_TOWNS = frozenset({Sector.STREET, Sector.TOWNSHIP})


def check_kind(pack: AdmissionPack, kind: OrganizationKind) -> None:
    """Raise `CannotAdmit` for a kind that takes no applications (第二十三条)."""
    if kind not in ADMITS:
        raise refused(cite(pack, "no_committee"), CannotAdmit)


def check_next(pack: AdmissionPack, dates: Dates, step: int, day: date) -> None:
    """Raise `AdmissionOutOfOrder` unless `step` may be recorded now."""
    repeats = step in REPEATED and step == dates.step
    if dates.is_pending or not (repeats or step == dates.step + 1):
        following = min(dates.step + 1, LAST)
        title = step_of(pack, following, day).title
        found = cite(pack, "out_of_order", step=following, title=title.zh)
        raise refused(found, AdmissionOutOfOrder)


def check_day(field: str, day: date, today: date) -> None:
    """Raise `Invalid` for a day that lies in the future."""
    if day > today:
        raise wrong(field, "日期不能晚于今天", f"{field} lies in the future")


def check_fields(step: int, given: Iterable[str]) -> None:
    """Raise `Invalid` for a fact that belongs to another step."""
    for field in sorted(given):
        if step not in FIELDS[field]:
            raise wrong(field, "该项不属于本环节", f"{field} does not belong to this step")


def check_given(values: Mapping[str, Any]) -> None:
    """Raise `Invalid` for what was cleared and cannot be: a telephone alone can."""
    for field, value in values.items():
        if value is None and field != "phone":
            raise wrong(field, "不能为空", f"{field} cannot be null")


def taken(step: int, stage: AdmissionStage, day: date) -> dict[str, Any]:
    """Say what a step changes of an admission: one that is decided on above waits first."""
    values: dict[str, Any] = {"step": step, "stage": stage}
    if step in DECIDED:
        values = {"is_pending": True}
    if (named := DAYS.get(step)) is not None:
        values[named] = day
    return values | {"last_on": day}


def sent_back(to_step: int, stage: AdmissionStage, last_on: date) -> dict[str, Any]:
    """Say what sending steps back changes: the days from `to_step` on hold no more."""
    values: dict[str, Any] = {name: None for number, name in DAYS.items() if number >= to_step}
    return values | {
        "step": to_step - 1,
        "is_pending": False,
        "stage": stage,
        "last_on": last_on,
    }


def closed(day: date, account_id: UUID) -> dict[str, Any]:
    """Say who closes an admission, and on which day."""
    return {"closed_on": day, "closed_by": account_id}


def check_papers(pack: AdmissionPack, step: Step, given: Sequence[Paper]) -> None:
    """Raise `AdmissionPaperMissing` unless everything that goes with a step is there."""
    if missing := [p for p in step.papers if p not in given]:
        zh = "、".join(PAPERS[p].zh for p in missing)
        raise refused(cite(pack, "paper_missing", papers=zh), AdmissionPaperMissing)


def check_not_early(pack: AdmissionPack, dates: Dates, step: int, day: date) -> None:
    """Raise `AdmissionRefused` for a step before its earliest day."""
    if step == TARGET and dates.activist_on is not None:
        accept(judge_target(pack, dates.activist_on, day))
    if step == CONVERSION_MEETING and dates.probation_ends_on is not None:
        accept(judge_conversion(pack, dates.probation_ends_on, day))
    if day < dates.last_on:
        raise refused(cite(pack, "before_it_began"))


def check_timely(verdict: Verdict, reason: str | None) -> None:
    """Raise `AdmissionRefused` for a decision that is too late, or late without a reason."""
    accept(verdict)
    if verdict.result is DecisionResult.LATE_NEEDS_SPECIAL_REASON and reason is None:
        raise refused(verdict.reasons[0])


def earliest_on(pack: AdmissionPack, dates: Dates) -> date:
    """Give the first day on which the step after `dates` may be taken."""
    least = dates.last_on
    if dates.step + 1 == TARGET and dates.activist_on is not None:
        least = max(least, after(pack, "activist_months", dates.activist_on))
    if dates.step + 1 == CONVERSION_MEETING and dates.probation_ends_on is not None:
        least = max(least, dates.probation_ends_on)
    return least


def due(pack: AdmissionPack, dates: Dates) -> Due | None:
    """Say what is due next in an admission, or `None`: the same as `queries.due_on` in SQL."""
    found: tuple[DueKind, str | None, date | None] | None = None
    if dates.step == APPLY:
        found = DueKind.TALK, "talk_months", dates.applied_on
    elif CHOSEN <= dates.step < TARGET:
        found = DueKind.HALF_YEARLY_CHECK, "check_months", dates.checked_on or dates.activist_on
    elif MEETING <= dates.step < APPROVED:
        found = DueKind.COMMITTEE_DECISION, "decision_months", dates.meeting_on
    elif dates.step == CONVERSION_MEETING:
        meeting = dates.conversion_meeting_on
        found = DueKind.CONVERSION_DECISION, "conversion_decision_months", meeting
    elif APPROVED <= dates.step < CONVERSION_MEETING:
        found = DueKind.CONVERSION, None, dates.probation_ends_on
    if found is None:
        return None
    kind, name, start = found
    if start is None:
        return None
    return Due(kind, start if name is None else after(pack, name, start))


def decider(who: Decider, above: Sequence[Body]) -> Body | None:
    """Find among the bodies above a branch, the nearest first, the one that decides.

    A committee under the committee of a street or township files, but cannot approve (第二十三条).
    """
    committees = [b for b in above if b.kind in _COMMITTEES]
    if who is Decider.BRANCH or not committees:
        return None
    if who is Decider.FILING_COMMITTEE:
        return committees[0]
    for at, body in enumerate(committees):
        if not any(_is_of_town(b) for b in committees[at + 1 :]):
            higher = committees[min(at + 1, len(committees) - 1)]
            return higher if who is Decider.DEPARTMENT else body
    return None


def _is_of_town(body: Body) -> bool:
    return body.sector in _OF_TOWNS and body.kind is not OrganizationKind.DISTRICT_COMMITTEE


def following(pack: AdmissionPack, dates: Dates, given: Sequence[Paper], day: date) -> Next | None:
    """Say what comes next: which step, from when, until when, who decides, what is missing."""
    if dates.step >= LAST:
        return None
    step = step_of(pack, dates.step + 1, day)
    expected = due(pack, dates)
    return Next(
        step=step.number,
        title=step.title,
        earliest_on=earliest_on(pack, dates),
        deadline_on=expected.on if expected else None,
        decided_by=step.decided_by,
        is_pending=dates.is_pending,
        papers=tuple(p for p in step.papers if p not in given),
        source=str(pack.sources[step.source]),
    )
