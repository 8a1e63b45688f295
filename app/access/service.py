"""Accounts, passwords and tokens."""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import logic, queries
from app.access.errors import Unauthenticated, UsernameTaken, WrongCredentials
from app.access.models import Account, AccountGrant, SignIn, Token
from app.access.schemas import SessionOut
from app.access.types import Role, TokenKind
from app.core import clock
from app.core.db import Doors, new_id
from app.core.settings import settings

_hasher = PasswordHasher()
_turns = asyncio.Semaphore(2)  # a hash takes 64 MiB


@cache
def _decoy() -> str:
    """Hash what nobody knows: checked for an unknown name, so both refusals take equally long."""
    return _hasher.hash(secrets.token_hex(16))


def token_hash(token: str) -> bytes:
    """Digest a token as it is stored."""
    return hashlib.sha256(token.encode()).digest()


async def hash_password(password: str) -> str:
    """Hash `password` with Argon2id, off the event loop."""
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def sign_in(doors: Doors, username: str, password: str) -> SessionOut:
    """Check a password and begin a sign-in, or raise `WrongCredentials`.

    No connection is held while the password is hashed.
    """
    async with doors.reading() as on:
        found = await queries.credentials(on, logic.username_key(username))
    async with _turns:
        decoy = await asyncio.to_thread(_decoy)  # the first time also for a known name
        matches = await asyncio.to_thread(_matches, found[1] if found else decoy, password)
    if found is None or not matches:
        raise WrongCredentials
    async with doors.writing() as session:
        expires = clock.now() + timedelta(days=settings().refresh_days)
        signed_in = SignIn(id=new_id(), account_id=found[0], expires_at=expires)
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


async def refresh(doors: Doors, refresh_token: str) -> SessionOut:
    """Spend a refresh token for new tokens; one that was spent before ends the whole sign-in."""
    async with doors.writing() as session:
        found = (
            await session.execute(
                select(Token, SignIn)
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
        answer = None
        if found is not None:
            token, signed_in = found
            if token.spent_at is None:
                token.spent_at = clock.now()
                answer = _issue(session, signed_in.id, signed_in.expires_at)
            else:
                signed_in.revoked_at = clock.now()
    if answer is None:  # after the commit: a family that was revoked stays revoked
        raise Unauthenticated
    return answer


async def sign_out(session: AsyncSession, access_token: str) -> None:
    """End the sign-in to which `access_token` belongs."""
    mine = select(Token.sign_in_id).where(Token.hash == token_hash(access_token))
    await session.execute(update(SignIn).where(SignIn.id.in_(mine)).values(revoked_at=func.now()))


async def create_account(
    session: AsyncSession,
    username: str,
    password: str,
    role: Role,
    district_code: str,
    organization_id: UUID | None = None,
) -> UUID:
    """Make an account with one role over an organisation's subtree or the whole district.

    Raises `UsernameTaken`.
    """
    key = logic.username_key(username)
    if await session.scalar(select(Account.id).where(Account.username_key == key)):
        raise UsernameTaken
    account = Account(
        id=new_id(),
        username=username,
        username_key=key,
        password_hash=await hash_password(password),
    )
    session.add(account)
    await session.flush()
    session.add(
        AccountGrant(
            id=new_id(),
            account_id=account.id,
            role=role,
            district_code=district_code,
            organization_id=organization_id,
        )
    )
    await session.flush()
    return account.id
