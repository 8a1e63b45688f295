"""Pure decisions about election cycles: order, days, seats, candidates, who is due."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from app.core.caller import Subtree
from app.core.clock import add_months
from app.core.errors import Invalid
from app.cycles.errors import (
    CongressNotAllowed,
    ExtensionTooLong,
    HoldsNoElection,
    NotOverdue,
    OutOfOrder,
    PublishedTooShortly,
    SeatsNotAllowed,
    TooEarly,
    TooFewCandidates,
)
from app.cycles.types import (
    CycleStatus,
    ElectingBody,
    Position,
    Practice,
    Seats,
)
from app.members.types import MemberCategory, MemberStatus
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector

Status = CycleStatus
ELECTING = frozenset({Kind.PARTY_COMMITTEE, Kind.GENERAL_BRANCH, Kind.PARTY_BRANCH})
ELECTING |= {Kind.JOINT_BRANCH}
"""A working committee is appointed, a temporary branch has no election (支部工作条例 第二章)."""
_BRANCHES = frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH})
COMMITTEE_FROM = 7
"""Full members from which a branch has a committee (支部工作条例 第六章)."""
CONGRESS_FROM = 500
"""Members from which delegates may meet (基层组织选举工作条例 第四条)."""
ORDER = (
    Status.PLANNED,
    Status.REQUESTED,
    Status.REPLIED,
    Status.NOMINATED,
    Status.PRECHECKED,
    Status.PUBLISHED,
    Status.HELD,
    Status.TALLIED,
    Status.REPORTED,
    Status.APPROVED,
)
NAMES = {
    Status.PLANNED: "已立项",
    Status.REQUESTED: "请示",
    Status.REPLIED: "批复",
    Status.NOMINATED: "提名候选人",
    Status.PRECHECKED: "上级预审",
    Status.PUBLISHED: "候选人公示",
    Status.HELD: "召开会议",
    Status.TALLIED: "计票",
    Status.REPORTED: "报告结果",
    Status.APPROVED: "批准",
    Status.CANCELLED: "取消",
}


def following(status: CycleStatus, practice: Practice) -> CycleStatus | None:
    """Name the step that comes next; None when the cycle has ended."""
    if status not in ORDER:
        return None
    left_out = set()
    if not practice.needs_precheck:
        left_out.add(Status.PRECHECKED)
    if not practice.needs_publication:
        left_out.add(Status.PUBLISHED)
    rest = ORDER[ORDER.index(status) + 1 :]
    return next((step for step in rest if step not in left_out), None)


def check_order(status: CycleStatus, step: CycleStatus, practice: Practice) -> None:
    """Raise `OutOfOrder`, naming the present step and what comes first, unless `step` is next."""
    wanted = following(status, practice)
    if step == status == Status.NOMINATED:  # until the pre-check another list may take its place
        return
    if wanted != step:
        raise out_of_order(status, wanted)


def check_open(status: CycleStatus, before: CycleStatus) -> None:
    """Raise `OutOfOrder` unless the cycle is open and has not come as far as `before`."""
    if status == Status.CANCELLED or ORDER.index(status) >= ORDER.index(before):
        raise out_of_order(status, None)


def out_of_order(status: CycleStatus, wanted: CycleStatus | None) -> OutOfOrder:
    """Make the refusal of a step at the wrong time."""
    if wanted is None:
        zh, en = f"当前为“{NAMES[status]}”，不能再办理", f"the cycle is {status}: too late for this"
    else:
        zh = f"当前为“{NAMES[status]}”，须先完成“{NAMES[wanted]}”"
        en = f"the cycle is {status}; {wanted} must come first"
    return OutOfOrder(zh, en, present=status.value, needs=wanted and wanted.value)


def check_day(on: date, not_before: date | None, today: date, field: str = "on") -> None:
    """Raise `Invalid` for a day in the future or before the step that came last."""
    if on > today:
        raise _bad_day(field, "日期不能晚于今天", "the day lies in the future")
    if not_before is not None and on < not_before:
        raise _bad_day(
            field, f"日期不能早于上一步（{not_before}）", f"before the last step ({not_before})"
        )


def _bad_day(field: str, zh: str, en: str) -> Invalid:
    error = {"field": field, "where": "body", "code": "day", "message": zh}
    return Invalid(zh, en, errors=[error])


def check_kind(kind: Kind) -> None:
    """Raise `HoldsNoElection` for kinds that are appointed or lapse by themselves."""
    if kind not in ELECTING:
        raise HoldsNoElection


def sizes(kind: Kind, sector: Sector | None, full_members: int) -> range:
    """Give the committee sizes that an organisation may elect; none for a small branch."""
    if kind in _BRANCHES:
        return range(3, 8) if full_members >= COMMITTEE_FROM else range(1)
    if kind == Kind.GENERAL_BRANCH:
        return range(5, 10)
    return range(5, 12 if sector == Sector.STATE_ENTERPRISE else 10)


def check_seats(kind: Kind, sector: Sector | None, full_members: int, seats: int) -> None:
    """Raise `SeatsNotAllowed` unless a committee of `seats` may be elected there."""
    allowed = sizes(kind, sector, full_members)
    if seats in allowed:
        return
    if allowed.stop == 1:
        raise SeatsNotAllowed(
            f"正式党员 {full_members} 名，不足 {COMMITTEE_FROM} 名的党支部不设委员会",
            f"a branch of fewer than {COMMITTEE_FROM} full members has no committee",
        )
    raise SeatsNotAllowed(
        f"委员应为 {allowed.start} 至 {allowed.stop - 1} 名",
        f"a committee has {allowed.start} to {allowed.stop - 1} members here",
    )


def check_body(kind: Kind, body: ElectingBody, members: int, *, is_scattered: bool) -> None:
    """Raise `CongressNotAllowed` where only the members' meeting elects (党章 第三十条)."""
    if body == ElectingBody.MEMBER_MEETING:
        return
    if kind != Kind.PARTY_COMMITTEE:
        raise CongressNotAllowed(
            "党总支、党支部由党员大会选举", "general branches and branches elect in a meeting"
        )
    if members < CONGRESS_FROM and not is_scattered:
        raise CongressNotAllowed(
            f"党员 {members} 名，不足 {CONGRESS_FROM} 名且不分散",
            f"{members} members, fewer than {CONGRESS_FROM} and not scattered",
        )


