"""What messages are about."""

from enum import StrEnum


class MessageKind(StrEnum):
    """What a message tells of (消息类别); keep alphabetical."""

    ADMISSION = "admission"  # 发展党员
    ELECTION = "election"  # 换届
    RESTRUCTURING = "restructuring"  # 组织调整
    TRANSFER = "transfer"  # 组织关系转接
