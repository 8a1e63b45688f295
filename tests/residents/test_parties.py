"""Nobody decides on their own service, also once they are no member any more."""

from datetime import date
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.core import clock
from app.core.db import Doors
from app.members import service as members
from app.members.schemas import StatusChangeNew
from app.members.types import MemberStatus
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import everything, make_account, make_organization
from tests.make.residents import make_claim, make_community, make_post, make_record


async def test_who_left_still_does_not_confirm_their_own(
    anonymous: httpx.AsyncClient, doors: Doors, session: AsyncSession, root: UUID
) -> None:
    clock.pin(date(2019, 12, 31))
    community = await make_community(session, root)
    member = await make_member(session, await make_organization(session, root))
    name = await make_account(session)
    own = update(Account).where(Account.username == name).values(member_id=member)
    await session.execute(own)
    claim = await make_claim(session, await make_post(session, community), member)
    record = await make_record(session, claim)
    left = StatusChangeNew(status=MemberStatus.TRANSFERRED_OUT, reason="转往外区")
    await members.change_status(session, everything(), member, 1, left)
    headers = await signed_in(doors, session, name)
    assert (await anonymous.get("/me", headers=headers)).json()["member_id"] is None
    url = f"/service-records/{record}/confirmations"
    answer = await anonymous.post(url, headers=headers)
    assert answer.json()["type"] == "/problems/own-record", answer.text
    assert (
        await anonymous.post(
            url, headers=await signed_in(doors, session, await make_account(session))
        )
    ).status_code == 200
