"""Checks over HTTP: the examples, and what is refused."""

from typing import Any

import httpx
import pytest

from app.core import clock
from tests.elections.test_examples import DAY, examples

CHECKS = "/elections/checks"
TALLY: dict[str, Any] = {"engine": "election_tally", "due": 10, "present": 9, "seats": 1}
TERM: dict[str, Any] = {"engine": "reelection_due", "unit_type": "party_branch"}
TERM |= {"elected_on": "2023-05-20"}


@pytest.mark.parametrize(
    ("asked", "expected"), examples("election_tally.yaml", "reelection_due.yaml")
)
async def test_checks_answer_the_examples(
    client: httpx.AsyncClient, asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    clock.pin(DAY)
    answer = await client.post(CHECKS, json=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {key: found[key] for key in expected} == expected
    assert found["reasons"]
    for reason in found["reasons"]:
        assert reason.keys() == {"code", "pack", "version", "message", "source"}
        assert reason["message"].keys() == {"zh", "en"}


async def test_a_term_is_judged_today_unless_a_day_is_given(client: httpx.AsyncClient) -> None:
    clock.pin(DAY)
    for more, status in (
        ({}, "overdue"),
        ({"now_utc": "2026-05-19T16:00:00Z"}, "due"),
        ({"now_utc": "2026-05-19T16:00:00Z", "today": "2026-05-19"}, "remind"),
    ):
        answer = await client.post(CHECKS, json=TERM | more)
        assert answer.json()["status"] == status


async def test_checks_need_a_sign_in(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.post(CHECKS, json=TALLY)).status_code == 401


LONG = "名" * 51
WRONG_TALLIES: list[dict[str, Any]] = [
    {"engine": "no_such_engine"},
    {"engine": None},
    {"compute": "everything"},
    {"due": -1},
    {"due": 1_000_001},
    {"due": 2**70},
    {"due": 10.0},
    {"due": "10"},
    {"due": True},
    {"due": 8},
    {"present": 11},
    {"seats": 0},
    {"seats": 1001},
    {"unit_type": "branch"},
    {"body": "crowd"},
    {"position": "chairman"},
    {"candidates": ["A", "A"]},
    {"candidates": ["A", " A "]},
    {"candidates": "ABC"},
    {"candidates": [""]},
    {"candidates": [LONG]},
    {"candidates": [1]},
    {"candidates": ["A\u202e"]},
    {"candidates": [f"A{n}" for n in range(1001)]},
    {"votes": {"A": -1}},
    {"votes": {"A": 1.5}},
    {"votes": {"A": 1, " A": 2}},
    {"votes": {"A": 10}},
    {"votes": [["A", 1]]},
    {"votes": "A"},
    {"ballots": [["A"]] * 10_001},
    {"ballots": ["A"]},
    {"ballots": [["A"]], "ballots_collected": 2},
    {"reduce_seats_consent": -1},
    {"reduce_seats_consent": 10, "votes": {}},
    {"roster": {"full": 1}},
    {"exclusions": [{"superior_approved": True}]},
    {"exclusions": [{"reason": "Sick leave"}]},
    {"exclusions": [{"reason": "x", "superior_approved": 1}]},
    {"approved_exclusions": 1, "compute": "due", "roster": {}},
    {"cases": [{"scattered": True}]},
    {"voter": {"present": "yes"}},
    {"is_admin": True},
    {"compute": "due"},
    {"compute": "ballots"},
    {"compute": "cast"},
    {"compute": "nomination"},
    {"compute": "committee_size"},
    {"compute": "congress_mode"},
    {"due": None, "present": None},
]
WRONG_TERMS: list[dict[str, Any]] = [
    {"unit_type": None},
    {"unit_type": "branch"},
    {"locale": "moon"},
    {"elected_on": None},
    {"elected_on": "2023-02-29"},
    {"elected_on": "20230520"},
    {"elected_on": 1},
    {"today": "2026-13-01"},
    {"now_utc": "2026-05-20"},
    {"now_utc": "2026-05-20T25:00:00Z"},
    {"now_utc": "0001-01-01T00:00:00+14:00"},
    {"now_utc": 1779292800},
    {"old_term_years": 0},
    {"old_term_years": 11},
    {"old_term_years": 3.0},
    {"extension": {"superior_approved": True}},
    {"extension": {"until": "2027-05-20", "superior_approved": "yes"}},
    {"extension": {"until": "2027-05-20", "by": "x"}},
    {"next_election": {}},
    {"seats": 3},
]


async def test_checks_are_strict(client: httpx.AsyncClient) -> None:
    for good, wrongs in ((TALLY, WRONG_TALLIES), (TERM, WRONG_TERMS)):
        assert (await client.post(CHECKS, json=good)).status_code == 200
        for wrong in wrongs:
            answer = await client.post(CHECKS, json=good | wrong)
            assert answer.status_code == 422, (wrong, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
    for other in ({}, [], "engine"):
        assert (await client.post(CHECKS, json=other)).status_code == 422


async def test_what_a_check_lacks_is_named(client: httpx.AsyncClient) -> None:
    lacking = {"engine": "election_tally", "compute": "committee_size", "seats": 3}
    answer = (await client.post(CHECKS, json=lacking)).json()
    assert [e["field"] for e in answer["errors"]] == ["unit_type"]
    contradiction = (await client.post(CHECKS, json=TALLY | {"present": 11})).json()
    assert contradiction["type"].endswith("protocol-contradicts")
