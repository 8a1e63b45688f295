"""Reading accounts and grants: those over places where the caller keeps one or the other."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Row, Select, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.access.models import Account, AccountGrant
from app.access.queries import PLACE
from app.access.types import Role
from app.accounts import logic
from app.accounts.logic import Right
from app.accounts.schemas import AccountListParams, GrantListParams
from app.core import clock
from app.core.caller import Caller, Permission, Subtree
from app.core.dated import on_day
from app.core.db import Executor, Reader
from app.core.errors import NotFound
from app.core.pages import Rows, fetch_one, page
from app.organizations.logic import lineage
from app.organizations.models import OrganizationState
from app.organizations.queries import ROOT_PATH, in_subtrees, like_literal, stood_as

State = OrganizationState
AnyRow = Row[*tuple[Any, ...]]
SEES = (Permission.ACCOUNTS_MANAGE, Permission.GRANTS_MANAGE)
"""Either one shows accounts and grants."""
GRANT = tuple(AccountGrant.__table__.c)


def codes(caller: Caller, *permissions: Permission) -> set[str]:
    """Name the districts, prefectures and provinces where the caller holds one of `permissions`."""
    return {s.district_code for p in permissions for s in caller.subtrees(p) if s.path == ROOT_PATH}


def visible(caller: Caller) -> Select[*tuple[Any, ...]]:
    """Select the accounts that the caller's places keep, with their grants over these places."""
    here = sorted(codes(caller, *SEES))
    facts = ("id", "role", "district_code", "organization_id", "prefix", "created_at")
    pairs = (part for name in facts for part in (name, getattr(AccountGrant, name)))
    ordered = aggregate_order_by(
        func.json_build_object(*pairs), AccountGrant.created_at, AccountGrant.id
    )
    grants = (
        select(func.coalesce(func.json_agg(ordered, type_=JSON), literal([], JSON)))
        .where(AccountGrant.account_id == Account.id, PLACE.in_(here))
        .scalar_subquery()
    )
    return select(
        Account.id,
        Account.username,
        Account.username_key,
        Account.home_code,
        Account.member_id,
        Account.is_disabled,
        Account.password_hash.is_not(None).label("has_password"),
        Account.is_password_given,
        Account.wechat_index.is_not(None).label("is_bound_to_wechat"),
        Account.created_at,
        grants.label("grants"),
    ).where(Account.home_code.in_(here))


async def get(on: Executor, caller: Caller, account_id: UUID) -> AnyRow:
    """Fetch one account, or raise `NotFound`."""
    return await fetch_one(on, visible(caller).where(Account.id == account_id))


async def find(on: Executor, caller: Caller, params: AccountListParams) -> Rows[AnyRow]:
    """List the accounts that the caller may see."""
    rows = visible(caller)
    if params.q is not None:
        rows = rows.where(Account.username.ilike(f"%{like_literal(params.q)}%", escape="/"))
    if params.is_disabled is not None:
        rows = rows.where(Account.is_disabled.is_(params.is_disabled))
    if params.district_code is not None:
        rows = rows.where(Account.home_code == params.district_code)
    if params.role is not None:
        having = select(AccountGrant.account_id).where(
            AccountGrant.role == params.role, PLACE.in_(sorted(codes(caller, *SEES)))
        )
        rows = rows.where(Account.id.in_(having))
    sorts: dict[str, ColumnElement[Any]] = {"username": Account.username_key.expression}
    tie = Account.id.expression
    return await page(on, rows, sorts, params.sort, params, of="accounts", tie=tie)


async def held(on: Executor, account_id: UUID) -> list[Right]:
    """List every right that was granted to an account, in sight or not."""
    rows = select(
        AccountGrant.role,
        AccountGrant.district_code,
        AccountGrant.organization_id,
        AccountGrant.prefix,
    ).where(AccountGrant.account_id == account_id)
    found = await on.execute(rows)
    return [Right(Role(r.role), r.district_code, r.organization_id, r.prefix) for r in found]


async def grant(on: Executor, caller: Caller, grant_id: UUID) -> AnyRow:
    """Fetch one grant over a place of the caller's, with its `place`, or raise `NotFound`."""
    rows = select(*GRANT, PLACE.label("place")).where(
        AccountGrant.id == grant_id, PLACE.in_(sorted(codes(caller, *SEES)))
    )
    return await fetch_one(on, rows)


async def find_grants(on: Executor, caller: Caller, params: GrantListParams) -> Rows[AnyRow]:
    """List the grants over places of the caller's, or raise `NotFound` for a unit out of sight."""
    rows = (
        select(
            *GRANT,
            Account.username,
            Account.username_key,
            Account.is_disabled,
            State.name.label("organization_name"),
        )
        .join(Account, Account.id == AccountGrant.account_id)
        .outerjoin(
            State,
            stood_as(AccountGrant.district_code, AccountGrant.organization_id, clock.today()),
        )
        .where(PLACE.in_(sorted(codes(caller, *SEES))))
    )
    if params.role is not None:
        rows = rows.where(AccountGrant.role == params.role)
    if params.organization_id is not None:
        here = await subtree(on, caller, params.organization_id, *SEES)
        at = and_(State.district_code == here.district_code, State.path.in_(lineage(here.path)))
        whole = and_(
            AccountGrant.organization_id.is_(None),
            literal(here.district_code).startswith(
                func.coalesce(AccountGrant.district_code, AccountGrant.prefix)
            ),
        )
        rows = rows.where(or_(at, whole))
    if params.within is not None:
        rows = rows.where(in_subtrees([await subtree(on, caller, params.within, *SEES)]))
    sorts: dict[str, ColumnElement[Any]] = {"username": Account.username_key.expression}
    tie = AccountGrant.id.expression
    return await page(on, rows, sorts, params.sort, params, of="grants", tie=tie)


async def subtree(
    on: Executor, caller: Caller, organization_id: UUID, *permissions: Permission
) -> Subtree:
    """Find where an organisation stands that the caller sees, or raise `NotFound`.

    Where the caller holds one of `permissions` it is seen as well.
    """
    permissions = *permissions, Permission.ORGANIZATIONS_READ
    rows = select(State.district_code, State.path).where(
        State.organization_id == organization_id,
        on_day(State, clock.today()),
        in_subtrees([s for p in permissions for s in caller.subtrees(p)]),
    )
    row = (await on.execute(rows)).first()
    if row is None:
        raise NotFound
    return Subtree(row.district_code, row.path)


async def explain(
    on: Reader, caller: Caller, permission: Permission, organization_id: UUID | None
) -> dict[str, Any]:
    """Tell whether the caller holds `permission` at an organisation, and what each grant does.

    One that is out of sight is explained as one that does not exist.
    """
    place = None
    if organization_id is not None:
        with suppress(NotFound):
            place = await subtree(on, caller, organization_id, permission)
    explained = logic.explain(
        caller.grants, permission, place, is_asked=organization_id is not None
    )
    return {
        "allowed": any(e.has_permission and e.covers is not False for e in explained),
        "permission": permission,
        "organization_id": organization_id if place else None,
        "grants": explained,
        "rule": logic.RULE,
    }
