"""Refusals of WeChat's, as the caller should understand them."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class CodeRefused(AppError):  # noqa: N818
    """The code is unknown, was used, is too old, or belongs to somebody WeChat holds off."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text(
        "微信登录凭证无效或已使用，请重试", "WeChat did not accept this code; ask for a new one"
    )


class WechatBusy(AppError):  # noqa: N818
    """WeChat counts too many calls of this user or of this mini-program."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = Text("微信接口调用过于频繁，请稍后再试", "WeChat takes no more calls now; try later")
    headers = {"Retry-After": "60"}  # noqa: RUF012 - the parent's ClassVar


class WechatUnavailable(AppError):  # noqa: N818
    """WeChat does not answer, answers what cannot be read, or does not know this mini-program."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = Text("微信服务暂时不可用，请稍后重试", "WeChat is not available now; try again later")
    headers = {"Retry-After": "2"}  # noqa: RUF012 - the parent's ClassVar
    is_unsent = False
    """WeChat was not reached, or said itself that it did nothing."""
