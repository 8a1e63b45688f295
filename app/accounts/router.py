"""Accounts, grants, and why one may, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status

from app.access.errors import UsernameTaken
from app.accounts import queries, service
from app.accounts.errors import (
    GrantedByOperator,
    GrantStands,
    HoldsMoreRights,
    KeptByOperator,
    MemberHasAccount,
    NotToOneself,
    PasswordStillGiven,
)
from app.accounts.schemas import (
    AccountGrantOut,
    AccountListParams,
    AccountNew,
    AccountOut,
    ExplanationOut,
    ExplanationParams,
    GrantHeldOut,
    GrantListParams,
    GrantNew,
    PasswordReset,
    Reason,
)
from app.core.errors import Forbidden, NotFound
from app.core.http import CallerDep, KeylessRoute, ReadDep, Route, SessionDep
from app.core.pages import Rows
from app.core.problems import declare
from app.core.schemas import Id, Page

router = APIRouter(tags=["accounts"], route_class=Route)
secret = APIRouter(tags=["accounts"], route_class=KeylessRoute)
CHANGES = (NotFound, Forbidden, NotToOneself)


@router.get("/accounts", response_model=Page[AccountOut])
async def list_accounts(
    on: ReadDep, caller: CallerDep, params: Annotated[AccountListParams, Query()]
) -> Rows[Any]:
    """List the accounts that are kept where you keep accounts or grants (账号)."""
    return await queries.find(on, caller, params)


@secret.post(
    "/accounts",
    response_model=AccountOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, UsernameTaken, MemberHasAccount),
)
async def create_account(
    session: SessionDep, caller: CallerDep, new: AccountNew, response: Response
) -> Any:
    """Make an account, without rights; its holder changes the password first (建立账号)."""
    made = await service.create(session, caller, new)
    response.headers["Location"] = f"/v1/accounts/{made}"
    return await queries.get(session, caller, made)


@router.get("/accounts/{account_id}", response_model=AccountOut, responses=declare(NotFound))
async def get_account(on: ReadDep, caller: CallerDep, account_id: Id) -> Any:
    """Show one account (账号详情)."""
    return await queries.get(on, caller, account_id)


@router.post(
    "/accounts/{account_id}/disablements",
    response_model=AccountOut,
    responses=declare(*CHANGES, KeptByOperator),
)
async def disable_account(
    session: SessionDep, caller: CallerDep, account_id: Id, why: Reason
) -> Any:
    """Keep an account from signing in, and end its sign-ins at once (停用账号)."""
    await service.disable(session, caller, account_id, why.reason)
    return await queries.get(session, caller, account_id)


@router.post(
    "/accounts/{account_id}/enablements",
    response_model=AccountOut,
    responses=declare(*CHANGES, KeptByOperator),
)
async def enable_account(
    session: SessionDep, caller: CallerDep, account_id: Id, why: Reason
) -> Any:
    """Let an account sign in again (启用账号)."""
    await service.enable(session, caller, account_id, why.reason)
    return await queries.get(session, caller, account_id)


@secret.post(
    "/accounts/{account_id}/password-resets",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(*CHANGES, KeptByOperator, HoldsMoreRights),
)
async def reset_password(
    session: SessionDep, caller: CallerDep, account_id: Id, new: PasswordReset
) -> None:
    """Give an account another password, end its sign-ins and its lock-out (重置密码)."""
    await service.reset_password(session, caller, account_id, new.password)


@router.post(
    "/accounts/{account_id}/unbindings", response_model=AccountOut, responses=declare(*CHANGES)
)
async def unbind_account(
    session: SessionDep, caller: CallerDep, account_id: Id, why: Reason
) -> Any:
    """Forget the WeChat user of an account, and end its sign-ins (解除微信绑定)."""
    await service.unbind(session, caller, account_id, why.reason)
    return await queries.get(session, caller, account_id)


@router.post(
    "/accounts/{account_id}/grants",
    response_model=AccountGrantOut,
    status_code=status.HTTP_201_CREATED,
    responses=declare(*CHANGES, GrantedByOperator, GrantStands, PasswordStillGiven),
)
async def grant_role(session: SessionDep, caller: CallerDep, account_id: Id, new: GrantNew) -> Any:
    """Grant a role over a subtree, a district or a prefix; no administrator's (授权)."""
    return await service.grant(session, caller, account_id, new)


@router.get("/grants", response_model=Page[GrantHeldOut], responses=declare(NotFound))
async def list_grants(
    on: ReadDep, caller: CallerDep, params: Annotated[GrantListParams, Query()]
) -> Rows[Any]:
    """List who holds which role over places where you keep accounts or grants (授权名单).

    Roles over every district of a prefix are shown to who keeps them, for the whole prefix.
    """
    return await queries.find_grants(on, caller, params)


@router.delete(
    "/grants/{grant_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(*CHANGES),
)
async def revoke_grant(session: SessionDep, caller: CallerDep, grant_id: Id) -> None:
    """Take a role back (撤销授权)."""
    await service.revoke(session, caller, grant_id)


@router.get("/access/explanations", response_model=ExplanationOut)
async def explain_access(
    on: ReadDep, caller: CallerDep, params: Annotated[ExplanationParams, Query()]
) -> Any:
    """Tell whether you hold a permission at an organisation, and why (权限说明)."""
    return await queries.explain(on, caller, params.permission, params.organization_id)
