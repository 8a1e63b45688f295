"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class LeaderNotCounted(AppError):  # noqa: N818
    """Records are kept of members whose membership stands."""

    status = HTTPStatus.CONFLICT
    title = Text("该同志目前不能建立纪实档案", "The membership has ended or is suspended")


class ArchiveOverlaps(AppError):  # noqa: N818
    """A leader has one archive at a time."""

    status = HTTPStatus.CONFLICT
    title = Text("该领导干部此期间已有纪实档案", "This leader has an archive for that time already")


class ArchiveClosed(AppError):  # noqa: N818
    """The archive is closed, or would end before it began."""

    status = HTTPStatus.CONFLICT
    title = Text("纪实档案已终止或终止日期不符", "The archive is closed, or cannot end then")


class OutsideTheArchive(AppError):  # noqa: N818
    """A record belongs to a month of its archive that has begun."""

    status = HTTPStatus.CONFLICT
    title = Text("该月份不在纪实档案期间内", "The archive does not cover that month")


class WasNotThere(AppError):  # noqa: N818
    """The activity was not held in that month, or the leader was not present."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该活动不在当月，或没有本人出勤",
        "Not in that month, or without the leader",
    )
