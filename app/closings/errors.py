"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class AlreadyClosed(AppError):  # noqa: N818
    """The figures of this very period are frozen already; a closing is made once."""

    status = HTTPStatus.CONFLICT
    title = Text("该时段的数字已封存", "The figures of this period are closed already")
