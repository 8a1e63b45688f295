"""What the operator does at the command line: `hangji account …`."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from app import attach
from app.access.errors import UsernameTaken
from app.access.models import Account, AccountGrant
from app.access.types import Role
from app.accounts import service
from app.commands.account import commands
from app.core.audit import AuditEntry
from app.core.db import Doors
from app.core.errors import Invalid, NotFound
from tests.accounts.conftest import PASSWORD, AsUser, id_of
from tests.conftest import _at, _sql, new_database
from tests.make.organizations import make_account, make_organization


async def actions(session: AsyncSession, code: str = "231005") -> list[tuple[str, str | None]]:
    rows = select(AuditEntry).where(AuditEntry.district_code == code).order_by(AuditEntry.number)
    return [(e.action, e.target_id) for e in await session.scalars(rows)]


async def test_accounts_are_made_with_a_role(
    doors: Doors, session: AsyncSession, root: UUID
) -> None:
    branch = await make_organization(session, root)
    made: list[tuple[tuple[Any, ...], str]] = [
        ((Role.SYSTEM_ADMIN, "231005"), "231005"),
        ((Role.ORGANIZATION_CLERK, "231005", branch), "231005"),
        ((Role.SECURITY_ADMIN, None, None, "2310"), "231000"),
        ((Role.ORGANIZATION_READER, None, None, "23"), "230000"),
    ]
    for n, (arguments, home) in enumerate(made):
        async with doors.writing(["231005"]) as writing:
            account = await service.create_account(writing, f"op{n}", PASSWORD, *arguments)
        row = await session.get(Account, account)
        assert row is not None
        assert row.home_code == home
        held = (
            await session.execute(
                select(
                    AccountGrant.role,
                    AccountGrant.district_code,
                    AccountGrant.organization_id,
                    AccountGrant.prefix,
                ).where(AccountGrant.account_id == account)
            )
        ).one()
        assert tuple(held) == (*arguments, *[None] * (4 - len(arguments)))
        assert (await actions(session, home))[-1] == ("cli.create_account", str(account))


async def test_what_cannot_be_made(session: AsyncSession, root: UUID) -> None:
    async def make(name: str, *arguments: Any) -> None:
        async with session.begin_nested():
            await service.create_account(session, name, PASSWORD, *arguments)

    await make("one", Role.DEPARTMENT_ADMIN, "231005")
    with pytest.raises(UsernameTaken):
        await make("ONE", Role.DEPARTMENT_ADMIN, "231005")
    for refusal, arguments in (
        (Invalid, (Role.SYSTEM_ADMIN, "231005", root)),
        (Invalid, (Role.MEMBER, "231005")),
        (Invalid, (Role.DEPARTMENT_ADMIN,)),
        (Invalid, (Role.DEPARTMENT_ADMIN, "231005", None, "23")),
        (Invalid, (Role.DEPARTMENT_ADMIN, None, None, "00")),
        (NotFound, (Role.ORGANIZATION_CLERK, "231005", uuid4())),
    ):
        with pytest.raises(refusal):
            await make("two", *arguments)


async def test_the_operator_keeps_administrators(
    doors: Doors, session: AsyncSession, root: UUID, as_user: AsUser
) -> None:
    name = await make_account(session, Role.AUDIT_ADMIN, username="Audit One")
    account = str(await id_of(session, name))
    holder = await as_user("auditone")
    assert (await holder.get("/me")).status_code == 200

    async def status(password: str) -> int:
        login = {"username": name, "password": password}
        return (await holder.post("/sessions", json=login)).status_code

    async with doors.writing() as writing:
        await service.switch(writing, "audit one", is_disabled=True)
    assert await status(PASSWORD) == 401
    async with doors.writing() as writing:
        await service.switch(writing, name, is_disabled=False)
    assert await status(PASSWORD) == 200
    async with doors.writing() as writing:
        await service.set_password(writing, name, "quite another")
    assert [await status(p) for p in (PASSWORD, "quite another")] == [401, 200]
    done = [entry for entry in await actions(session) if entry[0].startswith("cli.")][-3:]
    kept = ["cli.disable_account", "cli.enable_account", "cli.reset_password"]
    assert done == [(action, account) for action in kept]
    with pytest.raises(Invalid):
        await service.set_password(session, name, "short")
    for unknown in (
        service.switch(session, "nobody", is_disabled=True),
        service.set_password(session, "nobody", PASSWORD),
    ):
        with pytest.raises(NotFound):
            await unknown


@pytest.fixture(scope="module")
def url(worker_id: str) -> Iterator[str]:
    """An empty database that really commits."""
    name = f"hangji_operator_{worker_id}"
    asyncio.run(new_database(name))
    yield _at(os.environ["HANGJI_TEST_APPLICATION"], name)
    drop = f"DROP DATABASE {name} WITH (FORCE)"
    asyncio.run(_sql(os.environ["HANGJI_TEST_SUPERUSER"], drop))


Run = Callable[..., Result]


@pytest.fixture
def hangji(url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `hangji account …` on that database."""
    reached = nullcontext(attach.Urls(None, url))
    monkeypatch.setattr(attach, "database", lambda: reached)
    monkeypatch.setattr(attach.say, "_file", None)  # find stderr when it prints

    def run(*arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(commands, arguments, input=given)

    return run


async def stored(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT set_config('hangji.districts', '231005,231000', false)")
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def test_commands(hangji: Run, url: str) -> None:
    create = "create", "--username", "op", "--password-stdin", "--role"
    made = hangji(*create, "system_admin", "--district", "231005", given=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    wide = "create", "--username", "city", "--role", "audit_admin", "--prefix", "2310"
    asked = hangji(*wide, given=f"{PASSWORD}\n{PASSWORD}\n")  # and the password is asked for
    assert asked.exit_code == 0, asked.output
    refused = {
        "用户名已被占用": hangji(*create, "audit_admin", "--prefix", "23", given=PASSWORD),
        "密码须为": hangji("password", "--username", "op", "--password-stdin", given="short"),
        "没有这个账号": hangji("disable", "--username", "nobody"),
        "党员身份不由授权产生": hangji(*create, "member", "--prefix", "23", given=PASSWORD),
        "没有这个区划代码": hangji(*create, "audit_admin", "--district", "999999", given=PASSWORD),
    }
    for why, result in refused.items():
        assert (result.exit_code, why in result.output) == (1, True), result.output
    account = "SELECT id::text, is_disabled, password_hash FROM account WHERE username = 'op'"
    assert hangji("disable", "--username", "OP").exit_code == 0
    [(account_id, is_disabled, hashed)] = asyncio.run(stored(url, account))
    assert (account_id, is_disabled) == (made.stdout.strip(), True)
    assert hangji("enable", "--username", "op").exit_code == 0
    changed = "password", "--username", "op", "--password-stdin"
    assert hangji(*changed, given="another good\n").exit_code == 0
    [(_, is_disabled, other)] = asyncio.run(stored(url, account))
    assert is_disabled is False
    assert other != hashed
    entries = "SELECT district_code, action FROM audit_entry ORDER BY district_code, number"
    assert asyncio.run(stored(url, entries)) == [
        ("231000", "cli.create_account"),
        ("231005", "cli.district"),
        ("231005", "cli.create_account"),
        ("231005", "cli.disable_account"),
        ("231005", "cli.enable_account"),
        ("231005", "cli.reset_password"),
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["create", "--username", "a", "--role", "king"], 2),
        (["create", "--username", "a", "--role", "audit_admin", "--organization", "1"], 2),
        (["create", "--username", "a\u200b", "--role", "audit_admin"], 1),
        (["create", "--username", "x" * 51, "--role", "audit_admin"], 1),
        (["disable"], 2),
    ],
)
def test_wrong_commands_say_so(arguments: list[str], expected: int) -> None:
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == expected
    assert isinstance(result.exception, SystemExit)
