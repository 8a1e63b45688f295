"""A cycle's vote by ballot box, by single ballots, and by a congress."""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from tests.cycles.test_api import told
from tests.make.ballots import make_voter, new_box
from tests.make.cycles import Bench
from tests.make.cycles import bench as made
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.tallies.test_api import _held, _tally, votes

PAPER = {"present": 8, "ballots_issued": 8}
VOTERS: dict[UUID, dict[str, str]] = {}
"""What the clients of members who voted send."""
NAMES = ("丁一鸣", "王二乔", "张三丰", "赵四海", "钱五福", "孙六合", "李七夕", "周八方")


@pytest.fixture
async def bench(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Bench]:
    """A branch whose members have names that tell them apart."""
    clock.pin(date(2019, 6, 1))
    async with made(app, doors, session, root, members=0) as bench:
        bench.members += [await make_member(session, bench.branch, name=name) for name in NAMES]
        clock.pin(date(2020, 6, 30))
        yield bench


async def _cast(session: AsyncSession, bench: Bench, box: Any, member: int, *chosen: str) -> None:
    """Cast a member's ballot: candidates by name, and others."""
    who = bench.members[member]
    if who not in VOTERS:
        VOTERS[who] = await make_voter(session, who)
    ids = {c["name"]: c["id"] for c in box["candidates"]}
    ballot = {"choices": [ids[n] for n in chosen if n in ids]}
    answer = await bench.below.post(
        f"/ballot-boxes/{box['id']}/ballots",
        json=ballot | {"write_ins": [n for n in chosen if n not in ids]},
        headers=VOTERS[who],
    )
    assert answer.status_code == 204, answer.text


async def _close(bench: Bench, box: Any, what: str = "closures", **body: Any) -> None:
    answer = await bench.below.post(f"/ballot-boxes/{box['id']}/{what}", json=body or None)
    assert answer.status_code == 200, answer.text


async def _tallies(bench: Bench) -> list[Any]:
    found = await bench.above.get(f"/election-cycles/{bench.cycle}/tallies")
    items: list[Any] = found.json()["items"]
    return items


def _elected(answer: Any) -> set[str]:
    return {c["name"] for c in answer.json()["candidates"] if c["is_elected"]}


def _papers(*groups: tuple[int, Iterable[Any]]) -> list[list[Any]]:
    return [list(names) for count, names in groups for _ in range(count)]


async def test_a_box_says_itself_how_people_voted(session: AsyncSession, bench: Bench) -> None:
    await bench.open()
    assert told(await bench.post("ballots")) == (409, "out-of-order")
    await bench.post("cancellations")
    await _held(bench)
    assert (await bench.post("ballots")).status_code == 201
    page = await bench.above.get(f"/ballot-boxes?cycle_id={bench.cycle}")
    (box,) = page.json()["items"]
    assert [c["name"] for c in box["candidates"]] == list(NAMES[:4])
    assert (box["seats"], box["voters_due"], box["round"]) == (3, 8, 1)
    assert box["title"].endswith("换届选举：委员（第1轮）")
    assert told(await bench.post("ballots")) == (409, "box-decides")
    assert told(await _tally(bench, "committee_member", 8, 7, 6, 3)) == (409, "box-decides")
    read = {"ballot_box_id": box["id"]}
    assert told(await bench.post("tallies", read)) == (409, "box-not-closed")
    a, b, c, d = NAMES[:4]
    for member in range(4):
        await _cast(session, bench, box, member, a, b, c)
    await _cast(session, bench, box, 4, a, b, d)
    await _cast(session, bench, box, 5, b, NAMES[6], "路人甲")
    await _cast(session, bench, box, 6)
    await _close(bench, box)
    assert told(await bench.post("tallies", read | {"ballots_issued": 7})) == (422, "invalid")
    answer = await bench.post("tallies", read)
    assert answer.status_code == 200, answer.text
    assert _elected(answer) == {a, b, c}
    (tally,) = await _tallies(bench)
    known = tally["protocol"]
    assert (known["due"], known["present"], known["ballots_issued"]) == (8, 7, 7)
    assert [v["votes"] for v in known["votes"]] == [5, 6, 4, 1]
    assert known["write_ins"] == [{"member_id": str(bench.members[6]), "votes": 1}]
    assert known["others"] == {"路人甲": 1}
    assert known["ballot_box_id"] == box["id"]
    assert "ballots" not in known
    assert tally["verdict"]["valid"] == 7
    assert told(await bench.post("tallies", read)) == (409, "box-of-another")

    plenary = (await bench.post("ballots")).json()  # the committee elects its secretary
    assert (plenary["position"], plenary["voters_due"]) == ("secretary", 3)
    for member in range(3):
        await _cast(session, bench, plenary, member, a)
    await _close(bench, plenary)
    done = await bench.post("tallies", {"ballot_box_id": plenary["id"], "on": "2020-06-26"})
    assert done.json()["status"] == "tallied", done.text


