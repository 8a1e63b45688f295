"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class OneDistrict(AppError):  # noqa: N818
    """A report is of one district, or of a part of it."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("报告只能是一个区县的，请指定", "A report is of one district: say which")


class NoSuchFigure(AppError):  # noqa: N818
    """A template names a figure that there is not."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("模板中有不存在的数字", "The template names a figure that there is not")


class NoOwnTemplate(AppError):  # noqa: N818
    """The district has no template of its own."""

    status = HTTPStatus.CONFLICT
    title = Text("该区县没有自己的模板", "The district has no template of its own")