def least_candidates(seats: int) -> int:
    """Count the candidates that `seats` committee seats need: a fifth more, rounded up."""
    return -(-6 * seats // 5)


def check_candidates(seats: Seats, candidates: Iterable[Position]) -> None:
    """Raise `TooFewCandidates` unless committee members are 差额 and officers 等额."""
    count = Counter(candidates)
    least = least_candidates(seats.committee)
    nominated = count[Position.COMMITTEE_MEMBER]
    if nominated < least or (seats.committee == 0 and nominated):
        raise TooFewCandidates(
            f"应选委员 {seats.committee} 名，候选人至少 {least} 名，现有 {nominated} 名",
            f"{seats.committee} seats need {least} candidates or more, not {nominated}",
            min_candidates=least,
        )
    for position in (Position.SECRETARY, Position.DEPUTY_SECRETARY):
        if count[position] != seats.of(position):
            raise TooFewCandidates(
                "书记、副书记候选人数须与应选名额相等",
                f"{position}: as many candidates as seats ({seats.of(position)})",
                min_candidates=seats.of(position),
            )


def check_meeting_day(
    on: date, due_on: date, *, allows_early: bool, published_on: date | None, practice: Practice
) -> None:
    """Raise `TooEarly` or `PublishedTooShortly` unless the meeting may be held on that day.

    Before the due date it needs the approval of the level above and is at most one year early
    (基层组织选举工作条例 第三条).
    """
    if on < add_months(due_on, -12):
        raise TooEarly(f"届满日期为 {due_on}，提前超过一年", f"over one year before {due_on}")
    if on < due_on and not allows_early:
        raise TooEarly(
            f"届满日期为 {due_on}，上级批复未同意提前换届",
            f"due on {due_on}, and the reply does not allow an early election",
        )
    if practice.needs_publication and published_on is not None:
        days = (on - published_on).days
        if days < practice.publication_days:
            raise PublishedTooShortly(
                f"公示 {days} 天，当地要求至少 {practice.publication_days} 天",
                f"published for {days} days, {practice.publication_days} are asked",
            )


def check_extension(due_on: date, until: date) -> None:
    """Raise `Invalid` or `ExtensionTooLong` unless `until` is after the term, one year at most."""
    if until <= due_on:
        raise _bad_day("until", "延期须晚于届满日期", "an extension ends after the due date")
    last = add_months(due_on, 12)
    if until > last:
        raise ExtensionTooLong(f"最迟至 {last}", f"until {last} at the latest")


def check_overdue(due_on: date, extended_until: date | None, day: date) -> None:
    """Raise `NotOverdue` unless the term, and its extension, ended before `day`."""
    last = max(due_on, extended_until or due_on)
    if day <= last:
        raise NotOverdue(f"应于 {last} 前换届", f"due by {last}")


def is_eligible(category: str, status: str) -> bool:
    """Tell whether a member of the organisation can be a candidate."""
    return category == MemberCategory.FULL and status == MemberStatus.ACTIVE


def warnings(
    due_on: date, until: date | None, steps: Mapping[CycleStatus, date], practice: Practice
) -> list[str]:
    """Name what was done later than it should; told, never refused."""
    found = []
    asked, held, told = (steps.get(s) for s in (Status.REQUESTED, Status.HELD, Status.REPORTED))
    last = max(due_on, until or due_on)
    if asked and asked > add_months(last, -practice.request_lead_months):
        found.append("requested_late")
    if held and held > last:
        found.append("held_late")
    if held and told and told > add_months(held, practice.report_within_months):
        found.append("reported_late")
    return found


def above(here: Subtree) -> Subtree:
    """Give the place of the organisation directly above; nobody's above the root."""
    path = here.path[:-1].rpartition(".")[0]
    return Subtree(here.district_code, f"{path}." if path else "")


def term_of(
    recorded: tuple[date | None, date | None], given: tuple[date | None, date | None]
) -> tuple[date | None, date]:
    """Give the first and the last day of the present term; what is recorded wins.

    Raises `Invalid` where both are given and differ, or no last day is known.
    """
    for name, known, said in zip(("term_started_on", "due_on"), recorded, given, strict=True):
        if known and said and known != said:
            raise _bad_day(name, f"党组织记录为 {known}", f"the organisation's record says {known}")
    started, due = (known or said for known, said in zip(recorded, given, strict=True))
    if due is None:
        raise _bad_day("due_on", "党组织未记录届满日期，须填写", "no due date is recorded; give it")
    if started is not None and started >= due:
        raise _bad_day("due_on", "届满日期须晚于任期起始日期", "due_on must be after the start")
    return started, due


def term_years(kind: Kind, sector: Sector | None) -> int:
    """Give the years of a term (关于党的基层组织任期的意见 一)."""
    is_long = kind == Kind.PARTY_COMMITTEE or sector in {Sector.COMMUNITY, Sector.VILLAGE}
    return 5 if is_long else 3


def term_end(started: date, years: int) -> date:
    """Give the last day of a term of `years`."""
    return add_months(started, 12 * years)


def listed_twice(candidates: Sequence[tuple[Position, UUID]]) -> list[dict[str, str]]:
    """Name the fields in which somebody is listed for one position again, or for two offices."""
    offices = [(p == Position.COMMITTEE_MEMBER, member) for p, member in candidates]
    again = [n for n, one in enumerate(offices) if one in offices[:n]]
    return faults("candidates", "member_id", again, "duplicate", "重复")


def faults(
    field: str, name: str, places: Iterable[int], code: str, zh: str
) -> list[dict[str, str]]:
    """Say what is wrong at some places of a list in the body."""
    return [
        {"field": f"{field}.{n}.{name}", "where": "body", "code": code, "message": zh}
        for n in places
    ]
