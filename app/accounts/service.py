"""Making and keeping accounts, granting and revoking roles."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import UsernameTaken
from app.access.logic import password_fault, username_key
from app.access.models import Account, AccountGrant, SignIn
from app.access.service import end_sign_ins, forget_attempts, hash_password
from app.access.types import Role
from app.accounts import logic, queries
from app.accounts.errors import MemberHasAccount, NotToOneself
from app.accounts.logic import Right
from app.accounts.schemas import AccountNew, GrantNew
from app.core import audit
from app.core.caller import Caller, Permission, Subtree
from app.core.db import new_id
from app.core.errors import Forbidden, Invalid, NotFound
from app.members.models import Member
from app.organizations.models import Organization
from app.organizations.queries import ROOT_PATH


async def create(session: AsyncSession, caller: Caller, new: AccountNew) -> UUID:
    """Make an account that has no rights yet.

    Raises `Forbidden`, `NotFound` for a place out of sight or a member who is not there, `Invalid`,
    `UsernameTaken` or `MemberHasAccount`.
    """
    home = _home(caller, new.home_code)
    if new.member_id is not None:
        there = select(Member.id).where(Member.district_code == home, Member.id == new.member_id)
        if await session.scalar(there) is None:
            raise NotFound
    check_password(new.password, new.username)
    made = await _add(
        session, new.username, new.password, home, new.member_id, is_password_given=True
    )
    facts = {"username": new.username, "member_id": new.member_id}
    audit.record(session, home, ("account", made), after=facts)
    return made


def _home(caller: Caller, code: str | None) -> str:
    """Find where a new account belongs."""
    kept = queries.codes(caller, Permission.ACCOUNTS_MANAGE)
    if code is None and len(kept) > 1:
        raise Invalid("请给出 home_code", "give home_code: you keep accounts in several places")
    if code is None and not kept:
        raise Forbidden("没有账号管理权限", "you keep no accounts")
    code = code or min(kept)
    if code not in caller.districts:
        raise NotFound
    caller.require(Permission.ACCOUNTS_MANAGE, at=Subtree(code, ROOT_PATH))
    return code


async def _add(
    session: AsyncSession,
    username: str,
    password: str,
    home: str,
    member_id: UUID | None = None,
    *,
    is_password_given: bool = False,
) -> UUID:
    """Insert an account; of two with one name or one member at once, one is refused."""
    key = username_key(username)
    logic.check_key(key)
    row = insert(Account).values(
        id=new_id(),
        username=username,
        username_key=key,
        password_hash=await hash_password(password),
        home_code=home,
        member_id=member_id,
        is_password_given=is_password_given,
    )
    made: UUID | None = await session.scalar(row.on_conflict_do_nothing().returning(Account.id))
    if made is not None:
        return made
    if await session.scalar(select(Account.id).where(Account.username_key == key)):
        raise UsernameTaken
    raise MemberHasAccount


def check_password(password: str, username: str) -> None:
    """Raise `Invalid` unless `password` is good enough for this account."""
    if fault := password_fault(password, username):
        raise Invalid(*fault)


async def disable(session: AsyncSession, caller: Caller, account_id: UUID, reason: str) -> None:
    """Keep an account from signing in, and end its sign-ins (停用).

    Raises `NotFound`, `Forbidden`, `NotToOneself` or `KeptByOperator`.
    """
    account = await _lock(session, caller, account_id)
    logic.check_keeper(await queries.held(session, account_id))
    await _switch(session, account, is_disabled=True, reason=reason)


async def enable(session: AsyncSession, caller: Caller, account_id: UUID, reason: str) -> None:
    """Let an account sign in again (启用).

    Raises `NotFound`, `Forbidden`, `NotToOneself` or `KeptByOperator`.
    """
    account = await _lock(session, caller, account_id)
    logic.check_keeper(await queries.held(session, account_id))
    await _switch(session, account, is_disabled=False, reason=reason)


async def reset_password(
    session: AsyncSession, caller: Caller, account_id: UUID, password: str
) -> None:
    """Give an account another password, end its sign-ins and its lock-out (重置密码).

    Its holder has to change it first of all. Raises `NotFound`, `Forbidden`, `NotToOneself`,
    `KeptByOperator`, `HoldsMoreRights` or `Invalid`.
    """
    account = await _lock(session, caller, account_id)
    held = await queries.held(session, account_id)
    logic.check_reset(held, queries.codes(caller, Permission.ACCOUNTS_MANAGE))
    account.is_password_given = True
    await _set_password(session, account, password)


async def unbind(session: AsyncSession, caller: Caller, account_id: UUID, reason: str) -> None:
    """Forget the WeChat user to whom an account is bound, and end its sign-ins (解除微信绑定).

    Raises `NotFound`, `Forbidden` or `NotToOneself`.
    """
    account = await _lock(session, caller, account_id)
    before = {"is_bound_to_wechat": account.wechat_index is not None}
    account.wechat_index = account.wechat_cipher = None
    await end_sign_ins(session, SignIn.account_id == account_id)
    audit.record(
        session,
        account.home_code,
        ("account", account_id),
        before=before,
        after={"is_bound_to_wechat": False},
        reason=reason,
    )


async def _lock(session: AsyncSession, caller: Caller, account_id: UUID) -> Account:
    """Lock an account that the caller keeps and that is not the caller's own."""
    await queries.get(session, caller, account_id)
    account = await _locked(session, Account.id == account_id)
    caller.require(Permission.ACCOUNTS_MANAGE, at=Subtree(account.home_code, ROOT_PATH))
    _refuse_own(caller, account_id)
    return account


