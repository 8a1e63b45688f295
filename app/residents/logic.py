"""Pure decisions about posts, claims and records."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.errors import AppError, Invalid, fault
from app.residents.errors import (
    BatchRefused,
    CapacityTaken,
    ClaimOutOfOrder,
    OwnRecord,
    PostClosed,
    PostFull,
    RecordDecided,
)
from app.residents.types import LIVE, ClaimStatus, PostStatus, RecordStatus


class Move(StrEnum):
    """What can happen to a claim."""

    ACCEPT = "accept"
    REJECT = "reject"
    EXIT = "exit"
    FINISH = "finish"


MOVES: dict[Move, tuple[frozenset[ClaimStatus], ClaimStatus]] = {
    Move.ACCEPT: (frozenset({ClaimStatus.PENDING}), ClaimStatus.ACTIVE),
    Move.REJECT: (frozenset({ClaimStatus.PENDING}), ClaimStatus.REJECTED),
    Move.EXIT: (LIVE, ClaimStatus.EXITED),
    Move.FINISH: (frozenset({ClaimStatus.ACTIVE}), ClaimStatus.FINISHED),
}
"""From which statuses each leads, and to which."""

CLAIM_TERMS = {
    ClaimStatus.PENDING: "待社区接收",
    ClaimStatus.ACTIVE: "在岗",
    ClaimStatus.REJECTED: "未接收",
    ClaimStatus.EXITED: "已退出",
    ClaimStatus.FINISHED: "已完成",
}


def check_period(starts_on: date, ends_on: date | None) -> None:
    """Refuse a post that ends before it starts."""
    if ends_on is not None and ends_on < starts_on:
        raise Invalid("结束日期不能早于开始日期", "ends_on lies before starts_on")


def check_open(
    status: PostStatus, ends_on: date | None, today: date, *, stands: bool = True
) -> None:
    """Refuse claims on a post that is closed, whose last day is over or whose community is gone."""
    if not stands:
        raise PostClosed("发布该岗位的党组织已撤销", "the organisation that published it is gone")
    if status != PostStatus.OPEN:
        raise PostClosed("岗位已关闭", "the post is closed")
    if ends_on is not None and ends_on < today:
        raise PostClosed(f"岗位已于 {ends_on} 到期", f"the post ended on {ends_on}")


def check_place(capacity: int, taken: int) -> None:
    """Refuse one more claim where pending and active ones fill the post."""
    if taken >= capacity:
        raise PostFull(
            f"名额 {capacity} 人，已认领 {taken} 人",
            f"it has {capacity} places and {taken} are taken",
            capacity=capacity,
        )


def check_capacity(capacity: int, taken: int) -> None:
    """Refuse fewer places than are taken."""
    if capacity < taken:
        raise CapacityTaken(f"已认领 {taken} 人", f"{taken} are taken", taken=taken)


def moved(status: ClaimStatus, move: Move) -> ClaimStatus:
    """Give the status that `move` leads to, or raise `ClaimOutOfOrder`."""
    before, after = MOVES[move]
    if status not in before:
        wanted = "、".join(CLAIM_TERMS[s] for s in sorted(before))
        raise ClaimOutOfOrder(
            f"当前为“{CLAIM_TERMS[status]}”，只有“{wanted}”的认领可以如此处理",
            f"it is {status}; this needs {' or '.join(sorted(before))}",
        )
    return after


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field."""

    field: str
    code: str
    zh: str
    en: str

    def as_json(self, row: int | None = None) -> dict[str, Any]:
        """Write it as the answer tells it."""
        return fault(self.field, self.zh, self.code, row=row)


def check_serving(accepted_on: date | None, status: ClaimStatus) -> date:
    """Give the first day on which services of a claim can lie, or raise `ClaimOutOfOrder`."""
    if accepted_on is None:
        raise ClaimOutOfOrder(
            f"认领为“{CLAIM_TERMS[status]}”，没有可登记的服务期间",
            f"it is {status} and was never accepted: no service belongs to it",
        )
    return accepted_on


def served_fault(
    served_on: date, accepted_on: date, ended_on: date | None, today: date
) -> Fault | None:
    """Tell why a service cannot have been on that day; the first and the last day are good."""
    if served_on > today:
        return Fault("served_on", "in_future", "服务日期不能晚于今天", "it lies in the future")
    if served_on < accepted_on:
        return Fault(
            "served_on",
            "before_claim",
            f"服务日期早于认领生效日期 {accepted_on}",
            f"it lies before the claim, which began on {accepted_on}",
        )
    if ended_on is not None and served_on > ended_on:
        return Fault(
            "served_on",
            "after_claim",
            f"服务日期晚于认领结束日期 {ended_on}",
            f"it lies after the claim, which ended on {ended_on}",
        )
    return None


def fault_in(field: str, refused: AppError) -> Fault:
    """Say why a row of a batch is refused, as it would be on its own."""
    zh, en = refused.detail if refused.detail.zh else refused.title
    return Fault(field, refused.code(), zh, en)


def check_rows(faults: Iterable[tuple[int, Fault]]) -> None:
    """Refuse a batch with all that is wrong with any row, in the order of the rows."""
    told = [found.as_json(n) for n, found in sorted(faults, key=lambda f: f[0])]
    if told:
        raise BatchRefused(f"共 {len(told)} 处错误", f"{len(told)} errors", errors=told)


def check_decision(
    status: RecordStatus, *, parties: Iterable[UUID], deciding: Iterable[UUID | None]
) -> None:
    """Refuse to decide for oneself, and twice.

    `parties` are the account that recorded and the member who served, `deciding` those of the
    person who decides.
    """
    if {*parties} & {*deciding}:
        raise OwnRecord
    if status != RecordStatus.RECORDED:
        now = "已确认" if status == RecordStatus.CONFIRMED else "已退回"
        raise RecordDecided(f"该记录{now}", f"it is {status}")


def is_claimed_on(
    status: ClaimStatus, accepted_on: date | None, ended_on: date | None, day: date
) -> bool:
    """Tell whether a claim counts as a post claimed (认领岗位) on `day`.

    It does from the day of its acceptance on, and no more from the day of its exit on. A claim
    that was finished goes on counting. `queries.claimed` asks the same of the table.
    """
    if accepted_on is None or accepted_on > day:
        return False
    return ended_on is None or ended_on > day or status == ClaimStatus.FINISHED


_CODES = {
    "missing": "必填",
    "extra_forbidden": "没有这个字段",
    "blank": "不能为空",
    "text": "含有不可见或不允许的字符",
    "date": "应为 YYYY-MM-DD 格式的真实日期",
    "date_range": "日期超出 1900 至 2199 年",
    "uuid": "不是有效的标识",
    "holds_number": "不得含有公民身份号码或手机号码",
    "greater_than_equal": "数值过小",
    "less_than_equal": "数值过大",
    "string_too_long": "文本过长",
    "not_found": "没有这条记录",
    "duplicate": "与前面的行重复",
}


def fault_of(field: str, code: str) -> Fault:
    """Say what is wrong with a field that is not of its form."""
    zh = _CODES.get(code) or ("应为整数" if code.startswith("int") else "内容有误")
    return Fault(field, code, zh, code)
