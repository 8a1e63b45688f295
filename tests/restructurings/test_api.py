"""Restructurings over HTTP: the way of one, its simulation, and its being taken back."""

from datetime import date
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Account
from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from app.messages.models import Message
from app.restructurings.jobs import remind_restructurings
from tests.make.cycles import bench
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.restructurings import (
    DOCUMENT,
    Desk,
    convert,
    found,
    make_members,
    merge,
    move,
    rows_of,
)
from tests.make.transfers import make_transfer

TODAY, LATER = date(2019, 12, 31), date(2020, 1, 1)
BOX = """
INSERT INTO ballot_box (district_code, id, organization_id, organization_name, title, position,
                        seats, candidates, allows_write_ins, status, voters_due, opened_by,
                        opened_on)
VALUES ('231005', gen_random_uuid(), :organization, '测试', '换届', 'secretary', 1, '[]', true,
        'open', 3, gen_random_uuid(), '2019-12-31')"""


def told(answer: httpx.Response) -> tuple[int, str]:
    """Read which refusal it is."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def general_branch(
    session: AsyncSession, root: UUID, counts: tuple[int, ...] = (3, 2)
) -> tuple[UUID, list[UUID]]:
    """Make a general branch with a branch for each of `counts`, and their members."""
    general = await make_organization(session, root, name="区审计局党总支", kind="general_branch")
    branches = []
    for number, count in enumerate(counts, 1):
        name = f"区审计局第{number}党支部"
        branches.append(await make_organization(session, general, name=name))
        for _ in range(count):
            await make_member(session, branches[-1])
    return general, branches


async def test_a_general_branch_becomes_a_branch_and_again(
    desk: Desk, session: AsyncSession
) -> None:
    general, branches = await general_branch(session, desk.root)
    clock.pin(LATER)
    before = await rows_of(session)
    finding = {"organization_id": str(general), "rule": "under_lower"}
    made = await desk.propose(from_finding=finding)
    assert made.status_code == 201, made.text
    assert made.json()["title"] == "区审计局党总支改设党支部"
    one = made.json()["id"]
    shown = await desk.simulation(one)
    assert shown["tree"]["kind"] == "party_branch"
    assert shown["tree"]["name"] == "区审计局党支部"
    assert shown["tree"]["headcount"] == {"own": 5, "subtree": 5, "full": 5, "probationary": 0}
    assert [f["rule"] for f in shown["findings_closed"]].count("under_lower") >= 1
    assert sum(f["count"] for f in shown["member_flows"]) == 5
    assert len(shown["members"]) == 5
    assert await rows_of(session) == before
    for step in ("submissions", "approvals", "applications"):
        answer = await desk.post(one, step)
        assert answer.status_code == 200, answer.text
    tree = (await desk.one.get(f"/organizations/{general}/tree")).json()
    assert tree["headcount"] == shown["tree"]["headcount"]
    assert tree["organization"]["kind"] == "party_branch"
    old = (await desk.one.get(f"/organizations/{general}/tree?as_of=2019-12-31")).json()
    assert (old["organization"]["kind"], len(old["children"])) == ("general_branch", 2)
    history = (await desk.one.get(f"/organizations/{branches[0]}/history")).json()["items"]
    assert history[0]["end_decision"] == answer.json()["document"]
    assert told(await desk.post(one, "applications")) == (409, "restructuring-out-of-order")
    back = await desk.post(one, "reversals")
    assert back.status_code == 200, back.text
    assert back.json()["status"] == "reversed"
    assert await rows_of(session) == before


async def two_branches(session: AsyncSession, root: UUID) -> tuple[UUID, UUID, UUID]:
    """Make a general branch and two branches of 50 and 60 members under it."""
    general = await make_organization(session, root, name="区商务局党总支", kind="general_branch")
    first = await make_organization(session, general, name="区商务局第一党支部")
    second = await make_organization(session, general, name="区商务局第二党支部")
    await make_members(session, first, 50, TODAY)
    await make_members(session, second, 60, TODAY)
    return general, first, second


async def test_a_merger_says_what_happens_and_does_it(desk: Desk, session: AsyncSession) -> None:
    _, first, second = await two_branches(session, desk.root)
    for branch in (first, second):
        await make_organization(session, branch, name="第一党小组", kind="party_group")
    clerk = await make_account(session, Role.ORGANIZATION_CLERK, organization_id=second)
    new = {"organization_id": str(second), "seats": 3, "due_on": "2019-12-31"}
    cycle = await desk.one.post("/election-cycles", json=new)
    assert cycle.status_code == 201, cycle.text
    aunt = await make_organization(session, desk.root)
    leaver, between, comer = [await make_member(session, place) for place in (second, first, aunt)]
    leads = {
        await make_transfer(session, leaver, aunt): "redirected",
        await make_transfer(session, between, second): "lapses",
        await make_transfer(session, comer, second, "released"): "redirected",
    }
    clock.pin(LATER)
    before = await rows_of(session)
    made = await desk.approved(merge(second, first))
    shown = await desk.simulation(made)
    assert {UUID(t["transfer_id"]): t["effect"] for t in shown["transfers"]} == leads
    flow = {"from_id": str(second), "to_id": str(first), "count": 61}
    assert shown["member_flows"] == [flow]
    assert len(shown["members"]) == 61
    ended = {c["organization_id"]: c["successor_id"] for c in shown["changes"] if not c["after"]}
    assert ended == {str(second): str(first)}
    counts = {
        c["organization_id"]: c["after"]["headcount"]["own"] for c in shown["changes"] if c["after"]
    }
    assert counts[str(first)] == 112
    stops = {"cycle_id": cycle.json()["id"], "organization_id": str(second), "effect": "cancelled"}
    assert shown["elections"] == [stops]
    lapses = {"organization_id": str(second), "role": "organization_clerk", "count": 1}
    assert shown["grants"] == [lapses | {"effect": "lapses"}]
    closed = {(f["organization_id"], f["rule"]) for f in shown["findings_closed"]}
    opened = {(f["organization_id"], f["rule"]) for f in shown["findings_opened"]}
    assert (closed, opened) == (set(), {(str(first), "over_upper")})
    codes = [r["code"] for r in shown["requirements"]]
    assert codes == ["superior_approval", "filing", "member_roll"]
    done = await desk.post(made, "applications")
    assert done.status_code == 200, done.text
    tree = (await desk.one.get(f"/organizations/{first}/tree")).json()
    assert tree["headcount"]["own"] == 112
    names = sorted(c["organization"]["name"] for c in tree["children"])
    assert names == ["区商务局第二党支部第一党小组", "第一党小组"]
    gone = (await desk.one.get(f"/organizations/{second}")).json()
    assert (gone["status"], gone["decision"]) == ("dissolved", DOCUMENT)
    stopped = (await desk.one.get(f"/election-cycles/{cycle.json()['id']}")).json()
    assert stopped["status"] == "cancelled"
    assert stopped["steps"][-1]["document"] == DOCUMENT
    assert clerk
    led = {t["id"]: t for t in (await rows_of(session))["transfer"]}
    ends = [(led[str(i)]["from_organization_id"], led[str(i)]["status"]) for i in leads]
    assert ends == [
        (str(first), "requested"),
        (str(first), "lapsed"),
        (str(aunt), "released"),
    ]
    assert [led[str(i)]["to_organization_id"] for i in leads][2] == str(first)
    assert (await desk.post(made, "reversals")).status_code == 200
    assert await rows_of(session) == before


async def test_two_parties_decide_in_order(desk: Desk, session: AsyncSession) -> None:
    branch = await make_organization(session, desk.root)
    made = (await desk.propose(convert(branch, "joint_branch"))).json()["id"]
    for step in ("approvals", "rejections", "applications", "reversals"):
        assert told(await desk.post(made, step)) == (409, "restructuring-out-of-order"), step
    assert (await desk.post(made, "submissions")).status_code == 200
    own = await desk.post(made, "approvals", by="one")
    assert told(own) == (409, "own-restructuring")
    future = {"document": "批", "on": "2020-01-01"}
    assert told(await desk.post(made, "approvals", future)) == (422, "invalid")
    assert (await desk.post(made, "rejections")).json()["status"] == "rejected"
    assert told(await desk.post(made, "withdrawals")) == (409, "restructuring-out-of-order")
    again = await desk.approved(convert(branch, "joint_branch"), effective_on="2020-01-01")
    shown = (await desk.one.get(f"/restructurings/{again}")).json()
    assert [e["step"] for e in shown["events"]] == ["proposed", "submitted", "approved"]
    assert (shown["document"], shown["decided_on"]) == (DOCUMENT, "2019-12-31")
    assert told(await desk.post(again, "applications")) == (409, "not-yet-in-force")
    assert (await desk.post(again, "withdrawals")).json()["document"] is None


async def test_what_cannot_be_is_refused_with_the_number_of_the_action(
    desk: Desk, session: AsyncSession
) -> None:
    general, first, second = await two_branches(session, desk.root)
    group = await make_organization(session, first, name="党小组", kind="party_group")
    for refusal, *actions in (
        ("root-stays", convert(desk.root, "party_committee")),
        ("nothing-changes", convert(general, "general_branch")),
        ("nothing-changes", move(first, general)),
        ("kind-not-allowed", move(first, second)),
        ("kind-not-allowed", convert(first, "general_branch")),
        ("would-cycle", merge(first, group)),
        ("would-cycle", move(general, first)),
        ("members-left-over", move(second, desk.root), convert(second, "party_committee")),
        ("members-left-over", merge(second, general)),
        ("not-empty", {"action": "dissolve", "organization_id": second}),
        ("not-standing", merge(first, second), move(first, desk.root)),
        ("name-taken", found(desk.root, "区商务局第一党支部")),
        (
            "outside-the-street",
            {
                "action": "redraw",
                "organization_id": general,
                "communities": [{"organization_id": first}],
            },
        ),
    ):
        answer = await desk.propose(*actions)
        assert told(answer) == (409, refusal), (refusal, answer.text)
    assert answer.json()["action"] == 0
    nobody = await desk.propose(convert(UUID(int=1), "joint_branch"))
    assert told(nobody) == (404, "not-found")
    nothing = await desk.propose()
    assert told(nothing) == (422, "invalid")
    choice = await desk.propose(from_finding={"organization_id": str(first), "rule": "over_upper"})
    assert told(choice) == (409, "no-such-finding")


async def test_a_branch_is_split_into_a_new_general_branch(
    desk: Desk, session: AsyncSession
) -> None:
    branch = await make_organization(session, desk.root, name="区供电局党支部")
    people = await make_members(session, branch, 110, TODAY)
    choice = {"organization_id": str(branch), "rule": "over_upper"}
    assert told(await desk.propose(from_finding=choice)) == (409, "finding-leaves-choice")
    parts = [
        {"name": "区供电局第二党支部", "kind": "party_branch", "member_ids": people[:40]},
        {"name": "区供电局第三党支部", "kind": "party_branch", "member_ids": people[40:80]},
    ]
    done = await desk.applied(
        found(desk.root, "区供电局党总支", "general_branch", sector="state_enterprise"),
        move(branch, "new-1"),
        {"action": "split", "organization_id": branch, "parts": parts},
        from_finding=choice,
    )
    shown = (await desk.one.get(f"/restructurings/{done}")).json()
    general = shown["actions"][0]["id"]
    tree = (await desk.one.get(f"/organizations/{general}/tree")).json()
    assert tree["headcount"]["subtree"] == 110
    assert sorted(c["headcount"]["own"] for c in tree["children"]) == [30, 40, 40]
    assert shown["finding_rule"] == "over_upper"
    new = (await desk.one.get("/organizations?q=区供电局第二")).json()["items"][0]
    stranger = await make_member(session, UUID(new["id"]))
    refused = await desk.post(done, "reversals")
    assert told(refused) == (409, "changed-later")
    assert [one["id"] for one in refused.json()["later"]] == [str(stranger)]


async def test_what_was_founded_goes_again(desk: Desk, session: AsyncSession) -> None:
    clock.pin(LATER)
    before = await rows_of(session)
    new = found(desk.root, "区供电局党总支", "general_branch", sector="state_enterprise")
    done = await desk.applied(new, found("new-1", "区供电局第一党支部", is_grid=True))
    made = (await desk.one.get("/organizations?kind=party_branch")).json()["items"][0]
    assert (made["is_grid"], made["founded_on"], made["decision"]) == (True, str(LATER), DOCUMENT)
    assert (await desk.post(done, "reversals")).status_code == 200
    assert await rows_of(session) == before


async def test_a_street_redraws_its_communities(desk: Desk, session: AsyncSession) -> None:
    street = await make_organization(
        session, desk.root, name="新华街道党工委", kind="working_committee", sector="street"
    )
    old = [
        await make_organization(
            session, street, name=f"新华{n}社区党委", kind="party_committee", sector="community"
        )
        for n in "甲乙"
    ]
    grids = [
        await make_organization(session, old[n % 2], name=f"第{n}网格党支部", is_grid=True)
        for n in range(4)
    ]
    for grid in grids:
        await make_member(session, grid)
    clock.pin(LATER)
    before = await rows_of(session)
    redraw = {
        "action": "redraw",
        "organization_id": street,
        "communities": [
            {"organization_id": old[0], "organization_ids": grids[:2]},
            {"name": "新华丙社区党委", "kind": "party_committee", "organization_ids": grids[2:]},
        ],
        "dissolved_ids": [old[1]],
    }
    done = await desk.applied(redraw)
    tree = (await desk.one.get(f"/organizations/{street}/tree")).json()
    held = {c["organization"]["name"]: c["headcount"]["subtree"] for c in tree["children"]}
    assert held == {"新华丙社区党委": 2, "新华甲社区党委": 2}
    subjects = (await desk.one.get(f"/restructurings/{done}")).json()["subjects"]
    assert [s["organization_id"] for s in subjects if s["action"] == "redraw"] == [str(street)]
    assert (await desk.post(done, "reversals")).status_code == 200
    assert await rows_of(session) == before


async def test_later_changes_refuse_a_reversal_and_are_named(
    desk: Desk, session: AsyncSession
) -> None:
    general, branches = await general_branch(session, desk.root)
    other = await make_organization(session, desk.root, name="区直党委", kind="party_committee")
    clock.pin(LATER)
    done = await desk.applied(move(general, other))
    child = await make_organization(session, branches[0], kind="party_group")
    refused = await desk.post(done, "reversals")
    assert told(refused) == (409, "changed-later")
    assert refused.json()["later"] == [{"kind": "organization", "id": str(child), "fault": "path"}]
    edit = {"name": "区审计局第九党支部"}
    version = (await desk.one.get(f"/organizations/{branches[1]}")).headers["etag"]
    url = f"/organizations/{branches[1]}"
    edited = await desk.one.patch(url, json=edit, headers={"if-match": version})
    assert edited.status_code == 200, edited.text
    refused = await desk.post(done, "reversals")
    assert str(branches[1]) in [one["id"] for one in refused.json()["later"]]


async def test_the_second_of_two_on_the_same_organisations_is_told(
    desk: Desk, session: AsyncSession
) -> None:
    _, first, second = await two_branches(session, desk.root)
    one = await desk.approved(merge(second, first))
    two = await desk.approved(convert(first, "joint_branch"))
    conflicts = (await desk.simulation(one))["conflicts"]
    assert [c["id"] for c in conflicts] == [two]
    assert (await desk.post(two, "applications")).status_code == 200
    late = await desk.post(one, "applications")
    assert told(late) == (409, "overtaken")
    assert late.json()["restructuring_id"] == two
    assert late.json()["organization_id"] == str(first)


async def test_an_application_is_not_dated_before_what_is_recorded(
    desk: Desk, session: AsyncSession
) -> None:
    _, first, second = await two_branches(session, desk.root)
    late = await desk.approved(merge(second, first))
    clock.pin(date(2020, 1, 5))
    newcomer = await make_member(session, second)
    refused = await desk.post(late, "applications", {"on": "2020-01-02"})
    assert told(refused) == (409, "changed-later")
    assert refused.json()["later"] == [{"kind": "member", "id": str(newcomer), "on": "2020-01-05"}]
    assert told(await desk.post(late, "applications", {"on": "2020-01-06"})) == (422, "invalid")
    done = await desk.post(late, "applications", {"on": "2020-01-05"})
    assert (done.status_code, done.json()["applied_on"]) == (200, "2020-01-05")


async def test_an_open_ballot_is_closed_first(desk: Desk, session: AsyncSession) -> None:
    _, first, second = await two_branches(session, desk.root)
    made = await desk.approved(merge(second, first))
    await session.execute(text(BOX), {"organization": second})
    for one in (made, await desk.approved(convert(second, "joint_branch"))):
        shown = (await desk.simulation(one))["ballots"]
        assert [b["organization_id"] for b in shown] == [str(second)]
        assert told(await desk.post(one, "applications")) == (409, "ballot-running")


async def test_officers_who_left_the_callers_sight_are_not_named(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> None:
    clock.pin(TODAY)
    async with bench(app, doors, session, root, due_on="2019-12-31") as here:
        await here.open()
        elected = text("""
