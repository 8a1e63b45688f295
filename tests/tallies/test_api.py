"""Who is due, exclusions and protocols over HTTP, to the new term."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from tests.cycles.test_api import told
from tests.make.cycles import Bench
from tests.make.members import make_member

DAY = {"on": "2020-06-20"}
EIGHT = {"due": 8, "present": 8, "ballots_issued": 8, "ballots_collected": 8}
PLENARY = {"due": 3, "present": 3, "ballots_issued": 3, "ballots_collected": 3}


async def _held(bench: Bench, **values: Any) -> None:
    """Take a cycle to its meeting on 25 June 2020."""
    assert (await bench.open(**values)).status_code == 201
    deputies = values.get("deputy_seats", 0)
    bodies = dict.fromkeys(("requested", "replied", "prechecked", "published"), DAY)
    listed = bench.list_of(deputy=deputies)
    await bench.until("held", **bodies, nominated=DAY | listed, held={"on": "2020-06-25"})


def votes(bench: Bench, *counts: int) -> list[dict[str, Any]]:
    """Write votes of the first members."""
    return [{"member_id": str(bench.members[n]), "votes": c} for n, c in enumerate(counts)]


async def _tally(bench: Bench, position: str, *counts: int, **more: Any) -> Any:
    head = EIGHT if position == "committee_member" else PLENARY
    body = head | {"position": position, "votes": votes(bench, *counts)} | more
    return await bench.post("tallies", body)


async def test_from_the_count_to_the_new_term(bench: Bench) -> None:
    await _held(bench)
    notice = {"number": "x", "recipients": ["y"]}
    assert told(await bench.post("notices", notice, above=True)) == (409, "out-of-order")
    committee = await _tally(bench, "committee_member", 8, 7, 6, 3)
    assert committee.status_code == 200, committee.text
    assert committee.json()["status"] == "held"
    secretary = await _tally(bench, "secretary", 3)
    assert secretary.json()["status"] == "tallied", secretary.text
    assert told(await _tally(bench, "secretary", 3)) == (409, "out-of-order")
    elected = {
        (c["position"], c["member_id"]) for c in secretary.json()["candidates"] if c["is_elected"]
    }
    assert elected == {
        *(("committee_member", str(m)) for m in bench.members[:3]),
        ("secretary", str(bench.members[0])),
    }
    tallies = (await bench.above.get(f"/election-cycles/{bench.cycle}/tallies")).json()["items"]
    assert [(t["position"], t["outcome"]) for t in tallies] == [
        ("committee_member", "complete"),
        ("secretary", "complete"),
    ]
    await bench.take("reported")
    approved = await bench.take("approved", {"document": "西党复〔2020〕7号"})
    assert approved.json()["status"] == "approved", approved.text
    assert approved.json()["next_step"] is None
    assert approved.json()["warnings"] == ["requested_late", "held_late"]
    branch = (await bench.above.get(f"/organizations/{bench.branch}")).json()
    assert (branch["term_started_on"], branch["due_on"]) == ("2020-06-25", "2023-06-25")
    assert (branch["valid_from"], branch["decision"]) == ("2020-06-30", "西党复〔2020〕7号")
    assert told(await bench.post("cancellations")) == (409, "out-of-order")
    assert (await bench.open()).json()["due_on"] == "2023-06-25"


async def test_the_election_clears_the_notice(bench: Bench) -> None:
    await bench.open()
    notice = {"number": "x", "recipients": ["y"], "issued_on": "2020-06-28"}
    assert (await bench.post("notices", notice, above=True)).status_code == 200
    await bench.post("cancellations")
    await _held(bench)
    await _tally(bench, "committee_member", 8, 7, 6, 3)
    await _tally(bench, "secretary", 3)
    await bench.take("reported")
    (before,) = (await bench.above.get("/election-notices")).json()["items"]
    assert before["cleared_on"] is None
    await bench.take("approved")
    (after,) = (await bench.above.get("/election-notices?is_open=false")).json()["items"]
    assert after["cleared_on"] == "2020-06-28"  # the meeting was before the notice
    assert (await bench.above.get("/election-notices?is_open=true")).json()["items"] == []


async def test_a_meeting_without_a_quorum_is_held_again(bench: Bench) -> None:
    await _held(bench)
    few = {"present": 6, "ballots_issued": 6, "ballots_collected": 6}
    answer = await _tally(bench, "committee_member", 6, 6, 6, 0, **few)
    assert answer.json()["status"] == "published", answer.text
    assert not any(c["is_elected"] for c in answer.json()["candidates"])
    assert told(await _tally(bench, "committee_member", 8, 7, 6, 3)) == (409, "out-of-order")
    assert (await bench.take("held", {"on": "2020-06-28"})).json()["status"] == "held"
    again = await _tally(bench, "committee_member", 8, 7, 6, 3)
    assert again.status_code == 200, again.text


async def test_a_void_vote_is_taken_again_and_each_position_in_its_turn(bench: Bench) -> None:
    await _held(bench)
    void = await _tally(bench, "committee_member", 8, 7, 6, 3, ballots_collected=9)
    assert void.json()["status"] == "held"
    assert not any(c["is_elected"] for c in void.json()["candidates"])
    assert told(await _tally(bench, "secretary", 3)) == (409, "position-not-open")
    again = await _tally(bench, "committee_member", 8, 7, 4, 5)
    assert sum(c["is_elected"] for c in again.json()["candidates"]) == 3
    twice = await _tally(bench, "committee_member", 8, 7, 6, 3)
    assert told(twice) == (409, "position-not-open")
    assert twice.json()["wanted"] == "secretary"


async def test_the_tied_alone_are_voted_on_again(bench: Bench) -> None:
    await _held(bench)
    tie = await _tally(bench, "committee_member", 7, 7, 5, 5)
    assert tie.status_code == 200, tie.text
    everybody = await _tally(bench, "committee_member", 8, 7, 5, 4)
    assert told(everybody) == (422, "invalid")
    tied = [{"member_id": str(bench.members[n]), "votes": v} for n, v in ((2, 3), (3, 5))]
    runoff = await _tally(bench, "committee_member", votes=tied)
    assert runoff.status_code == 200, runoff.text
    elected = {
        c["member_id"]
        for c in runoff.json()["candidates"]
        if c["is_elected"] and c["position"] == "committee_member"
    }
    assert elected == {str(bench.members[n]) for n in (0, 1, 3)}


async def test_missing_seats_are_voted_on_again_and_others_may_be_written_in(bench: Bench) -> None:
    await _held(bench)
    short = await _tally(bench, "committee_member", 8, 7, 4, 4)
    assert short.json()["status"] == "held"
    third = [{"member_id": str(bench.members[2]), "votes": 3}]
    again = [{"member_id": str(bench.members[0]), "votes": 5}]
    assert told(await _tally(bench, "committee_member", votes=third, write_ins=again))[0] == 422
    stranger = [{"member_id": str(uuid4()), "votes": 5}]
    refused = await _tally(bench, "committee_member", votes=third, write_ins=stranger)
    assert told(refused) == (409, "candidate-not-eligible")
    other = [{"member_id": str(bench.members[6]), "votes": 5}]
    done = await _tally(bench, "committee_member", votes=third, write_ins=other)
    (written,) = [c for c in done.json()["candidates"] if c["is_write_in"]]
    assert (written["member_id"], written["is_elected"]) == (str(bench.members[6]), True)


async def test_officers_are_elected_of_the_committee_by_the_committee(bench: Bench) -> None:
    await _held(bench, deputy_seats=1)
    await _tally(bench, "committee_member", 3, 7, 6, 8)  # the secretary's candidate is not elected
    assert told(await _tally(bench, "secretary", 3)) == (409, "candidate-not-eligible")
    assert told(await bench.post("ballots")) == (409, "box-not-possible")  # no candidate is left
    other = [{"member_id": str(bench.members[2]), "votes": 3}]
    answer = await _tally(bench, "secretary", votes=[], write_ins=other)
    assert answer.status_code == 200, answer.text


async def test_the_protocol_s_due_is_that_of_the_list(bench: Bench) -> None:
    await _held(bench)
    answer = await _tally(bench, "committee_member", 7, 7, 6, 1, due=9)
    assert told(answer) == (409, "due-differs")
    assert answer.json()["due"] == 8


# ── Who is due


async def _change(bench: Bench, member: UUID, status: str) -> None:
    change = {"status": status, "reason": "处分"}
    url = f"/members/{member}/status-changes"
    answer = await bench.below.post(url, json=change, headers={"if-match": '"1"'})
    assert answer.status_code == 200, answer.text


def _excluding(member: UUID, **values: Any) -> dict[str, Any]:
    known = {"member_id": str(member), "ground": "bedridden_cannot_care_for_self"}
    return known | {"superior_consent_number": "西党复〔2020〕2号"} | values


async def test_the_list_tells_who_is_due_and_why_others_are_not(
    session: AsyncSession, bench: Bench
) -> None:
    clock.pin(date(2019, 6, 1))
    new = await make_member(session, bench.branch, category="probationary", full_on=None)
    clock.pin(date(2020, 6, 30))
    await _change(bench, bench.members[1], "under_party_probation")
    await _change(bench, bench.members[2], "rights_suspended")
    await bench.open()
    gone = bench.members[3]
    assert (await bench.post("consents", _excluding(gone), above=True)).status_code == 200
    passed = await bench.post("exclusions", _excluding(gone, meeting_passed=True))
    assert passed.status_code == 200, passed.text
    url = f"/election-cycles/{bench.cycle}/voters"
    page = (await bench.above.get(url)).json()
    assert page["as_of"] == "2020-06-30"
    assert page["counts"] == {
        "members": 9,
        "due": 5,
        "quorum_needed": 4,
        "not_due": {
            "probationary": 1,
            "under_party_probation": 1,
            "rights_suspended": 1,
            "excluded": 1,
        },
    }
    reasons = {item["id"]: item["reason"] for item in page["items"] if not item["is_due"]}
    assert reasons == {
        str(new): "probationary",
        str(bench.members[1]): "under_party_probation",
        str(bench.members[2]): "rights_suspended",
        str(gone): "excluded",
    }
    (out,) = [item for item in page["items"] if item["id"] == str(gone)]
    assert out["ground"] == "bedridden_cannot_care_for_self"
    assert out["superior_consent_number"] == "西党复〔2020〕2号"
    before = (await bench.above.get(f"{url}?as_of=2020-06-29")).json()["counts"]
    assert (before["members"], before["due"]) == (9, 8)  # that day nothing of this had happened
    first = (await bench.above.get(f"{url}?limit=5")).json()
    rest = (await bench.above.get(f"{url}?limit=5&after={first['next']}")).json()
    assert rest["next"] is None
    assert len({i["id"] for i in first["items"] + rest["items"]}) == 9


@pytest.mark.parametrize(
    ("is_consented", "values", "lacks"),
    [
        (True, {"meeting_passed": False}, ["meeting_passed"]),
        (False, {"meeting_passed": True}, ["superior_consent_number"]),
        (False, {}, ["superior_consent_number", "meeting_passed"]),
        (
            True,
            {"meeting_passed": True, "superior_consent_number": "西党复〔2020〕3号"},
            ["superior_consent_number"],
        ),
        (
            True,
            {"meeting_passed": True, "superior_consent_number": None},
            ["superior_consent_number"],
        ),
        (True, {"meeting_passed": True, "ground": "serving_sentence"}, ["superior_consent_number"]),
    ],
)
async def test_an_exclusion_that_lacks_either_is_refused(
    bench: Bench, is_consented: bool, values: dict[str, Any], lacks: list[str]
) -> None:
    await bench.open()
    who = bench.members[0]
    if is_consented:
        assert (await bench.post("consents", _excluding(who), above=True)).status_code == 200
    answer = await bench.post("exclusions", _excluding(who, **values))
    assert told(answer) == (409, "exclusion-incomplete")
    assert answer.json()["lacks"] == lacks
    counts = (await bench.above.get(f"/election-cycles/{bench.cycle}/voters")).json()["counts"]
    assert counts["due"] == 8


async def test_an_exclusion_is_decided_once_and_for_voters_only(bench: Bench) -> None:
    await bench.open()
    who = bench.members[0]
    await _change(bench, bench.members[1], "rights_suspended")
    for stranger in (uuid4(), bench.members[1]):
        refused = await bench.post("consents", _excluding(stranger), above=True)
        assert told(refused) == (409, "not-a-voter")
    leave = _excluding(who, ground="personal_leave")  # 事假不在所列情形之内
    assert told(await bench.post("consents", leave, above=True)) == (422, "invalid")
    assert (await bench.post("consents", _excluding(who), above=True)).status_code == 200
    again = await bench.post("consents", _excluding(who), above=True)
    assert told(again) == (409, "already-excluded")
    passed = _excluding(who, meeting_passed=True)
    assert (await bench.post("exclusions", passed)).status_code == 200
    assert told(await bench.post("exclusions", passed)) == (409, "already-excluded")
