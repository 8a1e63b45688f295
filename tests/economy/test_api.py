"""Villages' records over HTTP: recording, correcting, resolving, deciding; and their figures."""

from collections.abc import AsyncIterator
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
from tests.make.economy import (
    make_contract,
    make_entry,
    make_income,
    make_project,
    make_village,
    new_contract,
    new_entry,
    new_income,
    new_project,
)
from tests.make.organizations import make_account, make_organization

TODAY = date(2019, 12, 31)


@pytest.fixture
async def village(session: AsyncSession, root: UUID) -> UUID:
    clock.pin(date(2019, 1, 1))
    made = await make_village(session, root, name="前屯村党支部")
    clock.pin(TODAY)
    return made


@pytest.fixture
async def other(
    app: FastAPI, doors: Doors, session: AsyncSession, village: UUID
) -> AsyncIterator[httpx.AsyncClient]:
    """A second account of the department."""
    headers = await signed_in(doors, session, await make_account(session))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1", headers=headers
    ) as client:
        yield client


def refused(answer: httpx.Response, status: int, code: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert not code or answer.json()["type"] == f"/problems/{code}"


NEW: dict[str, Any] = {
    "contracts": new_contract,
    "entries": new_entry,
    "projects": new_project,
    "incomes": new_income,
}
CHANGES: dict[str, dict[str, Any]] = {
    "contracts": {"number": "2017-9", "finding": "regular", "reviewed_on": "2019-05-07"},
    "entries": {"kind": "land_recovered", "amount": "0.01", "document": "确认书"},
    "projects": {"title": "冷库", "amount": "999999999999.99", "applied_on": "2019-12-31"},
    "incomes": {"income": "0.00"},
}


@pytest.mark.parametrize("kind", NEW)
async def test_a_record_is_made_listed_and_corrected(
    client: httpx.AsyncClient, village: UUID, root: UUID, kind: str
) -> None:
    url, given = f"/village-{kind}", NEW[kind](village)
    made = await client.post(url, json=given)
    assert made.status_code == 201, made.text
    one = made.json()
    assert made.headers["location"] == f"/v1{url}/{one['id']}"
    assert one["organization_name"] == "前屯村党支部"
    amounts = {"amount", "income"}
    assert {k: one[k] for k in given if k not in amounts} == {
        k: v for k, v in given.items() if k not in amounts
    }
    assert (await client.get(f"{url}?within={root}")).json()["items"] == [one]
    here = f"{url}/{one['id']}"
    shown = await client.get(here)
    assert (shown.json(), shown.headers["etag"]) == (one, '"1"')
    edited = await client.patch(here, json=CHANGES[kind], headers={"if-match": '"1"'})
    assert edited.status_code == 200, edited.text
    assert edited.json() == one | CHANGES[kind] | {"version": 2}
    refused(await client.patch(here, json=CHANGES[kind], headers={"if-match": '"1"'}), 412)
    field = next(iter(CHANGES[kind]))
    refused(await client.patch(here, json={field: None}, headers={"if-match": '"2"'}), 422)


@pytest.mark.parametrize("kind", NEW)
async def test_only_villages_that_stand_keep_records(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, village: UUID, kind: str
) -> None:
    clock.pin(TODAY)
    agency = await make_organization(session, root, sector="agency")
    refused(await client.post(f"/village-{kind}", json=NEW[kind](agency)), 409, "not-a-village")


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("contracts", {"reviewed_on": "2020-01-01"}),
        ("contracts", {"number": "x" * 101}),
        ("contracts", {"number": " "}),
        ("entries", {"happened_on": "2020-01-01"}),
        ("entries", {"amount": "0"}),
        ("entries", {"amount": "0.00"}),
        ("entries", {"amount": "-1"}),
        ("entries", {"amount": 1.5}),
        ("entries", {"amount": 7}),
        ("entries", {"amount": True}),
        ("entries", {"amount": "1.005"}),
        ("entries", {"amount": "1e3"}),
        ("entries", {"amount": "NaN"}),
        ("entries", {"amount": "１２"}),
        ("entries", {"amount": "1000000000000"}),
        ("entries", {"document": "x" * 201}),
        ("projects", {"applied_on": "2020-01-01"}),
        ("incomes", {"year": 2020}),
        ("incomes", {"year": 1948}),
        ("incomes", {"income": "-0.01"}),
    ],
)
async def test_what_cannot_be_is_refused(
    client: httpx.AsyncClient, village: UUID, kind: str, wrong: dict[str, Any]
) -> None:
    refused(await client.post(f"/village-{kind}", json=NEW[kind](village, **wrong)), 422)


async def test_an_entry_by_mistake_is_removed(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID
) -> None:
    url = f"/village-entries/{await make_entry(session, village)}"
    refused(await client.delete(url, headers={"if-match": '"2"'}), 412)
    assert (await client.delete(url, headers={"if-match": '"1"'})).status_code == 204
    refused(await client.get(url), 404)
    refused(await client.delete(url, headers={"if-match": '"1"'}), 404)
    assert (await client.get("/figures/debt_resolved_wan")).json()["value"] == 0


async def test_a_year_is_recorded_once_it_has_ended(
    client: httpx.AsyncClient, village: UUID
) -> None:
    clock.pin(date(2019, 12, 30))
    new = new_income(village, year=2019)
    refused(await client.post("/village-incomes", json=new), 422)
    clock.pin(TODAY)
    assert (await client.post("/village-incomes", json=new)).status_code == 201
    refused(await client.post("/village-incomes", json=new), 409, "income-known")


