"""The worked examples, through `POST /v1/rules/checks` and the pure engine."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

DATA = Path(__file__).parent / "data"


def _examples(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((DATA / name).read_text("utf-8"))
    return found


EXAMPLES = [*_examples("development_stage.yaml"), *_examples("further_stages.yaml")]


async def test_checks_answer_the_examples(client: httpx.AsyncClient) -> None:
    assert len(EXAMPLES) == len({e["id"] for e in EXAMPLES}) >= 60
    for example in EXAMPLES:
        asked = {"engine": "development_stage", **example["input"]}
        answer = await client.post("/rules/checks", json=asked)
        assert answer.status_code == 200, (example["id"], answer.text)
        found = answer.json()
        expected = example["expected"]
        assert {key: found[key] for key in expected} == expected, example["id"]
        if found["accepted"] is False:
            assert found["reasons"][0]["source"], example["id"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"event": "apply"}, "birth"),
        ({"event": "talk"}, "applied"),
        ({"event": "become_target"}, "activist_since"),
        ({"event": "training"}, "days"),
        ({"event": "introducers"}, "introducers"),
        ({"event": "admission_vote", "due": 3, "present": 2}, "yes_present"),
        ({"event": "committee_approval"}, "meeting_on"),
        ({"event": "extend_probation", "months": 6}, "probation_ends"),
        ({"event": "convert"}, "probation_ends"),
    ],
)
async def test_what_an_event_needs(
    client: httpx.AsyncClient, asked: dict[str, Any], field: str
) -> None:
    answer = await client.post("/rules/checks", json={"engine": "development_stage", **asked})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "counts",
    [
        {"due": 3, "present": 4, "yes_present": 1},
        {"due": 3, "present": 2, "yes_present": 3},
        {"due": 3, "present": 2, "yes_present": 2, "yes_written": 2},
    ],
)
async def test_impossible_votes(client: httpx.AsyncClient, counts: dict[str, int]) -> None:
    asked = {"engine": "development_stage", "event": "admission_vote", **counts}
    answer = await client.post("/rules/checks", json=asked)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/votes-contradict"


async def test_unknown_words(client: httpx.AsyncClient) -> None:
    for asked in ({"event": "apply", "no_such": 1}, {"event": "no_such"}, {}):
        answer = await client.post("/rules/checks", json={"engine": "development_stage", **asked})
        assert answer.status_code == 422
    for engine in ({"engine": "no_such"}, {}):
        assert (await client.post("/rules/checks", json=engine)).status_code == 422
