"""Test data of secret ballots."""

from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.core.caller import Caller
from app.core.db import new_id
from tests.long.real import token_of
from tests.make.organizations import DISTRICT

CANDIDATES = ["丁一", "王二", "张三", "赵四"]


def new_box(organization_id: UUID, voters: Sequence[UUID], /, **values: Any) -> dict[str, Any]:
    """Make the JSON of a box that can be opened."""
    return {
        "organization_id": str(organization_id),
        "title": "支部委员会换届选举",
        "position": "committee_member",
        "seats": 3,
        "candidates": CANDIDATES,
        "voters": [str(v) for v in voters],
    } | values


def voter(member_id: UUID | None, district: str = DISTRICT) -> Caller:
    """A member who holds nothing but their own vote."""
    return Caller(new_id(), "voter", (), district, member_id)


async def make_voter(session: AsyncSession, member_id: UUID) -> dict[str, str]:
    """Give a member an account, signed in; give the header that carries it."""
    name = f"voter-{member_id}"
    account = Account(
        id=new_id(), username=name, username_key=name, home_code=DISTRICT, member_id=member_id
    )
    session.add(account)
    await session.flush()
    return {"authorization": f"Bearer {await token_of(session, name)}"}


VERIFIER = Path(__file__).resolve().parents[2] / "tools" / "verify_election.py"


def verifier() -> ModuleType:
    """Load the program that verifies exports; it is no part of any package."""
    spec = spec_from_file_location("verify_election", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