async def _locked(session: AsyncSession, which: Any) -> Account:
    """Lock an account: its state and its grants change one at a time."""
    found = await session.scalar(select(Account).where(which).with_for_update(key_share=True))
    if found is None:
        raise NotFound("没有这个账号", "no such account")
    return found


def _refuse_own(caller: Caller, account_id: UUID) -> None:
    if account_id == caller.account_id:
        raise NotToOneself


async def _switch(
    session: AsyncSession, account: Account, *, is_disabled: bool, **told: Any
) -> None:
    target, values = ("account", account.id), {"is_disabled": is_disabled}
    audit.record(session, account.home_code, target, **audit.changed(account, values), **told)
    account.is_disabled = is_disabled
    if is_disabled:
        await end_sign_ins(session, SignIn.account_id == account.id)


async def _set_password(
    session: AsyncSession, account: Account, password: str, **told: Any
) -> None:
    check_password(password, account.username)
    account.password_hash = await hash_password(password)
    await end_sign_ins(session, SignIn.account_id == account.id)
    await forget_attempts(session, account.username_key)
    audit.record(session, account.home_code, ("account", account.id), **told)


async def grant(
    session: AsyncSession, caller: Caller, account_id: UUID, new: GrantNew
) -> AccountGrant:
    """Grant a role over a place (授权).

    Raises `NotFound` for an account or a place out of sight, `Forbidden`, `Invalid`,
    `GrantedByOperator`, `NotToOneself`, `GrantStands` or `PasswordStillGiven`.
    """
    await queries.get(session, caller, account_id)
    logic.check_place(new.organization_id, new.district_code, new.prefix)
    right, place = await _place(session, caller, new)
    caller.require(Permission.GRANTS_MANAGE, at=place)
    _refuse_own(caller, account_id)
    logic.check_right(right)
    logic.check_grantable(right.role)
    account = await _locked(session, Account.id == account_id)
    held = await queries.held(session, account_id)
    logic.check_grant(held, right, is_password_given=account.is_password_given)
    made = await _add_grant(session, account_id, right)
    told = {"grant_id": made.id} | right._asdict()
    audit.record(session, right.code, ("account", account_id), after=told)
    return made


async def _place(session: AsyncSession, caller: Caller, new: GrantNew) -> tuple[Right, Subtree]:
    """Find the place that is meant, among those in the caller's sight."""
    if new.organization_id is not None:
        place = await queries.subtree(
            session, caller, new.organization_id, Permission.GRANTS_MANAGE
        )
        return Right(new.role, place.district_code, new.organization_id), place
    right = Right(new.role, new.district_code, None, new.prefix)
    # a code that ends in 00 is a prefecture's or a province's: it is granted as a prefix
    is_above = right.code.endswith("00")
    if right.code not in caller.districts or is_above != (new.prefix is not None):
        raise NotFound
    return right, Subtree(right.code, ROOT_PATH)


async def _add_grant(session: AsyncSession, account_id: UUID, right: Right) -> AccountGrant:
    made = AccountGrant(id=new_id(), account_id=account_id, **right._asdict())
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return made


async def revoke(session: AsyncSession, caller: Caller, grant_id: UUID) -> None:
    """Take a granted role back (撤销授权).

    Raises `NotFound`, `Forbidden` or `NotToOneself`.
    """
    seen = await queries.grant(session, caller, grant_id)
    caller.require(Permission.GRANTS_MANAGE, at=Subtree(seen.place, ROOT_PATH))
    _refuse_own(caller, seen.account_id)
    gone = delete(AccountGrant).where(AccountGrant.id == grant_id).returning(AccountGrant.id)
    if await session.scalar(gone) is None:
        raise NotFound
    right = Right(Role(seen.role), seen.district_code, seen.organization_id, seen.prefix)
    told = {"grant_id": grant_id} | right._asdict()
    audit.record(session, right.code, ("account", seen.account_id), before=told)


async def create_account(
    session: AsyncSession,
    username: str,
    password: str,
    role: Role,
    district_code: str | None = None,
    organization_id: UUID | None = None,
    prefix: str | None = None,
) -> UUID:
    """Make an account with one role, for the operator: nobody's rights are asked.

    Raises `UsernameTaken`, `Invalid` or `NotFound`.
    """
    right = Right(role, district_code, organization_id, prefix)
    logic.check_right(right)
    if organization_id is not None:
        there = select(Organization.id).where(
            Organization.district_code == district_code, Organization.id == organization_id
        )
        if await session.scalar(there) is None:
            raise NotFound("没有这个党组织", "no such organisation")
    made = await _add(session, username, password, right.code)
    await _add_grant(session, made, right)
    facts = {"username": username, "grants": [right._asdict()]}
    action = "cli.create_account"
    audit.record(session, right.code, ("account", made), after=facts, action=action)
    return made


async def set_password(session: AsyncSession, username: str, password: str) -> None:
    """Give an account another password, for the operator. Raises `NotFound` or `Invalid`."""
    account = await _locked(session, Account.username_key == username_key(username))
    account.is_password_given = False  # the operator is trusted
    await _set_password(session, account, password, action="cli.reset_password")


async def switch(session: AsyncSession, username: str, *, is_disabled: bool) -> None:
    """Disable or enable an account, for the operator. Raises `NotFound`."""
    account = await _locked(session, Account.username_key == username_key(username))
    action = "cli.disable_account" if is_disabled else "cli.enable_account"
    await _switch(session, account, is_disabled=is_disabled, action=action)
