"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NotAVoter(AppError):  # noqa: N818
    """Only somebody who would be due to attend is excluded."""

    status = HTTPStatus.CONFLICT
    title = Text("该人员不在应到会名单之内", "This person is not due to attend")


class AlreadyExcluded(AppError):  # noqa: N818
    """The member's exclusion is consented to, or decided."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员的核减已办理", "This exclusion is recorded already")


class ExclusionIncomplete(AppError):  # noqa: N818
    """Without the consent of the level above and the vote of the meeting a member stays due."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "核减须经上级同意并经会议通过",
        "An exclusion needs the consent above and the meeting's vote",
    )


class DueDiffers(AppError):  # noqa: N818
    """The protocol's number of those due is not that of the list."""

    status = HTTPStatus.CONFLICT
    title = Text("应到会人数与名单不符", "The number due is not that of the list")


class PositionNotOpen(AppError):  # noqa: N818
    """The position is filled, has no seat, or another is elected first."""

    status = HTTPStatus.CONFLICT
    title = Text("该职位不在本轮选举之列", "This position is not elected now")
