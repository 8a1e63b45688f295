"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class PledgeOutOfOrder(AppError):  # noqa: N818
    """What is asked for does not follow the pledge's present state."""

    status = HTTPStatus.CONFLICT
    title = Text("承诺当前的状态不允许此操作", "The pledge's present state does not allow this")


class OwnPledge(AppError):  # noqa: N818
    """Nobody confirms or returns what they pledged, drafted, gave evidence of or completed."""

    status = HTTPStatus.CONFLICT
    title = Text("不能确认或退回本人的承诺", "Nobody confirms or returns a pledge of their own")


class NoEvidence(AppError):  # noqa: N818
    """A pledge is completed with evidence only."""

    status = HTTPStatus.CONFLICT
    title = Text("请先提交完成情况的佐证", "Give evidence first")


class TooMuchEvidence(AppError):  # noqa: N818
    """A pledge holds no more evidence."""

    status = HTTPStatus.CONFLICT
    title = Text("佐证数量已达上限", "The pledge holds as much evidence as it may")


class CannotPledge(AppError):  # noqa: N818
    """An organisation of this kind, or a person of this status, makes no pledges."""

    status = HTTPStatus.CONFLICT
    title = Text("该主体不能作出承诺", "This pledger cannot pledge")


class DueDatePassed(AppError):  # noqa: N818
    """A pledge is not published after the day on which it was due."""

    status = HTTPStatus.CONFLICT
    title = Text("完成期限已过，请先修改", "The due date has passed; change it first")
