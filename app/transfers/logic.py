"""Pure decisions about transfers: what follows what, deadlines, the letter."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID

from app.core.clock import add_months
from app.core.errors import Invalid, Text, fault
from app.members.types import MemberCategory
from app.organizations.logic import path_above
from app.organizations.types import OrganizationKind
from app.transfers.errors import TransferOutOfOrder
from app.transfers.types import (
    PENDING,
    Reminder,
    Step,
    TransferPack,
    TransferStatus,
)

TERMS: dict[TransferStatus, Text] = {
    TransferStatus.REQUESTED: Text("待转出审批", "requested"),
    TransferStatus.RELEASED: Text("待接收", "released"),
    TransferStatus.ACCEPTED: Text("已接收", "accepted"),
    TransferStatus.REJECTED: Text("已退回", "rejected"),
    TransferStatus.WITHDRAWN: Text("已撤回", "withdrawn"),
    TransferStatus.EXPIRED: Text("介绍信逾期失效", "expired"),
    TransferStatus.LAPSED: Text("已终止", "lapsed"),
}
MOVES: dict[Step, tuple[frozenset[TransferStatus], TransferStatus]] = {
    Step.RELEASE: (frozenset({TransferStatus.REQUESTED}), TransferStatus.RELEASED),
    Step.ACCEPT: (frozenset({TransferStatus.RELEASED}), TransferStatus.ACCEPTED),
    # the receipt travels by post: it may come after the day on which the letter was still valid
    Step.RECORD_RECEIPT: (
        frozenset({TransferStatus.RELEASED, TransferStatus.EXPIRED}),
        TransferStatus.ACCEPTED,
    ),
    Step.REJECT: (PENDING, TransferStatus.REJECTED),
    Step.WITHDRAW: (PENDING, TransferStatus.WITHDRAWN),
    Step.EXPIRE: (frozenset({TransferStatus.RELEASED}), TransferStatus.EXPIRED),
    Step.LAPSE: (PENDING, TransferStatus.LAPSED),
}
"""From which states each step leads, and to which."""

MERGED = "组织调整后，党员已在转入的党组织"
LEFT = "党员已不在转出的党组织"
GONE = "转入的党组织已撤销或不再编入党员"


def status_on(status: TransferStatus, valid_until: date | None, day: date) -> TransferStatus:
    """Give the state on `day`: a released transfer expires when its letter's last day is over."""
    is_over = valid_until is not None and valid_until < day
    return TransferStatus.EXPIRED if status == TransferStatus.RELEASED and is_over else status


def moved(status: TransferStatus, step: Step) -> TransferStatus:
    """Give the state to which `step` leads, or raise `TransferOutOfOrder`."""
    allowed, to = MOVES[step]
    if status not in allowed:
        raise out_of_order(status, allowed)
    return to


def out_of_order(status: TransferStatus, allowed: Iterable[TransferStatus]) -> TransferOutOfOrder:
    """Say which state a transfer has and which it needs."""
    wanted = sorted(allowed, key=list(TransferStatus).index)
    zh = "或".join(f"“{TERMS[s].zh}”" for s in wanted)
    en = " or ".join(TERMS[s].en for s in wanted)
    return TransferOutOfOrder(
        f"该转接为“{TERMS[status].zh}”，此操作只适用于{zh}的转接",
        f"the transfer is {TERMS[status].en}; it must be {en}",
        state=status.value,
    )


def release_path(kind: OrganizationKind, path: str) -> str:
    """Give the path of the level that releases a member of the organisation at `path`.

    A group is no level of its own: its branch's superior releases.
    """
    branch = path_above(path) if kind == OrganizationKind.PARTY_GROUP else path
    return path_above(branch)


def last_day(
    pack: TransferPack, given: date | None, districts: tuple[str, str | None], today: date
) -> date:
    """Give the last day of a letter that is issued today, or raise `Invalid`.

    It is set for each case, within three months; left out, it is the usual of the distance.
    """
    if given is None:
        here, there = districts
        is_local = there is not None and here[:4] == there[:4]
        days = pack.letter.local_days if is_local else pack.letter.away_days
        return today + timedelta(days=days)
    if not today <= given <= add_months(today, pack.letter.longest_months):
        raise Invalid(
            f"介绍信有效期须在今天至 {pack.letter.longest_months} 个月之内",
            f"a letter is valid from today for {pack.letter.longest_months} months at most",
            errors=[fault("valid_until", "介绍信有效期最长不超过三个月")],
        )
    return given