async def test_a_voided_box_makes_room_and_another_s_box_is_refused(bench: Bench) -> None:
    await _held(bench)
    first = (await bench.post("ballots", {"allows_write_ins": False})).json()
    assert first["allows_write_ins"] is False
    await _close(bench, first, "voidings", reason="候选人名单有误")
    free = await bench.below.post("/ballot-boxes", json=new_box(bench.branch, bench.members))
    await _close(bench, free.json())
    read = {"ballot_box_id": free.json()["id"]}
    assert told(await bench.post("tallies", read)) == (409, "box-of-another")
    assert told(await bench.post("tallies", {"ballot_box_id": str(uuid4())})) == (404, "not-found")
    again = await bench.post("ballots")
    assert again.status_code == 201, again.text
    await _close(bench, again.json())  # nobody came
    answer = await bench.post("tallies", {"ballot_box_id": again.json()["id"]})
    assert answer.json()["status"] == "published"


async def test_a_runoff_has_a_box_of_its_own_among_the_tied(
    session: AsyncSession, bench: Bench
) -> None:
    await _held(bench)
    assert (await _tally(bench, "committee_member", 7, 7, 5, 5)).status_code == 200
    box = (await bench.post("ballots")).json()
    assert [c["name"] for c in box["candidates"]] == list(NAMES[2:4])
    assert (box["seats"], box["round"]) == (1, 2)
    for member in range(7):
        await _cast(session, bench, box, member, NAMES[2 + (member > 2)])
    await _close(bench, box)
    answer = await bench.post("tallies", {"ballot_box_id": box["id"], "present": 7})
    assert _elected(answer) == {NAMES[0], NAMES[1], NAMES[3]}


async def test_single_ballots_are_read_by_name(bench: Bench) -> None:
    await _held(bench)
    a, b, c, d = NAMES[:4]
    papers = _papers(
        (4, (a, b, c)),
        (1, (a, str(bench.members[1]), c)),
        (1, (a, b, NAMES[7])),
        (1, ("路人甲",)),
        (1, (a, b, c, d)),
    )
    one_too_many = PAPER | {"ballots": papers, "ballots_collected": 9}
    assert told(await bench.post("tallies", one_too_many)) == (422, "protocol-contradicts")
    answer = await bench.post("tallies", PAPER | {"ballots": papers})
    assert answer.status_code == 200, answer.text
    assert _elected(answer) == {a, b, c}
    (tally,) = await _tallies(bench)
    assert (tally["verdict"]["valid"], tally["verdict"]["invalid"]) == (7, 1)
    assert tally["protocol"]["others"] == {"路人甲": 1}
    kept = tally["protocol"]["ballots"]
    assert kept == sorted(kept)
    assert len(kept) == 8
    codes = [reason["code"] for reason in tally["verdict"]["reasons"]]
    assert {"quorum_met", "ballots_in_order", "too_many_names", "complete"} <= set(codes)
    assert all(reason["source"] for reason in tally["verdict"]["reasons"])


