"""Posts and claims over HTTP."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization
from tests.make.residents import (
    make_claim,
    make_community,
    make_post,
    make_wish,
    new_post,
)
from tests.residents.conftest import DAY, TODAY, Place, made, make_clerk, refused

# ── Posts


async def test_a_community_publishes(
    clerk: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    answer = await clerk.post("/service-posts", json=new_post(place.community))
    post = made(answer, 201)
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/service-posts/{post['id']}"
    assert (post["status"], post["taken"], post["capacity"]) == ("open", 0, 2)
    assert post["organization_name"] == "先锋社区党总支"
    assert made(await member.get(f"/service-posts/{post['id']}")) == post
    assert [p["id"] for p in made(await member.get("/service-posts"))["items"]] == [post["id"]]


@pytest.mark.parametrize("sector", ["community", "village", "street"])
async def test_sectors_that_publish(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, sector: str
) -> None:
    where = await make_community(session, root, sector=sector)
    made(await client.post("/service-posts", json=new_post(where)), 201)


@pytest.mark.parametrize("sector", [None, "agency", "township"])
async def test_nobody_else_publishes(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, sector: str | None
) -> None:
    where = await make_community(session, root, sector=sector)
    answer = await client.post("/service-posts", json=new_post(where))
    refused(answer, 409, "not-a-community")


async def test_a_dissolved_community_publishes_nothing(
    client: httpx.AsyncClient, place: Place
) -> None:
    clock.pin(TODAY + DAY)
    url = f"/organizations/{place.community}"
    assert (await client.delete(url, headers={"if-match": '"1"'})).status_code == 204
    answer = await client.post("/service-posts", json=new_post(place.community))
    refused(answer, 409, "not-standing")


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("capacity", [1, 1000], [0, 1001, 1.0, True, None]),
        ("ends_on", ["2019-12-01", None], ["2019-11-30", "2019-12-32"]),
        ("title", ["x" * 100], ["x" * 101, "", "联系13800001234"]),
        ("place", ["x" * 200], ["x" * 201, id_number()]),
        ("hours", ["周六 08:00-10:00", None], ["联系电话 138-0000-1234"]),
        ("category", ["care"], ["club", None]),
        ("needs_acceptance", [True], ["true", 1]),
    ],
)
async def test_fields_of_a_post(
    clerk: httpx.AsyncClient, place: Place, field: str, good: list[Any], bad: list[Any]
) -> None:
    for value in good:
        given = new_post(place.community, **{field: value})
        assert made(await clerk.post("/service-posts", json=given), 201)[field] == value
    for value in bad:
        given = new_post(place.community, **{field: value})
        refused(await clerk.post("/service-posts", json=given), 422)


async def test_only_the_community_s_clerk_changes_a_post(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    member: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    place: Place,
) -> None:
    post = await make_post(session, place.community)
    url, v1 = f"/service-posts/{post}", {"if-match": '"1"'}
    for who, status in ((reader, 403), (member, 403), (secretary, 404)):
        refused(await who.patch(url, json={"capacity": 3}, headers=v1), status)
        refused(await who.post(f"{url}/closures"), status)
    refused(await clerk.patch(url, json={"capacity": 3}), 428)
    changed = await clerk.patch(url, json={"capacity": 3, "hours": None}, headers=v1)
    assert (made(changed)["capacity"], changed.json()["hours"]) == (3, None)
    assert changed.headers["etag"] == '"2"'
    refused(await clerk.patch(url, json={"capacity": 4}, headers=v1), 412)
    v2 = {"if-match": '"2"'}
    refused(await clerk.patch(url, json={"title": None}, headers=v2), 422)
    refused(await clerk.patch(url, json={"ends_on": "2019-11-30"}, headers=v2), 422)


async def test_a_post_never_has_fewer_places_than_are_taken(
    session: AsyncSession, clerk: httpx.AsyncClient, place: Place
) -> None:
    post = await make_post(session, place.community, capacity=5)
    for member in (place.member, place.other):
        await make_claim(session, post, member)
    url, v1 = f"/service-posts/{post}", {"if-match": '"1"'}
    answer = await clerk.patch(url, json={"capacity": 1}, headers=v1)
    assert refused(answer, 409, "capacity-taken")["taken"] == 2
    assert made(await clerk.patch(url, json={"capacity": 2}, headers=v1))["capacity"] == 2


async def test_closing_ends_no_claim(
    session: AsyncSession, clerk: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    post = await make_post(session, place.community)
    url = f"/service-posts/{post}"
    claim = made(await member.post(f"{url}/claims", json={}), 201)
    closed = await clerk.post(f"{url}/closures")
    assert (made(closed)["status"], closed.headers["etag"]) == ("closed", '"2"')
    refused(await clerk.post(f"{url}/closures"), 409, "post-closed")
    refused(
        await clerk.patch(url, json={"capacity": 9}, headers={"if-match": '"2"'}),
        409,
        "post-closed",
    )
    given = {"member_id": str(place.other)}
    refused(await clerk.post(f"{url}/claims", json=given), 404)  # whom the clerk does not see
    assert made(await member.get(f"/service-claims/{claim['id']}"))["status"] == "active"
    assert made(await member.get(url))["status"] == "closed"  # who holds a claim still sees it


async def test_who_sees_a_post(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    place: Place,
) -> None:
    post = await make_post(session, place.community)
    await make_claim(session, post, place.member)
    url = f"/service-posts/{post}"
    for who, status in ((clerk, 200), (member, 200), (other, 200), (secretary, 404)):
        assert (await who.get(url)).status_code == status
    made(await clerk.post(f"{url}/closures"))
    for who, status in ((clerk, 200), (member, 200), (other, 404), (secretary, 404)):
        assert (await who.get(url)).status_code == status
        found = made(await who.get("/service-posts"))["items"]
        assert len(found) == (status == 200)


async def test_lists_and_their_filters(
    client: httpx.AsyncClient, session: AsyncSession, root: UUID, place: Place
) -> None:
    second = await make_community(session, root)
    posts = [
        await make_post(session, place.community, starts_on="2019-12-01"),
        await make_post(session, place.community, starts_on="2019-12-03", category="care"),
        await make_post(session, second, starts_on="2019-12-02"),
    ]

    async def found(query: str) -> list[int]:
        items = made(await client.get(f"/service-posts?{query}"))["items"]
        return [posts.index(UUID(item["id"])) for item in items]

    assert await found("") == [1, 2, 0]
    assert await found("sort=starts_on") == [0, 2, 1]
    assert await found(f"organization_id={second}") == [2]
    assert await found(f"within={place.community}") == [1, 0]
    assert await found("category=care") == [1]
    assert await found("status=closed") == []
    first = made(await client.get("/service-posts?limit=2"))
    assert await found(f"after={first['next']}") == [0]
    refused(await client.get(f"/service-posts?within={UUID(int=0)}"), 404)
    refused(await client.get(f"/service-claims?after={first['next']}"), 400)


# ── Claims


async def test_a_member_claims_and_leaves(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
    place: Place,
) -> None:
    post = await make_post(session, place.community, capacity=1)
    claims = f"/service-posts/{post}/claims"
    answer = await member.post(claims, json={})
    claim = made(answer, 201)
    url = f"/service-claims/{claim['id']}"
    assert answer.headers["location"] == f"/v1{url}"
    assert claim["member_name"] == "李明"
    assert claim["branch_name"] == "机关党支部"
    assert (claim["status"], claim["claimed_on"]) == ("active", "2019-12-31")
    assert claim["accepted_on"] == "2019-12-31"
    refused(await member.post(claims, json={}), 409, "already-claimed")
    full = refused(await other.post(claims, json={}), 409, "post-full")
    assert full["capacity"] == 1
    assert "名额 1 人" in full["detail"]
    for who, status in ((clerk, 200), (secretary, 200), (member, 200), (other, 404)):
        assert (await who.get(url)).status_code == status
        assert len(made(await who.get("/service-claims"))["items"]) == (status == 200)
    refused(await other.post(f"{url}/exits"), 404)
    left = made(await member.post(f"{url}/exits"))
    assert (left["status"], left["ended_on"]) == ("exited", "2019-12-31")
    gone = refused(await member.post(f"{url}/exits"), 409, "claim-out-of-order")
    assert "已退出" in gone["detail"]
    made(await other.post(claims, json={}), 201)
    refused(await member.post(claims, json={}), 409, "post-full")


async def test_the_community_accepts(
    session: AsyncSession,
    clerk: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    secretary: httpx.AsyncClient,
    member: httpx.AsyncClient,
    other: httpx.AsyncClient,
    place: Place,
) -> None:
    post = await make_post(session, place.community, needs_acceptance=True, capacity=1)
    claims = f"/service-posts/{post}/claims"
    claim = made(await member.post(claims, json={}), 201)
    assert (claim["status"], claim["accepted_on"]) == ("pending", None)
    refused(await other.post(claims, json={}), 409, "post-full")  # a pending one takes the place
    url = f"/service-claims/{claim['id']}"
    refused(await clerk.post(f"{url}/completions"), 409, "claim-out-of-order")
    for who in (member, secretary, reader):
        for action in ("acceptances", "completions"):
            refused(await who.post(f"{url}/{action}"), 403)
        refused(await who.post(f"{url}/rejections", json={"reason": "x"}), 403)
    clock.pin(TODAY + DAY)
    assert made(await clerk.post(f"{url}/acceptances"))["accepted_on"] == "2020-01-01"
    for action, body in (("acceptances", None), ("rejections", {"reason": "x"})):
        refused(await clerk.post(f"{url}/{action}", json=body), 409, "claim-out-of-order")
    done = made(await clerk.post(f"{url}/completions"))
    assert (done["status"], done["ended_on"]) == ("finished", "2020-01-01")
    refused(await member.post(f"{url}/exits"), 409, "claim-out-of-order")
    claim = made(await other.post(claims, json={}), 201)
    url = f"/service-claims/{claim['id']}"
    refused(await clerk.post(f"{url}/rejections", json={"reason": "找13800001234"}), 422)
    ended = made(await clerk.post(f"{url}/rejections", json={"reason": "时间不合"}))
    assert (ended["status"], ended["reason"]) == ("rejected", "时间不合")
    made(await other.post(claims, json={}), 201)  # the place is free, and one may ask again


async def test_clerks_claim_for_members_without_a_phone(
    client: httpx.AsyncClient,
    session: AsyncSession,
    root: UUID,
    secretary: httpx.AsyncClient,
    reader: httpx.AsyncClient,
    clerk: httpx.AsyncClient,
    place: Place,
) -> None:
    post = await make_post(session, place.community)
    claims = f"/service-posts/{post}/claims"
    given = {"member_id": str(place.member)}
    refused(await secretary.post(claims, json=given), 404)  # of the post they see nothing
    refused(await clerk.post(claims, json=given), 404)  # of the member they see nothing
    missing = refused(await client.post(claims, json={}), 422)
    assert missing["errors"][0]["field"] == "member_id"
    below = await make_organization(session, place.community)
    neighbour = await make_member(session, below, name="周强")
    own = {"member_id": str(neighbour)}
    refused(await reader.post(claims, json=own), 403)
    assert made(await clerk.post(claims, json=own), 201)["member_name"] == "周强"
    assert made(await client.post(claims, json=given), 201)["member_name"] == "李明"


async def test_a_branch_s_clerk_who_is_a_member_claims_for_the_branch(
    session: AsyncSession, app: FastAPI, member: httpx.AsyncClient, place: Place
) -> None:
    post = await make_post(session, place.community)
    claims = f"/service-posts/{post}/claims"
    given = {"member_id": str(place.other)}
    refused(await member.post(claims, json=given), 404)
    await make_clerk(session, app, place.member, place.branch)
    made(await member.post(claims, json=given), 201)


@pytest.mark.parametrize(
    ("status", "claims"),
    [("rights_suspended", True), ("membership_suspended", False), ("deceased", False)],
)
async def test_only_who_counts_claims(
    client: httpx.AsyncClient, session: AsyncSession, place: Place, status: str, claims: bool
) -> None:
    post = await make_post(session, place.community)
    change = {"status": status, "reason": "x", "on": "2019-12-31"}
    url = f"/members/{place.member}/status-changes"
    made(await client.post(url, json=change, headers={"if-match": '"1"'}))
    given = {"member_id": str(place.member)}
    answer = await client.post(f"/service-posts/{post}/claims", json=given)
    if claims:
        made(answer, 201)
    else:
        refused(answer, 409, "member-not-counted")


@pytest.mark.parametrize(("days", "is_open"), [(0, True), (1, False)])
async def test_the_last_day_of_a_post(
    session: AsyncSession, member: httpx.AsyncClient, place: Place, days: int, is_open: bool
) -> None:
    post = await make_post(session, place.community, ends_on="2019-12-31")
    clock.pin(TODAY + days * DAY)
    answer = await member.post(f"/service-posts/{post}/claims", json={})
    assert answer.status_code == (201 if is_open else 409), answer.text
    assert is_open or answer.json()["type"] == "/problems/post-closed"


async def test_posts_end_with_their_community(
    client: httpx.AsyncClient, session: AsyncSession, member: httpx.AsyncClient, place: Place
) -> None:
    posts = [await make_post(session, place.community) for _ in range(2)]
    claim = await make_claim(session, posts[0], place.member)
    wish = await make_wish(session, place.community)
    assert [w["id"] for w in made(await member.get("/wishes"))["items"]] == [str(wish)]
    url = f"/organizations/{place.community}"
    clock.pin(TODAY + DAY)
    assert (await client.delete(url, headers={"if-match": '"1"'})).status_code == 204
    given = {"member_id": str(place.other)}
    answer = await client.post(f"/service-posts/{posts[0]}/claims", json=given)
    assert "已撤销" in refused(answer, 409, "post-closed")["detail"]
    assert [p["id"] for p in made(await member.get("/service-posts"))["items"]] == [str(posts[0])]
    assert made(await member.get(f"/service-claims/{claim}"))["status"] == "active"
    assert made(await member.get("/wishes"))["items"] == []


async def test_filters_of_claims(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    posts = [await make_post(session, place.community) for _ in range(2)]
    claims = [
        await make_claim(session, posts[0], place.member),
        await make_claim(session, posts[0], place.other),
        await make_claim(session, posts[1], place.member),
    ]

    async def found(query: str) -> set[int]:
        items = made(await client.get(f"/service-claims?{query}"))["items"]
        return {claims.index(UUID(item["id"])) for item in items}

    assert await found("") == {0, 1, 2}
    assert await found(f"post_id={posts[0]}") == {0, 1}
    assert await found(f"member_id={place.member}") == {0, 2}
    assert await found("status=pending") == set()
    assert await found("status=active&sort=claimed_on") == {0, 1, 2}
