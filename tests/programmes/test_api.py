"""Programmes and documents over HTTP."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from tests.conftest import signed_in
from tests.make.organizations import make_account, make_organization
from tests.make.programmes import (
    make_document,
    make_programme,
    new_document,
    new_programme,
)
from tests.residents.conftest import TODAY, made, refused


@pytest.fixture(autouse=True)
def _today() -> None:
    clock.pin(TODAY)


@pytest.fixture
async def branch(session: AsyncSession, root: UUID) -> UUID:
    return await make_organization(session, root)


async def _value(client: httpx.AsyncClient, figure: str, **params: Any) -> Any:
    return made(await client.get(f"/figures/{figure}", params=params))["value"]


# ── Programmes


async def test_a_plan_and_its_areas(client: httpx.AsyncClient, root: UUID) -> None:
    new = new_programme(root, family="plan", name="三年计划")
    answer = await client.post("/programmes", json=new)
    plan = made(answer, 201)
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/programmes/{plan['id']}"
    assert {name: plan[name] for name in new} == new
    assert made(await client.get(f"/programmes/{plan['id']}")) == plan
    for name in ("城市", "农村"):
        area = new_programme(root, family="plan_area", name=name, plan_id=plan["id"])
        made(await client.post("/programmes", json=area), 201)
    listed = made(await client.get("/programmes", params={"plan_id": plan["id"]}))["items"]
    assert {i["name"] for i in listed} == {"城市", "农村"}
    assert await _value(client, "plan_years") == 3
    assert await _value(client, "plan_focus_areas") == 2
    assert await _value(client, "plan_years", as_of="2020-01-01") == 0  # the day after the last
    assert await _value(client, "plan_focus_areas", as_of="2020-01-01") == 0
    assert await _value(client, "plan_years", as_of="2016-12-31") == 0
    assert await _value(client, "plan_years", **{"from": "2017-01-02"}) == 0


async def test_of_two_plans_the_higher_counts(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, branch: UUID
) -> None:
    own = await make_programme(session, branch, family="plan", ends_on="2020-12-31")
    await make_programme(session, branch, family="plan_area", plan_id=str(own))
    assert await _value(client, "plan_years") == 4
    await make_programme(session, root, family="plan")
    assert await _value(client, "plan_years") == 3
    assert await _value(client, "plan_focus_areas") == 0
    assert await _value(client, "plan_years", within=branch) == 4
    assert await _value(client, "plan_focus_areas", within=branch) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"family": "plan", "ends_on": None}, "ends_on"),
        ({"family": "plan_area"}, "plan_id"),
        ({"ends_on": "2016-12-31"}, "ends_on"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "联系13800001234"}, "name"),
        ({"family": "pilot"}, "family"),
        ({"starts_on": "1899-12-31"}, "starts_on"),
        ({"more": 1}, "more"),
    ],
)
async def test_programmes_that_cannot_be(
    client: httpx.AsyncClient, root: UUID, values: dict[str, Any], field: str
) -> None:
    answer = await client.post("/programmes", json=new_programme(root, **values))
    assert [e["field"] for e in refused(answer, 422)["errors"]] == [field]


async def test_a_part_is_that_of_a_plan(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    project = await make_programme(session, root)
    plan = await make_programme(session, root, family="plan")
    for family, whole in (("plan_area", project), ("plan", plan)):
        new = new_programme(root, family=family, plan_id=str(whole), starts_on="2012-01-01")
        assert refused(await client.post("/programmes", json=new), 422)["errors"]
    unknown = new_programme(root, family="plan_area", plan_id=str(UUID(int=7)))
    refused(await client.post("/programmes", json=unknown), 404)


@pytest.mark.parametrize("family", ["red_project", "plan", "integration_pilot"])
async def test_a_programme_is_recorded_once_at_a_time(
    client: httpx.AsyncClient, root: UUID, family: str
) -> None:
    new = new_programme(root, family=family, ends_on="2019-12-31")
    made(await client.post("/programmes", json=new), 201)
    again = new | {"starts_on": "2019-12-31", "ends_on": "2020-12-31"}
    refused(await client.post("/programmes", json=again), 409, "programme-recorded")
    other = await client.post("/programmes", json=again | {"name": "另一个"})
    assert other.status_code == (201 if family == "red_project" else 409)
    made(await client.post("/programmes", json=again | {"starts_on": "2020-01-01"}), 201)


async def test_a_programme_is_corrected(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    plan = await make_programme(session, root, family="plan")
    url = f"/programmes/{await make_programme(session, root)}"
    right, changes = {"if-match": '"1"'}, {"name": "新名", "plan_id": str(plan)}
    changed = made(await client.patch(url, json=changes, headers=right))
    assert (changed["name"], changed["plan_id"], changed["version"]) == ("新名", str(plan), 2)
    refused(await client.patch(url, json=changes, headers=right), 412)
    right = {"if-match": '"2"'}
    for wrong in ({"name": None}, {"starts_on": None}, {"ends_on": "2019-01-01"}, {"plan_id": 1}):
        refused(await client.patch(url, json=wrong, headers=right), 422)
    assert made(await client.patch(url, json={"plan_id": None}, headers=right))["plan_id"] is None
    refused(
        await client.patch(
            f"/programmes/{plan}", json={"starts_on": "2020-01-01"}, headers={"if-match": '"1"'}
        ),
        422,
    )


async def test_an_end_stands_once_it_is_over(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    url = f"/programmes/{await make_programme(session, root)}"
    assert await _value(client, "four_red_projects") == 1
    refused(await client.post(f"{url}/endings", json={"ends_on": "2016-12-31"}), 422)
    ended = made(await client.post(f"{url}/endings", json={"ends_on": "2019-12-31"}))
    assert (ended["ends_on"], ended["version"]) == ("2019-12-31", 2)
    assert await _value(client, "four_red_projects") == 1  # its last day
    made(await client.post(f"{url}/endings", json={"ends_on": "2019-12-30"}))
    assert await _value(client, "four_red_projects") == 0
    answer = await client.post(f"{url}/endings", json={"ends_on": "2020-12-31"})
    refused(answer, 409, "programme-over")
    for day, count in (("2019-12-30", 1), ("2019-12-31", 0)):
        listed = await client.get("/programmes", params={"in_force_on": day})
        assert len(made(listed)["items"]) == count


# ── Documents


async def test_a_document_is_recorded_corrected_and_repealed(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID
) -> None:
    under = await make_programme(session, root, family="plan")
    link = "https://dangjian.example/2018/3?x=1"
    new = new_document(root, programme_id=str(under), url=link)
    answer = await client.post("/documents", json=new)
    document = made(answer, 201)
    assert {name: document[name] for name in new} == new
    url = f"/documents/{document['id']}"
    assert answer.headers["location"] == f"/v1{url}"
    assert made(await client.get(url)) == document
    changes = {"topic": "organ", "number": None, "url": None}
    changed = made(await client.patch(url, json=changes, headers={"if-match": '"1"'}))
    assert changed == document | changes | {"version": 2}
    refused(await client.patch(url, json=changes, headers={"if-match": '"1"'}), 412)
    for wrong in ({"title": None}, {"issued_on": "2020-01-01"}, {"kind": "handbook"}):
        refused(await client.patch(url, json=wrong, headers={"if-match": '"2"'}), 422)
    refused(await client.post(f"{url}/repeals", json={"repealed_on": "2018-03-11"}), 422)
    assert await _value(client, "organ_documents") == 1
    repealed = made(await client.post(f"{url}/repeals", json={"repealed_on": "2019-12-31"}))
    assert repealed["repealed_on"] == "2019-12-31"
    assert await _value(client, "organ_documents") == 0
    assert await _value(client, "organ_documents", as_of="2019-12-30") == 1
    again = await client.post(f"{url}/repeals", json={"repealed_on": "2019-12-31"})
    refused(again, 409, "document-repealed")
    late = {"issued_on": "2019-12-31"}
    made(await client.patch(url, json=late, headers={"if-match": '"3"'}))


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("url", "http://dangjian.example/"),
        ("url", "https://"),
        ("url", "https://clerk:secret@dangjian.example/"),
        ("url", "https://clerk@dangjian.example/"),
        ("url", "javascript:alert(1)"),
        ("url", "file:///etc/passwd"),
        ("url", f"https://dangjian.example/{'x' * 500}"),
        ("url", f"https://dangjian.example/{'红' * 60}"),
        ("issued_on", "2020-01-01"),
        ("number", "x" * 61),
        ("number", ""),
        ("title", "x" * 201),
        ("issued_by", None),
        ("kind", "letter"),
        ("topic", "city"),
    ],
)
async def test_documents_that_cannot_be(
    client: httpx.AsyncClient, root: UUID, field: str, bad: Any
) -> None:
    answer = await client.post("/documents", json=new_document(root, **{field: bad}))
    assert [e["field"] for e in refused(answer, 422)["errors"]] == [field]


async def test_a_document_is_recorded_once(client: httpx.AsyncClient, root: UUID) -> None:
    new = new_document(root)
    document = made(await client.post("/documents", json=new), 201)
    for other in ({"title": "另一份"}, {"number": None}):
        refused(await client.post("/documents", json=new | other), 409, "document-recorded")
    url = f"/documents/{document['id']}/repeals"
    made(await client.post(url, json={"repealed_on": "2018-03-12"}))  # it was recorded wrongly
    made(await client.post("/documents", json=new), 201)


async def test_a_street_counts_once(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, branch: UUID
) -> None:
    kind, sector = "working_committee", "street"
    streets = [
        await make_organization(session, root, name=f"{n}街道党工委", kind=kind, sector=sector)
        for n in ("牡丹", "火炬")
    ]
    for day in ("2018-11-19", "2019-06-03"):
        await make_document(session, streets[0], kind="replan_decision", issued_on=day)
    assert await _value(client, "streets_replanned") == 1
    await make_document(session, streets[1], kind="replan_decision")
    await make_document(session, streets[1], kind="decision")
    assert await _value(client, "streets_replanned") == 2
    assert await _value(client, "streets_replanned", within=streets[1]) == 1
    for place in (root, branch):
        new = new_document(place, kind="replan_decision")
        refused(await client.post("/documents", json=new), 409, "not-a-street")


# ── Who sees what


async def test_what_is_issued_above_is_read_below_and_not_written(
    app: FastAPI, doors: Doors, session: AsyncSession, root: UUID, branch: UUID
) -> None:
    beside = await make_organization(session, root)
    above = await make_document(session, root)
    await make_document(session, beside)
    own = await make_document(session, branch)
    name = await make_account(
        session, Role.ORGANIZATION_CLERK, organization_id=branch, username="below"
    )
    headers = await signed_in(doors, session, name)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test/v1", headers=headers
    ) as clerk:
        listed = made(await clerk.get("/documents"))["items"]
        assert {i["id"] for i in listed} == {str(above), str(own)}
        url = f"/documents/{above}/repeals"
        refused(await clerk.post(url, json={"repealed_on": "2019-12-31"}), 403)
        assert await _value(clerk, "supporting_schemes") == 1  # of the own subtree


async def test_a_dissolved_organisation_issues_nothing(
    client: httpx.AsyncClient, branch: UUID
) -> None:
    clock.pin(TODAY.replace(year=2020))
    headers = {"if-match": '"1"'}
    assert (await client.delete(f"/organizations/{branch}", headers=headers)).status_code == 204
    refused(await client.post("/documents", json=new_document(branch)), 409, "not-standing")
    refused(await client.post("/programmes", json=new_programme(branch)), 409, "not-standing")
