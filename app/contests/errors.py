"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class ContestOutOfOrder(AppError):  # noqa: N818
    """What is asked for does not follow the contest's present state."""

    status = HTTPStatus.CONFLICT
    title = Text("评选当前的状态不允许此操作", "The contest's present state does not allow this")


class ScoresRefused(AppError):  # noqa: N818
    """Rows of scores are wrong: none was written; `errors` names rows and fields."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("有评分未通过检查，未登记任何评分", "Some scores are wrong; none was recorded")


class ScoresMissing(AppError):  # noqa: N818
    """Every juror scores every entry but those of the own unit, before the ranking stands."""

    status = HTTPStatus.CONFLICT
    title = Text("还有评委未评分", "Some jurors have not scored yet")


class TieAtTheCut(AppError):  # noqa: N818
    """More entries share the last place that is awarded than places are left."""

    status = HTTPStatus.CONFLICT
    title = Text("末位名次并列，须先决出先后", "The last place is tied; decide it first")


class ContestFull(AppError):  # noqa: N818
    """A contest takes no more entries or jurors."""

    status = HTTPStatus.CONFLICT
    title = Text("报名或评委数量已达上限", "The contest takes no more")


class NotOnPodium(AppError):  # noqa: N818
    """The lecture team is made of entries that were ranked and name a member."""

    status = HTTPStatus.CONFLICT
    title = Text("宣讲团成员须有名次并为党员个人", "The team is made of ranked entries of members")
