"""Judging what a check describes; nothing is read from the records and nothing is stored."""

from collections.abc import Callable
from datetime import date
from typing import Protocol, TypeVar

from app.admission_rules import logic, queries
from app.admission_rules.schemas import AdmissionCheck
from app.admission_rules.types import AdmissionEvent, Introducer, Verdict, Votes
from app.core.clock import add_months
from app.core.errors import wrong
from app.members.types import MemberCategory

T = TypeVar("T")
Event = AdmissionEvent


def needed(value: T | None, field: str) -> T:
    """Give `value`, or raise `Invalid` where the question needs it."""
    if value is None:
        raise wrong(field, f"缺少 {field}", f"{field} is needed", "missing")
    return value


def _applies(asked: AdmissionCheck, on: date) -> Verdict:
    born_on = asked.birth if asked.expelled_on else needed(asked.birth, "birth")
    return logic.judge_application(queries.pack(), born_on, asked.expelled_on, on)


def _becomes_target(asked: AdmissionCheck, on: date) -> Verdict:
    since = needed(asked.activist_since, "activist_since")
    handed_on = asked.records_received
    return logic.judge_target(queries.pack(), since, on, asked.moved_on, records_received=handed_on)


def _trains(asked: AdmissionCheck, on: date) -> Verdict:
    if asked.days is None:
        needed(asked.hours, "days")
    return logic.judge_training(queries.pack(), asked.days or 0, asked.hours or 0, on)


def _introduces(asked: AdmissionCheck, on: date) -> Verdict:
    barring = ("party_probation", "expelled")
    given = [
        Introducer(i.category is MemberCategory.FULL, i.sanction in barring)
        for i in needed(asked.introducers, "introducers")
    ]
    return logic.judge_introducers(queries.pack(), given, on)


def _votes(asked: AdmissionCheck, _: date) -> Verdict:
    return logic.judge_vote(queries.pack(), votes_of(asked))


class Cast(Protocol):
    """What holds the counts of a vote."""

    due: int | None
    present: int | None
    yes_present: int | None
    yes_written: int | None


def votes_of(cast: Cast) -> Votes:
    """Read the counts of a vote, or raise `Invalid` where one is missing."""
    return Votes(
        needed(cast.due, "due"),
        needed(cast.present, "present"),
        needed(cast.yes_present, "yes_present"),
        cast.yes_written or 0,
    )


def _decides(asked: AdmissionCheck, on: date) -> Verdict:
    meeting = asked.meeting_on or asked.admitted_by_meeting
    day = on if asked.on or asked.approved_on is None else asked.approved_on
    return logic.judge_decision(queries.pack(), needed(meeting, "meeting_on"), day)


def _extends(asked: AdmissionCheck, _: date) -> Verdict:
    months = needed(asked.months, "months")
    return logic.judge_extension(queries.pack(), _ends(asked), months, asked.previous_extensions)


def _ends(asked: AdmissionCheck) -> date:
    if asked.probation_ends is not None:
        return asked.probation_ends
    begun = needed(asked.admitted_by_meeting or asked.meeting_on, "probation_ends")
    return logic.probation_end(queries.pack(), begun)


def _converts(asked: AdmissionCheck, on: date) -> Verdict:
    rules, ends = queries.pack(), _ends(asked)
    if asked.probation_ends is None and asked.previous_extensions and asked.months:
        ends = add_months(ends, asked.months)
    day = asked.conversion_meeting or on
    approved = asked.approved_conversion
    return logic.judge_conversion(rules, ends, day, asked.moved_on, is_approved=approved)


_ASKED: dict[AdmissionEvent, Callable[[AdmissionCheck, date], Verdict]] = {
    Event.APPLY: _applies,
    Event.TALK: lambda asked, on: logic.judge_talk(
        queries.pack(), needed(asked.applied, "applied"), on
    ),
    Event.BECOME_TARGET: _becomes_target,
    Event.TRAINING: _trains,
    Event.INTRODUCERS: _introduces,
    Event.ADMISSION_START: lambda asked, on: logic.judge_start(
        queries.pack(), on, asked.leaving_on
    ),
    Event.ADMISSION_VOTE: _votes,
    Event.COMMITTEE_APPROVAL: _decides,
    Event.EXTEND_PROBATION: _extends,
    Event.CONVERT: _converts,
}


def check(asked: AdmissionCheck, today: date) -> Verdict:
    """Judge the step of an admission that is described.

    Raises `Invalid` when what the event needs is missing, `VotesContradict` for impossible counts.
    """
    return _ASKED[asked.event](asked, asked.on or today)
