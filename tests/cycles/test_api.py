"""Cycles over HTTP: the order of the steps, who takes them, and what they leave behind."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.audit import AuditEntry
from app.cycles.types import CycleStatus
from tests.make.cycles import FROM_ABOVE, STEPS, Bench
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization

UNTALLIED = [step for step in STEPS if step not in {"tallied", "reported", "approved"}]


def told(answer: httpx.Response) -> tuple[int, str]:
    """Read which refusal it is."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_open_show_and_list(bench: Bench) -> None:
    made = await bench.open(deputy_seats=1)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/election-cycles/{bench.cycle}"
    body = made.json()
    assert (body["status"], body["next_step"]) == ("planned", "requested")
    assert (body["term_started_on"], body["due_on"]) == ("2016-12-31", "2019-12-31")
    assert (body["seats"], body["secretary_seats"], body["deputy_seats"]) == (3, 1, 1)
    assert body["term_years"] == 3
    shown = await bench.above.get(f"/election-cycles/{bench.cycle}")
    assert shown.json() == body
    assert shown.headers["etag"] == '"1"'
    for query, count in {
        "": 1,
        f"?within={bench.parent}": 1,
        f"?organization_id={bench.branch}": 1,
        f"?organization_id={bench.parent}": 0,
        "?status=planned": 1,
        "?status=held": 0,
        "?is_open=true": 1,
        "?is_open=false": 0,
    }.items():
        listed = await bench.above.get(f"/election-cycles{query}")
        assert len(listed.json()["items"]) == count, query
    assert (await bench.below.get(f"/election-cycles?within={bench.parent}")).status_code == 404


async def test_one_open_cycle_an_organisation(bench: Bench) -> None:
    await bench.open()
    assert told(await bench.open()) == (409, "cycle-open")
    assert (await bench.post("cancellations", {"note": "重新立项"})).json()["status"] == "cancelled"
    assert (await bench.open()).status_code == 201


@pytest.mark.parametrize(
    ("kind", "under"),
    [
        ("district_committee", None),
        ("working_committee", "root"),
        ("temporary_branch", "parent"),
        ("party_group", "branch"),
    ],
)
async def test_kinds_that_elect_nobody(
    client: httpx.AsyncClient,
    session: AsyncSession,
    bench: Bench,
    root: UUID,
    kind: str,
    under: str | None,
) -> None:
    place = root
    if under is not None:
        above = {"root": root, "parent": bench.parent, "branch": bench.branch}[under]
        place = await make_organization(session, above, kind=kind, name="测试其他组织")
    new = {"organization_id": str(place), "seats": 0, "due_on": "2020-12-31"}
    answer = await client.post("/election-cycles", json=new)
    assert told(answer) == (409, "holds-no-election")


async def test_the_recorded_days_win(
    client: httpx.AsyncClient, session: AsyncSession, bench: Bench, root: UUID
) -> None:
    differs = await bench.open(due_on="2019-12-30")
    assert told(differs) == (422, "invalid")
    assert differs.json()["errors"][0]["field"] == "due_on"
    assert (await bench.open(due_on="2019-12-31")).status_code == 201
    bare, begun = [
        await make_organization(session, root, **term)
        for term in ({}, {"term_started_on": "2019-02-28"})
    ]
    new: dict[str, Any] = {"organization_id": str(bare), "seats": 0}
    given = new | {"term_started_on": "2017-06-30", "due_on": "2020-06-30"}
    backwards = new | {"term_started_on": "2020-06-30", "due_on": "2020-06-30"}
    assert told(await client.post("/election-cycles", json=backwards)) == (422, "invalid")
    assert told(await client.post("/election-cycles", json=new)) == (422, "invalid")
    made = await client.post("/election-cycles", json=given)
    assert made.json()["due_on"] == "2020-06-30"
    filled = await client.post("/election-cycles", json=new | {"organization_id": str(begun)})
    assert filled.json()["due_on"] == "2022-02-28"  # 党支部每届任期3年