async def test_whom_a_name_means_is_asked_where_several_have_it(
    session: AsyncSession, bench: Bench
) -> None:
    clock.pin(date(2019, 6, 1))
    twin = await make_member(session, bench.branch, name=NAMES[6])
    clock.pin(date(2020, 6, 30))
    await _held(bench)
    body = PAPER | {"ballots": _papers((7, (NAMES[0], NAMES[1], NAMES[6])), (1, ()))}
    refused = await bench.post("tallies", body)
    assert told(refused) == (409, "name-unclear")
    assert refused.json()["names"] == [NAMES[6]]
    answer = await bench.post(
        "tallies", body | {"names": [{"name": NAMES[6], "member_id": str(twin)}]}
    )
    (written,) = [c for c in answer.json()["candidates"] if c["is_write_in"]]
    assert (written["member_id"], written["is_elected"]) == (str(twin), True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"ballots": [], "ballot_box_id": str(uuid4())}, 422),
        ({"ballots": []}, 422),
        ({"ballots": [], **PAPER, "write_ins": [{"member_id": str(uuid4()), "votes": 1}]}, 422),
        ({"ballots": [[str(uuid4())]], **PAPER}, 409),
    ],
)
async def test_a_tally_is_entered_in_one_way(
    bench: Bench, body: dict[str, Any], status: int
) -> None:
    await _held(bench)
    assert (await bench.post("tallies", body)).status_code == status


async def test_too_few_for_a_secret_vote(bench: Bench) -> None:
    await _held(bench)
    fewer = {"reduce_seats_consent": 8}
    assert (await _tally(bench, "committee_member", 8, 7, 1, 1, **fewer)).status_code == 200
    assert told(await bench.post("ballots")) == (409, "box-not-possible")  # two on the committee


# ── A congress


@pytest.fixture
async def congress(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> AsyncIterator[Bench]:
    clock.pin(date(2019, 6, 1))
    kinds = {"kind": "party_committee", "parent_kind": "working_committee"}
    async with made(app, doors, session, root, members=0, **kinds) as bench:
        branch = await make_organization(session, bench.branch)
        bench.members += [await make_member(session, branch) for _ in range(6)]
        clock.pin(date(2020, 6, 30))
        yield bench


async def test_a_congress_counts_its_delegates(congress: Bench) -> None:
    day = {"on": "2020-06-20"}
    opened = await congress.open(seats=5, body="delegate_congress", is_scattered=True)
    assert opened.status_code == 201, opened.text
    await congress.take("requested", day)
    assert told(await congress.take("replied", day)) == (422, "invalid")
    many = await congress.take("replied", day | {"delegates": 301})
    assert told(many) == (409, "delegates-not-allowed")
    assert "300" in many.json()["detail"]
    replied = await congress.take("replied", day | {"delegates": 300})
    assert replied.json()["delegates"] == 300, replied.text
    await congress.take("nominated", day | congress.list_of(6))
    for step in ("prechecked", "published"):
        await congress.take(step, day)
    await congress.take("held", {"on": "2020-06-25"})
    assert told(await congress.post("ballots")) == (409, "box-not-possible")
    counts = {"present": 239, "ballots_issued": 239, "ballots_collected": 239}
    body = counts | {"votes": votes(congress, 239, 230, 220, 210, 200, 50)}
    over = await congress.post("tallies", body | {"due": 301})
    assert told(over) == (409, "due-differs")
    few = await congress.post("tallies", body)  # 239 of 300 approved
    assert few.json()["status"] == "published"
    await congress.take("held", {"on": "2020-06-28"})
    answer = await congress.post("tallies", body | {"due": 298})
    assert sum(c["is_elected"] for c in answer.json()["candidates"]) == 5, answer.text


async def test_a_members_meeting_has_no_delegates(bench: Bench) -> None:
    await bench.open()
    await bench.take("requested")
    assert told(await bench.take("replied", {"delegates": 100})) == (422, "invalid")
