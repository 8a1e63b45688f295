"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class Unauthenticated(AppError):  # noqa: N818
    """No usable credentials."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text("请先登录", "Sign in first")
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 - the parent's ClassVar


class WrongCredentials(AppError):  # noqa: N818
    """The name is unknown, the password wrong or the account disabled: one answer for all."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text("用户名或密码不正确", "Wrong user name or password")


class UsernameTaken(AppError):  # noqa: N818
    """Another account has this name, or one that reads the same."""

    status = HTTPStatus.CONFLICT
    title = Text("用户名已被占用", "This user name is taken")
