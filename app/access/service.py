"""Accounts, passwords and tokens."""

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NoReturn
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import logic, queries
from app.access.errors import (
    NoSuchMember,
    PhoneNeeded,
    TooManyAttempts,
    Unauthenticated,
    WechatNotSetUp,
    WrongCredentials,
    WrongPassword,
)
from app.access.models import Account, Attempts, SignIn, Token
from app.access.schemas import SessionOut
from app.access.types import TokenKind
from app.core import audit, clock, crypto
from app.core.audit import Actor
from app.core.caller import DEPLOYMENT, Caller
from app.core.db import Doors, new_id
from app.core.errors import Invalid
from app.core.settings import settings
from app.wechat import service as wechats
from app.wechat.errors import CodeRefused, WechatBusy, WechatUnavailable
from app.wechat.service import WeChat

_hasher = PasswordHasher()
_two = ThreadPoolExecutor(2, "hash")  # at a time: a hash takes 64 MiB
WECHAT_SECONDS = 5.5
"""For all that WeChat is asked in one sign-in."""


@cache
def _decoy() -> str:
    """Hash what nobody knows: checked for an unknown name, so both refusals take equally long."""
    return _hasher.hash(secrets.token_hex(16))


def token_hash(token: str) -> bytes:
    """Digest a token as it is stored."""
    return hashlib.sha256(token.encode()).digest()


