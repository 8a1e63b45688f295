"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class CheckOutOfOrder(AppError):  # noqa: N818
    """First the seed is published, another day or not; then it is drawn; then it is checked."""

    status = HTTPStatus.CONFLICT
    title = Text("抽查当前的状态不允许此操作", "The spot check's state does not allow this")


class DutyChecked(AppError):  # noqa: N818
    """A shift is checked once, and not before its day."""

    status = HTTPStatus.CONFLICT
    title = Text("该班次已检查或尚未到值班日", "The shift was checked, or its day has not come")


class DutyKept(AppError):  # noqa: N818
    """A talk is linked only to a check that found nobody on duty there."""

    status = HTTPStatus.CONFLICT
    title = Text("该班次不是检查不合格的班次", "That shift is not one that failed its check")


class AppraisalExists(AppError):  # noqa: N818
    """An organisation appraises once a quarter."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织本季度已开展考核", "That quarter has an appraisal already")


class AppraisalPublished(AppError):  # noqa: N818
    """What is published stays as it is."""

    status = HTTPStatus.CONFLICT
    title = Text("考核结果已公布", "The appraisal is published")


class NothingScored(AppError):  # noqa: N818
    """An appraisal without a score is not published."""

    status = HTTPStatus.CONFLICT
    title = Text("尚无考核得分", "Nothing is scored yet")


class AlreadyRecorded(AppError):  # noqa: N818
    """The same count, visit or shift is recorded."""

    status = HTTPStatus.CONFLICT
    title = Text("该记录已存在", "It is recorded already")
