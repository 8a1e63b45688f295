"""Pledges over HTTP."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.audit import BEGUN, AuditEntry
from app.core.workbooks import read_workbook
from app.pledges.logic import MOST_EVIDENCE
from app.pledges.schemas import PledgeDetail
from tests.make.members import id_number
from tests.make.organizations import make_district, make_organization
from tests.make.pledges import make_pledge, new_pledge
from tests.pledges.conftest import TODAY, Scene, drafted, get, post, refused


async def test_an_organisations_pledge_from_draft_to_confirmation(scene: Scene) -> None:
    made = await drafted(scene, scene.clerk, organization_id=scene.branch)
    published = await post(scene, scene.clerk, f"/{made}/publications")
    assert published.status_code == 200, published.text
    assert (published.json()["status"], published.headers["etag"]) == ("published", '"2"')
    assert refused(await post(scene, scene.clerk, f"/{made}/completions")) == (409, "no-evidence")
    proof = await post(scene, scene.clerk, f"/{made}/evidence", {"text": "修好路灯\n共 12 盏"})
    assert proof.status_code == 201, proof.text
    assert proof.json()["text"] == "修好路灯\n共 12 盏"
    clock.pin(date(2020, 1, 5))
    done = await post(scene, scene.clerk, f"/{made}/completions")
    assert (done.json()["status"], done.json()["completed_on"]) == ("completed", "2020-01-05")
    refusal = await post(scene, scene.clerk, f"/{made}/confirmations")
    assert refused(refusal) == (403, "forbidden")
    back = await post(scene, scene.above, f"/{made}/returns", {"reason": "请补充照片"})
    assert back.status_code == 200, back.text
    assert (back.json()["status"], back.json()["completed_on"]) == ("published", None)
    assert back.json()["reason"] == "请补充照片"
    await post(scene, scene.clerk, f"/{made}/completions")
    clock.pin(date(2020, 1, 9))
    confirmed = await post(scene, scene.above, f"/{made}/confirmations")
    assert confirmed.status_code == 200, confirmed.text
    shown = await get(scene, scene.clerk, f"/{made}")
    read = PledgeDetail.model_validate_json  # the two write instants in two ways
    assert read(shown.text) == read(confirmed.text)
    assert shown.headers["etag"] == confirmed.headers["etag"] == '"6"'
    body = shown.json()
    dates = [body[n] for n in ("published_on", "completed_on", "confirmed_on", "withdrawn_on")]
    assert dates == ["2019-12-31", "2020-01-05", "2020-01-09", None]
    assert [(e["kind"], e["happened_on"], e["reason"]) for e in body["events"]] == [
        ("recorded", "2019-12-31", None),
        ("published", "2019-12-31", None),
        ("completed", "2020-01-05", None),
        ("returned", "2020-01-05", "请补充照片"),
        ("completed", "2020-01-05", None),
        ("confirmed", "2020-01-09", None),
    ]
    assert [e["text"] for e in body["evidence"]] == ["修好路灯\n共 12 盏"]
    listed = (await get(scene, scene.clerk)).json()["items"]
    assert listed == [{k: v for k, v in body.items() if k not in {"evidence", "events"}}]
    assert listed[0]["evidence_count"] == 1


async def test_a_member_pledges_without_any_role(scene: Scene) -> None:
    new = new_pledge(pledger_kind="member")
    made = await post(scene, scene.own, "", new)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["member_id"], body["organization_id"]) == (str(scene.member), str(scene.branch))
    assert (body["member_name"], body["organization_name"]) == ("张晓明", "先锋一支部")
    named = new_pledge(member_id=scene.member, organization_id=scene.branch)
    assert (await post(scene, scene.own, "", named)).status_code == 201
    url = f"/{body['id']}"
    assert (await post(scene, scene.own, f"{url}/publications")).status_code == 200
    assert (await post(scene, scene.own, f"{url}/evidence", {"text": "慰问"})).status_code == 201
    assert (await post(scene, scene.own, f"{url}/completions")).status_code == 200
    for step, json in (("confirmations", None), ("returns", {"reason": "x"})):
        assert refused(await post(scene, scene.own, f"{url}/{step}", json)) == (409, "own-pledge")
    confirmed = await post(scene, scene.clerk, f"{url}/confirmations")
    assert confirmed.json()["status"] == "confirmed"


async def test_who_completed_it_does_not_confirm_it(
    scene: Scene, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    pledge = await make_pledge(session, "published", organization_id=scene.branch)
    await post(scene, scene.above, f"/{pledge}/evidence", {"text": "已办"})
    assert (await post(scene, scene.above, f"/{pledge}/completions")).status_code == 200
    url = f"/pledges/{pledge}"
    for step, json in (("confirmations", None), ("returns", {"reason": "x"})):
        answer = await post(scene, scene.above, f"/{pledge}/{step}", json)
        assert refused(answer) == (409, "own-pledge")
        assert "完成情况由该账号登记" in answer.json()["detail"]
    english = {**scene.above, "accept-language": "en"}
    answer = await scene.client.post(f"{url}/confirmations", headers=english)
    assert answer.json()["detail"] == "this account recorded the completion"
    assert (await client.post(f"{url}/confirmations")).status_code == 200


async def test_a_members_pledge_is_confirmed_by_the_branch_and_not_beside_it(
    scene: Scene, session: AsyncSession
) -> None:
    pledge = await make_pledge(session, "completed", member_id=scene.fellow)
    assert (await post(scene, scene.beside, f"/{pledge}/confirmations")).status_code == 404
    refusal = await post(scene, scene.own, f"/{pledge}/confirmations")
    assert refused(refusal) == (403, "forbidden")  # published, so seen, but not theirs to judge
    assert (await post(scene, scene.clerk, f"/{pledge}/confirmations")).status_code == 200


STEPS = {
    "publications": (None, {"draft"}),
    "evidence": ({"text": "x"}, {"published"}),
    "completions": (None, {"published"}),
    "confirmations": (None, {"completed"}),
    "returns": ({"reason": "x"}, {"completed"}),
    "withdrawals": ({"reason": "x"}, {"draft", "published"}),
}


@pytest.mark.parametrize("status", ["draft", "published", "completed", "confirmed", "withdrawn"])
async def test_steps_out_of_order_are_refused_with_the_reason(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene, status: str
) -> None:
    for step, (json, allowed) in STEPS.items():
        pledge = await make_pledge(session, status, organization_id=scene.branch)
        if step == "completions":
            await client.post(f"/pledges/{pledge}/evidence", json={"text": "x"})
        answer = await client.post(f"/pledges/{pledge}/{step}", json=json)
        if status in allowed:
            assert answer.is_success, (step, answer.text)
            continue
        assert refused(answer) == (409, "pledge-out-of-order"), step
        assert answer.json()["state"] == status
        assert "承诺" in answer.json()["detail"]
        assert (await client.get(f"/pledges/{pledge}")).json()["status"] == status


async def test_drafts_are_edited_at_a_version_and_nothing_else_is(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, organization_id=scene.branch, content="旧")
    url, first = f"/pledges/{pledge}", {"if-match": '"1"'}
    changes = {"title": "新事项", "content": None, "due_on": "2020-06-30"}
    assert (await client.patch(url, json=changes)).status_code == 428
    edited = await client.patch(url, json=changes, headers=first)
    assert edited.status_code == 200, edited.text
    assert {n: edited.json()[n] for n in changes} == changes
    assert edited.headers["etag"] == '"2"'
    assert (await client.patch(url, json=changes, headers=first)).status_code == 412
    second = {"if-match": '"2"'}
    for wrong in ({"due_on": "2019-12-30"}, {"title": None}, {"due_on": None}, {"status": "x"}):
        assert (await client.patch(url, json=wrong, headers=second)).status_code == 422, wrong
    assert (await client.post(f"{url}/publications")).status_code == 200
    late = await client.patch(url, json=changes, headers={"if-match": '"3"'})
    assert refused(late) == (409, "pledge-out-of-order")


async def test_a_draft_is_not_published_after_its_due_date(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, organization_id=scene.branch)
    clock.pin(date(2020, 1, 1))
    refusal = await client.post(f"/pledges/{pledge}/publications")
    assert refused(refusal) == (409, "due-date-passed")
    clock.pin(TODAY)
    assert (await client.post(f"/pledges/{pledge}/publications")).status_code == 200


async def test_evidence_has_an_end(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, "published", organization_id=scene.branch)
    for _ in range(MOST_EVIDENCE):
        made = await client.post(f"/pledges/{pledge}/evidence", json={"text": "x"})
        assert made.status_code == 201
    over = await client.post(f"/pledges/{pledge}/evidence", json={"text": "x"})
    assert refused(over) == (409, "too-much-evidence")
    assert len((await client.get(f"/pledges/{pledge}")).json()["evidence"]) == MOST_EVIDENCE


# ── What cannot be pledged


async def test_who_cannot_pledge(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene, root: UUID
) -> None:
    group = await make_organization(session, scene.branch, kind="party_group", name="一组")
    for organization in (root, group):
        answer = await client.post("/pledges", json=new_pledge(organization_id=organization))
        assert refused(answer) == (409, "cannot-pledge")
    general = await client.post("/pledges", json=new_pledge(organization_id=scene.general))
    assert general.status_code == 201
    gone = await make_organization(session, scene.general)
    clock.pin(date(2020, 1, 1))
    version = {"if-match": '"1"'}
    assert (await client.delete(f"/organizations/{gone}", headers=version)).status_code == 204
    answer = await client.post("/pledges", json=new_pledge(organization_id=gone))
    assert refused(answer) == (409, "not-standing")
    died = {"status": "deceased", "reason": "因病去世"}
    url = f"/members/{scene.fellow}/status-changes"
    assert (await client.post(url, json=died, headers=version)).is_success
    answer = await client.post("/pledges", json=new_pledge(member_id=scene.fellow))
    assert refused(answer) == (409, "cannot-pledge")


@pytest.mark.parametrize(
    "wrong",
    [
        {"due_on": "2019-12-30"},
        {"due_on": "2200-01-01"},
        {"due_on": 20200101},
        {"due_on": "2020-02-30"},
        {"title": " "},
        {"title": "x" * 201},
        {"title": "联系 13800001234"},
        {"title": "甲\n乙"},
        {"content": f"身份证 {id_number()}"},
        {"content": "x" * 2001},
        {"content": "\n"},
        {"category": "fun"},
        {"pledger_kind": "club"},
        {"organization_id": None},
        {"organization_id": "1"},
        {"pledger_kind": "member"},
        {"member_id": "00000000-0000-0000-0000-000000000000"},
        {"status": "published"},
    ],
)
async def test_what_is_not_taken(
    client: httpx.AsyncClient, scene: Scene, wrong: dict[str, Any]
) -> None:
    new = new_pledge(organization_id=scene.branch) | wrong
    answer = await client.post("/pledges", json=new)
    assert answer.status_code == 422, answer.text
    assert (await client.get("/pledges")).json()["items"] == []


async def test_texts_with_numbers_are_refused_everywhere(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    pledge = await make_pledge(session, "published", organization_id=scene.branch)
    number = "1380000\n1234"
    for step, json in (("evidence", {"text": number}), ("withdrawals", {"reason": "13800001234"})):
        answer = await client.post(f"/pledges/{pledge}/{step}", json=json)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "holds_number")


async def test_what_is_out_of_sight_is_as_if_it_were_not(
    scene: Scene, session: AsyncSession
) -> None:
    elsewhere = await make_district(session, "231004")
    abroad = await make_organization(session, elsewhere, district_code="231004")
    far = await make_pledge(session, "published", organization_id=abroad, district_code="231004")
    hidden = await make_pledge(session, "published", organization_id=scene.other)
    unknown = uuid4()

    def told(answer: httpx.Response) -> Any:
        return answer.status_code, answer.json()

    for id_ in (far, hidden, unknown):
        assert told(await get(scene, scene.clerk, f"/{id_}")) == told(
            await get(scene, scene.clerk, f"/{unknown}")
        )
        for step, (json, _) in STEPS.items():
            assert (await post(scene, scene.clerk, f"/{id_}/{step}", json)).status_code == 404
    for organization in (abroad, scene.other, unknown):
        new = new_pledge(organization_id=organization)
        assert (await post(scene, scene.clerk, "", new)).status_code == 404
        for query in ("", "/rates", "/rankings", "/export.xlsx"):
            answer = await get(scene, scene.clerk, f"{query}?within={organization}")
            assert answer.status_code == 404, query
        listed = await get(scene, scene.clerk, f"?organization_id={organization}")
        assert listed.json() == {"items": [], "next": None}
    answer = await post(scene, scene.clerk, "", new_pledge(member_id=unknown))
    assert answer.status_code == 404


async def test_a_member_sees_the_own_drafts_and_what_the_branch_published(
    scene: Scene, session: AsyncSession
) -> None:
    made = {
        "own draft": await make_pledge(session, member_id=scene.member),
        "own withdrawn": await make_pledge(session, "withdrawn", member_id=scene.member),
        "fellow's draft": await make_pledge(session, member_id=scene.fellow),
        "fellow's": await make_pledge(session, "published", member_id=scene.fellow),
        "branch's draft": await make_pledge(session, organization_id=scene.branch),
        "branch's withdrawn": await make_pledge(session, "withdrawn", organization_id=scene.branch),
        "branch's": await make_pledge(session, "confirmed", organization_id=scene.branch),
        "completed": await make_pledge(session, "completed", organization_id=scene.branch),
        "beside": await make_pledge(session, "published", organization_id=scene.other),
        "above": await make_pledge(session, "published", organization_id=scene.general),
    }
    seen = {"own draft", "own withdrawn", "fellow's", "branch's", "completed"}
    listed = (await get(scene, scene.own, "?limit=200")).json()["items"]
    assert {p["id"] for p in listed} == {str(made[name]) for name in seen}
    for name, id_ in made.items():
        status = (await get(scene, scene.own, f"/{id_}")).status_code
        assert status == (200 if name in seen else 404), name
    within = (await get(scene, scene.own, f"?within={scene.branch}")).json()["items"]
    assert {p["id"] for p in within} == {str(made[name]) for name in seen}
    assert (await get(scene, scene.own, f"?within={scene.general}")).status_code == 404
    fellows = made["fellow's"]
    refusal = await post(scene, scene.own, f"/{fellows}/withdrawals", {"reason": "x"})
    assert refused(refusal) == (403, "forbidden")
    assert refused(await get(scene, scene.own, "/export.xlsx")) == (403, "forbidden")
    assert (await get(scene, scene.own, "/rates")).json()["overall"]["denominator"] == 0


# ── The list


async def test_filters_and_what_is_overdue(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    early = await make_pledge(session, "published", organization_id=scene.branch)
    late = await make_pledge(
        session, "published", member_id=scene.member, due_on="2020-01-01", category="livelihood"
    )
    done = await make_pledge(session, "completed", organization_id=scene.other)
    draft = await make_pledge(session, organization_id=scene.general)
    every = {early, late, done, draft}

    async def found(**query: Any) -> set[UUID]:
        answer = await client.get("/pledges", params=query)
        assert answer.status_code == 200, answer.text
        return {UUID(p["id"]) for p in answer.json()["items"]}

    assert await found() == every
    assert await found(organization_id=str(scene.branch)) == {early, late}
    assert await found(member_id=str(scene.member)) == {late}
    assert await found(pledger_kind="organization") == {early, done, draft}
    assert await found(category="livelihood") == {late}
    assert await found(status="draft") == {draft}
    assert await found(within=str(scene.branch)) == {early, late}
    assert await found(within=str(scene.general)) == every
    assert await found(due_from="2020-01-01") == {late}
    assert await found(due_to="2019-12-31") == {early, done, draft}
    assert await found(overdue="true") == set()  # due today
    assert await found(overdue="true", as_of="2020-01-01") == {early}
    assert await found(overdue="true", as_of="2020-01-02") == {early, late}
    assert await found(overdue="false", as_of="2020-01-01") == {late, done, draft}
    clock.pin(date(2020, 1, 1))
    assert await found(overdue="true") == {early}
    shown = (await client.get(f"/pledges/{early}")).json()
    assert (shown["is_overdue"], shown["status"]) == (True, "published")


@pytest.mark.parametrize("sort", ["due_on", "-due_on", "created", "-created"])
async def test_pages_neither_skip_nor_repeat(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene, sort: str
) -> None:
    days = ("2020-03-01", "2020-01-01", "2020-02-01", "2020-01-01", "2020-01-01")
    made = [await make_pledge(session, organization_id=scene.branch, due_on=d) for d in days]
    order = sorted(zip(days, made, strict=True)) if "due_on" in sort else [("", m) for m in made]
    wanted = [str(m) for _, m in order]
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": "2", "sort": sort} | ({"after": after} if after else {})
        page = (await client.get("/pledges", params=query)).json()
        seen += [p["id"] for p in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == (wanted[::-1] if sort[0] == "-" else wanted)


# ── The export and the audit


async def test_the_export_holds_what_is_written_as_text(
    client: httpx.AsyncClient, session: AsyncSession, scene: Scene
) -> None:
    title = '=HYPERLINK("x")'
    await make_pledge(session, "published", organization_id=scene.branch, title=title)
    await make_pledge(session, "confirmed", member_id=scene.member, category="livelihood")
    answer = await client.get("/pledges/export.xlsx", params={"overdue": "false"})
    assert answer.status_code == 200, answer.text
    [sheet] = read_workbook(answer.content)
    head, *rows = [list(row) for row in sheet.rows]
    assert head[:4] == ["承诺主体", "党组织", "党员", "承诺事项"]
    assert not sheet.formulas
    assert [row[0] for row in rows] == ["党组织", "党员"]
    assert rows[0][3] == title
    assert (rows[1][2], rows[1][5], rows[1][7]) == ("张晓明", "民生实事", "已确认")
    assert rows[1][9] == TODAY
    few = await client.get("/pledges/export.xlsx", params={"within": str(scene.other)})
    assert len(list(read_workbook(few.content)[0].rows)) == 1
    told = select(AuditEntry.detail).where(AuditEntry.action == "export_pledges")
    details = (await session.scalars(told.order_by(AuditEntry.number))).all()
    assert details == [
        {"rows": 2, "filters": {"overdue": False}},
        {"rows": 0, "filters": {"within": str(scene.other)}},
    ]


async def test_every_write_leaves_one_entry(
    scene: Scene, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    made = await drafted(scene, scene.clerk, organization_id=scene.branch)
    url, first = f"/pledges/{made}", {"if-match": '"1"'}
    await client.patch(url, json={"title": "新事项"}, headers=first)
    await post(scene, scene.clerk, f"/{made}/publications")
    await post(scene, scene.clerk, f"/{made}/evidence", {"text": "已办"})
    await post(scene, scene.clerk, f"/{made}/completions")
    await post(scene, scene.above, f"/{made}/returns", {"reason": "补充"})
    await post(scene, scene.clerk, f"/{made}/completions")
    await post(scene, scene.above, f"/{made}/confirmations")
    entries = select(AuditEntry).where(AuditEntry.target_id == made, AuditEntry.action != BEGUN)
    found = (await session.scalars(entries.order_by(AuditEntry.number))).all()
    assert [e.action for e in found] == [
        "draft_pledge",
        "edit_pledge",
        "publish_pledge",
        "add_pledge_evidence",
        "complete_pledge",
        "return_pledge",
        "complete_pledge",
        "confirm_pledge",
    ]
    assert {e.target_kind for e in found} == {"pledge"}
    assert found[2].before == {"status": "draft", "published_on": None}
    assert found[2].after == {"status": "published", "published_on": "2019-12-31"}


async def test_a_key_makes_one_pledge(scene: Scene) -> None:
    new = new_pledge(organization_id=scene.branch)
    keyed = {**scene.clerk, "idempotency-key": "one"}
    first = await scene.client.post("/pledges", json=new, headers=keyed)
    again = await scene.client.post("/pledges", json=new, headers=keyed)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert len((await get(scene, scene.clerk)).json()["items"]) == 1
