"""Pure decisions about programmes and documents."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.core.caller import Subtree
from app.core.errors import wrong
from app.organizations.types import OrganizationKind, Sector
from app.programmes.errors import DocumentRepealed, NotAStreet, ProgrammeOver
from app.programmes.types import DocumentKind, ProgrammeFamily


def check_family(family: ProgrammeFamily, *, has_plan: bool, has_end: bool) -> None:
    """Raise `Invalid` for a plan without an end or of a plan, or an area of no plan."""
    if family == ProgrammeFamily.PLAN:
        if has_plan:
            raise wrong("plan_id", "计划不属于另一计划", "a plan is part of no plan")
        if not has_end:
            raise wrong("ends_on", "请填写计划的最后一天", "a plan has a last day")
    if family == ProgrammeFamily.PLAN_AREA and not has_plan:
        raise wrong("plan_id", "请指明所属计划", "say of which plan it is an area")


def check_period(starts_on: date, ends_on: date | None) -> None:
    """Raise `Invalid` for a last day before the first."""
    if ends_on is not None and ends_on < starts_on:
        raise wrong("ends_on", "结束日期不能早于开始日期", "it ends before it begins")


def check_running(ends_on: date | None, today: date) -> None:
    """Raise `ProgrammeOver` after the last day."""
    if ends_on is not None and ends_on < today:
        raise ProgrammeOver


def check_issued(issued_on: date, today: date) -> None:
    """Raise `Invalid` for a document of tomorrow."""
    if issued_on > today:
        raise wrong("issued_on", "印发日期不能晚于今天", "it is not issued yet")


def check_repeal(repealed_on: date | None, issued_on: date, day: date) -> None:
    """Raise `DocumentRepealed`, or `Invalid` for a day before the issue."""
    if repealed_on is not None:
        raise DocumentRepealed
    if day < issued_on:
        raise wrong("repealed_on", "废止日期不能早于印发日期", "it is repealed before its issue")


def check_street(kind: DocumentKind, organization: str, sector: str | None) -> None:
    """Raise `NotAStreet` for a decision to plan anew of what is no street's committee."""
    is_street = (organization, sector) == (OrganizationKind.WORKING_COMMITTEE, Sector.STREET)
    if kind == DocumentKind.REPLAN_DECISION and not is_street:
        raise NotAStreet


def check_set(values: Mapping[str, Any], nullable: Iterable[str]) -> None:
    """Raise `Invalid` for a null that a field does not take."""
    for name, value in values.items():
        if value is None and name not in nullable:
            raise wrong(name, f"{name} 不能为空", f"{name} cannot be null")


def paths_above(place: Subtree) -> list[str]:
    """Give the paths of what a subtree lies under, from the root down; its own is none of them."""
    labels = place.path.split(".")[:-1]
    return [".".join(labels[:depth]) + "." for depth in range(1, len(labels))]
