"""What messages are about, and what became of those that go out through WeChat."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class MessageKind(StrEnum):
    """What a message tells of (消息类别); keep alphabetical."""

    ADMISSION = "admission"  # 发展党员
    ELECTION = "election"  # 换届
    RESTRUCTURING = "restructuring"  # 组织调整
    TRANSFER = "transfer"  # 组织关系转接


class NoticeStatus(StrEnum):
    """What became of a subscription message (订阅消息状态)."""

    QUEUED = "queued"  # 待发送
    SENDING = "sending"  # 发送中
    SENT = "sent"  # 已发送
    REFUSED = "refused"  # 用户拒收
    FAILED = "failed"  # 未能发送
    UNKNOWN = "unknown"  # 结果不明: not sent again, since it may have arrived


@dataclass(frozen=True, slots=True)
class Notice:
    """What a subscription message says besides: of whom, of which day, and what is to do."""

    about: str
    day: date
    remark: str
