"""Rectifications and burden items over HTTP."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.db import Doors
from tests.conftest import signed_in
from tests.make.appraisals import new_case
from tests.make.organizations import make_account, make_organization

DISTRICT = "231005"


@pytest.fixture(autouse=True)
def _day() -> None:
    clock.pin(date(2019, 12, 31))


def made(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, code: str, status: int = 409) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{code}"


async def test_a_case_is_opened_done_and_accepted(
    client: httpx.AsyncClient, app: FastAPI, doors: Doors, session: AsyncSession, root: UUID
) -> None:
    village = await make_organization(session, root, sector="village")
    new = new_case(village)
    refused(await client.post("/rectification-cases", json=new_case(root)), "cannot-rectify")
    unknown = new | {"criteria": ["nonsense"]}
    refused(await client.post("/rectification-cases", json=unknown), "invalid", 422)
    late = new | {"opened_on": "2020-01-01"}
    refused(await client.post("/rectification-cases", json=late), "invalid", 422)
    two = new | {"guarantors": new["guarantors"][:2]}
    case = made(await client.post("/rectification-cases", json=two), 201)
    assert case["missing_levels"] == ["village"]
    refused(await client.post("/rectification-cases", json=new), "case-open")
    assert made(await client.get("/figures/guarantee_levels"))["value"] == 2
    url = f"/rectification-cases/{case['id']}"
    refused(await client.post(f"{url}/reports"), "measures-unfinished")
    measure = {"title": "配强班子", "due_on": "2020-03-31"}
    kept = made(await client.post(f"{url}/measures", json=measure))["measures"][0]
    assert kept["percent"] == 0
    step = f"{url}/measures/{kept['id']}/progress"
    for percent, code in ((99, 409), (100, 200)):
        noted = made(await client.post(step, json={"percent": percent, "note": "推进"}))
        assert noted["measures"][0]["percent"] == percent
        assert (await client.post(f"{url}/reports")).status_code == code
    refused(await client.post(f"{url}/reports"), "case-out-of-order")
    document = {"document": "西组发〔2019〕1号"}
    refused(await client.post(f"{url}/acceptances", json=document), "own-report")
    refused(await client.post(f"{url}/returns", json={"reason": "x"}), "own-report")
    headers = await signed_in(doors, session, await make_account(session))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test/v1", headers=headers
    ) as above:
        refused(await above.post(f"{url}/acceptances", json=document), "guarantors-missing")
        back = made(await above.post(f"{url}/returns", json={"reason": "责任未落实"}))
        assert (back["status"], back["reported_on"]) == ("open", None)
        edit, tag = {"guarantors": new["guarantors"]}, {"if-match": f'"{back["version"]}"'}
        full = made(await client.patch(url, json=edit, headers=tag))
        assert full["missing_levels"] == []
        refused(await client.patch(url, json=edit, headers=tag), "stale", 412)
        made(await above.post(f"{url}/reports"))
        refused(
            await client.post(f"{url}/acceptances", json=document), "own-report"
        )  # its progress
        refused(await above.post(f"{url}/acceptances", json=document), "own-report")
        above.headers.update(await signed_in(doors, session, await make_account(session)))
        closed = made(await above.post(f"{url}/acceptances", json=document))
    assert (closed["status"], closed["closed_on"]) == ("accepted", "2019-12-31")
    tag = {"if-match": f'"{closed["version"]}"'}
    refused(await client.patch(url, json=edit, headers=tag), "case-out-of-order")
    assert made(await client.get("/figures/weak_fixed_rate"))["value"] == 1
    made(await client.post("/rectification-cases", json=new), 201)  # another one may follow
    assert len(made(await client.get(f"/rectification-cases?within={village}"))["items"]) == 2
    assert made(await client.get("/rectification-criteria"))["criteria"]


async def test_a_cancelled_task_does_not_come_back(client: httpx.AsyncClient, root: UUID) -> None:
    new = {"district_code": DISTRICT, "title": "流动人口台账报送", "source": "区民政局"}
    item = made(await client.post("/burden-items", json=new), 201)
    refused(await client.post("/burden-items", json=new), "task-listed")
    assert made(await client.get("/figures/burden_items_cancelled"))["value"] == 0
    url = f"/burden-items/{item['id']}/cancellations"
    early = {"document": "西办发〔2019〕12号", "cancelled_on": "2019-12-30"}
    refused(await client.post(url, json=early), "invalid", 422)
    made(await client.post(url, json={"document": "西办发〔2019〕12号"}))
    refused(await client.post(url, json={"document": "x"}), "already-cancelled")
    for title in ("流动人口台账报送", "流动人口（台账）报送", "流动人口台账的报送"):
        refused(await client.post("/burden-items", json=new | {"title": title}), "task-on-list")
    ask = {"district_code": DISTRICT, "title": "流动人口台账上报"}
    found = made(await client.post("/burden-checks", json=ask))
    assert (found["verdict"], found["matches"][0]["id"]) == ("similar", item["id"])
    made(await client.post("/burden-items", json=new | {"title": ask["title"]}), 201)
    assert made(await client.get("/figures/burden_items_cancelled"))["value"] == 1
    gone = made(await client.get("/burden-items?state=cancelled"))["items"]
    assert [i["id"] for i in gone] == [item["id"]]
    nothing = await client.post("/burden-items", json=new | {"title": "——"})
    assert nothing.status_code == 422
