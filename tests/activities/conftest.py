"""A branch with two members, another one beside it, and who acts for them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.residents import make_member_account
from tests.residents.conftest import Clients, as_user, made, refused

__all__ = ["Clients", "as_user", "made", "refused"]
TODAY = date(2019, 12, 31)


@dataclass
class Place:
    """Who and what there is."""

    root: UUID
    branch: UUID
    beside: UUID
    member: UUID
    other: UUID
    """A second member of the branch."""


@pytest.fixture
async def place(session: AsyncSession, root: UUID) -> Place:
    clock.pin(date(2019, 12, 1))
    branch = await make_organization(session, root, name="机关党支部", sector="agency")
    beside = await make_organization(session, root, name="财政党支部", sector="agency")
    member = await make_member(session, branch, name="李明")
    other = await make_member(session, branch, name="王芳")
    clock.pin(TODAY)
    return Place(root, branch, beside, member, other)


@pytest.fixture
async def clerk(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """Who writes for the branch."""
    role = Role.ORGANIZATION_CLERK
    return await as_user(await make_account(session, role, organization_id=place.branch))


@pytest.fixture
async def reader(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """Who reads for the branch."""
    role = Role.ORGANIZATION_READER
    return await as_user(await make_account(session, role, organization_id=place.branch))


@pytest.fixture
async def member(session: AsyncSession, place: Place, as_user: Clients) -> httpx.AsyncClient:
    """The member, by their own account."""
    return await as_user(await make_member_account(session, place.member))
