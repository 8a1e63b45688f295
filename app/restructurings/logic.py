"""Pure decisions about restructurings: order, words, what the regulations ask."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.core.errors import Invalid, Text, wrong
from app.organizations.types import OrganizationKind as Kind
from app.restructurings.errors import FindingLeavesChoice, RestructuringOutOfOrder
from app.restructurings.types import Requirement
from app.restructurings.types import RestructuringStatus as Status
from app.restructurings.types import RestructuringStep as Step
from app.rules.types import Finding, Suggestion
from app.simulations.logic import WORDS
from app.simulations.types import (
    Action,
    ActionKind,
    Convert,
    Merge,
    Move,
    Outcome,
    Split,
    Tree,
)

TERMS: dict[Status, Text] = {
    Status.DRAFT: Text("草案", "a draft"),
    Status.SUBMITTED: Text("已上报", "submitted"),
    Status.APPROVED: Text("已批准", "approved"),
    Status.APPLIED: Text("已执行", "applied"),
    Status.REVERSED: Text("已撤回执行", "taken back"),
    Status.REJECTED: Text("不予批准", "rejected"),
    Status.WITHDRAWN: Text("已撤回", "withdrawn"),
}
MOVES: dict[Step, tuple[frozenset[Status], Status]] = {
    Step.SUBMITTED: (frozenset({Status.DRAFT}), Status.SUBMITTED),
    Step.APPROVED: (frozenset({Status.SUBMITTED}), Status.APPROVED),
    Step.REJECTED: (frozenset({Status.SUBMITTED}), Status.REJECTED),
    Step.WITHDRAWN: (
        frozenset({Status.DRAFT, Status.SUBMITTED, Status.APPROVED}),
        Status.WITHDRAWN,
    ),
    Step.APPLIED: (frozenset({Status.APPROVED}), Status.APPLIED),
    Step.REVERSED: (frozenset({Status.APPLIED}), Status.REVERSED),
}
"""From which states each step leads, and to which."""
OPEN = frozenset({Status.DRAFT, Status.SUBMITTED, Status.APPROVED})


def moved(status: Status, step: Step) -> Status:
    """Give the state to which `step` leads, or raise `RestructuringOutOfOrder`."""
    allowed, to = MOVES[step]
    check_state(status, allowed)
    return to


def check_state(status: Status, allowed: Iterable[Status]) -> None:
    """Raise `RestructuringOutOfOrder` unless `status` is one of the `allowed`."""
    wanted = sorted(allowed, key=list(Status).index)
    if status not in wanted:
        zh = "或".join(f"“{TERMS[s].zh}”" for s in wanted)
        en = " or ".join(TERMS[s].en for s in wanted)
        raise RestructuringOutOfOrder(
            f"该调整为“{TERMS[status].zh}”，此操作只适用于{zh}的调整",
            f"it is {TERMS[status].en}; it must be {en}",
            state=status.value,
        )


def check_day(on: date, not_before: date | None, today: date) -> None:
    """Raise `Invalid` for a day in the future or before the step that came last."""
    if on > today or (not_before is not None and on < not_before):
        zh, en = "日期不能晚于今天，也不能早于上一步", "`on` is after today or before the last step"
        raise wrong("on", zh, en, "day")


# ── Words


def title(actions: Sequence[Action], tree: Tree) -> str:
    """Say in a line what is proposed: the first action, and how many more."""
    first = _said(actions[0], tree)
    return first if len(actions) == 1 else f"{first}等{len(actions)}项"


def _said(action: Action, tree: Tree) -> str:
    def name(organization_id: UUID) -> str:
        return tree[organization_id].name if organization_id in tree else "新设党组织"

    match action:
        case Convert():
            return f"{name(action.organization_id)}改设{WORDS[action.kind][0]}"
        case Merge():
            return f"{name(action.organization_id)}并入{name(action.into_id)}"
        case Move():
            return f"{name(action.organization_id)}划归{name(action.parent_id)}"
        case Split():
            return f"拆分{name(action.organization_id)}"
        case _:
            word = _WORDS[action.action]
            return f"{word}{name(action.named[0])}" if word != "成立" else f"成立{action.name}"  # type: ignore[union-attr]


_WORDS = {ActionKind.DISSOLVE: "撤销", ActionKind.FOUND: "成立", ActionKind.REDRAW: "调整社区："}

# ── Findings


def answer(suggestion: Suggestion | None, organization_id: UUID) -> Action:
    """Give the action that a finding suggests, or raise `FindingLeavesChoice`."""
    to = (
        {
            Suggestion.UPGRADE_TO_COMMITTEE: Kind.PARTY_COMMITTEE,
            Suggestion.DOWNGRADE_TO_BRANCH: Kind.PARTY_BRANCH,
        }.get(suggestion)
        if suggestion
        else None
    )
    if to is None:
        raise FindingLeavesChoice
    return Convert(organization_id, to)


def compared(old: Sequence[Finding], new: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Tell findings that close, that open and that stay."""

    def key(finding: Finding) -> tuple[UUID, str, str]:
        return finding.organization_id, finding.pack, finding.rule

    before, after = {key(f) for f in old}, {key(f) for f in new}
    return {
        "findings_closed": [f for f in old if key(f) not in after],
        "findings_opened": [f for f in new if key(f) not in before],
        "findings_kept": [f for f in new if key(f) in before],
    }