async def test_pages_of_years(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID
) -> None:
    for year in (2016, 2018, 2017):
        await make_income(session, village, year=year)
    years: list[int] = []
    after: str | None = ""
    while after is not None:
        mark = f"&after={after}" if after else ""
        page = (await client.get(f"/village-incomes?limit=1{mark}")).json()
        years, after = years + [i["year"] for i in page["items"]], page["next"]
    assert years == [2018, 2017, 2016]


async def test_a_contract_is_resolved_once(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID
) -> None:
    clock.pin(TODAY)
    contract = await make_contract(session, village, number="1", reviewed_on="2019-06-03")
    refused(
        await client.post("/village-contracts", json=new_contract(village, number="1")),
        409,
        "contract-known",
    )
    regular = await make_contract(session, village, number="2", finding="regular")
    url, how = f"/village-contracts/{contract}", {"resolution": "补签合同"}
    taken = {"number": "2"}
    version = {"if-match": '"1"'}
    refused(await client.patch(url, json=taken, headers=version), 409, "contract-known")
    for day in ("2019-06-02", "2020-01-01"):
        refused(await client.post(f"{url}/resolutions", json=how | {"resolved_on": day}), 422)
    done = how | {"resolved_on": "2019-06-03"}
    answer = await client.post(f"{url}/resolutions", json=done)
    assert answer.status_code == 200, answer.text
    assert {k: answer.json()[k] for k in done} == done
    refused(await client.post(f"{url}/resolutions", json=done), 409, "contract-not-open")
    other = f"/village-contracts/{regular}/resolutions"
    refused(await client.post(other, json=done), 409, "contract-not-open")
    version = {"if-match": '"2"'}
    refused(await client.patch(url, json={"number": "3"}, headers=version), 409)


@pytest.mark.parametrize("step", ["approvals", "rejections"])
async def test_another_account_decides_on_a_project(
    client: httpx.AsyncClient, other: httpx.AsyncClient, village: UUID, step: str
) -> None:
    made = (await client.post("/village-projects", json=new_project(village))).json()
    url = f"/village-projects/{made['id']}"
    decision = {"decided_on": "2019-03-18"} | ({"reason": "不符"} if step == "rejections" else {})
    refused(await client.post(f"{url}/{step}", json=decision), 409, "own-project")
    early = decision | {"decided_on": "2019-03-17"}
    refused(await other.post(f"{url}/{step}", json=early), 422)
    answer = await other.post(f"{url}/{step}", json=decision)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == {"approvals": "approved", "rejections": "rejected"}[step]
    refused(await other.post(f"{url}/approvals", json={"decided_on": "2019-03-18"}), 409)
    version = {"if-match": '"2"'}
    refused(await client.patch(url, json={"title": "x"}, headers=version), 409, "project-decided")


async def test_figures_count_by_the_day(
    client: httpx.AsyncClient, other: httpx.AsyncClient, session: AsyncSession, village: UUID
) -> None:
    clock.pin(TODAY)

    async def value(figure: str, query: str = "") -> Any:
        answer = await client.get(f"/figures/{figure}{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    contract = await make_contract(session, village)
    done = {"resolved_on": "2019-12-31", "resolution": "补签合同"}
    assert await value("illegal_contracts") == 0
    await client.post(f"/village-contracts/{contract}/resolutions", json=done)
    assert await value("illegal_contracts") == 1
    assert await value("illegal_contracts", "?as_of=2019-12-30") == 0
    await make_entry(session, village, amount="0.01", happened_on="2019-12-31")
    await make_entry(session, village, amount="10000.00", kind="claim_recovered")
    await make_entry(session, village, amount="1.01", kind="land_recovered")
    assert await value("debt_resolved_wan") == 0.000001
    assert await value("debt_resolved_wan", "?as_of=2019-12-30") == 0
    assert await value("debt_credit_total_wan") == 1.000001
    assert await value("debt_credit_total_wan", "?to=2019-12-30") == 1
    assert await value("land_recovered_mu", f"?within={village}") == 1.01
    project = await make_project(session, village)
    assert await value("village_projects") == 0
    decided = {"decided_on": "2019-12-31"}
    await other.post(f"/village-projects/{project}/approvals", json=decided)
    assert await value("village_projects") == 1
    assert await value("village_projects", "?from=2020-01-01") == 0


async def test_income_is_compared_where_both_years_are_recorded(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, village: UUID
) -> None:
    clock.pin(TODAY)
    figure = "/figures/village_income_gain_wan"
    await make_income(session, village, year=2018, income="100000")
    assert (await client.get(figure)).json()["value"] is None
    await make_income(session, village, year=2019, income="150050")
    second = await make_village(session, root)
    await make_income(session, second, year=2019, income="900000")
    told = (await client.get(figure)).json()
    assert (told["value"], told["numerator"], told["denominator"]) == (5.01, 5.005, 1)
    await make_income(session, second, year=2018, income="900100")
    assert (await client.get(figure)).json()["value"] == 2.5  # 4.995 / 2 = 2.4975
    for day, value in (("2019-12-30", None), ("2020-06-30", 2.5), ("2020-12-31", None)):
        assert (await client.get(f"{figure}?as_of={day}")).json()["value"] == value
