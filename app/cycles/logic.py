"""Pure decisions about election cycles: order, days, seats, candidates, who is due."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.core.caller import Subtree
from app.core.clock import add_months
from app.core.errors import AppError, fault, wrong
from app.cycles.errors import (
    CongressNotAllowed,
    DelegatesNotAllowed,
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
    Practice,
    Seats,
)
from app.elections import logic as elections
from app.elections.types import CongressCase, ElectionPack, Position
from app.members.types import MemberCategory, MemberStatus
from app.organizations.types import OrganizationKind as Kind
from app.organizations.types import Sector
from app.terms import logic as terms
from app.terms.types import LOCALES, Extension, NextElection, Reason, TermPack

Status = CycleStatus
ELECTING = frozenset({Kind.PARTY_COMMITTEE, Kind.GENERAL_BRANCH, Kind.PARTY_BRANCH})
ELECTING |= {Kind.JOINT_BRANCH}
"""A working committee is appointed, a temporary branch has no election (支部工作条例 第二章)."""
_BRANCHES = frozenset({Kind.PARTY_BRANCH, Kind.JOINT_BRANCH})
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
        raise wrong(field, "日期不能晚于今天", "the day lies in the future", "day")
    if not_before is not None and on < not_before:
        zh, en = f"日期不能早于上一步（{not_before}）", f"before the last step ({not_before})"
        raise wrong(field, zh, en, "day")


def check_kind(kind: Kind) -> None:
    """Raise `HoldsNoElection` for kinds that are appointed or lapse by themselves."""
    if kind not in ELECTING:
        raise HoldsNoElection


def refused(kind: type[AppError], reason: Reason, **more: Any) -> AppError:
    """Make a refusal that names the clause behind it and where that stands written."""
    rule = {"rule": reason.code, "pack": reason.pack, "version": reason.version}
    return kind(reason.message.zh, reason.message.en, source=reason.source, **rule, **more)


def check_seats(pack: ElectionPack, kind: Kind, full_members: int, seats: Seats) -> None:
    """Raise `SeatsNotAllowed` unless a committee and officers of `seats` may be elected there."""
    count = seats.committee
    if kind in _BRANCHES and full_members < pack.committee_full_members:
        # officers alone: any seat of a committee is one too many
        count = seats.secretary + seats.deputy
        count += pack.officers_without_committee if seats.committee else 0
    verdict = elections.judge_size(pack, kind, full_members, count)
    if not verdict.accepted:
        raise refused(SeatsNotAllowed, verdict.reasons[0])


def check_body(
    pack: ElectionPack, kind: Kind, body: ElectingBody, members: int, *, is_scattered: bool
) -> None:
    """Raise `CongressNotAllowed` where only the members' meeting elects (党章 第三十条).

    The approval that a congress needs is the reply to the request.
    """
    if body == ElectingBody.MEMBER_MEETING:
        return
    if kind != Kind.PARTY_COMMITTEE:
        raise CongressNotAllowed(
            "党总支、党支部由党员大会选举", "general branches and branches elect in a meeting"
        )
    verdict = elections.judge_congress(pack, [CongressCase(members, is_scattered, True)])
    if verdict.delegate_congress_allowed != (True,):
        raise refused(CongressNotAllowed, verdict.reasons[0])


def check_delegates(pack: ElectionPack, body: ElectingBody, delegates: int | None) -> None:
    """Raise `Invalid` or `DelegatesNotAllowed` unless a reply says how many delegates there are.

    Fewer or more than is usual is for the level above to decide; the most is not.
    """
    if (body == ElectingBody.DELEGATE_CONGRESS) != (delegates is not None):
        raise wrong(
            "delegates",
            "召开党员代表大会的，须批复代表名额；党员大会没有代表名额",
            "a congress needs its number of delegates, a members' meeting has none",
            "missing" if delegates is None else "unwanted",
        )
    if delegates is not None and delegates > pack.congress_most_delegates:
        values = {"delegates": delegates, "most": pack.congress_most_delegates}
        raise refused(DelegatesNotAllowed, terms.cite(pack, "too_many_delegates", **values))


def check_candidates(pack: ElectionPack, seats: Seats, candidates: Iterable[Position]) -> None:
    """Raise `TooFewCandidates` unless committee members are 差额 and officers 等额."""
    count = Counter(candidates)
    for position in Position:
        wanted, found = seats.of(position), count[position]
        if wanted == 0:
            if found:
                raise TooFewCandidates("该职位没有名额", f"no seat for a {position}")
            continue
        verdict = elections.nominate(pack, position, wanted, found)
        if not verdict.accepted:
            least = {"min_candidates": verdict.min_candidates}
            raise refused(TooFewCandidates, verdict.reasons[0], **least)


def check_meeting_day(
    pack: TermPack,
    on: date,
    due_on: date,
    *,
    allows_early: bool,
    published_on: date | None,
    practice: Practice,
) -> None:
    """Raise `TooEarly` or `PublishedTooShortly` unless the meeting may be held on that day.

    Before the due date it needs the approval of the level above and is at most one year early
    (基层组织选举工作条例 第三条).
    """
    if on < due_on:
        faults = terms.early_faults(pack, due_on, NextElection(on, allows_early))
        earliest = add_months(due_on, -pack.early_months)
        if faults:
            said = terms.cite(pack, faults[0], held_on=on, earliest=earliest)
            raise refused(TooEarly, said)
    if practice.needs_publication and published_on is not None:
        days = (on - published_on).days
        if days < practice.publication_days:
            raise PublishedTooShortly(
                f"公示 {days} 天，当地要求至少 {practice.publication_days} 天",
                f"published for {days} days, {practice.publication_days} are asked",
            )


def check_extension(pack: TermPack, due_on: date, until: date) -> None:
    """Raise `Invalid` or `ExtensionTooLong` unless `until` is after the term, one year at most."""
    if until <= due_on:
        raise wrong("until", "延期须晚于届满日期", "an extension ends after the due date", "day")
    if faults := terms.extension_faults(pack, due_on, Extension(until, True)):
        latest = add_months(due_on, pack.extension_months)
        said = terms.cite(pack, faults[0], until=until, due_on=due_on, latest=latest)
        raise refused(ExtensionTooLong, said)


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
    recorded: tuple[date | None, date | None],
    given: tuple[date | None, date | None],
    years: Callable[[date], int],
) -> tuple[date | None, date]:
    """Give the first and the last day of the present term.

    What is recorded wins, then what is given; the rules, by `years`, fill the last day where only
    the first is known. Raises `Invalid` where both are given and differ, or nothing is known.
    """
    for name, known, said in zip(("term_started_on", "due_on"), recorded, given, strict=True):
        if known and said and known != said:
            raise wrong(
                name, f"党组织记录为 {known}", f"the organisation's record says {known}", "day"
            )
    started, due = (known or said for known, said in zip(recorded, given, strict=True))
    if due is None and started is not None:
        due = terms.due_after(started, years(started))
    if due is None:
        raise wrong(
            "due_on", "未记录任期，须填写届满日期", "no term is recorded; give due_on", "day"
        )
    if started is not None and started >= due:
        raise wrong("due_on", "届满日期须晚于任期起始日期", "due_on must be after the start", "day")
    return started, due


def term_years(pack: TermPack, kind: Kind, sector: Sector | None, elected_on: date) -> int:
    """Give the years of the term of a body that elects, by the rules of the day."""
    locale = LOCALES.get(sector) if sector else None
    rule = terms.rule_of(pack, kind, locale, elected_on)
    assert rule is not None
    assert rule.years is not None
    return rule.years


def listed_twice(candidates: Sequence[tuple[Position, UUID]]) -> list[dict[str, str]]:
    """Name the fields in which somebody is listed for one position again, or for two offices."""
    offices = [(p == Position.COMMITTEE_MEMBER, member) for p, member in candidates]
    again = [n for n, one in enumerate(offices) if one in offices[:n]]
    return faults("candidates", "member_id", again, "duplicate", "重复")


def faults(
    field: str, name: str, places: Iterable[int], code: str, zh: str
) -> list[dict[str, Any]]:
    """Say what is wrong at some places of a list in the body."""
    return [fault(f"{field}.{n}.{name}", zh, code) for n in places]
