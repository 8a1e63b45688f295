"""What happened to a pledger before publication, who judges a pledge, what was overdue when."""

from datetime import date, timedelta
from random import Random
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.pledges import service
from app.pledges.schemas import EvidenceNew
from tests.access.test_scope import bearer
from tests.long import real
from tests.make.members import make_member
from tests.make.organizations import everything, make_organization
from tests.make.pledges import make_pledge
from tests.pledges.conftest import TODAY, Scene, post, refused

V1 = {"if-match": '"1"'}
LATER = {"due_on": "2020-12-31"}

# ── Published while the pledger is still there


async def test_a_draft_of_a_dissolved_organisation_is_not_published(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, organization_id=scene.other, **LATER)
    stays = await make_pledge(session, organization_id=scene.branch, **LATER)
    clock.pin(date(2020, 1, 1))
    assert (await client.delete(f"/organizations/{scene.other}", headers=V1)).status_code == 204
    url = f"/pledges/{pledge}/publications"
    assert refused(await client.post(url)) == (409, "not-standing")
    assert (await client.get(f"/pledges/{pledge}")).json()["status"] == "draft"
    assert (await client.post(f"/pledges/{stays}/publications")).status_code == 200


async def test_a_draft_of_a_member_who_is_gone_is_not_published(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, member_id=scene.fellow, **LATER)
    died = {"status": "deceased", "reason": "因病去世"}
    url = f"/members/{scene.fellow}/status-changes"
    assert (await client.post(url, json=died, headers=V1)).is_success
    refusal = await client.post(f"/pledges/{pledge}/publications")
    assert refused(refusal) == (409, "cannot-pledge")
    mine = await make_pledge(session, member_id=scene.member, **LATER)
    assert (await client.post(f"/pledges/{mine}/publications")).status_code == 200


async def test_a_draft_of_a_member_who_belongs_elsewhere_is_not_published(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, member_id=scene.fellow, **LATER)
    clock.pin(date(2020, 1, 1))
    moved = text("UPDATE membership SET organization_id = :to WHERE member_id = :who")
    await session.execute(moved, {"to": scene.other, "who": scene.fellow})
    for by in (scene.clerk, scene.above):  # the clerk no longer sees the member
        refusal = await post(scene, by, f"/{pledge}/publications")
        assert refused(refusal) == (409, "cannot-pledge")


# ── Who judges

CONFIRMED_BY_THE_DRAFTER = (
    "UPDATE pledge SET confirmed_by = recorded_by, completed_by = gen_random_uuid()"
)


async def test_a_groups_members_are_judged_from_above_the_group(
    scene: Scene, session: AsyncSession
) -> None:
    group = await make_organization(session, scene.branch, kind="party_group", name="一组")
    member = await make_member(session, group)
    leader = bearer(await real.clerk(session, group))
    pledge = await make_pledge(session, "completed", member_id=member)
    for step, json in (("returns", {"reason": "x"}), ("confirmations", None)):
        refusal = await post(scene, leader, f"/{pledge}/{step}", json)
        assert refused(refusal) == (403, "forbidden")
    assert (await post(scene, scene.clerk, f"/{pledge}/confirmations")).status_code == 200


@pytest.mark.parametrize("by", ["drafted", "gave evidence", "completed"])
async def test_who_had_a_part_in_it_does_not_judge(
    scene: Scene, session: AsyncSession, client: httpx.AsyncClient, by: str
) -> None:
    """The clerk above drafted, added evidence or said it was done; somebody else did the rest."""
    side = everything()
    if by == "drafted":
        new = {"organization_id": str(scene.branch), "pledger_kind": "organization"}
        new |= {"title": "修路灯", "category": "services", "due_on": str(TODAY)}
        pledge = UUID((await post(scene, scene.above, "", new)).json()["id"])
        await service.publish(session, side, pledge)
    else:
        pledge = await make_pledge(session, "published", organization_id=scene.branch)
    await service.add_evidence(session, side, pledge, EvidenceNew(text="已办"))
    if by == "gave evidence":
        assert (await post(scene, scene.above, f"/{pledge}/evidence", {"text": "x"})).is_success
    if by == "completed":
        assert (await post(scene, scene.above, f"/{pledge}/completions")).is_success
    else:
        await service.complete(session, side, pledge)
    for step, json in (("returns", {"reason": "x"}), ("confirmations", None)):
        refusal = await post(scene, scene.above, f"/{pledge}/{step}", json)
        assert refused(refusal) == (409, "own-pledge")
    assert (await client.post(f"/pledges/{pledge}/confirmations")).status_code == 200


async def test_the_database_knows_the_drafter_too(scene: Scene, session: AsyncSession) -> None:
    await make_pledge(session, "confirmed", organization_id=scene.branch)
    with pytest.raises(DBAPIError, match="ck_pledge_two_accounts"):
        async with session.begin_nested():
            await session.execute(text(CONFIRMED_BY_THE_DRAFTER))


# ── What was overdue on a day


async def _overdue(client: httpx.AsyncClient, day: date) -> bool:
    query = {"as_of": str(day)}
    [shown] = (await client.get("/pledges", params=query)).json()["items"]
    for is_overdue in (True, False):
        asked = query | {"overdue": str(is_overdue).lower()}
        found = (await client.get("/pledges", params=asked)).json()["items"]
        assert len(found) == (shown["is_overdue"] is is_overdue)
    return bool(shown["is_overdue"])


async def test_a_return_does_not_make_earlier_days_overdue(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    """Due on the 31st, completed on the 1st, returned on the 5th, completed on the 9th."""
    side, above = everything(), everything()
    pledge = await make_pledge(session, "published", organization_id=scene.branch)
    await service.add_evidence(session, side, pledge, EvidenceNew(text="已办"))
    days = {n: date(2020, 1, n) for n in range(1, 12)}
    clock.pin(days[2])
    await service.complete(session, side, pledge)
    clock.pin(days[5])
    await service.send_back(session, above, pledge, "请补充")
    wanted = {1: True, 2: False, 4: False, 5: True, 8: True}
    for n, is_overdue in wanted.items():
        assert await _overdue(client, days[n]) is is_overdue, n
    clock.pin(days[9])
    await service.complete(session, side, pledge)
    for n, is_overdue in (wanted | {9: False, 11: False}).items():
        assert await _overdue(client, days[n]) is is_overdue, n
    clock.pin(days[10])
    await service.confirm(session, above, pledge)
    for n, is_overdue in (wanted | {9: False, 11: False}).items():
        assert await _overdue(client, days[n]) is is_overdue, n


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_overdue_on_a_day_stays_true(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene, seed: int
) -> None:
    """Completed and returned in turn: what each evening told, every later day tells of it."""
    random = Random(seed)  # noqa: S311 - the same on every run
    side, above = everything(), everything()
    pledge = await make_pledge(session, "published", organization_id=scene.branch)
    await service.add_evidence(session, side, pledge, EvidenceNew(text="已办"))
    told: dict[date, bool] = {}
    for turn in range(5):
        for _ in range(random.randrange(3)):
            told[clock.today()] = await _overdue(client, clock.today())
            clock.pin(clock.today() + timedelta(days=1))
        if turn % 2 == 0:
            await service.complete(session, side, pledge)
        else:
            await service.send_back(session, above, pledge, "请补充")
    assert {day: await _overdue(client, day) for day in told} == told
