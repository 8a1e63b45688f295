"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class RestructuringOutOfOrder(AppError):  # noqa: N818
    """What is asked for does not follow the restructuring's present state."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "组织调整当前的状态不允许此操作", "The restructuring's present state does not allow this"
    )


class OwnRestructuring(AppError):  # noqa: N818
    """Nobody decides on what they proposed or submitted themselves."""

    status = HTTPStatus.CONFLICT
    title = Text("不能审批本人提出或上报的调整", "Nobody decides on a proposal of their own")


class NotYetInForce(AppError):  # noqa: N818
    """A decision is applied on the day on which it takes effect, or later."""

    status = HTTPStatus.CONFLICT
    title = Text("该调整尚未到生效日", "The decision does not take effect yet")


class Overtaken(AppError):  # noqa: N818
    """Another restructuring changed the same organisations since this one was approved."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "批准之后，另一调整已改变其中的党组织，须重新提出",
        "Another restructuring changed the same organisations meanwhile; propose it anew",
    )


class NoSuchFinding(AppError):  # noqa: N818
    """The rules find nothing of this kind there today."""

    status = HTTPStatus.CONFLICT
    title = Text("今天没有这项规则发现", "The rules find no such thing there today")


class FindingLeavesChoice(AppError):  # noqa: N818
    """What a finding suggests can be done in several ways: the actions must be given."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该发现的建议不止一种做法，请给出调整内容", "The finding leaves a choice; say what to do"
    )
