"""`hangji account …`: accounts, by the operator."""

import sys
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from app.access.types import Role
from app.accounts import service
from app.accounts.schemas import Username
from app.attach import run, stop
from app.core.db import Doors
from app.organizations import service as organizations

commands = typer.Typer(no_args_is_help=True, help="账号 / accounts")
Name = Annotated[str, typer.Option("--username", help="用户名 / user name")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读取密码 / read the password from stdin")
]


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    asked: str = typer.prompt("密码 password", hide_input=True, confirmation_prompt=True)
    return asked


@commands.command("create")
def create_account(
    username: Name,
    role: Annotated[Role, typer.Option("--role", help="角色 / role")],
    district: Annotated[
        str | None, typer.Option("--district", help="区划代码 / GB/T 2260 code")
    ] = None,
    organization: Annotated[
        UUID | None, typer.Option("--organization", help="只限该党组织 / this subtree only")
    ] = None,
    prefix: Annotated[
        str | None, typer.Option("--prefix", help="市或省的代码前缀 / 2310 or 23, not a district")
    ] = None,
    password_stdin: FromStdin = False,
) -> None:
    """建立账号 / make an account; the district too when it is missing."""
    try:
        name = TypeAdapter(Username).validate_python(username)
    except ValidationError:
        stop("用户名须为 1 到 50 个可见字符 / a user name has 1 to 50 characters, all visible")
    password = _password(from_stdin=password_stdin)

    async def make(doors: Doors) -> UUID:
        service.check_password(password, name)
        async with doors.writing([district] if district else []) as session:
            if district:
                await organizations.ensure_district(session, district)
            return await service.create_account(
                session, name, password, role, district, organization, prefix
            )

    typer.echo(run(make))


@commands.command("password")
def set_password(username: Name, password_stdin: FromStdin = False) -> None:
    """重置密码，并结束其登录 / set a password and end the account's sign-ins."""
    password = _password(from_stdin=password_stdin)

    async def reset(doors: Doors) -> None:
        async with doors.writing() as session:
            await service.set_password(session, username, password)

    run(reset)


@commands.command("disable")
def disable_account(username: Name) -> None:
    """停用账号，并结束其登录 / disable an account and end its sign-ins."""
    _switch(username, is_disabled=True)


@commands.command("enable")
def enable_account(username: Name) -> None:
    """启用账号 / let an account sign in again."""
    _switch(username, is_disabled=False)


def _switch(username: str, *, is_disabled: bool) -> None:
    async def switch(doors: Doors) -> None:
        async with doors.writing() as session:
            await service.switch(session, username, is_disabled=is_disabled)

    run(switch)