@pytest.mark.parametrize(
    ("full", "seats", "deputies", "status"),
    [
        (6, 0, 1, 201),
        (6, 0, 2, 409),
        (6, 1, 0, 409),
        (6, 3, 0, 409),
        (7, 3, 0, 201),
        (7, 0, 0, 409),
        (7, 2, 0, 409),
        (7, 7, 1, 201),
        (7, 8, 0, 409),
    ],
)
async def test_how_large_a_committee_may_be(
    client: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    full: int,
    seats: int,
    deputies: int,
    status: int,
) -> None:
    """支部工作条例: 正式党员7人以上设委员会, 一般不超过7人; 不足7人设书记, 必要时设1名副书记."""
    clock.pin(date(2019, 12, 31))
    branch = await make_organization(session, root)
    for _ in range(full):
        await make_member(session, branch)
    await make_member(session, branch, category="probationary", full_on=None)
    new = {"organization_id": str(branch), "seats": seats, "due_on": "2020-12-31"}
    new |= {"deputy_seats": deputies}
    answer = await client.post("/election-cycles", json=new)
    assert answer.status_code == status, answer.text
    if status == 409:
        assert told(answer) == (409, "seats-not-allowed")
        assert answer.json()["source"].startswith("《")


async def test_only_a_large_or_scattered_committee_has_a_congress(
    client: httpx.AsyncClient, session: AsyncSession, bench: Bench, root: UUID
) -> None:
    congress = {"body": "delegate_congress"}
    assert told(await bench.open(**congress, is_scattered=True)) == (409, "congress-not-allowed")
    committee = await make_organization(session, root, kind="party_committee", name="测试党委")
    new: dict[str, Any] = {"organization_id": str(committee), "seats": 5, "due_on": "2020-12-31"}
    few = await client.post("/election-cycles", json=new | congress)
    assert told(few) == (409, "congress-not-allowed")
    scattered = await client.post("/election-cycles", json=new | congress | {"is_scattered": True})
    assert scattered.status_code == 201
    assert scattered.json()["term_years"] == 5


async def test_every_step_out_of_order_is_refused(bench: Bench) -> None:
    """At each status every step but the next is refused, naming what must come first."""
    await bench.open()
    order = list(STEPS)
    for at, present in enumerate(["planned", *UNTALLIED]):
        wanted = order[at]
        for step in order:
            if step in {wanted, "tallied"} or step == present == "nominated":
                continue
            answer = await bench.take(step)
            assert told(answer) == (409, "out-of-order"), (present, step)
            assert (answer.json()["present"], answer.json()["needs"]) == (present, wanted)
        if wanted in UNTALLIED:
            on = "2020-06-20" if wanted != "held" else "2020-06-25"
            body = {"on": on} | (bench.list_of() if wanted == "nominated" else {})
            answer = await bench.take(wanted, body)
            assert answer.json()["status"] == wanted, answer.text
    shown = (await bench.above.get(f"/election-cycles/{bench.cycle}")).json()
    assert [s["step"] for s in shown["steps"]] == UNTALLIED
    assert shown["version"] == 1 + len(UNTALLIED)


@pytest.mark.parametrize("step", ["replied", "prechecked", "approved"])
async def test_the_organisation_itself_cannot_approve(bench: Bench, step: str) -> None:
    await bench.open()
    assert told(await bench.post(STEPS[step])) == (403, "forbidden")


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("extensions", {"until": "2020-12-31", "document": "x"}),
        ("notices", {"number": "x", "recipients": ["y"]}),
        (
            "consents",
            {
                "member_id": str(uuid4()),
                "ground": "serving_sentence",
                "superior_consent_number": "x",
            },
        ),
    ],
)
async def test_what_else_is_the_level_above_s(bench: Bench, rest: str, body: Any) -> None:
    await bench.open()
    assert told(await bench.post(rest, body)) == (403, "forbidden")


@pytest.mark.parametrize("step", sorted(FROM_ABOVE))
async def test_who_requested_does_not_approve(bench: Bench, step: str) -> None:
    await bench.open()
    assert (await bench.post("requests", above=True)).status_code == 200
    assert told(await bench.post(STEPS[step], above=True)) == (409, "same-account")


@pytest.mark.parametrize(
    ("on", "status"), [("2020-06-29", 422), ("2020-06-30", 200), ("2020-07-01", 422)]
)
async def test_a_step_is_neither_in_the_future_nor_before_the_last(
    bench: Bench, on: str, status: int
) -> None:
    await bench.open()
    await bench.take("requested", {"on": "2020-06-30", "document": "西党请〔2020〕3号"})
    answer = await bench.take("replied", {"on": on})
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"][0]["field"] == "on"


async def test_a_paper_holds_no_id_number(bench: Bench) -> None:
    await bench.open()
    answer = await bench.take("requested", {"note": f"{id_number()} 的意见"})
    assert answer.json()["errors"][0]["code"] == "holds_number"


