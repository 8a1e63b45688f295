"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NotNewSector(AppError):  # noqa: N818
    """Coverage and problems are kept of 两新 units only."""

    status = HTTPStatus.CONFLICT
    title = Text("该单位不是两新组织", "This unit is not a new-sector unit")


class UnitClosed(AppError):  # noqa: N818
    """Nothing new is agreed with or reported of a unit that has closed."""

    status = HTTPStatus.CONFLICT
    title = Text("该单位已注销", "This unit has closed")


class AlreadyCovered(AppError):  # noqa: N818
    """The same coverage is recorded of some of these days already."""

    status = HTTPStatus.CONFLICT
    title = Text("同一覆盖关系的日期重叠", "The same coverage is recorded of some of these days")


class CannotInstruct(AppError):  # noqa: N818
    """A member whose membership has ended or is suspended instructs no unit."""

    status = HTTPStatus.CONFLICT
    title = Text("该同志目前不能担任党建指导员", "This member cannot instruct a unit now")


class ProblemOutOfOrder(AppError):  # noqa: N818
    """What is asked for does not follow the problem's present state."""

    status = HTTPStatus.CONFLICT
    title = Text("问题当前的状态不允许此操作", "The problem's present state does not allow this")


class OwnProblem(AppError):  # noqa: N818
    """Who reported a problem confirms its solution, so somebody else has to solve it."""

    status = HTTPStatus.CONFLICT
    title = Text("反映人不能解决自己反映的问题", "Who reported a problem does not solve it")


class NotReporter(AppError):  # noqa: N818
    """Only who reported a problem says whether it is solved."""

    status = HTTPStatus.CONFLICT
    title = Text("须由反映人确认或退回", "Only who reported the problem confirms or returns it")
