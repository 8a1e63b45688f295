"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NoSuchPart(AppError):  # noqa: N818
    """A sum has a numerator only."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("该数字没有分母", "This figure has no denominator")