@pytest.mark.parametrize(
    ("committee", "secretary", "deputy", "status"),
    [(4, 1, 0, 200), (3, 1, 0, 409), (4, 0, 0, 409), (4, 1, 1, 409), (5, 1, 0, 200)],
)
async def test_candidates_exceed_the_seats_by_a_fifth(
    bench: Bench, committee: int, secretary: int, deputy: int, status: int
) -> None:
    """选举工作条例: 委员候选人的差额不少于应选人数的20%; 书记、副书记等额."""
    await bench.open()
    await bench.until("replied")
    answer = await bench.take("nominated", bench.list_of(committee, secretary, deputy))
    assert answer.status_code == status, answer.text
    if status == 409:
        assert told(answer) == (409, "too-few-candidates")
    else:
        assert len(answer.json()["candidates"]) == committee + secretary


async def test_candidates_are_full_members_in_good_standing_there(
    session: AsyncSession, bench: Bench, root: UUID
) -> None:
    await bench.open()
    clock.pin(date(2019, 6, 1))
    elsewhere = await make_member(session, await make_organization(session, root))
    new = await make_member(session, bench.branch, category="probationary", full_on=None)
    group = await make_organization(session, bench.branch, kind="party_group", name="第一党小组")
    below = await make_member(session, group)
    punished = bench.members[7]
    clock.pin(date(2020, 6, 30))
    change = {"status": "under_party_probation", "reason": "处分"}
    await bench.below.post(
        f"/members/{punished}/status-changes", json=change, headers={"if-match": '"1"'}
    )
    await bench.until("replied")
    for who, status in (
        (elsewhere, 409),
        (new, 409),
        (punished, 409),
        (uuid4(), 409),
        (below, 200),
    ):
        listed = bench.list_of()
        listed["candidates"][2]["member_id"] = str(who)
        answer = await bench.take("nominated", listed)
        assert answer.status_code == status, answer.text
        if status == 409:
            assert told(answer) == (409, "candidate-not-eligible")
            assert answer.json()["errors"][0]["field"] == "candidates.2.member_id"
    again = await bench.take("nominated")  # until the pre-check another list takes its place
    assert str(below) not in {c["member_id"] for c in again.json()["candidates"]}
    twice = bench.list_of()
    twice["candidates"][1] = twice["candidates"][0]
    assert told(await bench.take("nominated", twice)) == (422, "invalid")


@pytest.mark.parametrize(
    ("on", "allows_early", "status"),
    [
        ("2019-06-30", True, 200),
        ("2020-06-29", True, 200),
        ("2020-06-29", False, 409),
        ("2020-06-30", False, 200),
        ("2019-06-29", True, 409),
    ],
)
async def test_an_early_meeting_needs_approval_and_is_one_year_early_at_most(
    session: AsyncSession, bench: Bench, on: str, allows_early: bool, status: int
) -> None:
    """选举工作条例 第三条: 提前或者延期换届一般不超过1年, 须报上级批准."""
    version = (await bench.below.get(f"/organizations/{bench.branch}")).headers["etag"]
    due = {"due_on": "2020-06-30"}
    await bench.below.patch(
        f"/organizations/{bench.branch}", json=due, headers={"if-match": version}
    )
    await bench.open()
    await bench.until(
        "published",
        requested={"on": "2019-06-02"},
        replied={"on": "2019-06-02", "allows_early": allows_early},
        nominated={"on": "2019-06-02"} | bench.list_of(),
        prechecked={"on": "2019-06-02"},
        published={"on": "2019-06-02"},
    )
    answer = await bench.take("held", {"on": on})
    assert answer.status_code == status, answer.text
    if status == 409:
        assert told(answer) == (409, "too-early")


@pytest.mark.parametrize(("on", "status"), [("2020-06-24", 409), ("2020-06-25", 200)])
async def test_candidates_are_published_as_long_as_practice_asks(
    bench: Bench, on: str, status: int
) -> None:
    await bench.open()
    day = {"on": "2020-06-20"}
    before = dict.fromkeys(UNTALLIED, day) | {"nominated": day | bench.list_of()}
    await bench.until("published", **before)
    answer = await bench.take("held", {"on": on})
    assert answer.status_code == status, answer.text
    if status == 409:
        assert told(answer) == (409, "published-too-shortly")


async def test_local_practice_is_configuration(client: httpx.AsyncClient, bench: Bench) -> None:
    new = {"district_code": "231005", "needs_precheck": False, "needs_publication": False}
    made = await client.post("/election-practices", json=new)
    assert made.status_code == 201, made.text
    assert (await bench.below.post("/election-practices", json=new)).status_code == 403
    assert (
        await client.post("/election-practices", json=new | {"district_code": "110101"})
    ).status_code == 404
    await bench.open()
    await bench.until("nominated")
    held = await bench.take("held")
    assert held.json()["status"] == "held", held.text
    again = await client.post("/election-practices", json={"district_code": "231005"})
    listed = await bench.below.get("/election-practices")
    assert [p["id"] for p in listed.json()["items"]] == [again.json()["id"], made.json()["id"]]


