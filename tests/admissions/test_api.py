"""Admissions over HTTP: the 25 steps, who decides, what is refused and by which article."""

from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.audit import AuditEntry
from app.members.models import Member, Membership
from tests.admissions.conftest import APPLIED, TODAY, Bench
from tests.make.admissions import BORN, day_of, make_admission, new_admission
from tests.make.members import id_number, make_member
from tests.make.organizations import make_organization

ENDED = (
    "UPDATE admission SET status = 'terminated', reason = 'x', closed_on = applied_on,"
    " closed_by = recorded_by"
)
MEETING = day_of(15, APPLIED)


def told(answer: httpx.Response) -> tuple[int, str]:
    """Read which refusal it is."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def refused(answer: httpx.Response, rule: str, article: str) -> None:
    """Expect a refusal by a rule, with the article where it stands."""
    body = answer.json()
    assert told(answer) == (409, "admission-refused"), answer.text
    assert (body["rule"], body["pack"]) == (rule, "admissions")
    assert article in body["source"]


async def test_from_the_application_to_the_file(bench: Bench, session: AsyncSession) -> None:
    made = await bench.apply(id_number=(number := id_number(BORN, 77)))
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["stage"], body["step"], body["due_kind"]) == ("applicant", 1, "talk")
    assert body["due_on"] == "2017-04-01"
    assert body["id_number"] == f"{number[:6]}********{number[-4:]}"
    assert body["phone"] == "139****5678"
    following = body["next_step"]
    assert (following["step"], following["decided_by"]) == (2, "branch")
    assert following["papers"] == ["talk_record"]
    assert "第七条" in following["source"]
    body = await bench.go(2, 6)
    assert (body["stage"], body["activist_on"]) == ("activist", str(day_of(3, APPLIED)))
    assert (body["due_kind"], body["due_on"]) == ("half_yearly_check", "2017-09-07")
    assert body["next_step"]["earliest_on"] == "2018-03-04"
    body = await bench.go(7, 16)
    assert (body["stage"], body["due_kind"]) == ("admission", "committee_decision")
    assert body["member_id"] is None
    body = await bench.go(17, 17)
    assert (body["stage"], body["due_kind"]) == ("probation", "conversion")
    assert body["probation_ends_on"] == str(MEETING.replace(year=MEETING.year + 1))
    member = (await bench.branch.get(f"/members/{body['member_id']}")).json()
    assert (member["name"], member["category"]) == ("陆望舒", "probationary")
    assert (member["joined_on"], member["full_on"]) == (str(MEETING), None)
    assert member["id_number"] == body["id_number"]
    assert member["organization_id"] == str(bench.organization)
    body = await bench.go(18, 24)
    member = (await bench.branch.get(f"/members/{body['member_id']}")).json()
    assert (member["category"], member["full_on"]) == ("full", body["probation_ends_on"])
    body = await bench.go(25, 25)
    assert (body["status"], body["stage"], body["next_step"]) == ("completed", "converted", None)
    assert (body["due_kind"], body["due_on"]) == (None, None)
    assert [s["step"] for s in body["steps"]] == list(range(1, 26))
    assert all(
        (s["decided_on"] is not None) == (s["step"] in {4, 8, 13, 17, 18, 24})
        for s in body["steps"]
    )
    assert told(await bench.record(25)) == (409, "admission-closed")
    entries = await session.execute(select(AuditEntry.action, AuditEntry.after))
    assert sum(row[0].endswith("_admission_step") for row in entries) == 30
    everything = text("SELECT string_agg(a::text, ' ') FROM audit_entry a")
    assert number not in str(await session.scalar(everything))


async def test_a_step_is_taken_in_its_turn(bench: Bench) -> None:
    await bench.apply()
    for step in (1, 3, 25):
        assert told(await bench.record(step)) == (409, "admission-out-of-order")
    assert told(await bench.decide(4)) == (409, "admission-out-of-order")
    await bench.go(2, 3)
    assert (await bench.record(4)).status_code == 200
    answer = await bench.record(5)
    assert told(answer) == (409, "admission-out-of-order")
    assert "第十八条" in answer.json()["source"]
    assert told(await bench.record(4)) == (409, "admission-out-of-order")
    assert told(await bench.decide(8)) == (409, "admission-out-of-order")


async def test_papers(bench: Bench) -> None:
    assert told(await bench.apply(papers=[])) == (409, "admission-paper-missing")
    await bench.apply()
    answer = await bench.record(2, papers=[])
    assert told(answer) == (409, "admission-paper-missing")
    assert "谈话记录" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"born_on": "1999-03-08", "id_number": id_number("19990308", 901)}, "under_18"),
        ({"expelled_on": "2012-03-02"}, "expelled_within_5_years"),
    ],
)
async def test_who_may_not_apply_yet(bench: Bench, values: dict[str, str], rule: str) -> None:
    day = {"applied_on": "2017-03-07"} if rule == "under_18" else {}
    source = "第一条" if rule == "under_18" else "纪律处分条例"
    refused(await bench.apply(**values, **day), rule, source)


async def test_who_may_apply(bench: Bench) -> None:
    """Eighteen on the day; expelled five years ago to the day."""
    young = {"born_on": "1999-03-07", "id_number": id_number("19990307", 902)}
    assert (await bench.apply(applied_on="2017-03-07", **young)).status_code == 201
    assert (await bench.apply(expelled_on="2012-03-01")).status_code == 201
    assert (await bench.apply(applied_on="2020-01-01")).status_code == 422
    assert (await bench.apply(born_on="1998-03-08")).status_code == 422


async def test_where_nobody_applies(bench: Bench, session: AsyncSession, root: UUID) -> None:
    street = await make_organization(session, root, kind="working_committee")
    for kind in ("temporary_branch", "party_committee"):
        place = await make_organization(session, street, kind=kind)
        answer = await bench.department.post("/admissions", json=new_admission(place))
        assert told(answer) == (409, "cannot-admit")
        assert "第二十三条" in answer.json()["source"]
    new = new_admission(root)
    assert (await bench.branch.post("/admissions", json=new)).status_code == 404


async def test_a_late_talk_is_noted(bench: Bench) -> None:
    await bench.apply()
    late = await bench.record(2, done_on="2017-04-02")
    assert late.json()["steps"][1]["warning"] == "talk_over_1_month"
    await bench.apply()
    in_time = await bench.record(2, done_on="2017-04-01")
    assert in_time.json()["steps"][1]["warning"] is None
    await bench.apply()
    refused(await bench.record(2, done_on="2017-02-28"), "before_it_began", "")


async def test_an_activist_for_a_year_to_the_day(bench: Bench) -> None:
    await bench.reach(6)
    again = await bench.record(6, done_on="2017-12-01")
    assert (again.json()["checked_on"], again.json()["due_on"]) == ("2017-12-01", "2018-06-01")
    refused(await bench.record(7, done_on="2018-03-03"), "activist_under_1_year", "第十三条")
    assert (await bench.record(7, done_on="2018-03-04")).status_code == 200


async def test_sponsors(bench: Bench, session: AsyncSession, root: UUID) -> None:
    clock.pin(date(2016, 1, 1))
    fresh = {"category": "probationary", "joined_on": "2015-06-01", "full_on": None}
    probationary = str(await make_member(session, bench.organization, **fresh))
    elsewhere = await make_organization(session, root)
    hidden = str(
        await make_member(session, elsewhere, joined_on="2010-07-01", full_on="2011-07-01")
    )
    clock.pin(TODAY)
    one, two = bench.sponsors
    await bench.reach(4)
    refused(await bench.record(5, contacts=[]), "contact_ineligible", "第九条")
    refused(await bench.record(5, contacts=[one, probationary]), "contact_ineligible", "第九条")
    assert (await bench.record(5, contacts=[hidden])).status_code == 404
    assert (await bench.record(5, contacts=None)).status_code == 422
    assert (await bench.record(5, introducers=[one, two])).status_code == 422
    await bench.reach(8)
    for given in ([one], [one, one], [one, probationary]):
        refused(await bench.record(9, introducers=given), "introducer_ineligible", "第十四条")
    barred = "UPDATE membership SET status = 'under_party_probation' WHERE member_id = :m"
    await session.execute(text(barred), {"m": one})
    refused(await bench.record(9), "introducer_ineligible", "第十四条")
    await session.execute(text(barred.replace("under_party_probation", "active")), {"m": one})
    assert (await bench.record(9)).status_code == 200


async def test_training_leaving_and_votes(bench: Bench) -> None:
    await bench.reach(10)
    refused(await bench.record(11, days=2, hours=23), "training_too_short", "第十七条")
    assert (await bench.record(11, days=2, hours=24)).status_code == 200
    day = day_of(12, APPLIED)
    leaving = date(day.year, day.month + 3, day.day)
    refused(await bench.record(12, leaving_on=str(leaving)), "leaving_within_3_months", "第十九条")
    later = str(leaving + timedelta(days=1))
    assert (await bench.record(12, leaving_on=later)).status_code == 200
    await bench.go(13, 14)
    refused(await bench.record(15, due=8, present=4, yes_present=4), "meeting_invalid", "第二十条")
    half = {"due": 8, "present": 6, "yes_present": 4}
    refused(await bench.record(15, **half), "not_passed", "第二十一条")
    assert told(await bench.record(15, present=6)) == (422, "votes-contradict")
    assert (await bench.record(15, yes_present=None)).status_code == 422
    assert (await bench.record(15, **half | {"yes_written": 1})).status_code == 200


async def test_the_committee_has_three_months(bench: Bench) -> None:
    await bench.reach(17, is_pending=True)
    three, six = (clock.add_months(MEETING, n) for n in (3, 6))
    void, late = str(six + timedelta(days=1)), str(three + timedelta(days=1))
    refused(await bench.decide(17, decided_on=void, reason="特殊情况"), "void_redo", "第二十六条")
    for on in (late, str(six)):
        refused(await bench.decide(17, decided_on=on), "late_needs_special_reason", "第二十六条")
    assert (await bench.decide(17, decided_on=str(three))).status_code == 200
    await bench.reach(17, is_pending=True)
    done = await bench.decide(17, decided_on=str(six), reason="疫情期间无法开会")
    assert done.status_code == 200
    assert done.json()["steps"][-1]["decision_reason"] == "疫情期间无法开会"


async def test_steps_are_sent_back_and_taken_again(bench: Bench) -> None:
    await bench.reach(17, is_pending=True)

    async def back(to_step: int) -> httpx.Response:
        asked = {"to_step": to_step, "reason": "超期"}
        return await bench.committee.post(f"{bench.url}/returns", json=asked)

    for step in (1, 18):
        assert told(await back(step)) == (409, "admission-out-of-order")
    body = (await back(15)).json()
    assert (body["step"], body["is_pending"], body["meeting_on"]) == (14, False, None)
    assert (body["due_kind"], body["next_step"]["step"]) == (None, 15)
    assert body["next_step"]["earliest_on"] == str(day_of(14, APPLIED))
    assert [s["step"] for s in body["steps"] if s["returned_on"]] == [15, 16, 17]
    assert (await bench.record(15, done_on="2019-12-01")).json()["meeting_on"] == "2019-12-01"
    await bench.reach(18)
    assert told(await back(17)) == (409, "admission-out-of-order")
    assert (await back(18)).json()["step"] == 17


async def test_who_decides(bench: Bench) -> None:
    """The committee, not the general branch; never whose account recorded the step."""
    await bench.reach(3)
    assert (await bench.record(4)).json()["next_step"]["decided_by"] == "filing_committee"
    for who in (bench.branch, bench.general):
        new = {"step": 4, "decided_on": str(day_of(4, APPLIED))}
        assert told(await who.post(f"{bench.url}/approvals", json=new)) == (403, "forbidden")
        back = await who.post(f"{bench.url}/returns", json={"to_step": 3, "reason": "材料"})
        assert told(back) == (403, "forbidden")
    shown = (await bench.branch.get(bench.url)).json()["next_step"]
    assert (shown["is_pending"], shown["decider_name"]) == (True, None)
    seen = (await bench.committee.get(bench.url)).json()["next_step"]
    assert seen["decider_name"] == "东风厂党委"
    early = await bench.decide(4, decided_on=str(day_of(3, APPLIED)))
    refused(early, "before_it_began", "")
    assert (await bench.decide(4, decided_on="2020-01-01")).status_code == 422
    assert (await bench.decide(4)).status_code == 200
    await bench.reach(7)
    step = bench.step(8)
    assert (await bench.committee.post(f"{bench.url}/steps", json=step)).status_code == 200
    assert told(await bench.decide(8)) == (409, "own-admission-step")
    new = {"step": 8, "decided_on": step["done_on"]}
    done = await bench.department.post(f"{bench.url}/approvals", json=new)
    assert done.status_code == 200


async def test_a_probation_is_extended_once(bench: Bench, session: AsyncSession) -> None:
    await bench.reach(16)
    extend = f"{bench.url}/extensions"
    early = await bench.committee.post(extend, json={"months": 6})
    assert told(early) == (409, "admission-out-of-order")
    await bench.reach(22)
    extend = f"{bench.url}/extensions"
    body = (await bench.branch.get(bench.url)).json()
    ends = date.fromisoformat(body["probation_ends_on"])
    assert told(await bench.branch.post(extend, json={"months": 6})) == (403, "forbidden")
    for months in (5, 13):
        answer = await bench.committee.post(extend, json={"months": months})
        refused(answer, "extension_out_of_range", "第三十二条")
    answer = await bench.committee.post(extend, json={"months": 6, "document": "组字〔2019〕1号"})
    until = clock.add_months(ends, 6)
    body = answer.json()
    assert (body["probation_ends_on"], body["extension_months"]) == (str(until), 6)
    assert body["extension_document"] == "组字〔2019〕1号"
    again = await bench.committee.post(extend, json={"months": 6})
    refused(again, "already_extended", "第三十二条")
    early = str(until - timedelta(days=1))
    refused(await bench.record(23, done_on=early), "probation_not_finished", "第三十二条")
    assert (await bench.record(23, done_on=str(until))).status_code == 200
    assert (await bench.record(24, done_on=str(until))).status_code == 200
    assert (await bench.decide(24, decided_on=str(until))).status_code == 200
    full_on = select(Member.full_on).where(Member.id == UUID(body["member_id"]))
    assert await session.scalar(full_on) == until


async def test_a_late_conversion_needs_a_reason(bench: Bench) -> None:
    await bench.reach(24, is_pending=True)
    late = clock.add_months(day_of(23, APPLIED), 3) + timedelta(days=1)
    refused(await bench.decide(24, decided_on=str(late)), "conversion_late", "第三十四条")
    done = await bench.decide(24, decided_on=str(late), reason="党委换届")
    assert done.status_code == 200
    assert done.json()["steps"][-1]["decision_reason"] == "党委换届"


async def test_terminations(bench: Bench, session: AsyncSession) -> None:
    await bench.apply()
    end = f"{bench.url}/terminations"
    body = (await bench.branch.post(end, json={"reason": "本人放弃"})).json()
    assert (body["status"], body["reason"], body["next_step"]) == ("terminated", "本人放弃", None)
    assert told(await bench.branch.post(end, json={"reason": "再次"})) == (409, "admission-closed")
    await bench.reach(18)
    body = (await bench.branch.get(bench.url)).json()
    end = f"{bench.url}/terminations"
    assert told(await bench.branch.post(end, json={"reason": "x"})) == (403, "forbidden")
    done = await bench.committee.post(end, json={"reason": "不履行义务"})
    assert done.json()["status"] == "terminated"
    status = select(Membership.status).where(
        Membership.member_id == UUID(body["member_id"]), Membership.valid_to.is_(None)
    )
    assert await session.scalar(status) == "probation_cancelled"


async def test_a_known_number_tells_no_more_than_members_do(
    bench: Bench, session: AsyncSession, root: UUID
) -> None:
    """A member elsewhere, an applicant elsewhere: the same answer as `POST /members` gives."""
    elsewhere = await make_organization(session, root)
    taken, applied = id_number(BORN, 555), id_number(BORN, 556)
    person = {"id_number": taken, "born_on": "1998-03-07", "joined_on": "2018-07-01"}
    await make_member(session, elsewhere, full_on="2019-07-01", **person)
    await make_admission(session, elsewhere, id_number=applied)
    answers = [await bench.apply(id_number=number) for number in (taken, applied)]
    assert {told(a) for a in answers} == {(409, "member-exists")}
    assert answers[0].content == answers[1].content
    await session.execute(text(ENDED))
    assert (await bench.apply(id_number=applied)).status_code == 201


async def test_lists(bench: Bench, session: AsyncSession, root: UUID) -> None:
    """`q` finds names, `due_before` and `/due` what presses; pages hold everything once."""
    names = {"陆望舒": 1, "季清和": 6, "温如玉": 16, "沈知秋": 18}
    for n, (name, upto) in enumerate(names.items()):
        day = APPLIED + timedelta(days=n)
        await make_admission(
            session, bench.organization, upto, bench.sponsors, name=name, applied_on=str(day)
        )
    done = await make_admission(session, bench.organization, 1, name="林疏影")
    await session.execute(text(f"{ENDED} WHERE id = :i"), {"i": done})

    async def listed(query: str) -> list[str]:
        found, after = [], ""
        while True:
            answer = await bench.branch.get(f"/admissions{query}&limit=2{after}")
            assert answer.status_code == 200, answer.text
            found += [i["name"] for i in answer.json()["items"]]
            if answer.json()["next"] is None:
                return found
            after = f"&after={answer.json()['next']}"

    assert set(await listed("?sort=applied_on")) == {*names, "林疏影"}
    up, down = await listed("?sort=applied_on"), await listed("?sort=-applied_on")
    assert up == down[::-1]
    assert await listed("?q=wry") == await listed("?q=如玉") == ["温如玉"]
    assert await listed("?q=!!") == []
    assert await listed("?stage=probation") == ["沈知秋"]
    assert await listed("?status=terminated") == ["林疏影"]
    assert await listed("?due_before=2017-04-01") == []
    assert await listed("?due_before=2017-04-02") == ["陆望舒"]
    order = ["陆望舒", "季清和", "温如玉", "沈知秋"]
    assert await listed("/due?days=0") == order
    assert await listed("/due?kind=conversion") == ["沈知秋"]
    assert await listed("/due?as_of=2017-04-01&days=0") == ["陆望舒"]
    assert await listed("/due?as_of=2017-03-31&days=0") == []
    (first,) = (await bench.branch.get("/admissions/due?as_of=2017-04-01&days=0")).json()["items"]
    assert (first["days"], first["is_overdue"], first["due_on"]) == (0, False, "2017-04-01")
    (first,) = (await bench.branch.get("/admissions/due?as_of=2017-04-02&days=0")).json()["items"]
    assert (first["days"], first["is_overdue"]) == (-1, True)
    assert (await bench.branch.get(f"/admissions?within={root}")).status_code == 404
    within = await bench.committee.get(f"/admissions?within={bench.organization}")
    assert len(within.json()["items"]) == 5
    count = select(func.count()).select_from(Member)
    assert await session.scalar(count) == 3


async def test_an_applicant_is_corrected_until_a_member(bench: Bench) -> None:
    made = await bench.apply(name="陆望抒")
    url, version = bench.url, {"if-match": made.headers["etag"]}
    new = {"name": "陆望舒", "education": "junior_college", "phone": None}
    assert (await bench.branch.patch(url, json=new)).status_code == 428
    done = await bench.branch.patch(url, json=new, headers=version)
    assert done.status_code == 200, done.text
    body = done.json()
    assert [body[n] for n in new] == list(new.values())
    found = await bench.branch.get("/admissions?q=luwangshu")
    assert [one["name"] for one in found.json()["items"]] == ["陆望舒"]
    assert told(await bench.branch.patch(url, json=new, headers=version)) == (412, "stale")
    now = {"if-match": done.headers["etag"]}
    phone = await bench.branch.patch(url, json={"phone": "13811112222"}, headers=now)
    assert phone.json()["phone"] == "138****2222"
    now = {"if-match": phone.headers["etag"]}
    for wrong in ({"name": None}, {"id_number": id_number(BORN, 5)}, {"education": "x"}):
        assert (await bench.branch.patch(url, json=wrong, headers=now)).status_code == 422
    await bench.reach(16)
    now = {"if-match": (await bench.branch.get(bench.url)).headers["etag"]}
    still = await bench.branch.patch(bench.url, json={"name": "陆望"}, headers=now)
    assert still.status_code == 200, still.text
    shown = await bench.go(17, 17)
    assert (await bench.branch.get(f"/members/{shown['member_id']}")).json()["name"] == "陆望"
    now = {"if-match": f'"{shown["version"]}"'}
    late = await bench.branch.patch(bench.url, json=new, headers=now)
    assert told(late) == (409, "admission-out-of-order")
