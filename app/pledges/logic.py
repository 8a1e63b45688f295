"""Pure decisions about pledges: what follows what, who may pledge."""

from collections.abc import Iterable
from datetime import date

from app.core.errors import Text
from app.core.workbooks import Cell, Column, NewSheet
from app.organizations.logic import path_above
from app.organizations.types import OrganizationKind
from app.pledges.errors import CannotPledge, PledgeOutOfOrder
from app.pledges.types import (
    ExportedPledge,
    PledgeCategory,
    PledgeEventKind,
    PledgerKind,
    PledgeStatus,
)

MOST_EVIDENCE = 20
"""Pieces of evidence of one pledge."""

TERMS: dict[PledgeStatus, Text] = {
    PledgeStatus.DRAFT: Text("草稿", "a draft"),
    PledgeStatus.PUBLISHED: Text("已公开", "published"),
    PledgeStatus.COMPLETED: Text("已完成待确认", "completed"),
    PledgeStatus.CONFIRMED: Text("已确认", "confirmed"),
    PledgeStatus.WITHDRAWN: Text("已撤回", "withdrawn"),
}
CATEGORIES: dict[PledgeCategory, str] = {
    PledgeCategory.SERVICES: "为民服务",
    PledgeCategory.PARTY_BUILDING: "党的建设",
    PledgeCategory.DEVELOPMENT: "推动发展",
    PledgeCategory.LIVELIHOOD: "民生实事",
    PledgeCategory.OTHER: "其他",
}
PLEDGERS: dict[PledgerKind, str] = {
    PledgerKind.ORGANIZATION: "党组织",
    PledgerKind.MEMBER: "党员",
}

# ── What follows what

MOVES: dict[PledgeEventKind, tuple[frozenset[PledgeStatus], PledgeStatus]] = {
    PledgeEventKind.PUBLISHED: (frozenset({PledgeStatus.DRAFT}), PledgeStatus.PUBLISHED),
    PledgeEventKind.COMPLETED: (frozenset({PledgeStatus.PUBLISHED}), PledgeStatus.COMPLETED),
    PledgeEventKind.RETURNED: (frozenset({PledgeStatus.COMPLETED}), PledgeStatus.PUBLISHED),
    PledgeEventKind.CONFIRMED: (frozenset({PledgeStatus.COMPLETED}), PledgeStatus.CONFIRMED),
    PledgeEventKind.WITHDRAWN: (
        frozenset({PledgeStatus.DRAFT, PledgeStatus.PUBLISHED}),
        PledgeStatus.WITHDRAWN,
    ),
}
"""From which states each step leads, and to which."""


def check_state(status: PledgeStatus, allowed: Iterable[PledgeStatus]) -> None:
    """Raise `PledgeOutOfOrder` unless a pledge in `status` is in one of the `allowed` states."""
    wanted = sorted(allowed, key=list(PledgeStatus).index)
    if status not in wanted:
        zh = "或".join(f"“{TERMS[s].zh}”" for s in wanted)
        en = " or ".join(TERMS[s].en for s in wanted)
        raise PledgeOutOfOrder(
            f"该承诺为“{TERMS[status].zh}”，此操作只适用于{zh}的承诺",
            f"the pledge is {TERMS[status].en}; it must be {en}",
            state=status.value,
        )


def moved(status: PledgeStatus, step: PledgeEventKind) -> PledgeStatus:
    """Give the state to which `step` leads, or raise `PledgeOutOfOrder`."""
    allowed, to = MOVES[step]
    check_state(status, allowed)
    return to


# ── Who pledges, and who stands above


def check_pledger(kind: OrganizationKind) -> None:
    """Raise `CannotPledge` for a kind of organisation that makes no pledges of its own."""
    if kind == OrganizationKind.DISTRICT_COMMITTEE:
        raise CannotPledge(
            "区委在本系统中没有上级党组织，无人确认其承诺",
            "nobody stands above the district's root to confirm its pledges",
        )
    if kind == OrganizationKind.PARTY_GROUP:
        raise CannotPledge(
            "党小组不是一级党组织，请以党支部或党员名义承诺",
            "a group pledges as its branch or as its members",
        )


def judged_at(path: str, pledger: PledgerKind, kind: OrganizationKind) -> str:
    """Give the path of the organisation that confirms or returns a pledge.

    An organisation's is judged from above it, a member's by the branch. A group (党小组) is no
    level of the Party's organisation: what its members pledge, its branch judges.
    """
    if pledger == PledgerKind.ORGANIZATION or kind == OrganizationKind.PARTY_GROUP:
        return path_above(path)
    return path


# ── The export

_COLUMNS = (
    Column(title="承诺主体"),
    Column(title="党组织", width=30),
    Column(title="党员"),
    Column(title="承诺事项", width=40),
    Column(title="承诺内容", width=40),
    Column(title="类别"),
    Column(title="完成期限", kind="date"),
    Column(title="状态"),
    Column(title="是否逾期"),
    Column(title="公开日期", kind="date"),
    Column(title="完成日期", kind="date"),
    Column(title="确认日期", kind="date"),
    Column(title="撤回日期", kind="date"),
    Column(title="退回或撤回原因", width=30),
    Column(title="佐证件数", kind="number"),
)


def export_sheet(rows: Iterable[ExportedPledge]) -> NewSheet:
    """Give the sheet of an export of pledges."""
    return NewSheet(name="承诺事项", columns=_COLUMNS, rows=map(_exported, rows))


def _exported(row: ExportedPledge) -> tuple[Cell, ...]:
    """Write the codes of a record as words."""

    def day(value: object) -> date | None:
        return value if isinstance(value, date) else None

    return (
        PLEDGERS[PledgerKind(row.pledger_kind)],
        row.organization_name,
        row.member_name,
        row.title,
        row.content,
        CATEGORIES[PledgeCategory(row.category)],
        day(row.due_on),
        TERMS[PledgeStatus(row.status)].zh,
        "是" if row.is_overdue else "否",
        day(row.published_on),
        day(row.completed_on),
        day(row.confirmed_on),
        day(row.withdrawn_on),
        row.reason,
        row.evidence_count,
    )
