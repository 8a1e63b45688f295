"""Test data of pledges, made through the service."""

import io
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.store import Store
from app.pledges import service
from app.pledges.schemas import EvidenceNew, PledgeNew
from tests.make.organizations import DISTRICT, everything

_n = count(1)
STATES = ("draft", "published", "completed", "confirmed")


def new_pledge(**values: Any) -> dict[str, Any]:
    """Make the JSON of an organisation's pledge that can be drafted."""
    return {
        "pledger_kind": "member" if "member_id" in values else "organization",
        "title": f"为群众办实事第{next(_n)}件",
        "category": "services",
        "due_on": str(clock.today()),
    } | {k: str(v) if isinstance(v, UUID) else v for k, v in values.items()}


async def make_pledge(session: AsyncSession, status: str = "draft", **values: Any) -> UUID:
    """Draft a pledge and take it, today, as far as `status`; another account confirms it."""
    district = values.pop("district_code", DISTRICT)
    side, above = everything(district), everything(district)
    made = await service.draft(session, side, PledgeNew(**new_pledge(**values)))
    if status == "withdrawn":
        await service.withdraw(session, side, made, "情况有变")
    for step in _steps(status):
        if step == "published":
            await service.publish(session, side, made)
        elif step == "completed":
            await service.add_evidence(session, side, made, EvidenceNew(text="已按期办结"))
            await service.complete(session, side, made)
        else:
            await service.confirm(session, above, made)
    return made


def picture(kind: str = "PNG", **more: Any) -> bytes:
    """Make an image file."""
    out = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(out, kind, **more)
    return out.getvalue()


async def make_image(session: AsyncSession, store: Store, pledge: UUID, **values: Any) -> UUID:
    """Add an image to a published pledge's evidence."""
    caller = everything(values.pop("district_code", DISTRICT))
    kept = await service.keep_image(session, store, caller, pledge, picture(**values))
    return (await service.add_image(session, caller, pledge, kept)).id


def _steps(status: str) -> Sequence[str]:
    return STATES[1 : STATES.index(status) + 1] if status in STATES else ()
