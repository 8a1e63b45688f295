"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class WishOutOfOrder(AppError):  # noqa: N818
    """The wish's status does not allow it."""

    status = HTTPStatus.CONFLICT
    title = Text("心愿的当前状态不允许此操作", "The wish's status does not allow this")


class OwnWish(AppError):  # noqa: N818
    """Whoever took or did a wish does not rate it: two parties."""

    status = HTTPStatus.CONFLICT
    title = Text("认领人和完成人不能评价该心愿", "Who took or did a wish does not rate it")
