"""Wishes over HTTP: who takes, does and rates them, and who learns whose they are."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.make.organizations import make_organization
from tests.make.residents import CONTACT, make_community, make_wish, new_wish
from tests.residents.conftest import Place, made, make_clerk, refused

Clients = dict[str, httpx.AsyncClient]


@pytest.fixture
def people(
    clerk: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
) -> Clients:
    return {
        "clerk": clerk,
        "reader": reader,
        "secretary": secretary,
        "member": member,
        "other": other,
    }


async def statuses(people: Clients, method: str, url: str, **given: Any) -> dict[str, int]:
    """Ask as everybody."""
    return {
        name: (await client.request(method, url, **given)).status_code
        for name, client in people.items()
    }


async def test_the_contact_lies_sealed_and_shows_nowhere(
    session: AsyncSession, clerk: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    answer = await clerk.post("/wishes", json=new_wish(place.community))
    wish = made(answer, 201)
    assert answer.headers["location"] == f"/v1/wishes/{wish['id']}"
    assert wish["has_contact"] is True
    assert wish["status"] == "open"
    url = f"/wishes/{wish['id']}"
    made(await member.post(f"{url}/takings", json={}))
    shown = [answer, await member.get(url), await member.get("/wishes"), await clerk.get(url)]
    stored = str((await session.execute(text("SELECT wish::text FROM wish"))).all())
    told = str((await session.execute(text("SELECT a::text FROM audit_entry a"))).all())
    for value in CONTACT.values():
        assert value not in stored
        assert value not in told
        assert not any(value in a.text for a in shown)
    assert made(await clerk.post(f"{url}/unmaskings")) == {"contact": CONTACT}
    assert made(await member.post(f"{url}/unmaskings")) == {"contact": CONTACT}
    entries = "SELECT count(*) FROM audit_entry WHERE action = 'unmask_wish' AND target_id = :id"
    assert await session.scalar(text(entries), {"id": wish["id"]}) == 2


async def test_who_learns_the_contact(session: AsyncSession, people: Clients, place: Place) -> None:
    wish = await make_wish(session, place.community)
    url = f"/wishes/{wish}"
    ask = ("POST", f"{url}/unmaskings")
    seen = {"clerk": 200, "reader": 200, "secretary": 404, "member": 200, "other": 200}
    assert await statuses(people, "GET", url) == seen
    nobody = {"clerk": 200, "reader": 403, "secretary": 404, "member": 403, "other": 403}
    assert await statuses(people, *ask) == nobody
    taken = made(await people["member"].post(f"{url}/takings", json={}))
    assert (taken["member_name"], taken["branch_name"]) == ("李明", None)
    taker = {"clerk": 200, "reader": 403, "secretary": 404, "member": 200, "other": 404}
    assert await statuses(people, *ask) == taker
    assert (await people["member"].post(f"{url}/releases")).status_code == 204
    assert await statuses(people, *ask) == nobody
    made(await people["member"].post(f"{url}/takings", json={}))
    made(await people["member"].post(f"{url}/completions"))
    assert await statuses(people, *ask) == taker | {"member": 403}


async def test_a_branch_takes_a_wish(
    session: AsyncSession,
    app: FastAPI,
    secretary: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
    clerk: httpx.AsyncClient,
    place: Place,
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    branch = {"organization_id": str(place.branch)}
    refused(await secretary.post(f"{url}/takings", json=branch), 404)
    refused(await member.post(f"{url}/takings", json=branch), 404)
    await make_clerk(session, app, place.member, place.branch)
    taken = made(await member.post(f"{url}/takings", json=branch))
    assert (taken["branch_name"], taken["member_name"]) == ("机关党支部", None)
    assert made(await secretary.get(url)) == taken
    assert made(await secretary.post(f"{url}/unmaskings"))["contact"] == CONTACT
    refused(await other.post(f"{url}/unmaskings"), 404)
    refused(await clerk.post(f"{url}/completions"), 403)
    assert (await secretary.post(f"{url}/releases")).status_code == 204
    refused(await secretary.get(url), 404)  # open again, and no longer the branch's
    taken = made(await member.post(f"{url}/takings", json=branch))
    assert made(await secretary.post(f"{url}/completions"))["status"] == "done"


async def test_two_parties_rate(
    session: AsyncSession,
    app: FastAPI,
    clerk: httpx.AsyncClient,
    chief: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    member: httpx.AsyncClient,
    place: Place,
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    rating = {"rating": 5, "comment": "老人很高兴"}
    await make_clerk(session, app, place.member, place.community)
    made(await member.post(f"{url}/takings", json={}))
    made(await member.post(f"{url}/completions"))
    refused(await reader.post(f"{url}/ratings", json=rating), 403)
    refused(await member.post(f"{url}/ratings", json=rating), 409, "own-wish")
    rated = made(await clerk.post(f"{url}/ratings", json=rating))
    assert (rated["status"], rated["rating"], rated["comment"]) == ("rated", 5, "老人很高兴")
    refused(await chief.post(f"{url}/ratings", json=rating), 409, "wish-out-of-order")
    url = f"/wishes/{await make_wish(session, place.community)}"
    own = {"organization_id": str(place.community)}
    made(await clerk.post(f"{url}/takings", json=own))
    made(await chief.post(f"{url}/completions"))
    for who in (clerk, chief):  # one took it, one did it
        refused(await who.post(f"{url}/ratings", json=rating), 409, "own-wish")


async def test_out_of_order(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    client: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
    place: Place,
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    rating, why = {"rating": 3}, {"reason": "已由亲属解决"}
    refused(await member.post(f"{url}/completions"), 403)
    refused(await clerk.post(f"{url}/releases"), 409, "wish-out-of-order")
    refused(await clerk.post(f"{url}/ratings", json=rating), 409, "wish-out-of-order")
    made(await member.post(f"{url}/takings", json={}))
    refused(await other.post(f"{url}/takings", json={}), 404)  # taken: no longer published
    again = await client.post(f"{url}/takings", json={"organization_id": str(place.branch)})
    assert "已认领" in refused(again, 409, "wish-out-of-order")["detail"]
    assert (await clerk.post(f"{url}/releases")).status_code == 204
    made(await member.post(f"{url}/takings", json={}))
    withdrawn = made(await clerk.post(f"{url}/withdrawals", json=why))
    assert (withdrawn["status"], withdrawn["member_id"]) == ("withdrawn", None)
    assert withdrawn["reason"] == "已由亲属解决"
    refused(await clerk.post(f"{url}/withdrawals", json=why), 409, "wish-out-of-order")
    refused(await member.get(url), 404)
    url = f"/wishes/{await make_wish(session, place.community)}"
    made(await member.post(f"{url}/takings", json={}))
    refused(await member.post(f"{url}/withdrawals", json=why), 403)
    made(await member.post(f"{url}/completions"))
    refused(await clerk.post(f"{url}/withdrawals", json=why), 409, "wish-out-of-order")
    refused(await member.post(f"{url}/releases"), 409, "wish-out-of-order")


async def test_only_who_counts_takes(
    client: httpx.AsyncClient, session: AsyncSession, member: httpx.AsyncClient, place: Place
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    change = {"status": "membership_suspended", "reason": "x"}
    head = {"if-match": '"1"'}
    made(await client.post(f"/members/{place.member}/status-changes", json=change, headers=head))
    refused(await member.post(f"{url}/takings", json={}), 409, "member-not-counted")
    assert made(await client.get(url))["status"] == "open"


async def test_who_posts(
    client: httpx.AsyncClient, people: Clients, root: UUID, session: AsyncSession, place: Place
) -> None:
    given = {"json": new_wish(place.community)}
    posted = {"clerk": 201, "reader": 403, "secretary": 404, "member": 404, "other": 404}
    assert await statuses(people, "POST", "/wishes", **given) == posted
    agency = await make_community(session, root, sector="agency")
    refused(await client.post("/wishes", json=new_wish(agency)), 409, "not-a-community")
    refused(await client.post(f"/wishes/{await make_wish(session, place.community)}/takings"), 415)
    bare = await make_wish(session, place.community, contact=None)
    assert made(await client.get(f"/wishes/{bare}"))["has_contact"] is False
    assert made(await client.post(f"/wishes/{bare}/unmaskings")) == {"contact": None}
    answer = await client.post(f"/wishes/{bare}/takings", json={})
    refused(answer, 422)  # the department's client is no member
    gone = await make_organization(session, root)
    made_on = {"organization_id": str(gone)}
    assert made(await client.post(f"/wishes/{bare}/takings", json=made_on))["status"] == "taken"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("title", ["x" * 100], ["x" * 101, "", "电话13800001234"]),
        ("content", ["x" * 200], ["x" * 201, "请打 138 0000 1234"]),
        (
            "contact",
            [CONTACT, CONTACT | {"phone": "0453-6220000"}, None],
            [
                CONTACT | {"phone": "12345"},
                CONTACT | {"phone": "x" * 11},
                CONTACT | {"name": "x" * 51},
                CONTACT | {"address": ""},
                CONTACT | {"id_number": "1"},
                {"name": "赵秀兰"},
            ],
        ),
    ],
)
async def test_fields_of_a_wish(
    clerk: httpx.AsyncClient, place: Place, field: str, good: list[Any], bad: list[Any]
) -> None:
    for value in good:
        given = new_wish(place.community, **{field: value})
        made(await clerk.post("/wishes", json=given), 201)
    for value in bad:
        given = new_wish(place.community, **{field: value})
        refused(await clerk.post("/wishes", json=given), 422)


@pytest.mark.parametrize(("rating", "status"), [(0, 422), (1, 200), (5, 200), (6, 422)])
async def test_ratings(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    member: httpx.AsyncClient,
    place: Place,
    rating: int,
    status: int,
) -> None:
    url = f"/wishes/{await make_wish(session, place.community)}"
    made(await member.post(f"{url}/takings", json={}))
    made(await member.post(f"{url}/completions"))
    assert (await clerk.post(f"{url}/ratings", json={"rating": rating})).status_code == status


async def test_filters_of_wishes(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, place: Place
) -> None:
    beside = await make_community(session, root)
    wishes = [await make_wish(session, c) for c in (place.community, beside, place.community)]

    async def found(query: str) -> set[int]:
        items = made(await client.get(f"/wishes?{query}"))["items"]
        return {wishes.index(UUID(item["id"])) for item in items}

    assert await found("") == {0, 1, 2}
    assert await found(f"organization_id={beside}") == {1}
    assert await found(f"within={place.community}") == {0, 2}
    assert await found("status=taken") == set()
    page = made(await client.get("/wishes?limit=2&sort=posted_on"))
    rest = await found(f"sort=posted_on&after={page['next']}")
    assert {wishes.index(UUID(i["id"])) for i in page["items"]} | rest == {0, 1, 2}
    assert len(rest) == 1
