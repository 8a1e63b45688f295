"""Records and their batches over HTTP."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.caller import Subtree
from app.core.db import Doors
from tests.make.members import id_number
from tests.make.residents import (
    make_claim,
    make_community,
    make_post,
    make_record,
    new_post,
    new_record,
)
from tests.residents.conftest import DAY, TODAY, Place, made, make_clerk, refused
from tests.residents.test_figures import count_served

# ── Records


async def test_a_record_counts_once_another_confirms_it(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    chief: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
    doors: Doors,
    place: Place,
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    answer = await member.post("/service-records", json=new_record(claim))
    record = made(answer, 201)
    url = f"/service-records/{record['id']}"
    assert answer.headers["location"] == f"/v1{url}"
    assert (record["status"], record["beneficiaries"], record["minutes"]) == ("recorded", 12, 90)
    for who, status in ((reader, 200), (secretary, 200), (member, 200), (other, 404)):
        assert (await who.get(url)).status_code == status
        assert len(made(await who.get("/service-records"))["items"]) == (status == 200)
    here = Subtree("231005", "1.")
    reading = doors.reading(["231005"])
    assert await count_served(reading, here, TODAY) == 0
    for who, status in ((reader, 403), (secretary, 403), (member, 403), (other, 404)):
        refused(await who.post(f"{url}/confirmations"), status)
        refused(await who.post(f"{url}/rejections", json={"reason": "x"}), status)
    confirmed = made(await clerk.post(f"{url}/confirmations"))
    assert (confirmed["status"], confirmed["confirmed_on"]) == ("confirmed", "2019-12-31")
    assert await count_served(reading, here, TODAY) == 12
    for answer in (
        await chief.post(f"{url}/confirmations"),
        await chief.post(f"{url}/rejections", json={"reason": "x"}),
    ):
        assert "已确认" in refused(answer, 409, "record-decided")["detail"]


async def test_who_recorded_cannot_confirm(
    session: AsyncSession, clerk: httpx.AsyncClient, chief: httpx.AsyncClient, place: Place
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    record = made(await clerk.post("/service-records", json=new_record(claim)), 201)
    url = f"/service-records/{record['id']}"
    refused(await clerk.post(f"{url}/confirmations"), 409, "own-record")
    refused(await clerk.post(f"{url}/rejections", json={"reason": "x"}), 409, "own-record")
    assert made(await clerk.get(url))["status"] == "recorded"
    rejected = made(await chief.post(f"{url}/rejections", json={"reason": "日期不符"}))
    assert (rejected["status"], rejected["reason"]) == ("rejected", "日期不符")
    assert rejected["confirmed_on"] is None
    refused(await clerk.post(f"{url}/confirmations"), 409, "own-record")
    refused(await chief.post(f"{url}/confirmations"), 409, "record-decided")


async def test_who_served_cannot_confirm(
    session: AsyncSession, app: FastAPI, member: httpx.AsyncClient, place: Place
) -> None:
    """The member is the community's clerk, too; somebody else recorded."""
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    record = await make_record(session, claim)
    await make_clerk(session, app, place.member, place.community)
    url = f"/service-records/{record}"
    refused(await member.post(f"{url}/confirmations"), 409, "own-record")


@pytest.mark.parametrize(
    ("served_on", "code"),
    [
        ("2019-12-09", "before_claim"),
        ("2019-12-10", None),
        ("2019-12-31", None),
        ("2020-01-01", "in_future"),
    ],
)
async def test_days_of_a_service(
    session: AsyncSession, member: httpx.AsyncClient, place: Place, served_on: str, code: str | None
) -> None:
    clock.pin(date(2019, 12, 10))
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    clock.pin(TODAY)
    answer = await member.post("/service-records", json=new_record(claim, served_on=served_on))
    if code is None:
        made(answer, 201)
    else:
        [error] = refused(answer, 422)["errors"]
        assert (error["field"], error["code"]) == ("served_on", code)


