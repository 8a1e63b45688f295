"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class ProgrammeRecorded(AppError):  # noqa: N818
    """The organisation has this programme at that time already; of a plan or a pilot, any."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织同一期间已有此项目", "The organisation has this at that time already")


class ProgrammeOver(AppError):  # noqa: N818
    """The programme is over: its end stands."""

    status = HTTPStatus.CONFLICT
    title = Text("该项目已经结束", "This programme is over")


class DocumentRecorded(AppError):  # noqa: N818
    """The organisation has a document in force with this number, or with this title and day."""

    status = HTTPStatus.CONFLICT
    title = Text("该文件已经登记", "This document is recorded already")


class DocumentRepealed(AppError):  # noqa: N818
    """The document was repealed already."""

    status = HTTPStatus.CONFLICT
    title = Text("该文件已经废止", "This document is repealed already")


class NotAStreet(AppError):  # noqa: N818
    """Decisions to plan communities anew are those of a street's working committee."""

    status = HTTPStatus.CONFLICT
    title = Text("调整规划的决定只登记在街道党工委名下", "Only a street is planned anew")