async def hash_password(password: str) -> str:
    """Hash `password` with Argon2id, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_two, _hasher.hash, password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def _is_password(found: Any, password: str) -> bool:
    """Check a password; for a name that nobody has the decoy is checked, and the answer is no."""
    run = asyncio.get_running_loop().run_in_executor
    decoy = await run(_two, _decoy)  # the first time also for a known name
    stored = found.password_hash if found else decoy
    return await run(_two, _matches, stored, password) and found is not None


async def sign_in(doors: Doors, by: Actor, username: str, password: str) -> SessionOut:
    """Check a password and begin a sign-in.

    Raises `TooManyAttempts` or `WrongCredentials`. No connection is held while it is hashed.
    """
    key = logic.username_key(username)
    await _count(doors, by, key)
    found = await queries.credentials(doors.reading([]), key)
    answer = None
    if await _is_password(found, password) and found is not None:
        proof = Account.password_hash == found.password_hash
        answer = await _enter(doors, by, found, proof, is_confined=found.is_password_given)
    if answer is None:
        await _note_failure(doors, by, found)
        raise WrongCredentials
    await _forgive(doors, by, key)
    return answer


async def _enter(
    doors: Doors, by: Actor, account: Any, proof: ColumnElement[bool], *, is_confined: bool = False
) -> SessionOut | None:
    """Begin a sign-in if the account still stands and `proof` still holds.

    The account is locked against changes meanwhile: who changes the password ends this too.
    """
    roles = await queries.roles(doors, account, clock.today())
    who = replace(by, caller=Caller(account.id, account.username, roles, account.home_code))
    async with doors.writing([account.home_code], who) as session:
        stands = select(Account.id).where(
            Account.id == account.id, Account.is_disabled.is_(False), proof
        )
        if await session.scalar(stands.with_for_update(read=True)) is None:
            return None
        audit.record(session, account.home_code, ("account", account.id))
        return await begin(session, account.id, is_confined=is_confined)


async def _note_failure(doors: Doors, by: Actor, found: Any = None, **detail: Any) -> None:
    """Record a sign-in that failed; a name that nobody has may be a password, so it is not kept."""
    code = found.home_code if found else DEPLOYMENT
    target = ("account", found.id) if found else None
    by = replace(by, username=found.username) if found else by
    async with doors.writing([code], by) as session:
        audit.record(session, code, target, outcome=audit.Outcome.FAILED, **detail)


def _digest(kind: str, of: str | None) -> bytes:
    return crypto.keys().sign(f"{kind}:{of}".encode())


async def _count(doors: Doors, by: Actor, key: str | None = None) -> None:
    """Count an attempt, before it costs anything, or raise `TooManyAttempts`.

    Of those that are refused the audit is told once a window, so that nobody can flood it.
    """
    now, name = clock.now(), None if key is None else _digest("name", key)
    async with doors.writing() as session:
        counted = queries.attempt(_digest("address", logic.network_of(by.address)), name, now)
        tries = (await session.execute(counted)).all()
    asked = (logic.ADDRESS_TRIES, None), (logic.NAME_TRIES, key)
    for (count, began_at), (most, named) in zip(tries, asked, strict=False):
        if count == most + 1:
            found = named and await queries.credentials(doors.reading([]), named)
            await _note_failure(doors, by, found, reason="too many attempts")
        if count > most:
            raise TooManyAttempts(logic.seconds_left(began_at, now))


async def _forgive(doors: Doors, by: Actor, key: str | None = None) -> None:
    """Take back the attempt of an address, and forget all of a name."""
    mine = Attempts.key == _digest("address", logic.network_of(by.address))
    less = func.greatest(Attempts.count - 1, 0)
    async with doors.writing() as session:
        await session.execute(update(Attempts).where(mine).values(count=less))
        if key is not None:
            await forget_attempts(session, key)


async def forget_attempts(session: AsyncSession, username_key: str) -> None:
    """Forget the attempts at a name, so that its holder can sign in again."""
    await session.execute(delete(Attempts).where(Attempts.key == _digest("name", username_key)))


async def begin(
    session: AsyncSession, account_id: UUID, *, is_confined: bool = False
) -> SessionOut:
    """Begin a sign-in of an account whose holder proved to be it."""
    expires = clock.now() + timedelta(days=settings().refresh_days)
    values = {"account_id": account_id, "expires_at": expires, "is_confined": is_confined}
    signed_in = SignIn(id=new_id(), **values)
    session.add(signed_in)
    await session.flush()
    return _issue(session, signed_in.id, expires)


def _issue(session: AsyncSession, sign_in_id: UUID, refresh_ends: datetime) -> SessionOut:
    minutes = settings().access_minutes
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    ends = clock.now() + timedelta(minutes=minutes)
    for token, kind, end in (
        (access, TokenKind.ACCESS, ends),
        (refresh, TokenKind.REFRESH, refresh_ends),
    ):
        session.add(Token(hash=token_hash(token), sign_in_id=sign_in_id, kind=kind, expires_at=end))
    return SessionOut(access_token=access, refresh_token=refresh, expires_in=minutes * 60)


async def refresh(doors: Doors, by: Actor, refresh_token: str, arrived_at: datetime) -> SessionOut:
    """Spend a refresh token for new tokens; one that comes back ends the whole sign-in.

    Of copies sent at once one wins and nothing ends. They are told from a theft by when they
    arrived: the new tokens leave no sooner than the moment after which a copy is a theft.
    """
    answer, leaves_at = None, arrived_at
    async with doors.writing((), by) as session:
        found = (
            await session.execute(
                select(Token, SignIn, Account.home_code)
                .join(SignIn, SignIn.id == Token.sign_in_id)
                .join(Account, Account.id == SignIn.account_id)
                .where(
                    Token.hash == token_hash(refresh_token),
                    Token.kind == TokenKind.REFRESH,
                    Token.expires_at > func.now(),
                    SignIn.revoked_at.is_(None),
                    Account.is_disabled.is_(False),
                )
                .with_for_update(of=[Token, SignIn])
            )
        ).first()
        if found is not None:
            token, signed_in, code = found
            if token.spent_at is None:
                leaves_at = token.spent_at = clock.now() + logic.SENT_AT_ONCE
                answer = _issue(session, signed_in.id, signed_in.expires_at)
            elif arrived_at >= token.spent_at:
                signed_in.revoked_at = clock.now()
                target, failed = ("account", signed_in.account_id), audit.Outcome.FAILED
                audit.record(session, code, target, outcome=failed, reason="used twice")
    if answer is None:  # after the commit: a family that was revoked stays revoked
        raise Unauthenticated
    left = min(leaves_at - clock.now(), logic.SENT_AT_ONCE)
    await asyncio.sleep(left.total_seconds() + 0.001)
    return answer


async def sign_out(session: AsyncSession, caller: Caller, access_token: str) -> None:
    """End the sign-in to which `access_token` belongs."""
    audit.record(session, caller.home_code, ("account", caller.account_id))
    mine = select(Token.sign_in_id).where(Token.hash == token_hash(access_token))
    await end_sign_ins(session, SignIn.id.in_(mine))


async def change_password(
    doors: Doors, by: Actor, caller: Caller, access_token: str, password: str, new_password: str
) -> None:
    """Change the caller's password and end all other sign-ins of the account.

    Raises `Invalid`, `TooManyAttempts` or `WrongPassword`. Who was confined is so no longer.
    """
    if password == new_password:
        raise Invalid("新密码不能与原密码相同", "the new password is not the present one")
    if fault := logic.password_fault(new_password, caller.username):
        raise Invalid(*fault)
    key = logic.username_key(caller.username)
    await _count(doors, by, key)
    found = await queries.credentials(doors.reading([]), key)
    is_changed = False
    if await _is_password(found, password) and found is not None:
        made = await hash_password(new_password)
        is_changed = await _replace_password(doors, by, found, made, access_token)
    if not is_changed:
        await _note_failure(doors, by, found)
        raise WrongPassword
    await _forgive(doors, by, key)


async def _replace_password(
    doors: Doors, by: Actor, account: Any, made: str, access_token: str
) -> bool:
    """Put a new hash in the place of the one that was checked, unless another stands there now."""
    async with doors.writing([account.home_code], by) as session:
        row = update(Account).where(
            Account.id == account.id, Account.password_hash == account.password_hash
        )
        values = {"password_hash": made, "is_password_given": False}
        if await session.scalar(row.values(**values).returning(Account.id)) is None:
            return False
        mine = select(Token.sign_in_id).where(Token.hash == token_hash(access_token))
        await session.execute(update(SignIn).where(SignIn.id.in_(mine)).values(is_confined=False))
        others = SignIn.account_id == account.id, SignIn.id.not_in(mine)
        await end_sign_ins(session, *others)
        audit.record(session, account.home_code, ("account", account.id))
    return True


async def end_sign_ins(session: AsyncSession, *which: ColumnElement[bool]) -> None:
    """End sign-ins that have not ended, with all their tokens."""
    row = update(SignIn).where(SignIn.revoked_at.is_(None), *which)
    await session.execute(row.values(revoked_at=func.now()))


async def sign_in_with_wechat(
    doors: Doors, by: Actor, wechat: WeChat | None, code: str, phone_code: str | None
) -> SessionOut:
    """Begin a sign-in of the member whose WeChat this is; the phone binds them on the first use.

    Raises `WechatNotSetUp`, `TooManyAttempts`, `CodeRefused`, `PhoneNeeded`, `NoSuchMember`,
    `WechatBusy` or `WechatUnavailable`. No connection is held while WeChat is asked.
    """
    if wechat is None:
        raise WechatNotSetUp
    await _count(doors, by)
    try:
        async with asyncio.timeout(WECHAT_SECONDS):
            index, account = await _who(doors, by, wechat, code, phone_code)
    except CodeRefused:
        await _note_failure(doors, by, reason="code refused")
        raise
    except (PhoneNeeded, WechatBusy, WechatUnavailable, TimeoutError) as ended:
        await _forgive(doors, by)  # nothing was guessed
        raise WechatUnavailable if isinstance(ended, TimeoutError) else ended from None
    answer = await _enter(doors, by, account, Account.wechat_index == index)
    if answer is None:
        await _refuse(doors, by, account)
    await _forgive(doors, by)
    return answer


async def _refuse(doors: Doors, by: Actor, account: Any = None) -> NoReturn:
    await _note_failure(doors, by, account, reason="no such member")
    raise NoSuchMember


async def _who(
    doors: Doors, by: Actor, wechat: WeChat, code: str, phone_code: str | None
) -> tuple[bytes, Any]:
    """Find the account that is bound to the sender of `code`, or bind one by the phone."""
    await wechats.first_use(doors, code)
    openid = await wechats.openid_of(wechat, code)
    index = crypto.keys().blind_index(f"openid:{openid}")
    account = await queries.bound(doors.reading([]), index)
    if account is not None:
        if account.is_disabled or not await queries.is_standing(doors, account, clock.today()):
            await _refuse(doors, by, account)
        if account.wechat_cipher is None:  # bound before openids were kept
            await _keep_openid(doors, account.id, index, openid)
        return index, account
    if phone_code is None:
        raise PhoneNeeded
    await wechats.first_use(doors, f"phone:{phone_code}")
    phone = await wechats.phone_of(wechat, doors, phone_code)
    phone_index = crypto.keys().blind_index(f"phone:{phone}")
    members = await queries.members_of_phone(doors, phone_index, clock.today())
    if len(members) != 1:
        await _refuse(doors, by)
    return index, await _bind(doors, by, index, openid, members[0])


def _sealed(account_id: UUID, openid: str) -> bytes:
    return crypto.keys().encrypt(openid, f"account.wechat:{account_id}")


def openid_of(account: Any) -> str | None:
    """Give the openid of the WeChat user to whom an account is bound, where it is kept."""
    if account.wechat_cipher is None:
        return None
    return crypto.keys().decrypt(account.wechat_cipher, f"account.wechat:{account.id}")


async def _keep_openid(doors: Doors, account_id: UUID, index: bytes, openid: str) -> None:
    """Keep the openid of a bound account; its sign-in, which follows, is what the audit tells."""
    mine = Account.id == account_id, Account.wechat_index == index
    row = update(Account).where(*mine, Account.wechat_cipher.is_(None))
    async with doors.writing() as session:
        await session.execute(row.values(wechat_cipher=_sealed(account_id, openid)))


async def _bind(doors: Doors, by: Actor, index: bytes, openid: str, member: Any) -> Any:
    """Bind the member's account to the WeChat user, and make it where there is none.

    Of two that come at once one makes it and the other finds it.
    """
    name, code = f"member-{member.id.hex}", member.district_code
    names = {"username": name, "username_key": logic.username_key(name)}
    values = {"home_code": code, "member_id": member.id, "wechat_index": index}
    made = insert(Account).values(id=new_id(), **names, **values).on_conflict_do_nothing()
    own = queries.ACCOUNTS.where(Account.home_code == code, Account.member_id == member.id)
    account: Any = None
    is_bound = False
    try:
        async with doors.writing([code], by) as session:
            is_new = await session.scalar(made.returning(Account.id)) is not None
            account = (await session.execute(own.with_for_update())).first()
            is_bound = account and not account.is_disabled and account.wechat_index in {None, index}
            if is_bound and (is_new or account.wechat_index is None):
                row = update(Account).where(Account.id == account.id)
                cipher = _sealed(account.id, openid)
                await session.execute(row.values(wechat_index=index, wechat_cipher=cipher))
                target, after = ("account", account.id), {"member_id": member.id}
                audit.record(session, code, target, after=after, action="bind_wechat")
    except IntegrityError:  # just now the WeChat user was bound to somebody else
        is_bound = False
    if not is_bound:
        await _refuse(doors, by, account)
    return account
