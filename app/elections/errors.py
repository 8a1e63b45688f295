"""Refusals of this domain."""

from app.core.errors import Invalid, Text


class ProtocolContradicts(Invalid):
    """The counts of a protocol cannot all be true."""

    title = Text("提交的选举数据互相矛盾", "The counts of the election contradict each other")
