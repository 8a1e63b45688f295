"""Pure decisions about villages' collective economy."""

from datetime import date

from app.core.errors import wrong
from app.economy.errors import ContractNotOpen, OwnProject, ProjectDecided
from app.economy.types import ContractFinding, VillageProjectStatus


def last_year(day: date) -> int:
    """Give the last year that has ended by `day`; 31 December ends its own."""
    return day.year if (day.month, day.day) == (12, 31) else day.year - 1


def check_year(year: int, today: date) -> None:
    """Raise `Invalid` for a year that has not ended."""
    if year > last_year(today):
        raise wrong("year", "该年度尚未结束", "the year has not ended")


def check_day(field: str, day: date, today: date, since: date | None = None) -> None:
    """Raise `Invalid` for a day in the future, or one before what it follows."""
    if day > today:
        raise wrong(field, "日期不能晚于今天", f"{field} lies in the future")
    if since is not None and day < since:
        raise wrong(field, f"日期不能早于{since}", f"{field} lies before {since}")


def check_unresolved(resolved_on: date | None) -> None:
    """Raise `ContractNotOpen` once a contract was resolved."""
    if resolved_on is not None:
        raise ContractNotOpen("该合同已清理", "the contract was resolved")


def check_open(finding: ContractFinding, resolved_on: date | None) -> None:
    """Raise `ContractNotOpen` unless a contract is irregular and not yet resolved."""
    if finding != ContractFinding.IRREGULAR:
        raise ContractNotOpen("该合同合规，无须清理", "the contract is regular")
    check_unresolved(resolved_on)


def check_applied(status: VillageProjectStatus) -> None:
    """Raise `ProjectDecided` once an application was approved or rejected."""
    if status != VillageProjectStatus.APPLIED:
        raise ProjectDecided


def check_decider(is_recorder: bool) -> None:
    """Raise `OwnProject` for the account that recorded the application."""
    if is_recorder:
        raise OwnProject