# ── Extensions and notices


@pytest.mark.parametrize(
    ("until", "status", "type_"),
    [
        ("2019-12-31", 422, "invalid"),
        ("2020-01-01", 200, None),
        ("2020-12-31", 200, None),
        ("2021-01-01", 409, "extension-too-long"),
    ],
)
async def test_an_extension_is_one_year_at_most(
    bench: Bench, until: str, status: int, type_: str | None
) -> None:
    await bench.open()
    body = {"until": until, "document": "西党复〔2019〕9号"}
    answer = await bench.post("extensions", body, above=True)
    assert answer.status_code == status, answer.text
    if type_ is not None:
        assert told(answer) == (status, type_)
        return
    assert answer.json()["extended_until"] == until
    for day, status_ in (("2020-06-29", "overdue"), ("2020-06-30", "overdue")):
        listed = await bench.above.get(f"/elections/calendar?within={bench.branch}&as_of={day}")
        wanted = "extended" if day == "2020-06-30" and until >= day else status_
        assert [item["status"] for item in listed.json()["items"]] == [wanted], listed.text
    assert told(await bench.post("extensions", body, above=True)) == (409, "already-extended")


@pytest.mark.parametrize(
    ("issued_on", "extended", "status"),
    [
        ("2019-12-31", None, 409),
        ("2020-01-01", None, 200),
        ("2020-03-31", "2020-03-31", 409),
        ("2020-04-01", "2020-03-31", 200),
    ],
)
async def test_only_the_overdue_are_criticised(
    bench: Bench, issued_on: str, extended: str | None, status: int
) -> None:
    await bench.open()
    if extended:
        body = {"until": extended, "document": "x"}
        assert (await bench.post("extensions", body, above=True)).status_code == 200
    notice = {
        "number": "西党通〔2020〕1号",
        "issued_on": issued_on,
        "recipients": ["各街道党工委", "区直各党委"],
    }
    answer = await bench.post("notices", notice, above=True)
    assert answer.status_code == status, answer.text
    listed = await bench.above.get("/election-notices?is_open=true")
    if status == 409:
        assert told(answer) == (409, "not-overdue")
        assert listed.json()["items"] == []
        return
    (found,) = listed.json()["items"]
    assert found["recipients"] == notice["recipients"]
    assert (found["due_on"], found["cleared_on"]) == ("2019-12-31", None)
    assert told(await bench.post("notices", notice, above=True)) == (409, "notice-open")
    assert (await bench.above.get("/election-notices?is_open=false")).json()["items"] == []
    inside = await bench.above.get(f"/election-notices?within={bench.branch}")
    assert len(inside.json()["items"]) == 1
    assert (await bench.below.get(f"/election-notices?within={bench.parent}")).status_code == 404


async def test_what_ended_is_criticised_no_more(session: AsyncSession, bench: Bench) -> None:
    await bench.open()
    notice = {"number": "西党通〔2020〕1号", "recipients": ["各街道党工委"]}
    assert (await bench.post("notices", notice, above=True)).status_code == 200
    ended = "UPDATE organization_state SET valid_to = :day, is_end = true WHERE name = :name"
    name = (await bench.below.get(f"/organizations/{bench.branch}")).json()["name"]
    await session.execute(text(ended), {"day": clock.today(), "name": name})
    for is_open, count in (("true", 0), ("false", 1)):
        listed = await bench.above.get(f"/election-notices?is_open={is_open}")
        assert len(listed.json()["items"]) == count


async def test_each_write_tells_the_audit_once(session: AsyncSession, bench: Bench) -> None:
    await bench.open()
    day = {"on": "2020-06-20"}
    days = dict.fromkeys(UNTALLIED, day) | {"nominated": day | bench.list_of()}
    await bench.until("held", **days | {"held": {"on": "2020-06-25"}})
    rows = await session.execute(
        select(AuditEntry.action, AuditEntry.before, AuditEntry.after)
        .where(AuditEntry.target_id == bench.cycle)
        .order_by(AuditEntry.number)
    )
    found = rows.all()
    assert len(found) == 1 + len(UNTALLIED)
    assert found[1].action == "request_election"
    assert (found[1].before, found[1].after["status"]) == ({"status": "planned"}, "requested")


def test_every_status_but_the_first_and_last_has_a_step() -> None:
    assert set(STEPS) == set(CycleStatus) - {"planned", "cancelled"}
