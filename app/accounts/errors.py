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
    """The account is a security or audit administrator's: a system administrator leaves it alone.

    Otherwise one person could act as all three.
    """

    status = HTTPStatus.CONFLICT
    title = Text(
        "安全管理员和审计管理员的账号由运维人员在命令行管理",
        "The account of a security or audit administrator is kept by the operator, at the command"
        " line",
    )


class HoldsMoreRights(AppError):  # noqa: N818
    """The account also has rights where the caller keeps no accounts."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "该账号在您管理的范围之外还有授权，不能由您重置密码",
        "The account has rights beyond where you keep accounts: you cannot reset its password",
    )


class AdministratorsCombined(AppError):  # noqa: N818
    """One account would hold two of the three administrators' roles (三员分立)."""

    status = HTTPStatus.CONFLICT
    title = Text(
        "系统管理员、安全管理员、审计管理员不能由同一账号兼任",
        "System, security and audit administrator are never one account",
    )


class GrantStands(AppError):  # noqa: N818
    """The account has this role over this place already."""

    status = HTTPStatus.CONFLICT
    title = Text("该授权已存在", "This grant stands already")
