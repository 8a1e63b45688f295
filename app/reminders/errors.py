"""Refusals of feeds."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class TooManyFeeds(AppError):  # noqa: N818
    """The account has as many feeds as one may have."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "日历订阅已达上限，请先撤销不用的", "You have as many feeds as one may have: revoke one"
    )


class ReadTooOften(AppError):  # noqa: N818
    """The feed was read more often than any calendar program needs."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = Text("日历读取过于频繁，请稍后再试", "This feed is read too often; try later")
    headers = {"Retry-After": "60"}  # noqa: RUF012 - the parent's ClassVar
