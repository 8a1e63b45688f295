"""Boxes and ballots over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core.db import Doors
from tests.ballots.conftest import Ballots
from tests.conftest import signed_in
from tests.make.ballots import CANDIDATES, new_box
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization


def _type(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("/problems/")


# ── Opening


async def test_a_box_is_opened(ballots: Ballots) -> None:
    box = await ballots.open()
    assert [c["name"] for c in box["candidates"]] == CANDIDATES
    assert len({c["id"] for c in box["candidates"]}) == len(CANDIDATES)
    shown = {n: box[n] for n in ("status", "voters_due", "voters_voted", "has_voted", "head")}
    assert shown == {
        "status": "open",
        "voters_due": 5,
        "voters_voted": 0,
        "has_voted": None,
        "head": None,
    }
    assert (box["organization_name"], box["opened_on"]) == ("投票支部", "2019-12-31")
    read = await ballots.read(box)
    assert (read.json(), read.headers["etag"]) == (box, '"1"')


@pytest.mark.parametrize(
    ("values", "status", "kind"),
    [
        ({"seats": 1, "position": "secretary", "candidates": ["丁一"]}, 201, None),
        ({"seats": 2, "position": "secretary"}, 422, "invalid"),
        ({"seats": 2, "position": "deputy_secretary"}, 201, None),
        ({"seats": 30}, 201, None),
        ({"seats": 31}, 422, "invalid"),
        ({"seats": 0}, 422, "invalid"),
        ({"candidates": []}, 422, "invalid"),
        ({"candidates": ["丁一", "丁一"]}, 422, "invalid"),
        ({"candidates": ["丁一（甲组）", "丁一（乙组）"]}, 201, None),
        ({"candidates": ["丁一 23100519900307001X"]}, 422, "invalid"),
        ({"title": "联系13800001234"}, 422, "invalid"),
        ({"candidates": [f"候选{n}" for n in range(61)]}, 422, "invalid"),
        ({"organization_id": str(uuid4())}, 404, "not-found"),
    ],
)
async def test_what_can_be_opened(
    ballots: Ballots, values: dict[str, Any], status: int, kind: str | None
) -> None:
    new = new_box(ballots.branch, [v.id for v in ballots.voters], **values)
    answer = await ballots.client.post("/ballot-boxes", json=new)
    assert answer.status_code == status, answer.text
    assert kind is None or _type(answer) == kind


async def test_voters_are_full_members_in_good_standing_of_the_subtree(
    ballots: Ballots, session: AsyncSession, root: UUID
) -> None:
    """选举工作条例 第五条: full members alone; none while 留党察看 runs or rights are suspended."""
    group = await make_organization(session, ballots.branch, kind="party_group")
    other = await make_organization(session, root)
    below = await make_member(session, group)
    foreign = await make_member(session, other)
    new = await make_member(session, ballots.branch, category="probationary", full_on=None)
    statuses = {}
    for status in ("rectifying", "rights_suspended", "under_party_probation", "deceased"):
        statuses[status] = await make_member(session, ballots.branch)
        changed = await ballots.client.post(
            f"/members/{statuses[status]}/status-changes",
            json={"status": status, "reason": "x"},
            headers={"if-match": '"1"'},
        )
        assert changed.status_code == 200, changed.text
    good = [ballots.voters[0].id, ballots.voters[1].id, below]

    async def ask(voters: list[UUID]) -> httpx.Response:
        return await ballots.client.post("/ballot-boxes", json=new_box(ballots.branch, voters))

    assert (await ask(good)).status_code == 201
    assert (await ask([*good, statuses["rectifying"]])).status_code == 201
    refused = [foreign, new, uuid4(), *(m for s, m in statuses.items() if s != "rectifying")]
    for one in refused:
        answer = await ask([*good, one])
        assert (answer.status_code, _type(answer)) == (422, "voters-not-entitled")
        assert [e["field"] for e in answer.json()["errors"]] == ["voters.3"]
        assert str(one) not in answer.text
    assert (await ask(good[:2])).status_code == 422  # among fewer than three nothing is secret
    assert _type(await ask([*good, good[0]])) == "invalid"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("party_committee", 201),
        ("general_branch", 201),
        ("temporary_branch", 409),
        ("working_committee", 409),
    ],
)
async def test_where_nobody_is_elected(
    ballots: Ballots, session: AsyncSession, root: UUID, kind: str, status: int
) -> None:
    above = root
    if kind == "temporary_branch":
        above = await make_organization(session, root, kind="party_committee")
    place = await make_organization(session, above, kind=kind)
    holder = await make_organization(session, place) if status == 201 else ballots.branch
    voters = [await make_member(session, holder) for _ in range(3)]
    answer = await ballots.client.post("/ballot-boxes", json=new_box(place, voters))
    assert answer.status_code == status, answer.text
    assert status == 201 or _type(answer) == "holds-no-ballots"


# ── Casting


async def test_a_ballot_is_cast_once(ballots: Ballots) -> None:
    box = await ballots.open()
    answer = await ballots.cast(box, 0, 0, 1)
    assert (answer.status_code, answer.content) == (204, b"")
    assert not {"location", "etag"} & set(answer.headers)
    again = await ballots.cast(box, 0, 2)
    assert (again.status_code, _type(again)) == (409, "already-voted")
    mine = await ballots.client.get(f"/ballot-boxes/{box['id']}", headers=ballots.voters[0].headers)
    assert (mine.json()["has_voted"], mine.json()["voters_voted"]) == (True, 1)
    other = await ballots.client.get(
        f"/ballot-boxes/{box['id']}", headers=ballots.voters[1].headers
    )
    assert (other.json()["has_voted"], other.json()["voters_voted"]) == (False, 1)


async def test_who_is_not_on_the_list_casts_nothing(
    ballots: Ballots, session: AsyncSession, doors: Doors
) -> None:
    box = await ballots.open(voters=[str(v.id) for v in ballots.voters[:3]])
    unknown = await ballots.client.post(
        f"/ballot-boxes/{uuid4()}/ballots",
        json={"choices": []},
        headers=ballots.voters[3].headers,
    )
    stranger = await ballots.cast(box, 3)  # sees no box but those in which they may vote
    assert stranger.status_code == 404
    assert stranger.content == unknown.content
    department = await ballots.client.post(
        f"/ballot-boxes/{box['id']}/ballots", json={"choices": []}
    )
    assert (department.status_code, _type(department)) == (403, "forbidden")
    reader = await make_account(session, Role.ORGANIZATION_READER)
    for what in ("closures", "voidings"):
        body = {"json": {"reason": "x"}} if what == "voidings" else {}
        headers = await signed_in(doors, session, reader)
        url = f"/ballot-boxes/{box['id']}/{what}"
        assert (await ballots.client.post(url, headers=headers, **body)).status_code == 403
        voter = ballots.voters[0].headers
        assert (await ballots.client.post(url, headers=voter, **body)).status_code == 403
    assert (await ballots.read(box)).json()["voters_voted"] == 0


@pytest.mark.parametrize(
    ("status", "answer"), [("rectifying", 204), ("rights_suspended", 403), ("deceased", 404)]
)
async def test_who_lost_the_vote_meanwhile_casts_nothing(
    ballots: Ballots, status: str, answer: int
) -> None:
    """Of the dead the service knows no caller any more: what they could see is gone."""
    box = await ballots.open()
    changed = await ballots.client.post(
        f"/members/{ballots.voters[0].id}/status-changes",
        json={"status": status, "reason": "x"},
        headers={"if-match": '"1"'},
    )
    assert changed.status_code == 200, changed.text
    assert (await ballots.cast(box, 0, 1)).status_code == answer


async def test_names_up_to_the_seats(ballots: Ballots) -> None:
    box = await ballots.open()
    over = await ballots.cast(box, 0, 0, 1, 2, 3)
    assert (over.status_code, _type(over)) == (422, "too-many-names")
    written = await ballots.cast(box, 0, 0, 1, 2, write_ins=("孙五",))
    assert (written.status_code, _type(written)) == (422, "too-many-names")
    assert (await ballots.cast(box, 0, 0, 1, 2)).status_code == 204  # it was not cast before
    assert (await ballots.cast(box, 1)).status_code == 204
    assert (await ballots.cast(box, 2, 0, write_ins=("孙五", "李六"))).status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {"choices": ["00000000"]},
        {"choices": ["x"]},
        {"choices": None},
        {"choices": [0, 0]},
        {"choices": [], "write_ins": ["孙五", "孙五"]},
        {"choices": [], "write_ins": ["丁一"]},
        {"choices": [], "write_ins": ["231005199003070032"]},
        {"choices": [], "write_ins": [" "]},
        {"choices": [], "voter": "x"},
        {},
    ],
)
async def test_a_ballot_that_means_nothing(ballots: Ballots, body: dict[str, Any]) -> None:
    box = await ballots.open()
    if body.get("choices") == [0, 0]:
        body = {"choices": [box["candidates"][0]["id"]] * 2}
    url, headers = f"/ballot-boxes/{box['id']}/ballots", ballots.voters[0].headers
    answer = await ballots.client.post(url, json=body, headers=headers)
    assert (answer.status_code, _type(answer)) == (422, "invalid")
    assert (await ballots.cast(box, 0)).status_code == 204


async def test_no_write_ins_where_none_are_taken(ballots: Ballots) -> None:
    box = await ballots.open(allows_write_ins=False)
    assert (await ballots.cast(box, 0, write_ins=("孙五",))).status_code == 422
    assert (await ballots.cast(box, 0, 1)).status_code == 204


# ── Closing and counting


async def test_nothing_is_told_before_the_close(ballots: Ballots) -> None:
    box = await ballots.open()
    await ballots.cast(box, 0, 1)
    for what in ("/tally", "/export"):
        answer = await ballots.read(box, what)
        assert (answer.status_code, _type(answer)) == (409, "box-not-closed")


async def test_a_closed_box_is_counted(ballots: Ballots) -> None:
    box = await ballots.open()
    for voter, chosen in enumerate(([0, 1, 2], [0, 1], [0], [])):
        written = ("孙五",) if voter in {1, 2} else ()
        assert (await ballots.cast(box, voter, *chosen, write_ins=written)).status_code == 204
    closed = await ballots.act(box, "closures")
    assert closed.status_code == 200, closed.text
    assert (closed.json()["status"], closed.json()["voters_voted"]) == ("closed", 4)
    assert (closed.json()["closed_on"], closed.headers["etag"]) == ("2019-12-31", '"2"')
    tally = (await ballots.read(box, "/tally")).json()
    assert tally == {
        "box_id": box["id"],
        "voters_due": 5,
        "voters_voted": 4,
        "turnout": 0.8,
        "valid": 4,
        "abstentions": 1,
        "votes": [{**c, "votes": n} for c, n in zip(box["candidates"], (3, 2, 1, 0), strict=True)],
        "write_ins": [{"name": "孙五", "votes": 2}],
    }
    export = (await ballots.read(box, "/export")).json()
    assert export["head"] == closed.json()["head"]
    assert (export["tally"], export["count"], len(export["chain"])) == (tally, 4, 4)
    voter = ballots.voters[4].headers  # whoever may vote may count, too
    own = await ballots.client.get(f"/ballot-boxes/{box['id']}/tally", headers=voter)
    assert own.json() == tally


async def test_what_comes_after_the_end_is_refused(ballots: Ballots) -> None:
    box = await ballots.open()
    assert (await ballots.act(box, "closures")).status_code == 200
    for answer in (
        await ballots.cast(box, 0, 1),
        await ballots.act(box, "closures"),
        await ballots.act(box, "voidings", reason="重来"),
    ):
        assert (answer.status_code, _type(answer)) == (409, "box-not-open")
    assert (await ballots.read(box, "/tally")).json()["valid"] == 0


async def test_a_voided_box_holds_nothing(ballots: Ballots, session: AsyncSession) -> None:
    box = await ballots.open()
    await ballots.cast(box, 0, 1)
    voided = await ballots.act(box, "voidings", reason="候选人名单有误")
    assert voided.status_code == 200, voided.text
    assert (voided.json()["status"], voided.json()["voters_voted"]) == ("voided", 1)
    assert voided.json()["reason"] == "候选人名单有误"
    assert await session.scalar(text("SELECT count(*) FROM ballot")) == 0
    for answer in (await ballots.read(box, "/tally"), await ballots.read(box, "/export")):
        assert (answer.status_code, _type(answer)) == (409, "box-not-closed")


async def test_each_act_leaves_one_entry(ballots: Ballots, session: AsyncSession) -> None:
    box = await ballots.open(title="换届")
    await ballots.cast(box, 0, 1)
    closed = (await ballots.act(box, "closures")).json()
    other = await ballots.open()
    await ballots.act(other, "voidings", reason="重来")
    await ballots.read(box, "/export")
    await ballots.read(box, "/tally")
    rows = await session.execute(
        text(
            "SELECT action, target_id, after, detail FROM audit_entry"
            " WHERE target_kind = 'ballot_box' OR action LIKE '%ballot%' ORDER BY number"
        )
    )
    entries = rows.all()
    assert [(e.action, e.target_id) for e in entries] == [
        ("open_ballot_box", box["id"]),
        ("cast_ballot", box["id"]),
        ("close_ballot_box", box["id"]),
        ("open_ballot_box", other["id"]),
        ("void_ballot_box", other["id"]),
        ("export_ballots", None),
    ]
    opened, _, sealed, _, voided, exported = entries
    assert opened.after["title"] == "换届"
    assert opened.after["voters"] == sorted(str(v.id) for v in ballots.voters)
    assert opened.after["candidates"] == box["candidates"]
    assert sealed.after == {"status": "closed", "voters_voted": 1, "head": closed["head"]}
    assert voided.after == {"status": "voided", "voters_voted": 0, "reason": "重来"}
    assert exported.detail == {"rows": 1, "ballot_box": box["id"]}


async def test_lists(ballots: Ballots, session: AsyncSession, root: UUID) -> None:
    boxes = [await ballots.open(title=f"第{n}次") for n in range(3)]
    await ballots.act(boxes[0], "closures")
    some = await ballots.open(voters=[str(v.id) for v in ballots.voters[:3]])

    async def listed(query: str = "", headers: Any = None) -> list[str]:
        answer = await ballots.client.get(f"/ballot-boxes?{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    everything = sorted([b["id"] for b in boxes] + [some["id"]])
    assert await listed("sort=opened_on") == everything
    assert await listed() == everything[::-1]
    assert await listed("status=closed") == [boxes[0]["id"]]
    assert await listed(f"within={root}&status=open") == [
        b for b in everything[::-1] if b != boxes[0]["id"]
    ]
    assert await listed(f"organization_id={root}") == []
    assert sorted(await listed(headers=ballots.voters[4].headers)) == sorted(b["id"] for b in boxes)
    assert await listed(f"organization_id={ballots.branch}&limit=1") == everything[-1:]
    other = await make_organization(session, root)
    assert await listed(f"within={other}") == []


async def test_the_public_key(ballots: Ballots) -> None:
    box = await ballots.open()
    await ballots.act(box, "closures")
    [key] = (await ballots.client.get("/elections/keys")).json()["items"]
    assert key["algorithm"] == "Ed25519"
    assert (await ballots.read(box, "/export")).json()["key"] == key["key"]
