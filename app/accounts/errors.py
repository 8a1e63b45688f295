"""Refusals of this domain."""

from http import HTTPStatus

from app.core.errors import AppError, Text


class MemberHasAccount(AppError):  # noqa: N818
    """The member has an account already; one member has one at most."""

    status = HTTPStatus.CONFLICT
    title = Text("该党员已有账号", "This member has an account already")


class NotToOneself(AppError):  # noqa: N818
    """Nobody keeps the own account or the own grants."""

    status = HTTPStatus.CONFLICT
    title = Text("不能对本人的账号或授权进行此操作", "Not to your own account or grants")


class KeptByOperator(AppError):  # noqa: N818
    """The account has a role for which a system administrator leaves it alone.

    Otherwise one person could act as all three administrators, or read full numbers.
    """

    status = HTTPStatus.CONFLICT
    title = Text(
        "该账号担任的角色特殊，此操作由运维人员在命令行进行",
        "For the role of this account this is the operator's to do, at the command line",
    )


class HoldsMoreRights(AppError):  # noqa: N818
    """The account also has rights where the caller keeps no accounts."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该账号在您管理的范围之外还有授权，不能由您重置密码",
        "The account has rights beyond where you keep accounts: you cannot reset its password",
    )


class GrantedByOperator(AppError):  # noqa: N818
    """An administrator's role (三员) comes with an account that the operator makes."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "系统、安全、审计管理员只能由运维人员在命令行建立",
        "System, security and audit administrators are made by the operator, at the command line",
    )


class PasswordStillGiven(AppError):  # noqa: N818
    """The holder has not changed the password yet: whoever set it would gain the role."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该账号的密码由他人设定且尚未修改，请持有人先修改密码，再授予此角色",
        "The password of this account was given by somebody else: its holder changes it first",
    )


class GrantStands(AppError):  # noqa: N818
    """The account has this role over this place already."""

    status = HTTPStatus.CONFLICT
    title = Text("该授权已存在", "This grant stands already")
