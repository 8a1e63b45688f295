"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Invalid, Text


class HoldsNoBallots(AppError):  # noqa: N818
    """In such an organisation nobody is elected: officers are appointed, or it is a group."""

    status = HTTPStatus.CONFLICT
    title = Text("该类党组织不进行选举", "Nobody is elected in this kind of organisation")


class VotersNotEntitled(Invalid):
    """Somebody on the list is no full member in good standing of the organisation's subtree."""

    title = Text(
        "名单中有人不是该党组织有选举权的正式党员",
        "Somebody on the list has no vote in this organisation",
    )


class BoxNotOpen(AppError):  # noqa: N818
    """The box is closed or voided: nothing goes in any more."""

    status = HTTPStatus.CONFLICT
    title = Text("投票已经结束", "The ballot box is not open")


class BoxNotClosed(AppError):  # noqa: N818
    """Nothing of the ballots is told unless the box was closed."""

    status = HTTPStatus.CONFLICT
    title = Text("票箱尚未封箱，不能计票", "The ballot box was not closed; nothing is told before")


class AlreadyVoted(AppError):  # noqa: N818
    """The voter's ballot is in the box; which one it is, nobody knows."""

    status = HTTPStatus.CONFLICT
    title = Text("您已经投过票", "You have voted already")


class TooManyNames(Invalid):
    """The ballot names more people than there are seats; it was not cast."""

    title = Text(
        "所选人数多于应选名额，选票未投出，请改后重投",
        "More names than seats: the ballot was not cast; correct it and cast it again",
    )


class BallotsDamaged(AppError):  # noqa: N818
    """The ballots are not those that were put in, or not those that were sealed."""

    status = HTTPStatus.CONFLICT
    title = Text("选票与记录不符，不能计票", "The ballots do not fit what is recorded of them")
