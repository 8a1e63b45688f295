"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class TreeChanged(AppError):  # noqa: N818
    """The records changed between the check of the roster and its writing."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "导入期间记录已被他人修改，请重新导入", "The records changed meanwhile; import again"
    )
