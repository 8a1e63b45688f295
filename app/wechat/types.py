"""What can come of a subscription message."""

from enum import StrEnum


class Sending(StrEnum):
    """What came of sending (发送结果)."""

    SENT = "sent"  # 已发送
    REFUSED = "refused"  # 用户拒收
    FAILED = "failed"  # 参数或设置有误: it would fail again
    LATER = "later"  # 未发送，可重试
    UNKNOWN = "unknown"  # 结果不明: the answer was lost
