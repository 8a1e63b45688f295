"""Judging what a check describes; nothing is read from the records and nothing is stored."""

from collections.abc import Callable
from datetime import UTC, date
from typing import TypeVar

from app.core.clock import SHANGHAI
from app.core.errors import wrong
from app.elections import logic, queries
from app.elections.schemas import TallyCheck
from app.elections.types import (
    Compute,
    CongressCase,
    ElectionPack,
    Exclusion,
    Protocol,
    Roster,
    TallyVerdict,
)
from app.terms import logic as terms
from app.terms import queries as term_rules
from app.terms.schemas import TermCheck
from app.terms.types import Extension, NextElection, TermVerdict

T = TypeVar("T")


def check(asked: TallyCheck | TermCheck, today: date) -> TallyVerdict | TermVerdict:
    """Judge an election or a term.

    Raises `Invalid` when what the question needs is missing, `ProtocolContradicts` for counts that
    cannot all be true.
    """
    if isinstance(asked, TermCheck):
        return check_term(asked, today)
    return _ASKED[asked.compute](queries.pack(), asked)


def _needed(value: T | None, field: str) -> T:
    """Give `value`, or raise `Invalid` where the check needs it."""
    if value is None:
        raise wrong(field, f"缺少 {field}", f"{field} is needed", "missing")
    return value


def check_term(asked: TermCheck, today: date) -> TermVerdict:
    """Judge a term on the day that is given, in Asia/Shanghai."""
    rules = term_rules.pack()
    if not terms.has_term(rules, asked.unit_type):
        return terms.no_term(rules, asked.unit_type)
    if asked.today is not None:
        today = asked.today
    elif (instant := asked.now_utc) is not None:
        today = (
            (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(SHANGHAI).date()
        )
    extension = following = None
    if asked.extension is not None:
        extension = Extension(asked.extension.until, asked.extension.superior_approved)
    if (later := asked.next_election) is not None:
        following = NextElection(later.held_on, later.superior_approved)
    return terms.check(
        rules,
        asked.unit_type,
        asked.locale,
        _needed(asked.elected_on, "elected_on"),
        today,
        old_term_years=asked.old_term_years,
        extension=extension,
        next_election=following,
    )


def _due(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    roster = Roster(**_needed(asked.roster, "roster").model_dump())
    exclusions = [
        Exclusion(e.reason, e.superior_approved, e.meeting_passed) for e in asked.exclusions
    ]
    return logic.count_due(pack, roster, exclusions, asked.approved_exclusions)


def _ballots(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    names = list(dict.fromkeys([*asked.candidates, *asked.write_ins]))
    seats, ballots = _needed(asked.seats, "seats"), _needed(asked.ballots, "ballots")
    return logic.judge_ballots(pack, seats, names, ballots)


def _cast(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    voter = _needed(asked.voter, "voter")
    return logic.judge_cast(pack, is_present=voter.present, has_proxy=bool(voter.proxy_by))


def _nomination(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    stated = asked.candidate_count
    count = _needed(stated if stated is not None else len(asked.candidates) or None, "candidates")
    return logic.nominate(pack, asked.position, _needed(asked.seats, "seats"), count)


def _committee_size(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    kind, seats = _needed(asked.unit_type, "unit_type"), _needed(asked.seats, "seats")
    return logic.judge_size(pack, kind, asked.full_members, seats)


def _congress_mode(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    cases = [
        CongressCase(c.members, c.scattered, c.superior_approved)
        for c in _needed(asked.cases, "cases")
    ]
    return logic.judge_congress(pack, cases)


def _protocol(pack: ElectionPack, asked: TallyCheck) -> TallyVerdict:
    due = asked.due
    if due is None and asked.roster is not None:
        due = _due(pack, asked).due
    known = (due, asked.present, asked.ballots_collected, asked.ballots)
    _needed(next((k for k in known if k is not None), None), "present")
    protocol = Protocol(
        present=asked.present,
        due=due,
        position=asked.position,
        seats=asked.seats,
        candidates=asked.candidates,
        write_ins=asked.write_ins,
        votes=asked.votes,
        ballots=asked.ballots,
        ballots_issued=asked.ballots_issued,
        ballots_collected=asked.ballots_collected,
        reduce_seats_consent=asked.reduce_seats_consent,
    )
    return logic.tally(pack, protocol)


_ASKED: dict[Compute | None, Callable[[ElectionPack, TallyCheck], TallyVerdict]] = {
    None: _protocol,
    Compute.DUE: _due,
    Compute.BALLOTS: _ballots,
    Compute.CAST: _cast,
    Compute.NOMINATION: _nomination,
    Compute.COMMITTEE_SIZE: _committee_size,
    Compute.CONGRESS_MODE: _congress_mode,
}
