"""Pure decisions: what a roster changes in the records, and what it may not."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from app.core import crypto
from app.core.tables import RowError
from app.imports.types import Change, Plan, Recorded
from app.members.types import FINAL, MemberCategory, MemberStatus
from app.organizations.types import OrganizationKind
from app.rosters.types import MemberRow, OrganizationRow, Roster

MEMBER_FACTS = (
    "name",
    "sex",
    "ethnicity",
    "born_on",
    "education",
    "joined_on",
    "full_on",
    "is_mobile",
)
ORGANIZATION_FACTS = ("sector", "is_grid", "term_started_on", "due_on")


def plan_import(
    roster: Roster,
    as_of: date,
    known: list[Recorded],
    recorded: dict[bytes, Recorded],
    indexes: list[bytes],
    *,
    is_old: bool = False,
) -> Plan:
    """Compare the file with the records, row by row.

    `is_old`: a roster of a later day was taken, so this one corrects nothing.
    """
    plan = Plan(list(roster.errors))
    if not (roster.organizations or roster.members or plan.errors):
        plan.errors.append(RowError("", 0, "", "empty", "文件中没有可导入的数据行，请填写后再导入"))
    names = {k.organization_id: k.name for k in known}
    by_key = {_key(k.kind, names.get(k.parent_id), k.name): k for k in known}
    for row in roster.organizations:
        old = by_key.get(_key(row.kind, row.parent_name, row.name)) or by_key.get((None, row.name))
        if old is None:
            plan.new_organizations.append(row)
        else:
            _compare_organization(plan, row, old, names, as_of, roster.columns[row.sheet])
    for member, index in zip(roster.members, indexes, strict=True):
        found = recorded.get(index)
        if found is None:
            plan.new_members.append((member, index))
        else:
            _compare_member(
                plan, member, found, names, as_of, roster.columns[member.sheet], is_old=is_old
            )
    return plan


def _compare_organization(
    plan: Plan,
    row: OrganizationRow,
    old: Recorded,
    names: dict[UUID, str],
    as_of: date,
    columns: Collection[str],
) -> None:
    facts = [f for f in ORGANIZATION_FACTS if f in columns]  # what it does not speak of stays
    differs = [f for f in facts if getattr(row, f) != getattr(old, f)]
    if refused := _organization_refused(row, old, names, as_of, differs=bool(differs)):
        plan.errors.append(refused)
    if differs:
        plan.changed_organizations.append((row, old, differs))
        plan.changes.append(Change(row.sheet, row.row, row.name, differs))


def _compare_member(
    plan: Plan,
    row: MemberRow,
    old: Recorded,
    names: dict[UUID, str],
    as_of: date,
    columns: Collection[str],
    *,
    is_old: bool,
) -> None:
    facts, moved = _member_differs(row, old, names, columns)
    is_late = bool(facts and is_old) or bool(moved and old.valid_from > as_of)
    if refused := _member_refused(row, old, is_late=is_late):
        plan.errors.append(refused)
    if facts:
        plan.changed_members.append((row, old, facts))
    if moved:
        plan.moved_members.append((row, old))
    if facts or moved:
        plan.changes.append(Change(row.sheet, row.row, row.name, facts + moved))


def _key(kind: str, parent_name: str | None, name: str) -> tuple[str | None, str]:
    """Name an organisation uniquely: 第一党小组 stands in many branches."""
    return (parent_name if kind == OrganizationKind.PARTY_GROUP else None, name)


def _organization_refused(
    row: OrganizationRow, old: Recorded, names: dict[UUID, str], as_of: date, *, differs: bool
) -> RowError | None:
    parent = names.get(old.parent_id, "")
    if row.kind != old.kind:
        return RowError(
            row.sheet,
            row.row,
            "kind",
            "kind_differs",
            "组织类别与系统记录不一致；类别变更须经调整程序，请核对后改回系统中的类别",
        )
    if row.parent_name != parent:
        return RowError(
            row.sheet,
            row.row,
            "parent_name",
            "parent_differs",
            f"上级党组织与系统记录（{parent}）不一致；隶属变更须经调整程序，请核对后改回",
        )
    if differs and old.valid_from > as_of:
        return RowError(row.sheet, row.row, "as_of", "recorded_later", _LATER)
    return None


_LATER = "系统中已有晚于本花名册截止日期的记录，请使用最新的花名册"


def _member_differs(
    row: MemberRow, old: Recorded, names: dict[UUID, str], columns: Collection[str]
) -> tuple[list[str], list[str]]:
    facts = [f for f in MEMBER_FACTS if f in columns and getattr(row, f) != getattr(old, f)]
    index = row.phone and crypto.keys().blind_index(f"phone:{row.phone}")
    if "phone" in columns and index != old.phone_index:
        facts.append("phone")
    moved = ["category"] if row.category != old.category else []
    if row.organization_name != names.get(old.organization_id):
        moved.append("organization_name")
    return facts, moved


def _member_refused(row: MemberRow, old: Recorded, *, is_late: bool) -> RowError | None:
    if MemberStatus(old.status) in FINAL:
        message = "该党员在系统中已办理转出、去世、退党或除名等手续，请核对；如无误请从花名册中删除"
        return RowError(row.sheet, row.row, "id_number", "membership_ended", message)
    if old.category == MemberCategory.FULL and row.category != MemberCategory.FULL:
        message = "该党员在系统中已是正式党员，不能改回预备党员，请核对人员类别和公民身份号码"
        return RowError(row.sheet, row.row, "category", "category_back", message)
    if old.is_in_admission and old.category != row.category:
        message = (
            "该同志在系统中是预备党员且发展档案正在办理，转正请在发展党员中报批，请先改回人员类别"
        )
        return RowError(row.sheet, row.row, "category", "admission_open", message)
    if is_late:
        return RowError(row.sheet, row.row, "as_of", "recorded_later", _LATER)
    return None


def count(roster: Roster, plan: Plan) -> dict[str, Any]:
    """Count what the file holds against what is recorded."""
    changed = {m.row for m, *_ in plan.changed_members} | {m.row for m, _ in plan.moved_members}

    def tally(rows: int, new: int, differing: int) -> dict[str, int]:
        same = max(rows - new - differing, 0)
        return {"rows": rows, "new": new, "changed": differing, "unchanged": same}

    return {
        "organizations": tally(
            len(roster.organizations), len(plan.new_organizations), len(plan.changed_organizations)
        ),
        "members": tally(len(roster.members), len(plan.new_members), len(changed)),
        "ignored_rows": sum(roster.ignored.values()),
    }
