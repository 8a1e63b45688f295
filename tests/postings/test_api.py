"""Postings over HTTP: posting, extending, ending, vacancies, poor households."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.types import Role
from app.core import clock
from app.core.db import Doors
from app.postings.models import Posting
from tests.conftest import signed_in
from tests.make.members import make_member
from tests.make.organizations import make_account, make_organization
from tests.make.postings import make_household, make_posting, make_village, new_posting
from tests.make.residents import make_community

TODAY = date(2019, 12, 31)
WHY = {"on": "2019-12-31", "reason": "工作调动"}


@pytest.fixture(autouse=True)
def _today() -> None:
    clock.pin(TODAY)


@pytest.fixture
async def village(session: AsyncSession, root: UUID) -> UUID:
    return await make_village(session, root, name="东村党支部")


@pytest.fixture
async def member(session: AsyncSession, root: UUID) -> UUID:
    office = await make_organization(session, root, name="机关党支部", sector="agency")
    return await make_member(session, office, name="李明")


def refused(answer: httpx.Response, status: int, code: str = "") -> Any:
    """Hold an answer to a refusal, and read it."""
    assert answer.status_code == status, answer.text
    assert not code or answer.json()["type"] == f"/problems/{code}"
    return answer.json()


def made(answer: httpx.Response, status: int = 200) -> Any:
    """Hold an answer to be good, and read it."""
    assert answer.status_code == status, answer.text
    return answer.json()


def first(member: UUID, village: UUID, **values: Any) -> dict[str, Any]:
    """Make the JSON of a first secretary's posting of two years."""
    given = {"post": "first_secretary", "valid_from": "2018-01-15", "due_on": "2020-01-15"}
    return new_posting(member, village, **given | values)


async def test_a_first_secretarys_way(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID, member: UUID
) -> None:
    await make_household(session, village)
    params = {"unit": "poor_village"}
    (vacant,) = made(await client.get("/postings/vacancies", params=params))["items"]
    assert (vacant["organization_name"], vacant["norm"], vacant["filled"]) == ("东村党支部", 1, 0)
    assert (vacant["missing"], vacant["post"], vacant["pack"]) == (1, "first_secretary", "postings")

    posted = await client.post("/postings", json=first(member, village))
    body = made(posted, 201)
    assert posted.headers["location"] == f"/v1/postings/{body['id']}"
    assert (body["member_name"], body["pay_band"], body["households"]) == ("李明", None, 0)
    assert made(await client.get("/postings/vacancies", params=params))["items"] == []

    url = f"/postings/{body['id']}"
    refused(await client.post(f"{url}/extensions", json={"months": 13, "decision": "1号"}), 409)
    extension = {"months": 12, "decision": "西组发〔2019〕31号", "decided_on": "2019-10-21"}
    body = made(await client.post(f"{url}/extensions", json=extension))
    assert (body["due_on"], body["extended_months"]) == ("2021-01-15", 12)
    again = await client.post(f"{url}/extensions", json=extension)
    refused(again, 409, "posting-extended")
    for query, count in (
        ("extended=true", 1),
        ("extended=true&as_of=2019-10-20", 0),
        ("due_to=2021-01-14", 0),
        ("due_to=2021-01-15", 1),
        ("ended=true", 0),
        ("as_of=2018-01-14", 0),
        ("as_of=2018-01-15", 1),
    ):
        assert len(made(await client.get(f"/postings?{query}"))["items"]) == count, query
    years = made(await client.get("/figures/first_secretary_extension_years"))
    assert (years["value"], years["denominator"]) == (1, 1)

    ended = made(await client.post(f"{url}/endings", json=WHY))
    assert (ended["valid_to"], ended["end_reason"]) == ("2019-12-31", "工作调动")
    refused(await client.post(f"{url}/endings", json=WHY), 409, "posting-ended")
    refused(await client.post(f"{url}/extensions", json=extension), 409, "posting-ended")
    assert made(await client.get("/postings"))["items"] == []
    assert len(made(await client.get("/postings?ended=true"))["items"]) == 1
    assert len(made(await client.get("/postings?as_of=2019-12-30"))["items"]) == 1
    kept = text("SELECT due_on FROM posting_history WHERE id = :id ORDER BY superseded_at")
    found = await session.execute(kept, {"id": UUID(body["id"])})
    assert found.scalars().all() == [date(2020, 1, 15), date(2021, 1, 15)]