WITH c AS (UPDATE election_cycle SET status = 'approved' RETURNING id)
INSERT INTO election_candidate (district_code, id, cycle_id, member_id, position, is_elected)
SELECT '231005', gen_random_uuid(), c.id, unnest(CAST(:members AS uuid[])), 'committee_member', true
FROM c""")
        await session.execute(elected, {"members": here.members[:3]})
        elsewhere = await make_organization(session, root)
        await make_transfer(session, here.members[0], elsewhere, "accepted")
        clock.pin(LATER)
        action = {"action": "convert", "organization_id": str(here.branch), "kind": "joint_branch"}
        new = {"actions": [action]}
        made = await here.above.post("/restructurings", json=new)
        assert made.status_code == 201, made.text
        shown = await here.above.get(f"/restructurings/{made.json()['id']}/simulation")
        officers = shown.json()["officers"]
        assert sorted(o["member_id"] or "" for o in officers) == ["", *map(str, here.members[1:3])]
        assert [o["member_id"] is None for o in officers] == [o["name"] is None for o in officers]


async def test_who_waits_for_its_day_is_told_of_once(
    desk: Desk, session: AsyncSession, doors: Doors
) -> None:
    branch = await make_organization(session, desk.root)
    made = await desk.approved(convert(branch, "joint_branch"), effective_on=str(LATER))
    titles = select(Message.title_zh).where(Message.subject_id == UUID(made))
    due = titles.where(Message.title_zh.startswith("组织调整自"))
    await remind_restructurings(doors)
    assert (await session.scalars(due)).all() == []
    clock.pin(LATER)
    for _ in range(2):
        await remind_restructurings(doors)
    told_of = (await session.scalars(due)).all()
    assert len(told_of) == 2  # the two of the department
    assert set(told_of) == {f"组织调整自 2020-01-01 起可以执行：{(await _title(desk, made))}"}


async def _title(desk: Desk, made: str) -> str:
    shown: str = (await desk.one.get(f"/restructurings/{made}")).json()["title"]
    return shown


async def test_those_concerned_are_told(desk: Desk, session: AsyncSession) -> None:
    general, _ = await general_branch(session, desk.root)
    await make_account(session, Role.ORGANIZATION_CLERK, organization_id=general, username="below")
    await desk.applied(convert(general, "party_branch"))
    told_of = select(Message.title_zh).join(Account, Account.id == Message.account_id)
    titles = (await session.scalars(told_of.where(Account.username == "below"))).all()
    said = "区审计局党总支改设党支部"
    assert sorted(titles) == sorted([f"组织调整已批准：{said}", f"组织调整已执行：{said}"])


async def test_figures_count_approved_conversions(desk: Desk, session: AsyncSession) -> None:
    general, _ = await general_branch(session, desk.root)
    await desk.propose(convert(general, "party_committee"))
    await desk.approved(convert(general, "party_branch"))
    for name, count in (("upgraded", 0), ("downgraded", 1)):
        told = (await desk.one.get(f"/figures/general_branches_{name}")).json()
        assert told["value"] == count


async def test_nobody_goes_back_to_what_ended_meanwhile(desk: Desk, session: AsyncSession) -> None:
    branch, other = [await make_organization(session, desk.root) for _ in range(2)]
    people = await make_members(session, branch, 7, TODAY)
    part = {"name": "新党支部", "kind": "party_branch", "member_ids": people[:3]}
    made = await desk.applied({"action": "split", "organization_id": branch, "parts": [part]})
    await desk.applied(merge(branch, other))
    refused = await desk.post(made, "reversals")
    assert told(refused) == (409, "changed-later")
    assert refused.json()["later"] == [{"kind": "organization", "id": str(branch)}]


async def test_an_ordinary_end_waits_for_the_ballot_and_stops_the_election(
    desk: Desk, session: AsyncSession
) -> None:
    branch, balloting = [await make_organization(session, desk.root) for _ in range(2)]
    new = {"organization_id": str(branch), "seats": 0, "due_on": "2019-12-31"}
    opened = await desk.one.post("/election-cycles", json=new)
    assert opened.status_code == 201, opened.text
    await session.execute(text(BOX), {"organization": balloting})
    clock.pin(LATER)
    match = {"if-match": '"1"'}
    refused = await desk.one.delete(f"/organizations/{balloting}", headers=match)
    assert told(refused) == (409, "ballot-running")
    assert (await desk.one.delete(f"/organizations/{branch}", headers=match)).status_code == 204
    stopped = (await desk.one.get(f"/election-cycles/{opened.json()['id']}")).json()
    assert stopped["status"] == "cancelled"
