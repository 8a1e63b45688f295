"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class RosterRefused(AppError):  # noqa: N818
    """Rows of the roster are wrong; nothing was written. `errors` lists every one."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("花名册有错误，未导入任何数据", "The roster has errors; nothing was imported")
