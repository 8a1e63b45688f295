"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class KindNotAllowed(AppError):  # noqa: N818
    """A parent cannot hold this kind of child."""

    status = HTTPStatus.CONFLICT
    title = Text("上级党组织之下不能设立这一类别", "This organisation cannot stand there")


class NameTaken(AppError):  # noqa: N818
    """Another organisation of the district has this name."""

    status = HTTPStatus.CONFLICT
    title = Text("党组织名称已存在", "An organisation with this name stands already")


class TreeTooDeep(AppError):  # noqa: N818
    """The tree would have more levels than are kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("层级过多", "The tree would be too deep")


class NotEmpty(AppError):  # noqa: N818
    """The organisation still has organisations under it, or members."""

    status = HTTPStatus.CONFLICT
    title = Text("党组织之下还有下级组织或党员", "The organisation is not empty")


class RootStays(AppError):  # noqa: N818
    """The root of a district cannot be dissolved."""

    status = HTTPStatus.CONFLICT
    title = Text("区委不能撤销", "The district's root stays")


class NotStanding(AppError):  # noqa: N818
    """The organisation does not stand on that day."""

    status = HTTPStatus.CONFLICT
    title = Text("党组织在该日未存续", "The organisation does not stand on that day")


class UnknownDivision(AppError):  # noqa: N818
    """No county-level division has this code."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = Text("没有这个区划代码", "No county-level division has this code")