async def test_what_cannot_be_posted(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID, member: UUID, root: UUID
) -> None:
    async def post(json: dict[str, Any], status: int, code: str) -> None:
        refused(await client.post("/postings", json=json), status, code)

    await post(first(member, root), 409, "post-does-not-fit")
    await post(new_posting(member, village, post="grid_cadre"), 409, "post-does-not-fit")
    await post(first(member, village, valid_from="2020-01-01"), 422, "invalid")
    await post(first(member, village, valid_from="1950-01-01"), 422, "invalid")
    await post(first(member, village, due_on="2018-01-15"), 422, "invalid")
    await post(first(member, village, decision="13900005678"), 422, "invalid")
    made(await client.post("/postings", json=first(member, village)), 201)
    await post(first(member, village), 409, "post-taken")
    other = await make_member(session, village)
    await post(first(other, village, valid_from="2019-12-31", due_on=None), 409, "post-taken")
    second = await make_village(session, root)
    await post(first(member, second), 409, "post-taken")  # one village at a time
    made(await client.post("/postings", json=first(other, second)), 201)
    made(await client.post("/postings", json=new_posting(member, village)), 201)


async def test_a_member_who_left_is_not_posted(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID, member: UUID
) -> None:
    left = text("UPDATE membership SET status = 'membership_suspended' WHERE member_id = :member")
    await session.execute(left, {"member": member})
    answer = await client.post("/postings", json=first(member, village))
    refused(answer, 409, "cannot-serve")


async def test_a_correction(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID, member: UUID
) -> None:
    before = await make_posting(
        session, await make_member(session, village), village, valid_from="2016-01-04"
    )
    made(await client.post(f"/postings/{before}/endings", json=WHY | {"on": "2018-01-15"}))
    posting = await make_posting(session, member, village, valid_from="2018-01-15")
    url, match = f"/postings/{posting}", {"if-match": '"1"'}
    refused(await client.patch(url, json={"decision": "1号"}), 428)
    early = {"valid_from": "2018-01-14"}
    refused(await client.patch(url, json=early, headers=match), 409, "post-taken")
    nothing = {"valid_from": None}
    refused(await client.patch(url, json=nothing, headers=match), 422, "invalid")
    later = {"valid_from": "2018-01-16", "decision": "西组发〔2018〕3号"}
    body = made(await client.patch(url, json=later, headers=match))
    assert (body["valid_from"], body["decision"], body["version"]) == (
        "2018-01-16",
        "西组发〔2018〕3号",
        2,
    )
    refused(await client.patch(url, json=later, headers=match), 412)
    refused(await client.patch(f"/postings/{before}", json=later, headers={"if-match": '"2"'}), 409)


async def test_an_extended_posting_stays_due(
    client: httpx.AsyncClient, village: UUID, member: UUID
) -> None:
    body = made(await client.post("/postings", json=first(member, village)), 201)
    url = f"/postings/{body['id']}"
    decided = {"months": 6, "decision": "1号"}
    for day in ("2018-01-14", "2020-01-01"):
        late = decided | {"decided_on": day}
        refused(await client.post(f"{url}/extensions", json=late), 422, "invalid")
    made(await client.post(f"{url}/extensions", json=decided | {"decided_on": "2018-06-01"}))
    match = {"if-match": '"2"'}
    for wrong in ({"due_on": None}, {"due_on": "2030-01-01"}, {"valid_from": "2018-06-02"}):
        refused(await client.patch(url, json=wrong, headers=match), 422, "invalid")
    for day in ("2018-01-15", "2020-01-01"):
        refused(await client.post(f"{url}/endings", json=WHY | {"on": day}), 422, "invalid")


async def test_cadres_of_a_community_and_its_grids(
    client: httpx.AsyncClient,
    session: AsyncSession,
    doors: Doors,
    root: UUID,
    member: UUID,
) -> None:
    community = await make_community(session, root, name="先锋社区党总支")
    grid = {"sector": "community", "is_grid": True}
    branch = await make_organization(session, community, name="先锋第一网格党支部", **grid)
    group = await make_organization(session, branch, name="第一楼栋党小组", kind="party_group")
    other = await make_community(session, root, name="江滨社区党总支")

    async def vacant(http: httpx.AsyncClient = client, **params: Any) -> list[tuple[str, int]]:
        found = made(await http.get("/postings/vacancies", params=params))["items"]
        return [(v["organization_name"][:2] + v["post"], v["missing"]) for v in found]

    whole = [
        ("先锋director", 1),
        ("先锋secretary", 1),
        ("先锋secretary", 1),
        ("第一grid_cadre", 3),
        ("江滨director", 1),
        ("江滨secretary", 1),
    ]
    assert await vacant() == whole
    assert await vacant(sort="-place") == whole[::-1]
    assert await vacant(within=str(community)) == whole[:4]
    assert await vacant(unit="building_group") == [("第一grid_cadre", 3)]
    assert await vacant(post="director", unit="grid_branch") == []
    page = made(await client.get("/postings/vacancies?limit=2"))
    rest = made(await client.get(f"/postings/vacancies?after={page['next']}"))
    assert len(page["items"] + rest["items"]) == len(whole)
    clerk = await make_account(session, Role.ORGANIZATION_CLERK, organization_id=other)
    headers = await signed_in(doors, session, clerk)
    transport = client._transport
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test/v1", headers=headers
    ) as theirs:
        assert await vacant(theirs) == whole[4:]

    since = {"valid_from": "2016-12-31"}
    for post in ("secretary", "director"):  # 一肩挑: one person, two posts
        json = new_posting(member, community, post=post, **since)
        body = made(await client.post("/postings", json=json), 201)
        assert (body["pay_band"]["grade"], body["pay_band"]["level"]) == ("正职", 8)
    cadre = await make_member(session, branch)
    await make_posting(session, cadre, branch)
    await make_posting(session, cadre, group, post="grid_cadre")
    assert await vacant(within=str(community)) == [("第一grid_cadre", 2)]
    values = {f["id"]: f for f in made(await client.get("/figures"))["items"]}
    assert (values["community_cadres"]["value"], values["grid_cadres"]["value"]) == (1, 1)
    assert values["cadres_per_group"]["value"] == 1
    rows = made(await client.get("/figures/community_cadres/rows"))["items"]
    assert [(r["amount"], r["label"]) for r in rows] == [(1, "书记")]
    await make_posting(session, member, group, post="grid_cadre", valid_from="2019-12-31")
    assert made(await client.get("/figures/grid_cadres"))["value"] == 2
    assert made(await client.get("/figures/grid_cadres?to=2019-12-30"))["value"] == 0


