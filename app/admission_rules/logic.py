"""Pure decisions about admissions: what the rules say of one step."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from app.admission_rules.errors import AdmissionRefused, VotesContradict
from app.admission_rules.types import (
    AdmissionPack,
    AdmissionReason,
    DecisionResult,
    Finding,
    Introducer,
    Number,
    Step,
    Verdict,
    Votes,
)
from app.core.clock import add_months
from app.core.errors import AppError
from app.core.packs import Bilingual

Reason = AdmissionReason

# ── The pack


Dated = TypeVar("Dated", Number, Step)


def _held(of: Iterable[Dated], day: date) -> Dated:
    """Give what held on `day`; before the first of them, the first."""
    rows = sorted(of, key=lambda row: row.valid_from or date.min)
    held = [r for r in rows if r.valid_from is None or r.valid_from <= day]
    return held[-1] if held else rows[0]


def number(pack: AdmissionPack, name: str, day: date) -> int:
    """Give the number that held on `day`."""
    return _held((n for n in pack.numbers if n.name == name), day).value


def step_of(pack: AdmissionPack, step: int, day: date) -> Step:
    """Give a step as the rules of `day` describe it."""
    return _held((s for s in pack.steps if s.number == step), day)


def cite(pack: AdmissionPack, rule: str, **values: object) -> Finding:
    """Say the clause `rule` of the pack, with its source."""
    clause = pack.clauses[rule]
    message = Bilingual(clause.message.zh.format(**values), clause.message.en.format(**values))
    return Finding(rule, pack.name, pack.version, message, str(pack.sources[clause.source]))


def refused(found: Finding, error: type[AppError] = AdmissionRefused) -> AppError:
    """Make a refusal out of a finding; it names the rule and where that stands written."""
    more = {"rule": found.rule, "pack": found.pack, "version": found.version}
    return error(found.message.zh, found.message.en, **more, source=found.source)


def after(pack: AdmissionPack, name: str, start: date) -> date:
    """Add the months of a number to a day; what a month lacks becomes its last day."""
    return add_months(start, number(pack, name, start))


# ── What a check answers


def accept(verdict: Verdict) -> Verdict:
    """Give a verdict that accepts, or raise `AdmissionRefused` with its reason."""
    if verdict.accepted is False:
        # where the meeting was valid, it was the votes
        raise refused(verdict.reasons[int(verdict.meeting_valid or False)])
    return verdict


def judge_application(
    pack: AdmissionPack, born_on: date | None, expelled_on: date | None, on: date
) -> Verdict:
    """Judge an application: 18 years old (党章 第一条), not within five years of an expulsion."""
    faults: list[Finding] = []
    earliest = date.min
    for name, start, rule in (
        ("age_years", born_on, Reason.UNDER_18),
        ("expelled_years", expelled_on, Reason.EXPELLED_WITHIN_5_YEARS),
    ):
        years = number(pack, name, on)
        if start is not None and on < (least := add_months(start, 12 * years)):
            earliest = max(earliest, least)
            faults.append(cite(pack, rule, years=years, earliest=least))
    if faults:
        reason = Reason(faults[0].rule)
        return Verdict(accepted=False, earliest=earliest, reason=reason, reasons=tuple(faults))
    said = cite(pack, "of_age", years=number(pack, "age_years", on))
    return Verdict(accepted=True, reasons=(said,) if born_on else ())


def judge_talk(pack: AdmissionPack, applied_on: date, on: date) -> Verdict:
    """Judge the day of the talk: a late one is accepted with a warning (第七条)."""
    deadline = after(pack, "talk_months", applied_on)
    said = [cite(pack, "talk_by", deadline=deadline)]
    if on < applied_on:
        early = cite(pack, "before_it_began")
        return Verdict(accepted=False, earliest=applied_on, deadline=deadline, reasons=(early,))
    warning = None
    if on > deadline:
        warning = "talk_over_1_month"
        months = number(pack, "talk_months", applied_on)
        said = [cite(pack, warning, months=months, deadline=deadline)]
    return Verdict(accepted=True, deadline=deadline, warning=warning, reasons=tuple(said))


def judge_target(
    pack: AdmissionPack,
    activist_since: date,
    on: date,
    moved_on: date | None = None,
    *,
    records_received: bool | None = None,
) -> Verdict:
    """Judge whether an activist may become a target: a year to the day (第十三条).

    Who moved goes on counting, unless the records were not handed on (第十二条).
    """
    said = []
    if moved_on is not None and moved_on > activist_since and records_received is False:
        activist_since = moved_on
        said.append(cite(pack, "counted_anew"))
    months = number(pack, "activist_months", activist_since)
    earliest = add_months(activist_since, months)
    if on < earliest:
        reason = Reason.ACTIVIST_UNDER_1_YEAR
        said.insert(0, cite(pack, reason, months=months, earliest=earliest))
        return Verdict(accepted=False, earliest=earliest, reason=reason, reasons=tuple(said))
    said.insert(0, cite(pack, "activist_for_1_year", months=months))
    return Verdict(accepted=True, earliest=earliest, reasons=tuple(said))


def judge_training(pack: AdmissionPack, days: int, hours: int, on: date) -> Verdict:
    """Judge a training: enough days, or enough class hours (第十七条)."""
    least = {"days": number(pack, "training_days", on), "hours": number(pack, "training_hours", on)}
    if days < least["days"] and hours < least["hours"]:
        reason = Reason.TRAINING_TOO_SHORT
        return Verdict(accepted=False, reason=reason, reasons=(cite(pack, reason, **least),))
    return Verdict(accepted=True, reasons=(cite(pack, "training_enough", **least),))


def judge_introducers(pack: AdmissionPack, given: Sequence[Introducer], on: date) -> Verdict:
    """Judge the introducers: two full members, none under Party probation (第十四条)."""
    count = number(pack, "introducers", on)
    if len(given) != count or not all(i.is_full and not i.is_barred for i in given):
        reason = Reason.INTRODUCER_INELIGIBLE
        return Verdict(accepted=False, reason=reason, reasons=(cite(pack, reason, count=count),))
    return Verdict(accepted=True, reasons=(cite(pack, "introducers_eligible"),))


def judge_contacts(pack: AdmissionPack, given: Sequence[Introducer], on: date) -> Verdict:
    """Judge the contacts: one or two full members (第九条)."""
    count = number(pack, "contacts", on)
    accepted = 0 < len(given) <= count and all(i.is_full and not i.is_barred for i in given)
    said = () if accepted else (cite(pack, "contact_ineligible", count=count),)
    return Verdict(accepted=accepted, reasons=said)


def judge_start(pack: AdmissionPack, on: date, leaving_on: date | None) -> Verdict:
    """Judge whether to begin: who leaves within three months is normally not admitted (第十九条).

    The last day of the three months still lies within them.
    """
    months = number(pack, "leaving_months", on)
    until = add_months(on, months)
    if leaving_on is not None and leaving_on <= until:
        reason = Reason.LEAVING_WITHIN_3_MONTHS
        said = (cite(pack, reason, months=months, until=until),)
        return Verdict(accepted=False, reason=reason, reasons=said)
    return Verdict(accepted=True, reasons=(cite(pack, "not_leaving", months=months),))


_MEETING = "meeting_invalid", "meeting_valid"


def judge_vote(pack: AdmissionPack, votes: Votes) -> Verdict:
    """Judge a vote: more than half of those due present, and in favour (第二十、二十一条).

    Opinions that were written before count as votes, not as attendance. Raises `VotesContradict`.
    """
    if (
        votes.present > votes.due
        or votes.yes_present > votes.present
        or votes.yes_written > votes.due - votes.present
    ):
        raise VotesContradict(
            "到会、赞成或者书面赞成的人数超过应有的人数",
            "more than there can be are present or in favour",
        )
    needed, yes = votes.due // 2 + 1, votes.yes_present + votes.yes_written
    is_valid = 2 * votes.present > votes.due
    passed = is_valid and yes >= needed
    said = (
        cite(pack, _MEETING[is_valid], present=votes.present, due=votes.due),
        cite(pack, "passed" if yes >= needed else "not_passed", yes=yes, needed=needed),
    )
    return Verdict(
        accepted=passed, passed=passed, meeting_valid=is_valid, votes_needed=needed, reasons=said
    )


def judge_decision(pack: AdmissionPack, meeting_on: date, on: date) -> Verdict:
    """Judge the day of a committee's decision: three months, six at the most (第二十六条)."""
    deadline = after(pack, "decision_months", meeting_on)
    latest = after(pack, "latest_decision_months", meeting_on)
    if on < meeting_on:
        early = cite(pack, "before_it_began")
        return Verdict(accepted=False, earliest=meeting_on, deadline=deadline, reasons=(early,))
    result, accepted = DecisionResult.ON_TIME, True
    if on > deadline:
        result = DecisionResult.LATE_NEEDS_SPECIAL_REASON
    if on > latest:
        result, accepted = DecisionResult.VOID_REDO, False
    months = number(pack, "decision_months", meeting_on)
    said = cite(pack, result, months=months, deadline=deadline, latest=latest)
    return Verdict(accepted=accepted, deadline=deadline, result=result, reasons=(said,))


