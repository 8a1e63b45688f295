"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NoSuchPart(AppError):  # noqa: N818
    """A sum has a numerator only; few figures tell their gaps."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("该数字没有这一部分", "This figure has no such part")
