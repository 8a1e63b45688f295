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


class BoxNotPossible(AppError):  # noqa: N818
    """There is no list of voters, or it is too short to keep a vote secret, or too long."""

    status = HTTPStatus.CONFLICT
    title = Text("本次选举不能开设票箱", "This vote cannot be taken by a ballot box")


class BoxDecides(AppError):  # noqa: N818
    """A ballot box was opened for this vote: it alone says how people voted."""

    status = HTTPStatus.CONFLICT
    title = Text("本轮已开设票箱，以票箱计票为准", "A ballot box decides this vote")


class BoxOfAnother(AppError):  # noqa: N818
    """The ballot box belongs to another cycle, position or round."""

    status = HTTPStatus.CONFLICT
    title = Text("该票箱不属于本轮选举", "The ballot box is not of this vote")


class NameUnclear(AppError):  # noqa: N818
    """A name on the ballots is that of several who could be meant."""

    status = HTTPStatus.CONFLICT
    title = Text("选票上的姓名有多人重名，请注明是谁", "A name on the ballots could mean several")


class PositionNotOpen(AppError):  # noqa: N818
    """The position is filled, has no seat, or another is elected first."""

    status = HTTPStatus.CONFLICT
    title = Text("该职位不在本轮选举之列", "This position is not elected now")