def judge_conversion_decision(pack: AdmissionPack, meeting_on: date, on: date) -> Verdict:
    """Judge the day on which a committee decides on a conversion: three months (第三十四条)."""
    deadline = after(pack, "conversion_decision_months", meeting_on)
    if on <= deadline:
        return Verdict(accepted=True, deadline=deadline, result=DecisionResult.ON_TIME)
    late = DecisionResult.LATE_NEEDS_SPECIAL_REASON
    said = (cite(pack, "conversion_late", deadline=deadline),)
    return Verdict(accepted=True, deadline=deadline, result=late, reasons=said)


def judge_extension(
    pack: AdmissionPack, probation_ends: date, months: int, previous: int
) -> Verdict:
    """Judge an extension: once, six to twelve months (第三十二条)."""
    low, high = (
        number(pack, name, probation_ends)
        for name in ("extension_from_months", "extension_to_months")
    )
    reason = None
    if previous >= number(pack, "extensions", probation_ends):
        reason = Reason.ALREADY_EXTENDED
    elif not low <= months <= high:
        reason = Reason.EXTENSION_OUT_OF_RANGE
    if reason is not None:
        said = (cite(pack, reason, low=low, high=high),)
        return Verdict(accepted=False, probation_ends=probation_ends, reason=reason, reasons=said)
    until = add_months(probation_ends, months)
    said = (cite(pack, "extended", until=until),)
    return Verdict(accepted=True, probation_ends=until, reasons=said)


