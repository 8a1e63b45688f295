"""The worker reminds once, and ends what is over; a restructuring leads pending ones on."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.dated import change
from app.core.db import Doors
from app.members import service as members
from app.members.models import Membership
from app.transfers import jobs, queries, service
from app.transfers.jobs import remind_transfers
from tests.make.members import make_member
from tests.make.organizations import everything, make_organization
from tests.make.transfers import make_transfer
from tests.transfers.conftest import NEAR, TODAY, Scene, made, told

DAY = timedelta(days=1)


async def run(scene: Scene, doors: Doors, day: date) -> list[tuple[str, str, str]]:
    """Let a day come, twice: what is told once is told once."""
    before = await told(scene.session)
    clock.pin(day)
    for _ in range(2):
        await remind_transfers(doors)
    new = await told(scene.session)
    for message in before:
        new.remove(message)
    scene.session.expire_all()
    return new


async def statuses(scene: Scene) -> list[tuple[Any, ...]]:
    rows = text("SELECT district_code, status, end_reason FROM transfer ORDER BY 1, id")
    return [tuple(row) for row in await scene.session.execute(rows)]


async def jobs_entries(scene: Scene) -> list[tuple[str, Any]]:
    rows = text(
        "SELECT district_code, detail FROM audit_entry WHERE action = 'job.remind_transfers'"
        " ORDER BY at, district_code"
    )
    return [(row[0], row[1]) for row in await scene.session.execute(rows)]


async def test_before_a_release_is_due_and_after(scene: Scene, doors: Doors) -> None:
    transfer = await scene.request(scene.new)
    due = TODAY + 10 * DAY
    assert await run(scene, doors, due - 4 * DAY) == []
    soon = "党员组织关系转出待审批，期限为 2020-01-10（转往红旗支部）"
    assert await run(scene, doors, due - 3 * DAY) == [("231005", "先锋总支", soon)]
    assert await run(scene, doors, due) == []
    late = "党员组织关系转出审批已逾期，期限为 2020-01-10（转往红旗支部）"
    assert await run(scene, doors, due + DAY) == [
        ("231005", "先锋一支部", late),
        ("231005", "先锋总支", late),
    ]
    assert await run(scene, doors, due + 9 * DAY) == []
    shown = made(await scene.get(scene.clerk, f"/transfers/{transfer}"))
    assert (shown["status"], shown["is_overdue"]) == ("requested", True)
    assert await jobs_entries(scene) == [("231005", {"reminded": [transfer]})] * 2


async def test_before_a_letter_expires_and_after(scene: Scene, doors: Doors) -> None:
    transfer = await scene.request("爱民一支部", to_district_code=NEAR)
    await scene.release(transfer)
    last = TODAY + 10 * DAY
    assert await run(scene, doors, last - 4 * DAY) == []
    soon = "党员组织关系介绍信将于 2020-01-10 到期，请及时接收（转自先锋一支部）"
    assert await run(scene, doors, last - 3 * DAY) == [
        (NEAR, "爱民一支部", soon),
        ("231005", "先锋一支部", soon),
    ]
    assert await run(scene, doors, last) == []
    assert [s[1] for s in await statuses(scene)] == ["released"] * 2
    over = "转往爱民一支部的组织关系介绍信已逾期失效，党员仍属原党组织"
    assert await run(scene, doors, last + DAY) == [
        (NEAR, "爱民一支部", over),
        ("231005", "先锋一支部", over),
    ]
    assert await statuses(scene) == [(NEAR, "expired", None), ("231005", "expired", None)]
    arrived = await scene.arrived(transfer)
    assert (await jobs_entries(scene))[1:] == [
        (NEAR, {"expired": [arrived]}),
        ("231005", {"expired": [transfer]}),
    ]
    assert await scene.heads(scene.old, scene.clerk, last + DAY) == 1


async def test_who_left_and_what_is_gone(scene: Scene, doors: Doors) -> None:
    await make_transfer(scene.session, scene.member, scene.new, "released")
    other = await make_member(scene.session, scene.old)
    await make_transfer(scene.session, other, "爱民一支部", "released", to_district_code=NEAR)
    third = await make_member(scene.session, scene.old)
    await make_transfer(scene.session, third, scene.new)
    gone = text("UPDATE membership SET status = 'deceased' WHERE member_id = :id")
    await scene.session.execute(gone.bindparams(id=scene.member))
    await members.dissolve_organization(scene.session, everything(NEAR), scene.away, 1, None)
    news = await run(scene, doors, TODAY + DAY)
    assert {n[1] for n in news} == {"先锋一支部"}
    assert sorted(await statuses(scene), key=str) == [
        (NEAR, "lapsed", "转入的党组织已撤销或不再编入党员"),
        ("231005", "lapsed", "党员已不在转出的党组织"),
        ("231005", "lapsed", "转入的党组织已撤销或不再编入党员"),
        ("231005", "requested", None),
    ]


async def test_a_district_that_fails_holds_up_no_other(
    scene: Scene, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = [], jobs._remind

    async def remind(doors: Doors, code: str) -> None:
        asked.append(code)
        if code == NEAR:
            raise ZeroDivisionError
        await real(doors, code)

    monkeypatch.setattr(jobs, "_remind", remind)
    with pytest.raises(ZeroDivisionError):
        await remind_transfers(doors)
    assert asked == [NEAR, "231005"]


# ── What a restructuring asks


async def move(scene: Scene, member: UUID, to: UUID) -> None:
    row = await scene.session.scalar(
        text("SELECT id FROM membership WHERE member_id = :id").bindparams(id=member)
    )
    membership = await scene.session.get_one(Membership, ("231005", row))
    await change(scene.session, membership, clock.today(), {"organization_id": to})


async def test_a_merger_leads_pending_transfers_on(scene: Scene) -> None:
    session = scene.session
    heir = await make_organization(session, scene.general, name="先锋合并支部")
    leaves = await make_transfer(session, scene.member, scene.new, "released")
    stays = await make_member(session, scene.old)
    kept = await make_transfer(session, stays, scene.new)
    comes = await make_transfer(session, await make_member(session, scene.new), scene.old)
    within = await make_transfer(session, await make_member(session, scene.old), heir)
    across = await make_transfer(
        session,
        await make_member(session, scene.away, district_code=NEAR),
        "先锋一支部",
        "released",
        to_district_code="231005",
        district_code=NEAR,
    )
    over = await make_transfer(
        session, await make_member(session, scene.new), scene.old, "rejected"
    )
    arrived = await scene.arrived(str(across))
    pending = await queries.pending_of(session, "231005", [scene.old])
    assert [str(p.id) for p in pending] == [*map(str, (leaves, kept, comes, within)), arrived]
    inside = await session.scalar(
        text("SELECT member_id FROM transfer WHERE id = :id").bindparams(id=within)
    )
    await move(scene, scene.member, heir)
    await move(scene, inside, heir)
    changed = await service.redirect(session, "231005", scene.old, heir)
    assert [*map(str, changed)] == [str(leaves), str(comes), str(within), arrived]
    rows = text(
        "SELECT from_organization_name, to_organization_name, status FROM transfer WHERE id = :id"
    )
    found = [
        tuple((await session.execute(rows.bindparams(id=i))).one())
        for i in (leaves, kept, comes, within, UUID(arrived), over)
    ]
    assert found == [
        ("先锋合并支部", "红旗支部", "released"),
        ("先锋一支部", "红旗支部", "requested"),
        ("红旗支部", "先锋合并支部", "requested"),
        ("先锋一支部", "先锋合并支部", "lapsed"),
        ("爱民一支部", "先锋合并支部", "released"),
        ("红旗支部", "先锋一支部", "rejected"),
    ]
    back = await service.redirect(session, "231005", heir, scene.old, only=[comes])
    assert back == [comes]
    accepted = await scene.post(scene.taker, f"/transfers/{leaves}/acceptances")
    assert made(accepted)["status"] == "accepted"
    assert await service.redirect(session, "231005", scene.general, heir) == []