async def test_poor_households(
    client: httpx.AsyncClient, session: AsyncSession, village: UUID, member: UUID, root: UUID
) -> None:
    new = {"organization_id": str(village), "number": 7, "valid_from": "2017-06-30"}
    url = "/poor-households"
    body = made(await client.post(url, json=new), 201)
    assert (body["number"], body["is_paired"], body["first_secretary"]) == (7, False, None)
    refused(await client.post(url, json=new), 409, "household-taken")
    refused(await client.post(url, json=new | {"number": 0}), 422)
    refused(await client.post(url, json=new | {"valid_from": "2020-01-01"}), 422)
    refused(
        await client.post(url, json=new | {"organization_id": str(root)}),
        409,
        "no-households-there",
    )
    posted = made(await client.post("/postings", json=first(member, village)), 201)
    pairing = f"{url}/{body['id']}/pairings"
    elsewhere = await make_village(session, root)
    other = await make_posting(
        session, await make_member(session, elsewhere), elsewhere, post="first_secretary"
    )
    secretary = await make_posting(session, member, village)
    for wrong in (other, secretary):
        refused(await client.post(pairing, json={"posting_id": str(wrong)}), 409, "cannot-pair")
    paired = made(await client.post(pairing, json={"posting_id": posted["id"]}))
    assert (paired["first_secretary"], paired["is_paired"]) == ("李明", True)
    assert made(await client.get(f"/postings/{posted['id']}"))["households"] == 1
    assert made(await client.get("/figures/first_secretary_villages"))["value"] == 1
    for query, count in (
        ("paired=true", 1),
        ("paired=false", 0),
        (f"posting_id={posted['id']}", 1),
        ("as_of=2017-06-29", 0),
        ("paired=false&as_of=2019-12-30", 1),
    ):
        assert len(made(await client.get(f"{url}?{query}"))["items"]) == count, query
    ending = f"{url}/{body['id']}/endings"
    refused(await client.post(ending, json={"on": "2017-06-30"}), 422, "invalid")
    made(await client.post(ending, json={"on": "2019-12-31"}))
    refused(await client.post(ending, json={"on": "2019-12-31"}), 409, "household-ended")
    refused(await client.post(pairing, json={"posting_id": posted["id"]}), 409, "household-ended")
    assert made(await client.get("/figures/first_secretary_villages"))["value"] == 0
    made(await client.post(url, json=new | {"valid_from": "2019-12-31"}), 201)  # 返贫
    # an ended first secretary helps nobody
    made(await client.post(f"/postings/{posted['id']}/endings", json=WHY))
    assert made(await client.get(f"{url}?paired=true"))["items"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"due_on": date(2018, 1, 1)},
        {"valid_to": date(2019, 1, 1)},
        {"extended_months": 12, "extended_on": date(2019, 1, 1)},
        {"extended_months": 61, "extended_on": date(2019, 1, 1), "extension_decision": "x"},
        {"valid_from": date(2018, 2, 1)},
    ],
)
async def test_the_database_says_it_again(
    session: AsyncSession, village: UUID, member: UUID, values: dict[str, Any]
) -> None:
    given = {"district_code": "231005", "organization_id": village, "member_id": member}
    given |= {"post": "first_secretary", "valid_from": date(2018, 1, 15)}
    if "valid_from" in values:  # somebody else serves already
        session.add(Posting(id=UUID(int=1), **given))
        await session.flush()
        given["member_id"] = await make_member(session, village)
    if "extended_months" in values:
        given["due_on"] = date(2020, 1, 15)
    row = insert(Posting).values(id=UUID(int=2), **given | values)
    async with session.begin_nested() as savepoint:
        with pytest.raises(IntegrityError):
            await session.execute(row)
        await savepoint.rollback()
