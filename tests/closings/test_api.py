"""Closings over HTTP: what is frozen, and what is told of rows that change in retrospect."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.access.types import Role
from app.closings import logic
from app.closings.types import RowChange
from app.core import clock
from app.core.db import Doors
from app.core.figures import Part
from app.figures.queries import REGISTRY
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.pledges import make_pledge
from tests.make.residents import make_claim, make_community, make_post, make_record

URL = "/figure-closings"
YEAR = {"district_code": "231005", "first_on": "2019-01-01", "last_on": "2019-12-31"}


async def closed(client: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await client.post(URL, json=YEAR | values)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1{URL}/{made['id']}"
    return made


async def drift_of(client: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"{URL}/{made['id']}/drift")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
async def record(session: AsyncSession, root: UUID) -> UUID:
    """A service of 7 residents, and two pledges of which one is kept."""
    clock.pin(date(2019, 12, 31))
    branch = await make_organization(session, root)
    for status in ("published", "confirmed"):
        await make_pledge(session, status, organization_id=branch)
    post = await make_post(session, await make_community(session, root))
    claim = await make_claim(session, post, await make_member(session, branch))
    return await make_record(session, claim, beneficiaries=7, confirmed=True)


async def test_what_is_closed_is_what_the_figures_were(
    client: httpx.AsyncClient, record: UUID
) -> None:
    made = await closed(client)
    query = "as_of=2019-12-31&from=2019-01-01&to=2019-12-31"
    figures = (await client.get(f"/figures?{query}")).json()["items"]
    names = ("id", "name", "unit", "value", "numerator", "denominator")
    assert made["figures"] == [{n: f[n] for n in names} for f in figures]
    assert [f["id"] for f in made["figures"]] == list(REGISTRY)
    assert made["is_intact"] is True
    clock.pin(date(2020, 3, 1))
    assert (await client.get(f"{URL}/{made['id']}")).json() == made
    nothing = {"is_intact": True, "figures": [], "edits": []}
    assert await drift_of(client, made) == nothing
    await client.post("/pledges", json={})  # refused: no edit
    items = (await client.get(f"{URL}?district_code=231005")).json()["items"]
    assert items == [{k: v for k, v in made.items() if k not in {"is_intact", "figures"}}]


async def test_a_row_that_changes_in_retrospect_is_told(
    client: httpx.AsyncClient, session: AsyncSession, record: UUID
) -> None:
    made = await closed(client)
    change = text("UPDATE service_record SET beneficiaries = 9 WHERE id = :id")
    await session.execute(change, {"id": record})
    told = await drift_of(client, made)
    (served,) = (f for f in told["figures"] if f["id"] == "residents_served_person_times")
    assert (served["old"]["value"], served["new"]["value"]) == (7, 9)
    row = {"part": "numerator", "kind": "service_record", "id": str(record)}
    assert served["rows"] == [row | {"change": "changed", "old": 7, "new": 9}]
    assert served["rows_differing"] == 1
    assert told["edits"] == []  # past the service, so the audit knows of nobody
    await session.execute(text("DELETE FROM service_record WHERE id = :id"), {"id": record})
    told = await drift_of(client, made)
    (served,) = (f for f in told["figures"] if f["id"] == "residents_served_person_times")
    assert served["rows"] == [row | {"change": "gone", "old": 7, "new": None}]


async def test_the_edit_that_made_it_drift_is_named(
    client: httpx.AsyncClient, session: AsyncSession, record: UUID, root: UUID
) -> None:
    found = (await client.get("/figures/org_pledges_open/rows")).json()["items"]
    (pledge,) = found
    made = await closed(client)
    url = f"/pledges/{pledge['id']}"
    evidence = await client.post(f"{url}/evidence", json={"text": "已按期办结"})
    assert evidence.status_code == 201, evidence.text
    assert (await client.post(f"{url}/completions")).status_code == 200
    everybody = (await client.get("/me")).json()["username"]
    change = text(
        "UPDATE pledge SET status = 'confirmed', confirmed_by = :by, confirmed_on = '2019-12-31'"
        " WHERE id = :id"
    )
    await session.execute(change, {"id": pledge["id"], "by": uuid4()})
    told = await drift_of(client, made)
    figures = {f["id"]: f for f in told["figures"]}
    rate = figures["org_pledge_rate"]
    assert (rate["old"]["value"], rate["new"]["value"]) == (0.5, 1)
    (row,) = rate["rows"]
    assert (row["part"], row["change"], row["id"]) == ("numerator", "added", pledge["id"])
    (row,) = figures["org_pledges_open"]["rows"]
    assert (row["change"], row["id"]) == ("gone", pledge["id"])
    assert "org_pledges_total" not in figures
    assert {(e["username"], e["row_id"]) for e in told["edits"]} == {(everybody, pledge["id"])}
    assert [e["action"] for e in told["edits"]][-1] == "complete_pledge"
    assert set(told["edits"][0]) == {"number", "at", "username", "action", "row_id"}


async def test_what_was_tampered_with_is_told(
    client: httpx.AsyncClient, connection: AsyncConnection, session: AsyncSession, record: UUID
) -> None:
    made = await closed(client)
    # as whoever holds the database could: another row in its place
    forged = text(
        "INSERT INTO figure_closing SELECT district_code, gen_random_uuid(), first_on + 1, last_on,"
        " figures, rows, entries, signature, closed_by, closed_on, created_at FROM figure_closing"
        " RETURNING id"
    )
    other = str(await session.scalar(forged))
    shown = (await client.get(f"{URL}/{other}")).json()
    assert (shown["is_intact"], shown["figures"]) == (False, [])
    told = await drift_of(client, {"id": other})
    assert told == {"is_intact": False, "figures": [], "edits": []}
    assert (await client.get(f"{URL}/{made['id']}")).json()["is_intact"] is True
    for change in ("UPDATE figure_closing SET entries = 0", "DELETE FROM figure_closing"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with connection.begin_nested():
                await connection.execute(text(change))


async def test_a_period_is_closed_once_and_not_before_its_end(
    client: httpx.AsyncClient, root: UUID
) -> None:
    clock.pin(date(2019, 12, 30))
    assert (await client.post(URL, json=YEAR)).status_code == 422
    backwards = YEAR | {"first_on": "2019-12-30", "last_on": "2019-12-29"}
    assert (await client.post(URL, json=backwards)).status_code == 422
    clock.pin(date(2019, 12, 31))
    await closed(client)
    again = await client.post(URL, json=YEAR)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-closed")
    await closed(client, first_on="2019-12-31")


async def test_rights(
    client: httpx.AsyncClient,
    doors: Doors,
    session: AsyncSession,
    record: UUID,
    root: UUID,
) -> None:
    made = await closed(client)
    await session.execute(text("DELETE FROM service_record"))
    branch = await make_organization(session, root)
    name = await make_account(session, Role.ORGANIZATION_READER, organization_id=branch)
    client.headers.update(await signed_in(doors, session, name))
    assert (await client.post(URL, json=YEAR)).status_code == 403
    nowhere = await client.post(URL, json=YEAR | {"district_code": "110101"})
    assert nowhere.status_code == 404
    shown = (await client.get(f"{URL}/{made['id']}")).json()
    assert (shown["is_intact"], shown["figures"]) == (True, [])  # not over the whole district
    assert (await drift_of(client, made))["figures"] == []


AMOUNTS = st.dictionaries(
    st.uuids().map(lambda i: f"pledge/{i}"), st.integers(0, 3).map(Decimal), max_size=4
)


@given(AMOUNTS, AMOUNTS)
def test_the_drift_leads_from_old_to_new(old: dict[str, Decimal], new: dict[str, Decimal]) -> None:
    made = dict(old)
    for row in logic.drift({Part.NUMERATOR: old}, {Part.NUMERATOR: new}):
        key = f"{row.kind}/{row.id}"
        assert made.get(key) == row.old
        if row.new is None:
            assert row.change == RowChange.GONE
            del made[key]
        else:
            made[key] = row.new
    assert made == new
    stored = logic.stored({"x": {Part.NUMERATOR: new}})["x"]
    assert logic.read(stored) == {Part.NUMERATOR: new}