def reminder_on(
    pack: TransferPack,
    status: TransferStatus,
    release_due_on: date,
    valid_until: date | None,
    day: date,
) -> Reminder | None:
    """Name what is to be told on `day` of a pending transfer's deadline, if anything."""
    before = timedelta(days=pack.reminder.days)
    if status == TransferStatus.REQUESTED:
        if day > release_due_on:
            return Reminder.RELEASE_OVERDUE
        return Reminder.RELEASE_SOON if day >= release_due_on - before else None
    if status == TransferStatus.RELEASED and valid_until is not None:
        return Reminder.ACCEPT_SOON if valid_until - before <= day <= valid_until else None
    return None


def letter(
    number: str | None,
    addressee: str,
    sender: str,
    person: tuple[str, str, MemberCategory],
    days: tuple[date, date],
) -> str:
    """Write the introduction letter (介绍信), to be printed."""
    name, id_number, category = person
    issued, until = days
    member = "中共正式党员" if category == MemberCategory.FULL else "中共预备党员"
    return (
        f"中国共产党党员组织关系介绍信{f'（{number}）' if number else ''}\n"
        f"{addressee}：\n"
        f"　　{name}同志（{member}，公民身份号码 {id_number}），组织关系由“{sender}”转到"
        f"“{addressee}”，请予接收。\n"
        f"　　（有效期至 {until.year} 年 {until.month} 月 {until.day} 日）\n"
        f"{issued.year} 年 {issued.month} 月 {issued.day} 日"
    )


def redirected(
    ends: Mapping[str, UUID | None], of: UUID, to: tuple[UUID, str], day: date, *, is_moved: bool
) -> dict[str, Any]:
    """Give what changes of a pending transfer when `of` becomes `to` (id and name).

    What arrives goes to the new one; what leaves goes from there if the member `is_moved`. A
    transfer that would lead from an organisation to itself lapses.
    """
    values: dict[str, Any] = {}
    for side, follows in (("to", True), ("from", is_moved)):
        if ends[f"{side}_organization_id"] == of and follows:
            values |= {f"{side}_organization_id": to[0], f"{side}_organization_name": to[1]}
    if values and len({values.get(name, end) for name, end in ends.items()}) == 1:
        return {"status": TransferStatus.LAPSED, "ended_on": day, "end_reason": MERGED}
    return values


# ── What is told

_TOLD: dict[Reminder, Text] = {
    Reminder.RELEASE_SOON: Text(
        "党员组织关系转出待审批，期限为 {day}（转往{to}）",
        "A transfer is to be released by {day} (to {to})",
    ),
    Reminder.RELEASE_OVERDUE: Text(
        "党员组织关系转出审批已逾期，期限为 {day}（转往{to}）",
        "A transfer was to be released by {day} (to {to})",
    ),
    Reminder.ACCEPT_SOON: Text(
        "党员组织关系介绍信将于 {day} 到期，请及时接收（转自{of}）",
        "A transfer can be accepted until {day} (from {of})",
    ),
}
REQUESTED = Text("党员组织关系转出待审批（转往{to}）", "A transfer waits for its release (to {to})")
RELEASED = Text("党员组织关系待接收（转自{of}）", "A transfer waits to be accepted (from {of})")
ENDED: dict[TransferStatus, Text] = {
    TransferStatus.ACCEPTED: Text("组织关系已转入{to}", "A transfer was accepted by {to}"),
    TransferStatus.REJECTED: Text(
        "转往{to}的组织关系转接已退回", "A transfer to {to} was rejected"
    ),
    TransferStatus.WITHDRAWN: Text(
        "转自{of}的组织关系转接已撤回", "A transfer from {of} was withdrawn"
    ),
    TransferStatus.EXPIRED: Text(
        "转往{to}的组织关系介绍信已逾期失效，党员仍属原党组织",
        "The letter to {to} expired; the member stays",
    ),
    TransferStatus.LAPSED: Text("转往{to}的组织关系转接已终止", "A transfer to {to} lapsed"),
}


class Named(Protocol):
    """What leads from somewhere to somewhere."""

    from_organization_name: Any
    to_organization_name: Any


def title(text: Text, of: Named, day: date | None) -> Text:
    """Fill a message's title with the names of organisations, and of nobody."""
    names = {"of": of.from_organization_name, "to": of.to_organization_name, "day": day}
    return Text(*(part.format(**names) for part in text))


def reminding(reminder: Reminder) -> Text:
    """Give the title that reminds of a deadline."""
    return _TOLD[reminder]
