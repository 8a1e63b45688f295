"""Nothing that the service writes links a voter and a choice once a box is closed."""

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.ballots.models import Ballot, BallotVoter
from tests.ballots.conftest import Ballots
from tests.test_canaries import service_log

WRITTEN = "钱七乙"


async def _rows(session: AsyncSession, sql: str) -> list[Any]:
    return list((await session.execute(text(sql))).all())


def test_the_tables_know_neither_time_nor_order() -> None:
    assert set(Ballot.__table__.c.keys()) == {
        "district_code",
        "id",
        "box_id",
        "choices",
        "write_ins",
    }
    assert set(BallotVoter.__table__.c.keys()) == {
        "district_code",
        "box_id",
        "member_id",
        "has_voted",
    }


async def test_the_close_takes_away_what_postgresql_remembers_of_each_row(
    ballots: Ballots, session: AsyncSession
) -> None:
    """`xmin` is the transaction that wrote a row, `ctid` its place: both told who voted what."""
    box = await ballots.open()
    order = (3, 0, 4, 1)
    for n in order:
        assert (await ballots.cast(box, n, n % 3)).status_code == 204
    linked = (
        "SELECT v.member_id, b.choices[1] FROM ballot b JOIN ballot_voter v"
        " ON b.xmin = v.xmin AND b.box_id = v.box_id WHERE v.has_voted"
    )
    candidates = [c["id"] for c in box["candidates"]]
    told = {ballots.voters[n].id: candidates[n % 3] for n in order}
    assert dict(tuple(row) for row in await _rows(session, linked)) == told  # so it was needed
    # without an index the close finds rows in the order of their places
    for way in ("indexscan", "bitmapscan"):
        await session.execute(text(f"SET LOCAL enable_{way} = off"))
    before = {row.id for row in await _rows(session, "SELECT id FROM ballot")}
    assert (await ballots.act(box, "closures")).status_code == 200
    stands = await _rows(session, "SELECT id, xmin::text AS by FROM ballot ORDER BY ctid")
    voters = await _rows(
        session, "SELECT member_id AS id, xmin::text AS by FROM ballot_voter ORDER BY ctid"
    )
    assert len(stands) == 4
    assert len({row.by for row in stands} | {row.by for row in voters}) == 1
    assert not before & {row.id for row in stands}
    for rows in (stands, voters):
        assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert {row.id.version for row in stands} == {4}
    assert len(await _rows(session, linked)) == len(order) ** 2  # everybody with every ballot


async def test_the_order_of_a_closed_box_is_chance(ballots: Ballots) -> None:
    """Of six boxes with ballots cast in one order, two at least are exported in different ones."""
    orders = set()
    for _ in range(6):
        box = await ballots.open()
        for n in range(4):
            await ballots.cast(box, n, n)
        await ballots.act(box, "closures")
        export = (await ballots.read(box, "/export")).json()
        names = {c["id"]: c["name"] for c in export["box"]["candidates"]}
        orders.add(tuple(names[b["choices"][0]] for b in export["ballots"]))
    assert len(orders) > 1  # by chance alone once in eight million runs


async def test_the_order_of_ticking_is_not_kept(ballots: Ballots) -> None:
    box = await ballots.open()
    await ballots.cast(box, 0, 2, 0, write_ins=("孙五",))
    await ballots.cast(box, 1, 0, write_ins=("孙五", "李六"))
    await ballots.act(box, "closures")
    found = (await ballots.read(box, "/export")).json()["ballots"]
    ids = [c["id"] for c in box["candidates"]]
    held = sorted((b["choices"], b["write_ins"]) for b in found)
    assert held == sorted([([ids[0], ids[2]], ["孙五"]), ([ids[0]], sorted(["孙五", "李六"]))])


async def test_log_audit_and_kept_answers_know_no_choice(
    ballots: Ballots, session: AsyncSession
) -> None:
    box = await ballots.open()
    ids = [c["id"] for c in box["candidates"]]
    answers = []
    with service_log() as lines:
        for voter, body in (
            (0, {"choices": ids[:2], "write_ins": [WRITTEN]}),
            (0, {"choices": ids[:1], "write_ins": [WRITTEN]}),  # once more
            (1, {"choices": ids, "write_ins": [WRITTEN]}),  # too many
            (1, {"choices": [ids[0], ids[0]], "write_ins": [WRITTEN]}),
            (1, {"choices": [ids[0], 5], "write_ins": [WRITTEN, 7]}),
            (2, {"choices": [ids[1]], "write_ins": []}),
        ):
            answers.append(
                await ballots.client.post(
                    f"/ballot-boxes/{box['id']}/ballots",
                    json=body,
                    headers=ballots.voters[voter].headers | {"idempotency-key": f"k{voter}"},
                )
            )
        not_on_the_list = {"choices": ids[:1], "write_ins": [WRITTEN]}
        answers.append(
            await ballots.client.post(f"/ballot-boxes/{box['id']}/ballots", json=not_on_the_list)
        )
    assert [a.status_code for a in answers] == [204, 409, 422, 422, 422, 204, 403]
    audit = await _rows(
        session,
        "SELECT to_jsonb(e) AS entry FROM audit_entry e WHERE action = 'cast_ballot'"
        " ORDER BY number",
    )
    entries = [row.entry for row in audit]
    told = [(e["outcome"], e["target_id"], e["before"], e["after"], e["detail"]) for e in entries]
    assert told[:2] == [
        ("done", box["id"], None, None, {"member_id": str(ballots.voters[n].id)}) for n in (0, 2)
    ]
    assert told[2][:2] == ("refused", box["id"])
    kept = await _rows(session, "SELECT i::text FROM idempotency_key i")
    assert kept == []
    assert "status=204" in lines.getvalue() or '"status": 204' in lines.getvalue()
    places = [lines.getvalue(), json.dumps(entries), *(a.text + str(a.headers) for a in answers)]
    for secret in (*ids, WRITTEN):
        assert not any(secret in place for place in places)
