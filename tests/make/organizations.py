"""Test data of the tree and of accounts, made through the services."""

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.accounts import service as accounts
from app.core.caller import Caller, Grant, Permission, Subtree
from app.core.db import new_id
from app.organizations import service
from app.organizations.queries import ROOT_PATH
from app.organizations.schemas import OrganizationNew

DISTRICT = "231005"
_n = count(1)


def everything(district: str = DISTRICT) -> Caller:
    """A caller who may do everything in the district."""
    grant = Grant("department_admin", Subtree(district, ROOT_PATH), frozenset(Permission))
    return Caller(new_id(), "test", (grant,))


async def make_district(session: AsyncSession, code: str = DISTRICT) -> UUID:
    """Make a district and give its root's id."""
    return await service.ensure_district(session, code)


async def make_organization(session: AsyncSession, parent_id: UUID, **values: Any) -> UUID:
    """Found an organisation; a branch unless `kind` says otherwise."""
    new = {"name": f"测试第{next(_n)}党支部", "kind": "party_branch"} | values
    district = values.pop("district_code", DISTRICT)
    new.pop("district_code", None)
    return await service.found(
        session, everything(district), OrganizationNew(parent_id=str(parent_id), **new)
    )


async def make_account(
    session: AsyncSession,
    role: Role = Role.DEPARTMENT_ADMIN,
    district: str = DISTRICT,
    organization_id: UUID | None = None,
    username: str | None = None,
    password: str = "correct horse battery",
) -> str:
    """Make an account and give its user name."""
    username = username or f"user{next(_n)}"
    await accounts.create_account(session, username, password, role, district, organization_id)
    return username
