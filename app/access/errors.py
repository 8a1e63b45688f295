"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Forbidden, Text


class Unauthenticated(AppError):  # noqa: N818
    """No usable credentials."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text("请先登录", "Sign in first")
    headers = {"WWW-Authenticate": "Bearer"}  # noqa: RUF012 - the parent's ClassVar


class WrongCredentials(AppError):  # noqa: N818
    """The name is unknown, the password wrong or the account disabled: one answer for all."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text("用户名或密码不正确", "Wrong user name or password")


class WrongPassword(AppError):  # noqa: N818
    """The password that was to be changed is another."""

    status = HTTPStatus.CONFLICT
    title = Text("原密码不正确", "This is not the present password")


class PasswordChangeRequired(Forbidden):
    """Somebody else gave the password: until its holder changes it, it opens nothing else."""

    title = Text(
        "密码由他人设定，请先修改密码（POST /v1/me/password-changes）",
        "Somebody else gave this password: change it first (POST /v1/me/password-changes)",
    )


class TooManyAttempts(AppError):  # noqa: N818
    """Too many sign-ins failed, for a name or from an address; the same whether it is known."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = Text("登录尝试过多，请稍后再试", "Too many attempts to sign in; try again later")

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.headers = {"Retry-After": str(seconds)}  # type: ignore[misc] # its own


class PhoneNeeded(AppError):  # noqa: N818
    """Nobody is bound to this WeChat user yet: the phone number tells who it is."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text(
        "首次使用微信登录，请授权手机号（phone_code）",
        "First use of WeChat here: send phone_code, with a new code",
    )


class NoSuchMember(AppError):  # noqa: N818
    """No single active member can be told by this WeChat user; one answer for every reason."""

    status = HTTPStatus.UNAUTHORIZED
    title = Text(
        "未能通过微信确认党员身份，请联系所在党组织",
        "WeChat does not tell which member this is; ask your organisation",
    )


class WechatNotSetUp(AppError):  # noqa: N818
    """The deployment has no mini-program."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = Text("本系统未启用微信登录", "Signing in by WeChat is not set up here")


class UsernameTaken(AppError):  # noqa: N818
    """Another account has this name, or one that reads the same."""

    status = HTTPStatus.CONFLICT
    title = Text("用户名已被占用", "This user name is taken")
