"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class PostDoesNotFit(AppError):  # noqa: N818
    """An organisation of this kind has no such post."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织不设此职务", "An organisation of this kind has no such post")


class CannotServe(AppError):  # noqa: N818
    """A person of this status is posted nowhere."""

    status = HTTPStatus.CONFLICT
    title = Text("该同志目前不能任职", "The membership has ended or is suspended")


class PostTaken(AppError):  # noqa: N818
    """Somebody holds the post in that time, or the member holds it already."""

    status = HTTPStatus.CONFLICT
    title = Text("该职务在此期间已有人担任", "The post is held in that time")


class PostingEnded(AppError):  # noqa: N818
    """The posting has ended."""

    status = HTTPStatus.CONFLICT
    title = Text("该任职已经结束", "The posting has ended")


class PostingExtended(AppError):  # noqa: N818
    """A posting is extended once; after that somebody is posted anew."""

    status = HTTPStatus.CONFLICT
    title = Text("该任职已延长过一次", "The posting was extended already")


class CannotExtend(AppError):  # noqa: N818
    """The post is not extended, or not by so much, or the posting has no due date."""

    status = HTTPStatus.CONFLICT
    title = Text("该任职不能这样延长", "The posting cannot be extended like this")


class NoHouseholdsThere(AppError):  # noqa: N818
    """Poor households are recorded of villages."""

    status = HTTPStatus.CONFLICT
    title = Text("只有村党组织可以登记贫困户", "Only villages have poor households here")


class HouseholdTaken(AppError):  # noqa: N818
    """The village has a household of this number in that time."""

    status = HTTPStatus.CONFLICT
    title = Text("该村在此期间已有同号的贫困户", "The village has a household of this number")


class HouseholdEnded(AppError):  # noqa: N818
    """The household is poor no longer."""

    status = HTTPStatus.CONFLICT
    title = Text("该户已经脱贫", "The household is no longer poor")


class CannotPair(AppError):  # noqa: N818
    """A household is paired with a first secretary who serves in its own village."""

    status = HTTPStatus.CONFLICT
    title = Text("只能与本村在任的第一书记结对", "Only the village's own first secretary is paired")
