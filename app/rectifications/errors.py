"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class CannotRectify(AppError):  # noqa: N818
    """Nobody stands above the district's root to accept; a group is part of its branch."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织不能单独立项整顿", "No case is opened for this kind of organisation")


class CaseOpen(AppError):  # noqa: N818
    """The organisation has a case that is not closed."""

    status = HTTPStatus.CONFLICT
    title = Text("该党组织已有未销号的整顿", "The organisation has an open case")


class CaseOutOfOrder(AppError):  # noqa: N818
    """The case's state does not allow it."""

    status = HTTPStatus.CONFLICT
    title = Text("整顿当前的状态不允许此操作", "The case's state does not allow this")


class GuarantorsMissing(AppError):  # noqa: N818
    """Leaders of all three levels are responsible for a case before it is accepted."""

    status = HTTPStatus.CONFLICT
    title = Text("三级包保责任未落实", "A level has nobody responsible")


class MeasuresUnfinished(AppError):  # noqa: N818
    """A case is reported as done with measures, and all of them finished."""

    status = HTTPStatus.CONFLICT
    title = Text("整顿措施尚未全部完成", "The measures are not all finished")


class OwnReport(AppError):  # noqa: N818
    """Whoever reported a case as done, or noted progress in it, does not accept or return it."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "报告人、登记进度的人不能验收或退回",
        "Whoever reported or noted progress does not accept it",
    )


class TaskOnList(AppError):  # noqa: N818
    """A task that was cancelled is not laid on streets and communities again."""

    status = HTTPStatus.CONFLICT
    title = Text("该事项在已取消事项清单中", "The task is on the list of cancelled ones")


class TaskListed(AppError):  # noqa: N818
    """A task with this title is being done."""

    status = HTTPStatus.CONFLICT
    title = Text("该事项已登记", "The task is listed already")


class AlreadyCancelled(AppError):  # noqa: N818
    """A task is cancelled once."""

    status = HTTPStatus.CONFLICT
    title = Text("该事项已取消", "The task was cancelled already")
