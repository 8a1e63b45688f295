"""Who is behind a token."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, case, func, select

from app.access.logic import ROLES
from app.access.models import Account, AccountGrant, SignIn, Token
from app.access.types import Role, TokenKind
from app.core.caller import Caller, Grant, Subtree
from app.core.dated import on_day
from app.core.db import Executor
from app.organizations.models import OrganizationState
from app.organizations.queries import ROOT_PATH


async def load_caller(on: Executor, token_hash: bytes, today: date) -> Caller | None:
    """Resolve the hash of an access token to a caller, if token, sign-in and account stand."""
    state = OrganizationState
    path = case((AccountGrant.organization_id.is_(None), ROOT_PATH), else_=state.path)
    rows = (
        select(
            Account.id,
            Account.username,
            AccountGrant.role,
            AccountGrant.district_code,
            path.label("path"),
        )
        .select_from(Token)
        .join(SignIn, SignIn.id == Token.sign_in_id)
        .join(Account, Account.id == SignIn.account_id)
        .outerjoin(AccountGrant, AccountGrant.account_id == Account.id)
        .outerjoin(
            state,
            and_(
                state.district_code == AccountGrant.district_code,
                state.organization_id == AccountGrant.organization_id,
                on_day(state, today),
            ),
        )
        .where(
            Token.hash == token_hash,
            Token.kind == TokenKind.ACCESS,
            Token.expires_at > func.now(),
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > func.now(),
            Account.is_disabled.is_(False),
        )
    )
    found = (await on.execute(rows)).all()
    if not found:
        return None
    grants = tuple(
        Grant(row.role, Subtree(row.district_code, row.path), ROLES[Role(row.role)])
        for row in found
        if row.path is not None and row.district_code is not None
    )
    return Caller(found[0].id, found[0].username, grants)


async def credentials(on: Executor, username_key: str) -> tuple[UUID, str] | None:
    """Fetch the id and the password hash of an account that is not disabled."""
    row = (
        await on.execute(
            select(Account.id, Account.password_hash).where(
                Account.username_key == username_key, Account.is_disabled.is_(False)
            )
        )
    ).first()
    return (row.id, row.password_hash) if row else None
