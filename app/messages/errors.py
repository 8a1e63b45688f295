"""Refusals of messages."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class NoTemplate(AppError):  # noqa: N818
    """The deployment has no template of WeChat's for messages of this kind."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "本系统未设置此类订阅消息的模板", "No WeChat template is set for messages of this kind"
    )


class NotBoundToWechat(AppError):  # noqa: N818
    """The account is bound to no WeChat user, or has not signed in by WeChat since."""

    status = HTTPStatus.CONFLICT
    title = Text("账号未绑定微信，请先用微信登录", "Sign in by WeChat first")
