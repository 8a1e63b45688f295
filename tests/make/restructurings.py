"""Test data of restructurings: who proposes, who approves, and one taken to a step."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.caller import Caller
from app.core.db import Doors
from app.restructurings import service
from app.restructurings.schemas import (
    ApplicationNew,
    RestructuringApprovalNew,
    RestructuringNew,
    StepOn,
)
from tests.conftest import signed_in
from tests.make.organizations import DISTRICT, everything, make_account

DOCUMENT = "西组发〔2019〕12号"
TABLES = (
    "organization",
    "organization_state",
    "membership",
    "member",
    "election_cycle",
    "election_step",
    "transfer",
    "admission",
)


@dataclass
class Desk:
    """Two accounts of the department: one proposes and applies, the other approves."""

    one: httpx.AsyncClient
    other: httpx.AsyncClient
    root: UUID

    async def propose(self, *actions: dict[str, Any], **more: Any) -> httpx.Response:
        """Propose."""
        new = more | ({"actions": [_written(a) for a in actions]} if actions else {})
        return await self.one.post("/restructurings", json=new)

    async def post(self, made: str, step: str, body: Any = None, *, by: str = "") -> httpx.Response:
        """Take a step as who may, or as `by`."""
        above = {"approvals", "rejections", "reversals"}
        bodies = {
            "approvals": {"document": DOCUMENT},
            "rejections": {"reason": "条件不成熟"},
            "withdrawals": {"reason": "情况有变"},
            "reversals": {"document": "西组发〔2020〕3号", "reason": "程序有误"},
        }
        client = getattr(self, by or ("other" if step in above else "one"))
        given = bodies.get(step, {}) if body is None else body
        answer: httpx.Response = await client.post(f"/restructurings/{made}/{step}", json=given)
        return answer

    async def approved(self, *actions: dict[str, Any], **more: Any) -> str:
        """Propose, submit and approve; give the id."""
        made = await self.propose(*actions, **more)
        assert made.status_code == 201, made.text
        found: str = made.json()["id"]
        for step in ("submissions", "approvals"):
            answer = await self.post(found, step)
            assert answer.status_code == 200, answer.text
        return found

    async def applied(self, *actions: dict[str, Any], **more: Any) -> str:
        """Propose, approve and apply; give the id."""
        found = await self.approved(*actions, **more)
        answer = await self.post(found, "applications")
        assert answer.status_code == 200, answer.text
        return found

    async def simulation(self, made: str) -> dict[str, Any]:
        """Simulate."""
        answer = await self.one.get(f"/restructurings/{made}/simulation")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


@asynccontextmanager
async def desk_of(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Desk]:
    """Sign the two in."""
    transport = httpx.ASGITransport(app)
    headers = [await signed_in(doors, session, await make_account(session)) for _ in range(2)]
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers[0]) as a,
        httpx.AsyncClient(transport=transport, base_url="http://test/v1", headers=headers[1]) as b,
    ):
        yield Desk(a, b, root)


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _written(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_written(v) for v in value]
    return str(value) if isinstance(value, UUID) else value


def convert(organization: UUID, kind: str, **more: Any) -> dict[str, Any]:
    """Write the action."""
    return {"action": "convert", "organization_id": organization, "kind": kind} | more


def move(organization: UUID | str, parent: UUID | str) -> dict[str, Any]:
    """Write the action."""
    return {"action": "move", "organization_id": organization, "parent_id": parent}


def merge(organization: UUID | str, into: UUID | str) -> dict[str, Any]:
    """Write the action."""
    return {"action": "merge", "organization_id": organization, "into_id": into}


def found(parent: UUID | str, name: str, kind: str = "party_branch", **more: Any) -> dict[str, Any]:
    """Write the action."""
    return {"action": "found", "parent_id": parent, "name": name, "kind": kind} | more


async def rows_of(session: AsyncSession, *but: str) -> dict[str, list[dict[str, Any]]]:
    """Read every row of the tables that a restructuring writes, but for versions and the like."""
    read = {}
    for table in TABLES:
        rows = text(
            f"SELECT to_jsonb(t) - 'version' - 'recorded_at' FROM {table} t"
            " WHERE district_code = :code ORDER BY id"
        )
        read[table] = [r[0] for r in await session.execute(rows, {"code": DISTRICT})]
    return {table: rows for table, rows in read.items() if table not in but}


async def make_restructuring(
    session: AsyncSession, status: str, *actions: dict[str, Any], district: str = DISTRICT
) -> UUID:
    """Propose and take it as far as `status`; another account approves."""
    side, above = everything(district), everything(district)
    new = RestructuringNew.model_validate({"actions": [_written(a) for a in actions]})
    made = await service.propose(session, side, new)
    for step in ("submitted", "approved", "applied")[: _STEPS.get(status, 0)]:
        await _step(session, made, step, side, above)
    return made


_STEPS = {"submitted": 1, "approved": 2, "applied": 3}


async def _step(session: AsyncSession, made: UUID, step: str, side: Caller, above: Caller) -> None:
    if step == "submitted":
        await service.submit(session, side, made, StepOn())
    elif step == "approved":
        await service.approve(session, above, made, RestructuringApprovalNew(document=DOCUMENT))
    else:
        await service.apply(session, side, made, ApplicationNew())


_MANY = text("""
WITH made AS (
  INSERT INTO member (district_code, id, name, name_key, search_text, search_tokens, sex, ethnicity,
                      id_number_cipher, id_number_index, id_number_masked, born_on, education,
                      joined_on)
  SELECT '231005', gen_random_uuid(), '测试', 'ceshi', '', '{}', 'male', '01', '', uuid_send(i),
         '*', '1970-01-01', 'other', '2000-01-01'
  FROM (SELECT gen_random_uuid() AS i FROM generate_series(1, :count)) AS each
  RETURNING id)
INSERT INTO membership (district_code, id, member_id, organization_id, category, status, valid_from)
SELECT '231005', gen_random_uuid(), id, :organization, 'full', 'active', :day FROM made
RETURNING member_id
""")


async def make_members(
    session: AsyncSession, organization: UUID, count: int, day: date
) -> list[UUID]:
    """Record many members at once, since `day`."""
    values = {"count": count, "organization": organization, "day": day}
    return list((await session.execute(_MANY, values)).scalars())
