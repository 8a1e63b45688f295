"""Contests over HTTP, from the announcement to the publication."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from tests.activities.conftest import Clients, Place, as_user, made, place, refused
from tests.make.activities import make_contest, make_entry, make_juror
from tests.make.members import make_member
from tests.make.organizations import make_organization
from tests.make.residents import make_member_account

__all__ = ["as_user", "place"]
URL = "https://mp.weixin.qq.com/s/shijia2019"


def rows(*given: tuple[Any, Any, Any]) -> dict[str, Any]:
    return {
        "rows": [{"entry_id": str(e), "juror_id": str(j), "score": s} for e, j, s in given],
    }


async def test_from_the_announcement_to_the_publication(
    client: httpx.AsyncClient, place: Place
) -> None:
    new = {"organization_id": str(place.root), "kind": "brand", "title": "十佳品牌", "places": 1}
    answer = await client.post("/contests", json=new | {"held_on": "2019-12-20"})
    url = answer.headers["location"].removeprefix("/v1")
    assert made(answer, 201)["status"] == "open"
    refused(await client.post(f"{url}/closures"), 409, "scores-missing")
    entries = {}
    for title, unit in (("红色先锋", place.branch), ("暖心家园", place.beside)):
        entry = {"organization_id": str(unit), "title": title}
        told = made(await client.post(f"{url}/entries", json=entry), 201)
        entries[title] = next(e["id"] for e in told["entries"] if e["title"] == title)
    jurors = []
    for juror in ({"name": "王教授"}, {"member_id": str(place.member)}):
        told = made(await client.post(f"{url}/jurors", json=juror), 201)
        jurors.append(told["jurors"][-1])
    assert [j["name"] for j in jurors] == ["王教授", "李明"]
    one, two = entries.values()
    outside, own = (j["id"] for j in jurors)
    wrong = rows((one, own, 90), (two, own, "88.5"), (two, own, 70), (outside, one, 1))
    errors = refused(await client.post(f"{url}/scores", json=wrong), 422, "scores-refused")
    assert [(e["row"], e["code"]) for e in errors["errors"]] == [
        (1, "own_unit"),
        (2, "duplicate"),
        (3, "duplicate"),
        (4, "not_found"),
    ]
    good = rows((one, outside, 95), (two, outside, 90))
    told = made(await client.post(f"{url}/scores", json=good))
    assert [(e["title"], e["rank"]) for e in told["entries"]] == [("红色先锋", 1), ("暖心家园", 2)]
    refused(await client.post(f"{url}/closures"), 409, "scores-missing")
    made(await client.post(f"{url}/scores", json=rows((two, own, 100))))
    tie = refused(await client.post(f"{url}/closures"), 409, "tie-at-the-cut")
    assert sorted(tie["entries"]) == sorted([one, two])
    made(await client.post(f"{url}/scores", json=rows((one, outside, "95.01"))))
    where = {"channel": "今日西安区", "url": URL, "published_on": "2019-12-25"}
    refused(await client.post(f"{url}/publications", json=where), 409, "contest-out-of-order")
    closed = made(await client.post(f"{url}/closures"))
    assert closed["status"] == "closed"
    assert [(e["average"], e["rank"], e["is_tied"]) for e in closed["entries"]] == [
        ("95.010", 1, False),
        ("95.000", 2, False),
    ]
    refused(await client.post(f"{url}/scores", json=good), 409, "contest-out-of-order")
    for day in ("2019-12-19", "2020-01-01"):
        refused(await client.post(f"{url}/publications", json=where | {"published_on": day}), 422)
    told = made(await client.post(f"{url}/publications", json=where))
    assert (told["status"], told["url"]) == ("published", URL)
    listed = made(await client.get("/contests?kind=brand&status=published"))["items"]
    assert [c["id"] for c in listed] == [told["id"]]


async def test_addresses_and_scores_that_are_none(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    contest = await make_contest(session, place.root)
    new = {"channel": "今日西安区", "published_on": "2019-12-31"}
    for url in (
        "http://x.cn/a",
        "https://",
        "https://a:b@x.cn/",
        "javascript:alert(1)",
        "https://x.cn/" + "a" * 500,
        "https://x.cn/\x00",
    ):
        answer = await client.post(f"/contests/{contest}/publications", json=new | {"url": url})
        refused(answer, 422, "invalid")
    entry = await make_entry(session, contest, organization_id=str(place.branch))
    juror = await make_juror(session, contest, name="王教授")
    for score, good in (
        (0, True),
        ("100", True),
        (-1, False),
        (100.01, False),
        (1.234, False),
        (True, False),
        ("NaN", False),
    ):
        answer = await client.post(f"/contests/{contest}/scores", json=rows((entry, juror, score)))
        assert answer.status_code == (200 if good else 422), score


async def test_a_juror_scores_by_the_own_account_and_sees_the_own_alone(
    client: httpx.AsyncClient, session: AsyncSession, place: Place, as_user: Clients
) -> None:
    contest = await make_contest(session, place.root)
    entry = await make_entry(session, contest, organization_id=str(place.beside))
    mine = await make_juror(session, contest, member_id=str(place.member))
    theirs = await make_juror(session, contest, name="王教授")
    url = f"/contests/{contest}"
    juror = await as_user(await make_member_account(session, place.member))
    nobody = await as_user(await make_member_account(session, place.other))
    refused(await nobody.get(url), 404)
    refused(await nobody.post(f"{url}/scores", json=rows((entry, mine, 90))), 404)
    made(await client.post(f"{url}/scores", json=rows((entry, theirs, 60))))
    refused(await juror.post(f"{url}/scores", json=rows((entry, theirs, 90))), 403)
    told = made(await juror.post(f"{url}/scores", json=rows((entry, mine, 90))))
    assert [s["score"] for s in told["scores"]] == ["90.00"]
    assert [j["name"] for j in told["jurors"]] == ["李明"]
    assert [(e["average"], e["rank"]) for e in told["entries"]] == [(None, None)]
    assert [c["id"] for c in made(await juror.get("/contests"))["items"]] == [str(contest)]
    refused(await juror.post(f"{url}/closures"), 403)


async def test_nobody_records_a_score_for_their_own_entry(
    session: AsyncSession, place: Place, as_user: Clients, client: httpx.AsyncClient
) -> None:
    contest = await make_contest(session, place.root)
    elsewhere = await make_member(session, place.beside)
    entry = await make_entry(session, contest, member_id=str(elsewhere))
    juror = await make_juror(
        session, contest, member_id=str(elsewhere), organization_id=str(place.root)
    )
    answer = await client.post(f"/contests/{contest}/scores", json=rows((entry, juror, 99)))
    assert refused(answer, 422, "scores-refused")["errors"][0]["code"] == "own_unit"


async def test_withdrawn_entries_and_the_lecture_team(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    contest = await make_contest(session, place.root, kind="micro_lecture", places=2)
    url = f"/contests/{contest}"
    entries = [
        await make_entry(session, contest, member_id=str(place.member)),
        await make_entry(session, contest, organization_id=str(place.beside)),
        await make_entry(session, contest, member_id=str(place.other)),
    ]
    juror = await make_juror(session, contest, name="王教授")
    told = made(await client.post(f"{url}/entries/{entries[2]}/withdrawals"))
    assert [e["is_withdrawn"] for e in told["entries"]] == [False, False, True]
    refused(await client.post(f"{url}/entries/{place.root}/withdrawals"), 404)
    gone = await client.post(f"{url}/scores", json=rows((entries[2], juror, 9)))
    refused(gone, 422, "scores-refused")
    made(
        await client.post(
            f"{url}/scores", json=rows(*((e, juror, 80 + i) for i, e in enumerate(entries[:2])))
        )
    )
    team = {"entry_ids": [str(entries[0])]}
    refused(await client.post(f"{url}/lecture-teams", json=team), 409, "contest-out-of-order")
    made(await client.post(f"{url}/closures"))
    for wrong in entries[1:]:
        new = {"entry_ids": [str(wrong)]}
        refused(await client.post(f"{url}/lecture-teams", json=new), 409, "not-on-podium")
    told = made(await client.post(f"{url}/lecture-teams", json=team))
    assert {e["id"] for e in told["entries"] if e["is_lecturer"]} == {str(entries[0])}


async def test_who_enters_and_judges_is_of_the_district(
    client: httpx.AsyncClient, session: AsyncSession, place: Place
) -> None:
    contest = await make_contest(session, place.root)
    url, unknown = f"/contests/{contest}", str(UUID(int=1))
    for body in ({"organization_id": unknown}, {"member_id": unknown}):
        refused(await client.post(f"{url}/entries", json=body | {"title": "x"}), 404)
        if "member_id" in body:
            refused(await client.post(f"{url}/jurors", json=body), 404)
    refused(await client.post(f"{url}/entries", json={"title": "x"}), 422)
    refused(await client.post(f"{url}/jurors", json={}), 422)
    group = await make_organization(session, place.branch, kind="party_group", name="一组")
    made(
        await client.post(f"{url}/entries", json={"organization_id": str(group), "title": "x"}), 201
    )
