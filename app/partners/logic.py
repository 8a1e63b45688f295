"""Pure decisions about units: days, what covers by whom, what follows what."""

from datetime import date, timedelta
from uuid import UUID

from app.core.errors import Invalid, Text
from app.partners.errors import NotNewSector, NotReporter, OwnProblem, ProblemOutOfOrder
from app.partners.types import (
    BY_ORGANIZATION,
    NEW_SECTOR,
    CoverageMode,
    ProblemStatus,
    UnitKind,
)

TERMS = {
    ProblemStatus.OPEN: Text("待解决", "open"),
    ProblemStatus.SOLVED: Text("已解决待确认", "solved"),
    ProblemStatus.CONFIRMED: Text("已确认", "confirmed"),
}


def check_days(first: date, end: date | None) -> None:
    """Raise `Invalid` for what ends before it begins."""
    if end is not None and end < first:
        raise Invalid("结束日期不能早于开始日期", "it ends before it begins")


def overlap(first: date, end: date | None, other_first: date, other_end: date | None) -> bool:
    """Tell whether two half-open periods have a day in common."""
    latest = max(first, other_first)
    return all(to is None or latest < to for to in (end, other_end))


def check_new_sector(kind: UnitKind) -> None:
    """Raise `NotNewSector` unless coverage is counted of units of this kind."""
    if kind not in NEW_SECTOR:
        raise NotNewSector


def check_by_whom(mode: CoverageMode, covering_id: UUID | None, member_id: UUID | None) -> None:
    """Raise `Invalid` unless a coverage names whom its mode asks for, and nobody else."""
    if (mode in BY_ORGANIZATION) != (covering_id is not None):
        raise Invalid(
            "单独、联合、区域组建须指明覆盖的党组织，其他方式不填",
            "a coverage by an organisation names covering_id, and no other does",
        )
    if (mode == CoverageMode.INSTRUCTOR) != (member_id is not None):
        raise Invalid(
            "党建指导员须指明党员，其他方式不填", "an instructor's names member_id, and no other"
        )


def period(day: date, first: date | None, last: date | None) -> tuple[date, date]:
    """Give the first day of a period, and the day after its last; it ends with `day` at latest.

    Without `first` it begins with its last day's calendar year. Where nothing is left the two are
    one day.
    """
    end = min(last or day, day)
    begin = first or end.replace(month=1, day=1)
    return begin, max(begin, end + timedelta(days=1))


# ── Problems


def check_state(status: ProblemStatus, wanted: ProblemStatus) -> None:
    """Raise `ProblemOutOfOrder` unless a problem is in the state `wanted`."""
    if status != wanted:
        is_now, must = TERMS[status], TERMS[wanted]
        raise ProblemOutOfOrder(
            f"该问题为“{is_now.zh}”，此操作只适用于“{must.zh}”的问题",
            f"the problem is {is_now.en}; it must be {must.en}",
            state=status.value,
        )


def check_solver(account_id: UUID, reported_by: UUID) -> None:
    """Raise `OwnProblem` for who reported it."""
    if account_id == reported_by:
        raise OwnProblem


def check_reporter(account_id: UUID, reported_by: UUID) -> None:
    """Raise `NotReporter` for anybody else."""
    if account_id != reported_by:
        raise NotReporter