# ── What the regulations ask

_STATUTE = "《中国共产党章程》第三十条"
_BRANCHES = "《中国共产党支部工作条例（试行）》（2018）第二章"
_ELECTIONS = "《中国共产党基层组织选举工作条例》（2020）"
APPROVAL = Requirement(
    "superior_approval",
    Text("报上级党组织批准，取得批复文号", "The level above approves, with a document number"),
    _STATUTE,
)
REQUEST = Requirement(
    "written_request",
    Text("由基层单位提出书面申请（请示）", "The unit asks in writing"),
    _BRANCHES,
)
FILING = Requirement(
    "filing",
    Text(
        "批复后报上级党委组织部门备案",
        "The department of the committee above files it",
    ),
    _BRANCHES,
)
ELECTION = Requirement(
    "new_election",
    Text(
        "由党员大会或者党员代表大会选举新的委员会，书记、副书记报上级批准",
        "A new committee is elected; secretary and deputy are approved from above",
    ),
    _ELECTIONS,
)
MEMBERS = Requirement(
    "member_roll",
    Text("列出随组织划转的党员名册", "The roll of the members who move along"),
    "本系统做法",
)
_COUNTY = Text("报县级地方党委批准", "The county's committee approves")
_KINDS = frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH, Kind.TEMPORARY_BRANCH})


def requirements(outcome: Outcome, moving: int, county: Iterable[str]) -> list[Requirement]:
    """List the papers and approvals that are asked for.

    `county` are the sources that ask for the county's approval, `moving` counts members.
    """
    kinds = {outcome.before[s.organization_id].kind for s in outcome.subjects}
    actions = {s.action for s in outcome.subjects}
    founded = {outcome.after[i].kind for i in outcome.founded}
    found = [APPROVAL]
    if founded & _KINDS:
        found.insert(0, REQUEST)
    if (kinds | founded) & _KINDS and actions - {ActionKind.MOVE}:
        found.append(FILING)
    found += (Requirement("county_approval", _COUNTY, s) for s in sorted(set(county)))
    if ActionKind.CONVERT in actions or founded - {Kind.PARTY_GROUP, Kind.TEMPORARY_BRANCH}:
        found.append(ELECTION)
    if moving:
        found.append(MEMBERS)
    return found


def resolved(value: Any, new: Sequence[UUID]) -> Any:
    """Write the ids of the organisations to be founded in the place of `new-1` and so on."""
    if isinstance(value, dict):
        return {k: resolved(v, new) if _holds_ids(k, v) else v for k, v in value.items()}
    if isinstance(value, list):
        return [resolved(v, new) for v in value]
    if isinstance(value, str) and value.startswith("new-"):
        number = int(value.removeprefix("new-"))
        if number > len(new):
            raise Invalid(f"没有第 {number} 个新设党组织", f"{value} is not founded here")
        return str(new[number - 1])
    return value


def _holds_ids(key: str, value: Any) -> bool:
    return key == "id" or key.endswith(("_id", "_ids")) or isinstance(value, dict | list)


def with_ids(given: Sequence[dict[str, Any]], make: Callable[[], UUID]) -> list[dict[str, Any]]:
    """Give actions as they are kept: whatever they found has its id, in the order it is named."""
    new: list[UUID] = []

    def begun() -> str:
        new.append(make())
        return str(new[-1])

    made = []
    for action in given:
        match action["action"]:
            case ActionKind.FOUND:
                made.append(action | {"id": begun()})
            case ActionKind.SPLIT:
                parts = [part | {"id": begun()} for part in action["parts"]]
                made.append(action | {"parts": parts})
            case ActionKind.REDRAW:
                drawn = [_community(c, begun) for c in action["communities"]]
                made.append(action | {"communities": drawn})
            case _:
                made.append(action)
    listed: list[dict[str, Any]] = resolved(made, new)
    return listed


def _community(given: dict[str, Any], begun: Callable[[], str]) -> dict[str, Any]:
    """Give a community its id: that of one that stands, or with a name a new one."""
    rest = {k: v for k, v in given.items() if k != "organization_id"}
    if (given["organization_id"] is None) == (given["name"] is None):
        zh, en = "社区须给出 organization_id 或者 name 之一", "a community is known, or has a name"
        raise wrong("communities", zh, en)
    if given["name"] is None:
        return rest | {"id": given["organization_id"]}
    return rest | {"id": begun()}
