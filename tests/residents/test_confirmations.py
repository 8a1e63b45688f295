"""Records confirmed together: all of them or none."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.audit import AuditEntry
from tests.make.organizations import make_district, make_organization
from tests.make.residents import make_claim, make_community, make_post, make_record, new_record
from tests.residents.conftest import Place, made, make_clerk, refused

URL = "/service-records/confirmations"


@pytest.fixture
async def claim(session: AsyncSession, place: Place) -> UUID:
    return await make_claim(session, await make_post(session, place.community), place.member)


async def states(session: AsyncSession) -> list[str]:
    rows = await session.execute(text("SELECT status FROM service_record ORDER BY id"))
    return [row[0] for row in rows]


def body(*ids: Any) -> dict[str, Any]:
    return {"json": {"ids": [str(i) for i in ids]}}


async def test_all_are_confirmed_by_one_entry(
    session: AsyncSession, clerk: httpx.AsyncClient, chief: httpx.AsyncClient, claim: UUID
) -> None:
    ids = [await make_record(session, claim) for _ in range(3)]
    assert made(await clerk.post(URL, **body(*ids[::-1])))["ids"] == [str(i) for i in ids[::-1]]
    shown = made(await clerk.get(f"/service-records/{ids[0]}"))
    assert (shown["status"], shown["confirmed_on"]) == ("confirmed", "2019-12-31")
    entries = text(
        "SELECT detail FROM audit_entry WHERE action = 'confirm_service_records'"
    ).columns(detail=AuditEntry.detail.type)
    [[detail]] = (await session.execute(entries)).all()
    assert (detail["rows"], detail["ids"]) == (3, [str(i) for i in ids])
    told = refused(await chief.post(URL, **body(*ids[:2])), 422, "batch-refused")["errors"]
    assert [(e["row"], e["field"], e["code"]) for e in told] == [
        (1, "ids", "record-decided"),
        (2, "ids", "record-decided"),
    ]


async def test_one_wrong_row_keeps_all_as_they_are(
    session: AsyncSession,
    app: FastAPI,
    clerk: httpx.AsyncClient,
    root: UUID,
    place: Place,
    claim: UUID,
) -> None:
    good = await make_record(session, claim)
    own = UUID(made(await clerk.post("/service-records", json=new_record(claim)), 201)["id"])
    decided = await make_record(session, claim, confirmed=True)
    far_root = await make_district(session, "231004")
    far = await make_community(session, far_root, district_code="231004")
    abroad = await make_post(session, far, district_code="231004")
    unseen = uuid4()
    before = await states(session)
    answer = await clerk.post(URL, **body(good, own, decided, unseen, good, abroad))
    told = refused(answer, 422, "batch-refused")
    assert [(e["row"], e["code"]) for e in told["errors"]] == [
        (2, "own-record"),
        (3, "record-decided"),
        (4, "not_found"),
        (5, "duplicate"),
        (6, "not_found"),
    ]
    assert {e["field"] for e in told["errors"]} == {"ids"}
    assert await states(session) == before
    assert made(await clerk.post(URL, **body(good)))["ids"] == [str(good)]


async def test_who_served_does_not_confirm_among_others(
    session: AsyncSession,
    app: FastAPI,
    member: httpx.AsyncClient,
    place: Place,
    claim: UUID,
) -> None:
    record = await make_record(session, claim)
    await make_clerk(session, app, place.member, place.community)
    told = refused(await member.post(URL, **body(record)), 422, "batch-refused")["errors"]
    assert [e["code"] for e in told] == ["own-record"]


async def test_who_may_confirm_together(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    other: httpx.AsyncClient,
    root: UUID,
    place: Place,
    claim: UUID,
) -> None:
    record = await make_record(session, claim)
    refused(await reader.post(URL, **body(record)), 403)
    refused(await secretary.post(URL, **body(record)), 403)  # the branch sees it
    told = refused(await other.post(URL, **body(record)), 422, "batch-refused")["errors"]
    assert [e["code"] for e in told] == ["not_found"]
    beside = await make_organization(session, root, kind="general_branch", sector="community")
    theirs = await make_claim(session, await make_post(session, beside), place.member)
    foreign = await make_record(session, theirs)
    told = refused(await clerk.post(URL, **body(record, foreign)), 422)["errors"]
    assert [(e["row"], e["code"]) for e in told] == [(2, "not_found")]
    assert await states(session) == ["recorded", "recorded"]


async def test_how_many_at_once(
    session: AsyncSession, clerk: httpx.AsyncClient, claim: UUID
) -> None:
    refused(await clerk.post(URL, **body()), 422)
    refused(await clerk.post(URL, **body(*(uuid4() for _ in range(201)))), 422)
    unseen = await clerk.post(URL, **body(*(uuid4() for _ in range(200))))
    assert len(refused(unseen, 422, "batch-refused")["errors"]) == 200
    ids = [await make_record(session, claim) for _ in range(2)]
    again = {"idempotency-key": "k"}
    for _ in range(2):
        assert made(await clerk.post(URL, **body(*ids), headers=again))["ids"]