def probation_end(pack: AdmissionPack, meeting_on: date) -> date:
    """Give the day on which the probation ends that began with the branch meeting (党章 第七条)."""
    return after(pack, "probation_months", meeting_on)


def judge_conversion(
    pack: AdmissionPack,
    ends_on: date,
    meeting_on: date,
    moved_on: date | None = None,
    *,
    is_approved: bool | None = None,
) -> Verdict:
    """Judge a conversion: not before the probation is over; standing counts from its end.

    Of one who moved, it may wait some months longer; the standing is dated back all the same.
    """
    said = [cite(pack, "probation_ends", until=ends_on)]
    deadline = None if moved_on is None else after(pack, "transferred_months", ends_on)
    early = meeting_on < ends_on
    if early:
        said.insert(0, cite(pack, Reason.PROBATION_NOT_FINISHED, earliest=ends_on))
    elif is_approved is False:
        said.insert(0, cite(pack, "not_approved"))
    else:
        said.append(cite(pack, "standing_from", standing=ends_on))
    accepted = not early and is_approved is not False
    return Verdict(
        accepted=accepted,
        earliest=ends_on,
        deadline=deadline,
        probation_ends=ends_on,
        party_standing_from=ends_on if accepted else None,
        reason=Reason.PROBATION_NOT_FINISHED if early else None,
        reasons=tuple(said),
    )
