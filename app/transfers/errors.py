"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class TransferOutOfOrder(AppError):  # noqa: N818
    """What is asked for does not follow the transfer's present state."""

    status = HTTPStatus.CONFLICT
    title = Text("转接当前的状态不允许此操作", "The transfer's present state does not allow this")


class TransferPending(AppError):  # noqa: N818
    """A member has one pending transfer at most."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员已有一项正在办理的转接", "A transfer of this member is pending already")


class CannotTransfer(AppError):  # noqa: N818
    """Only who counts in their organisation is transferred, and only from there."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员目前不能转接组织关系", "This member cannot be transferred now")


class AlreadyThere(AppError):  # noqa: N818
    """The member belongs to the organisation to which the transfer would lead."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员已在转入的党组织", "The member belongs there already")


class OwnTransfer(AppError):  # noqa: N818
    """Nobody releases, accepts or rejects what they requested, or their own transfer."""

    status = HTTPStatus.CONFLICT
    title = Text("不能审批本人申请或本人的转接", "Nobody decides on a transfer of their own")


class DestinationGone(AppError):  # noqa: N818
    """The organisation that was named takes no members over, today."""

    status = HTTPStatus.CONFLICT
    title = Text("转入的党组织已撤销、更名或不再接收", "The destination no longer takes members")
