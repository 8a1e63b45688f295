"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class MemberExists(AppError):  # noqa: N818
    """A member with this ID number is recorded in the district."""

    status = HTTPStatus.CONFLICT
    title = Text("该公民身份号码已登记", "A member with this ID number is recorded")


class HoldsNoMembers(AppError):  # noqa: N818
    """Members belong to branches and groups, not to this kind of organisation."""

    status = HTTPStatus.CONFLICT
    title = Text("党员只能编入党支部或党小组", "Members belong to branches and groups")


class StatusNotAllowed(AppError):  # noqa: N818
    """The status does not follow the present one."""

    status = HTTPStatus.CONFLICT
    title = Text("不能由当前状态变更为该状态", "This status does not follow the present one")


class NotProbationary(AppError):  # noqa: N818
    """Only a probationary member in good standing is converted."""

    status = HTTPStatus.CONFLICT
    title = Text("只有预备党员可以转正", "Only a probationary member can be converted")