async def test_a_service_lies_before_the_end_of_its_claim(
    session: AsyncSession, member: httpx.AsyncClient, place: Place
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    made(await member.post(f"/service-claims/{claim}/exits"))
    clock.pin(TODAY + DAY)
    late = await member.post("/service-records", json=new_record(claim))
    assert refused(late, 422)["errors"][0]["code"] == "after_claim"
    made(await member.post("/service-records", json=new_record(claim, served_on="2019-12-31")), 201)


async def test_an_unaccepted_claim_has_no_services(
    session: AsyncSession, member: httpx.AsyncClient, place: Place
) -> None:
    post = await make_post(session, place.community, needs_acceptance=True)
    claim = await make_claim(session, post, place.member)
    answer = await member.post("/service-records", json=new_record(claim))
    assert "待社区接收" in refused(answer, 409, "claim-out-of-order")["detail"]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("beneficiaries", [0, 10_000], [-1, 10_001, None, "x"]),
        ("minutes", [1, 1440, None], [0, 1441, 1.5]),
        ("content", ["x" * 200], ["", "x" * 201, "受助人电话13800001234"]),
    ],
)
async def test_fields_of_a_record(
    session: AsyncSession,
    member: httpx.AsyncClient,
    place: Place,
    field: str,
    good: list[Any],
    bad: list[Any],
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    for value in good:
        given = new_record(claim, **{field: value})
        assert made(await member.post("/service-records", json=given), 201)[field] == value
    for value in bad:
        given = new_record(claim, **{field: value})
        refused(await member.post("/service-records", json=given), 422)


async def test_who_may_record(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    other: httpx.AsyncClient,
    place: Place,
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    for who, status in ((clerk, 201), (secretary, 201), (reader, 403), (other, 404)):
        answer = await who.post("/service-records", json=new_record(claim))
        assert answer.status_code == status, answer.text


async def test_filters_of_records(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    clock.pin(date(2019, 12, 1))
    post = await make_post(session, place.community)
    one = await make_claim(session, post, place.member)
    two = await make_claim(session, post, place.other)
    clock.pin(TODAY)
    records = [
        await make_record(session, one, served_on="2019-12-10"),
        await make_record(session, one, served_on="2019-12-20", confirmed=True),
        await make_record(session, two, served_on="2019-12-30"),
    ]

    async def found(query: str) -> list[int]:
        items = made(await client.get(f"/service-records?{query}"))["items"]
        return [records.index(UUID(item["id"])) for item in items]

    assert await found("") == [2, 1, 0]
    assert await found(f"claim_id={one}&sort=served_on") == [0, 1]
    assert await found(f"member_id={place.other}") == [2]
    assert await found(f"post_id={post}&status=confirmed") == [1]
    assert await found("served_from=2019-12-20&served_to=2019-12-30") == [2, 1]
    assert await found("served_from=2019-12-21&served_to=2019-12-29") == []


# ── Batches


async def test_a_month_in_one_call(
    session: AsyncSession, clerk: httpx.AsyncClient, chief: httpx.AsyncClient, place: Place
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    rows = [new_record(claim, beneficiaries=n) for n in range(500)]
    ids = made(await clerk.post("/service-records/batches", json={"rows": rows}), 201)["ids"]
    assert len(set(ids)) == 500
    last = made(await chief.get(f"/service-records/{ids[-1]}"))
    assert (last["beneficiaries"], last["status"]) == (499, "recorded")
    refused(await clerk.post(f"/service-records/{ids[0]}/confirmations"), 409, "own-record")
    made(await chief.post(f"/service-records/{ids[0]}/confirmations"))
    too_many = {"rows": [*rows, rows[0]]}
    refused(await clerk.post("/service-records/batches", json=too_many), 422)
    refused(await clerk.post("/service-records/batches", json={"rows": []}), 422)


async def test_one_wrong_row_and_nothing_is_written(
    session: AsyncSession, clerk: httpx.AsyncClient, root: UUID, place: Place
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    waits = await make_post(session, place.community, needs_acceptance=True)
    pending = await make_claim(session, waits, place.member)
    foreign = await make_post(session, await make_community(session, root))
    hidden = await make_claim(session, foreign, place.member)
    rows = [
        new_record(claim),
        new_record(claim, served_on="2019-12-30"),
        new_record(hidden),
        new_record(UUID(int=0)),
        new_record(pending),
        new_record(claim, beneficiaries=-1, content=""),
        "x",
    ]
    problem = refused(
        await clerk.post("/service-records/batches", json={"rows": rows}), 422, "batch-refused"
    )
    told = [(e["row"], e["field"], e["code"]) for e in problem["errors"]]
    assert told[:4] == [
        (2, "served_on", "before_claim"),
        (3, "claim_id", "not_found"),
        (4, "claim_id", "not_found"),
        (5, "claim_id", "claim-out-of-order"),
    ]
    assert sorted(told[4:6]) == [
        (6, "beneficiaries", "greater_than_equal"),
        (6, "content", "blank"),
    ]
    assert told[6][0] == 7
    assert all(e["message"] for e in problem["errors"])
    assert await session.scalar(text("SELECT count(*) FROM service_record")) == 0


async def test_a_report_repeats_no_number_that_was_sent(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place
) -> None:
    claim = await make_claim(session, await make_post(session, place.community), place.member)
    number = id_number()
    row = new_record(claim, content=number) | {number: number, f"x{number[:17]}": 1}
    answer = await clerk.post("/service-records/batches", json={"rows": [row]})
    codes = [e["code"] for e in refused(answer, 422, "batch-refused")["errors"]]
    assert sorted(codes) == ["extra_forbidden", "extra_forbidden", "holds_number"]
    assert number[:17] not in answer.text


async def test_faults_of_one_row_are_told_up_to_ten(clerk: httpx.AsyncClient, place: Place) -> None:
    rows = [{f"field{n}": 1 for n in range(1000)}] * 2
    answer = await clerk.post("/service-records/batches", json={"rows": rows})
    assert [e["row"] for e in refused(answer, 422)["errors"]] == [1] * 10 + [2] * 10


async def test_a_batch_needs_the_right_for_every_row(
    session: AsyncSession, reader: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    post = await make_post(session, place.community)
    claims = [await make_claim(session, post, m) for m in (place.member, place.other)]
    rows = {"rows": [new_record(claims[0])]}
    refused(await reader.post("/service-records/batches", json=rows), 403)
    made(await member.post("/service-records/batches", json=rows), 201)


async def test_every_write_leaves_one_entry(
    session: AsyncSession, clerk: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    async def entries() -> list[tuple[str, str, int | None]]:
        rows = await session.execute(
            text(
                "SELECT action, target_kind, (detail->>'rows')::int FROM audit_entry"
                " WHERE action <> 'audit.begun' AND account_id IS NOT NULL ORDER BY number"
            )
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]

    post = made(await clerk.post("/service-posts", json=new_post(place.community)), 201)["id"]
    claim = made(await member.post(f"/service-posts/{post}/claims", json={}), 201)["id"]
    record = made(await member.post("/service-records", json=new_record(claim)), 201)["id"]
    rows = {"rows": [new_record(claim)] * 3}
    made(await member.post("/service-records/batches", json=rows), 201)
    made(await clerk.post(f"/service-records/{record}/confirmations"))
    made(await member.post(f"/service-claims/{claim}/exits"))
    made(await clerk.post(f"/service-posts/{post}/closures"))
    assert await entries() == [
        ("publish_service_post", "service_post", None),
        ("claim_service_post", "service_claim", None),
        ("record_service", "service_record", None),
        ("record_services", "service_record", 3),
        ("confirm_service_record", "service_record", None),
        ("exit_service_claim", "service_claim", None),
        ("close_service_post", "service_post", None),
    ]
